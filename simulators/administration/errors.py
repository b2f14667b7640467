"""How the administration refuses: a status, a code, a French sentence, a field."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that cannot be honoured: HTTP status, code, French sentence, field."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"erreur": {"code": code, "message": message, "champ": field}}

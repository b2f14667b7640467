"""The administration of a running bench: plain HTTP on loopback, JSON, not journaled."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from simulators.http import HttpListener, HttpRequest, HttpResponse, Route
from simulators.store import Unit
from simulators.version import VERSION

if TYPE_CHECKING:
    from simulators.platform import Platform


class Administration:
    """Endpoints that read and change a running platform."""

    name = "administration"

    def __init__(self, platform: Platform) -> None:
        self._platform = platform

    def listeners(self) -> Sequence[HttpListener]:
        """One plain HTTP listener, kept out of the journal."""
        routes = (Route(("GET",), "/health", self._health, "health"),)
        return (HttpListener("administration", routes, tls=False, recorded=False),)

    def _health(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        return answer(200, {"etat": "prêt", "version": VERSION})


def answer(status: int, value: Mapping[str, Any] | Sequence[Any]) -> HttpResponse:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False, indent=2).encode()
    return HttpResponse(status, (("Content-Type", "application/json; charset=utf-8"),), body)

"""The REST facade: JSON bodies under the paths of the published component.

Paths are real; keys of bodies, traces and cancelling are hors spécification. The
user is told by the token of an open Pro Santé Connect session, else the software
by its organisation certificate. Source: sheet e-prescription §2.1.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from reference_impl.errors import ConfigurationError, SessionRequiredError
from reference_impl.people import Professional
from reference_impl.ports import Tokens
from reference_impl.prescriptions.wire import NOT_ACCEPTED, SERVICE, WireAnswer
from reference_impl.transport import Transport

ORGANISATION_CREDENTIAL = "org-auth-cli"
_PATHS = {
    "EP2": "ep2_rechercher",
    "EP3": "ep3_consulter",
    "EP4": "ep4_creer",
    "EP4-annulation": "ep4_creer",
    "traces": "traces",
}


class RestWire:
    """Calls of one installation to the facade at ``base``."""

    def __init__(self, base: str | None, transport: Transport, tokens: Tokens) -> None:
        self._base = base
        self._transport = transport
        self._tokens = tokens

    def call(
        self, operation: str, content: Mapping[str, Any], professional: Professional
    ) -> WireAnswer:
        """One call; a token that is refused is renewed once, nothing having been done."""
        body = _body(operation, content)
        try:
            token = self._tokens.access_token(professional)
        except (SessionRequiredError, ConfigurationError):
            return _answer(self._post(operation, body, None))
        answer = _answer(self._post(operation, body, token))
        if answer.code == NOT_ACCEPTED:
            token = self._tokens.renewed_token(professional)
            answer = _answer(self._post(operation, body, token))
        return answer

    def _post(self, operation: str, body: bytes, token: str | None) -> httpx.Response:
        if self._base is None:
            raise ConfigurationError(
                "ADRESSE_ABSENTE",
                "L’adresse « ordonnance.rest » manque dans le descripteur d’environnement.",
                "ordonnance.rest",
            )
        kind = "application/x-ndjson" if operation == "traces" else "application/json"
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return self._transport.send(
            SERVICE,
            "POST",
            f"{self._base}/{_PATHS[operation]}",
            headers={"Content-Type": kind, "Accept": "application/json", **bearer},
            content=body,
            credential_name=None if token else ORGANISATION_CREDENTIAL,
        )


def _body(operation: str, content: Mapping[str, Any]) -> bytes:
    """An object; traces are JSON lines."""
    if operation == "traces":
        return b"".join(_json(trace) + b"\n" for trace in content["traces"])
    return _json(content)


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _answer(response: httpx.Response) -> WireAnswer:
    try:
        content = response.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        # Not the service's: what was done is not known, even with a 200.
        return WireAnswer(response.status_code if response.status_code >= 300 else 502, {})
    error = content.get("erreur")
    told = error if isinstance(error, dict) else {}
    code, text = str(told.get("code") or ""), str(told.get("libelle") or "")
    return WireAnswer(response.status_code, content, code, text)

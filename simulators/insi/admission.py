"""Who and what INSi lets in: the checks that reject, then what only the service knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from rules.context import Context
from rules.formats.insi import InsiRequest
from rules.formats.jwt import read_jwt, signed_by
from rules.judge import rejection
from simulators.http import HttpRequest
from simulators.insi.errors import CATALOGUE, ServiceError
from simulators.kernel import Kernel


@dataclass(frozen=True, slots=True)
class Door:
    """One address. ``by_assertion``: the professional's assertion is demanded there."""

    listener: str
    by_assertion: bool


class RefusedError(Exception):
    """INSi does not serve this request; carries the error it answers."""

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.code)
        self.error = error


def admit(
    message: InsiRequest,
    request: HttpRequest,
    door: Door,
    kernel: Kernel,
    settings: Mapping[str, Any],
) -> None:
    """Let a request in, or raise RefusedError with the error of the catalogue."""
    if door.by_assertion and message.assertion is None:
        _refuse("desir_9004")
    found = rejection(message, _circumstances(request, kernel, settings))
    if found is not None and found.rejects is not None:
        _refuse(found.rejects)
    if message.assertion is not None and message.assertion.psc:
        admit_psc(request, kernel, message.assertion.saml.name_id)
    if message.lps is None or message.lps.idam not in (settings["idam"]):
        _refuse("desir_550")


def _circumstances(request: HttpRequest, kernel: Kernel, settings: Mapping[str, Any]) -> Context:
    return Context(
        environment=kernel.environment,
        observed_at=request.at,
        # Without the handshake the rule on the CN of the certificate is not applied.
        tls=request.tls if settings["controle_cn"] else None,
    )


def admit_psc(request: HttpRequest, kernel: Kernel, name_id: str | None) -> None:
    """Demand the PSC token of the user an assertion names; raises RefusedError."""
    # Where the PSC token travels is unknown: the Authorization header is our placeholder.
    scheme, _, text = (request.header("Authorization") or "").partition(" ")
    token = read_jwt(text) if scheme.lower() == "bearer" else None
    keys = kernel.environment.psc_keys
    if token is None or token.expired(request.at) or not signed_by(token, keys):
        _refuse("desir_9005")
    if token.claim("SubjectNameID") not in (None, name_id):
        _refuse("desir_9005")


def _refuse(code: str) -> NoReturn:
    raise RefusedError(CATALOGUE[code])

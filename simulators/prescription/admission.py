"""Who the service lets in, and what of a message makes it refuse.

Placeholders: a JSON wire takes the client certificate of the TLS connection or a
Pro Santé Connect token, a SOAP wire an assertion signed by the card, or an
assertion of a PSC session with its token (e-prescription.md §2, apcv.md §3.2).
"""

from __future__ import annotations

from rules.artefact import Artefact
from rules.context import Context
from rules.formats.certificate import peer_certificate
from rules.formats.jwt import Jwt, read_jwt, signed_by
from rules.formats.prescription_adapter import SOAP, Call
from rules.formats.prescription_messages import IDENTIFIER
from rules.formats.prescription_wire import EpAssertion, EpRequest
from rules.formats.saml import SamlAssertion
from rules.judge import rejection
from simulators.http import HttpRequest
from simulators.kernel import Kernel
from simulators.prescription.errors import CATALOGUE, RefusedError
from simulators.prescription.operations import Caller

_NOBODY = "EP-P-020"
_REFUSED = "EP-P-021"
_CARD_NAME = 12
"""Length of the national id that is the common name of a card's certificate."""


def admit(call: Call, message: EpRequest | None, request: HttpRequest, kernel: Kernel) -> Caller:
    """Let a call in; who made it. Raises RefusedError."""
    if call.name == IDENTIFIER:
        return Caller()  # what the published component computes on the workstation
    told = _assertion(call)
    if call.adapter.form != SOAP:
        caller = _by_connection(request, kernel)
    elif told is None:
        raise RefusedError(_NOBODY, "L'en-tête wsse:Security n'a pas d'assertion.")
    else:
        caller = Caller(told.saml.name_id)
        if told.psc and _token(request, kernel).claim("SubjectNameID") != told.saml.name_id:
            raise RefusedError(_REFUSED, "Le jeton est d'un autre que l'assertion.")
    judged = message or told
    if judged is not None:
        _judge(judged, request, kernel)
    return caller


def _assertion(call: Call) -> EpAssertion | None:
    found = call.soap.assertions if call.soap else ()
    return EpAssertion(SamlAssertion(found[0])) if found else None


def _judge(message: Artefact, request: HttpRequest, kernel: Kernel) -> None:
    context = Context(environment=kernel.environment, observed_at=request.at, tls=request.tls)
    found = rejection(message, context)
    if found is None or found.rejects is None:
        return
    code = found.rejects if found.rejects in CATALOGUE else _REFUSED
    raise RefusedError(code, f"{found.check_id}, {found.place} : {found.found}.")


def _by_connection(request: HttpRequest, kernel: Kernel) -> Caller:
    if request.header("Authorization") is not None:
        return Caller(_token(request, kernel).claim("SubjectNameID"))
    certificate = peer_certificate(request.tls)
    if certificate is None:
        raise RefusedError(_NOBODY, "Présenter un certificat client ou un jeton Pro Santé Connect.")
    name = certificate.common_name or ""
    return Caller(name if name.isdigit() and len(name) == _CARD_NAME else None)


def _token(request: HttpRequest, kernel: Kernel) -> Jwt:
    # Where the PSC token travels is unknown: the Authorization header is our placeholder.
    scheme, _, text = (request.header("Authorization") or "").partition(" ")
    token = read_jwt(text) if scheme.lower() == "bearer" else None
    if token is None or token.expired(request.at):
        raise RefusedError(_REFUSED, "Le jeton est absent, illisible ou périmé.")
    if not signed_by(token, kernel.environment.psc_keys):
        raise RefusedError(_REFUSED, "Le jeton n'est pas signé par Pro Santé Connect.")
    return token

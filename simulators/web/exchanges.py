"""Building the exchanges that the journal keeps of HTTP calls and handshakes."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import urlsplit

from rules.exchange import Exchange, Message, Outcome, TlsPeer
from simulators import tls
from simulators.faults import TLS, Fault
from simulators.http import HttpRequest, HttpResponse
from simulators.journal import new_id
from simulators.kernel import Kernel


def of_call(  # noqa: PLR0913 - the facts of one exchange
    kernel: Kernel,
    service: str,
    operation: str,
    request: HttpRequest,
    response: HttpResponse,
    *,
    sent: bool = True,
    outcome: Outcome | None = None,
    fault: str | None = None,
) -> Exchange:
    """The exchange of one HTTP call. ``sent`` is False when no answer leaves."""
    return Exchange(
        id=request.exchange_id,
        campaign=kernel.campaign,
        position=0,
        service=service,
        operation=response.operation or operation,
        started_at=request.at,
        answered_at=kernel.clock.now() if sent else None,
        peer=request.peer,
        request=request.message,
        response=message_of(response) if sent else None,
        outcome=outcome or response.outcome or _default_outcome(response.status),
        tls=request.tls,
        host=_host(request),
        error_code=response.error_code,
        fault=fault,
        correlation=response.correlation,
        step=kernel.step,
    )


def handshake(
    kernel: Kernel,
    service: str,
    peer: str,
    shown: TlsPeer | None,
    error: BaseException | None,
    fault: Fault | None = None,
    hostnames: tuple[str, ...] = (),
) -> Exchange:
    """The exchange of a handshake that failed, with a French explanation.

    The start line of the response is the explanation; services that speak
    STARTTLS use it too.
    """
    now = kernel.clock.now()
    seen = shown or TlsPeer()
    refused_by_us = type(error).__name__ == "SSLCertVerificationError" or tls.code_of(error) in (
        "PEER_DID_NOT_RETURN_A_CERTIFICATE",
        "UNSUPPORTED_PROTOCOL",
        "NO_SHARED_CIPHER",
    )
    if fault is not None and fault.name == "refuser":
        why = "Connexion refusée par le banc (défaut injecté)."
    else:
        why = tls.explain(error, seen, hostnames)
    return Exchange(
        id=new_id(),
        campaign=kernel.campaign,
        position=0,
        service=service,
        operation=TLS,
        started_at=now,
        answered_at=now,
        peer=peer,
        request=Message("ClientHello", _offer(seen)),
        response=Message(why),
        outcome=Outcome.REFUSED if refused_by_us else Outcome.FAILED,
        tls=shown,
        host=seen.sni,
        error_code=tls.code_of(error),
        fault=fault.name if fault else None,
        step=kernel.step,
    )


def message_of(response: HttpResponse) -> Message:
    """The answer as the journal keeps it."""
    return Message(
        f"HTTP/1.1 {response.status} {phrase(response.status)}", response.headers, response.body
    )


def phrase(status: int) -> str:
    """Reason phrase of a status, empty when it has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _offer(seen: TlsPeer) -> tuple[tuple[str, str], ...]:
    offered = {
        "SNI": seen.sni or "",
        "Versions": ", ".join(seen.offered_versions),
        "Suites": ", ".join(f"0x{number:04X}" for number in seen.offered_ciphers),
    }
    return tuple((name, value) for name, value in offered.items() if value)


def _default_outcome(status: int) -> Outcome:
    return Outcome.ACCEPTED if status < 400 else Outcome.REFUSED


def _host(request: HttpRequest) -> str | None:
    if request.tls and request.tls.sni:
        return request.tls.sni
    try:
        return urlsplit(request.url).hostname
    except ValueError:
        return None

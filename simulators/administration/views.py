"""The JSON and the raw bytes in which exchanges, faults and marks are shown."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from rules.exchange import Exchange, Message, TlsPeer
from simulators.faults import Rule
from simulators.journal import Mark
from simulators.tls import subject_of


def summary(exchange: Exchange) -> dict[str, Any]:
    """One line of the journal."""
    return {
        "id": exchange.id,
        "position": exchange.position,
        "service": exchange.service,
        "operation": exchange.operation,
        "started_at": exchange.started_at.isoformat(),
        "answered_at": exchange.answered_at.isoformat() if exchange.answered_at else None,
        "peer": exchange.peer,
        "host": exchange.host,
        "outcome": exchange.outcome.value,
        "error_code": exchange.error_code,
        "fault": exchange.fault,
        "step": exchange.step,
        "correlation": {
            "patient": exchange.correlation.patient,
            "professional": exchange.correlation.professional,
            "document": exchange.correlation.document,
            "software": exchange.correlation.software,
        },
        "request": exchange.request.start_line,
        "response": exchange.response.start_line if exchange.response else None,
    }


def whole(exchange: Exchange) -> dict[str, Any]:
    """An exchange with headers, TLS peer, sizes and digests of its bodies."""
    return {
        **summary(exchange),
        "tls": _tls(exchange.tls),
        "request": _message(exchange.request),
        "response": _message(exchange.response) if exchange.response else None,
    }


def raw(message: Message) -> bytes:
    """Start line, headers and body, as an HTTP message reads."""
    head = [message.start_line, *(f"{name}: {value}" for name, value in message.headers)]
    return "\r\n".join(head).encode("utf-8") + b"\r\n\r\n" + message.body


def rule(asked: Rule) -> dict[str, Any]:
    """A fault as it was asked, with how often it was offered and applied."""
    return {
        "id": asked.id,
        "service": asked.service,
        "fault": asked.fault.name,
        "operation": asked.operation,
        "times": asked.times,
        "nth": asked.nth,
        "patient": asked.patient,
        "probability": asked.probability,
        "delay": asked.fault.delay,
        "seen": asked.seen,
        "applied": asked.applied,
    }


def mark(noted: Mark) -> dict[str, Any]:
    """A mark of the journal."""
    return {
        "kind": noted.kind,
        "position": noted.position,
        "at": noted.at.isoformat(),
        "payload": dict(noted.payload),
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "start_line": message.start_line,
        "headers": [list(header) for header in message.headers],
        "size": len(message.body),
        "sha256": hashlib.sha256(message.body).hexdigest(),
    }


def _tls(peer: TlsPeer | None) -> dict[str, Any] | None:
    if peer is None:
        return None
    presented = peer.certificate
    return {
        "version": peer.version,
        "cipher": peer.cipher,
        "sni": peer.sni,
        "offered_versions": list(peer.offered_versions),
        "offered_ciphers": [f"0x{number:04X}" for number in peer.offered_ciphers],
        "certificate": base64.b64encode(presented).decode() if presented else None,
        "subject": subject_of(presented) if presented else None,
    }

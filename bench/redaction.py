"""Secrets out of whatever leaves the campaign's folder (rule R-08)."""

from __future__ import annotations

import re

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "auth-blob"}
)

_PATTERNS = (
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), "‹jeton›"),
    (
        re.compile(r"(?i)\b(client_secret|password|refresh_token|code_verifier|pin)=[^&\s]+"),
        r"\1=‹secret›",
    ),
    (
        re.compile(
            r'(?i)"(client_secret|password|refresh_token|access_token|id_token|pin)"\s*:\s*"[^"]+"'
        ),
        r'"\1": "‹secret›"',
    ),
    (
        re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.S),
        "‹clé privée›",
    ),
)


def redacted_text(text: str) -> str:
    """The text without tokens, passwords, PIN nor private keys."""
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text


def redacted_headers(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """Headers with the value of secret ones hidden, the others cleaned."""
    return tuple(
        (name, "‹secret›" if name.lower() in SECRET_HEADERS else redacted_text(value))
        for name, value in headers
    )

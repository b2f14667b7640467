"""Secrets out of whatever leaves the campaign's folder (rule R-08)."""

from __future__ import annotations

import base64
import re

SECRET_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "auth-blob"}
)


def _in_base64(words: bytes) -> str:
    """A pattern for words inside base64, wherever they fall in its groups of three octets."""
    encoded: list[str] = []
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + words).decode("ascii").rstrip("=")
        # The first and last characters also hold bits of what stands around.
        first = -(-shift * 8 // 6)
        last = (shift + len(words)) * 8 // 6
        encoded.append(re.escape(text[first:last]))
    return "|".join(encoded)


_PATTERNS = (
    # base64 of « user=… »: an XOAUTH2 answer, which holds the access token.
    (re.compile(r"\bdXNlcj[0-9A-Za-z+/=\r\n]{20,}"), "‹jeton›"),
    # The answer to XOAUTH2 or OAUTHBEARER (RFC 7628): the token is inside base64.
    (re.compile(rf"(?:{_in_base64(b'auth=Bearer ')})[A-Za-z0-9+/=]+"), "‹jeton›"),
    # An authorization code opens a session; « code="…" » of XML is something else.
    (re.compile(r"((?:^|[?&])code=)[^&\s\"]+"), r"\1‹secret›"),
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
    # A code porteur or de déblocage in a gesture of the driver contract. « code » also names
    # errors, which are never four to eight digits.
    (
        re.compile(r'"(code_deblocage|nouveau_code|code_porteur)"\s*:\s*"[^"]+"'),
        r'"\1": "‹secret›"',
    ),
    (re.compile(r'"code"\s*:\s*"\d{4,8}"'), '"code": "‹secret›"'),
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

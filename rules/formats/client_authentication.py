"""How an OAuth client proves who it is, read from one request (RFC 6749 §2.3)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import unquote_plus


@dataclass(frozen=True)
class ClientAuthentication:
    """How a client proved who it is, read from one request (RFC 6749 §2.3)."""

    methods: frozenset[str]
    """Among ``basic``, ``body``, ``url``, ``assertion``."""
    client_id: str | None = None
    secret: str | None = field(default=None, repr=False)
    broken: str | None = None
    """Why the Authorization header cannot be read, or None."""


def client_authentication(
    authorization: str | None, query: Mapping[str, str], form: Mapping[str, str]
) -> ClientAuthentication:
    """Read every way a client may have authenticated in one request."""
    methods = {
        name
        for name, present in (
            ("url", "client_secret" in query),
            ("body", "client_secret" in form),
            ("assertion", "client_assertion" in form),
        )
        if present
    }
    client_id = form.get("client_id") or query.get("client_id")
    secret = form.get("client_secret") or query.get("client_secret")
    if not (authorization or "").lower().startswith("basic "):
        return ClientAuthentication(frozenset(methods), client_id, secret)
    pair = _basic(cast("str", authorization)[6:])
    if pair is None:
        problem = "en-tête Authorization Basic illisible"
        return ClientAuthentication(frozenset(methods), client_id, secret, problem)
    return ClientAuthentication(frozenset({*methods, "basic"}), *pair)


def _basic(value: str) -> tuple[str, str] | None:
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except ValueError:
        return None
    name, colon, secret = text.partition(":")
    # RFC 6749 §2.3.1: both are form-encoded before Basic; most clients forget it,
    # which only shows for names with % or +.
    return (unquote_plus(name), unquote_plus(secret)) if colon else None

"""SASL XOAUTH2: what a client of messaging says to prove who it is.

Source: SC.MSS/CONF.07 (ECO.1.2.1): base64 of ``user=`` BAL ``^Aauth=Bearer ``
access token ``^A^A`` where ``^A`` is the octet 0x01.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from rules.artefact import Artefact, MalformedError
from rules.formats.psc import PresentedToken, present_token

LABEL = "Authentification XOAUTH2"
REFUSAL = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"mail"}')
"""Challenge of the operator when it refuses the token (observed on Mailiz formation)."""
MAX_LINE = 12288
"""Octets of an AUTH line, CRLF included (RFC 4954 §4)."""
_STRUCTURE = re.compile(rb"user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01")


@dataclass(frozen=True)
class Xoauth2(Artefact):
    """The mailbox claimed and the access token shown for it."""

    label: ClassVar[str] = LABEL
    user: str
    token: str = field(repr=False)
    presented: PresentedToken | None = None
    """The token opened, None when it is no JWT."""

    def parts(self) -> Iterable[Artefact]:
        """The token, which Pro Santé Connect's rules judge too."""
        return (self.presented,) if self.presented else ()


def parse_xoauth2(blob: bytes) -> Xoauth2:
    """Read the base64 line as sent (line end allowed); raises MalformedError (MSS-A01)."""
    try:
        clear = base64.b64decode(blob.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _malformed("du base64 sans espace ni saut de ligne", str(error)) from error
    found = _STRUCTURE.fullmatch(clear)
    if found is None:
        raise _malformed("user=<BAL>^Aauth=Bearer <jeton>^A^A", _shown(clear))
    user, token = (value.decode("utf-8", "replace") for value in found.groups())
    return Xoauth2(user, token, present_token(token, "jeton de la réponse XOAUTH2"))


def blob(user: str, token: str) -> bytes:
    """The base64 line for a mailbox and a token."""
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode())


def _shown(clear: bytes) -> str:
    """Beginning only: a report must not carry a token."""
    text = clear.decode("utf-8", "replace").replace("\x01", "^A")
    return f"{text[:60]}…" if len(text) > 60 else text or "une réponse vide"


def _malformed(expected: str, found: str) -> MalformedError:
    return MalformedError(
        "MSS-A01",
        "réponse XOAUTH2",
        expected,
        found,
        "Construire la réponse SASL XOAUTH2 avec l'adresse de la BAL et le jeton d'accès PSC.",
        artefact=LABEL,
    )

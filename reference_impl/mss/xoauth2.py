"""SASL XOAUTH2 with a Pro Santé Connect token (ECO.1.2.1)."""

from __future__ import annotations


def response(mailbox: str, token: str) -> bytes:
    """``user=<BAL>^Aauth=Bearer <jeton>^A^A``, before base64."""
    return f"user={mailbox}\x01auth=Bearer {token}\x01\x01".encode()

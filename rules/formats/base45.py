"""Base45: octets as the text of a QR in alphanumeric mode.

Source: RFC 9285.
"""

from __future__ import annotations

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""Symbols by value, 0 to 44; the space has the value 36."""

_VALUES = {symbol: value for value, symbol in enumerate(ALPHABET)}


class Base45Error(ValueError):
    """A text that is no Base45; ``position`` counts characters from 1. The message is French."""

    def __init__(self, position: int, reason: str) -> None:
        super().__init__(reason)
        self.position = position


def encode(data: bytes) -> str:
    """The text of some octets: three characters for two octets, two for a last one."""
    text: list[str] = []
    for start in range(0, len(data), 2):
        pair = data[start : start + 2]
        value = int.from_bytes(pair)
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text.append(ALPHABET[digit])
    return "".join(text)


def decode(text: str) -> bytes:
    """The octets of a text. Raises Base45Error."""
    octets = bytearray()
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        size = len(group) - 1
        value = _value(group, start)
        if not size or value >= 256**size:
            raise Base45Error(
                start + 1, "groupe incomplet" if not size else f"groupe « {group} » impossible"
            )
        octets += value.to_bytes(size)
    return bytes(octets)


def _value(group: str, start: int) -> int:
    value = 0
    for rank, symbol in enumerate(group):
        if symbol not in _VALUES:
            raise Base45Error(start + rank + 1, f"caractère {symbol!r} hors de l'alphabet")
        value += _VALUES[symbol] * 45**rank
    return value

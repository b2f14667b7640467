"""Command APDUs and BER-TLV.

Sources: ISO 7816-3 §10 and §12 (61xx, 6Cxx), ISO 7816-4 §5; sheet of cards §3.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from reference_impl.cards.errors import CardRefusedError, unreadable

OK = 0x9000
NOT_FOUND = 0x6A82
_MOST_ANSWERS = 512
"""61xx followed so many times, octet by octet even: the chip is out of order."""


class Channel(Protocol):
    """Where commands go."""

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU; gives data then SW1 SW2. Raises CardError."""
        ...


@dataclass(frozen=True, slots=True)
class Command:
    """A short command APDU. ``expected`` is Le, 1 to 256, or None when no Le is sent."""

    header: bytes
    data: bytes = b""
    expected: int | None = None

    def encode(self) -> bytes:
        """The bytes of the command."""
        body = bytes([len(self.data)]) + self.data if self.data else b""
        le = b"" if self.expected is None else bytes([self.expected % 256])
        return self.header + body + le


def exchange(channel: Channel, command: Command) -> tuple[bytes, int]:
    """Send a command; gives its whole data and the last status word.

    The rest announced by 61xx is fetched, a wrong Le (6Cxx) is corrected once.
    """
    answer, sw = _split(channel.transmit(command.encode()))
    if sw >> 8 == 0x6C:
        corrected = Command(command.header, command.data, sw & 0xFF or 256)
        answer, sw = _split(channel.transmit(corrected.encode()))
    for _ in range(_MOST_ANSWERS):
        if sw >> 8 != 0x61:
            return answer, sw
        # Same logical channel, chaining bit off.
        header = bytes([command.header[0] & 0xEF, 0xC0, 0, 0])
        more, sw = _split(channel.transmit(Command(header, expected=sw & 0xFF or 256).encode()))
        answer += more
    raise unreadable("elle annonce toujours une suite à sa réponse")


def expect(channel: Channel, command: Command, doing: str) -> bytes:
    """Send a command that must succeed. Raises CardRefusedError; ``doing`` is a French noun."""
    answer, sw = exchange(channel, command)
    if sw != OK:
        raise CardRefusedError(sw, doing)
    return answer


def _split(answer: bytes) -> tuple[bytes, int]:
    if len(answer) < 2:
        raise unreadable("une réponse n’a pas de mot d’état")
    return answer[:-2], int.from_bytes(answer[-2:], "big")


@dataclass(frozen=True, slots=True)
class Tlv:
    """One object. ``tag`` is the number its octets make (``7F21``)."""

    tag: int
    value: bytes

    def children(self) -> list[Tlv]:
        """Objects inside. Raises ValueError."""
        return list(parse(self.value))


def parse(data: bytes) -> Iterator[Tlv]:
    """The objects of a file, up to its padding (00 or FF). Raises ValueError when one is cut."""
    position = 0
    while position < len(data) and data[position] not in (0x00, 0xFF):
        tag, position = _tag(data, position)
        length, position = _length(data, position)
        if position + length > len(data):
            raise ValueError(f"objet {tag:X} : {length} octets annoncés")
        yield Tlv(tag, data[position : position + length])
        position += length


def _tag(data: bytes, position: int) -> tuple[int, int]:
    end = position + 1
    if data[position] & 0x1F == 0x1F:
        while end < len(data) and data[end] & 0x80:
            end += 1
        end += 1
    return int.from_bytes(data[position:end], "big"), end


def _length(data: bytes, position: int) -> tuple[int, int]:
    if position >= len(data):
        raise ValueError("objet sans longueur")
    first, position = data[position], position + 1
    if first < 0x80:
        return first, position
    size = first & 0x7F
    if size not in (1, 2, 3) or position + size > len(data):
        raise ValueError("longueur illisible")
    return int.from_bytes(data[position : position + size], "big"), position + size


def only(data: bytes, tag: int) -> Tlv:
    """The object of this tag that a file begins with. Raises ValueError."""
    found = next(parse(data), None)
    if found is None or found.tag != tag:
        raise ValueError(f"objet {tag:X} attendu")
    return found


def fields(data: bytes, tag: int) -> dict[int, bytes]:
    """Values inside the object of this tag, by their tags."""
    return {child.tag: child.value for child in only(data, tag).children()}


def digits(value: bytes) -> str:
    """Digits in BCD, without the F that fills the last octet. Raises ValueError."""
    text = value.hex().rstrip("f")
    if not text.isdigit() and text:
        raise ValueError(f"chiffres attendus, lu {value.hex()}")
    return text

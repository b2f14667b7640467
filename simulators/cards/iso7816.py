"""Command APDUs, status words and instruction names.

Sources: ISO/IEC 7816-3 §12.1 (cases 1 to 4, short and extended), 7816-4 §5.3 (class
byte, chaining), §5.6 (status words).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

CHAINING = 0x10
"""Bit of the class byte: the command goes on in the next APDU."""

SHORT_MAXIMUM = 256


class SW(IntEnum):
    """Status words of the virtual cards (ISO/IEC 7816-4, tables 6 and 7)."""

    OK = 0x9000
    CODE_WRONG = 0x63C0  # low nibble: tries left
    WRONG_LENGTH = 0x6700
    NO_CHANNEL = 0x6881
    NO_SECURE_MESSAGING = 0x6882
    LAST_OF_CHAIN_EXPECTED = 0x6883
    SECURITY_NOT_SATISFIED = 0x6982
    CODE_BLOCKED = 0x6983
    CONDITIONS_NOT_SATISFIED = 0x6985
    NO_CURRENT_FILE = 0x6986
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    NO_ROOM = 0x6A84
    WRONG_P1_P2 = 0x6A86
    REFERENCE_NOT_FOUND = 0x6A88
    WRONG_OFFSET = 0x6B00
    UNKNOWN_INSTRUCTION = 0x6D00
    UNKNOWN_CLASS = 0x6E00
    INTERNAL = 0x6F00


class StatusError(Exception):
    """A command is refused with a status word."""

    def __init__(self, sw: int) -> None:
        super().__init__(f"{sw:04X}")
        self.sw = sw


@dataclass(frozen=True, slots=True)
class Command:
    """A command APDU. ``le`` is 1 to 65536, None when no answer data is asked."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    le: int | None = None

    @property
    def p1_p2(self) -> int:
        """Both parameters as one number."""
        return self.p1 << 8 | self.p2

    @property
    def chained(self) -> bool:
        """Whether another command of the chain follows."""
        return self.cla < 0x80 and bool(self.cla & CHAINING)

    def with_data(self, data: bytes) -> Command:
        """The same command with other data, no longer chained."""
        return replace(self, cla=self.cla & ~CHAINING, data=data)


def parse(raw: bytes) -> Command:
    """Read a command APDU of any case; raises StatusError 6700 when lengths disagree."""
    if len(raw) < 4:
        raise StatusError(SW.WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    head, body = Command(cla, ins, p1, p2), raw[4:]
    if not body:
        return head
    if len(body) == 1:
        return replace(head, le=body[0] or SHORT_MAXIMUM)
    if body[0]:
        return _with_body(head, body[1:], body[0], 1)
    if len(body) == 3:
        return replace(head, le=int.from_bytes(body[1:]) or 0x10000)
    return _with_body(head, body[3:], int.from_bytes(body[1:3]), 2)


def _with_body(head: Command, body: bytes, length: int, width: int) -> Command:
    data, rest = body[:length], body[length:]
    if not length or len(data) != length or len(rest) not in (0, width):
        raise StatusError(SW.WRONG_LENGTH)
    le = (int.from_bytes(rest) or 1 << 8 * width) if rest else None
    return replace(head, data=data, le=le)


_NAMES = {
    0x20: "VERIFY",
    0x22: "MANAGE SECURITY ENVIRONMENT",
    0x24: "CHANGE REFERENCE DATA",
    0x2C: "RESET RETRY COUNTER",
    0x84: "GET CHALLENGE",
    0x88: "INTERNAL AUTHENTICATE",
    0xA4: "SELECT",
    0xB0: "READ BINARY",
    0xC0: "GET RESPONSE",
    0xCA: "GET DATA",
    0xCB: "GET DATA",
    0xD6: "UPDATE BINARY",
}


def instruction_name(raw: bytes) -> str:
    """The ISO 7816-4 name of a command APDU, ``?`` when it has none here.

    PERFORM SECURITY OPERATION is told by its parameters: ``SIGN`` (9E9A), ``HASH``
    (90xx), ``DECIPHER`` (8086).
    """
    if len(raw) < 4:
        return "?"
    ins, p1, p2 = raw[1:4]
    if ins == 0x2A:
        if p1 == 0x90:
            return "HASH"
        return {0x9E9A: "SIGN", 0x8086: "DECIPHER"}.get(p1 << 8 | p2, "?")
    return _NAMES.get(ins, "?")

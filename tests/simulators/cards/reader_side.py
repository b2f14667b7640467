"""The other end of a reader of the bench: what vpcd, or a product without PC/SC, does."""

from __future__ import annotations

import socket
from typing import Any

from simulators.platform import Platform

LOUISE = "810999990012"
HUGO = "810999990178"
CPS_READER = "Banc CPS 00"
VITALE_READER = "Banc Vitale 00"
SELECT_MF = bytes.fromhex("00A4000C023F00")


class ReaderSide:
    """A connection to one reader; ``b""`` from :meth:`ask` means that it was cut."""

    def __init__(self, platform: Platform, reader: str = CPS_READER, timeout: float = 10) -> None:
        where = address(platform, reader)
        self._socket = socket.create_connection((where["hote"], where["port"]), timeout)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> ReaderSide:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._socket.close()

    def say(self, message: bytes) -> None:
        self._socket.sendall(len(message).to_bytes(2) + message)

    def hear(self) -> bytes:
        """One answer; b"" when the reader hung up."""
        try:
            size = int.from_bytes(self._exactly(2))
            return self._exactly(size)
        except (EOFError, ConnectionError):
            return b""

    def ask(self, message: bytes | str) -> bytes:
        self.say(bytes.fromhex(message) if isinstance(message, str) else message)
        return self.hear()

    def atr(self) -> bytes:
        return self.ask(b"\x04")

    def power_on(self) -> ReaderSide:
        self.say(b"\x01")
        return self

    def power_off(self) -> None:
        self.say(b"\x00")

    def reset(self) -> None:
        self.say(b"\x02")

    def read(self, command: bytes | str) -> bytes:
        """Data and status word, answers in 61xx fetched."""
        answer = self.ask(command)
        data = answer[:-2]
        while answer[-2:-1] == b"\x61":
            answer = self.ask(b"\0\xc0\0\0" + answer[-1:])
            data += answer[:-2]
        return data + answer[-2:]

    def _exactly(self, size: int) -> bytes:
        content = b""
        while len(content) < size:
            more = self._socket.recv(size - len(content))
            if not more:
                raise EOFError
            content += more
        return content


def address(platform: Platform, reader: str) -> dict[str, Any]:
    """The reader as the descriptor tells it."""
    readers = platform.descriptor["cartes"]["lecteurs"]
    return next(one for one in readers if one["nom"] == reader)

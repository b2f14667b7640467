"""Being a card for a vpcd that listens: any PC/SC program then sees a reader with it.

Inserting is connecting, withdrawing is closing. Source: vsmartcard's vpcd (fact sheet
``cards.md`` §8.1): ``Virtual PCD`` listens on port 35963 for its first reader and 35964
for its second.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Mapping
from typing import Any

from simulators.cards.card import Card
from simulators.cards.errors import CardError
from simulators.streams import acknowledge

PORT = 35963


def insert(card: Card, host: str, port: int) -> CardInReader:
    """Connect a card to a vpcd; raises CardError."""
    try:
        line = socket.create_connection((host, port), timeout=10)
    except (OSError, UnicodeError) as error:  # UnicodeError: what is no host name
        raise CardError(
            f"Aucun vpcd ne répond à {host}:{port} ({error}). Démarrez pcscd avec le lecteur "
            "« Virtual PCD » de vsmartcard, ou donnez son adresse avec --vpcd."
        ) from error
    line.settimeout(None)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return CardInReader(card, line)


class CardInReader:
    """A card connected to a vpcd, until one side closes."""

    def __init__(self, card: Card, line: socket.socket) -> None:
        self._card = card
        self._line = line

    def serve(self, remember: Callable[[], None]) -> None:
        """Answer until the reader goes or :meth:`withdraw`.

        ``remember`` is called before an answer leaves when the card has something new
        to keep without power.
        """
        memory = self._card.state()
        while (message := self._hear()) is not None:
            answer = self._answer(message)
            if self._card.state() != memory:
                memory = self._card.state()
                remember()
            if answer is not None:
                self._say(answer)
        self._card.powerDown()

    def withdraw(self) -> None:
        """From any thread: take the card out."""
        with contextlib.suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._line.close()

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) > 1:
            return self._card.execute(message)
        gestures: Mapping[bytes, Callable[[], Any]] = {
            b"\x00": self._card.powerDown,
            b"\x01": self._card.powerUp,
            b"\x02": self._card.reset,
        }
        if message == b"\x04":
            return self._card.getATR()
        gestures.get(message, lambda: None)()
        return None

    def _hear(self) -> bytes | None:
        head = self._exactly(2)
        return self._exactly(int.from_bytes(head)) if head is not None else None

    def _exactly(self, size: int) -> bytes | None:
        content = b""
        while len(content) < size:
            try:
                acknowledge(self._line)
                more = self._line.recv(size - len(content))
            except OSError:
                return None
            if not more:
                return None
            content += more
        return content

    def _say(self, answer: bytes) -> None:
        with contextlib.suppress(OSError):  # the next reading tells that it is gone
            self._line.sendall(len(answer).to_bytes(2) + answer)

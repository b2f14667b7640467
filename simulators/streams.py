"""What every stream service does with its sockets: IMAP, SMTP, card readers."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

_QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class Protocol(asyncio.StreamReaderProtocol):
    """A stream that acknowledges at once."""

    def data_received(self, data: bytes) -> None:
        """Octets came, in clear or decrypted."""
        if self._transport is not None:  # type: ignore[attr-defined]
            quick_ack(self._transport)  # type: ignore[attr-defined]
        super().data_received(data)


def quick_ack(transport: Any) -> None:
    """Acknowledge at once what comes next: a client under Nagle waits for it."""
    connection = transport.get_extra_info("socket")
    if connection is not None:
        acknowledge(connection)


def acknowledge(connection: Any) -> None:
    """The same on a socket, where the system can."""
    if _QUICKACK is not None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
        except OSError:
            return  # it is closing


def address_of(transport: Any) -> str:
    """Source of a connection, ``host:port``."""
    name = transport.get_extra_info("peername")
    return f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "?"

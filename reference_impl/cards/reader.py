"""Readers: those of the bench over its sockets, those of the machine over PC/SC.

A reader says nothing of itself between two commands: nothing is polled (CD-18).
"""

from __future__ import annotations

import importlib
import socket
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from reference_impl.cards.errors import CardAbsentError, CardError, removed
from reference_impl.cards.settings import ReaderAddress
from reference_impl.errors import ConfigurationError

_CONNECTS_WITHIN = 5.0
_ANSWERS_WITHIN = 20.0
"""Seconds. A card that computes an RSA key asks for less."""

_POWER_OFF, _POWER_ON, _GET_ATR = b"\x00", b"\x01", b"\x04"


class Connection(Protocol):
    """A card under power. Any error closes the connection."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Send a command APDU; gives data then SW. Raises CardAbsentError or CardError."""
        ...

    def exclusive(self) -> AbstractContextManager[bool]:
        """Keep other programs away for some commands.

        Gives whether they may have changed what was selected before.
        """
        ...

    def present(self) -> bool:
        """Whether the card is still there; sends nothing to it."""
        ...

    def close(self) -> None:
        """Cut the power: verified codes are forgotten by the card."""
        ...


class CardReader(Protocol):
    """A reader, empty or not."""

    @property
    def name(self) -> str:
        """What the user sees."""
        ...

    def connect(self) -> Connection:
        """Power the card of the reader. Raises CardAbsentError when there is none."""
        ...


class VpcdReader:
    """A reader of the bench: the reader's side of vsmartcard's protocol (sheet §8.1)."""

    def __init__(self, address: ReaderAddress) -> None:
        self.name = address.name
        self._address = (address.host, address.port)

    def connect(self) -> VpcdConnection:
        """Connect, power, read the ATR. A refused or closed connection is an empty reader."""
        try:
            link = socket.create_connection(self._address, _CONNECTS_WITHIN)
        except OSError as error:
            raise _empty(self.name) from error
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.settimeout(_ANSWERS_WITHIN)
        connection = VpcdConnection(self.name, link)
        try:
            connection.power()
        except CardAbsentError as error:
            raise _empty(self.name) from error
        return connection


class VpcdConnection:
    """Messages are a length of two octets and that many octets."""

    def __init__(self, reader: str, link: socket.socket) -> None:
        self._reader = reader
        self._link = link
        self.atr = b""

    def power(self) -> None:
        """Power the card and read its ATR."""
        self._send(_POWER_ON)
        self.atr = self._ask(_GET_ATR)
        if not self.atr:
            self.close()
            raise removed(self._reader)

    def transmit(self, command: bytes) -> bytes:
        """One command and its answer."""
        return self._ask(command)

    def exclusive(self) -> AbstractContextManager[bool]:
        """Nobody else is on this link."""
        return nullcontext(False)

    def present(self) -> bool:
        """The bench closes the connection when the card is taken out."""
        try:
            self._link.settimeout(0)
            self._link.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            self._link.settimeout(_ANSWERS_WITHIN)
            return True
        except OSError:
            pass
        # Closed, or octets that answer nothing: either way this link is of no use.
        self._link.close()
        return False

    def close(self) -> None:
        """Power off and leave."""
        try:
            self._send(_POWER_OFF)
        except CardError:
            return
        self._link.close()

    def _ask(self, payload: bytes) -> bytes:
        self._send(payload)
        return self._receive(int.from_bytes(self._receive(2), "big"))

    def _send(self, payload: bytes) -> None:
        try:
            self._link.sendall(len(payload).to_bytes(2, "big") + payload)
        except OSError as error:
            raise self._lost(error) from error

    def _receive(self, length: int) -> bytes:
        received = b""
        while len(received) < length:
            try:
                part = self._link.recv(length - len(received))
            except OSError as error:
                raise self._lost(error) from error
            if not part:
                raise self._lost(None)
            received += part
        return received

    def _lost(self, error: OSError | None) -> CardError:
        # After a timeout the late answer would be taken for that of the next command.
        self._link.close()
        return _mute(self._reader) if isinstance(error, TimeoutError) else removed(self._reader)


class PcscReader:
    """A reader of the machine. The card is shared with its other programs."""

    def __init__(self, name: str) -> None:
        self.name = name

    def connect(self) -> PcscConnection:
        """Power the card of the reader."""
        return PcscConnection(self.name)


class PcscConnection:
    """One SCardConnect in a context of its own: contexts may not be shared between threads."""

    def __init__(self, reader: str) -> None:
        self._pcsc = scard()
        self._reader = reader
        self._context = _context(self._pcsc)
        protocols = self._pcsc.SCARD_PROTOCOL_T0 | self._pcsc.SCARD_PROTOCOL_T1
        status, self._handle, self._protocol = self._pcsc.SCardConnect(
            self._context, reader, self._pcsc.SCARD_SHARE_SHARED, protocols
        )
        if status != self._pcsc.SCARD_S_SUCCESS:
            self._pcsc.SCardReleaseContext(self._context)
            raise self._refusal(status, _empty(reader))
        self.atr = self._status()[1]

    def transmit(self, command: bytes) -> bytes:
        """SCardTransmit."""
        zero = self._protocol == self._pcsc.SCARD_PROTOCOL_T0
        protocol = self._pcsc.SCARD_PCI_T0 if zero else self._pcsc.SCARD_PCI_T1
        status, answer = self._pcsc.SCardTransmit(self._handle, protocol, list(command))
        if status != self._pcsc.SCARD_S_SUCCESS:
            self.close()
            raise self._refusal(status, removed(self._reader))
        return bytes(answer)

    @contextmanager
    def exclusive(self) -> Generator[bool]:
        """A transaction of PC/SC."""
        self._pcsc.SCardBeginTransaction(self._handle)
        try:
            yield True
        finally:
            self._pcsc.SCardEndTransaction(self._handle, self._pcsc.SCARD_LEAVE_CARD)

    def present(self) -> bool:
        """SCardStatus says when the card was taken out or reset by another program."""
        return self._status()[0]

    def close(self) -> None:
        """Disconnect and cut the power."""
        self._pcsc.SCardDisconnect(self._handle, self._pcsc.SCARD_UNPOWER_CARD)
        self._pcsc.SCardReleaseContext(self._context)

    def _status(self) -> tuple[bool, bytes]:
        answer = self._pcsc.SCardStatus(self._handle)
        return answer[0] == self._pcsc.SCARD_S_SUCCESS, bytes(answer[4])

    def _refusal(self, status: int, gone: CardError) -> CardError:
        absent = {
            self._pcsc.SCARD_E_NO_SMARTCARD,
            self._pcsc.SCARD_W_REMOVED_CARD,
            self._pcsc.SCARD_W_RESET_CARD,
            self._pcsc.SCARD_E_READER_UNAVAILABLE,
            self._pcsc.SCARD_E_UNKNOWN_READER,
        }
        return gone if status in absent else _mute(self._reader)


def pcsc_readers() -> list[PcscReader]:
    """The readers of the machine. Raises ConfigurationError without PC/SC."""
    pcsc = scard()
    context = _context(pcsc)
    try:
        _status, names = pcsc.SCardListReaders(context, [])
    finally:
        pcsc.SCardReleaseContext(context)
    return [PcscReader(name) for name in names]


def scard() -> Any:
    """pyscard's module, an optional part of the installation."""
    try:
        return importlib.import_module("smartcard.scard")
    except ImportError as error:
        raise ConfigurationError(
            "PCSC_ABSENT",
            "Les lecteurs PC/SC demandent pyscard : installez « segur-bench[pcsc] ».",
            "cartes.acces",
        ) from error


def _context(pcsc: Any) -> Any:
    status, context = pcsc.SCardEstablishContext(pcsc.SCARD_SCOPE_USER)
    if status != pcsc.SCARD_S_SUCCESS:
        raise ConfigurationError(
            "PCSC_ARRETE",
            "Le service des lecteurs (PC/SC) ne répond pas : démarrez-le.",
            "cartes.acces",
        )
    return context


def _empty(reader: str) -> CardAbsentError:
    return CardAbsentError(f"Aucune carte dans le lecteur « {reader} » : insérez-la.")


def _mute(reader: str) -> CardError:
    return CardError(
        "CARTE_MUETTE",
        f"La carte du lecteur « {reader} » ne répond pas : retirez-la, essuyez sa puce et "
        "réinsérez-la.",
    )

"""A CPS by its commands: what CPS3 and CPS4 have in common.

Sources: sheet of cards §1.1 (ATR), §3.1 to §3.5; ISO/IEC 7816-4 §11.
"""

from __future__ import annotations

import abc
from functools import cached_property

from reference_impl.cards.chip import SIGNATURE_KEY
from reference_impl.cards.errors import (
    CardError,
    CardRefusedError,
    blocked,
    unreadable,
    wrong_code,
    wrong_unblocking_code,
)
from reference_impl.cards.iso import NOT_FOUND, OK, Command, exchange, expect
from reference_impl.cards.pkcs15 import Layout, PrivateKey, read_layout
from reference_impl.cards.reader import Connection

EF_SN = bytes.fromhex("3F00D003")
EF_ACTUA = bytes.fromhex("3F00D010")
CODE, UNBLOCKING_CODE = 0x01, 0x02
_CHUNK = 0xE7
"""Most octets read at once (buffer sizes of EF.ATR, sheet §7)."""

_END_OF_FILE = (0x6282, 0x6B00)
_BLOCKED = (0x6983, 0x6984)
_SERIAL_PREFIX = bytes.fromhex("5A0A8025000001")


class IsoCps(abc.ABC):
    """A CPS on a connection. Commands are those of a class byte, ``channel``."""

    family: str
    channel: int

    def __init__(self, reader: str, connection: Connection) -> None:
        self.reader = reader
        self._connection = connection
        self._inside = False

    @abc.abstractmethod
    def _select(self, path: bytes) -> int:
        """Select a file by its path from 3F00, without answer data; gives the status word."""

    @abc.abstractmethod
    def tries_left(self) -> int | None:
        """Tries of the code porteur left."""

    @abc.abstractmethod
    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """Give the code porteur its tries back, and another value."""

    @abc.abstractmethod
    def _signed(self, key: int, message: bytes) -> bytes:
        """Sign, the application being selected."""

    def number(self) -> str:
        """The 10 digits of EF.SN."""
        content = self._read(EF_SN)
        if content is None or len(content) != 12 or not content.startswith(_SERIAL_PREFIX):
            raise unreadable("son numéro de série (EF.SN)")
        return content[7:].hex()

    def validity(self) -> bytes | None:
        """EF_ACTUA."""
        return self._read(EF_ACTUA)

    def labels(self) -> tuple[str, ...]:
        """Every label of the directory, those behind the code porteur included."""
        return tuple(self._layout.data)

    def data(self, label: str) -> bytes | None:
        """The file of a label."""
        path = self._layout.data.get(label)
        return self._read(path) if path is not None else None

    def certificate(self) -> bytes:
        """The certificate that has the identifier of the signature key."""
        path = self._layout.certificates.get(self._key.id)
        content = self._read(path) if path is not None else None
        if content is None:
            raise unreadable("le certificat de signature manque")
        return content

    def verify(self, code: str) -> None:
        """Present the code porteur once."""
        self._enter()
        sw = self._status(0x20, 0x00, CODE, code.encode("ascii"))
        if sw in _BLOCKED:
            raise blocked()
        if sw >> 4 == 0x63C:
            raise wrong_code(sw & 0xF)
        _succeeded(sw, "présentation du code porteur")

    def sign(self, message: bytes) -> bytes:
        """Sign with ``CPS_PRIV_SIG``."""
        key = self._key.reference
        with self._connection.exclusive() as disturbed:
            self._inside = self._inside and not disturbed
            self._enter()
            return self._signed(key, message)

    def present(self) -> bool:
        """Whether the card is still there."""
        return self._connection.present()

    def close(self) -> None:
        """Cut the power."""
        self._connection.close()

    @cached_property
    def _layout(self) -> Layout:
        return read_layout(self._read)

    @property
    def _key(self) -> PrivateKey:
        key = self._layout.keys.get(SIGNATURE_KEY)
        if key is None:
            raise unreadable(f"la clé « {SIGNATURE_KEY} » manque")
        return key

    def _enter(self) -> None:
        """Select the application, unless it is: codes and keys are found from it."""
        if not self._inside:
            _succeeded(self._select(self._layout.application), "sélection de l’application")
            self._inside = True

    def _read(self, path: bytes) -> bytes | None:
        """A whole file, None when there is none."""
        self._inside = False
        sw = self._select(path)
        if sw == NOT_FOUND:
            return None
        _succeeded(sw, f"sélection du fichier {path.hex().upper()}")
        content = b""
        while len(content) < 0x8000:
            part = self._part(len(content))
            content += part
            if len(part) < _CHUNK:
                return content
        raise unreadable(f"le fichier {path.hex().upper()} n’a pas de fin")

    def _part(self, offset: int) -> bytes:
        header = bytes([self.channel, 0xB0]) + offset.to_bytes(2, "big")
        part, sw = exchange(self._connection, Command(header, expected=_CHUNK))
        if sw not in (OK, *_END_OF_FILE):
            raise CardRefusedError(sw, "lecture d’un fichier")
        return part

    def _status(self, ins: int, p1: int, p2: int, data: bytes = b"") -> int:
        """The status word of a command that answers no data."""
        return exchange(self._connection, Command(bytes([self.channel, ins, p1, p2]), data))[1]

    def _ask(
        self, header: tuple[int, int, int], data: bytes, doing: str, expected: int | None = None
    ) -> bytes:
        command = Command(bytes([self.channel, *header]), data, expected)
        return expect(self._connection, command, doing)

    def _prove_unblocking(self, code: str) -> None:
        sw = self._status(0x20, 0x00, UNBLOCKING_CODE, code.encode("ascii"))
        if sw in _BLOCKED:
            raise wrong_unblocking_code(0)
        if sw >> 4 == 0x63C:
            raise wrong_unblocking_code(sw & 0xF)
        _succeeded(sw, "présentation du code de déblocage")


def _succeeded(sw: int, doing: str) -> None:
    if sw != OK:
        raise CardRefusedError(sw, doing)


def contactless() -> CardError:
    """A CPS3 on an antenna shows neither its keys nor its situations."""
    return CardError(
        "CARTE_SANS_CONTACT",
        "La carte est lue sans contact : insérez-la dans un lecteur à contact.",
        "carte",
    )

"""The wire of the cards: command APDU, events of a reader, calls of the reading API.

Shape of the journal: start line ``APDU <CLA INS P1 P2>`` and the whole command as
body, ``CARTE <événement>``, ``API <fonction>``; headers ``Lecteur``, ``Carte``,
``Famille``. Codes are masked by asterisks: only the attempt is seen, never its value.

References: ISO/IEC 7816-4 §5 and §7; sheet of cards §3.4 (CPS3), §3.5 (CPS4), §6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange

INSERTED, REMOVED = "insertion", "retrait"
POWERED = frozenset({"mise sous tension", "mise hors tension", "réinitialisation"})
READING = "Hn_LectureVitaleDonneesIdentification"

SELECT, READ_BINARY, GET_DATA, GET_RESPONSE = 0xA4, 0xB0, 0xCB, 0xC0
VERIFY, RESET_RETRY_COUNTER = 0x20, 0x2C
MANAGE_SECURITY_ENVIRONMENT, SECURITY_OPERATION, INTERNAL_AUTHENTICATE = 0x22, 0x2A, 0x88
_BLOCKED = (0x6983, 0x9840)


@dataclass(frozen=True)
class CardArtefact(Artefact):
    """What is common to everything seen of a reader. Unknown headers are ``""``."""

    label: ClassVar[str] = "Carte"
    reader: str
    card: str
    """Number of the card, 10 digits for a CPS."""
    family: str
    """``CPS3``, ``CPS4`` or ``Vitale``."""


@dataclass(frozen=True)
class CardCommand(CardArtefact):
    """A command APDU and its answer. ``status`` is None when none came.

    ``data`` is the field of Lc octets, ``answer`` the response without its status.
    """

    label: ClassVar[str] = "Commande APDU"
    head: bytes
    data: bytes
    answer: bytes
    status: int | None

    @property
    def instruction(self) -> int:
        """INS."""
        return self.head[1]

    @property
    def parameters(self) -> int:
        """P1 and P2 as one number."""
        return int.from_bytes(self.head[2:4], "big")

    @property
    def done(self) -> bool:
        """Whether the card did it: 9000, 61xx, 62xx (warning) or 9Fxx."""
        return self.status is not None and (
            self.status == 0x9000 or self.status >> 8 in (0x61, 0x62, 0x9F)
        )

    @property
    def tries(self) -> int | None:
        """Tries left as a refused VERIFY says it (63Cx, 6983, 9804 unknown), else None."""
        if self.status in _BLOCKED:
            return 0
        if self.status is not None and self.status & 0xFFF0 == 0x63C0:
            return self.status & 0x0F
        return None

    @property
    def code_reference(self) -> int:
        """Which code a VERIFY or an unblocking is about: 1 code porteur, 2 unblocking."""
        return self.head[3] & 0x0F

    @property
    def presents_code(self) -> bool:
        """A VERIFY that carries a code; without data it only asks for the counter."""
        return self.instruction == VERIFY and bool(self.data)

    @property
    def signs(self) -> bool:
        """PSO COMPUTE DIGITAL SIGNATURE (``2A 9E 9A``)."""
        return self.instruction == SECURITY_OPERATION and self.parameters == 0x9E9A

    @property
    def deciphers(self) -> bool:
        """PSO DECIPHER (``2A 80 86``), by which a CPS4 authenticates too."""
        return self.instruction == SECURITY_OPERATION and self.parameters == 0x8086

    @property
    def authenticates(self) -> bool:
        """INTERNAL AUTHENTICATE."""
        return self.instruction == INTERNAL_AUTHENTICATE

    @property
    def uses_key(self) -> bool:
        """Whether a private key of the card works for it."""
        return self.signs or self.deciphers or self.authenticates

    def __str__(self) -> str:
        return self.head.hex(" ").upper()


@dataclass(frozen=True)
class CardEvent(CardArtefact):
    """Insertion, removal, power: what happens to a reader without any command."""

    label: ClassVar[str] = "Événement du lecteur"
    name: str


@dataclass(frozen=True)
class ApiCall(CardArtefact):
    """A call of the reading API of the carte Vitale: function, code, XML given back."""

    label: ClassVar[str] = "API de lecture"
    function: str
    code: int | None
    content: bytes


@parses("cards")
def read_card_exchange(exchange: Exchange) -> Iterable[CardArtefact]:
    """Read an exchange of the cards; a command cut short raises MalformedError (CD-14)."""
    kind, _, rest = exchange.request.start_line.partition(" ")
    reader, card, family = (
        exchange.request.header(name) or "" for name in ("Lecteur", "Carte", "Famille")
    )
    if kind == "CARTE":
        yield CardEvent(reader, card, family, rest.strip())
    elif kind == "API":
        content = exchange.response.body if exchange.response else b""
        yield ApiCall(reader, card, family, rest.strip(), _code(exchange), content)
    elif kind == "APDU":
        body = exchange.request.body
        head, data = body[:4], _field(body)
        answer = exchange.response.body if exchange.response else b""
        yield CardCommand(reader, card, family, head, data, answer[:-2], _status(answer))


def _field(body: bytes) -> bytes:
    """The Lc octets of a command, short or extended (ISO/IEC 7816-4 §5.1)."""
    if len(body) < 4:
        raise _cut(0, "au moins 4 octets (CLA, INS, P1, P2)", f"{len(body)} octets")
    if len(body) <= 5 or (len(body) == 7 and body[4] == 0):
        return b""
    start, length = (5, body[4]) if body[4] else (7, int.from_bytes(body[5:7], "big"))
    if len(body) < start + length:
        raise _cut(4, f"{length} octets de données (Lc)", f"{max(0, len(body) - start)} octets")
    return body[start : start + length]


def _cut(offset: int, expected: str, found: str) -> MalformedError:
    return MalformedError(
        "CD-14",
        f"octet {offset}",
        expected,
        found,
        "Envoyer la commande entière : Lc doit annoncer le nombre d'octets qui suivent.",
        artefact=CardCommand.label,
    )


def _status(answer: bytes) -> int | None:
    return int.from_bytes(answer[-2:], "big") if len(answer) >= 2 else None


def _code(exchange: Exchange) -> int | None:
    text = exchange.response.start_line.removeprefix("CODE ") if exchange.response else ""
    return int(text) if text.isdigit() else None

"""A cards wire made by hand: readers, CPS images, gestures, in the journal's own shapes.

The bytes are those of the layouts of the sheet, built here apart from the simulator.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from rules.context import Environment
from rules.exchange import Correlation, Exchange, Message, Outcome
from rules.findings import Finding
from rules.judge import JournalView, judge_sequence

START = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
LOUISE, HUGO = "810999990012", "810999990178"
LOUISE_CARD, HUGO_CARD = "2900000012", "2900000178"
BILLING = "331999011"
CPS_READER = "Banc CPS 00"


def tlv(tag: int, *values: bytes) -> bytes:
    """One data object; lengths of 128 and more take 81 xx or 82 xxxx."""
    value = b"".join(values)
    size = len(value)
    head = bytes((size,)) if size < 0x80 else b"\x81" + bytes((size,))
    if size > 0xFF:
        head = b"\x82" + size.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + head + value


def bcd(digits: str) -> bytes:
    return bytes.fromhex(digits + "F" * (len(digits) % 2))


def identity(number: str, *, category: int = 0x80, ends: str = "20281231") -> bytes:
    fields = (tlv(0x80, bcd("8025000001")), tlv(0x81, bcd(number)), tlv(0x82, bytes((category,))))
    return tlv(0xE3, *fields, tlv(0x83, bcd("20250101")), tlv(0x84, bcd(ends)))


def name(family: str, given: str) -> bytes:
    twice = (tlv(tag, family.encode("latin-1")) for tag in (0x81, 0x82))
    return tlv(0xE4, tlv(0x80, b"\x16"), *twice, tlv(0x84, given.encode("latin-1")))


def info(national_id: str, family: str) -> bytes:
    fields = (tlv(0x80, b"\x00"), tlv(0x81, national_id.encode()), tlv(0x82, b"\x0a"))
    return tlv(0xED, *fields, tlv(0x84, family.encode("latin-1")), tlv(0x85, b"SM54"))


class Written(bytes):
    """A data object with what a conformant software says of it."""

    said: dict[str, Any]


def situation(
    link: int = 1,
    *,
    mode: int = 0,
    place: str = "Cabinet médical des Essais",
    structure: str = "1330999004",
    sector: str = "SA07",
) -> Written:
    """A situation d'exercice; its billing number is the first of :func:`billing`, or none."""
    made = Written(
        tlv(
            0xEE,
            tlv(0x80, bytes((mode,))),
            tlv(0x83, bytes((link,))),
            tlv(0x84, place.encode("latin-1")),
            tlv(0x85, structure.encode()),
            tlv(0x86, sector.encode()),
        )
    )
    made.said = {
        "mode_exercice": f"{mode:02d}",
        "remplacant": mode == 4,
        "raison_sociale": place,
        "structure": structure,
        "secteur": sector,
        "identifiant_facturation": BILLING if link == 1 else "",
    }
    return made


def billing(*identifiers: str) -> bytes:
    each = (
        tlv(0xA0, tlv(0x80, bytes((rank,))), tlv(0x81, bcd(number)), tlv(0x84, b"\x03"))
        for rank, number in enumerate(identifiers, 1)
    )
    return tlv(0xE0, *each)


def actua(begins: str = "20250101000000", ends: str = "20281231235959") -> bytes:
    return tlv(0xEC, tlv(0x81, bcd(begins)), tlv(0x82, bcd(ends)))


@dataclass(frozen=True)
class Cps:
    """A card of the tests: number, holder, files by path from 3F00 (hexadecimal)."""

    number: str = LOUISE_CARD
    holder: str = LOUISE
    family: str = "CPS3"
    files: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        number: str = LOUISE_CARD,
        holder: str = LOUISE,
        family: str = "CPS3",
        names: tuple[str, str] = ("TESTMEDECIN", "LOUISE"),
        **files: bytes,
    ) -> Cps:
        """An ordinary card; ``files`` replace or add files, a hexadecimal path after ``f``."""
        usual = {
            "D003": tlv(0x5A, bcd("8025000001" + number)),
            "D010": actua(),
            "0001D101": identity(number),
            "0001D102": name(*names),
            "0001D103": info(holder, names[0]),
            "0001D104": billing(BILLING),
            "0001D120": situation(),
        }
        changed = {path[1:]: data for path, data in files.items()}
        return cls(number, holder, family, {**usual, **changed})

    @property
    def situations(self) -> dict[int, bytes]:
        return {
            int(path[-2:], 16) - 0x1F: data
            for path, data in self.files.items()
            if path.startswith("0001D12")
        }


class Wire:
    """A journal being written: the clock goes on by a tenth of a second at each exchange."""

    def __init__(self, at: datetime = START) -> None:
        self.exchanges: list[Exchange] = []
        self.now = at
        self._pending: list[Exchange] = []

    def wait(self, **duration: float) -> None:
        self.now += timedelta(**duration)

    def add(self, service: str, operation: str, request: Message, **more: Any) -> Exchange:
        self.now += timedelta(seconds=0.1)
        defaults: dict[str, Any] = {
            "answered_at": self.now,
            "response": None,
            "outcome": Outcome.ACCEPTED,
        }
        rank = len(self.exchanges) + 1
        made = Exchange(
            id=f"x{rank}",
            campaign="c",
            position=rank,
            service=service,
            operation=operation,
            started_at=more.pop("started_at", self.now),
            peer="127.0.0.1:1",
            request=request,
            **{**defaults, **more},
        )
        self.exchanges.append(made)
        return made

    def put(self, made: Exchange) -> Exchange:
        """An exchange of another wire, at this instant and rank."""
        self.now += timedelta(seconds=0.1)
        rank = len(self.exchanges) + 1
        placed = replace(made, id=f"x{rank}", position=rank, started_at=self.now)
        self.exchanges.append(placed)
        return placed

    # Cards ------------------------------------------------------------------

    def event(self, card: Cps, event: str, reader: str = CPS_READER) -> None:
        self.add("cards", event, Message(f"CARTE {event}", _headers(card, reader)), **_holder(card))

    def insert(self, card: Cps, reader: str = CPS_READER) -> None:
        self.event(card, "insertion", reader)

    def remove(self, card: Cps, reader: str = CPS_READER) -> None:
        self.event(card, "retrait", reader)

    def apdu(
        self,
        card: Cps,
        command: str,
        status: int = 0x9000,
        answer: bytes = b"",
        *,
        reader: str = CPS_READER,
        fault: str | None = None,
    ) -> Exchange:
        """A command in hexadecimal; a code is asterisks, as in the journal."""
        sent = bytes.fromhex(command)
        if sent[1] == 0x20 and len(sent) > 5:
            sent = sent[:5] + b"*" * (len(sent) - 5)
        word = f"{status:04X}"
        return self.add(
            "cards",
            "?",
            Message(f"APDU {sent[:4].hex(' ').upper()}", _headers(card, reader), sent),
            response=Message(f"SW {word}", (), answer + bytes.fromhex(word)),
            fault=fault,
            **_holder(card),
        )

    def verify(self, card: Cps, status: int = 0x9000, **more: Any) -> None:
        self.apdu(card, "00200001" + "04" + "31323334", status, **more)

    def tries(self, card: Cps, status: int) -> None:
        """The counter is asked for: VERIFY without data."""
        self.apdu(card, "00200001", status)

    def read(self, card: Cps, path: str, **more: Any) -> None:
        """Select by full path, then read all of a file in pieces of 231 octets."""
        full = "3F00" + path
        found = path in card.files
        select = f"00A4090C{len(full) // 2:02X}{full}"
        self.apdu(card, select, 0x9000 if found else 0x6A82, **more)
        data = card.files.get(path, b"")
        for offset in range(0, len(data) if found else 0, 0xE7):
            piece = data[offset : offset + 0xE7]
            self.apdu(card, f"00B0{offset:04X}{len(piece):02X}", answer=piece, **more)

    def read_card(self, card: Cps, *, numbers: range = range(1, 17), **more: Any) -> None:
        """What a conformant LGC reads: public objects, code, every situation."""
        public = [path for path in card.files if not path.startswith("0001D12")]
        for path in public:
            self.read(card, path, **more)
        self.verify(card, **more)
        for number in numbers:
            self.read(card, f"0001D1{0x1F + number:02X}", **more)

    # Gestures ---------------------------------------------------------------

    def begin(self) -> datetime:
        """A gesture begins: give it back to :meth:`gesture` once its exchanges are there."""
        self.now += timedelta(seconds=0.1)
        return self.now

    def gesture(
        self, action: str, answer: dict[str, Any], begun: datetime, status: int = 200, **asked: Any
    ) -> Exchange:
        return self.add(
            "lgc",
            action,
            Message(f"POST /actions/{action} HTTP/1.1", (), json.dumps(asked).encode()),
            response=Message(f"HTTP/1.1 {status}", (), json.dumps(answer).encode()),
            started_at=begun,
        )

    def refused(
        self, action: str, code: str, message: str, begun: datetime, /, **asked: Any
    ) -> None:
        self.gesture(
            action, {"erreur": {"code": code, "message": message}}, begun, status=409, **asked
        )

    def session(self, card: Cps, **changes: Any) -> None:
        """A gesture ``card.read_cps`` that reads everything and says it right."""
        begun = self.begin()
        self.read_card(card)
        self.said(card, begun, **changes)

    def said(self, card: Cps, begun: datetime, **changes: Any) -> None:
        self.gesture(
            "card.read_cps",
            {"carte": {**announced(card), **changes}},
            begun,
            professionnel=card.holder,
            code=None,
        )


def announced(card: Cps) -> dict[str, Any]:
    """``carte`` of the driver contract for an ordinary card of the tests."""
    numbers = sorted(card.situations)
    return {
        "lecteur": CPS_READER,
        "famille": card.family,
        "emetteur": "8025000001",
        "numero": card.number,
        "type": "CPS",
        "test": True,
        "debut": "2025-01-01",
        "fin": "2028-12-31",
        "essais_restants": 3,
        "titulaire": {
            "identifiant_national": card.holder,
            "nom": "TESTMEDECIN" if card.holder == LOUISE else "TESTCARDIO",
            "prenom": "LOUISE" if card.holder == LOUISE else "HUGO",
            "profession": "10",
            "specialite": "SM54",
        },
        "situations": [
            {"numero": number, **getattr(card.situations[number], "said", {})} for number in numbers
        ],
        "situation": numbers[0] if len(numbers) == 1 else None,
    }


def hugo(**files: bytes) -> Cps:
    return Cps.of(HUGO_CARD, HUGO, "CPS3", ("TESTCARDIO", "HUGO"), **files)


LOUISE_CPS = Cps.of()


def opened(card: Cps = LOUISE_CPS) -> Wire:
    """A card inserted, then read by a gesture."""
    wire = Wire()
    wire.insert(card)
    wire.session(card)
    return wire


def inserted() -> Wire:
    wire = Wire()
    wire.insert(LOUISE_CPS)
    return wire


def findings(wire: Wire, environment: Environment | None = None) -> tuple[Finding, ...]:
    """Journal findings of the checks of the cards."""
    view = JournalView(tuple(wire.exchanges))
    found = judge_sequence(view, environment or Environment()).findings
    return tuple(f for f in found if f.check_id.startswith("CD-"))


def ids(wire: Wire, environment: Environment | None = None) -> set[str]:
    return {f.check_id for f in findings(wire, environment)}


def _headers(card: Cps, reader: str) -> tuple[tuple[str, str], ...]:
    return (("Lecteur", reader), ("Carte", card.number), ("Famille", card.family))


def _holder(card: Cps) -> dict[str, Any]:
    return {"correlation": Correlation(professional=card.holder)}

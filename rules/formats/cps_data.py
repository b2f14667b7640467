"""Data objects of a CPS: identity, holder, situations d'exercice, validity.

Layouts of sheet of cards §3.1 and §3.3, derived from a real client: the official
« CPS3_Données-métier » was not seen. Texts are read as UTF-8, else as ISO-8859-1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from zoneinfo import ZoneInfo

from rules.artefact import MalformedError
from rules.formats.tlv import Tlv, TlvError, read_tlvs

TEST_CATEGORIES = 0x80
"""Codes of TRE_G01 with this bit are those of test cards (80, 82, 83)."""
SUBSTITUTE = 0x04
"""TRE_G17: remplaçant."""
IDENTITY, NAME, INFO, ACTIVITY, BILLING, VALIDITY, SERIAL = 0xE3, 0xE4, 0xED, 0xEE, 0xE0, 0xEC, 0x5A
PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class CardIdentity:
    """``CPS_ID_CARD``. Dates include their day; ``category`` is the TRE_G01 code."""

    issuer: str
    number: str
    category: int
    begins: date
    ends: date

    @property
    def test(self) -> bool:
        """Whether it is a test card."""
        return bool(self.category & TEST_CATEGORIES)


@dataclass(frozen=True, slots=True)
class HolderName:
    """``CPS_NAME_PS``. Which of 81 and 82 is the nom d'exercice is inferred."""

    names: tuple[str, ...]
    """Values of 81 and 82: nom patronymique, nom d'exercice."""
    given_name: str
    given_names: tuple[str, ...] = ()
    """The three strings of 83."""


@dataclass(frozen=True, slots=True)
class HolderInfo:
    """``CPS_INFO_PS``. ``profession`` is a TRE_G15 code on two digits."""

    national_id: str
    profession: str
    practice_name: str
    speciality: str


@dataclass(frozen=True, slots=True)
class Situation:
    """``CPS_ACTIVITY_nn_PS``. ``link`` leads to the billing situation."""

    mode: int
    link: int
    name: str
    structure_id: str
    sector: str

    @property
    def substitute(self) -> bool:
        """Whether the holder is a remplaçant there."""
        return self.mode == SUBSTITUTE


@dataclass(frozen=True, slots=True)
class BillingSituation:
    """One of ``CPS_SIT_FACT``; ``identifier`` without padding."""

    link: int
    identifier: str


@dataclass(frozen=True, slots=True)
class Validity:
    """``EF_ACTUA``: aware bounds, the widest of the two readings of its time zone."""

    begins: datetime
    ends: datetime


def read_identity(data: bytes) -> CardIdentity:
    """Read ``CPS_ID_CARD``. Raises MalformedError (CD-02)."""
    found = _fields(data, IDENTITY, "CPS_ID_CARD", "CD-02")
    return CardIdentity(
        found.digits(0x80),
        found.digits(0x81),
        found.byte(0x82),
        found.day(0x83),
        found.day(0x84),
    )


def read_name(data: bytes) -> HolderName:
    """Read ``CPS_NAME_PS``. Raises MalformedError (CD-11)."""
    found = _fields(data, NAME, "CPS_NAME_PS", "CD-11")
    names = tuple(filter(None, (found.text(0x81), found.text(0x82))))
    given = tuple(filter(None, (decode(part) for part in found.value(0x83).split(b"\xff"))))
    return HolderName(names, found.text(0x84), given)


def read_info(data: bytes) -> HolderInfo:
    """Read ``CPS_INFO_PS``. Raises MalformedError (CD-11)."""
    found = _fields(data, INFO, "CPS_INFO_PS", "CD-11")
    return HolderInfo(
        found.text(0x81), f"{found.byte(0x82):02d}", found.text(0x84), found.text(0x85)[-4:]
    )


def read_situation(data: bytes) -> Situation:
    """Read one ``CPS_ACTIVITY_nn_PS``. Raises MalformedError (CD-11)."""
    found = _fields(data, ACTIVITY, "CPS_ACTIVITY_PS", "CD-11")
    return Situation(
        found.byte(0x80),
        found.byte(0x83),
        found.text(0x84),
        found.text(0x85),
        found.text(0x86),
    )


def read_billing(data: bytes) -> tuple[BillingSituation, ...]:
    """Read ``CPS_SIT_FACT``. Raises MalformedError (CD-11)."""
    outer = _fields(data, BILLING, "CPS_SIT_FACT", "CD-11")
    return tuple(
        BillingSituation(each.byte(0x80), plain_billing(each.digits(0x81)))
        for each in outer.inner(0xA0)
    )


def read_validity(data: bytes) -> Validity:
    """Read ``EF_ACTUA``; empty or truncated it is a bad card. Raises MalformedError (CD-02).

    The fact sheet (§3.1) is silent on its time zone. Software that reads it as UTC, as
    the reference LGC does, or as the time of Paris, is right: from the earlier of the
    two readings of the beginning to the later of those of the end.
    """
    found = _fields(data, VALIDITY, "EF_ACTUA", "CD-02")
    begins = (found.instant(0x81, zone) for zone in (UTC, PARIS))
    ends = (found.instant(0x82, zone) for zone in (UTC, PARIS))
    return Validity(min(begins), max(ends))


def read_serial(data: bytes) -> tuple[str, str]:
    """Read ``EF.SN``: issuer and number, 10 digits each. Raises MalformedError (CD-02)."""
    objects = _objects(data, "EF.SN", "CD-02")
    digits = next((each.value.hex() for each in objects if each.tag == SERIAL), "")
    if len(digits) != 20 or not digits.isdigit():
        raise _malformed("CD-02", "EF.SN", "octet 0", "20 chiffres sous 5A", digits or "absent")
    return digits[:10], digits[10:]


def plain_billing(identifier: str) -> str:
    """A billing identifier without what fills its field: zeros before, F after."""
    return identifier.upper().rstrip("F").lstrip("0")


def decode(value: bytes) -> str:
    """A text of the card: UTF-8 if it is, else ISO-8859-1."""
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("iso-8859-1").strip()


@dataclass(frozen=True, slots=True)
class _Fields:
    """Inner objects of a data object; the name serves in findings."""

    objects: tuple[Tlv, ...]
    name: str
    check_id: str

    def value(self, tag: int) -> bytes:
        return next((each.value for each in self.objects if each.tag == tag), b"")

    def inner(self, tag: int) -> Iterator[_Fields]:
        for each in self.objects:
            if each.tag == tag:
                yield _Fields(_objects(each.value, self.name, self.check_id), *self._rest)

    @property
    def _rest(self) -> tuple[str, str]:
        return self.name, self.check_id

    def text(self, tag: int) -> str:
        return decode(self.value(tag))

    def byte(self, tag: int) -> int:
        return int.from_bytes(self.value(tag)[:1], "big")

    def digits(self, tag: int) -> str:
        digits = self.value(tag).hex()
        if not digits.rstrip("f").isdigit():
            raise self._bad(tag, "des chiffres BCD", digits or "absent")
        return digits

    def day(self, tag: int) -> date:
        digits = self.digits(tag)
        try:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        except ValueError as error:
            raise self._bad(tag, "AAAAMMJJ", digits) from error

    def instant(self, tag: int, zone: tzinfo) -> datetime:
        digits = self.digits(tag)
        try:
            local = datetime(*_pairs(digits), tzinfo=zone)
        except (ValueError, TypeError) as error:
            raise self._bad(tag, "AAAAMMJJhhmmss", digits) from error
        return local.astimezone(UTC)

    def _bad(self, tag: int, expected: str, found: str) -> MalformedError:
        return _malformed(self.check_id, self.name, f"étiquette {tag:02X}", expected, found)


def _pairs(digits: str) -> tuple[int, ...]:
    """AAAA then two digits each."""
    return (int(digits[:4]), *(int(digits[at : at + 2]) for at in range(4, len(digits), 2)))


def _fields(data: bytes, tag: int, name: str, check_id: str) -> _Fields:
    objects = _objects(data, name, check_id)
    if not objects or objects[0].tag != tag:
        found = f"étiquette {objects[0].tag:02X}" if objects else "fichier vide"
        raise _malformed(check_id, name, "octet 0", f"étiquette {tag:02X}", found)
    return _Fields(_objects(objects[0].value, name, check_id), name, check_id)


def _objects(data: bytes, name: str, check_id: str) -> tuple[Tlv, ...]:
    try:
        return read_tlvs(data)
    except TlvError as error:
        place = f"octet {error.offset}"
        raise _malformed(check_id, name, place, "des objets TLV", str(error)) from error


def _malformed(check_id: str, name: str, place: str, expected: str, found: str) -> MalformedError:
    return MalformedError(
        check_id,
        f"{name}, {place}",
        expected,
        found,
        "Refuser cette carte avec un message clair : son contenu ne peut pas être lu.",
        artefact="Carte CPS",
    )

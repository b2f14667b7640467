"""What the bytes of a CPS say. Texts are Latin-1, numbers packed BCD.

Source: sheet of cards §3.1 (EF_ACTUA), §3.3 (data objects), §4.1 (extensions of the
certificates); the official document of the data objects is not public.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime

from cryptography import x509

from reference_impl.cards.chip import Chip
from reference_impl.cards.errors import inconsistent, unreadable
from reference_impl.cards.iso import digits, fields, only
from reference_impl.cards.values import CpsCard, Situation

_KINDS = ("CPS", "CPF", "CPE", "CPA")
_TEST = 0x80
_CARD_TYPE = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")
_ACTIVITY = re.compile(r"CPS_ACTIVITY_(\d\d)_PS")
_SPECIALITY_LENGTH = 4
_BILLING_LENGTH = 9
"""Numéro d'assurance maladie with its key; BCD holds an even count of digits."""


def read_card(chip: Chip, certificate: x509.Certificate) -> CpsCard:
    """The public part of a card: no situation. Raises CardError."""
    identity = _object(chip, "CPS_ID_CARD", 0xE3)
    name = _object(chip, "CPS_NAME_PS", 0xE4)
    holder = _object(chip, "CPS_INFO_PS", 0xED)
    try:
        number = digits(identity[0x81])
        return CpsCard(
            reader=chip.reader,
            family=chip.family,
            issuer=digits(identity[0x80]),
            number=number,
            kind=_kind(certificate, identity[0x82][0]),
            test=bool(identity[0x82][0] & _TEST),
            begins=_day(identity[0x83]),
            ends=_day(identity[0x84]),
            national_id=_text(holder[0x81]),
            family_name=_text(name.get(0x82) or name[0x81]),
            given_name=_text(name.get(0x84, b"")),
            profession=str(holder[0x82][0]),
            # The speciality is what this object ends with.
            speciality=_text(holder.get(0x85, b""))[-_SPECIALITY_LENGTH:] or None,
        )
    except (KeyError, IndexError, ValueError) as error:
        raise unreadable(f"l’identité du porteur ({error})") from error


def require_coherent(chip: Chip, card: CpsCard, certificate: x509.Certificate) -> None:
    """Serial number, identity and certificate are of one card, and the certificate signs."""
    number = chip.number()
    if number is not None and number != card.number:
        raise inconsistent(f"son numéro est {card.number}, celui de la puce {number}")
    names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    # The common name of a CPE or a CPA is not the identifier of a professional (sheet §4.1).
    if card.kind in {"CPS", "CPF"} and card.national_id not in [name.value for name in names]:
        raise inconsistent("son certificat de signature est au nom d’un autre porteur")
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.content_commitment:
        raise inconsistent("son certificat de signature ne sert pas à signer (nonRepudiation)")


def read_validity(content: bytes) -> tuple[datetime, datetime]:
    """Bounds of EF_ACTUA. Raises CardError: an empty or cut file is that of a bad card.

    Read as UTC, as the bounds of a certificate are: the fact sheet (§3.1) gives no time zone.
    """
    try:
        bounds = fields(content, 0xEC)
        begin, end = (
            datetime.strptime(digits(bounds[tag]), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
            for tag in (0x81, 0x82)
        )
    except (ValueError, KeyError) as error:
        raise inconsistent("ses dates de validité (EF_ACTUA) sont illisibles") from error
    return begin, end


def read_situations(chip: Chip) -> tuple[Situation, ...]:
    """Situations d'exercice by number, indexes as they are. The code porteur was verified."""
    billing = dict(_billing_ids(chip.data("CPS_SIT_FACT")))
    found = ((match, chip.data(match.group())) for match in _activities(chip))
    return tuple(_situation(int(m[1]), content, billing) for m, content in found if content)


def _activities(chip: Chip) -> list[re.Match[str]]:
    matches = [m for m in map(_ACTIVITY.fullmatch, chip.labels()) if m]
    return sorted(matches, key=lambda m: int(m[1]))


def _situation(number: int, content: bytes, billing: dict[bytes, str]) -> Situation:
    try:
        values = fields(content, 0xEE)
        return Situation(
            number=number,
            mode=f"{values[0x80][0]:02d}",
            structure_id=_text(values[0x85]),
            structure_name=_text(values.get(0x84, b"")),
            sector=_text(values.get(0x86, b"")),
            billing_id=billing.get(values.get(0x83, b""), ""),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise unreadable(f"la situation d’exercice {number} ({error})") from error


def _billing_ids(content: bytes | None) -> Iterator[tuple[bytes, str]]:
    """Number of billing by lien logique."""
    if not content:
        return
    try:
        for entry in only(content, 0xE0).children():
            values = {child.tag: child.value for child in entry.children()}
            yield values[0x80], _billing_id(values[0x81])
    except (KeyError, ValueError) as error:
        raise unreadable(f"les situations de facturation ({error})") from error


def _billing_id(value: bytes) -> str:
    number = digits(value)
    padded = len(number) == _BILLING_LENGTH + 1 and number.startswith("0")
    return number[1:] if padded else number


def _object(chip: Chip, label: str, tag: int) -> dict[int, bytes]:
    content = chip.data(label)
    if not content:
        raise unreadable(f"l’objet « {label} » manque")
    try:
        return fields(content, tag)
    except ValueError as error:
        raise unreadable(f"l’objet « {label} » ({error})") from error


def _kind(certificate: x509.Certificate, byte: int) -> str:
    """The type is in the certificate; a card that has none there says it with its category."""
    try:
        value = certificate.extensions.get_extension_for_oid(_CARD_TYPE).value
        rank = value.public_bytes()[-1]
    except x509.ExtensionNotFound:
        rank = byte & 0x0F
    return _KINDS[rank]


def _day(value: bytes) -> date:
    return datetime.strptime(digits(value), "%Y%m%d").replace(tzinfo=UTC).date()


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip()

"""What the data objects of a CPS contain.

Source: fact sheet ``cards.md`` §3.3, derived from a real client (the official document
« CPS3 Données-métier » was not seen). Texts are Latin-1, numbers packed BCD.
Placeholders of ours, hors spécification: ``CPS_DATA`` has 64 zero octets and
``CPS_LANG_PS`` is an empty object; their formats are unknown.
"""

from __future__ import annotations

from datetime import date

from simulators.cards.image import CpsImage, Holder, Situation
from simulators.cards.tlv import digits, tlv

NAME_MAXIMUM = 27
STRUCTURE_MAXIMUM = 40

EMPTY_DATA = bytes(64)  # hors spécification: ours
EMPTY_LANGUAGES = bytes.fromhex("E500")  # hors spécification: ours


def identity(image: CpsImage) -> bytes:
    """``CPS_ID_CARD``: issuer, number, category (80 test, 00 real), first and last day."""
    return tlv(
        0xE3,
        tlv(0x80, digits(image.issuer, 5)),
        tlv(0x81, digits(image.number, 5)),
        tlv(0x82, bytes((image.category,))),
        tlv(0x83, _day(image.begins)),
        tlv(0x84, _day(image.ends)),
    )


def name(holder: Holder) -> bytes:
    """``CPS_NAME_PS``: civilité, nom patronymique, nom d'exercice, given names, usual one."""
    given = b"".join(_text(one) + b"\xff" for one in (*holder.given_names, "", "")[:3])
    return tlv(
        0xE4,
        tlv(0x80, bytes((holder.civility,))),
        tlv(0x81, _text(holder.family_name)),
        tlv(0x82, _text(holder.practice_name or holder.family_name)),
        tlv(0x83, given),
        tlv(0x84, _text(holder.given_names[0])),
    )


def languages() -> bytes:
    """``CPS_LANG_PS``: an empty object, its format is unknown (hors spécification)."""
    return EMPTY_LANGUAGES


def information(holder: Holder) -> bytes:
    """``CPS_INFO_PS``: idNat, profession (G15), nom d'exercice, spécialité (R01) last."""
    speciality = tlv(0x85, _text(holder.speciality)) if holder.speciality else b""
    return tlv(
        0xED,
        tlv(0x80, b"\x00"),
        tlv(0x81, _text(holder.national_id)),
        tlv(0x82, bytes((holder.profession,))),
        tlv(0x84, _text(holder.practice_name or holder.family_name)),
        speciality,
    )


def activity(situation: Situation) -> bytes:
    """``CPS_ACTIVITY_nn_PS``: mode d'exercice, lien logique, raison sociale, structure, secteur."""
    return tlv(
        0xEE,
        tlv(0x80, bytes((situation.mode,))),
        tlv(0x83, bytes((situation.number,))),
        tlv(0x84, _text(situation.structure_name, STRUCTURE_MAXIMUM)),
        tlv(0x85, _text(situation.structure_id)),
        tlv(0x86, _text(situation.sector)),
    )


def billing(situations: tuple[Situation, ...]) -> bytes:
    """``CPS_SIT_FACT``: for each lien logique, number and conventions of billing."""
    return tlv(0xE0, *(_billing(one) for one in situations if one.billing_id))


def _billing(situation: Situation) -> bytes:
    return tlv(
        0xA0,
        tlv(0x80, bytes((situation.number,))),
        tlv(0x81, digits(situation.billing_id, 5)),
        tlv(0x82, digits(situation.convention, 3)),
        tlv(0x83, digits(situation.approvals, 3)),
        tlv(0x84, bytes((situation.authorisations,))),
    )


def validity(image: CpsImage) -> bytes:
    """``EF_ACTUA``: bounds of validity, ``AAAAMMJJhhmmss`` in BCD."""
    return tlv(
        0xEC,
        tlv(0x81, digits(f"{image.begins:%Y%m%d}{image.stamp:%H%M%S}", 7)),
        tlv(0x82, digits(f"{image.ends:%Y%m%d}235959", 7)),
    )


def _day(day: date) -> bytes:
    return digits(f"{day:%Y%m%d}", 4)


def _text(text: str, maximum: int = NAME_MAXIMUM) -> bytes:
    return text.encode("latin-1", "replace")[:maximum]

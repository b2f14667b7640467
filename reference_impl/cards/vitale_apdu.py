"""The public files of a carte Vitale 2, by commands.

Application, pointers and the templates 65 and 66 are those that public readers show
(sheet §5). The tags of certified NIR, rang gémellaire, quality, birth name, régime and
nature are those of the bench's card, hors spécification: a real card answers without.
"""

from __future__ import annotations

from collections.abc import Iterator

from reference_impl.cards.errors import CardError, unreadable
from reference_impl.cards.iso import OK, Channel, Command, Tlv, exchange, expect, only, parse
from reference_impl.cards.values import Beneficiary, VitaleCard

MEANS = "apdu"
_AID = bytes.fromhex("D250000002564954414C45")
_POINTERS = 0x2001
_CHUNK = 0xE7
_VITALE_2 = tuple(bytes.fromhex(f"3B75130000{n}09EA9000") for n in ("43", "44", "45"))
_VITALE_1 = 0x3F
"""First octet (inverse convention); those cards refuse every ISO SELECT."""

_BENEFICIARY, _CARD = 0x65, 0x66
_INSURED, _USED_NAME, _GIVEN_NAME, _BIRTH_DATE = 0x93, 0x80, 0x81, 0x82
_CERTIFIED, _RANK, _QUALITY, _BIRTH_NAME, _REGIME, _FUND, _CENTER = range(0xDF01, 0xDF08)
_KIND, _SERIAL = 0xDF21, 0xDF22
_KINDS = frozenset("TDR")


def is_vitale(atr: bytes) -> bool:
    """Whether an ATR is that of a carte Vitale, of either generation."""
    return atr in _VITALE_2 or atr[:2] == bytes([_VITALE_1, 0x65])


def read(reader: str, channel: Channel) -> VitaleCard:
    """Read a card under power. Raises CardError."""
    _, sw = exchange(channel, Command(bytes.fromhex("00A4040C"), _AID))
    if sw != OK:
        raise CardError(
            "VITALE_NON_LISIBLE",
            "Cette carte Vitale ne se lit pas sans la bibliothèque de lecture du GIE SESAM-Vitale "
            "(api_lec) : indiquez son chemin, ou demandez au patient une carte plus récente.",
            "carte",
        )
    try:
        templates = [t for fid in _pointed(channel) for t in parse(_file(channel, fid))]
        return _card(reader, templates)
    except ValueError as error:
        raise unreadable(str(error)) from error


def _pointed(channel: Channel) -> Iterator[int]:
    """Identifiers of the files of the application, from POINTERS."""
    pointers = only(_file(channel, _POINTERS), 0xE0).children()
    for entry in pointers:
        if entry.tag == 0x80 and len(entry.value) == 12:
            yield int.from_bytes(entry.value[-2:], "big")


def _file(channel: Channel, fid: int) -> bytes:
    select = Command(bytes.fromhex("00A4020C"), fid.to_bytes(2, "big"))
    expect(channel, select, f"sélection du fichier {fid:04X}")
    content = b""
    while True:
        offset = len(content).to_bytes(2, "big")
        part, sw = exchange(channel, Command(b"\x00\xb0" + offset, expected=_CHUNK))
        content += part if sw == OK else b""
        if sw != OK or len(part) < _CHUNK:
            return content


def _card(reader: str, templates: list[Tlv]) -> VitaleCard:
    people = [_values(t) for t in templates if t.tag == _BENEFICIARY]
    card = next((_values(t) for t in templates if t.tag == _CARD), {})
    kind = card.get(_KIND, "")
    return VitaleCard(
        reader=reader,
        means=MEANS,
        # A card that does not say its nature is taken for a real one: the strictest.
        kind=kind if kind in _KINDS else "R",
        serial=card.get(_SERIAL, ""),
        beneficiaries=tuple(_beneficiary(n, values) for n, values in enumerate(people, 1)),
    )


def _values(template: Tlv) -> dict[int, str]:
    return {child.tag: child.value.decode("latin-1").strip() for child in template.children()}


def _beneficiary(position: int, values: dict[int, str]) -> Beneficiary:
    if _INSURED not in values:
        raise ValueError(f"le bénéficiaire {position} n’a pas de numéro de sécurité sociale")
    return Beneficiary(
        position=position,
        used_name=values.get(_USED_NAME, ""),
        given_name=values.get(_GIVEN_NAME, ""),
        birth_date=values.get(_BIRTH_DATE, ""),
        insured_nir=values[_INSURED],
        birth_name=values.get(_BIRTH_NAME) or None,
        certified_nir=values.get(_CERTIFIED) or None,
        rank=values.get(_RANK) or "1",
        quality=values.get(_QUALITY) or "0",
        regime=values.get(_REGIME) or None,
        fund=values.get(_FUND) or None,
        center=values.get(_CENTER) or None,
    )

"""The carte Vitale 2: the part of it that any reader may read.

Applications, pointers and the two templates are those of the fact sheet ``cards.md`` §5.
What the public sources do not tell is ours, hors spécification, under private tags:
``DF01`` certified NIR, ``DF02`` rang gémellaire, ``DF03`` quality, ``DF04`` birth name,
``DF05`` régime, ``DF06`` caisse, ``DF07`` centre; in the card template ``DF21`` nature and
``DF22`` serial. Rights need secure messaging, whose format is not public: there are none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fixtures.identifiers import nir_key
from fixtures.vitale import BeneficiaryFixture, VitaleFixture
from simulators.cards.card_os import CardOs
from simulators.cards.files import MF, Df, Ef
from simulators.cards.iso7816 import SW, Command, StatusError
from simulators.cards.tlv import tlv

AID_VITALE = bytes.fromhex("D250000002564954414C45")
AID_MF = bytes.fromhex("D2500000024D465F564954414C45")
ATR = bytes.fromhex("3B751300004309EA9000")
ATR_PHOTO = bytes.fromhex("3B751300004409EA9000")
ATR_VITALE_1 = bytes.fromhex("3F6525002209699000")
POINTERS = 0x2001
IDENTITIES = 0x2010
CARD = 0x2011
ENCODING = "iso-8859-1"

CERTIFIED, RANK, QUALITY, BIRTH_NAME, REGIME, FUND, CENTER = range(0xDF01, 0xDF08)
KIND, SERIAL = 0xDF21, 0xDF22
KINDS = ("T", "D", "R")


@dataclass(frozen=True, slots=True)
class BeneficiaryImage:
    """A beneficiary in the chip; NIR with their keys, 15 characters.

    ``birth_date`` is ``AAAAMMJJ`` and may be lunar.
    """

    used_name: str
    given_name: str
    birth_date: str
    insured: str
    birth_name: str = ""
    certified: str | None = None
    rank: str = "1"
    quality: str = "0"
    regime: str = "01"
    fund: str = "331"
    center: str = "0001"
    nationality: str = "F"


@dataclass(frozen=True, slots=True)
class VitaleImage:
    """A card. ``kind`` is ``T``, ``D`` or ``R``; ``begins`` is ``AAAAMMJJ``."""

    serial: str
    kind: str
    beneficiaries: tuple[BeneficiaryImage, ...]
    begins: str = "20200101"
    atr: bytes = ATR


def image_of(fixture: VitaleFixture) -> VitaleImage:
    """The image of a card of the world."""
    people = tuple(_beneficiary(one) for one in fixture.beneficiaries)
    return VitaleImage(fixture.serial, fixture.kind, people, fixture.begins)


def _beneficiary(one: BeneficiaryFixture) -> BeneficiaryImage:
    return BeneficiaryImage(
        used_name=one.used_name,
        given_name=one.given_name,
        birth_date=one.birth_date,
        insured=one.insured + nir_key(one.insured),
        birth_name=one.birth_name,
        certified=one.certified and one.certified + nir_key(one.certified),
        rank=one.rank,
        quality=one.quality,
        regime=one.regime,
        fund=one.fund,
        center=one.center,
    )


VARIANTS: Mapping[str, str] = {
    "conforme": "la carte telle que le monde la décrit",
    "photo": "ATR d'une Vitale 2 avec photographie",
    "vitale-1": "Vitale 1 : ancien ATR, SELECT refusé par 6E00",
    "sans-nir-certifie": "F17 : aucun bénéficiaire n'a de NIR certifié",
    "serie-longue": "F11 : numéro de série de 20 chiffres",
    "prenom-vide": "F18 : prénoms vides",
    "sans-beneficiaire": "aucun bénéficiaire",
    "demonstration": "carte de démonstration (D)",
    "reelle": "carte dite réelle (R)",
}


def variant_of(image: VitaleImage, name: str) -> VitaleImage:
    """The image of a variant; raises ValueError with a French sentence."""
    people = image.beneficiaries
    changes: Mapping[str, Mapping[str, Any]] = {
        "conforme": {},
        "photo": {"atr": ATR_PHOTO},
        "vitale-1": {"atr": ATR_VITALE_1},
        "sans-nir-certifie": {"beneficiaries": tuple(replace(p, certified=None) for p in people)},
        "serie-longue": {"serial": image.serial.rjust(20, "9")},
        "prenom-vide": {"beneficiaries": tuple(replace(p, given_name="") for p in people)},
        "sans-beneficiaire": {"beneficiaries": ()},
        "demonstration": {"kind": "D"},
        "reelle": {"kind": "R"},
    }
    if name not in changes:
        raise ValueError(
            f"« {name} » n'est pas une variante de carte Vitale : {', '.join(VARIANTS)}."
        )
    return replace(image, **changes[name])


class VitaleCard(CardOs):
    """A carte Vitale that answers SELECT and READ BINARY."""

    family = "Vitale"

    def __init__(self, image: VitaleImage) -> None:
        super().__init__(image.serial, image.atr, _files(image))
        self.image = image
        if image.atr == ATR_VITALE_1:
            self.handlers = {}

    def admit(self, command: Command) -> None:
        """A Vitale 1 knows none of these classes (fact sheet §5)."""
        if self.image.atr == ATR_VITALE_1:
            raise StatusError(SW.UNKNOWN_CLASS if command.cla == 0 else SW.UNKNOWN_INSTRUCTION)
        super().admit(command)


def _files(image: VitaleImage) -> Df:
    root = Df(MF, (AID_MF,))
    root.add(Ef(0x2F00, tlv(0x61, tlv(0x4F, AID_VITALE), tlv(0x50, b"VITALE"))))
    root.add(Ef(0x2F02, tlv(0x5A, image.serial.encode("ascii"))))
    application = Df(0x2000, (AID_VITALE,))
    application.add(Ef(POINTERS, _pointers()))
    application.add(Ef(IDENTITIES, b"".join(_template(p) for p in image.beneficiaries)))
    application.add(Ef(CARD, _card_template(image)))
    root.add(application)
    return root


def _pointers() -> bytes:
    master, vitale = b"\0\x01", b"\0\x02"
    known = ((master, AID_MF), (vitale, AID_VITALE))
    applications = (tlv(0x82, entry, b"\0\0", aid) for entry, aid in known)
    files = (
        tlv(0x80, name.ljust(8).encode("ascii"), vitale, fid.to_bytes(2))
        for name, fid in (("IDENT", IDENTITIES), ("CARTE", CARD))
    )
    return tlv(0xE0, tlv(0xA0, *applications), *files)


def _template(who: BeneficiaryImage) -> bytes:
    values: tuple[tuple[int, str | None], ...] = (
        (0x90, who.nationality),
        (0x93, who.insured),
        (0x80, who.used_name),
        (0x81, who.given_name),
        (0x82, who.birth_date),
        (CERTIFIED, who.certified),
        (RANK, who.rank),
        (QUALITY, who.quality),
        (BIRTH_NAME, who.birth_name),
        (REGIME, who.regime),
        (FUND, who.fund),
        (CENTER, who.center),
    )
    return tlv(0x65, *(_text(tag, value) for tag, value in values if value is not None))


def _card_template(image: VitaleImage) -> bytes:
    return tlv(
        0x66, _text(0x80, image.begins), _text(KIND, image.kind), _text(SERIAL, image.serial)
    )


def _text(tag: int, value: str) -> bytes:
    return tlv(tag, value.encode(ENCODING, "replace"))

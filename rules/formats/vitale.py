"""What is read of a carte Vitale: the XML of the reading API, or the public files.

Source: sheet of cards §6 (tree seen in real clients: ``t_AsnDonneesVitale``,
``listeBenef``, ``benef``, ``ident``, ``amo``; UTF-8 or ISO-8859-1, as declared) and §5
(templates 65 and 66). Tags DF01 to DF04, DF21 and DF22 are the bench's own, hors
spécification: the public sources do not tell where a card keeps those values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from rules.artefact import MalformedError
from rules.formats.cps_data import decode
from rules.formats.tlv import Tlv, TlvError, read_tlvs
from rules.xml import parse_xml, place_of, text_of

ROOT = "t_AsnDonneesVitale"
INSURED = "0"
"""``qualBenef`` of the assuré: his NIR is that of the ouvrant droit."""


@dataclass(frozen=True, slots=True)
class Beneficiary:
    """One ``benef``, by its ``position`` from 1. Absent texts are ``""``.

    ``birth_date`` has digits only and may be lunar (month above 12, day above 31);
    ``certified_nir`` and ``insured_nir`` have no space.
    """

    position: int
    used_name: str
    birth_name: str
    given_name: str
    birth_date: str
    certified_nir: str
    insured_nir: str
    rank: str
    quality: str

    @property
    def individual_nir(self) -> str:
        """NIR that may be sent as his own: certified, or that of the assuré himself."""
        return self.certified_nir or (self.insured_nir if self.quality == INSURED else "")

    @property
    def lunar(self) -> bool:
        """Whether the date is no day of the calendar (unknown month or day)."""
        return not ("01" <= self.birth_date[4:6] <= "12" and "01" <= self.birth_date[6:8] <= "31")


@dataclass(frozen=True, slots=True)
class VitaleContent:
    """A card as read; ``kind`` is ``T``, ``D``, ``R`` or ``""`` when the XML does not say."""

    beneficiaries: tuple[Beneficiary, ...]
    kind: str = ""
    serial: str = ""

    def holds(self, insured_nir: str) -> bool:
        """Whether a NIR (13 or 15 characters) is that of the ouvrant droit of this card."""
        wanted = insured_nir[:13]
        return any(wanted in (b.insured_nir[:13], b.certified_nir[:13]) for b in self.beneficiaries)


@lru_cache(maxsize=64)
def read_vitale(content: bytes) -> VitaleContent:
    """Read the XML of the reading API. Raises MalformedError (CD-15)."""
    root = parse_xml(content, check_id="CD-15", artefact="Données de la carte Vitale")
    if etree.QName(root).localname != ROOT:
        raise MalformedError(
            "CD-15",
            place_of(root),
            ROOT,
            etree.QName(root).localname,
            "Lire la réponse de Hn_LectureVitaleDonneesIdentification, et elle seule.",
            artefact="Données de la carte Vitale",
        )
    found = list(root.iter("{*}benef"))
    return VitaleContent(
        tuple(_beneficiary(rank, each) for rank, each in enumerate(found, 1)),
        _first(root, "type", "typeCarte", "natureCarte"),
        _first(root, "numeroSerie", "numSerie"),
    )


_BENEFICIARY, _CARD = 0x65, 0x66
_USED_NAME, _GIVEN_NAME, _BIRTH_DATE, _INSURED = 0x80, 0x81, 0x82, 0x93
_CERTIFIED, _RANK, _QUALITY, _BIRTH_NAME, _KIND, _SERIAL = (
    0xDF01,
    0xDF02,
    0xDF03,
    0xDF04,
    0xDF21,
    0xDF22,
)


def read_templates(files: Iterable[bytes]) -> VitaleContent | None:
    """Read the public files of a card; None when no beneficiary nor card template is there."""
    objects = [each for data in files for each in _templates(data)]
    people = [each for each in objects if each.tag == _BENEFICIARY]
    card = next((each for each in objects if each.tag == _CARD), None)
    if not objects:
        return None
    return VitaleContent(
        tuple(_of_template(rank, each) for rank, each in enumerate(people, 1)),
        _text(card, _KIND) if card else "",
        _text(card, _SERIAL) if card else "",
    )


def _templates(data: bytes) -> list[Tlv]:
    try:
        found = [o for o in read_tlvs(data) if o.tag in (_BENEFICIARY, _CARD)]
        return [each for each in found if each.children()]
    except TlvError:
        return []


def _of_template(position: int, each: Tlv) -> Beneficiary:
    return Beneficiary(
        position,
        _text(each, _USED_NAME),
        _text(each, _BIRTH_NAME),
        _text(each, _GIVEN_NAME),
        _text(each, _BIRTH_DATE),
        _compact(_text(each, _CERTIFIED)),
        _compact(_text(each, _INSURED)),
        _text(each, _RANK) or "1",
        _text(each, _QUALITY),
    )


def _text(each: Tlv, tag: int) -> str:
    return decode(each.child(tag) or b"")


def _beneficiary(position: int, element: etree._Element) -> Beneficiary:
    return Beneficiary(
        position,
        _first(element, "nomUsuel"),
        _first(element, "nomPatronymique"),
        _first(element, "prenomUsuel", "prenom"),
        digits_of(_first(element, "dateEnCarte", "date", "dateNaissance")),
        _compact(_first(element, "nirCertifie")),
        _compact(_first(element, "nir")),
        _first(element, "rangDeNaissance") or "1",
        _first(element, "qualBenef"),
    )


def digits_of(date: str) -> str:
    """A date on the card as AAAAMMJJ, whatever the separators (JJ/MM/AAAA included)."""
    pieces = date.replace("-", "/").split("/")
    if len(pieces) == 3 and len(pieces[2]) == 4:
        pieces.reverse()
    return "".join(pieces).strip()


def _first(element: etree._Element, *names: str) -> str:
    for name in names:
        found = text_of(element.find(f".//{{*}}{name}"))
        if found:
            return found
    return ""


def _compact(nir: str) -> str:
    return "".join(nir.split())

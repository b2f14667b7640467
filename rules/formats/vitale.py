"""What the reading API of the carte Vitale gives: an XML of beneficiaries.

Source: sheet of cards §6 (tree seen in real clients: ``t_AsnDonneesVitale``,
``listeBenef``, ``benef``, ``ident``, ``amo``). UTF-8 or ISO-8859-1, as declared.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from rules.artefact import MalformedError
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

"""Answers of the INSi teleservice: RESULTAT and faults, whatever their serialisation.

References: ``INSi_RESULTAT_INS.xsd`` 1.8; sheet ``ins-insi`` §2.11 and §2.12.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.soap import SoapFault, SoapMessage
from rules.xml import text_of

NS_RESULTAT = "http://www.cnamts.fr/INSiResultat"
NS_SIRAM = "urn:siram"


@dataclass(frozen=True, slots=True)
class InsEntry:
    """One INS: active or of the history."""

    number: str
    key: str | None
    oid: str
    start: str | None = None
    end: str | None = None

    @property
    def ins(self) -> str:
        """Matricule and key together, 15 characters when the key was given."""
        return self.number + (self.key or "")


@dataclass(frozen=True, slots=True)
class Individual:
    """INDIVIDU of an answer 00; traits are those of TIQ, None when absent."""

    active: InsEntry
    history: tuple[InsEntry, ...]
    birth_name: str | None
    given_name: str | None
    given_names: str | None
    sex: str | None
    birth_date: str | None
    birth_place: str | None


@dataclass(frozen=True, eq=False)
class InsiAnswer(Artefact):
    """A RESULTAT: ``00``, ``01`` or ``02``; the individual comes with ``00`` only."""

    label: ClassVar[str] = "Réponse INSi"
    soap: SoapMessage
    code: str
    text: str
    individual: Individual | None


@dataclass(frozen=True, eq=False)
class InsiFault(Artefact):
    """A fault of INSi: SOAP fault and its ``siram:Erreur``."""

    label: ClassVar[str] = "Erreur INSi"
    soap: SoapMessage
    fault: SoapFault
    code: str | None
    """``desir_550``, ``insi_102`` …"""
    severity: str | None
    message_id: str | None
    text: str | None


def answer_of(soap: SoapMessage) -> InsiAnswer | InsiFault | None:
    """Read the body of an answer; None when it is no RESULTAT and no Fault."""
    if soap.fault is not None:
        return _fault(soap, soap.fault)
    payload = soap.payload
    if payload is None or payload.tag != f"{{{NS_RESULTAT}}}RESULTAT":
        return None
    individual = payload.find(f"{{{NS_RESULTAT}}}INDIVIDU")
    return InsiAnswer(
        soap=soap,
        code=_text(payload, "CR", "CodeCR") or "",
        text=_text(payload, "CR", "LibelleCR") or "",
        individual=None if individual is None else _individual(individual),
    )


def _individual(element: etree._Element) -> Individual | None:
    active = element.find(f"{{{NS_RESULTAT}}}INSACTIF")
    if active is None:
        return None
    return Individual(
        active=_entry(active),
        history=tuple(_entry(e) for e in element.findall(f"{{{NS_RESULTAT}}}INSHISTO")),
        birth_name=_text(element, "TIQ", "NomNaissance"),
        given_name=_text(element, "TIQ", "Prenom"),
        given_names=_text(element, "TIQ", "ListePrenom"),
        sex=_text(element, "TIQ", "Sexe"),
        birth_date=_text(element, "TIQ", "DateNaissance"),
        birth_place=_text(element, "TIQ", "LieuNaissance"),
    )


def _entry(element: etree._Element) -> InsEntry:
    return InsEntry(
        number=_text(element, "IdIndividu", "NumIdentifiant") or "",
        key=_text(element, "IdIndividu", "Cle"),
        oid=_text(element, "OID") or "",
        start=_text(element, "DateDeb"),
        end=_text(element, "DateFin"),
    )


def _fault(soap: SoapMessage, fault: SoapFault) -> InsiFault:
    error = None if fault.detail is None else fault.detail.find(f"{{{NS_SIRAM}}}Erreur")
    told = {} if error is None else dict(error.attrib)
    return InsiFault(
        soap=soap,
        fault=fault,
        code=told.get("code"),
        severity=told.get("severite"),
        message_id=told.get("messageID"),
        text=text_of(error),
    )


def _text(element: etree._Element, *path: str) -> str | None:
    return text_of(element.find("/".join(f"{{{NS_RESULTAT}}}{name}" for name in path)))

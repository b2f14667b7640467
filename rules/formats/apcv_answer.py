"""What the services of the appli carte Vitale answer: context, profile, INS of the holder.

Names and dates may be missing: an ApCV may have no family name or no used name.

Source: sheet ``apcv`` §4.2; the INS and its traits have the shape of INSi (§2.11 of ``ins-insi``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.formats.apcv_names import ANSWERS
from rules.formats.saml import instant_of
from rules.formats.soap import SoapFault, SoapMessage
from rules.xml import text_of

OK = "0"


@dataclass(frozen=True, eq=False)
class ApcvPerson:
    """``Utilisateur`` (the holder, rank 0) or an ``Individu`` (from 1)."""

    element: etree._Element
    rank: int

    @property
    def matricule(self) -> str | None:
        """INS without its key; None for whoever has none here."""
        return self._of("IdentitePatient", "INSACTIF", "IdIndividu", "NumIdentifiant")

    @property
    def ins(self) -> str | None:
        """Matricule and key."""
        key = self._of("IdentitePatient", "INSACTIF", "IdIndividu", "Cle")
        return None if self.matricule is None else self.matricule + (key or "")

    @property
    def oid(self) -> str | None:
        """Authority of the INS."""
        return self._of("IdentitePatient", "INSACTIF", "OID")

    @cached_property
    def traits(self) -> dict[str, str]:
        """Fields of TIQ by their names; those absent are missing."""
        tiq = self._find("IdentitePatient", "TIQ")
        children = () if tiq is None else [e for e in tiq if isinstance(e.tag, str)]
        return {etree.QName(e).localname: text_of(e) or "" for e in children}

    @property
    def given_names(self) -> str:
        """ListePrenom, or Prenom when there is no list."""
        return self.traits.get("ListePrenom") or self.traits.get("Prenom") or ""

    def _find(self, *path: str) -> etree._Element | None:
        namespace = etree.QName(self.element).namespace
        return self.element.find("/".join(f"{{{namespace}}}{name}" for name in path))

    def _of(self, *path: str) -> str | None:
        return text_of(self._find(*path)) or None


@dataclass(frozen=True, eq=False)
class ApcvAnswer(Artefact):
    """An answer, whatever its operation and its CodeStatut."""

    label: ClassVar[str] = "Réponse appli carte Vitale"
    element: etree._Element
    soap: SoapMessage

    @property
    def operation(self) -> str:
        """Operation that is answered."""
        return ANSWERS[str(self.element.tag)]

    @property
    def code(self) -> str | None:
        """CodeStatut: ``0`` is OK, others are not known."""
        return self._of("CodeStatut")

    @property
    def context_id(self) -> str | None:
        """ContexteApCV/Identifiant."""
        return self._of("ContexteApCV", "Identifiant")

    @cached_property
    def ends(self) -> datetime | None:
        """DateFinValidite, with whichever zone it is written."""
        return instant_of(self._of("ContexteApCV", "DateFinValidite"))

    @property
    def serial(self) -> str | None:
        """numSerie of the profile."""
        return self._identification("numSerie")

    @property
    def kind(self) -> str | None:
        """``T`` test, ``D`` démonstration, ``R`` réel."""
        return self._identification("type")

    @cached_property
    def people(self) -> tuple[ApcvPerson, ...]:
        """The holder, then ayants droit."""
        profile = self._find("ProfilApCV")
        if profile is None:
            return ()
        names = ("Utilisateur", "Individu")
        found = [e for e in profile if isinstance(e.tag, str) and etree.QName(e).localname in names]
        return tuple(ApcvPerson(element, rank) for rank, element in enumerate(found))

    def _identification(self, name: str) -> str | None:
        element = self._find("ProfilApCV", "Identification")
        return None if element is None else element.get(name)

    def _find(self, *path: str) -> etree._Element | None:
        namespace = etree.QName(self.element).namespace
        return self.element.find("/".join(f"{{{namespace}}}{name}" for name in path))

    def _of(self, *path: str) -> str | None:
        return text_of(self._find(*path)) or None


@dataclass(frozen=True, eq=False)
class ApcvFault(Artefact):
    """A SOAP fault of the gateway or of the service."""

    label: ClassVar[str] = "Faute appli carte Vitale"
    fault: SoapFault


def answer_of(soap: SoapMessage) -> ApcvAnswer | ApcvFault | None:
    """The answer in an envelope; None when it holds something else."""
    if soap.fault is not None:
        return ApcvFault(soap.fault)
    payload = soap.payload
    if payload is None or str(payload.tag) not in ANSWERS:
        return None
    return ApcvAnswer(payload, soap)

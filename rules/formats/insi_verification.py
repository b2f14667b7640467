"""Verification of an INS (WS_INS3) and of many (WS_INS4, WS_INS5), on our own wire.

``hors_specification``: that these services exist and what they are asked is known; their
namespaces, operations and elements were never seen. The bench plays these so that what
follows an answer OK or KO can be tried; nothing here may be presented as INSi's.

Reference: sheet ``ins-insi`` §2.2, §2.14.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.xml import place_of, text_of

NS_VERIF = "http://www.cnamts.fr/INSiVerif"
VERIFY = "verifierIns"
DEPOSIT = "deposerVerificationsIns"
FOLLOW_UP = "suivreVerificationsIns"

PAYLOADS: Mapping[str, str] = {
    f"{{{NS_VERIF}}}VERIFINS": VERIFY,
    f"{{{NS_VERIF}}}DEPOTVERIF": DEPOSIT,
    f"{{{NS_VERIF}}}SUIVIVERIF": FOLLOW_UP,
}
"""Body element to operation, as for the searches."""
FIELDS = ("Matricule", "OID", "NomNaissance", "Prenom", "Sexe", "DateNaissance", "LieuNaissance")


@dataclass(frozen=True, eq=False)
class InsVerification(Artefact):
    """``VERIFINS``: the INS and the traits held by the software, to be compared."""

    label: ClassVar[str] = "Vérification d'INS (forme du banc)"
    element: etree._Element

    @property
    def line(self) -> str | None:
        """Attribute ``Ligne``: which one of a deposit."""
        return self.element.get("Ligne")

    @property
    def number(self) -> str | None:
        """Matricule/NumIdentifiant, 13 characters."""
        return self._text("Matricule", "NumIdentifiant")

    @property
    def key(self) -> str | None:
        """Matricule/Cle, 2 digits."""
        return self._text("Matricule", "Cle")

    @property
    def oid(self) -> str | None:
        """OID."""
        return self._text("OID")

    @property
    def birth_name(self) -> str | None:
        """NomNaissance."""
        return self._text("NomNaissance")

    @property
    def given_names(self) -> str:
        """Prénoms as one value: repeated elements and spaces mean the same."""
        found = self.element.findall(f"{{{NS_VERIF}}}Prenom")
        return " ".join(" ".join(text_of(each) or "" for each in found).split())

    @property
    def sex(self) -> str | None:
        """Sexe."""
        return self._text("Sexe")

    @property
    def birth_date(self) -> str | None:
        """DateNaissance."""
        return self._text("DateNaissance")

    @property
    def birth_place(self) -> str | None:
        """LieuNaissance (COG)."""
        return self._text("LieuNaissance")

    def place(self, name: str) -> str:
        """XPath of a field, present or not."""
        return f"{place_of(self.element)}/{name}"

    def _text(self, *path: str) -> str | None:
        return text_of(self.element.find("/".join(f"{{{NS_VERIF}}}{name}" for name in path)))


@dataclass(frozen=True, eq=False)
class VerificationDeposit(Artefact):
    """``DEPOTVERIF``: several verifications, answered later."""

    label: ClassVar[str] = "Dépôt de vérifications (forme du banc)"
    element: etree._Element

    @property
    def lines(self) -> tuple[InsVerification, ...]:
        """The verifications asked for, in order."""
        return tuple(InsVerification(e) for e in self.element.findall(f"{{{NS_VERIF}}}VERIFINS"))

    def parts(self) -> Iterable[Artefact]:
        """Each line has the checks of a lone verification."""
        return self.lines


@dataclass(frozen=True, eq=False)
class VerificationFollowUp(Artefact):
    """``SUIVIVERIF``: where a deposit stands."""

    label: ClassVar[str] = "Suivi de vérifications (forme du banc)"
    element: etree._Element

    @property
    def deposit(self) -> str | None:
        """Identifiant given when it was deposited."""
        return text_of(self.element.find(f"{{{NS_VERIF}}}Identifiant"))


Verification = InsVerification | VerificationDeposit | VerificationFollowUp


def verification_of(payload: etree._Element) -> Verification | None:
    """What a body asks to verify; None when it is none of these elements."""
    operation = PAYLOADS.get(str(payload.tag))
    if operation == VERIFY:
        return InsVerification(payload)
    if operation == DEPOSIT:
        return VerificationDeposit(payload)
    return VerificationFollowUp(payload) if operation == FOLLOW_UP else None

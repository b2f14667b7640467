"""An ordonnance as the LGC holds it, and its neutral JSON.

No key of the bodies was ever published: they are hors spécification, but the values
of ``eprescType`` and the coded ones. Dates are ISO (``AAAA-MM-JJ``), instants ISO
with their offset. Source: sheet e-prescription §7.
"""

# ruff: noqa: RUF009  key() and keys() make fields, they are no shared defaults.
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from reference_impl.prescriptions.keyed import Keyed, key, keys
from reference_impl.prescriptions.posology import Posology

DRUG, DEVICE = "medicament", "dispositifMedical"
ACTS = (
    "acteKinesitherapie",
    "acteBiologieMedicale",
    "acteInfirmier",
    "actePedicurie",
    "acteOrthophonie",
    "acteOrthoptie",
)
LINE_TYPES = (DRUG, DEVICE, *ACTS)
HEALTH_PRODUCTS = "PRODUITS_SANTE"
KINDS = (
    HEALTH_PRODUCTS,
    "KINESITHERAPIE",
    "BIOLOGIE",
    "INFIRMIER",
    "PEDICURIE",
    "ORTHOPHONIE",
    "ORTHOPTIE",
)
"""Types of ordonnance; only the first was ever seen. Those of acts follow :data:`ACTS`."""
BIZONE, EXCEPTION, SECURE, EQUIPMENT = "MED-1096", "MED-1097", "MED-1098", "MED-1132"
"""Flags of the document: bizone, médicaments d’exception, sécurisée, grand appareillage."""
AT_HOME, URGENT, MILITARY = "MED-1094", "MED-1095", "MED-1159"
FLAGS = (AT_HOME, URGENT, BIZONE, EXCEPTION, SECURE, EQUIPMENT, MILITARY)
NO_SUBSTITUTION = "N"
MTE, EFG, CIF = "MTE", "EFG", "CIF"
MOTIVES = (MTE, EFG, CIF)


@dataclass(frozen=True, slots=True)
class InsNumber(Keyed):
    """``matricule`` has 15 characters, key included."""

    matricule: str = key("matricule")
    oid: str = key("oid")


@dataclass(frozen=True, slots=True)
class PatientIdentity(Keyed):
    """Traits of birth as they leave; ``ins`` only when the identity is qualifiée."""

    ins: InsNumber | None = key("ins", InsNumber)
    birth_name: str | None = key("nomNaissance")
    given_names: tuple[str, ...] = keys("prenoms")
    birth_date: str | None = key("naissance")
    sex: str | None = key("sexe")


@dataclass(frozen=True, slots=True)
class Prescriber(Keyed):
    """Who owns the AM number: the titulaire when a remplaçant prescribes."""

    rpps: str | None = key("rpps")
    am: str | None = key("am")
    finess: str | None = key("finess")
    speciality: str | None = key("specialiteAMO")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")


@dataclass(frozen=True, slots=True)
class Substitute(Keyed):
    """The remplaçant who prescribes in the place of the titulaire."""

    rpps: str | None = key("rpps")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")


@dataclass(frozen=True, slots=True)
class LpsName(Keyed):
    """The software that wrote it."""

    name: str | None = key("nom")
    version: str | None = key("version")


@dataclass(frozen=True, slots=True)
class Quantity(Keyed):
    """A number of packagings; ``unit`` is EDQM (30009000 is a box), None for a device."""

    value: int | None = key("valeur", int)
    unit: str | None = key("unite")

    @classmethod
    def from_bare(cls, value: object) -> Self | None:
        """A bare number is a quantity without unit."""
        read = cls.from_json({"valeur": value})
        return read if read.value is not None else None

    def to_json(self) -> Any:
        """A bare number again."""
        return super(Quantity, self).to_json() if self.unit else self.value


@dataclass(frozen=True, slots=True)
class Substitution(Keyed):
    """``code`` G allowed, N excluded; ``motive`` MTE, EFG or CIF with N."""

    code: str | None = key("code")
    motive: str | None = key("motif")


@dataclass(frozen=True, slots=True)
class Line(Keyed):
    """One line of any type. ``n`` counts from 1, ``line_id`` is a UUID."""

    n: int | None = key("n", int)
    line_id: str | None = key("idLigne")
    kind: str = key("eprescType")
    """``eprescType``; one that nobody knows is kept as received."""
    generic: str | None = key("dci")
    """What is prescribed by its generic name, until a drug of that name is found: never sent."""
    cis: str | None = key("cis")
    cip13: str | None = key("cip13")
    mv: str | None = key("mv")
    lpp: str | None = key("lpp")
    emdn: str | None = key("emdn")
    label: str | None = key("libelle")
    compounded: bool | None = key("preparationMagistrale", bool)
    narcotic: bool | None = key("stupefiant", bool)
    opioid_substitution: bool | None = key("traitementSubstitutionOpiaces", bool)
    posology: str | None = key("posologieTexte")
    structured: Posology | None = key("posologie", Posology)
    """The same, coded; the text is what the patient reads."""
    site: str | None = key("siteAdministration")
    condition: str | None = key("precondition")
    to_patient: str | None = key("instructionPatient")
    to_dispenser: str | None = key("instructionDispensateur")
    days: int | None = key("dureeJours", int)
    quantity: Quantity | None = key("quantite", Quantity)
    renewals: int | None = key("renouvellements", int)
    substitution: Substitution | None = key("substitution", Substitution)
    ald: bool | None = key("ald", bool)
    work_accident: bool | None = key("atmp", bool)
    prevention: bool | None = key("prevention", bool)
    not_reimbursed: bool | None = key("nonRemboursable", bool)
    off_label: bool | None = key("horsAMM", bool)
    urgent: bool | None = key("urgent", bool)
    fasting: bool | None = key("aJeun", bool)
    mentions: tuple[str, ...] = keys("mentions")

    @property
    def drug(self) -> bool:
        """Whether it prescribes a médicament; so does a line that does not say its type."""
        return self.kind in (None, DRUG)

    @property
    def not_substitutable(self) -> bool:
        """Whether the prescriber excluded substitution."""
        return self.substitution is not None and self.substitution.code == NO_SUBSTITUTION

    def to_json(self) -> dict[str, Any]:
        """The object, without what is absent."""
        written = super(Line, self).to_json()
        return written if self.mentions else {k: v for k, v in written.items() if k != "mentions"}


@dataclass(frozen=True, slots=True)
class Executor(Keyed):
    """Who executes, or is named to."""

    rpps: str | None = key("rpps")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")
    finess: str | None = key("finess")
    structure: str | None = key("structure")
    address: str | None = key("adresse")


@dataclass(frozen=True, slots=True)
class ExecutedLine(Keyed):
    """What was done of one line; ``replaced_by`` is what was delivered instead, or added."""

    line: int | None = key("ligne", int)
    status: str | None = key("statut")
    motive: int | str | None = key("motif", object)
    motive_label: str | None = key("libelleMotif")
    sub_motive: int | str | None = key("sousMotif", object)
    sub_motive_label: str | None = key("libelleSousMotif")
    quantity: Quantity | None = key("quantite", Quantity)
    completeness: str | None = key("completude")
    substitution: str | None = key("substitution")
    agreed: bool | None = key("accordPrescripteur", bool)
    modified_on: str | None = key("dateModification")
    replaced_by: Line | None = key("remplacement", Line)


@dataclass(frozen=True, slots=True)
class Execution(Keyed):
    """One délivrance: a date, who did it, its lines."""

    date: str | None = key("date")
    executor: Executor | None = key("executant", Executor)
    lines: tuple[ExecutedLine, ...] = keys("lignes", ExecutedLine)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """An execution of one line may hold it directly."""
        if isinstance(value, Mapping) and "ligne" in value:
            value = {**value, "lignes": [value]}
        return super(Execution, cls).from_json(value)


@dataclass(frozen=True, slots=True)
class Ordonnance(Keyed):
    """An ordonnance, whether it was sent or not. ``number`` is None before it is validated."""

    number: str | None = key("id")
    kind: str = key("type")
    subtype: str | None = key("sousType")
    consent: bool | None = key("consentement", bool)
    at: str | None = key("horodatage")
    """Instant of prescription, with its local offset."""
    validity: tuple[str, ...] = keys("validite")
    """First and last day."""
    prescriber: Prescriber | None = key("prescripteur", Prescriber)
    substitute: Substitute | None = key("remplace", Substitute)
    """The remplaçant: the sheet's key says « remplace »."""
    patient: PatientIdentity | None = key("patient", PatientIdentity)
    flags: tuple[str, ...] = keys("flags")
    wished_executor: Executor | None = key("executantDesigne", Executor)
    wished_on: str | None = key("dateExecutionSouhaitee")
    weight: str | None = key("poidsKg")
    height: str | None = key("tailleCm")
    pregnant: bool | None = key("grossesse", bool)
    lps: LpsName | None = key("lps", LpsName)
    lines: tuple[Line, ...] = keys("lignes", Line)
    executions: tuple[Execution, ...] = keys("executions", Execution)

    @property
    def day(self) -> date | None:
        """The local day of prescription."""
        try:
            return date.fromisoformat((self.at or "")[:10])
        except ValueError:
            return None

    @property
    def bizone(self) -> bool:
        """Whether ALD lines are separated from the others."""
        return BIZONE in self.flags

    @property
    def drugs(self) -> tuple[Line, ...]:
        """The lines of médicaments."""
        return tuple(line for line in self.lines if line.drug)

    @property
    def devices(self) -> tuple[Line, ...]:
        """The lines of dispositifs médicaux."""
        return tuple(line for line in self.lines if line.kind == DEVICE)

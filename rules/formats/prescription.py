"""The ordonnance numérique in the neutral model that every wire is read into.

Hors spécification: every key is a name of ours, but the values of ``eprescType``
and the codes that the sheet quotes; the published component has JSON bodies
whose keys nobody published. A value absent or null is None, a list is empty.

Dates are ISO (``AAAA-MM-JJ``), instants ISO with their offset. Source:
e-prescription.md §7.
"""

# ruff: noqa: RUF009  key() and keys() make fields, they are no shared defaults.
from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import MAXYEAR, MINYEAR, date, datetime
from typing import Any, ClassVar, TypeVar, cast

from rules.artefact import Artefact, MalformedError
from rules.formats.keyed import DATE, INSTANT, KeyedError, key, keys, read, write
from rules.formats.prescription_number import CarriedNumber
from rules.formats.prescription_posology import Posology

T = TypeVar("T")

CHECK_ID = "EP-00"
"""Ours: what could not be read at all."""

LINE_TYPES = (
    *("medicament", "dispositifMedical", "acteKinesitherapie", "acteBiologieMedicale"),
    *("acteInfirmier", "actePedicurie", "acteOrthophonie", "acteOrthoptie"),
)
"""Values of ``eprescType`` (published component); ``medicament`` when it is not said."""
DRUG, DEVICE = LINE_TYPES[:2]
MOTIVES = ("MTE", "EFG", "CIF")
"""Motives of a non substituable (arrêté du 12/11/2019)."""
NO_SUBSTITUTION = "N"
BIZONE, EXCEPTION, SECURE, EQUIPMENT = "MED-1096", "MED-1097", "MED-1098", "MED-1132"
"""Flags of the document (TA_ASIP): bizone, médicaments d'exception, sécurisée, appareillage."""
BIZONE_SUBTYPE = "BZN"
STATUSES = (
    *("DELIVREE", "DELIVREE_PARTIELLEMENT", "MODIFIEE", "REMPLACEE"),
    *("AJOUTEE", "SUPPRIMEE", "NON_DELIVREE"),
)
"""States of an executed line, ours."""


@dataclass(frozen=True, slots=True)
class Prescriber:
    """Who prescribes: the titulaire when there is a remplaçant (``rpps`` has 11 digits)."""

    rpps: str | None = key("rpps")
    am: str | None = key("am")
    finess: str | None = key("finess")
    speciality: str | None = key("specialiteAMO")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")


@dataclass(frozen=True, slots=True)
class Replacement:
    """The other professional when there is a remplaçant."""

    rpps: str | None = key("rpps")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")


@dataclass(frozen=True, slots=True)
class InsNumber:
    """``matricule`` has 15 characters, key included."""

    matricule: str | None = key("matricule")
    oid: str | None = key("oid")


@dataclass(frozen=True, slots=True)
class PrescribedPatient:
    """Traits of the patient; ``birth_name`` is the nomFamille of EF_INS25_01."""

    ins: InsNumber | None = key("ins")
    birth_name: str | None = key("nomNaissance")
    given_names: tuple[str, ...] = keys("prenoms")
    birth_date: str | None = key("naissance", DATE)
    sex: str | None = key("sexe")


@dataclass(frozen=True, slots=True)
class LpsName:
    """The software that made it."""

    name: str | None = key("nom")
    version: str | None = key("version")


@dataclass(frozen=True, slots=True)
class Quantity:
    """Of a drug, a number of EDQM packagings; of a device, a bare number."""

    value: int | None = key("valeur")
    unit: str | None = key("unite")

    @classmethod
    def shaped(cls, value: object) -> object:
        """A bare number is a quantity without unit."""
        return value if isinstance(value, Mapping) else {"valeur": value}

    def plain(self, written: dict[str, Any]) -> object:
        """A bare number again."""
        return written if self.unit is not None else self.value


@dataclass(frozen=True, slots=True)
class Substitution:
    """``code`` G allowed, N none; ``motive`` MTE, EFG or CIF with N."""

    code: str | None = key("code")
    motive: str | None = key("motif")


@dataclass(frozen=True, slots=True)
class Line:
    """One ligne de prescription, whatever its type; ``n`` counts from 1."""

    n: int | None = key("n")
    line_id: str | None = key("idLigne")
    written_type: str | None = key("eprescType")
    cis: str | None = key("cis")
    cip13: str | None = key("cip13")
    mv: str | None = key("mv")
    lpp: str | None = key("lpp")
    emdn: str | None = key("emdn")
    label: str | None = key("libelle")
    compounded: bool | None = key("preparationMagistrale")
    """Préparation magistrale: no code, a text."""
    narcotic: bool | None = key("stupefiant")
    substitution_treatment: bool | None = key("traitementSubstitutionOpiaces")
    """TSO: the pharmacy that delivers is named."""
    posology: str | None = key("posologieTexte")
    structured: Posology | None = key("posologie")
    site: str | None = key("siteAdministration")
    condition: str | None = key("precondition")
    to_patient: str | None = key("instructionPatient")
    to_dispenser: str | None = key("instructionDispensateur")
    days: int | None = key("dureeJours")
    quantity: Quantity | None = key("quantite")
    renewals: int | None = key("renouvellements")
    substitution: Substitution | None = key("substitution")
    ald: bool | None = key("ald")
    work_accident: bool | None = key("atmp")
    prevention: bool | None = key("prevention")
    not_reimbursed: bool | None = key("nonRemboursable")
    off_label: bool | None = key("horsAMM")
    urgent: bool | None = key("urgent")
    fasting: bool | None = key("aJeun")
    mentions: tuple[str, ...] = keys("mentions")
    """RTU, antibiotique soumis à protocole…: free texts."""

    @property
    def type(self) -> str:
        """``eprescType``, ``medicament`` when it is not said."""
        return self.written_type or DRUG

    @property
    def drug(self) -> bool:
        """Whether it prescribes a médicament."""
        return self.type == DRUG

    @property
    def not_substitutable(self) -> bool:
        """Whether the prescriber excluded substitution."""
        return self.substitution is not None and self.substitution.code == NO_SUBSTITUTION


@dataclass(frozen=True, slots=True)
class Executor:
    """Who executes: pharmacien, biologiste, auxiliaire."""

    rpps: str | None = key("rpps")
    family_name: str | None = key("nom")
    given_name: str | None = key("prenom")
    finess: str | None = key("finess")
    structure: str | None = key("structure")
    address: str | None = key("adresse")


@dataclass(frozen=True, slots=True)
class ExecutedLine:
    """What was done of one line; ``line`` is its ``n``, or that of a line added."""

    line: int | None = key("ligne")
    status: str | None = key("statut")
    motive: int | None = key("motif")
    sub_motive: int | None = key("sousMotif")
    quantity: Quantity | None = key("quantite")
    completeness: str | None = key("completude")
    """FFC, FFP, RFP or RFC (JDV_CompletudeDispensation)."""
    substitution: str | None = key("substitution")
    agreed: bool | None = key("accordPrescripteur")
    modified_on: str | None = key("dateModification", DATE)
    replaced_by: Line | None = key("remplacement")
    """What was delivered instead, or added."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One délivrance: a date, who did it, its lines."""

    date: str | None = key("date", DATE)
    executor: Executor | None = key("executant")
    lines: tuple[ExecutedLine, ...] = keys("lignes")

    @classmethod
    def shaped(cls, value: object) -> object:
        """An execution of one line may hold it directly."""
        if not isinstance(value, Mapping) or "ligne" not in value:
            return cast("object", value)
        held = cast("Mapping[str, object]", value)
        line = {name: held[name] for name in held if name not in ("date", "executant")}
        return {"date": held.get("date"), "executant": held.get("executant"), "lignes": [line]}

    def plain(self, written: dict[str, Any]) -> object:
        """Always a list of lines."""
        return written


@dataclass(frozen=True)
class Ordonnance(Artefact):
    """An e-prescription: header, lines, and the executions that were sent back."""

    label: ClassVar[str] = "Ordonnance numérique"
    id: str | None = key("id")
    """The 18-character number."""
    kind: str | None = key("type")
    subtype: str | None = key("sousType")
    consent: bool | None = key("consentement")
    at: str | None = key("horodatage", INSTANT)
    validity: tuple[str, ...] = keys("validite", DATE)
    """First and last day."""
    prescriber: Prescriber | None = key("prescripteur")
    replaced: Replacement | None = key("remplace")
    patient: PrescribedPatient | None = key("patient")
    flags: tuple[str, ...] = keys("flags")
    wished_executor: Executor | None = key("executantDesigne")
    wished_on: str | None = key("dateExecutionSouhaitee", DATE)
    weight: str | None = key("poidsKg")
    height: str | None = key("tailleCm")
    pregnant: bool | None = key("grossesse")
    lps: LpsName | None = key("lps")
    lines: tuple[Line, ...] = keys("lignes")
    executions: tuple[Execution, ...] = keys("executions")

    @classmethod
    def parse(cls, data: bytes | Mapping[str, Any]) -> Ordonnance:
        """Read JSON. Raises MalformedError (EP-00, hors spécification)."""
        return read_keyed(cls, data if isinstance(data, Mapping) else load_json(data))

    def to_json(self) -> dict[str, Any]:
        """The neutral JSON, without what is absent."""
        return cast("dict[str, Any]", write(self))

    def parts(self) -> Iterable[Artefact]:
        """Its number."""
        if self.id is not None:
            yield CarriedNumber(self.id, "id")

    @property
    def instant(self) -> datetime | None:
        """``horodatage`` when it is an instant with its offset, which any zone can say."""
        try:
            read_as = datetime.fromisoformat(self.at or "")
        except ValueError:
            return None
        near = MINYEAR < read_as.year < MAXYEAR
        return read_as if read_as.tzinfo and near else None

    @property
    def day(self) -> date | None:
        """The local day of prescription, as written."""
        return iso_date((self.at or "")[:10])

    @property
    def bizone(self) -> bool:
        """Whether it says that it separates ALD from the rest."""
        return BIZONE in self.flags or self.subtype == BIZONE_SUBTYPE

    def line(self, n: int | None) -> Line | None:
        """The line of a number."""
        return next((each for each in self.lines if each.n == n), None)


def iso_date(text: str | None) -> date | None:
    """A date ``AAAA-MM-JJ``, None for any other text."""
    try:
        return date.fromisoformat(text) if text and len(text) == 10 else None
    except ValueError:
        return None


def load_json(data: bytes, check_id: str = CHECK_ID) -> object:
    """Read JSON in UTF-8. Raises MalformedError."""
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MalformedError(
            check_id,
            "corps du message",
            "du JSON en UTF-8",
            str(error)[:80],
            "Envoyer un objet JSON bien formé, encodé en UTF-8.",
            artefact=Ordonnance.label,
        ) from error


def read_keyed(cls: type[T], value: object) -> T:
    """Read an object of the model. Raises MalformedError (EP-00, hors spécification)."""
    try:
        return read(cls, value)
    except KeyedError as error:
        malformed = MalformedError(
            CHECK_ID,
            error.place,
            error.expected,
            error.found,
            "Écrire cette donnée dans le type qu'attend le modèle du banc.",
            artefact=Ordonnance.label,
        )
        malformed.finding = replace(malformed.finding, hors_specification=True)
        raise malformed from error

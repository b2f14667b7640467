"""Codes and OIDs of the documents this product writes.

Values are those of the French value sets (NOS) and of CI-SIS: JDV_J01 (author
specialty), J02 (facility), J04 (practice setting), J07 (type), J10 (format),
J57 (class), J143 (gender), J245 and J246 (prefix, suffix).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A coded value: code, OID of its system (or ``URN``), label."""

    code: str
    system: str
    label: str


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of document: its typeCode and the classCode that goes with it (ASS_X04)."""

    type: Code
    class_: Code


PS_AUTHORITY = "1.2.250.1.71.4.2.1"
STRUCTURE_AUTHORITY = "1.2.250.1.71.4.2.2"
CONFIDENTIALITY_SYSTEM = "2.16.840.1.113883.5.25"
VISIBILITY_SYSTEM = "1.2.250.1.213.1.1.4.13"
AUTHOR_SPECIALTY_SYSTEM = "1.2.250.1.213.1.1.4.5"
INS_OIDS = frozenset(f"1.2.250.1.213.1.4.{n}" for n in (8, 9, 10, 11))

TEMPLATE_HL7_FRANCE = "2.16.840.1.113883.2.8.2.1"
TEMPLATE_CI_SIS = "1.2.250.1.213.1.1.1.1"
TEMPLATE_UNSTRUCTURED = "1.3.6.1.4.1.19376.1.2.20"

_LOINC = "2.16.840.1.113883.6.1"
_TRE_A05 = "1.2.250.1.213.1.1.4.12"
_CLASS = "1.2.250.1.213.1.1.4.1"

REPORT = Code("10", _CLASS, "Compte rendu")
PRESCRIPTION = Code("42", _CLASS, "Prescription")
CERTIFICATE = Code("52", _CLASS, "Certificat, déclaration")

DOCUMENT_TYPES = {
    "11488-4": DocumentType(
        Code("11488-4", _LOINC, "CR ou fiche de consultation ou de visite"), REPORT
    ),
    "96349-6": DocumentType(Code("96349-6", _LOINC, "Lettre d'adressage"), REPORT),
    "CERT_DECL": DocumentType(Code("CERT_DECL", _TRE_A05, "Certificat, déclaration"), CERTIFICATE),
}
"""The kinds of letter this product writes."""

HEALTH_PRODUCTS = DocumentType(
    Code("57833-6", _LOINC, "Prescription de produits de santé"), PRESCRIPTION
)
ORDONNANCE_TYPES = {"57833-6": HEALTH_PRODUCTS} | {
    code: DocumentType(Code(code, _TRE_A05, label), PRESCRIPTION)
    for code, label in (
        ("PRESC-BIO", "Prescription d'actes de biologie médicale"),
        ("PRESC-KINE", "Prescription d'actes de kinésithérapie"),
        ("PRESC-INF", "Prescription d'actes infirmiers"),
        ("PRESC-PEDI", "Prescription d'actes de pédicurie"),
        ("PRESC-ORTHOPHO", "Prescription d'actes d'orthophonie"),
        ("PRESC-ORTHOPTIE", "Prescription d'actes d'orthoptie"),
    )
}
"""Those of its ordonnances."""


def kind_of(type_code: str) -> DocumentType | None:
    """The kind of a typeCode, None for one that this product does not write."""
    return DOCUMENT_TYPES.get(type_code) or ORDONNANCE_TYPES.get(type_code)


NORMAL = Code("N", CONFIDENTIALITY_SYSTEM, "Normal")
MASKED_TO_PROFESSIONALS = Code("MASQUE_PS", VISIBILITY_SYSTEM, "Masqué aux professionnels de santé")
HIDDEN_FROM_PATIENT = Code("INVISIBLE_PATIENT", VISIBILITY_SYSTEM, "Non visible par le patient")
HIDDEN_FROM_REPRESENTATIVES = Code(
    "INVISIBLE_REPRESENTANTS_LEGAUX",
    VISIBILITY_SYSTEM,
    "Non visible par les représentants légaux du patient",
)

PDF_FORMAT = Code(
    "urn:ihe:iti:xds-sd:pdf:2008",
    "1.3.6.1.4.1.19376.1.2.3",
    "Document à corps non structuré en Pdf/A-1",
)
PRESCRIPTION_FORMAT = Code(
    "urn:ihe:pharm:pre:2010", "1.3.6.1.4.1.19376.1.2.3", "Prescription de produits de santé"
)
TEMPLATE_PRESCRIPTION = "1.2.250.1.213.1.1.1.39"
AMBULATORY = Code("AMBULATOIRE", "1.2.250.1.213.1.1.4.9", "Ambulatoire")
ENCOUNTER = Code("AMB", "2.16.840.1.113883.5.4", "Ambulatoire (hors établissement)")
CONSULTATION = Code("C", "1.2.250.1.215.200.3.3", "Consultation au cabinet")
"""Main act of every document of a cabinet: the NGAP letter of a consultation."""

_FACILITY = "1.2.250.1.71.4.2.4"
FACILITIES = {
    "SA05": Code("SA05", _FACILITY, "Centre de santé"),
    "SA07": Code("SA07", _FACILITY, "Cabinet individuel"),
    "SA08": Code("SA08", _FACILITY, "Cabinet de groupe"),
    "SA09": Code("SA09", _FACILITY, "Exercice en société"),
    "SA52": Code("SA52", _FACILITY, "Maison de santé ou Pôle de santé"),
}

_GENDER = "2.16.840.1.113883.5.1"
GENDERS = {
    "F": Code("F", _GENDER, "Féminin"),
    "M": Code("M", _GENDER, "Masculin"),
}
UNKNOWN_GENDER = Code("UN", _GENDER, "Inconnu")

PREFIXES = frozenset({"M", "MME"})

_PHYSICIAN_SKILLS = {
    "SM04": "Cardiologie et maladies vasculaires",
    "SM15": "Dermatologie et Vénéréologie",
    "SM20": "Gynécologie-obstétrique",
    "SM26": "Qualifié en Médecine Générale",
    "SM40": "Pédiatrie",
    "SM42": "Psychiatrie",
    "SM53": "Spécialiste en Médecine Générale",
    "SM54": "Médecine Générale",
}


def facility(sector: str) -> Code:
    """healthcareFacilityTypeCode of a secteur d'activité (``SA07`` …)."""
    return FACILITIES.get(sector, Code(sector, _FACILITY, sector))


def gender(sex: str) -> Code:
    """administrativeGenderCode; a sex locally unknown is ``UN``."""
    return GENDERS.get(sex, UNKNOWN_GENDER)


def author_specialty(profession: str, profession_label: str, skill: str | None) -> Code:
    """JDV_J01 code of a professional: ``G15_10/SM54``, ``G15_60``.

    Only physicians and pharmacists carry a savoir-faire (``skill``).
    """
    if skill is None or profession not in {"10", "21"}:
        return Code(f"G15_{profession}", AUTHOR_SPECIALTY_SYSTEM, profession_label)
    label = _PHYSICIAN_SKILLS.get(skill, skill)
    return Code(
        f"G15_{profession}/{skill}", AUTHOR_SPECIALTY_SYSTEM, f"{profession_label} - {label} (SM)"
    )

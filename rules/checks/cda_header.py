"""CDA-01 to CDA-08 and CDA-12: the file, its models, its identity, its codes.

Source of every rule: CI-SIS « Structuration minimale des documents de santé »,
revision of February 2025, as cda.md §1 and §9 read it. CDA-02 is in
:mod:`rules.checks.cda_structure`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import (
    TEMPLATE_CI_SIS,
    TEMPLATE_HL7_FRANCE,
    TEMPLATE_N1,
    ClinicalDocument,
)
from rules.formats.cda_models import MODEL_PREFIX, MODELS
from rules.formats.cda_types import Identifier
from rules.vocabulary import codes

SOURCE = "CI-SIS Structuration minimale (02/2025)"
CONFIDENTIALITY_SYSTEM = "2.16.840.1.113883.5.25"
_HEADER = "/ClinicalDocument"
_TYPE_ID = ("2.16.840.1.113883.1.3", "POCD_HD000040")
_OID = re.compile(r"[0-2](\.(0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}-[A-Z]{2}", re.ASCII)
_PRODUCTION = ("DOC/va1.12", "LGC.DOC.01")


@check(
    "CDA-01",
    title="Le document est un XML en UTF-8, et le dit",
    severity=Severity.MAJOR,
    source=f"{SOURCE} §1",
    exigences=_PRODUCTION,
)
def encoding(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Another declared encoding is refused; a missing declaration is minor."""
    declared = document.declared_encoding
    if declared is None:
        yield Finding(
            "prologue",
            '<?xml version="1.0" encoding="UTF-8"?>',
            "aucun encodage déclaré",
            "Commencer le fichier par une déclaration XML qui annonce UTF-8.",
            Severity.MINOR,
        )
    elif declared.upper() != "UTF-8":
        yield Finding(
            "prologue",
            "UTF-8",
            declared,
            "Écrire le document en UTF-8 : les autres encodages sont refusés.",
        )


@check(
    "CDA-03",
    title="typeId désigne le schéma CDA R2",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.1",
    exigences=_PRODUCTION,
)
def type_id(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """With a wrong typeId the official tool applies no header rule at all."""
    found = document.type_id
    if found is None or (found.root, found.extension) != _TYPE_ID:
        yield Finding(
            found.place if found else _HEADER,
            f'root="{_TYPE_ID[0]}" extension="{_TYPE_ID[1]}"',
            found.text if found else "absent",
            "Corriger typeId : sans lui, les outils de validation n'appliquent aucune règle "
            "d'en-tête et le document passe pour vérifié sans l'être.",
        )


@check(
    "CDA-04",
    title="realmCode FR, les deux templateId fixes, et au moins un modèle",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.1",
    exigences=_PRODUCTION,
)
def realm_and_templates(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """The templateIds say which rules the document claims to obey."""
    if document.realm_code != "FR":
        yield Finding(
            f"{_HEADER}/realmCode",
            "FR",
            document.realm_code or "absent",
            'Écrire <realmCode code="FR"/> en tête du document.',
        )
    roots = [t.root for t in document.template_ids]
    for fixed, label in ((TEMPLATE_HL7_FRANCE, "HL7 France"), (TEMPLATE_CI_SIS, "CI-SIS")):
        if fixed not in roots:
            yield Finding(
                f"{_HEADER}/templateId",
                fixed,
                ", ".join(filter(None, roots)) or "aucun",
                f"Ajouter le templateId {fixed} ({label}), obligatoire dans tout document.",
            )
    if not document.models and document.level != "N1":
        yield Finding(
            f"{_HEADER}/templateId",
            "le templateId du modèle du document",
            "aucun modèle",
            "Ajouter le templateId du volet que suit le document, avec sa version.",
        )


@check(
    "CDA-05",
    title="Un corps non structuré porte exactement les trois templateId N1, et eux seuls",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.1 et §1.9",
    exigences=_PRODUCTION,
)
def n1_templates(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """N1 ⇔ templateIds HL7 France, CI-SIS and 1.3.6.1.4.1.19376.1.2.20."""
    others = [t.root or "" for t in document.models]
    claims = TEMPLATE_N1 in others
    if (document.level == "N1") == claims and (not claims or others == [TEMPLATE_N1]):
        return
    yield Finding(
        f"{_HEADER}/templateId",
        f"le seul {TEMPLATE_N1} en plus des deux fixes"
        if document.level == "N1"
        else f"pas de {TEMPLATE_N1} avec un corps structuré",
        ", ".join(others) or "aucun",
        "Accorder les templateId et le corps : nonXMLBody va avec les trois templateId N1.",
    )


@check(
    "CDA-06",
    title="Le modèle annoncé existe dans cette version et va avec le type du document",
    severity=Severity.MAJOR,
    source="CI-SIS volets de contenu (cda.md §3, §4)",
    exigences=("DOC/va1.14",),
)
def model(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Unknown model: minor, since the list of models that we read is not complete."""
    for template in document.models:
        yield from _model_of(template, document)


def _model_of(template: Identifier, document: ClinicalDocument) -> Iterator[Finding]:
    known = MODELS.get(template.root or "")
    if known is None:
        if (template.root or "").startswith(MODEL_PREFIX):
            yield Finding(
                template.place,
                "un modèle publié du CI-SIS",
                template.text,
                "Vérifier l'OID du modèle : il n'est pas dans la liste connue du banc.",
                Severity.MINOR,
            )
        return
    if known.versions and template.extension not in known.versions:
        yield Finding(
            template.place,
            f"extension parmi {', '.join(known.versions)}",
            template.extension or "aucune extension",
            f"Indiquer la version du modèle {known.label} que suit le document.",
        )
    code = document.code.code if document.code else None
    if known.codes and code and code not in known.codes:
        yield Finding(
            f"{_HEADER}/code/@code",
            " ou ".join(known.codes),
            code,
            f"Accorder le type du document et son modèle ({known.label}).",
        )


@check(
    "CDA-07",
    title="Le type du document est dans JDV_J07, avec son système et son libellé",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.1, JDV_J07 (27/09/2024)",
    exigences=_PRODUCTION,
)
def type_code(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """A label that differs from the list's is minor."""
    place, found = f"{_HEADER}/code", document.code
    known = codes("jdv-j07-type-code").get(found.code or "") if found else None
    if found is None or known is None:
        yield Finding(
            f"{place}/@code",
            "un code de JDV_J07",
            (found and found.code) or "absent",
            "Choisir le type du document dans le jeu de valeurs JDV_J07.",
        )
        return
    if found.code_system != known.system:
        yield Finding(
            f"{place}/@codeSystem",
            known.system,
            found.code_system or "absent",
            f"Donner au code {known.code} son système : {known.system}.",
        )
    if not found.display_name or (known.label and found.display_name != known.label):
        yield Finding(
            f"{place}/@displayName",
            known.label or "le libellé du jeu de valeurs",
            found.display_name or "absent",
            "Reprendre le libellé du jeu de valeurs sans le modifier.",
            Severity.MINOR if found.display_name else None,
        )


@check(
    "CDA-08",
    title="id, setId et versionNumber sont présents et bien formés",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.1, §1.10 ; dmp.md §11.1",
    exigences=("SC.CDA/INT.18",),
)
def identifiers(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """Roots are OIDs or UUIDs; the DMP admits only an OID for ``id``."""
    for name, found in (("id", document.id), ("setId", document.set_id)):
        if found is None or not _well_formed(found.root):
            yield Finding(
                f"{_HEADER}/{name}/@root",
                "un OID ou un UUID",
                (found and found.root) or "absent",
                f"Donner au document un {name} dont root est un OID (2.25.… convient).",
            )
    in_dmp = context.exchange is not None and context.exchange.service == "dmp"
    if in_dmp and document.id and _UUID.fullmatch(document.id.root or ""):
        yield Finding(
            f"{_HEADER}/id/@root",
            "un OID",
            document.id.root or "",
            "Le DMP n'accepte qu'un OID : écrire l'UUID sous la forme 2.25.<entier>.",
        )
    if document.version is None or document.version < 1:
        yield Finding(
            f"{_HEADER}/versionNumber/@value",
            "un entier à partir de 1",
            document.version_text or "absent",
            "Numéroter les versions du document : 1, puis un de plus à chaque remplacement.",
        )


def _well_formed(root: str | None) -> bool:
    return bool(root and (_OID.fullmatch(root) or _UUID.fullmatch(root)))


@check(
    "CDA-12",
    title="Confidentialité N, R ou V et langue de la forme fr-FR",
    severity=Severity.MAJOR,
    source=f"{SOURCE} §1.1",
    exigences=_PRODUCTION,
)
def confidentiality_and_language(
    document: ClinicalDocument, _context: Context
) -> Iterator[Finding]:
    """Masking and visibility are XDS metadata, never codes of the header."""
    found = document.confidentiality
    if found is None or found.code not in ("N", "R", "V"):
        yield Finding(
            f"{_HEADER}/confidentialityCode/@code",
            "N, R ou V",
            (found and found.code) or "absent",
            "Écrire N dans l'en-tête ; masquage et visibilité se disent dans les métadonnées XDS.",
        )
    elif found.code_system != CONFIDENTIALITY_SYSTEM or not found.display_name:
        yield Finding(
            f"{_HEADER}/confidentialityCode",
            f'codeSystem="{CONFIDENTIALITY_SYSTEM}" et displayName',
            f"{found.code_system} {found.display_name}",
            "Compléter le code de confidentialité par son système et son libellé.",
        )
    if not _LANGUAGE.fullmatch(document.language or ""):
        yield Finding(
            f"{_HEADER}/languageCode/@code",
            "la forme fr-FR",
            document.language or "absent",
            "Écrire la langue avec son pays : fr-FR.",
        )

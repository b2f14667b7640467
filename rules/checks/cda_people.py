"""CDA-21 to CDA-25: author, connected user, civilities, custodian, signatory.

Source: CI-SIS « Structuration minimale » §1.3, §1.5 as cda.md reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_people import Participant
from rules.formats.cda_types import (
    HL7,
    ROOT_DMP_CUSTODIAN,
    ROOT_PROFESSIONAL,
    ROOT_STRUCTURE,
    find_all,
)
from rules.formats.numbers import is_rpps_id
from rules.vocabulary import codes
from rules.xml import place_of, text_of

SOURCE = "CI-SIS Structuration minimale (02/2025)"
_AUTHOR = "/ClinicalDocument/author/assignedAuthor"
_LEGAL = "/ClinicalDocument/legalAuthenticator"
_CUSTODIAN = "/ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization"
_FAMILIES = re.compile(
    r"G15_(10/(SM[0-9]{2}|C[0-9]{2}|CEX[0-9]{2}|CAPA[0-9]{2}|DSM[0-9]{3}|DEC[0-9]{2}|SST[0-9]{2}"
    r"|PAC[0-9]{2})|21/\S+)",
    re.ASCII,
)
_PATIENT_NAMES = ("patient", "guardianPerson")


def is_specialty(code: str | None) -> bool:
    """Whether a code is in JDV_J01, by its list or by the form of its family."""
    known = code in codes("jdv-j01-author-specialty")
    return bool(code and (known or _FAMILIES.fullmatch(code) or re.fullmatch(r"3[0-9]{2}", code)))


@check(
    "CDA-21",
    title="L'auteur professionnel a un RPPS valide, une profession, un nom, une structure",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.3, JDV_J01",
    exigences=("DOC/va1.12", "SC.SSI/IE.30"),
)
def author(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Patients and devices, which have other rules, are left out."""
    for each in document.authors:
        if each.kind == "professionnel":
            yield from _author_id(each)
            yield from _author_quality(each)


def _author_id(author: Participant) -> Iterator[Finding]:
    if author.national_id is None:
        yield Finding(
            f"{_AUTHOR}/id/@root",
            ROOT_PROFESSIONAL,
            ", ".join(i.text for i in author.ids) or "absent",
            "Identifier l'auteur par son numéro national (8 suivi du RPPS) sous cette racine.",
        )
    elif not is_rpps_id(author.national_id):
        yield Finding(
            f"{_AUTHOR}/id/@extension",
            "8 suivi d'un RPPS de 11 chiffres, clé exacte",
            author.national_id,
            "Reprendre le RPPS de l'Annuaire Santé ou de la carte, précédé de 8.",
        )


def _author_quality(author: Participant) -> Iterator[Finding]:
    code = author.code.code if author.code else None
    if not is_specialty(code):
        yield Finding(
            f"{_AUTHOR}/code/@code",
            "profession et savoir-faire de JDV_J01, par exemple G15_10/SM54",
            code or "absent",
            "Ajouter le code de profession de l'auteur : il devient authorSpecialty en XDS.",
        )
    if author.person is None or not any(f.text for f in author.person.families):
        yield Finding(
            f"{_AUTHOR}/assignedPerson/name/family",
            "le nom d'exercice",
            "absent",
            "Nommer l'auteur dans assignedPerson/name.",
        )
    if author.organization is None or not author.organization.national_id:
        yield Finding(
            f"{_AUTHOR}/representedOrganization/id",
            f"l'identifiant national de la structure sous {ROOT_STRUCTURE}",
            "absent",
            "Ajouter la structure pour laquelle l'auteur écrit.",
        )


@check(
    "CDA-22",
    title="L'auteur ou le signataire du document est le professionnel connecté",
    severity=Severity.BLOCKING,
    source="cda.md §9 ; dmp.md §8.3 (EX_2.1-1140)",
    exigences=("SC.DMP/AIRS.06",),
    needs=("professional",),
)
def author_is_the_user(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """Judged on deposits: a read or forwarded document may be a colleague's."""
    exchange, user = context.exchange, context.professional
    if user is None or (exchange and not exchange.operation.startswith("TD2.")):
        return
    people = [*document.authors, document.legal_authenticator]
    named = {p.national_id for p in people if p and p.national_id}
    if user.national_id not in named:
        yield Finding(
            f"{_AUTHOR}/id/@extension",
            user.national_id,
            ", ".join(sorted(named)) or "aucun professionnel",
            "Écrire comme auteur ou signataire le professionnel dont la session envoie.",
        )


@check(
    "CDA-23",
    title="Civilités et titres sont dans JDV_J245 et JDV_J246",
    severity=Severity.MAJOR,
    source=f"{SOURCE} §1.9",
    exigences=("DOC/va1.12",),
)
def civilities(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """``prefix`` M or MME, ``suffix`` DR, PR … in every name but the patient's."""
    lists = (("prefix", "jdv-j245-civility"), ("suffix", "jdv-j246-title"))
    for name in _names(document.root):
        for part, list_name in lists:
            for element in find_all(name, part):
                found = text_of(element) or ""
                if found not in codes(list_name):
                    yield Finding(
                        place_of(element),
                        ", ".join(codes(list_name)),
                        found or "vide",
                        "Mettre la civilité (M, MME) dans prefix, le titre (DR, PR…) dans suffix.",
                    )


def _names(root: etree._Element) -> Iterator[etree._Element]:
    for child in root.iterchildren(f"{{{HL7}}}*"):
        if etree.QName(child).localname == "component":
            continue
        for name in child.iter(f"{{{HL7}}}name"):
            parent = name.getparent()
            if parent is not None and etree.QName(parent).localname not in _PATIENT_NAMES:
                yield name


@check(
    "CDA-24",
    title="La structure conservatrice est identifiée ; pour un cabinet, c'est celle de l'auteur",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.5",
    exigences=("DOC/va1.12",),
)
def custodian(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """A custodian other than the author's structure is minor."""
    found = document.custodian
    admitted = (ROOT_STRUCTURE, ROOT_DMP_CUSTODIAN)
    if found is None or not any(i.root in admitted for i in found.ids):
        yield Finding(
            f"{_CUSTODIAN}/id/@root",
            " ou ".join(admitted),
            ", ".join(i.text for i in found.ids) if found else "absent",
            "Identifier la structure qui conserve le document par son numéro national.",
        )
        return
    structures = {
        a.organization.national_id
        for a in document.authors
        if a.organization and a.organization.national_id
    }
    if found.national_id and structures and found.national_id not in structures:
        yield Finding(
            f"{_CUSTODIAN}/id/@extension",
            ", ".join(sorted(structures)),
            found.national_id,
            "Dans un cabinet, la structure conservatrice est d'ordinaire celle de l'auteur.",
            Severity.MINOR,
        )


@check(
    "CDA-25",
    title="Le signataire légal est identifié et signe (signatureCode S)",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.3",
    exigences=("DOC/va1.12",),
)
def legal_authenticator(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Its time is judged by CDA-11."""
    found = document.legal_authenticator
    if found is None:
        yield Finding(
            _LEGAL,
            "un legalAuthenticator",
            "absent",
            "Ajouter le professionnel qui engage sa responsabilité sur le document.",
        )
        return
    if found.signature != "S":
        yield Finding(
            f"{_LEGAL}/signatureCode/@code",
            "S",
            found.signature or "absent",
            'Écrire <signatureCode code="S"/>.',
        )
    if not any(i.root and i.extension for i in found.ids):
        yield Finding(
            f"{_LEGAL}/assignedEntity/id",
            f'root="{ROOT_PROFESSIONAL}" et extension',
            "absent",
            "Identifier le signataire par son numéro national.",
        )

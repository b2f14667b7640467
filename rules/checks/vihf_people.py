"""Who the VIHF names: roles, patient, purpose, structure (DMP-VIHF-04 to 07, 10).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §3.4, §3.5, §6.2, §6.5; JDV_J38,
JDV_J65; EX_GEN-1550, EX_2.1-2005.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime

from rules.checking import check
from rules.checks.card_assertions import card_type
from rules.context import OID_INS_NIA, Context
from rules.findings import Finding, Severity
from rules.formats.certificate import Certificate
from rules.formats.dmp import DmpRequest
from rules.formats.hl7_types import Cx
from rules.formats.hl7v3 import ExistenceQuery
from rules.formats.numbers import ins_key
from rules.formats.registry import RegistryObjects
from rules.formats.vihf import (
    CONFIDENTIALITY,
    PURPOSE_OF_USE,
    RESOURCE_ID,
    ROLE,
    CodedValue,
    Vihf,
)
from rules.formats.xds import MetadataUpdate, Submission
from rules.formats.xds_query import StoredQuery
from rules.vocabulary import codes

ACCESS = ("DMP/va1.01", "DMP/va1.19")
HIDDEN_FROM_PARENTS = "INVISIBLE_REPRESENTANTS_LEGAUX"
_OF_STRUCTURES = frozenset({"CPE", "CPA"})
"""Cards whose CN is that of the card, ``xxxx/yyyy``: the NameID of their user is another
one, known to the structure (sheet of cards §4.1, sheet DMP §6.1)."""
_RESTRICTIONS = "1.2.250.1.213.1.1.4.13"

_PROFESSIONS = {
    "1.2.250.1.71.1.2.7",
    "1.2.250.1.71.1.2.8",
    "1.2.250.1.213.1.1.4.6",
    "1.2.250.1.213.1.6.1.109",
    "1.2.250.1.213.1.6.1.4",
    "1.2.250.1.213.1.6.1.140",
}
"""Systems of the first role: G15, G16, others, R95, R94, R291."""
_SPECIALITIES = {"10": "1.2.250.1.71.4.2.5", "21": "1.2.250.1.71.4.2.6"}
"""System of the second role, for the two professions that have one (R01, G05)."""
_SHAPES = {
    "10": re.compile(r"(?:SM|SCD|PAC|C|CEX|DSM|SI)\w{2,3}"),
    "21": re.compile(r"A|B|C|D|DA|DM|E|EA|EB|EC|ED|EG|EH|G|H|M"),
}
_OTHERS = {"1.2.250.1.213.1.6.1.107", "1.2.250.1.213.1.6.1.19"}
"""R85 (roles of PSMS) and R22, third and fourth."""


@check(
    "DMP-VIHF-04",
    title="Rôles du VIHF : profession, puis savoir-faire des médecins et des pharmaciens",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="GUIDE §6 par la fiche DMP §6.2 ; JDV_J65",
    rejects="DMPInvalidData",
)
def roles(vihf: Vihf, _context: Context) -> Iterator[Finding]:
    """Order, code systems, membership; the list in force was not read, families are by shape."""
    place = f"{vihf.place}/AttributeStatement/Attribute[@Name='{ROLE}']"
    if not vihf.roles:
        return  # DMP-VIHF-03 says it is missing.
    profession, *others = vihf.roles
    coded = profession.system == "1.2.250.1.71.1.2.7"
    if profession.system not in _PROFESSIONS or (
        coded and profession.code not in codes("jdv-j65-subject-role-dmp")
    ):
        yield Finding(
            f"{place}/AttributeValue[1]",
            "une profession de JDV_J65 (TRE_G15 1.2.250.1.71.1.2.7)",
            _text(profession),
            "Écrire d'abord la profession du professionnel, avec son code de TRE_G15.",
        )
    system = _SPECIALITIES.get(profession.code) if coded else None
    if system is not None:
        second = others.pop(0) if others else None
        shape = _SHAPES[profession.code]
        if second is None or second.system != system or not shape.fullmatch(second.code):
            yield Finding(
                f"{place}/AttributeValue[2]",
                f"le savoir-faire ou la section, système {system}",
                "absent" if second is None else _text(second),
                "Écrire la spécialité du médecin ou la section du pharmacien en second rôle.",
            )
    for role in others:
        if role.system not in _OTHERS:
            yield Finding(
                place,
                "au-delà, un rôle PSMS (R85) ou R22",
                _text(role),
                "N'écrire de second rôle que pour les médecins et les pharmaciens.",
            )


def _text(role: CodedValue) -> str:
    return f"{role.code or 'sans code'} ({role.system or 'sans système'})"


@check(
    "DMP-VIHF-05",
    title="Le patient du VIHF est un INS valide de cet environnement",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="fiche DMP §6.2 et §1.1 ; référentiel INS (clé du NIR)",
    rejects="DMPInvalidData",
)
def patient(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """15 characters with their key, OID of the environment, ISO, NH."""
    found = vihf.patient
    if found is None:
        return
    oids = sorted(context.environment.ins_oids)
    problem = None
    if len(found.id) != 15 or ins_key(found.id) != found.id[13:]:
        problem = "un INS de 15 caractères avec sa clé"
    elif found.authority not in (*oids, OID_INS_NIA):
        # A NIA is another rule: the LPS must not call at all (DMP-02-02).
        problem = f"un INS de domaine {' ou '.join(oids)}"
    elif (found.authority_type, found.type) != ("ISO", "NH"):
        problem = "INS^^^&OID&ISO^NH"
    if problem is not None:
        yield Finding(
            f"{vihf.place}/AttributeStatement/Attribute[@Name='{RESOURCE_ID}']",
            problem,
            found.text,
            "Écrire matricule et clé, puis l'OID INS de l'environnement : "
            "285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH.",
        )


@check(
    "DMP-VIHF-05",
    title="Le patient du VIHF est celui du message",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="fiche DMP §6.5 ; EX_3.1 RG_3010",
    rejects="XDSPatientIdDoesNotMatch",
)
def patient_of_body(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """Every patientId of the body, and the one asked for in TD0.2."""
    named = None if request.vihf is None else request.vihf.patient
    if named is None:
        return
    for place, found in _patients(request):
        if found.same_as != named.same_as:
            existence = isinstance(request.body, ExistenceQuery)
            yield Finding(
                place,
                named.text,
                found.text,
                "Mettre le même INS dans le VIHF et dans le corps de la transaction.",
                rejects="DMPInvalidData" if existence else None,
            )


def _patients(request: DmpRequest) -> Iterator[tuple[str, Cx]]:
    body = request.body
    if isinstance(body, ExistenceQuery) and body.patient is not None:
        text = f"{body.patient.extension}^^^&{body.patient.root}&ISO^NH"
        yield f"{body.place}//patientIdentifier/value", Cx(text)
    elif isinstance(body, Submission | MetadataUpdate):
        yield from _registered(body.objects)
    elif isinstance(body, StoredQuery):
        for name in ("$XDSDocumentEntryPatientId", "$XDSSubmissionSetPatientId"):
            value = body.value(name)
            if value is not None:
                yield f"{body.place}//Slot[@name='{name}']", Cx(value)


def _registered(objects: RegistryObjects) -> Iterator[tuple[str, Cx]]:
    for each in (*objects.submission_sets, *objects.entries):
        if each.patient_id is not None:
            yield f"{each.place}/ExternalIdentifier (patientId)", each.patient_id


@check(
    "DMP-VIHF-06",
    title="Le mode d'accès est une valeur de JDV_J38",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="JDV_J38 ; fiche DMP §3.4",
    rejects="DMPInvalidData",
)
def purpose(vihf: Vihf, _context: Context) -> Iterator[Finding]:
    """Code and code system; codeSystemName varies and is never looked at."""
    known = codes("jdv-j38-purpose-of-use")
    for value in vihf.codes(PURPOSE_OF_USE):
        if value.code not in known or value.system != known[value.code].system:
            yield Finding(
                f"{vihf.place}/AttributeStatement/Attribute[@Name='{PURPOSE_OF_USE}']",
                f"{', '.join(known)} (système 1.2.250.1.213.1.1.4.248)",
                _text(value),
                "Écrire le mode d'accès avec un code de JDV_J38.",
            )


@check(
    "DMP-VIHF-07",
    title="Connexion secrète : pour un mineur, et tous les documents cachés aux représentants",
    severity=Severity.BLOCKING,
    exigences=("DMP/va1.18", "LGC.DMP.02"),
    source="EX_GEN-1550, EX_0.1-1115 ; cahier CNDA 0.1-300 ; JDV_J22",
)
def secret_connection(request: DmpRequest, context: Context) -> Iterator[Finding]:
    """The code of the attribute, the age of the patient when known, the deposits."""
    vihf = request.vihf
    if vihf is None or not vihf.secret:
        return
    place = f"{vihf.place}/AttributeStatement/Attribute[@Name='{CONFIDENTIALITY}']"
    for value in vihf.codes(CONFIDENTIALITY):
        if (value.code, value.system) != (HIDDEN_FROM_PARENTS, _RESTRICTIONS):
            yield Finding(
                place,
                f"{HIDDEN_FROM_PARENTS} ({_RESTRICTIONS})",
                _text(value),
                "Écrire la restriction d'audience de JDV_J22.",
                rejects="DMPInvalidData",
            )
    age = _age(request, context)
    if age is not None and age >= 18:
        yield Finding(
            place,
            "un patient mineur",
            f"{age} ans",
            "Ne proposer la connexion secrète que pour un mineur.",
        )
    if isinstance(request.body, Submission):
        for entry in request.body.objects.documents:
            if HIDDEN_FROM_PARENTS not in entry.visibility:
                yield Finding(
                    f"{entry.place}/Classification (confidentialityCode)",
                    HIDDEN_FROM_PARENTS,
                    ", ".join(sorted(entry.visibility)) or "aucun",
                    "En connexion secrète, cacher chaque document aux représentants légaux.",
                )


def _age(request: DmpRequest, context: Context) -> int | None:
    at = context.observed_at
    named = None if request.vihf is None else request.vihf.patient
    identity = None if named is None else (context.identities or {}).get(named.id)
    if at is None or identity is None:
        return None
    try:
        born = date.fromisoformat(identity.traits.birth_date)
    except ValueError:
        return None
    return _years(born, at)


def _years(born: date, at: datetime) -> int:
    before = (at.month, at.day) < (born.month, born.day)
    return at.year - born.year - before


@check(
    "DMP-VIHF-10",
    title="Professionnel et structure du VIHF sont ceux de la carte ou du certificat",
    severity=Severity.BLOCKING,
    exigences=(*ACCESS, "SC.DMP/AIRS.06"),
    source="fiche DMP §6.5 ; EX_0.1-1020",
    rejects="DMPInvalidData",
)
def holder(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """Signature certificate, TLS certificate when known, professionals declared."""
    signature = vihf.proof
    signer = None if signature is None else signature.certificate
    for place, certificate in (("certificat de signature", signer), ("TLS", _tls(context))):
        if certificate is not None:
            yield from _of_certificate(vihf, certificate, place)
    declared = context.environment.professional(vihf.name_id)
    if declared is None or not declared.structure_id:
        return
    if vihf.structure_id not in (None, declared.structure_id):
        yield Finding(
            f"{vihf.place}/AttributeStatement/Attribute[@Name='Identifiant_Structure']",
            f"{declared.structure_id}, structure de {vihf.name_id}",
            str(vihf.structure_id),
            "Écrire la structure où le professionnel exerce, lue sur sa carte.",
        )


def _tls(context: Context) -> Certificate | None:
    der = None if context.tls is None else context.tls.certificate
    try:
        return None if der is None else Certificate.from_der(der)
    except ValueError:
        return None


def _of_certificate(vihf: Vihf, certificate: Certificate, place: str) -> Iterator[Finding]:
    unit = certificate.organizational_unit
    if unit is not None:
        if vihf.structure_id not in (None, unit):
            yield Finding(
                f"{vihf.place}/AttributeStatement/Attribute[@Name='Identifiant_Structure']",
                f"{unit} (OU, {place})",
                str(vihf.structure_id),
                "Écrire dans Identifiant_Structure la structure du certificat.",
            )
    elif certificate.common_name != vihf.name_id and card_type(certificate) not in _OF_STRUCTURES:
        yield Finding(
            f"{vihf.place}/Subject/NameID",
            f"{certificate.common_name} (CN, {place})",
            vihf.name_id or "absent",
            "Écrire dans NameID l'identifiant national du porteur de la carte.",
        )

"""The VIHF itself: signature, attributes, versions (DMP-VIHF-01 to 03, 08, 09).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §6; SAML 2.0 core; EX_AIR-040,
EX_GEN-1180, EX_GEN-1490. Roles and patient: :mod:`rules.checks.vihf_people`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.certificate import Certificate
from rules.formats.dmp import DmpRequest
from rules.formats.vihf import CONFIDENTIALITY, PURPOSE_OF_USE, RESOURCE_ID, ROLE, SUBJECT_ID, Vihf
from rules.formats.xmldsig import XmlSignature
from rules.judge import JournalView
from rules.vocabulary import codes

ACCESS = ("DMP/va1.01", "DMP/va1.19")
SUBJECT_NAME = "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"
MODES = ("DIRECTE", "INDIRECTE", "INDIRECTE_RENFORCEE")
AIR = "INDIRECTE_RENFORCEE"
SMARTCARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:SmartcardPKI"
AIR_LIFETIME = timedelta(seconds=30)
_SAML_CLASSES = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
_SECTOR_SYSTEM = "1.2.250.1.71.4.2.4"

_REQUIRED = (
    "VIHF_Version",
    "Authentification_mode",
    "Identifiant_Structure",
    "Secteur_Activite",
    ROLE,
    "Ressource_URN",
    PURPOSE_OF_USE,
    "LPS_Nom",
    "LPS_Version",
    "LPS_ID_HOMOLOGATION_DMP",
)
_OPTIONAL = (SUBJECT_ID, RESOURCE_ID, CONFIDENTIALITY, "LPS_ID")
_LEGACY = ("Mode_Acces", "Mode_Acces_Raison", "Profession", "Confidentiality_code", "LPS_Type")


@check(
    "DMP-VIHF-01",
    title="Le VIHF est signé par un certificat de signature, dont Issuer porte le nom",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="GUIDE §6 par la fiche DMP §6.4 et §6.5 ; EX_GEN-1450",
    rejects="DMPInvalidCertificate",
)
def signed(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """Digest, value, coverage, kind of certificate, chain, Issuer; place is a tolerance."""
    signature = vihf.proof
    if signature is None:
        yield Finding(
            f"{vihf.place}/Signature",
            "une signature XML enveloppée",
            "aucune",
            "Signer le VIHF avec la clé de signature de la carte ou de la structure.",
        )
        return
    if signature.problem is not None:
        yield Finding(
            signature.place,
            "une signature vérifiée qui couvre toute l'assertion",
            signature.problem,
            "Signer l'assertion telle qu'elle sera envoyée, et ne plus la reformater ensuite.",
        )
    if signature.certificate is not None:
        yield from _signer(vihf, signature, signature.certificate, context)
    yield from _signature_place(vihf)


def _signer(
    vihf: Vihf, signature: XmlSignature, certificate: Certificate, context: Context
) -> Iterator[Finding]:
    if "content_commitment" not in certificate.key_usage or certificate.for_tls_client:
        yield Finding(
            f"{signature.place}/KeyInfo",
            "un certificat de signature (nonRepudiation)",
            f"{certificate.subject}, usage {', '.join(sorted(certificate.key_usage)) or 'absent'}",
            "Signer avec le certificat de signature, non avec celui d'authentification.",
        )
    if context.environment.anchors:
        problem = certificate.chain_problem(context.environment.anchors, context.observed_at)
        if problem is not None:
            yield Finding(
                f"{signature.place}/KeyInfo",
                problem.expected,
                problem.found,
                "Signer avec un certificat en cours de validité de l'IGC de l'environnement.",
            )
    if not certificate.named(vihf.issuer) or vihf.issuer_format != SUBJECT_NAME:
        yield Finding(
            f"{vihf.place}/Issuer",
            f"{certificate.subject} (format X509SubjectName)",
            f"{vihf.issuer} (format {vihf.issuer_format})",
            "Recopier dans Issuer le sujet du certificat qui signe le VIHF.",
        )


def _signature_place(vihf: Vihf) -> Iterator[Finding]:
    names = [str(child.tag) for child in vihf.element if isinstance(child.tag, str)]
    signature = vihf.signature
    rank = 1 if signature is None else names.index(str(signature.tag))
    if rank != 1:
        yield Finding(
            f"{vihf.place}/Signature",
            "juste après Issuer (schéma SAML 2.0)",
            f"élément n° {rank + 1}",
            "Placer la signature juste après Issuer, comme le demande le schéma de SAML.",
            Severity.MINOR,
        )


@check(
    "DMP-VIHF-02",
    title="Le VIHF est signé avec SHA-256",
    severity=Severity.MINOR,
    exigences=ACCESS,
    source="fiche DMP §6.4 (traces d'homologation 2022-2023)",
)
def sha256(vihf: Vihf, _context: Context) -> Iterator[Finding]:
    """SHA-1 is seen in the examples of the guide: a warning, never a rejection."""
    signature = vihf.proof
    if signature is None:
        return
    methods = [signature.method, *(r.digest_method for r in signature.references)]
    for method in dict.fromkeys(m or "" for m in methods):
        if method.endswith("sha1"):
            yield Finding(
                f"{signature.place}/SignedInfo",
                "rsa-sha256 et sha256",
                method,
                "Passer la signature et les empreintes du VIHF à SHA-256.",
            )


@check(
    "DMP-VIHF-03",
    title="Le VIHF porte une fois chaque attribut demandé, en version 4.0",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="GUIDE §6 par la fiche DMP §6.2 ; EX_GEN-1180",
    rejects="DMPInvalidData",
)
def attributes(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """Presence, number, fixed values; legacy attributes; no AudienceRestriction."""
    place = f"{vihf.place}/AttributeStatement"
    required = (*_REQUIRED, *_needed(vihf, context))
    for name in dict.fromkeys((*required, *_OPTIONAL)):
        count = len(vihf.named(name))
        wanted = count == 1 or (count == 0 and name not in required)
        filled = count == 0 or bool(vihf.text(name)) or bool(vihf.codes(name))
        if not wanted or not filled:
            yield Finding(
                f"{place}/Attribute[@Name='{name}']",
                "une fois, avec une valeur",
                f"{count} fois" if not wanted else "vide",
                f"Écrire l'attribut {name} une fois et une seule.",
            )
    for attribute in vihf.attributes:
        if attribute.name in _LEGACY:
            yield Finding(
                attribute.place,
                "aucun attribut des anciennes versions",
                attribute.name,
                f"Retirer {attribute.name} : il n'existe plus dans le VIHF 4.0.",
            )
    if vihf.audience_restricted:
        yield Finding(
            f"{vihf.place}/Conditions/AudienceRestriction",
            "absent",
            "présent",
            "Retirer AudienceRestriction : le DMP ne l'admet pas.",
        )
    yield from _values(vihf, place)


def _needed(vihf: Vihf, context: Context) -> Iterator[str]:
    if (vihf.mode or "").startswith("INDIRECTE"):
        yield SUBJECT_ID
    if isinstance(context.within(DmpRequest), DmpRequest):
        # Every transaction read here names one patient.
        yield RESOURCE_ID


def _values(vihf: Vihf, place: str) -> Iterator[Finding]:
    if vihf.element.get("Version") != "2.0" or not vihf.id or vihf.issue_instant is None:
        yield Finding(
            vihf.place,
            'ID, IssueInstant et Version="2.0"',
            f"ID {vihf.id}, IssueInstant {vihf.element.get('IssueInstant')}, "
            f"Version {vihf.element.get('Version')}",
            "Renseigner les attributs de l'assertion SAML 2.0.",
        )
    if vihf.vihf_version not in (None, "4.0"):
        tolerated = vihf.vihf_version == "3.0"
        yield Finding(
            f"{place}/Attribute[@Name='VIHF_Version']",
            "4.0",
            str(vihf.vihf_version),
            "Passer à la version 4.0 du VIHF, celle du guide en vigueur.",
            Severity.MINOR if tolerated else None,
        )
    if vihf.mode not in (None, *MODES):
        yield Finding(
            f"{place}/Attribute[@Name='Authentification_mode']",
            " ou ".join(MODES),
            str(vihf.mode),
            "Écrire le mode d'authentification du guide.",
        )
    urn = vihf.text("Ressource_URN")
    if urn not in (None, "urn:dmp"):
        yield Finding(
            f"{place}/Attribute[@Name='Ressource_URN']",
            "urn:dmp",
            str(urn),
            "Écrire urn:dmp, la ressource demandée.",
        )
    sector = vihf.text("Secteur_Activite")
    known = vihf.sector in codes("jdv-j02-healthcare-facility")
    if sector is not None and (not known or sector != f"{vihf.sector}^{_SECTOR_SYSTEM}"):
        yield Finding(
            f"{place}/Attribute[@Name='Secteur_Activite']",
            f"SA07^{_SECTOR_SYSTEM} (code de TRE_R02)",
            sector,
            "Écrire le secteur d'activité de la structure, code et terminologie.",
        )


@check(
    "DMP-VIHF-08",
    title="Le VIHF nomme le logiciel tel qu'il est déclaré",
    severity=Severity.MAJOR,
    exigences=ACCESS,
    source="EX_GEN-1180, EX_GEN-1490 ; fiche DMP §6.2",
    needs=("environment.software",),
)
def software_named(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """Name, version and homologation number of the product under test."""
    software = context.environment.software
    if software is None:
        return
    declared = (
        ("LPS_Nom", software.name),
        ("LPS_Version", software.version),
        ("LPS_ID_HOMOLOGATION_DMP", software.dmp_homologation),
    )
    for name, value in declared:
        found = vihf.text(name)
        if value is not None and found is not None and found != value:
            secret = name == "LPS_ID_HOMOLOGATION_DMP"
            yield Finding(
                f"{vihf.place}/AttributeStatement/Attribute[@Name='{name}']",
                "le numéro d'homologation déclaré au banc" if secret else value,
                "un autre numéro" if secret else found,
                "Mettre dans le VIHF le nom et la version de l'écran « à propos », et le numéro "
                "d'homologation du logiciel.",
            )


@check(
    "DMP-VIHF-08",
    title="Le numéro d'homologation ne paraît pas dans l'adresse appelée",
    severity=Severity.MAJOR,
    exigences=ACCESS,
    source="EX_GEN-1490",
)
def number_is_secret(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """Addresses are written in the logs of proxies."""
    number = None if request.vihf is None else request.vihf.text("LPS_ID_HOMOLOGATION_DMP")
    if number and number in request.message.start_line:
        yield Finding(
            "ligne de requête",
            "aucun numéro d'homologation",
            "le numéro d'homologation DMP",
            "Ne jamais écrire le numéro d'homologation dans une adresse : il est secret.",
        )


@check(
    "DMP-VIHF-09",
    title="Le contexte d'authentification correspond à la connexion de l'utilisateur",
    severity=Severity.MAJOR,
    exigences=ACCESS,
    source="GUIDE §6 par la fiche DMP §6.3 ; EX_AIR-040",
)
def authentication_context(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """Class of the login; in AIR, declaration and age of the assertion (blocking)."""
    place = f"{vihf.place}/AuthnStatement"
    found = vihf.authn_class
    request = context.within(DmpRequest)
    bearer = isinstance(request, DmpRequest) and request.message.header("Authorization")
    if vihf.authn_instant is None:
        yield Finding(
            f"{place}/@AuthnInstant",
            "l'instant de connexion de l'utilisateur",
            "absent ou illisible",
            "Dater l'authentification de l'utilisateur, en UTC.",
        )
    if not (found or "").startswith(_SAML_CLASSES):
        yield Finding(
            f"{place}/AuthnContext/AuthnContextClassRef",
            f"{_SAML_CLASSES}…",
            found or "absent",
            "Écrire la classe SAML 2.0 du moyen de connexion de l'utilisateur.",
        )
    elif vihf.mode == "DIRECTE" and found != SMARTCARD and not bearer:
        yield Finding(
            f"{place}/AuthnContext/AuthnContextClassRef",
            SMARTCARD,
            str(found),
            "En authentification directe par carte, écrire la classe SmartcardPKI.",
        )
    if vihf.mode == AIR:
        yield from _air(vihf, context, place)


def _air(vihf: Vihf, context: Context, place: str) -> Iterator[Finding]:
    if not vihf.authn_decl:
        yield Finding(
            f"{place}/AuthnContext/AuthnContextDecl",
            "présent en authentification indirecte renforcée",
            "absent",
            "Ajouter AuthnContextDecl aux VIHF du mode AIR.",
            Severity.BLOCKING,
            rejects="DMPInvalidData",
        )
    if context.observed_at is None or vihf.issue_instant is None:
        return
    age = context.observed_at - vihf.issue_instant
    tolerance = context.environment.clock_tolerance
    if age > AIR_LIFETIME or age < -tolerance:
        yield Finding(
            f"{vihf.place}/@IssueInstant",
            "émis depuis 30 secondes au plus",
            f"émis depuis {int(age.total_seconds())} s",
            "En mode AIR, produire un VIHF neuf pour chaque appel et régler l'horloge.",
            Severity.BLOCKING,
            rejects="DMPInvalidData",
        )


@check(
    "DMP-VIHF-09",
    title="En mode AIR, un VIHF ne sert qu'une fois",
    severity=Severity.BLOCKING,
    exigences=ACCESS,
    source="EX_AIR-040",
)
def used_once(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Same assertion id in two calls."""
    seen: set[str] = set()
    for exchange, vihf in view.artefacts(Vihf, "dmp"):
        if vihf.mode != AIR or vihf.id is None:
            continue
        if vihf.id in seen:
            yield Finding(
                f"{vihf.place}/@ID",
                "un VIHF par appel",
                vihf.id,
                "Produire un VIHF neuf, avec un ID neuf, pour chaque appel.",
                exchange_id=exchange.id,
                artefact=Vihf.label,
            )
        seen.add(vihf.id)

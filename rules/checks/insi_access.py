"""INSi: who calls — organisation certificate, card assertion, PSC assertion (INS-W-09 … W-14).

Sources: EXI of SEL-MP-043 (second hand), real client assertions; sheet ``ins-insi``
§2.3, §2.8 and §7. The codes ``desir_90xx`` that a simulator answers are placeholders:
the real ones were never seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.checks.card_assertions import card_type
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.certificate import Certificate, peer_certificate
from rules.formats.insi import AssertionSigner, InsiAssertion, InsiRequest
from rules.formats.saml import X509_SUBJECT_NAME, SamlAssertion
from rules.formats.xmldsig import ENVELOPED, EXCLUSIVE_C14N, RSA_SHA256, SHA256, XmlSignature

BY_CARD = ("INS/va1.37",)
"""Authentification INSi par CPx."""
BY_ORGANISATION = ("INS/va1.14",)
"""INSi par certificat logiciel."""

LIFETIME = timedelta(hours=1)
_SCHEMA_ORDER = ("Issuer", "Signature", "Subject", "Conditions", "Advice", "AttributeStatement")
_REQUIRED = ("Issuer", "Signature", "Subject", "AttributeStatement")
_LIBERAL_SECTORS = frozenset({"SA07", "SA08", "SA09"})
_PHYSICIAN = "10"
_QUALIFIERS = {
    "CPF": frozenset({"CPS", "CPF"}),
    "CPE": frozenset({"CPS", "CPE", "CDE", "CDE-CPE"}),
    "CPA": frozenset({"CPS", "CPA", "CDA"}),
}
"""NameQualifier by type of card: ``CPS`` in the sheet of INSi, that of the card in the
sheet of cards (§6.2)."""


@check(
    "INS-W-09",
    title="Le certificat client d'organisation a pour CN INSI-AUTO ou INSI-MANU",
    severity=Severity.BLOCKING,
    exigences=BY_ORGANISATION,
    source="Fiche INSi §2.3, §2.13 (desir_560)",
    rejects="desir_560",
    needs=("tls",),
)
def organisation_certificate(request: InsiRequest, context: Context) -> Iterator[Finding]:
    """Only for calls without assertion: those are vouched for by the handshake."""
    if request.assertion is not None:
        return
    certificate = peer_certificate(context.tls)
    if certificate is None:
        yield Finding(
            "connexion TLS",
            "un certificat client INSI-AUTO ou INSI-MANU, ou une assertion signée",
            "ni l'un ni l'autre",
            "Présenter le certificat d'organisation, ou joindre l'assertion signée par la carte.",
        )
        return
    if certificate.common_name not in ("INSI-AUTO", "INSI-MANU"):
        yield Finding(
            "connexion TLS, certificat client",
            "CN=INSI-AUTO ou CN=INSI-MANU, en capitales",
            f"CN={certificate.common_name or ''}",
            "Commander un certificat d'organisation AUTH_CLI dont le CN est INSI-AUTO (appel "
            "déclenché par le logiciel) ou INSI-MANU (par un utilisateur).",
        )
    yield from _untrusted_organisation(certificate, context)


def _untrusted_organisation(certificate: Certificate, context: Context) -> Iterator[Finding]:
    problem = certificate.chain_problem(context.environment.anchors, context.observed_at)
    if context.environment.anchors and problem is not None:
        yield Finding(
            "connexion TLS, certificat client",
            problem.expected,
            problem.found,
            "Présenter un certificat en cours de validité, émis par l'IGC-Santé (de test ici).",
        )
        return
    issuer = certificate.issuer_common_name or ""
    if "ORGANISATIONS" not in issuer or re.search(r"\b(FORT|STANDARD)\b", issuer):
        yield Finding(
            "connexion TLS, certificat client",
            "gamme Élémentaire, AC … ELEMENTAIRE ORGANISATIONS",
            f"émetteur {issuer or certificate.issuer}",
            "Demander le certificat dans la gamme Élémentaire organisations de l'IGC-Santé.",
        )


@check(
    "INS-W-10",
    title="L'assertion de la carte suit l'ordre du schéma et sa signature est valide",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche INSi §2.8 B ; SAML 2.0 §2.3.3 ; XML Signature §4.4",
    rejects="desir_9002",
)
def assertion_signed(assertion: InsiAssertion, _context: Context) -> Iterator[Finding]:
    """Order Issuer, Signature, Subject, AttributeStatement; RSA-SHA256 over exc-c14n."""
    if assertion.psc:
        return
    saml = assertion.saml
    missing = [name for name in _REQUIRED if name not in saml.children]
    known = [name for name in saml.children if name in _SCHEMA_ORDER]
    if missing:
        yield Finding(
            saml.place,
            ", ".join(_REQUIRED),
            f"sans {', '.join(missing)}",
            "Compléter l'assertion : émetteur, signature de la carte, sujet et attributs.",
        )
    elif known != sorted(known, key=_SCHEMA_ORDER.index):
        yield Finding(
            saml.place,
            ", ".join(_REQUIRED),
            ", ".join(saml.children),
            "Remettre les éléments de l'assertion dans l'ordre du schéma, avant de signer.",
        )
    if saml.signature is None:
        return
    if saml.signature.problem is not None:
        yield Finding(
            saml.signature.place,
            f"une signature valide de l'assertion #{saml.id}",
            saml.signature.problem,
            "Signer l'assertion en dernier et ne plus en modifier un octet, mise en page comprise.",
        )
    yield from _algorithms(saml.signature)


def _algorithms(signature: XmlSignature) -> Iterator[Finding]:
    for reference in signature.references:
        for name, found, expected in (
            ("SignedInfo/CanonicalizationMethod", signature.canonicalization, EXCLUSIVE_C14N),
            ("SignedInfo/SignatureMethod", signature.method, RSA_SHA256),
            ("SignedInfo/Reference/DigestMethod", reference.digest_method, SHA256),
            (
                "SignedInfo/Reference/Transforms",
                " puis ".join(reference.transforms),
                f"{ENVELOPED} puis {EXCLUSIVE_C14N}",
            ),
        ):
            if found != expected:
                yield Finding(
                    f"{signature.place}/{name}",
                    expected,
                    found or "absent",
                    "Signer en RSA-SHA256 avec la canonicalisation exclusive, et rien d'autre.",
                )


@check(
    "INS-W-10",
    title="Le certificat qui signe l'assertion est un certificat de signature de carte",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche INSi §2.8 B",
    rejects="desir_9003",
    needs=("environment.anchors", "observed_at"),
)
def signer_trusted(signer: AssertionSigner, context: Context) -> Iterator[Finding]:
    """Chain, dates and gamme; the signature key of a card carries non-repudiation."""
    certificate = signer.certificate
    problem = certificate.chain_problem(context.environment.anchors, context.observed_at)
    if problem is not None:
        yield Finding(
            signer.place,
            problem.expected,
            problem.found,
            "Signer avec une carte de test en cours de validité, connue de l'environnement.",
        )
        return
    issuer = certificate.issuer_common_name or ""
    if "PERSONNES" not in issuer or "ELEMENTAIRE" in issuer:
        yield Finding(
            signer.place,
            "gamme Fort, AC … FORT PERSONNES",
            f"émetteur {issuer or certificate.issuer}",
            "Signer avec la carte du professionnel, non avec un certificat logiciel.",
        )
    elif certificate.key_usage and "content_commitment" not in certificate.key_usage:
        yield Finding(
            signer.place,
            "le certificat de signature (usage nonRepudiation)",
            ", ".join(sorted(certificate.key_usage)),
            "Signer avec le certificat de signature de la carte, non celui d'authentification.",
        )


@check(
    "INS-W-11",
    title="NameID est le CN du certificat, Issuer est son sujet",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="Fiche INSi §2.8 B",
    rejects="desir_9003",
)
def names_of_the_holder(assertion: InsiAssertion, _context: Context) -> Iterator[Finding]:
    """NameQualifier CPS, or that of the card; Issuer in X509SubjectName format, either order."""
    saml = assertion.saml
    if assertion.psc:
        return
    certificate = saml.signature.certificate if saml.signature else None
    yield from _qualifier(saml, certificate)
    if saml.issuer_format != X509_SUBJECT_NAME:
        yield Finding(
            f"{saml.place}/Issuer/@Format",
            X509_SUBJECT_NAME,
            saml.issuer_format or "absent",
            "Annoncer que Issuer porte le nom du sujet du certificat.",
        )
    if certificate is None:
        return
    if saml.name_id != certificate.common_name:
        yield Finding(
            f"{saml.place}/Subject/NameID",
            certificate.common_name or "le CN du certificat",
            saml.name_id or "absent",
            "Mettre dans NameID l'identifiant national lu dans le CN du certificat de la carte.",
        )
    if not certificate.named(saml.issuer):
        yield Finding(
            f"{saml.place}/Issuer",
            certificate.subject,
            saml.issuer or "absent",
            "Recopier dans Issuer le sujet du certificat qui signe (RFC 2253).",
        )


def _qualifier(saml: SamlAssertion, certificate: Certificate | None) -> Iterator[Finding]:
    kind = card_type(certificate) if certificate else None
    if saml.name_qualifier not in _QUALIFIERS.get(kind or "", {"CPS"}):
        yield Finding(
            f"{saml.place}/Subject/NameID/@NameQualifier",
            "CPS",
            saml.name_qualifier or "absent",
            'Écrire NameQualifier="CPS" pour une assertion signée par la carte.',
        )


@check(
    "INS-W-12",
    title="L'assertion porte identifiantFacturation, secteurActivite et, pour un médecin, "
    "codeSpecialite",
    severity=Severity.BLOCKING,
    exigences=BY_CARD,
    source="SEL-MP-043 v05.00.01 §3.2 (seconde main) ; fiche INSi §2.8 B",
)
def attributes_present(assertion: InsiAssertion, context: Context) -> Iterator[Finding]:
    """Billing number of nine digits for a liberal sector; AM speciality code."""
    if assertion.psc:
        return
    saml = assertion.saml
    sector, billing = saml.value("secteurActivite"), saml.value("identifiantFacturation")
    if not re.fullmatch(r"SA\d{2}", sector or ""):
        yield _attribute(assertion, "secteurActivite", "un code SAnn (TRE_R02)", sector)
    if not billing or (sector in _LIBERAL_SECTORS and not re.fullmatch(r"\d{9}", billing)):
        expected = "9 chiffres, clé comprise" if sector in _LIBERAL_SECTORS else "renseigné"
        yield _attribute(assertion, "identifiantFacturation", expected, billing)
    speciality = saml.value("codeSpecialite")
    if speciality is None and is_physician(assertion, context):
        yield _attribute(assertion, "codeSpecialite", "le code spécialité AM du médecin", None)
    elif speciality is not None and not re.fullmatch(r"\d{2}", speciality):
        yield _attribute(assertion, "codeSpecialite", "un code AM à deux chiffres", speciality)


def is_physician(assertion: InsiAssertion, context: Context) -> bool:
    """Whether who signed is a médecin, as declared or as their certificate says."""
    known = context.environment.professional(assertion.saml.name_id)
    if known is not None:
        return known.profession == _PHYSICIAN
    return "médecin" in (assertion.saml.issuer or "").casefold()


@check(
    "INS-W-13",
    title="L'assertion a moins d'une heure et n'est pas datée dans le futur",
    severity=Severity.MAJOR,
    exigences=BY_CARD,
    source="Fiche INSi §2.8 B",
    rejects="desir_9001",
    needs=("observed_at",),
)
def assertion_fresh(assertion: InsiAssertion, context: Context) -> Iterator[Finding]:
    """IssueInstant, with the clock tolerance of the environment."""
    at, issued = context.observed_at, assertion.saml.issue_instant
    tolerance = context.environment.clock_tolerance
    if at is None or (issued is not None and -tolerance <= at - issued < LIFETIME):
        return
    yield Finding(
        f"{assertion.saml.place}/@IssueInstant",
        f"entre {at - LIFETIME:%Y-%m-%dT%H:%M:%SZ} et {at:%Y-%m-%dT%H:%M:%SZ}",
        assertion.saml.element.get("IssueInstant") or "absent",
        "Émettre et signer une nouvelle assertion au plus tard toutes les heures.",
    )


@check(
    "INS-W-14",
    title="L'assertion Pro Santé Connect n'est pas signée et porte ses attributs",
    severity=Severity.MAJOR,
    exigences=("SC.INS/PSC.01",),
    source="SEL-MP-043 v05.00.01 (seconde main) ; fiche INSi §2.8 C",
    rejects="desir_9006",
)
def psc_assertion(assertion: InsiAssertion, _context: Context) -> Iterator[Finding]:
    """NameQualifier PSC: codeSpecialiteAMO, identifiantFacturation, secteurActivite."""
    if not assertion.psc:
        return
    saml = assertion.saml
    if saml.signature is not None:
        yield Finding(
            saml.signature.place,
            "aucune signature",
            "une signature",
            "Ne pas signer l'assertion d'un utilisateur authentifié par Pro Santé Connect.",
        )
    for name in ("codeSpecialiteAMO", "identifiantFacturation", "secteurActivite"):
        if not saml.value(name):
            yield _attribute(assertion, name, "renseigné", saml.value(name))


def _attribute(assertion: InsiAssertion, name: str, expected: str, found: str | None) -> Finding:
    return Finding(
        f"{assertion.saml.place}/AttributeStatement/Attribute[@Name='{name}']",
        expected,
        "absent" if found is None else found or "vide",
        f"Renseigner l'attribut {name} de l'assertion à partir du profil du professionnel.",
    )

"""EP-27: who calls, proved by the assertion, is who prescribes.

The assertion is that of the same family of services (apcv.md §3.2, seen on the
wire of the appli carte Vitale); how the facade authenticates is not published:
there, only an identity that is shown and differs is a finding.

Source: e-prescription.md §2, §14.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.certificate import peer_certificate
from rules.formats.jwt import Jwt, read_jwt, signed_by
from rules.formats.prescription_wire import EpAssertion, EpRequest, EpSigner
from rules.formats.xmldsig import EXCLUSIVE_C14N, RSA_SHA256, XmlSignature

SOURCE = "apcv.md §3.2, e-prescription.md §14"
LIFETIME = timedelta(hours=1)
"""Ours: that of INSi; the lifetime of this assertion is not published."""
NOBODY, REFUSED = "EP-P-020", "EP-P-021"
"""Ours, beside the catalogue of the sheet: no assertion, assertion refused."""
OTHER_PERSON = "EP-P-003"
_IDENTIFIER = 12
_HEADER = "en-tête Authorization"


@check(
    "EP-27",
    title="L'appel porte une assertion, et le RPPS qu'elle prouve est celui du prescripteur",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=OTHER_PERSON,
)
def prescriber_proved(request: EpRequest, context: Context) -> Iterator[Finding]:
    """Either of the two RPPS of a remplacement; the client certificate when no assertion."""
    if request.soap is not None and request.assertion is None:
        yield Finding(
            "/Envelope/Header/Security",
            "une assertion SAML du professionnel",
            "aucune",
            "Joindre l'assertion signée par la carte, ou faite de la session Pro Santé Connect.",
            rejects=NOBODY,
        )
        return
    yield from _token(request, context)
    proved, place = _proved(request, context)
    declared = _declared(request)
    if proved is not None and declared and proved not in declared:
        yield Finding(
            place,
            " ou ".join(f"8{rpps}" for rpps in sorted(declared)),
            f"8{proved}",
            "Faire signer l'appel par le professionnel qui prescrit : son RPPS est celui de "
            "l'ordonnance.",
        )


def _proved(request: EpRequest, context: Context) -> tuple[str | None, str]:
    """The RPPS shown, and where; only professionals have a national id of 12 digits."""
    if request.assertion is not None:
        saml = request.assertion.saml
        return _rpps(saml.name_id), f"{saml.place}/Subject/NameID"
    if request.message.header("Authorization") is not None:
        token = bearer(request)
        return _rpps(token.claim("SubjectNameID") if token else None), _HEADER
    certificate = peer_certificate(context.tls)
    name = certificate.common_name if certificate else None
    return _rpps(name), "connexion TLS, certificat client"


def bearer(request: EpRequest) -> Jwt | None:
    """The Pro Santé Connect token of a call; where it travels is our placeholder."""
    scheme, _, text = (request.message.header("Authorization") or "").partition(" ")
    return read_jwt(text) if scheme.lower() == "bearer" else None


def _token(request: EpRequest, context: Context) -> Iterator[Finding]:
    """One that is presented is a token, in date, of the user of the assertion."""
    if request.message.header("Authorization") is None:
        return
    token, at = bearer(request), context.observed_at
    user = request.assertion.saml.name_id if request.assertion else None
    found = None
    if token is None:
        found = "un jeton illisible"
    elif at is not None and token.expired(at):
        found = "un jeton périmé"
    elif context.environment.psc_keys and not signed_by(token, context.environment.psc_keys):
        found = "un jeton que Pro Santé Connect n'a pas signé"
    elif user is not None and token.claim("SubjectNameID") != user:
        found = f"le jeton de {token.claim('SubjectNameID')}"
    if found is not None:
        yield Finding(
            _HEADER,
            f"le jeton en cours de validité de {user or 'l’utilisateur'}",
            found,
            "Présenter le jeton d'accès de la session Pro Santé Connect, renouvelé à temps.",
            rejects=REFUSED,
        )


def _rpps(identifier: str | None) -> str | None:
    shaped = identifier and len(identifier) == _IDENTIFIER and identifier.isdigit()
    return identifier[1:] if shaped and identifier and identifier[0] == "8" else None


def _declared(request: EpRequest) -> set[str]:
    """RPPS that the message gives: of the prescriber, of the other one, of who asks."""
    told, asking = request.body, request.search.requester
    created = (told.prescriber, told.replaced) if request.created is not None else ()
    return {who.rpps for who in (*created, asking) if who is not None and who.rpps}


@check(
    "EP-27",
    title="L'assertion est récente ; celle de la carte est signée, celle de PSC ne l'est pas",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=REFUSED,
)
def signed(assertion: EpAssertion, context: Context) -> Iterator[Finding]:
    """Signature that holds, RSA-SHA256 over exc-c14n; NameID of the signer; just issued."""
    yield from _fresh(assertion, context)
    signature = assertion.saml.signature
    if assertion.psc:
        yield from _unsigned(assertion, signature)
    elif signature is None:
        yield Finding(
            assertion.saml.place,
            "une signature par la carte CPS",
            "aucune",
            "Signer l'assertion avec le certificat de signature de la carte.",
        )
    else:
        yield from _holds(assertion, signature)
        yield from _named(assertion, signature)


def _unsigned(assertion: EpAssertion, signature: XmlSignature | None) -> Iterator[Finding]:
    if signature is not None:
        yield Finding(
            signature.place,
            "aucune signature",
            "une signature",
            "Ne pas signer l'assertion d'un utilisateur authentifié par Pro Santé Connect.",
        )
    if not assertion.saml.value("identifiantFacturation"):
        yield Finding(
            f"{assertion.saml.place}/AttributeStatement",
            "identifiantFacturation",
            "absent",
            "Reprendre les attributs de la situation choisie dans les données de l'utilisateur.",
        )


def _holds(assertion: EpAssertion, signature: XmlSignature) -> Iterator[Finding]:
    if signature.problem is not None:
        yield Finding(
            signature.place,
            f"une signature valide de l'assertion #{assertion.saml.id}",
            signature.problem,
            "Signer l'assertion en dernier et ne plus en modifier un octet, mise en page comprise.",
        )
    used = (signature.canonicalization, signature.method)
    if used != (EXCLUSIVE_C14N, RSA_SHA256):
        yield Finding(
            f"{signature.place}/SignedInfo",
            f"{EXCLUSIVE_C14N} et {RSA_SHA256}",
            " et ".join(each or "absent" for each in used),
            "Signer en RSA-SHA256 avec la canonicalisation exclusive.",
        )


def _named(assertion: EpAssertion, signature: XmlSignature) -> Iterator[Finding]:
    certificate, name = signature.certificate, assertion.saml.name_id
    if certificate is not None and certificate.common_name != name:
        yield Finding(
            f"{assertion.saml.place}/Subject/NameID",
            certificate.common_name or "le CN du certificat",
            name or "absent",
            "Mettre dans NameID l'identifiant national lu dans le CN du certificat de la carte.",
        )


@check(
    "EP-27",
    title="Le certificat qui signe l'assertion est un certificat de signature de carte",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=REFUSED,
    needs=("environment.anchors", "observed_at"),
)
def signer(signed_by: EpSigner, context: Context) -> Iterator[Finding]:
    """Chain, dates, and the non-repudiation usage."""
    certificate = signed_by.certificate
    problem = certificate.chain_problem(context.environment.anchors, context.observed_at)
    if problem is not None:
        yield Finding(
            signed_by.place,
            problem.expected,
            problem.found,
            "Signer avec une carte en cours de validité, émise par l'IGC-Santé (de test ici).",
        )
    elif certificate.key_usage and "content_commitment" not in certificate.key_usage:
        yield Finding(
            signed_by.place,
            "le certificat de signature (usage nonRepudiation)",
            ", ".join(sorted(certificate.key_usage)),
            "Signer avec le certificat de signature de la carte, non celui d'authentification.",
        )


def _fresh(assertion: EpAssertion, context: Context) -> Iterator[Finding]:
    """Less than an hour old, and not of the future."""
    at = context.observed_at
    if at is None:
        return
    issued, tolerance = assertion.saml.issue_instant, context.environment.clock_tolerance
    if issued is not None and -tolerance <= at - issued < LIFETIME:
        return
    yield Finding(
        f"{assertion.saml.place}/@IssueInstant",
        f"entre {at - LIFETIME:%Y-%m-%dT%H:%M:%SZ} et {at:%Y-%m-%dT%H:%M:%SZ}",
        assertion.saml.element.get("IssueInstant") or "absent",
        "Émettre et signer une assertion nouvelle.",
    )

"""Appli carte Vitale: who calls (AV-04 to AV-07, AV-17).

The assertion is that of INSi signed by the card, with the specialities of TRE_R01/R38:
its rules are asked of the checks of INSi. What a PSC user sends is the bench's placeholder.

Source: sheet ``apcv`` §3.2, §8 and §9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.checks import insi_access
from rules.checks.apcv_facts import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.apcv import ApcvAssertion, ApcvRequest, ApcvSigner
from rules.formats.apcv_names import AUTHENTICATE
from rules.formats.insi import AssertionSigner, InsiAssertion

AM_SPECIALITIES = {"SM26": "01", "SM53": "01", "SM54": "01", "SM04": "03"}
"""TRE_R38 to TRE_G100, for those the sheets pair."""


@check(
    "AV-04",
    title="L'assertion de la carte est signée, dans l'ordre du schéma, au nom du certificat",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.2 (échange observé)",
    rejects="desir_9002",
)
def assertion_signed(assertion: ApcvAssertion, context: Context) -> Iterator[Finding]:
    """Signature, algorithms, Issuer; NameID is AV-05's."""
    same = InsiAssertion(assertion.saml)
    yield from insi_access.assertion_signed(same, context)
    yield from (f for f in insi_access.names_of_the_holder(same, context) if not _of_name_id(f))


@check(
    "AV-04",
    title="Le certificat qui signe est celui de signature d'une carte, de confiance",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.2 (échange observé)",
    rejects="desir_9003",
)
def signer_trusted(signer: ApcvSigner, context: Context) -> Iterator[Finding]:
    """Usage nonRepudiation; the chain when authorities and an instant are known."""
    if context.environment.anchors and context.observed_at is not None:
        same = AssertionSigner(signer.certificate, signer.place)
        yield from insi_access.signer_trusted(same, context)
    elif "content_commitment" not in signer.certificate.key_usage:
        yield Finding(
            signer.place,
            "le certificat de signature (usage nonRepudiation)",
            ", ".join(sorted(signer.certificate.key_usage)) or "aucun usage",
            "Signer avec le certificat de signature de la carte, non celui d'authentification.",
        )


@check(
    "AV-04",
    title="Une assertion du professionnel accompagne chaque appel",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.2 (échange observé)",
    rejects="desir_9004",
)
def assertion_present(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """The handshake alone vouches for nobody here."""
    if request.assertion is None:
        yield Finding(
            "/Envelope/Header/Security",
            "une assertion SAML 2.0",
            "aucune",
            "Joindre dans wsse:Security l'assertion du professionnel.",
        )


def _of_name_id(found: Finding) -> bool:
    return found.place.endswith("/NameID")


@check(
    "AV-05",
    title="NameID est le CN du certificat",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.2 (échange observé)",
    rejects="desir_9003",
)
def name_of_the_holder(assertion: ApcvAssertion, context: Context) -> Iterator[Finding]:
    """The 12 characters of the idNat."""
    named = insi_access.names_of_the_holder(InsiAssertion(assertion.saml), context)
    yield from filter(_of_name_id, named)


@check(
    "AV-05",
    title="L'assertion a moins d'une heure et n'est pas datée dans le futur",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
    rejects="desir_9001",
    needs=("observed_at",),
)
def assertion_fresh(request: ApcvRequest, context: Context) -> Iterator[Finding]:
    """IssueInstant, with the clock tolerance; its first use is judged on the journal."""
    if request.assertion is not None:
        same = InsiAssertion(request.assertion.saml)
        yield from insi_access.assertion_fresh(same, context)


@check(
    "AV-06",
    title="L'assertion porte codeSpecialite, secteurActivite et identifiantFacturation",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.2 (échange observé)",
)
def attributes_present(request: ApcvRequest, context: Context) -> Iterator[Finding]:
    """The billing number has nine digits and is that of the body.

    codeSpecialite is a savoir-faire: only physicians have one for certain.
    """
    assertion = request.assertion
    if assertion is None:
        return
    same = InsiAssertion(assertion.saml)
    required = not assertion.psc and insi_access.is_physician(same, context)
    shapes = {
        "secteurActivite": r"SA\d{2}",
        "identifiantFacturation": r"\d{9}",
        "codeSpecialite": rf"[A-Z]{{1,4}}\d{{2,3}}{'' if required else '|'}",
    }
    for name, shape in shapes.items():
        value = assertion.saml.value(name)
        if not re.fullmatch(shape, value or ""):
            yield Finding(
                f"{assertion.saml.place}/AttributeStatement/Attribute[@Name='{name}']",
                {"secteurActivite": "un code SAnn (TRE_R02)", "codeSpecialite": "un code de "
                 "savoir-faire (SM54…)"}.get(name, "9 chiffres, clé comprise"),
                value or "absent",
                f"Renseigner l'attribut {name} à partir de la situation lue dans la carte.",
            )  # fmt: skip
    billing = assertion.saml.value("identifiantFacturation")
    expected = request.billing_id or request.operation == AUTHENTICATE
    if expected and billing and request.billing_id != billing:
        yield Finding(
            "/Envelope/Body//ProfessionnelSante/IdentifiantFacturation",
            f"{billing}, celui de l'assertion",
            request.billing_id or "absent",
            "Prendre le numéro de facturation de la même situation dans l'assertion et le corps.",
        )


@check(
    "AV-07",
    title="CodeSpecialiteAMO est un code à deux chiffres qui va avec la spécialité de l'assertion",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source="Fiche ApCV §4.1 (EF_ApCVsi01_E21.2, seconde main)",
)
def speciality_consistent(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """Only pairs the sheets give are compared."""
    if request.find("Donnees") is None:
        return
    found = request.speciality
    code = request.assertion.saml.value("codeSpecialite") if request.assertion else None
    expected = AM_SPECIALITIES.get(code or "")
    if not re.fullmatch(r"\d{2}", found or "") or expected not in (None, found):
        yield Finding(
            "/Envelope/Body//ProfessionnelSante/CodeSpecialiteAMO",
            expected or "deux chiffres (TRE_G100)",
            found or "absent",
            "Traduire la spécialité de la carte en code AMO : la durée du contexte en dépend.",
        )


@check(
    "AV-17",
    title="L'assertion d'un utilisateur Pro Santé Connect n'est pas signée et a son jeton",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §8 (forme du banc, d'après ins-insi §2.8 C)",
    hors_specification=True,
    rejects="desir_9006",
)
def psc_assertion(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """Authorization Bearer, when the HTTP head is known."""
    assertion = request.assertion
    if assertion is None or not assertion.psc:
        return
    if assertion.saml.signature is not None:
        yield Finding(
            assertion.saml.signature.place,
            "aucune signature",
            "une signature",
            "Ne pas signer l'assertion d'un utilisateur authentifié par Pro Santé Connect.",
        )
    head = request.http.header("Authorization") if request.http else None
    if request.http is not None and not (head or "").lower().startswith("bearer "):
        yield Finding(
            "en-tête Authorization",
            "Bearer et le jeton d'accès",
            "absent" if head is None else "un autre schéma",
            "Joindre le jeton Pro Santé Connect : l'assertion n'étant pas signée, lui seul prouve "
            "qui appelle.",
        )

"""Conformant INSi requests, and ways to spoil exactly one thing in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from rules.context import Context, Environment, Software
from rules.exchange import Correlation, Exchange, Message, Outcome, TlsPeer
from rules.formats.certificate import Certificate
from rules.formats.soap import NS_SAML2
from tests.rules.certificates import Holder, authority, cps, organisation

NOW = datetime(2026, 3, 12, 8, 50, tzinfo=UTC)
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecTraitsIdentite"
CARD_ACTION = "urn:ServiceIdentiteCertifiee:1.0.0:rechercherInsAvecCarteVitale"
TRAITS = (
    '<r:RECSANSVITALE xmlns:r="http://www.cnamts.fr/INSiRecSans"><r:NomNaissance>TESTAVRIL'
    "</r:NomNaissance><r:Prenom>CAMILLE</r:Prenom><r:Sexe>F</r:Sexe>"
    "<r:DateNaissance>1985-07-12</r:DateNaissance></r:RECSANSVITALE>"
)
CARD = (
    '<v:RECVITALE xmlns:v="http://www.cnamts.fr/INSiRecVit"><v:MatriculeOD><v:NumIdentifiant>'
    "2850733063042</v:NumIdentifiant></v:MatriculeOD><v:DateNaissance>1985-07-12"
    "</v:DateNaissance><v:RangNaissance>1</v:RangNaissance></v:RECVITALE>"
)
ATTRIBUTES = {
    "identifiantFacturation": "331999011",
    "secteurActivite": "SA07",
    "codeSpecialite": "01",
}
PSC_ATTRIBUTES = {
    "identifiantFacturation": "331999011",
    "secteurActivite": "SA07",
    "codeSpecialiteAMO": "01",
}


def envelope(
    body: str = TRAITS,
    *,
    security: str = "",
    sender: str = "1330999004",
    action: str = ACTION,
    message_id: str = "uuid:fc8c0711-bc4a-4d1a-a74f-3058bd213599",
    instance: str = "d3119009-340f-4651-b660-6dc245ebd83b",
) -> str:
    at = "2026-03-12T08:50:00.000Z"
    return (
        f'<s:Envelope xmlns:s="{SOAP12}" xmlns:w="http://www.w3.org/2005/08/addressing"><s:Header>'
        f"{security}"
        '<b:ContexteBAM xmlns:b="urn:siram:bam:ctxbam" Version="01_02"><b:Id>1</b:Id>'
        f"<b:Temps>{at}</b:Temps><b:Emetteur>{sender}</b:Emetteur><b:COUVERTURE/></b:ContexteBAM>"
        '<l:ContexteLPS xmlns:l="urn:siram:lps:ctxlps" Version="01_00" Nature="CTXLPS">'
        f"<l:Id>2</l:Id><l:Temps>{at}</l:Temps><l:Emetteur>{sender}</l:Emetteur>"
        '<l:LPS><l:IDAM R="4">TSTBANC00042</l:IDAM><l:Version>4.2.0</l:Version>'
        f"<l:Instance>{instance}</l:Instance><l:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</l:Nom></l:LPS>"
        f"</l:ContexteLPS><w:Action>{action}</w:Action><w:MessageID>{message_id}</w:MessageID>"
        f"</s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )


def assertion(
    attributes: dict[str, str] | None = None,
    *,
    holder: Holder | None = None,
    name_id: str = "810999990012",
    qualifier: str = "CPS",
    issuer: str | None = None,
    issued: str = "2026-03-12T08:30:00Z",
    signed: bool = True,
    signer_options: dict[str, Any] | None = None,
    spoil: Callable[[etree._Element], None] | None = None,
) -> str:
    """A wsse:Security header with one assertion, signed by a card."""
    holder = holder or cps()
    name = issuer or Certificate.from_der(holder.der).subject
    values = "".join(
        f'<a:Attribute Name="{key}"><a:AttributeValue>{value}</a:AttributeValue></a:Attribute>'
        for key, value in (attributes or ATTRIBUTES).items()
    )
    placeholder = (
        '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#" Id="placeholder"/>'
        if signed
        else ""
    )
    element = etree.fromstring(
        f'<a:Assertion xmlns:a="{NS_SAML2}" ID="_a1" Version="2.0" IssueInstant="{issued}">'
        '<a:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">'
        f'{name}</a:Issuer>{placeholder}<a:Subject><a:NameID NameQualifier="{qualifier}">'
        f"{name_id}</a:NameID></a:Subject><a:AttributeStatement>{values}"
        "</a:AttributeStatement></a:Assertion>"
    )
    if signed:
        element = sign(element, holder, **(signer_options or {}))
    if spoil is not None:
        spoil(element)
    return security(etree.tostring(element).decode())


def security(content: str) -> str:
    return (
        '<wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/'
        f'oasis-200401-wss-wssecurity-secext-1.0.xsd">{content}</wsse:Security>'
    )


def sign(element: etree._Element, holder: Holder, **options: Any) -> etree._Element:
    signer = XMLSigner(
        c14n_algorithm=options.get(
            "c14n", CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
        ),
        signature_algorithm=options.get("method", SignatureMethod.RSA_SHA256),
        digest_algorithm=options.get("digest", DigestAlgorithm.SHA256),
    )
    return signer.sign(
        element,
        key=holder.key,
        cert=[holder.certificate],
        reference_uri="#_a1",
        id_attribute="ID",
    )


def by_card(**options: Any) -> str:
    return envelope(security=assertion(**options), sender=options.get("name_id", "810999990012"))


def message(xml: str | bytes, **changes: str) -> Message:
    body = xml if isinstance(xml, bytes) else xml.encode()
    return Message(
        changes.get("start_line", "POST /lps HTTP/1.1"),
        (("Content-Type", changes.get("content_type", "application/soap+xml; charset=utf-8")),),
        body,
    )


def environment() -> Environment:
    return Environment(
        software=Software("LOGICIEL ESSAI", "4.2.0", idam="TSTBANC00042"),
        anchors=(authority().der, authority("BANC AC ORGANISATIONS").der),
    )


def context(holder: Holder | None = None, **changes: Any) -> Context:
    """Circumstances of a call with an organisation certificate, unless told otherwise."""
    told: dict[str, Any] = {
        "environment": environment(),
        "observed_at": NOW,
        "tls": TlsPeer(certificate=(holder or organisation()).der),
        "identities": {},
    }
    return Context(**{**told, **changes})


def exchange(xml: str, position: int, **changes: Any) -> Exchange:
    told: dict[str, Any] = {
        "id": f"x{position}",
        "campaign": "essai",
        "position": position,
        "service": "insi",
        "operation": "rechercherInsAvecTraitsIdentite",
        "started_at": NOW,
        "answered_at": NOW,
        "peer": "127.0.0.1:1",
        "request": message(xml),
        "response": None,
        "outcome": Outcome.ACCEPTED,
        "tls": TlsPeer(certificate=organisation().der),
        "correlation": Correlation(),
    }
    return Exchange(**{**told, **changes})

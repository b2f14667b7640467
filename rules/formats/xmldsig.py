"""Enveloped XML signatures: what they cover, how, by whom, and whether they hold.

The signature is looked for only as a child of the element it must cover, and its
reference must be that very element: a valid signature over something else proves
nothing (signature wrapping).

Reference: XML Signature 1.1 (W3C REC 2013-04-11) §3.2, §4.4, §6.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from datetime import timedelta

from lxml import etree
from signxml.algorithms import DigestAlgorithm, SignatureMethod
from signxml.exceptions import InvalidDigest, InvalidInput, InvalidSignature, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from rules.formats.certificate import Certificate
from rules.formats.soap import NS_DS
from rules.xml import place_of

ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"

_DS = f"{{{NS_DS}}}"


@dataclass(frozen=True, slots=True)
class SignedReference:
    """One ds:Reference: its URI, transforms (algorithm URIs in order), digest method."""

    uri: str | None
    transforms: tuple[str, ...]
    digest_method: str | None


@dataclass(frozen=True, eq=False)
class XmlSignature:
    """An enveloped signature. ``problem`` is None when it holds for its element.

    Trust is a separate question: see :meth:`Certificate.chain_problem`.
    """

    element: etree._Element
    place: str
    canonicalization: str | None
    method: str | None
    references: tuple[SignedReference, ...]
    certificate: Certificate | None
    """The first certificate of KeyInfo, when it can be read."""
    problem: str | None
    """French: why it does not hold, or does not cover its element."""

    @property
    def holds(self) -> bool:
        """True when digests, value and reference are right."""
        return self.problem is None


def signature_of(signed: etree._Element, *, id_attribute: str = "ID") -> XmlSignature | None:
    """The signature enveloped in an element, verified; None when it has none.

    ``signed`` is the element that must be covered; it may sit anywhere in its
    document. Never raises: what cannot be verified is said in ``problem``.
    """
    element = signed.find(f"{_DS}Signature")
    if element is None:
        return None
    report = _describe(element)
    return replace(report, problem=_problem(signed, report, id_attribute))


def _describe(element: etree._Element) -> XmlSignature:
    info = f"{_DS}SignedInfo/{_DS}"
    return XmlSignature(
        element=element,
        place=place_of(element),
        canonicalization=_algorithm(element.find(f"{info}CanonicalizationMethod")),
        method=_algorithm(element.find(f"{info}SignatureMethod")),
        references=tuple(_reference(r) for r in element.findall(f"{info}Reference")),
        certificate=_certificate(element),
        problem=None,
    )


def _reference(element: etree._Element) -> SignedReference:
    transforms = element.findall(f"{_DS}Transforms/{_DS}Transform")
    return SignedReference(
        uri=element.get("URI"),
        transforms=tuple(t.get("Algorithm", "") for t in transforms),
        digest_method=_algorithm(element.find(f"{_DS}DigestMethod")),
    )


def _algorithm(element: etree._Element | None) -> str | None:
    return None if element is None else element.get("Algorithm")


def _certificate(signature: etree._Element) -> Certificate | None:
    found = signature.find(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")
    try:
        der = base64.b64decode("".join((found.text or "").split())) if found is not None else b""
        return Certificate.from_der(der) if der else None
    except (ValueError, binascii.Error):
        return None


def _problem(signed: etree._Element, report: XmlSignature, id_attribute: str) -> str | None:
    identifier = signed.get(id_attribute)
    uris = [reference.uri for reference in report.references]
    if not identifier:
        return f"l'élément signé n'a pas d'attribut {id_attribute}"
    if uris != [f"#{identifier}"]:
        return (
            f"la signature porte sur {', '.join(map(str, uris)) or 'rien'}, non sur #{identifier}"
        )
    if signed.getroottree().xpath(f"count(//*[@{id_attribute} = $id])", id=identifier) != 1:
        return f"l'identifiant {identifier} est porté par plusieurs éléments"
    if report.certificate is None:
        return "KeyInfo ne porte pas de certificat X.509 lisible"
    return _verify(signed, report.certificate, id_attribute)


def _verify(signed: etree._Element, certificate: Certificate, id_attribute: str) -> str | None:
    config = SignatureConfiguration(
        location="./",
        expect_references=1,
        # Weak algorithms are verified too: which ones are admitted is for the checks to say.
        signature_methods=frozenset(SignatureMethod),
        digest_algorithms=frozenset(DigestAlgorithm),
        # Dates are judged by the caller, at the instant observed.
        verification_time=certificate.x509.not_valid_before_utc + timedelta(seconds=1),
    )
    try:
        result = XMLVerifier().verify(
            _detached(signed),
            x509_cert=certificate.x509,
            id_attribute=id_attribute,
            expect_config=config,
        )
    except InvalidDigest:
        return "l'empreinte ne correspond pas au contenu : il a changé depuis la signature"
    except InvalidSignature:
        return "la valeur de signature ne correspond pas à la clé du certificat"
    except InvalidInput as error:
        return f"la signature ne peut pas être vérifiée ({error})"
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, AttributeError) as error:
        return f"la signature est mal construite ({_brief(error)})"
    covered = getattr(result, "signed_xml", None)
    if covered is None or covered.tag != signed.tag:
        return "la signature ne couvre pas l'élément qui la porte"
    return None


def _detached(signed: etree._Element) -> bytes:
    # Namespaces in scope are kept by lxml, so canonical forms do not change.
    return etree.tostring(signed, with_tail=False)


def _brief(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__

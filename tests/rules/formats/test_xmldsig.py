import base64

import pytest
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureMethod
from signxml.signer import XMLSigner

from rules.formats.soap import NS_DS, SoapMessage
from rules.formats.xmldsig import EXCLUSIVE_C14N, RSA_SHA256, SHA256, XmlSignature, signature_of
from tests.rules.certificates import cps, organisation
from tests.shared_data import GOLDEN, needs_shared


def sign(xml: str, **options: object) -> etree._Element:
    """Sign the element that has ID="a" in a document, as a card would."""
    root = etree.fromstring(xml)
    target = root if root.get("ID") == "a" else root.find(".//*[@ID='a']")
    signer = XMLSigner(
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        signature_algorithm=SignatureMethod.RSA_SHA256,
        digest_algorithm=DigestAlgorithm.SHA256,
    )
    signed = signer.sign(
        target, key=cps().key, cert=[cps().certificate], reference_uri="#a", id_attribute="ID"
    )
    if target is root:
        return signed
    target.getparent().replace(target, signed)
    return root


def read(element: etree._Element) -> XmlSignature:
    found = signature_of(element)
    assert found is not None
    return found


def test_a_signature_that_holds() -> None:
    report = read(sign('<x:a xmlns:x="urn:x" ID="a"><x:b>1</x:b></x:a>'))
    assert report.problem is None
    assert report.holds
    assert (report.method, report.canonicalization) == (RSA_SHA256, EXCLUSIVE_C14N)
    assert report.references[0].digest_method == SHA256
    assert report.certificate is not None
    assert report.certificate.common_name == "810999990012"


def test_inside_another_document_with_namespaces_of_its_ancestors() -> None:
    root = sign('<e xmlns="urn:e" xmlns:o="urn:o"><x:a xmlns:x="urn:x" ID="a"><o:b/></x:a></e>')
    assert read(root[0]).problem is None


def test_no_signature() -> None:
    assert signature_of(etree.fromstring('<a ID="a"/>')) is None


def test_changed_content_is_seen() -> None:
    signed = sign('<a ID="a"><b>1</b></a>')
    signed[0].text = "2"
    assert "empreinte" in (read(signed).problem or "")


def test_another_key_is_seen() -> None:
    signed = sign('<a ID="a"><b>1</b></a>')
    other = base64.b64encode(organisation().der).decode()
    signed.find(f".//{{{NS_DS}}}X509Certificate").text = other
    assert "clé du certificat" in (read(signed).problem or "")


def test_a_signature_over_something_else_proves_nothing() -> None:
    """Signature wrapping: a valid signed element hidden in a forged one."""
    genuine = sign('<a ID="a"><b>1</b></a>')
    forged = etree.fromstring('<a ID="forge"><b>2</b></a>')
    forged.append(genuine.find(f"{{{NS_DS}}}Signature"))
    forged.append(genuine)
    assert "non sur #forge" in (read(forged).problem or "")


def test_two_elements_of_one_identifier() -> None:
    genuine = sign('<a ID="a"><b>1</b></a>')
    root = etree.Element("e")
    root.append(genuine)
    etree.SubElement(root, "a", ID="a")
    assert "plusieurs éléments" in (read(genuine).problem or "")


@pytest.mark.parametrize("garbage", ["", "pas du base64 !", "AAAA"])
def test_unreadable_certificate(garbage: str) -> None:
    signed = sign('<a ID="a"><b>1</b></a>')
    signed.find(f".//{{{NS_DS}}}X509Certificate").text = garbage
    assert "certificat" in (read(signed).problem or "")


def test_signature_without_its_parts() -> None:
    empty = etree.fromstring(f'<a ID="a"><s:Signature xmlns:s="{NS_DS}"/></a>')
    report = read(empty)
    assert not report.holds
    assert report.references == ()


def test_empty_signature_value() -> None:
    signed = sign('<a ID="a"><b>1</b></a>')
    signed.find(f"{{{NS_DS}}}Signature/{{{NS_DS}}}SignatureValue").text = None
    assert not read(signed).holds


@needs_shared
@pytest.mark.parametrize(
    "name", ["insi/e04-traits-cpx-requete", "insi/e07-vitale-cpx-assure-requete"]
)
def test_golden_assertions_hold(name: str) -> None:
    """Signed by another program (xmlsec1 family): the third voice agrees."""
    message = SoapMessage.parse((GOLDEN / f"{name}.xml").read_bytes(), None, check_id="INS-W-01")
    assert read(message.assertions[0]).problem is None

import pytest

from rules.artefact import MalformedError
from rules.formats.soap import MediaType, SoapMessage
from tests.shared_data import GOLDEN, needs_shared

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"


def envelope(header: str = "", body: str = "<a xmlns='urn:a'/>", ns: str = SOAP12) -> bytes:
    return (
        f'<e:Envelope xmlns:e="{ns}" xmlns:w="http://www.w3.org/2005/08/addressing">'
        f"<e:Header>{header}</e:Header><e:Body>{body}</e:Body></e:Envelope>"
    ).encode()


def parse(data: bytes, content_type: str | None = "application/soap+xml") -> SoapMessage:
    return SoapMessage.parse(data, content_type, check_id="INS-W-01")


def test_addressing_is_read_whatever_its_order() -> None:
    message = parse(
        envelope(
            "<w:To> urn:la </w:To><!-- c --><w:RelatesTo>uuid:2</w:RelatesTo>"
            "<w:ReplyTo><w:Address>urn:ici</w:Address></w:ReplyTo>"
            "<w:MessageID>uuid:1</w:MessageID><w:Action>urn:fais</w:Action>"
        )
    )
    assert (message.action, message.message_id, message.to) == ("urn:fais", "uuid:1", "urn:la")
    assert (message.reply_to, message.relates_to) == ("urn:ici", "uuid:2")
    assert message.version == "1.2"
    assert len(message.header_blocks) == 5
    assert message.payload is not None
    assert message.payload.tag == "{urn:a}a"


def test_soap_11_is_told_apart_not_refused() -> None:
    message = parse(envelope(ns="http://schemas.xmlsoap.org/soap/envelope/"))
    assert message.version == "1.1"


@pytest.mark.parametrize(
    ("data", "place"),
    [
        (b"<a/>", "/a"),
        (f'<e:Envelope xmlns:e="{SOAP12}"/>'.encode(), "/Envelope"),
        (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "prologue"),
        (envelope()[:60], "ligne 1"),
        (b"", "ligne"),
    ],
)
def test_what_is_no_envelope_says_where(data: bytes, place: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse(data)
    assert caught.value.finding.place.startswith(place)
    assert caught.value.finding.check_id == "INS-W-01"


def test_media_type_parameters() -> None:
    media = MediaType.parse('Application/SOAP+xml; Charset=utf-8; action="urn:a;b"')
    assert media.name == "application/soap+xml"
    assert media.parameter("charset") == "utf-8"
    assert media.parameter("action") == "urn:a;b"
    assert MediaType.parse(None).name == ""


@needs_shared
def test_gateway_and_application_faults_of_the_golden_story() -> None:
    gateway = parse((GOLDEN / "insi/e10-faute-passerelle-idam-reponse.xml").read_bytes()).fault
    application = parse(
        (GOLDEN / "insi/e12-faute-application-technique-reponse.xml").read_bytes()
    ).fault
    assert gateway is not None
    assert application is not None
    assert (gateway.code, gateway.subcode, gateway.language) == ("Sender", "siram_100", "fr")
    assert (application.code, application.subcode) == ("Receiver", "siram_40")
    assert gateway.detail is not None

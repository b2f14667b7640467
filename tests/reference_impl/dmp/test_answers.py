"""Reading the DMP: golden answers, faults, and what is not an answer."""

from __future__ import annotations

import httpx
import pytest
from lxml import etree

from reference_impl.dmp import channel, errors, patients, queries, soap
from reference_impl.errors import OutcomeUnknownError, RefusedError, UnavailableError
from reference_impl.ports import DmpStatus
from reference_impl.xmltree import UnreadableXmlError, parse
from tests.shared_data import GOLDEN, needs_shared

DMP = GOLDEN / "dmp"


def golden(name):
    """Content-Type and body of a golden answer."""
    head, _, body = (DMP / f"{name}.http").read_bytes().partition(b"\r\n\r\n")
    lines = head.decode("latin-1").splitlines()
    content_type = next(x for x in lines if x.lower().startswith("content-type:"))
    return soap.read(content_type.partition(":")[2].strip(), body)


@needs_shared
@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("t01-td02-actif-non-autorise-reponse", DmpStatus("actif", "NON_EXISTE")),
        ("t02-td02-absent-reponse", DmpStatus("absent")),
        ("t03-td02-ferme-reponse", DmpStatus("fermé", "NON_EXISTE")),
        ("t08-td02-actif-autorise-reponse", DmpStatus("actif", "VALIDE")),
    ],
)
def test_existence(name, status):
    assert patients.read_existence(golden(name).body) == status


@needs_shared
@pytest.mark.parametrize("name", ["t07-td03-ajout-reponse", "t07bis-td03-ajout-repete-reponse"])
def test_authorization_accepted(name):
    patients.read_authorization(golden(name).body)
    assert golden(name).body.findtext("{*}output/{*}status") == "DMPOk"


@needs_shared
def test_deposit_accepted():
    assert queries.read_outcome(golden("t04-td21-depot-reponse").body) == queries.Outcome()


@needs_shared
@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("t04bis-td21-echec-doublon-reponse", "XDSDuplicateUniqueIdInRegistry"),
        ("t04ter-td21-echec-dmp-ferme-reponse", "DMPClosed"),
    ],
)
def test_deposit_refused_with_the_code_of_the_service(name, code):
    with pytest.raises(RefusedError) as refused:
        queries.read_outcome(golden(name).body)
    assert refused.value.code == code


@needs_shared
def test_a_fault_gives_its_subcode_and_a_french_sentence():
    error = errors.fault(golden("t04quater-faute-soap-vihf-reponse").body)
    assert isinstance(error, RefusedError)
    assert error.code == "DMPInvalidCertificate"
    assert "certificat de signature" in error.message


@needs_shared
def test_search_lists_titles_types_and_states():
    entries = queries.read_entries(golden("t09-td31a-finddocuments-leafclass-reponse").body)
    assert [(e.title, e.type_code, e.state) for e in entries] == [
        ("CR de consultation (version 2)", "11488-4", "Approved"),
        ("CR d'examens biologiques", "11502-2", "Approved"),
    ]
    assert entries[0].unique_id == "2.25.22108048793401824409676937122962609516"


@needs_shared
def test_a_reference_gives_the_entry_uuid():
    reply = golden("t05bis-td31b-getdocuments-objectref-reponse")
    assert queries.read_reference(reply.body) == "urn:uuid:29ce5656-db7a-4725-b5f0-cc6112c2163c"


@needs_shared
def test_retrieval_gives_back_the_bytes_deposited():
    deposited = (DMP / "t06-td21b-remplacement/document.xml").read_bytes()
    reply = golden("t11-td32-consultation-reponse")
    unique_id = "2.25.22108048793401824409676937122962609516"
    assert queries.read_document(reply, unique_id) == deposited
    with pytest.raises(OutcomeUnknownError):
        queries.read_document(reply, "2.25.1")


def registry(status, *codes):
    root = etree.fromstring(
        f'<rs:RegistryResponse xmlns:rs="{queries.RS}" '
        f'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:{status}"/>'
    )
    errors_list = etree.SubElement(root, f"{{{queries.RS}}}RegistryErrorList")
    for code, severity in codes:
        etree.SubElement(
            errors_list,
            f"{{{queries.RS}}}RegistryError",
            errorCode=code,
            codeContext="texte",
            severity=f"urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:{severity}",
        )
    return root


def test_warnings_of_a_success_are_kept():
    answer = registry("Success", ("XDSExtraMetadataNotSaved", "Warning"))
    assert queries.read_outcome(answer).warnings == ("XDSExtraMetadataNotSaved",)


@pytest.mark.parametrize("code", ["XDSRepositoryBusy", "XDSRegistryNotAvailable"])
def test_a_busy_service_is_to_be_tried_again(code):
    with pytest.raises(UnavailableError):
        queries.read_outcome(registry("Failure", (code, "Error")))


@pytest.mark.parametrize("status", ["PartialSuccess", "Failure"])
def test_a_failure_without_error_is_still_a_refusal(status):
    with pytest.raises(RefusedError, match=status):
        queries.read_outcome(registry(status))


def test_an_unknown_code_is_shown_as_it_came():
    with pytest.raises(RefusedError) as refused:
        queries.read_outcome(registry("Failure", ("DMPInedit", "Error")))
    assert (refused.value.code, "texte" in refused.value.message) == ("DMPInedit", True)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (503, UnavailableError),
        (429, UnavailableError),
        (502, OutcomeUnknownError),
        (500, OutcomeUnknownError),
        (404, RefusedError),
    ],
)
def test_an_answer_that_is_no_soap_tells_whether_to_send_again(status, error):
    response = httpx.Response(status, headers={"content-type": "text/html"}, content=b"<html>")
    with pytest.raises(error):
        channel._read(response)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/soap+xml", b"<a/>"),
        ("application/soap+xml", b"<soap:Envelope"),
        ("multipart/related; boundary=x", b""),
        ("multipart/related; boundary=x", b"--y\r\n\r\nrien\r\n--y--"),
        ("application/soap+xml", b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>'),
    ],
)
def test_what_is_not_an_envelope_is_never_read(content_type, content):
    with pytest.raises(UnreadableXmlError):
        soap.read(content_type, content)


def test_an_entity_bomb_is_refused():
    bomb = b'<!DOCTYPE a [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(UnreadableXmlError):
        parse(bomb)

"""Each named defect of the transport raises exactly its checks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from rules.exchange import Exchange, Outcome, TlsPeer
from rules.findings import Severity
from rules.formats.dmp import DmpRequest
from rules.judge import read, rejection
from tests.rules.dmp import golden
from tests.rules.dmp.golden import Edit, cut, swap

CARD = golden.der("certs/cps-authentification.pem")
SUITE = 0xC030


def tls(**changes: object) -> set[str]:
    peer = TlsPeer(
        version="TLSv1.2",
        cipher="ECDHE-RSA-AES256-GCM-SHA384",
        sni="lps.dev1.dmp.gouv.fr",
        certificate=CARD,
        offered_versions=("TLSv1.2", "TLSv1.3"),
        offered_ciphers=(0x1301, SUITE),
    )
    exchange = replace(golden.exchange(golden.T01), tls=replace(peer, **changes))
    return golden.ids(golden.judged(exchange))


def test_a_whole_handshake_raises_nothing() -> None:
    assert tls() == set()


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        ("DMP-TLS-01", {"version": "TLSv1.1", "offered_versions": ("TLSv1.1",)}),
        ("DMP-TLS-01", {"offered_ciphers": (0x002F,)}),
        ("DMP-TLS-01", {"sni": None}),
        ("DMP-TLS-02", {"certificate": None}),
        ("DMP-TLS-02", {"certificate": b"certificat illisible"}),
        ("DMP-TLS-02", {"certificate": golden.der("certs/cps-signature.pem")}),
        ("DMP-TLS-02", {"certificate": golden.der("certs/org-dmp-authentification.pem")}),
    ],
)
def test_a_handshake_defect_raises_its_check(expected: str, changes: dict[str, object]) -> None:
    assert tls(**changes) == {expected}


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_host_that_sni_cannot_carry_is_not_asked_for(host: str) -> None:
    """RFC 6066 §3: qualified names only. Java, for one, sends no SNI to localhost."""
    exchange = replace(
        golden.exchange(golden.T01),
        host=host,
        tls=TlsPeer(version="TLSv1.2", offered_ciphers=(SUITE,), certificate=CARD),
    )
    assert "DMP-TLS-01" not in golden.ids(golden.judged(exchange))


def test_a_failed_handshake_is_judged_too() -> None:
    failed = replace(
        golden.exchange(golden.T01),
        operation="TLS",
        request=replace(golden.message(f"{golden.T01}-requete"), body=b""),
        response=None,
        tls=TlsPeer(offered_versions=("TLSv1",), sni="localhost"),
    )
    assert golden.ids(golden.judged(failed)) == {"DMP-TLS-01"}


TO = "https://lps.dev1.dmp.gouv.fr/si-dmp-server/v2/services/patients"
HEADERS: dict[str, tuple[str, str | None, Edit]] = {
    "SOAP 1.1": (
        "DMP-SOAP-01",
        "VersionMismatch",
        swap(
            "http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/"
        ),
    ),
    "action d'une autre transaction": (
        "DMP-SOAP-01",
        "ActionNotSupported",
        swap(">urn:hl7-org:v3:PRPA_IN201307UV02<", ">urn:ihe:iti:2007:RegistryStoredQuery<"),
    ),
    "corps inconnu": (
        "DMP-SOAP-01",
        "ActionNotSupported",
        swap("PRPA_IN201307UV02 xmlns", "PRPA_IN201305UV02 xmlns"),
    ),
    "sans action": (
        "DMP-SOAP-02",
        "MessageAddressingHeaderRequired",
        cut("<Action", "</Action>"),
    ),
    "sans MessageID": (
        "DMP-SOAP-02",
        "MessageAddressingHeaderRequired",
        cut("<MessageID", "</MessageID>"),
    ),
    "MessageID qui n'est pas un UUID": (
        "DMP-SOAP-02",
        "MessageAddressingHeaderRequired",
        swap("urn:uuid:293a0b7a-a746-45d6-8808-5e16df0ce124<", "message-1<"),
    ),
    "deux actions": (
        "DMP-SOAP-02",
        "MessageAddressingHeaderRequired",
        swap(
            "<MessageID",
            '<Action xmlns="http://www.w3.org/2005/08/addressing">x</Action><MessageID',
        ),
    ),
    "réponse demandée ailleurs": (
        "DMP-SOAP-02",
        "MessageAddressingHeaderRequired",
        swap("/addressing/anonymous<", "/addressing/none<"),
    ),
    "autre adresse": (
        "DMP-SOAP-02",
        "InvalidAddressingHeader",
        swap(TO, TO.replace("patients", "registry")),
    ),
    "autre hôte": (
        "DMP-SOAP-02",
        "InvalidAddressingHeader",
        swap(TO, TO.replace("dev1", "dev2")),
    ),
    "adresse illisible": ("DMP-SOAP-02", "InvalidAddressingHeader", swap(TO, "https://[")),
    "adresse vide": ("DMP-SOAP-02", None, swap(f">{TO}<", "><")),
    "sans VIHF": ("DMP-SOAP-03", "DMPInvalidData", cut("<wsse:Security", "</wsse:Security>")),
}


@pytest.mark.parametrize("defect", HEADERS)
def test_a_header_defect_raises_its_check(defect: str) -> None:
    expected, code, edit = HEADERS[defect]
    exchange = golden.edited(golden.exchange(golden.T01), _closing(edit))
    judgement = golden.judged(exchange)
    assert golden.ids(judgement) == {expected}
    assert _code(exchange) == code
    if defect == "adresse vide":
        assert {f.severity for f in judgement.findings} == {Severity.MINOR}


def _closing(edit: Edit) -> Edit:
    return lambda text: edit(text).replace(
        "</PRPA_IN201307UV02>",
        "</PRPA_IN201305UV02>" if "<PRPA_IN201305UV02" in edit(text) else "</PRPA_IN201307UV02>",
    )


def _code(exchange: Exchange) -> str | None:
    request = read(exchange).first(DmpRequest)
    assert request is not None
    found = rejection(request, golden.context(exchange))
    return None if found is None else found.rejects


def test_two_assertions_are_one_too_many() -> None:
    def twice(text: str) -> str:
        start, stop = text.index("<saml2:Assertion"), text.index("</wsse:Security>")
        return text[:stop] + text[start:stop].replace('ID="_', 'ID="_2') + text[stop:]

    found = golden.ids(golden.judged(golden.edited(golden.exchange(golden.T01), twice)))
    assert "DMP-SOAP-03" in found


def test_an_assertion_outside_security_is_seen() -> None:
    def moved(text: str) -> str:
        start, stop = text.index("<saml2:Assertion"), text.index("</wsse:Security>")
        copy = text[start:stop].replace('ID="_', 'ID="_2')
        return text.replace("</soap:Header>", f"{copy}</soap:Header>")

    found = golden.ids(golden.judged(golden.edited(golden.exchange(golden.T01), moved)))
    assert found == {"DMP-SOAP-03"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Type", "text/xml; charset=utf-8"),
        ("Content-Type", 'application/soap+xml; action="urn:autre"'),
    ],
)
def test_media_type_and_action_are_those_of_the_body(name: str, value: str) -> None:
    exchange = golden.exchange(golden.T01)
    headers = tuple((k, value if k == name else v) for k, v in exchange.request.headers)
    exchange = replace(exchange, request=replace(exchange.request, headers=headers))
    assert golden.ids(golden.judged(exchange)) == {"DMP-SOAP-01"}


def test_a_wrong_path_is_seen() -> None:
    exchange = golden.exchange(golden.T01)
    start = exchange.request.start_line.replace("patients", "registry")
    exchange = replace(exchange, request=replace(exchange.request, start_line=start))
    assert golden.ids(golden.judged(exchange)) == {"DMP-SOAP-01", "DMP-SOAP-02"}


def test_a_message_id_serves_once_but_for_a_lost_answer() -> None:
    first = golden.exchange(golden.T01)
    again = replace(first, id="encore")
    assert "DMP-SOAP-02" in golden.sequence(first, again)
    lost = replace(first, outcome=Outcome.UNANSWERED, response=None)
    assert "DMP-SOAP-02" not in golden.sequence(lost, again)


@pytest.mark.parametrize(
    ("body", "check"),
    [
        (b"", "DMP-SOAP-01"),
        (b"<a", "DMP-SOAP-01"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "DMP-SOAP-01"),
        (b"<a/>", "DMP-SOAP-01"),
    ],
)
def test_an_unreadable_request_is_a_finding(body: bytes, check: str) -> None:
    exchange = golden.exchange(golden.T01)
    reading = read(replace(exchange, request=replace(exchange.request, body=body)))
    assert [problem.check_id for problem in reading.problems] == [check]
    assert reading.artefacts == ()


def test_a_truncated_multipart_is_a_finding() -> None:
    exchange = golden.exchange(golden.T04)
    cut_short = replace(exchange.request, body=exchange.request.body[:40000])
    reading = read(replace(exchange, request=cut_short))
    assert [problem.check_id for problem in reading.problems] == ["DMP-21-01"]


def test_an_answer_that_is_no_soap_leaves_the_request_judged() -> None:
    exchange = golden.exchange(golden.T01)
    html = replace(exchange.response or exchange.request, body=b"<html>503</html>")
    reading = read(replace(exchange, response=html, outcome=Outcome.FAILED))
    assert reading.first(DmpRequest) is not None
    assert reading.problems == ()

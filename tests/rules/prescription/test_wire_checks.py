"""Every rule on calls: a conformant one raises nothing, a defect exactly its check."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jwk
from lxml import etree

from rules.context import Context, Environment, Software
from rules.exchange import Outcome, TlsPeer
from rules.findings import Severity
from rules.formats.prescription_adapter import parse
from rules.formats.prescription_wire import EpRequest, read_request, request_of
from tests.rules.certificates import cps
from tests.rules.insi.messages import assertion
from tests.rules.prescription.calls import (
    LPS,
    NOW,
    ORDONNANCE,
    SOAP12,
    context,
    created,
    exchange,
    found,
    ids,
    line,
    message,
    ordonnance,
    refused,
    request,
    sequence,
)
from tests.rules.prescription.official import NAME, OFFICIAL
from tests.rules.psc_messages import KEY, signed

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
OTHER_KEY = jwk.RSAKey.generate_key(2048, {"kid": "cle-1"})
PATIENT = ORDONNANCE["patient"]
PRESCRIBER = ORDONNANCE["prescripteur"]
NARCOTIC = line(
    stupefiant=True, dureeJours=28, posologieTexte="un comprimé matin et soir (dix milligrammes)"
)
IN_DIGITS = {**NARCOTIC, "posologieTexte": "2 par jour"}
TSO = line(**{**NARCOTIC, "traitementSubstitutionOpiaces": True})


def excluding(motive: str | None) -> dict[str, Any]:
    return line(substitution={"code": "N", **({"motif": motive} if motive else {})})


def with_ins(**changes: str) -> dict[str, Any]:
    return {**PATIENT, "ins": {**PATIENT["ins"], **changes}}


def born(day: str) -> dict[str, Any]:
    return {**PATIENT, "naissance": day}


@pytest.mark.parametrize("form", ["json", "soap"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"id": "04B5BBY213H9WH0035"},
        {"lignes": [excluding("MTE"), excluding("CIF")]},
        {"lignes": [excluding("EFG")], "patient": born("2020-03-13")},
        {"lignes": [line(ald=True), line()], "flags": ["MED-1096"], "sousType": "BZN"},
        {"lignes": [line(ald=True)]},
        {"lignes": [{"eprescType": "acteInfirmier", "libelle": "Pansement"}]},
        {"lignes": [line(cis=None, cip13=None, preparationMagistrale=True)]},
        {"lignes": [line(eprescType="dispositifMedical", cis=None, cip13=None, lpp="1215702")]},
        {"lignes": [line(eprescType="dispositifMedical", cis=None, cip13=None)]},
        {"lignes": [NARCOTIC], "flags": ["MED-1098"]},
        {
            "lignes": [TSO],
            "flags": ["MED-1098"],
            "executantDesigne": {"structure": "PHARMACIE FICTIVE DU BANC"},
        },
        {"validite": ["2026-03-12", "2027-03-12"]},
        {"validite": ["9999-03-12", "9999-12-31"]},
        {"remplace": {"rpps": "10999992026"}},
        {"patient": {**PATIENT, "ins": None}},
        {"patient": {**PATIENT, "nomNaissance": "T" * 100}},
    ],
)
def test_conformant_ordonnances(form: str, changes: dict[str, Any]) -> None:
    assert created(form, **changes) == []


DEFECTS: list[tuple[str, dict[str, Any]]] = [
    ("EP-00", {"lignes": []}),
    ("EP-02", {"id": "04B5BBY113H9WH003"}),
    ("EP-02", {"id": "04B5BBY113H9WHO035"}),
    ("EP-02", {"id": "04B5BBY113H9WHYGJ0"}),
    ("EP-03", {"id": "04B4BBY113H9WH0035"}),
    ("EP-03", {"horodatage": "2026-03-12T11:21:07+01:00"}),
    ("EP-04", {"id": "04B5BBW113H9WH0035"}),
    ("EF_INS25_01", {"patient": {**PATIENT, "nomNaissance": "T" * 101}}),
    ("EF_INS25_01", {"patient": {**PATIENT, "nomNaissance": " "}}),
    ("EF_INS25_01", {"patient": None}),
    ("EP-11", {"remplace": {"rpps": "10999992027"}}),
    ("EP-11", {"prescripteur": {**PRESCRIBER, "am": "331999012"}}),
    ("EP-11", {"prescripteur": {**PRESCRIBER, "am": "33199901"}}),
    ("EP-11", {"remplace": {"nom": "SANS RPPS"}}),
    ("EP-12", {"remplace": {"rpps": PRESCRIBER["rpps"]}}),
    ("EP-13", {"consentement": None}),
    ("EP-16", {"lignes": [excluding(None)]}),
    ("EP-16", {"lignes": [excluding("MTE-PH")]}),
    ("EP-17", {"lignes": [excluding("EFG")], "patient": born("2020-03-12")}),
    ("EP-18", {"lignes": [line(ald=True), line()]}),
    ("EP-18", {"lignes": [line(ald=None)]}),
    ("EP-21", {"validite": ["2026-03-12", "2026-03-11"]}),
    ("EP-21", {"validite": ["2026-03-12", "2027-03-13"]}),
    ("EP-21", {"validite": ["2024-02-29", "2026-03-02"]}),
    ("EP-21", {"validite": ["2026-03-12"]}),
    ("EP-21", {"validite": ["12/03/2026", "12/06/2026"]}),
    ("EP-22", {"lignes": [line(cis=None)]}),
    ("EP-22", {"lignes": [line(cis="6310775")]}),
    ("EP-22", {"lignes": [line(cip13="3400933516391")]}),
    ("EP-22", {"lignes": [line(cip13="3300933516391")]}),
    ("EP-22", {"lignes": [line(eprescType="dispositifMedical", lpp="121570")]}),
    ("EP-23", {"lignes": [NARCOTIC]}),
    ("EP-23", {"lignes": [{**NARCOTIC, "dureeJours": 29}], "flags": ["MED-1098"]}),
    ("EP-23", {"lignes": [IN_DIGITS], "flags": ["MED-1098"]}),
    ("EP-23", {"lignes": [TSO], "flags": ["MED-1098"]}),
    ("EP-34", {"patient": with_ins(oid="1.2.250.1.213.1.4.8")}),
    ("EP-34", {"patient": with_ins(matricule="2850733063042")}),
]


@pytest.mark.parametrize("form", ["json", "soap"])
@pytest.mark.parametrize(("check_id", "changes"), DEFECTS)
def test_a_defect_is_found_by_its_check_alone(
    form: str, check_id: str, changes: dict[str, Any]
) -> None:
    assert created(form, **changes) == [check_id]


def by_editor(content: dict[str, Any]) -> EpRequest:
    """An EP4 on a wire that has nothing of ours, with the headers of the family."""
    adapter = parse(OFFICIAL, NAME)
    named = adapter.operation("EP4")
    assert named is not None
    sent = message("EP4", content, "soap")
    envelope = etree.fromstring(sent.body.replace(SOAP12.encode(), SOAP11.encode()))
    envelope[-1][0] = adapter.write_element(named.request, content)
    written = replace(
        sent, start_line=f"POST {named.path} HTTP/1.1", headers=(), body=etree.tostring(envelope)
    )
    read = request_of(adapter.read_request(written), written)
    assert read is not None
    return read


SPELT = [("", {}), *(each for each in DEFECTS if "12/03/2026" not in str(each))]
"""Without a date that this wire has no way to write."""


@pytest.mark.parametrize(("check_id", "changes"), SPELT)
def test_a_wire_of_an_editor_is_judged_alike(check_id: str, changes: dict[str, Any]) -> None:
    assert ids(by_editor(ordonnance(**changes))) == ([check_id] if check_id else [])


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        (None, {}),
        ("EP-P-002", {"id": "04B5BBY113H9WH003"}),
        ("EP-P-002", {"id": "04B6BBY113H9WH0035", "horodatage": "2026-03-13T10:21:07+01:00"}),
        ("EP-P-005", {"patient": None}),
        ("EP-P-006", {"lignes": []}),
        (None, {"lignes": [excluding(None)]}),
        (None, {"horodatage": "2026-03-12T10:27:00+01:00"}),
    ],
)
def test_the_code_that_the_service_answers(code: str | None, changes: dict[str, Any]) -> None:
    assert refused(request("EP4", ordonnance(**changes))) == code


def test_a_number_of_the_future_fails_and_one_of_a_slow_clock_is_a_warning() -> None:
    told = request("EP4", ordonnance())
    for early, severity in (
        (timedelta(minutes=6), Severity.MINOR),
        (timedelta(days=1), Severity.MAJOR),
    ):
        (finding,) = found(told, context(observed_at=NOW - early))
        assert (finding.check_id, finding.severity) == ("EP-03", severity)


def test_what_is_between_one_and_two_years_is_to_be_seen() -> None:
    (finding,) = found(request("EP4", ordonnance(validite=["2026-03-12", "2028-03-12"])))
    assert (finding.check_id, finding.severity) == ("EP-21", Severity.REVIEW)


def test_a_late_sending_is_no_finding() -> None:
    """A number made before an outage leaves later as it is."""
    assert ids(request("EP4", ordonnance()), context(observed_at=NOW + timedelta(hours=20))) == []


@pytest.mark.parametrize(
    ("asking", "expected"),
    [
        ({"am": "331999011"}, []),
        ({"finess": "330999004"}, []),
        ({"rpps": "10999990012"}, ["EP-26"]),
        (None, ["EP-26"]),
    ],
)
@pytest.mark.parametrize("form", ["json", "soap"])
def test_who_consults_gives_am_or_finess(
    form: str, asking: dict[str, Any] | None, expected: list[str]
) -> None:
    told = {"id": "04B5BBY113H9WH0035", **({"emetteur": asking} if asking else {})}
    assert ids(request("EP3", told, form)) == expected


def test_the_robot_of_the_bench_is_never_accused() -> None:
    told = {"id": "04B5BBY113H9WH0035", "executant": {"rpps": "10999993034"}, "date": "2026-03-13"}
    told["lignes"] = [{"ligne": 1, "statut": "DELIVREE"}]
    robot = context(tls=TlsPeer(certificate=cps("810999993034").der))
    for form in ("json", "soap"):
        assert ids(request("EP1", told, form), robot) == []


def test_only_a_consultation_asks_for_am_or_finess() -> None:
    assert ids(request("EP2", {"emetteur": {"rpps": "10999990012"}})) == []


def test_a_malformed_number_is_seen_in_a_consultation() -> None:
    told = {"id": "04B5BBY113H9WH003", "emetteur": {"am": "331999011"}}
    assert ids(request("EP3", told)) == ["EP-02"]


@pytest.mark.parametrize(
    ("soap", "expected"),
    [
        ({}, []),
        ({"lps": ""}, ["EP-28"]),
        ({"lps": LPS.format(id="")}, ["EP-28"]),
        ({"lps": LPS.format(id="a1").replace(">4.2.0<", ">4.1.0<")}, ["EP-28"]),
        ({"lps": LPS.format(id="a1").replace("LOGICIEL ESSAI", "AUTRE")}, ["EP-28"]),
        ({"security": ""}, ["EP-27"]),
        ({"security": assertion(signed=False)}, ["EP-27"]),
        ({"security": assertion(spoil=lambda e: e.set("Version", "2.1"))}, ["EP-27"]),
        ({"security": assertion(issued="2026-03-12T08:00:00Z")}, ["EP-27"]),
        ({"security": assertion(issued="2026-03-13T09:21:07Z")}, ["EP-27"]),
        ({"security": assertion(holder=cps(issuer="AUTRE AC"))}, ["EP-27"]),
        ({"security": assertion(name_id="810999992026")}, ["EP-27"]),
        ({"security": assertion(holder=cps("810999992026"), name_id="810999992026")}, ["EP-27"]),
        ({"security": assertion(qualifier="PSC", signed=False)}, []),
        ({"security": assertion(qualifier="PSC")}, ["EP-27"]),
        (
            {"security": assertion(qualifier="PSC", signed=False, attributes={"autre": "x"})},
            ["EP-27"],
        ),
    ],
)
def test_headers_of_a_soap_call(soap: dict[str, str], expected: list[str]) -> None:
    assert ids(request("EP4", ordonnance(), "soap", **soap)) == expected


@pytest.mark.parametrize(
    ("soap", "code"),
    [
        ({"security": ""}, "EP-P-020"),
        ({"security": assertion(signed=False)}, "EP-P-021"),
        (
            {"security": assertion(holder=cps("810999992026"), name_id="810999992026")},
            "EP-P-003",
        ),
    ],
)
def test_a_caller_refused(soap: dict[str, str], code: str) -> None:
    assert refused(request("EP4", ordonnance(), "soap", **soap)) == code


def test_either_of_a_remplacement_may_sign() -> None:
    told = ordonnance(remplace={"rpps": "10999992026"})
    signed = assertion(holder=cps("810999992026"), name_id="810999992026")
    assert ids(request("EP4", told, "soap", security=signed)) == []


@pytest.mark.parametrize(
    ("holder", "expected"), [("810999990012", []), ("810999992026", ["EP-27"])]
)
def test_the_card_of_the_handshake_is_that_of_the_prescriber(
    holder: str, expected: list[str]
) -> None:
    circumstances = context(tls=TlsPeer(certificate=cps(holder).der))
    assert ids(request("EP4", ordonnance()), circumstances) == expected


def bearing(authorization: str, form: str = "json", **soap: str) -> EpRequest:
    sent = message("EP4", ordonnance(), form, **soap)
    headers = (*sent.headers, ("Authorization", authorization))
    read = read_request(replace(sent, headers=headers))
    assert read is not None
    return read


def psc_token(user: str = "810999990012", minutes: int = 2, **options: Any) -> str:
    end = (NOW + timedelta(minutes=minutes)).timestamp()
    return "Bearer " + signed({"SubjectNameID": user, "exp": end}, **options)


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (psc_token(), None),
        ("Bearer abc", "EP-P-021"),
        ("Basic abc", "EP-P-021"),
        (psc_token(minutes=-1), "EP-P-021"),
        (psc_token(key=OTHER_KEY), "EP-P-021"),
        (psc_token("810999992026"), "EP-P-003"),
    ],
    ids=["conforme", "illisible", "autre schéma", "périmé", "autre clé", "autre personne"],
)
def test_the_token_of_a_psc_session(authorization: str, code: str | None) -> None:
    known = context()
    known = replace(
        known, environment=replace(known.environment, psc_keys=(KEY.as_dict(private=False),))
    )
    told = found(bearing(authorization), known)
    assert [f.check_id for f in told] == ([] if code is None else ["EP-27"])
    assert [f.rejects for f in told] == ([] if code is None else [code])


def test_the_token_is_of_the_user_of_the_assertion() -> None:
    said = assertion(qualifier="PSC", signed=False)
    assert ids(bearing(psc_token(), "soap", security=said)) == []
    assert ids(bearing(psc_token("810999992026"), "soap", security=said)) == ["EP-27"]


@pytest.mark.parametrize(
    "lps", [None, {"nom": "LOGICIEL ESSAI"}, {"nom": "AUTRE", "version": "4.2.0"}]
)
def test_the_facade_is_told_the_software(lps: dict[str, str] | None) -> None:
    assert created(lps=lps) == ["EP-28"]


def test_an_undeclared_software_is_only_asked_to_name_itself() -> None:
    circumstances = Context(environment=Environment())
    named = request("EP4", ordonnance(lps={"nom": "AUTRE", "version": "1"}))
    assert ids(named, circumstances) == []
    assert ids(request("EP4", ordonnance(lps=None)), circumstances) == ["EP-28"]


def test_production_takes_no_test_identity() -> None:
    software = Software("LOGICIEL ESSAI", "4.2.0")
    real = Context(environment=Environment(software=software, rules_profile="production"))
    assert ids(request("EP4", ordonnance()), real) == ["EP-34"]
    patient = with_ins(oid="1.2.250.1.213.1.4.8")
    assert ids(request("EP4", ordonnance(patient=patient)), real) == []


def test_an_id_of_context_serves_once() -> None:
    def call(position: int, identifier: str) -> Any:
        told = message("EP4", ordonnance(), "soap", lps=LPS.format(id=identifier))
        return exchange(told, position)

    assert "EP-28" not in {f.check_id for f in sequence(call(1, "a1"), call(2, "a2"))}
    (finding,) = [f for f in sequence(call(1, "a1"), call(2, "a1")) if f.check_id == "EP-28"]
    assert finding.exchange_id == "x2"


def test_the_same_message_sent_again_keeps_its_id() -> None:
    told = message("EP4", ordonnance(), "soap", lps=LPS.format(id="a1"))
    lost = exchange(told, 1, outcome=Outcome.UNANSWERED)
    assert "EP-28" not in {f.check_id for f in sequence(lost, exchange(told, 2))}
    answered = exchange(told, 1, response=told)
    assert "EP-28" in {f.check_id for f in sequence(answered, exchange(told, 2))}


def test_other_spellings_of_one_ordonnance() -> None:
    """A sub-type instead of a flag, no validity on the wire."""
    mixed = {"lignes": [line(ald=True), line()], "sousType": "BZN"}
    assert created(**mixed) == []
    assert created(lignes=[NARCOTIC], sousType="SEC") == []
    assert created(validite=None) == []


def test_what_the_paper_may_still_say_is_to_be_seen() -> None:
    for changes in ({"posologieTexte": "2 par jour"}, {"dureeJours": None}):
        told = ordonnance(lignes=[line(**{**NARCOTIC, **changes})], flags=["MED-1098"])
        (finding,) = found(request("EP4", told))
        assert (finding.check_id, finding.severity) == ("EP-23", Severity.REVIEW)


def test_findings_say_where_and_what_to_change() -> None:
    (finding,) = found(request("EP4", ordonnance(lignes=[line(), excluding(None)])))
    assert finding.place == "lignes[2].substitution.motif"
    assert finding.advice.endswith(".")
    assert finding.source

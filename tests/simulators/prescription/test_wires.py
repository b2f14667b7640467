"""Wires as data, and who is let in by each: certificate, token, assertion."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bench.inspection import inspect_files
from bench.wires import read_wires
from rules.exchange import Message
from rules.formats.prescription_adapter import discard
from rules.formats.prescription_number import decode
from simulators.errors import SettingsError
from simulators.platform import Platform
from simulators.prescription.settings import KEPT
from simulators.testing import client, exchanges, running
from tests.rules.prescription.official import NAME, OFFICIAL
from tests.rules.prescription.test_adapter import OTHER
from tests.simulators.prescription.client import (
    DOCTOR,
    PHARMACIST,
    SOAP11,
    Caller,
    line,
    ordonnance,
    pharmacist,
)
from tests.simulators.psc.client import Relying

MARK = "04B5BBY113H9WH0099"
EXTRA = """
[operations.EP3]
action = "urn:essai:lire"
demande = "Lecture"
reponse = "p:Lue"
"""
WHO = {"rpps": DOCTOR[1:], "am": "331999011"}


@pytest.fixture
def editor(tmp_path: Path) -> Iterator[Platform]:
    """A bench whose editor dropped a wire in a folder, and nothing else."""
    folder = tmp_path / "officiel"
    folder.mkdir()
    (folder / "essai.toml").write_text(OTHER + EXTRA, encoding="utf-8")
    settings = {"prescription": {"adaptateurs": str(folder)}}
    try:
        with running(("prescription",), settings=settings) as platform:
            yield platform
    finally:
        discard("essai")


def test_a_third_wire_is_a_file(editor: Platform) -> None:
    """Another path, other elements and values: served, judged and journaled alike."""
    caller = Caller(editor, DOCTOR, "essai")
    told = ordonnance(caller.now)
    response = caller.post("EP4", told)
    root = etree.fromstring(response.content)
    assert root.xpath("string(//*[local-name()='Entete']/@numero)") == told["id"]
    seen = caller.call("EP3", {"id": told["id"], "emetteur": WHO})
    assert seen.ordonnance is not None
    assert seen.ordonnance.patient is not None
    assert seen.ordonnance.patient.birth_name == "TESTAVRIL"
    assert b"<NonOpposition>O</NonOpposition>" in (caller.last().response or _fail()).body
    assert [e.operation for e in exchanges(editor, "prescription")] == ["EP4", "EP3"]
    assert caller.findings() == []


def test_the_checks_refuse_on_a_third_wire_too(editor: Platform) -> None:
    caller = Caller(editor, DOCTOR, "essai")
    long = ordonnance(caller.now)
    long["patient"]["nomNaissance"] = "A" * 101
    assert caller.call("EP4", long).error == "EP-P-005"
    assert [found.split()[0] for found in caller.findings()] == ["EF_INS25_01"]


@pytest.fixture
def official(tmp_path: Path) -> Iterator[Platform]:
    """A bench whose wire has nothing of ours: SOAP 1.1, attributes, dates, codes of its own."""
    folder = tmp_path / "officiel"
    folder.mkdir()
    (folder / "officiel.toml").write_text(OFFICIAL, encoding="utf-8")
    settings = {"prescription": {"adaptateurs": str(folder)}}
    try:
        with running(("prescription",), settings=settings) as platform:
            yield platform
    finally:
        discard(NAME)


def test_the_whole_life_is_played_on_a_wire_that_has_nothing_of_ours(official: Platform) -> None:
    doctor, pharmacy = Caller(official, DOCTOR, NAME), Caller(official, PHARMACIST, NAME)
    told = ordonnance(doctor.now, line(1, renouvellements=1), line(2, mentions=["RTU", "X"]))
    sent = doctor.post("EP4", told)
    assert sent.headers["Content-Type"] == "text/xml; charset=UTF-8"
    assert (sent.status_code, b"<etat>E</etat>" in sent.content) == (200, True)
    assert doctor.call("EP4", told).content["dejaEnregistree"] is True
    day = told["horodatage"][:10]
    done = {"id": told["id"], "date": day, "executant": pharmacist(),
            "lignes": [{"ligne": 1, "statut": "DELIVREE", "completude": "FFC"}]}  # fmt: skip
    assert pharmacy.call("EP1", done).content["etat"] == "EXECUTION_PARTIELLE"
    seen = doctor.call("EP3", {"id": told["id"], "emetteur": WHO, "avecExecutions": True})
    assert seen.content["accesExecutions"] == "AUTORISE"
    assert seen.ordonnance is not None
    assert [each.mentions for each in seen.ordonnance.lines] == [(), ("RTU", "X")]
    assert [(e.date, e.lines[0].status) for e in seen.ordonnance.executions] == [(day, "DELIVREE")]
    asked = {"emetteur": WHO, "periode": [day, day], "page": 1}
    assert [each.id for each in doctor.call("EP2", asked).found] == [told["id"]]
    other = ordonnance(doctor.now)
    doctor.call("EP4", other)
    gone = {"id": other["id"], "prescripteur": {"rpps": DOCTOR[1:]}}
    assert doctor.call("EP4-annulation", gone).content["etat"] == "ANNULEE"
    assert doctor.call("EP3", {"id": other["id"], "emetteur": WHO}).content["etat"] == "ANNULEE"
    operations = [e.operation for e in exchanges(official, "prescription")]
    assert operations == ["EP4", "EP4", "EP1", "EP3", "EP2", "EP4", "EP4-annulation", "EP3"]
    assert doctor.findings() == []


def test_the_checks_judge_it_and_errors_are_its_own(official: Platform) -> None:
    doctor = Caller(official, DOCTOR, NAME)
    long = {**ordonnance(doctor.now)["patient"], "nomNaissance": "A" * 101}
    refused = doctor.post("EP4", ordonnance(doctor.now, patient=long))
    root = etree.fromstring(refused.content)
    assert (refused.status_code, root.tag) == (500, f"{{{SOAP11}}}Envelope")
    assert root.xpath("string(//*[local-name()='Anomalie']/@ref)") == "ORD-0105"
    assert doctor.last().error_code == "EP-P-005"
    assert [found.split()[0] for found in doctor.findings()] == ["EF_INS25_01"]
    unknown = doctor.call("EP3", {"id": MARK, "emetteur": WHO})
    assert unknown.error == "EP-P-007"
    nobody = doctor.call("EP3", {"id": MARK, "emetteur": {"rpps": DOCTOR[1:]}})
    assert nobody.error == "EP-P-004", "a code that no table says is ours"
    assert [found.split()[0] for found in doctor.findings()] == ["EF_INS25_01", "EP-26"]


@pytest.mark.parametrize(
    ("fault", "code"), [("numero-deja-utilise", "EP-P-001"), ("faute-technique", "EP-P-040")]
)
def test_faults_are_drawn_on_it_too(official: Platform, fault: str, code: str) -> None:
    doctor = Caller(official, DOCTOR, NAME)
    official.kernel.faults.add("prescription", "EP4", fault=fault)
    assert doctor.call("EP4", ordonnance(doctor.now)).error == code


def test_a_captured_call_of_it_is_judged_by_check(official: Platform, tmp_path: Path) -> None:
    """And of a campaign that is judged again elsewhere: it kept what it was played with."""
    doctor = Caller(official, DOCTOR, NAME)
    doctor.post("EP3", {"id": MARK, "emetteur": {"rpps": DOCTOR[1:]}})
    told = ordonnance(doctor.now)
    doctor.post("EP4", told)
    calls = exchanges(official, "prescription")
    files = {"ep3.http": _captured(calls[0].request), "ep3.xml": calls[0].request.body,
             "ep4.xml": calls[1].request.body}  # fmt: skip
    assert calls[1].response is not None
    files |= {"recu.xml": calls[1].response.body, "recu.http": _captured(calls[1].response)}
    for name, octets in files.items():
        (tmp_path / name).write_bytes(octets)
    discard(NAME)
    read_wires(official.folder / KEPT)
    judged = inspect_files([tmp_path / name for name in files], None)
    found = {Path(each.path).name: each for each in judged}
    assert "requête SOAP ordonnance numérique" in found["ep3.xml"].kind
    assert "réponse SOAP ordonnance numérique" in found["recu.xml"].kind
    assert found["recu.http"].kind == "réponse ordonnance numérique"
    for name in ("ep3.http", "ep3.xml"):
        assert "EP-26" in {f.check_id for f in found[name].findings}
        assert found[name].fails
    assert {"EP-02", "EF_INS25_01"} <= set(found["ep4.xml"].evaluated)


def _captured(message: Message) -> bytes:
    head = "\r\n".join([message.start_line, *(f"{n}: {v}" for n, v in message.headers)])
    return head.encode() + b"\r\n\r\n" + message.body


@pytest.mark.parametrize(
    "told", [{"adaptateurs": "nulle-part"}, {"envoi_tardif_h": -1}, {"voie": "télex"}]
)
def test_settings_that_mean_nothing_stop_the_bench(told: dict[str, Any]) -> None:
    with pytest.raises(SettingsError), running(("prescription",), settings={"prescription": told}):
        pass


def test_a_broken_adapter_stops_the_bench(tmp_path: Path) -> None:
    (tmp_path / "adaptateurs").mkdir()
    (tmp_path / "adaptateurs/mon.toml").write_text("forme = 1", encoding="utf-8")
    with (
        pytest.raises(SettingsError, match=r"mon\.toml"),
        running(("prescription",), folder=tmp_path),
    ):
        pass


def test_nobody_is_not_let_in(platform: Platform) -> None:
    caller = Caller(platform)
    response = caller.post("EP4", ordonnance(caller.now), certificate=None)
    assert (response.status_code, response.json()["erreur"]["code"]) == (401, "EP-P-020")
    token = {"Authorization": "Bearer a.b.c"}
    response = caller.post("EP4", ordonnance(caller.now), certificate=None, **token)
    assert (response.status_code, response.json()["erreur"]["code"]) == (401, "EP-P-021")


def test_an_organisation_is_let_in(platform: Platform) -> None:
    caller = Caller(platform)
    response = caller.post("EP4", ordonnance(caller.now), certificate="org-auth-cli")
    assert response.status_code == 200


def test_a_psc_session_is_let_in_for_its_own_ordonnances(platform: Platform) -> None:
    caller = Caller(platform)
    relying = Relying(platform)
    token = str(relying.login(DOCTOR)["access_token"])
    relying.http.close()
    own = {"certificate": None, "Authorization": f"Bearer {token}"}
    assert caller.post("EP4", ordonnance(caller.now), **own).status_code == 200
    other = ordonnance(caller.now, prescripteur={"rpps": "10999990178", "am": "331999012"})
    response = caller.post("EP4", other, **own)
    assert (response.status_code, response.json()["erreur"]["code"]) == (403, "EP-P-003")


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"issued": "2020-03-12T08:30:00Z"}, "EP-P-021"),
        ({"signed": False}, "EP-P-021"),
        ({"name_id": "810999990178"}, "EP-P-003"),
    ],
)
def test_an_assertion_is_judged(platform: Platform, told: dict[str, Any], code: str) -> None:
    """N10."""
    caller = Caller(platform, DOCTOR, "soap-placeholder")
    operation = caller.adapter.operation("EP4")
    assert operation is not None
    element = caller.adapter.write_element(operation.request, ordonnance(caller.now))
    sent = caller.envelope(etree.tostring(element).decode(), operation.action, **told)
    response = caller.send(operation.path, sent, "application/soap+xml")
    assert f'code="{code}"'.encode() in response.content, response.text


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/epresc/ep4_creer", b"{", 400, "EP-P-030"),
        ("/epresc/ep4_creer", b"[1]", 400, "EP-P-030"),
        ("/epresc/ep4_creer", b'{"lignes": [{"n": "x"}]}', 400, "EP-P-030"),
        ("/epresc/ep4_creer", b"\xff\xfe", 400, "EP-P-030"),
        ("/wssoap/epresc/1/0", b"<a/>", 500, "EP-P-030"),
        ("/wssoap/epresc/1/0", b"<!DOCTYPE a []><a/>", 500, "EP-P-030"),
        ("/wssoap/epresc/1/0", b"<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'>"
         b"<e:Body><Autre/></e:Body></e:Envelope>", 500, "EP-P-031"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_and_found(
    platform: Platform, path: str, body: bytes, status: int, code: str
) -> None:
    caller = Caller(platform)
    response = caller.send(path, body, "application/octet-stream")
    assert response.status_code == status
    assert code.encode() in response.content
    assert caller.last().error_code == code


def test_ten_workstations_at_once_lose_and_double_nothing(platform: Platform) -> None:
    """Each sends its own, and all send one number: one creation, nine « already »."""
    caller = Caller(platform)
    shared = ordonnance(caller.now)
    already: list[bool] = []

    def work() -> None:
        mine = caller.call("EP4", ordonnance(caller.now))
        assert mine.error is None
        already.append(caller.call("EP4", shared).content["dejaEnregistree"])

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(already) == [False, *[True] * 9]
    assert len(platform.state()["prescription"]["ordonnances"]) == 11


def test_what_was_acknowledged_outlives_the_bench(tmp_path: Path) -> None:
    with running(("prescription",), folder=tmp_path) as first:
        told = ordonnance(first.kernel.clock.now())
        assert Caller(first).call("EP4", told).error is None
    with running(("prescription",), folder=tmp_path) as second:
        seen = Caller(second).call("EP3", {"id": told["id"], "emetteur": WHO})
        assert seen.ordonnance is not None
        assert seen.ordonnance.id == told["id"]


def test_the_descriptor_says_where(platform: Platform) -> None:
    part = platform.descriptor["ordonnance"]
    assert part["rest"].endswith("/epresc")
    assert part["wsdl"] == f"{part['soap']}?wsdl"
    assert part["voie"] == "rest"
    with running(("prescription",), settings={"prescription": {"voie": "soap"}}) as other:
        assert other.descriptor["ordonnance"]["voie"] == "soap"
    assert json.loads((platform.folder / "environnement.json").read_text())["ordonnance"] == part


def _fail() -> Any:
    raise AssertionError("aucune réponse")


@pytest.mark.parametrize(
    ("operation", "change", "code"),
    [
        ("EP4", {"patient": {"nomNaissance": "A\ud800"}}, "EP-P-030"),
        ("EP4", {"patient": {"nomNaissance": "A\x01"}}, "EP-P-030"),
        ("EP4", {"lignes": [{"n": 10**30}]}, "EP-P-030"),
        ("EP4", {"horodatage": "9999-12-31T23:59:59-14:00"}, "EP-P-030"),
        ("EP4", {"horodatage": "0001-01-01T00:00:00+14:00"}, "EP-P-030"),
        ("EP2", {"emetteur": WHO, "page": 10**14}, "EP-P-017"),
        ("EP2", {"emetteur": WHO, "taillePage": -1}, "EP-P-017"),
        ("EP3", {"id": 5, "emetteur": WHO}, "EP-P-030"),
        ("EP3", {"id": None, "emetteur": WHO}, "EP-P-007"),
    ],
)
def test_no_value_makes_the_service_fall(
    platform: Platform, operation: str, change: dict[str, Any], code: str
) -> None:
    caller = Caller(platform)
    body = {**ordonnance(caller.now), **change} if operation == "EP4" else change
    told = caller.adapter.operation(operation)
    assert told is not None
    response = caller.send(told.path, json.dumps(body), "application/json")
    assert response.json()["erreur"]["code"] == code


@pytest.mark.parametrize("depth", [100, 480, 900, 5000])
def test_no_depth_makes_the_service_fall(platform: Platform, depth: int) -> None:
    caller = Caller(platform)
    body = '{"a":' * depth + "1" + "}" * depth
    response = caller.send("/epresc/ep4_creer", body, "application/json")
    assert response.json()["erreur"]["code"] == "EP-P-030"


def test_long_values_are_kept_whole(platform: Platform) -> None:
    """Columns are cut to find, never what was recorded."""
    caller = Caller(platform)
    told = ordonnance(caller.now, type="X" * 5000)
    assert caller.call("EP4", told).error is None
    seen = caller.call("EP3", {"id": told["id"], "emetteur": WHO}).ordonnance
    assert seen is not None
    assert seen.kind == "X" * 5000


def test_numbers_are_given_to_anybody_unique_and_ordered(platform: Platform) -> None:
    """GET /epresc/generateIdentifiantUnique: the clock stands, and the bench starts again."""
    platform.kernel.clock.freeze(datetime(2026, 3, 12, 9, 21, 7, 345000, tzinfo=UTC))
    with client(platform) as http:
        url = Caller(platform).url("/epresc/generateIdentifiantUnique")
        answers = [http.get(url) for _ in range(20)]
    assert {a.status_code for a in answers} == {200}
    assert answers[0].headers["Content-Type"].startswith("text/plain")
    numbers = [a.text for a in answers]
    assert sorted(set(numbers)) == numbers
    assert {decode(number).said()[:29] for number in numbers} == {"12/03/2026 à 10:21:07,345, ra"}
    told = ordonnance(platform.kernel.clock.now(), id=numbers[-1])
    assert Caller(platform).call("EP4", told).error is None
    journaled = exchanges(platform, "prescription")
    assert journaled[0].operation == "generateIdentifiantUnique"
    assert Caller(platform).findings() == []


def test_the_address_of_numbers_takes_no_other_method(platform: Platform) -> None:
    response = Caller(platform).send("/epresc/generateIdentifiantUnique", b"", "text/plain")
    assert response.status_code == 405

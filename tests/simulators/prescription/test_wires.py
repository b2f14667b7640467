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

from rules.formats.prescription_adapter import discard
from rules.formats.prescription_number import decode
from simulators.errors import SettingsError
from simulators.platform import Platform
from simulators.testing import client, exchanges, running
from tests.rules.prescription.test_adapter import OTHER
from tests.simulators.prescription.client import DOCTOR, Caller, ordonnance
from tests.simulators.psc.client import Relying

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
    long = ordonnance(caller.now, patient={"nomNaissance": "A" * 101})
    assert caller.call("EP4", long).error == "EP-P-005"
    assert [found.split()[0] for found in caller.findings()] == ["EF_INS25_01"]


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

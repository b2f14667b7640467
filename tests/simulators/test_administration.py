"""The administration API, as a script in another language would use it."""

from __future__ import annotations

import base64

import pytest

from simulators.testing import administration, client, exchanges, running
from tests.simulators.demo import Demo


@pytest.fixture(scope="module")
def platform():
    with running([Demo]) as started:
        yield started


@pytest.fixture
def api(platform):
    with administration(platform) as http:
        yield http
        http.post("/reset").raise_for_status()


def write(platform, text="essai"):
    with client(platform, "org-insi-auto") as http:
        return http.post(platform.descriptor["demo"]["demo-mtls"] + "/notes", content=text)


def error(answer, status):
    assert answer.status_code == status
    return answer.json()["erreur"]


def test_health_versions_and_environment(platform, api):
    assert api.get("/health").json()["etat"] == "prêt"
    versions = api.get("/version").json()
    assert versions["services"] == ["pki", "demo"]
    assert versions["banc"] == versions["regles"]["version"]
    assert api.get("/environment").json() == platform.descriptor


def test_administration_is_not_journaled(platform, api):
    api.get("/health")
    api.get("/ailleurs")
    api.get("/state/ailleurs")
    assert exchanges(platform) == ()


def test_reset_gives_the_initial_state(platform, api):
    initial = api.get("/state").json()
    write(platform)
    assert api.get("/state").json() != initial
    assert api.post("/reset").json() == initial
    assert api.get("/state").json() == initial
    assert api.get("/journal").json()["echanges"] == []


def test_the_seed_is_read_and_changed(platform, api):
    assert api.get("/seed").json() == {"graine": 1}
    patients = platform.descriptor["patients"]
    assert api.put("/seed", json={"graine": 7}).json() == {"graine": 7}
    assert api.get("/environment").json()["patients"] != patients
    assert api.put("/seed", json={"graine": 1}).json() == {"graine": 1}
    assert platform.descriptor["patients"] == patients


def test_the_clock_is_frozen_advanced_shifted_and_let_go(api):
    frozen = api.post("/clock/freeze", json={"at": "2026-03-12T08:50:00Z"}).json()
    assert frozen == {"now": "2026-03-12T08:50:00+00:00"}
    assert api.get("/clock").json() == frozen
    advanced = api.post("/clock/advance", json={"seconds": 60}).json()
    assert advanced == {"now": "2026-03-12T08:51:00+00:00"}
    real = api.post("/clock/resume").json()["now"]
    shifted = api.post("/clock/offset", json={"seconds": -86400 * 365}).json()["now"]
    assert int(real[:4]) - int(shifted[:4]) in (0, 1)
    assert shifted < real
    now = api.post("/clock/freeze").json()
    assert api.get("/clock").json() == now


def test_the_clock_drives_the_journal(platform, api):
    api.post("/clock/freeze", json={"at": "2026-03-12T08:50:00Z"})
    write(platform)
    assert exchanges(platform)[-1].started_at.isoformat() == "2026-03-12T08:50:00+00:00"


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/clock/freeze", {"at": "demain"}, 422, "at"),
        ("/clock/freeze", {"at": "2026-03-12T08:50:00"}, 422, "at"),
        ("/clock/advance", {}, 422, "seconds"),
        ("/clock/advance", {"secondes": 3}, 422, "seconds"),
        ("/clock/advance", {"seconds": 1e15}, 422, "seconds"),
        ("/clock/stop", {}, 404, None),
        ("/faults", {"service": "demo", "fault": "orage"}, 422, "fault"),
        ("/faults", {"service": "demo", "fault": "muet", "fois": 2}, 422, "fois"),
        ("/marks", {"payload": {}}, 422, "kind"),
    ],
)
def test_a_wrong_body_is_told_in_french_with_its_field(api, path, body, status, field):
    told = error(api.post(path, json=body), status)
    assert told["champ"] == field
    assert told["message"].endswith((".", "'"))


def test_what_is_not_json_is_told(api):
    assert error(api.post("/faults", content=b"{"), 400)["code"] == "json"
    assert error(api.post("/faults", content=b"[]"), 400)["code"] == "json"
    assert error(api.put("/seed", content=b"\xff"), 400)["code"] == "json"


def test_the_state_of_a_service_is_read_and_set(api):
    assert api.get("/state/demo").json() == {"notes": ["première"]}
    assert api.put("/state/demo", json={"note": "posée"}).json()["notes"][-1] == "posée"
    assert error(api.put("/state/demo", json={"x": 1}), 422)["message"] == "Donnez « note »."
    assert "demo" in error(api.get("/state/ailleurs"), 404)["message"]


def test_the_journal_is_listed_filtered_and_shown_raw(platform, api):
    write(platform, "un")
    write(platform, "deux")
    listed = api.get("/journal").json()
    assert [e["operation"] for e in listed["echanges"]] == ["ecrire", "ecrire"]
    assert listed["suite"] is None
    second = listed["echanges"][1]
    assert api.get("/journal", params={"after": listed["echanges"][0]["position"]}).json()[
        "echanges"
    ] == [second]
    assert api.get("/journal", params={"operation": "lire"}).json()["echanges"] == []
    assert len(api.get("/journal", params={"patient": "285073306304208"}).json()["echanges"]) == 2
    shown = api.get(f"/journal/{second['id']}").json()
    assert "CN=INSI-AUTO" in shown["tls"]["subject"]
    assert base64.b64decode(shown["tls"]["certificate"])[:1] == b"0"
    assert shown["request"]["size"] == 4
    request = api.get(f"/journal/{second['id']}/request").content
    assert request.startswith(b"POST /notes HTTP/1.1\r\n")
    assert request.endswith(b"\r\n\r\ndeux")
    assert api.get(f"/journal/{second['id']}/response/body").content == b"3"


def test_what_the_journal_does_not_have_is_told(platform, api):
    write(platform)
    known = exchanges(platform)[-1].id
    assert error(api.get("/journal/inconnu"), 404)["champ"] == "id"
    assert error(api.get(f"/journal/{known}/milieu"), 404)["champ"] == "side"
    assert error(api.get("/journal", params={"after": "x"}), 422)["champ"] == "after"


def test_faults_are_asked_listed_and_taken_away(platform, api):
    asked = api.post("/faults", json={"service": "demo", "fault": "http-503", "times": 2}).json()
    assert asked["applied"] == 0
    assert write(platform).status_code == 503
    (active,) = api.get("/faults").json()
    assert (active["seen"], active["applied"]) == (1, 1)
    assert "faux" in api.get("/faults/known/demo").json()
    assert api.delete(f"/faults/{active['id']}").json() == {"id": active["id"]}
    assert error(api.delete(f"/faults/{active['id']}"), 404)["champ"] == "id"
    assert write(platform).status_code == 201
    api.post("/faults", json={"service": "demo", "fault": "muet"})
    assert api.delete("/faults", params={"service": "demo"}).json() == []


def test_marks_and_steps_are_noted_at_their_place(platform, api):
    api.put("/step", json={"step": "depot#2"})
    write(platform)
    noted = api.post("/marks", json={"kind": "essai", "payload": {"a": 1}}).json()
    assert noted["position"] == exchanges(platform)[-1].position
    assert api.get("/marks").json() == [noted]
    assert exchanges(platform)[-1].step == "depot#2"
    assert api.put("/step", json={"step": None}).json() == {"step": None}


def test_a_certificate_is_revoked_on_demand(platform, api):
    assert write(platform).status_code == 201
    assert api.put("/state/pki", json={"revoques": ["org-insi-auto"]}).status_code == 200
    with pytest.raises(Exception, match="revoked"):
        write(platform)
    api.put("/state/pki", json={"revoques": []})
    assert write(platform).status_code == 201
    assert (
        "Certificat inconnu"
        in error(api.put("/state/pki", json={"revoques": ["personne"]}), 422)["message"]
    )


def test_a_foreign_page_cannot_reach_it(api):
    told = error(api.get("/health", headers={"Host": "site-piege.example"}), 403)
    assert told["champ"] == "Host"

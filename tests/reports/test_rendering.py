"""Reports made from a stream of events: each renderer tells the same story."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from lxml import etree

from reports import cucumber, html, junit
from reports.events import (
    REHEARSAL,
    CampaignFinished,
    CampaignStarted,
    Event,
    ExchangeSeen,
    ExigenceJudged,
    FindingSeen,
    MessageView,
    MomCounted,
    OrdonnanceSeen,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
    Verdict,
)
from reports.model import Report
from reports.writing import write_reports
from rules.exchange import Exchange, Message, Outcome
from simulators.testing import running

AT = datetime(2026, 3, 12, 9, 0, tzinfo=UTC)
ATTACK = "<script>alert('x')</script>"


def seen(number: int, service: str = "dmp", outcome: str = "accepté") -> ExchangeSeen:
    view = MessageView(start_line="POST / HTTP/1.1", body_sha256="0" * 64, body_size=4, text=ATTACK)
    return ExchangeSeen(
        at=AT + timedelta(seconds=number), id=f"e{number}", position=number, service=service,
        operation="TD2.1", outcome=outcome, peer="h:1", scenario="mom/a", request=view,
        response=view,
    )  # fmt: skip


def scenario(identifier: str, verdict: Verdict, status: str = "réussi") -> list[Event]:
    return [
        ScenarioStarted(
            at=AT, id=identifier, feature="Mise en ordre de marche", feature_file="mom.feature",
            name=f"Scénario {identifier}", tags=("exigence:BANC-MOM.01",),
        ),
        StepFinished(
            at=AT, scenario=identifier, keyword="Quand", text="il dépose", status=status,  # type: ignore[arg-type]
            seconds=0.5, exchanges=("e1",),
        ),
        ScenarioFinished(
            at=AT, id=identifier, verdict=verdict,
            reasons=() if verdict is Verdict.CONFORME else ("raison",),
            exigences=("BANC-MOM.01",), proofs=("BANC-MOM.01.01",),
        ),
    ]  # fmt: skip


def stream() -> list[Event]:
    return [
        CampaignStarted(
            at=AT, campaign="c", seed=1, bench_version="1", rules_version="1", driver="reference",
            declared={"name": ATTACK, "version": "1"},
        ),
        seen(1), seen(2, "mssante", "refusé"),
        FindingSeen(
            check_id="MSS-H01", title="NIL", severity="bloquante", fails=True, artefact="Courriel",
            place="en-tête X-MSS-NIL", expected="900042", found=ATTACK, advice="Corriger.",
            source="Ref#2", exigences=("SC.MSS/CONF.16",), exchange="e2", scenario="mom/b",
        ),
        *scenario("mom/a", Verdict.CONFORME),
        MomCounted(
            scenario="mom/a", professional="8109", name="Louise", dmp=10, mss_pro=10,
            mss_citoyenne=1, reached=True, rules=("règle",),
        ),
        *scenario("mom/b", Verdict.NON_CONFORME),
        *scenario("mom/c", Verdict.NON_OBSERVE),
        *scenario("mom/d", Verdict.A_VERIFIER, "manuel"),
        ExigenceJudged(
            id="BANC-MOM.01", title="Dix dépôts", domain="MOM", wave="banc", profile="Général",
            verdict=Verdict.NON_CONFORME, checks=("MSS-H01",),
        ),
        CampaignFinished(at=AT, verdict=Verdict.NON_CONFORME, exit_code=1, reasons=("raison",)),
    ]  # fmt: skip


@pytest.fixture
def report() -> Report:
    return Report(tuple(stream()))


def test_the_page_tells_the_verdict_the_place_and_the_cure(report: Report) -> None:
    page = html.render(report)
    for text in (
        "non conforme",
        "en-tête X-MSS-NIL",
        "900042",
        "Corriger.",
        "10/10",
        "1/1",
        REHEARSAL[:40],
    ):
        assert text.replace("'", "&#39;") in page or text in page
    assert 'href="octets/0002-mssante-TD2.1-requete.bin"' in page
    assert page.count("<circle") >= 3, "deux échanges, dont un cerclé"


def test_what_no_wire_proves_says_what_is_asked_instead() -> None:
    events = stream()
    assert "Ce verdict ne la prouve pas" not in html.render(Report(tuple(events)))
    told = [
        e.model_copy(update={"proof": "Justificatif CNDA"}) if isinstance(e, ExigenceJudged) else e
        for e in events
    ]
    page = html.render(Report(tuple(told)))
    assert "Ce verdict ne la prouve pas : il est demandé « Justificatif CNDA »." in page


def test_a_dialogue_with_a_card_is_folded_in_the_page_and_keeps_its_places() -> None:
    events = [*stream()]
    events[1:3] = [seen(n, "cards" if 2 <= n <= 4 else "dmp") for n in range(1, 6)]
    report = Report(tuple(events))
    assert [len(group) for group in report.dialogues] == [1, 3, 1]
    page = html.render(report)
    assert "n° 2 à 4" in page
    assert [page.count(f'id="e{n}"') for n in range(1, 6)] == [1] * 5
    assert "1 constat(s)" in page, "le constat d'un échange replié se voit sans l'ouvrir"


def test_an_ordonnance_stands_in_its_scenario_with_its_page_and_its_places() -> None:
    told = OrdonnanceSeen(
        scenario="ordonnance/a", number="04B5BBY113H9WH0035", said="12/03/2026 à 10:21:07,345",
        recorded=True, consent=False, lines=(f"MEDICAMENT FICTIF {ATTACK}",), page="AAAA",
        code_2d='{"S":{"V":2}}', places=({"lieu": "appel", "exchange": "e1"},),
        executions=("2026-03-13 · TESTPHARMA · ligne 1 REMPLACEE, motif 5",),
    )  # fmt: skip
    started, step, finished = scenario("ordonnance/a", Verdict.CONFORME)
    assert isinstance(step, StepFinished)
    step = step.model_copy(update={"observed": ("lu 6 fois, partout le même",)})
    first, *_, last = stream()
    page = html.render(Report((first, seen(1), started, step, told, finished, last)))
    assert "12/03/2026 à 10:21:07,345" in page
    assert "lu 6 fois, partout le même" in page
    assert 'appel (<a href="#e1">' in page
    assert 'src="data:image/png;base64,AAAA"' in page
    assert "le patient s&#39;oppose" in page
    assert "ligne 1 REMPLACEE, motif 5" in page
    assert ATTACK not in page


def test_nothing_a_product_sends_runs_in_the_page(report: Report) -> None:
    page = html.render(report)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page.replace("http://www.w3.org", ""), "la page est autonome"


def test_junit_never_makes_green_what_was_not_observed(report: Report) -> None:
    suite = etree.fromstring(junit.render(report))[0]
    cases = {case.get("name"): [child.tag for child in case] for case in suite}
    assert cases == {
        "Scénario mom/a": ["properties"],
        "Scénario mom/b": ["properties", "failure"],
        "Scénario mom/c": ["properties", "skipped"],
        "Scénario mom/d": ["properties", "skipped"],
    }
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("4", "1", "2")


def test_junit_survives_characters_that_xml_cannot_hold() -> None:
    events = [*stream()]
    bad = scenario("mom/z", Verdict.NON_CONFORME)[-1].model_copy(update={"reasons": ("a\x00b",)})
    events[-1:-1] = [*scenario("mom/z", Verdict.NON_CONFORME)[:-1], bad]
    assert b"a\xef\xbf\xbdb" in junit.render(Report(tuple(events)))


def test_cucumber_shows_what_checks_found_where_no_step_failed(report: Report) -> None:
    (feature,) = json.loads(cucumber.render(report))
    statuses = {
        element["name"]: [step["result"]["status"] for step in element["steps"]]
        for element in feature["elements"]
    }
    assert statuses == {
        "Scénario mom/a": ["passed"],
        "Scénario mom/b": ["passed", "failed"],
        "Scénario mom/c": ["passed", "undefined"],
        "Scénario mom/d": ["pending"],
    }


def exchange(number: int, service: str) -> Exchange:
    return Exchange(
        id=f"e{number}", campaign="c", position=number, service=service, operation="TD2.1",
        started_at=AT, answered_at=AT, peer="h:1",
        request=Message("POST / HTTP/1.1", (("Authorization", "Bearer abc"),), b"\x00\xffcorps"),
        response=Message("HTTP/1.1 200", (), b"ok"), outcome=Outcome.ACCEPTED,
    )  # fmt: skip


def test_raw_bytes_and_evidence_stand_beside_the_page(tmp_path: Path) -> None:
    exchanges = [exchange(1, "dmp"), exchange(2, "mssante")]
    page = write_reports(stream(), tmp_path, exchanges)
    assert page.is_file()
    manifest = json.loads((tmp_path / "octets/manifeste.json").read_text())
    for name, digest in manifest.items():
        assert hashlib.sha256((tmp_path / name).read_bytes()).hexdigest() == digest
    first = (tmp_path / "preuves.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "preuves.zip") as archive:
        names = archive.namelist()
        inside = {n: archive.read(n) for n in names}
    sealed = json.loads(inside["manifeste.json"])["fichiers"]
    assert sealed == {
        n: hashlib.sha256(inside[n]).hexdigest() for n in names if n != "manifeste.json"
    }
    assert not any(b"Bearer abc" in data for data in inside.values())
    write_reports(stream(), tmp_path, exchanges)
    assert (tmp_path / "preuves.zip").read_bytes() == first


@pytest.mark.witness
@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl n'est pas installé")
def test_openssl_accepts_the_signature_of_the_evidence(tmp_path: Path) -> None:
    """Witness: openssl cms verifies the detached signature against the test authorities."""
    with running(["psc"], folder=tmp_path):
        pass
    write_reports(stream(), tmp_path, [exchange(1, "dmp")])
    with zipfile.ZipFile(tmp_path / "preuves.zip") as archive:
        archive.extractall(tmp_path / "sorti")
    command = [
        "openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "manifeste.json.p7s",
        "-content", "manifeste.json", "-CAfile", str(tmp_path / "confiance/autorites.pem"),
        "-purpose", "any", "-out", "/dev/null",
    ]  # fmt: skip
    good = subprocess.run(command, cwd=tmp_path / "sorti", capture_output=True, check=False)
    assert good.returncode == 0, good.stderr
    (tmp_path / "sorti/manifeste.json").write_text("autre")
    bad = subprocess.run(command, cwd=tmp_path / "sorti", capture_output=True, check=False)
    assert bad.returncode != 0

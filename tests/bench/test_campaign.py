"""A whole MOM campaign on real wires, from the command line to every report."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from lxml import etree

from bench.environments import from_json
from bench.expectations import evaluate
from reports.events import EVENT
from rules.exchange import Exchange
from rules.judge import JournalView
from simulators.journal import Journal, marks
from tests.bench.campaigns import (
    LOOPBACK,
    SMALL,
    alone,
    connections,
    events,
    in_process,
    journal,
    opened_store,
    segur_bench,
    shared_store,
    write_features,
    write_lgc,
)

MUTUAL = {"insi", "dmp"}
"""Services that demand a client certificate on every call."""

FOLDER = "Répétition générale d’été [nº 1]"
PAGES = ("rapport.html", "rapport.json", "junit.xml", "cucumber.json")


@pytest.fixture(scope="session")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder of one whole campaign and what was printed; played once for all workers."""
    base = tmp_path_factory.getbasetemp()
    root = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, printed = root / FOLDER, root / "campagne.txt"
    with alone(root / "campagne.lock"):
        if not printed.exists():
            words = ("run", "features/mom", "--dossier", str(folder))
            done = segur_bench(*words, cwd=root, watched=root / "veille")
            printed.write_text(f"{done.returncode}\n{done.stdout}{done.stderr}", encoding="utf-8")
    return folder, printed.read_text(encoding="utf-8")


def copy_of(campaign: tuple[Path, str], folder: Path) -> Path:
    """Nothing of a campaign but its journal, elsewhere."""
    folder.mkdir(parents=True)
    shutil.copy(campaign[0] / "banc.sqlite", folder)
    return folder


def judge(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return in_process("verdict", str(folder), *words)


# The command -----------------------------------------------------------------


def test_the_shipped_campaign_is_conforme_in_a_folder_with_spaces_and_accents(campaign) -> None:
    folder, printed = campaign
    code, _, said = printed.partition("\n")
    assert code == "0", said
    assert "Verdict : conforme" in said
    assert "dépôts DMP 10/10, MSSanté 10/10, messagerie citoyenne 1/1" in said
    path = re.search(r"Rapport : (.+)", said)
    assert path is not None
    assert Path(path[1]) == folder / "rapport.html"
    assert Path(path[1]).is_file()
    assert "Traceback" not in said


def test_a_conformant_product_raises_no_finding_and_what_was_seen_is_conforme(campaign) -> None:
    stream = events(campaign[0])
    assert [e for e in stream if e["type"] == "finding"] == []
    exigences = [e for e in stream if e["type"] == "exigence"]
    assert {e["verdict"] for e in exigences} == {"conforme", "non observé"}
    played = {e["id"]: e["verdict"] for e in exigences if e["scenarios"]}
    assert set(played.values()) == {"conforme"}
    assert {"BANC-MOM.01", "BANC-MOM.02", "BANC-MOM.03", "INS/va1.53"} <= set(played)


def test_what_no_message_could_show_is_not_called_conforme(campaign) -> None:
    """No server presented a bad certificate: nothing says that the product would refuse it."""
    verdicts = {e["id"]: e["verdict"] for e in events(campaign[0]) if e["type"] == "exigence"}
    assert verdicts["SC.MSS/CONF.27"] == "non observé"


def test_the_journal_has_the_tls_and_the_octets_of_every_exchange(campaign) -> None:
    folder, _ = campaign
    wire = [e for e in journal(folder) if e.service not in ("lgc", "pki", "cards")]
    assert {e.service for e in wire} == {"psc", "insi", "dmp", "mssante"}
    for exchange in wire:
        assert exchange.tls is not None, exchange
        assert exchange.tls.version in ("TLSv1.2", "TLSv1.3")
        assert exchange.response is not None
        assert (exchange.tls.certificate is not None) == (exchange.service in MUTUAL)
        for side, message in (("requete", exchange.request), ("reponse", exchange.response)):
            name = f"{exchange.position:04d}-{exchange.service}-{exchange.operation}-{side}.bin"
            kept = (folder / "octets" / name).read_bytes()
            assert kept.endswith(message.body)
            assert kept.startswith(message.start_line.encode())


def test_every_signature_of_the_campaign_was_made_by_a_card(campaign) -> None:
    """A VIHF for each call to the DMP, and the lot of each deposit."""
    known = journal(campaign[0])
    signed = [e for e in known if e.service == "cards" and e.operation == "SIGN"]
    calls = [e.operation for e in known if e.service == "dmp"]
    assert len(signed) == len(calls) + calls.count("TD2.1") > 0
    openings = [e for e in known if e.service == "cards" and e.operation == "VERIFY"]
    assert len(openings) < len(signed)


def test_the_simulators_run_the_reference_gestures_and_nothing_stays_unanswered(campaign) -> None:
    unanswered = [(e.service, e.operation) for e in journal(campaign[0]) if not e.answered_at]
    assert unanswered == []


def test_nothing_but_loopback_was_ever_called(campaign) -> None:
    called = connections(campaign[0].parent / "veille")
    assert called
    assert called - LOOPBACK == set()


# Judging again ---------------------------------------------------------------


def test_verdict_from_the_journal_alone_says_the_same(campaign, tmp_path: Path) -> None:
    before = {page: (campaign[0] / page).read_bytes() for page in PAGES}
    # A shared store knows a campaign by the name of its folder.
    folder = campaign[0] if shared_store() else copy_of(campaign, tmp_path / "ailleurs" / "autre")
    done = judge(folder)
    assert done.returncode == 0, done.stderr
    assert "Verdict : conforme" in done.stdout
    assert {page: (folder / page).read_bytes() for page in PAGES} == before


def test_a_database_that_is_none_is_one_french_sentence(tmp_path: Path) -> None:
    (tmp_path / "banc.sqlite").write_bytes(b"ceci n'est pas une base " * 100)
    done = in_process("verdict", str(tmp_path), shared=False)
    assert done.returncode == 3
    assert "illisible" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_holds_a_campaign_is_not_played_over(campaign) -> None:
    done = segur_bench("run", "features/mom", "--dossier", str(campaign[0]))
    assert done.returncode == 2, done.stderr
    assert "contient déjà une campagne" in done.stderr


# Reports ---------------------------------------------------------------------


def test_the_three_machine_reports_tell_the_same_story(campaign) -> None:
    folder, _ = campaign
    stream = events(folder)
    names = {e["id"]: e["name"] for e in stream if e["type"] == "scenario-started"}
    verdicts = {names[e["id"]]: e["verdict"] for e in stream if e["type"] == "scenario-finished"}
    steps = [e for e in stream if e["type"] == "step-finished"]

    suites = etree.parse(folder / "junit.xml").getroot()
    cases = suites.findall(".//testcase")
    assert sorted(str(c.get("name")) for c in cases) == sorted(verdicts)
    assert sum(int(str(s.get("tests"))) for s in suites) == len(verdicts) == 9
    assert {str(s.get("failures")) for s in suites} == {"0"}
    assert set(verdicts.values()) == {"conforme"}

    features = json.loads((folder / "cucumber.json").read_text(encoding="utf-8"))
    elements = [element for feature in features for element in feature["elements"]]
    assert sorted(e["name"] for e in elements) == sorted(verdicts)
    told = [s["name"] for e in elements for s in e["steps"]]
    assert sorted(told) == sorted(s["text"] for s in steps)
    assert {s["result"]["status"] for e in elements for s in e["steps"]} == {"passed"}


def test_the_stream_of_events_has_the_fields_of_its_published_schema(campaign) -> None:
    definitions = json.loads(in_process("schema").stdout)["$defs"]
    by_type = {
        d["properties"]["type"]["const"]: d
        for d in definitions.values()
        if "type" in d.get("properties", {})
    }
    for event in events(campaign[0]):
        declared = by_type[event["type"]]
        assert set(declared["required"]) <= set(event) <= set(declared["properties"])


def test_every_event_reads_back_as_itself(campaign) -> None:
    for event in events(campaign[0]):
        assert EVENT.dump_python(EVENT.validate_python(event), mode="json") == event


def test_no_secret_leaves_in_a_report(campaign) -> None:
    folder, _ = campaign
    secrets = secrets_of(folder, journal(folder))
    assert len(secrets) > 20
    for page in PAGES:
        text = (folder / page).read_text(encoding="utf-8")
        leaked = [(kind, value[:12]) for kind, value in secrets if value in text]
        assert leaked == [], page
        assert "PRIVATE KEY" not in text


def secrets_of(folder: Path, exchanges: tuple[Exchange, ...]) -> set[tuple[str, str]]:
    """What went by the wires, or lies in the folder, that must not be published."""
    described = json.loads((folder / "environnement.json").read_text(encoding="utf-8"))
    found = {("client_secret", str(c["client_secret"])) for c in described["psc"]["clients"]}
    for key in (folder / "certificats").glob("*.key.pem"):
        lines = key.read_text().splitlines()
        # The first lines hold the modulus, which certificates publish.
        found.add(("clé privée", lines[len(lines) // 2]))
    for exchange in exchanges:
        found |= {(exchange.operation, secret) for secret in _said(exchange)}
    return found


def _said(exchange: Exchange) -> set[str]:
    answer = exchange.response.body if exchange.response else b""
    if exchange.operation in ("token", "refresh"):
        told: dict[str, Any] = json.loads(answer)
        sent = dict(p.split("=", 1) for p in exchange.request.body.decode().split("&"))
        tokens = {told["access_token"], told["refresh_token"], told["id_token"]}
        basic = {v.split()[-1] for v in exchange.request.all("Authorization")}
        return tokens | {sent["code"], sent["code_verifier"]} | basic
    if exchange.operation.endswith("-AUTH"):
        blob = exchange.request.body.decode()
        token = base64.b64decode(blob + "===").split(b"Bearer ")[1].rstrip(b"\1").decode()
        # The user stands first in the blob and is no secret: the end is the token's.
        return {token, blob[-64:]}
    return set()


# Expected findings -----------------------------------------------------------


BREAKS_SUBJECTS = (
    "from reference_impl.mss import message",
    "message.subject = lambda _mail: 'Compte rendu'",
)


def test_an_announced_deviation_is_honoured_by_run_and_by_verdict(tmp_path: Path) -> None:
    features = write_features(tmp_path / "fonctionnalités")
    lgc = write_lgc(tmp_path, BREAKS_SUBJECTS)
    known = tmp_path / "attendus.json"
    known.write_text('[{"regle": "MSS-S01"}, {"regle": "INS-W-01"}]', encoding="utf-8")
    folder = tmp_path / "campagne"
    words = ("--dossier", str(folder), "--commande", lgc, "--constats-attendus", str(known))
    done = segur_bench("run", str(features), *words)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Constat attendu qui ne se produit plus : INS-W-01" in done.stdout
    finding = next(e for e in events(folder) if e["type"] == "finding")
    assert (finding["check_id"], finding["expected_by_user"]) == ("MSS-S01", True)

    unannounced = judge(folder)
    assert unannounced.returncode == 1
    assert "Verdict : non conforme" in unannounced.stdout

    elsewhere = tmp_path / "ailleurs.json"
    elsewhere.write_text('[{"regle": "MSS-S01", "scenario": "autre"}]', encoding="utf-8")
    missed = judge(folder, "--constats-attendus", str(elsewhere))
    assert missed.returncode == 1
    assert "Constat attendu qui ne se produit plus : MSS-S01 (autre)" in missed.stdout

    # As a run without the file would have marked it: the step is forgiven afterwards.
    fail_last_step(folder)
    assert judge(folder).returncode == 1
    assert "failed" in (folder / "cucumber.json").read_text(encoding="utf-8")
    assert judge(folder, "--constats-attendus", str(known)).returncode == 0
    assert "failed" not in (folder / "cucumber.json").read_text(encoding="utf-8")
    assert "<failure" not in (folder / "junit.xml").read_text(encoding="utf-8")


def fail_last_step(folder: Path) -> None:
    """Mark the last step as failed, with the reason its expectation has without the file."""
    with opened_store(folder) as (store, name):
        kept = Journal(store, name)
        (environment,) = (m.payload["environment"] for m in kept.marks("campaign-started"))
        view = JournalView(kept.read())
        reason = evaluate("aucun-ecart", view, from_json(environment), {}).reason
        last = kept.marks("step-finished")[-1]
        payload = json.dumps({**last.payload, "status": "échoué", "message": reason})
        query = marks.update().where(marks.c.campaign == name, marks.c.kind == last.kind)
        rows = sa.select(sa.func.max(marks.c.id)).where(
            marks.c.campaign == name, marks.c.kind == last.kind
        )
        with store.writing() as connection:
            number = connection.execute(rows).scalar_one()
            connection.execute(query.where(marks.c.id == number).values(payload=payload))


def test_a_step_that_nothing_plays_is_a_mistake_of_its_author(tmp_path) -> None:
    text = SMALL.replace("Et 1 envoi à un confrère est compté", "Et tout le monde est content")
    features = write_features(tmp_path / "fonctionnalites", text)
    done = segur_bench("run", str(features), "--dossier", str(tmp_path / "campagne"))
    assert done.returncode == 2
    assert "Pas inconnu : « Et tout le monde est content » (petite.feature, ligne 12)" in (
        " ".join((done.stdout + done.stderr).split())
    )
    assert "Traceback" not in done.stderr

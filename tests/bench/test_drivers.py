"""Drivers against a small product written here: contract, polling, refusals, errors."""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

from bench.drivers import ActionOutcome, DriverError
from bench.drivers.command import CommandDriver
from bench.drivers.gestures import INSTRUCTIONS, instruction
from bench.drivers.http import HttpDriver
from bench.drivers.manual import ManualDriver
from bench.drivers.reference import ReferenceDriver
from bench.errors import UsageError
from bench.selection import choose_driver, read_expected


class Product(BaseHTTPRequestHandler):
    """A product that knows four gestures, one of them slow."""

    polls = 0

    def do_GET(self) -> None:
        if self.path == "/health":
            self.answer(200, {})
            return
        type(self).polls += 1
        self.answer(202 if type(self).polls < 2 else 200, {"action": "7"})

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        asked = json.loads(self.rfile.read(length))
        name = self.path.rpartition("/")[2]
        if name == "patient.read":
            self.answer(200, {"vu": asked})
        elif name == "dmp.deposit":
            self.answer(202, {"action": "7"})
        elif name == "mss.send":
            self.answer(409, {"erreur": {"code": "identite", "message": "identité non qualifiée"}})
        elif name == "outbox.read":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"pas du JSON")
        else:
            self.send_response(501)
            self.end_headers()

    def answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def product() -> Iterator[HttpDriver]:
    Product.polls = 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Product)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    driver = HttpDriver(f"http://127.0.0.1:{server.server_port}", timeout=10)
    yield driver
    driver.stop()
    server.shutdown()
    server.server_close()


def test_a_gesture_carries_its_parameters(product: HttpDriver) -> None:
    product.start("environnement.json", 1)
    result = product.perform("patient.read", {"patient": "p1"})
    assert (result.outcome, result.answer) == (ActionOutcome.DONE, {"vu": {"patient": "p1"}})


def test_a_slow_gesture_is_polled_until_it_ends(product: HttpDriver) -> None:
    assert product.perform("dmp.deposit", {}).outcome is ActionOutcome.DONE
    assert Product.polls == 2


def test_a_refusal_keeps_the_words_of_the_product(product: HttpDriver) -> None:
    result = product.perform("mss.send", {})
    assert result.outcome is ActionOutcome.REFUSED
    assert result.error == "identité non qualifiée"


def test_a_gesture_the_product_lacks_is_not_a_failure(product: HttpDriver) -> None:
    assert product.perform("vsm.produce", {}).outcome is ActionOutcome.NOT_OFFERED


def test_an_answer_that_is_not_json_breaks_the_contract(product: HttpDriver) -> None:
    with pytest.raises(DriverError, match="n'est pas du JSON"):
        product.perform("outbox.read", {})


def test_a_product_that_is_not_there_is_told_in_french() -> None:
    with pytest.raises(DriverError, match="Démarrez son pilote"):
        HttpDriver("http://127.0.0.1:9", timeout=2).start("e.json", 1)


@pytest.mark.parametrize(
    ("program", "outcome", "error"),
    [
        (
            "import sys,json;print(json.dumps({'vu': json.load(sys.stdin)}))",
            ActionOutcome.DONE,
            None,
        ),
        ("import sys;sys.exit(127)", ActionOutcome.NOT_OFFERED, None),
        ("import sys;sys.stderr.write('refus net');sys.exit(1)", ActionOutcome.REFUSED, ""),
        ("print('rien de lisible')", ActionOutcome.DONE, "objet JSON"),
        ("import sys;sys.exit(9)", ActionOutcome.FAILED, ""),
    ],
)
def test_an_executable_answers_by_its_exit_code(
    tmp_path: Path, program: str, outcome: ActionOutcome, error: str | None
) -> None:
    script = tmp_path / "produit avec espaces.py"
    script.write_text(program, encoding="utf-8")
    driver = CommandDriver(f"{sys.executable} '{script}'")
    driver.start("environnement.json", 1)
    result = driver.perform("patient.read", {"patient": "é"})
    assert result.outcome is outcome
    if error:
        assert error in result.error


def test_an_executable_that_does_not_exist_is_told_in_french() -> None:
    with pytest.raises(DriverError, match="Commande introuvable"):
        CommandDriver("/nulle/part/produit").start("e.json", 1)


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("", ActionOutcome.DONE), ("r", ActionOutcome.REFUSED), ("Absent", ActionOutcome.NOT_OFFERED)],
)
def test_a_person_is_shown_the_gesture_and_answers(word: str, outcome: ActionOutcome) -> None:
    console = Console(record=True, quiet=False, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    driver = ManualDriver(console, lambda _prompt: word)
    driver.start("environnement.json", 1)
    result = driver.perform("patient.read", {"patient": "p1"})
    assert result.outcome is outcome
    assert "Ouvrez le dossier du patient p1" in console.export_text()


def test_every_gesture_has_a_sentence_that_takes_any_parameters() -> None:
    for name in INSTRUCTIONS:
        assert instruction(name, {"patient": "p1", "destinataires": ["a@b"], "usager": True})
    assert instruction("geste.inconnu", {}) == "geste.inconnu"


def test_the_reference_that_cannot_start_says_why(tmp_path: Path) -> None:
    driver = ReferenceDriver([sys.executable, "-c", "import sys;sys.exit('panne au démarrage')"])
    with pytest.raises(DriverError, match="panne au démarrage"):
        driver.start(str(tmp_path / "absent.json"), 1)
    driver.stop()


@pytest.mark.parametrize(
    ("name", "missing"), [("http", "--adresse"), ("command", "--commande"), ("robot", "inconnu")]
)
def test_a_driver_that_lacks_an_option_says_which(name: str, missing: str) -> None:
    with pytest.raises(UsageError, match=missing):
        choose_driver(name, None, None)


@pytest.mark.parametrize(
    ("text", "said"),
    [("[", "n'est pas du JSON"), ("{}", "liste d'objets"), ('[{"regel": "x"}]', "entrée n° 1")],
)
def test_expected_findings_that_cannot_be_read_name_the_fault(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "attendus.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        read_expected(path)

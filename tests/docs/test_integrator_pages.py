"""The pages for integrators are true: their programs, commands, files and JSON are played.

A ``console`` block has commands after ``$`` and what they print; ``…`` stands for anything. A
``json`` block names the gesture of the administration that takes it.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from bench.wires import read_wires
from fixtures.apcv import make_apcv
from rules.formats.prescription_adapter import Adapter, adapters, discard
from simulators.apcv.faults import FAULTS as APCV_FAULTS
from simulators.platform import Platform
from simulators.prescription.faults import FAULTS
from simulators.prescription.robot import RECIPES
from simulators.testing import administration, running
from tests.bench.campaigns import COMMAND
from tests.simulators.prescription.client import DOCTOR, Caller, line, ordonnance

DOCS = Path(__file__).parents[2] / "docs"
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PAGES = ("ordonnance.md", "appli-carte-vitale.md")


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: str
    language: str
    told: str
    text: str


def blocks(language: str, *pages: str) -> list[Block]:
    return [
        Block(page, found[1], found[2].strip(), found[3])
        for page in pages or PAGES
        for found in FENCE.finditer(page_of(page))
        if found[1] == language
    ]


def page_of(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def rows(page: str, head: str) -> list[list[str]]:
    """Cells of the table that has this head."""
    after = page_of(page).partition(f"| {head}")[2]
    lines = iter(after.splitlines()[2:])
    found: list[list[str]] = []
    for each in lines:
        if not each.startswith("|"):
            break
        found.append([cell.strip() for cell in each.strip("|").split("|")])
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader is: programs of the pages, and the bench in ``mon-banc``."""
    here = tmp_path_factory.mktemp("lecteur")
    for block in blocks("python"):
        name = re.match(r'"""(\S+\.py):', block.text)
        assert name is not None
        (here / name[1]).write_text(block.text, encoding="utf-8")
    (toml,) = blocks("toml")
    wires = here / "mon-banc" / "adaptateurs"
    wires.mkdir(parents=True)
    (wires / "maison.toml").write_text(toml.text, encoding="utf-8")
    return here


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    try:
        with running(("psc", "prescription", "apcv"), folder=folder / "mon-banc") as started:
            yield started
    finally:
        discard("maison")


def printed(command: str, folder: Path) -> list[str]:
    """What a command of a page prints."""
    names = {"python": [sys.executable], "segur-bench": list(COMMAND)}
    word, _, rest = command.partition(" ")
    if word in names:
        command = f"{shlex.join(names[word])} {rest}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, "COLUMNS": "250"},
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip
    return (done.stdout + done.stderr).splitlines()


def gestures(block: Block) -> list[tuple[str, list[str]]]:
    """Commands of a console block, each with the lines it prints."""
    found: list[tuple[str, list[str]]] = []
    for each in block.text.splitlines():
        if each.startswith("$ "):
            found.append((each[2:], []))
        else:
            found[-1][1].append(each)
    return found


@pytest.mark.parametrize("block", blocks("console"), ids=lambda b: gestures(b)[0][0])
def test_commands_print_what_the_page_says(block: Block, folder: Path, platform: Platform) -> None:
    if "mon-banc/code.txt" in block.text:
        printed("python scanner.py mon-banc 000499900012", folder)
    for command, expected in gestures(block):
        said = printed(command, folder)
        assert len(said) == len(expected), (command, said)
        for wanted, line_said in zip(expected, said, strict=True):
            pattern = ".*".join(map(re.escape, wanted.rstrip().split("…")))
            assert re.fullmatch(pattern, line_said.rstrip()), (command, wanted, line_said)


@pytest.mark.parametrize("block", blocks("json"), ids=lambda b: f"{b.told} {b.text[:50]}")
def test_json_is_taken_by_the_administration(block: Block, platform: Platform) -> None:
    method, path = block.told.split()
    doctor = Caller(platform)
    told = ordonnance(doctor.now, line(1), line(2))
    assert doctor.call("EP4", told).error is None
    body = block.text.replace("<numéro>", told["id"])
    with administration(platform) as admin:
        answer = admin.request(method, path, json=json.loads(body))
        assert answer.status_code == 200, answer.text
        admin.delete("/faults")


@pytest.fixture
def adapter(folder: Path) -> Iterator[Adapter]:
    read_wires(folder / "mon-banc" / "adaptateurs")
    try:
        yield next(each for each in adapters() if each.name == "maison")
    finally:
        discard("maison")


def test_the_adapter_writes_the_element_of_the_page(adapter: Adapter) -> None:
    (xml,) = blocks("xml")
    content = {
        "id": "04AUAZJ012AL803RJ0",
        "consentement": True,
        "validite": ["2026-03-02", "2027-03-01"],
        "patient": {"nomNaissance": "TESTAVRIL", "prenoms": ["CAMILLE", "ANNE"]},
        "lignes": [{"n": 1, "eprescType": "medicament", "cis": "63107752"}],
    }
    without_spaces = etree.XMLParser(remove_blank_text=True)
    wanted = etree.fromstring(xml.text, without_spaces)
    written = adapter.write_element("CreerDemande", content)
    assert canonical(written) == canonical(wanted)


def canonical(element: etree._Element) -> list[Any]:
    """Whatever prefixes are declared, and where."""
    return [(e.tag, dict(e.attrib), (e.text or "").strip()) for e in element.iter()]


def test_an_ordonnance_crosses_the_wire_of_the_page(platform: Platform, adapter: Adapter) -> None:
    doctor = Caller(platform, DOCTOR, adapter.name)
    told = ordonnance(doctor.now, line(1), line(2))
    assert doctor.call("EP4", told).content["etat"] == "ENREGISTREE"
    who = {"rpps": DOCTOR[1:], "am": "331999011"}
    seen = doctor.call("EP3", {"id": told["id"], "emetteur": who}).content["ordonnance"]
    assert [each["idLigne"] for each in seen["lignes"]] == [
        each["idLigne"] for each in told["lignes"]
    ]
    assert seen["validite"] == told["validite"]
    other = ordonnance(doctor.now, id=told["id"])
    refused = doctor.post("EP4", other)
    assert 'code="ORD-17"' in refused.text
    assert doctor.call("EP4", other).error == "EP-P-001"


def test_tables_are_those_of_the_code(platform: Platform) -> None:
    assert [row[0].strip("`") for row in rows("ordonnance.md", "`recette`")] == list(RECIPES)
    profiles = [(one.serial, one.title) for one in make_apcv(platform.kernel.world)]
    told = [(row[0], row[1]) for row in rows("appli-carte-vitale.md", "Profile")]
    assert told == profiles[: len(told)]


@pytest.mark.parametrize(
    ("page", "service", "known"),
    [
        ("ordonnance.md", "prescription", set(FAULTS)),
        ("appli-carte-vitale.md", "apcv", set(APCV_FAULTS)),
    ],
    ids=PAGES,
)
def test_every_fault_of_the_service_is_told(
    page: str, service: str, known: set[str], platform: Platform
) -> None:
    cells = " ".join(row[1] for row in rows(page, "Wanted"))
    # « statut-1 … statut-8 » stands for those between.
    told = cells.replace("…", " ".join(f"`statut-{code}`" for code in range(2, 8)))
    named = set(re.findall(r"`([^`]+)`", told)) - {"EP-25", "EP-29", "EP-30"}
    assert known <= named
    with administration(platform) as admin:
        offered = admin.get(f"/faults/known/{service}").json()
    assert {name for name in named if name not in json.dumps(offered)} == set()


def test_links_go_somewhere() -> None:
    for name in PAGES:
        for target in re.findall(r"\]\(([^)#]+)", page_of(name)):
            assert (DOCS / target).is_file(), (name, target)

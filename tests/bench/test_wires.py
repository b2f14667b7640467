"""``check --adaptateurs``: the wire of an editor, and what a mistake in its file says."""

from __future__ import annotations

from pathlib import Path

from lxml import etree

from rules.formats.prescription_adapter import discard, parse
from tests.bench.campaigns import in_process
from tests.rules.prescription.official import NAME, OFFICIAL

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"


def captured(tmp_path: Path) -> Path:
    """An EP3 of that wire that says neither AM nor FINESS."""
    adapter = parse(OFFICIAL, NAME)
    envelope = etree.Element(f"{{{SOAP11}}}Envelope")
    body = etree.SubElement(envelope, f"{{{SOAP11}}}Body")
    asked = {"id": "04B5BBY113H9WH0035", "emetteur": {"rpps": "10999990012"}}
    body.append(adapter.write_element("Lecture", asked))
    path = tmp_path / "lecture.xml"
    path.write_bytes(etree.tostring(envelope))
    return path


def test_a_captured_call_is_judged_by_the_file_of_its_wire(tmp_path: Path) -> None:
    (tmp_path / "officiel.toml").write_text(OFFICIAL, encoding="utf-8")
    words = ["check", str(captured(tmp_path)), "--adaptateurs", str(tmp_path), "--json"]
    try:
        done = in_process(*words, shared=False)
    finally:
        discard(NAME)
    assert done.returncode == 1, done.stderr
    assert '"EP-26"' in done.stdout
    assert "requête SOAP ordonnance numérique" in done.stdout


def test_without_its_file_it_is_no_call_of_the_ordonnance(tmp_path: Path) -> None:
    done = in_process("check", str(captured(tmp_path)), "--json", shared=False)
    assert "ordonnance numérique" not in done.stdout


def test_a_mistake_is_one_sentence(tmp_path: Path) -> None:
    wrong = OFFICIAL.replace("demande =", "demnde =", 1)
    (tmp_path / "mien.toml").write_text(wrong, encoding="utf-8")
    words = ["check", str(captured(tmp_path)), "--adaptateurs", str(tmp_path)]
    done = in_process(*words, shared=False)
    assert done.returncode == 2
    for said in ("mien.toml", "« operations.EP4.demnde » inconnue", "« demande »"):
        assert said in done.stderr
    assert "Traceback" not in done.stderr

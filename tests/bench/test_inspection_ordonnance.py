"""``segur-bench check`` on the ordonnance numérique: number, Code 2D, page, calls."""

from __future__ import annotations

import json
from pathlib import Path

import pypdfium2
import pytest
from lxml import etree
from PIL import Image

from bench.context_files import FileContext
from bench.errors import UsageError
from bench.inspection import Inspection, inspect_file
from bench.sniffing import sniff
from rules.exchange import Message
from rules.formats.prescription_wire import EpAnswer, EpRequest
from tests.rules.ins.pages import png
from tests.rules.ins.test_symbols import noisy, shaded, tilted, turned
from tests.rules.prescription.calls import ADAPTERS, SOAP12, line, message, ordonnance
from tests.rules.prescription.pages import NUMBER, TEXT, pdf, qr, text
from tests.rules.prescription.test_other_pages import scan
from tests.shared_data import GOLDEN, needs_shared

OF_APCV = ("apcv", "numeros", "README")


def golden_files() -> list[Path]:
    found = (GOLDEN / "prescription").glob("*") if GOLDEN.is_dir() else ()
    return sorted(path for path in found if not path.name.startswith(OF_APCV))


def inspected(folder: Path, content: bytes, known: FileContext | None = None) -> Inspection:
    path = folder / "fichier"
    path.write_bytes(content)
    return inspect_file(path, known or FileContext())


def http(sent: Message) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in sent.headers)
    return f"{sent.start_line}\r\n{head}\r\n".encode() + sent.body


@needs_shared
@pytest.mark.parametrize("path", golden_files(), ids=lambda p: p.name)
def test_golden_files_raise_nothing(path: Path) -> None:
    inspection = inspect_file(path, FileContext())
    assert [(f.check_id, f.place, f.found) for f in inspection.findings] == []
    assert "EP-02" in inspection.evaluated


@pytest.mark.parametrize("written", ["{}", "{}\r\n", "  N°{}", "e-prescription N° {}\n"])
def test_a_number_is_decoded(tmp_path: Path, written: str) -> None:
    inspection = inspected(tmp_path, written.format(NUMBER).encode())
    assert inspection.kind == "numéro d'ordonnance : 12/03/2026 à 10:21:07,345, rang 101"
    assert (inspection.findings, inspection.evaluated) == ((), ("EP-02", "EP-03", "EP-04"))


@pytest.mark.parametrize(
    ("number", "place", "found"),
    [
        ("04B5BBY113H9WH003", "numéro, numéro", "17 caractères"),
        ("04B5BBY113H9WH00355", "numéro, numéro", "19 caractères"),
        ("04B5BBY113H9WHI035", "numéro, caractère 15", "'I'"),
        ("04b5bby113h9wh0035", "numéro, caractère 3", "'b'"),
        ("04B5TBR013H9WH0035", "numéro, caractères 5 à 8", "864000 (TBR0)"),
    ],
)
def test_what_is_wrong_with_a_number_is_told_at_its_place(
    tmp_path: Path, number: str, place: str, found: str
) -> None:
    (finding,) = inspected(tmp_path, number.encode()).findings
    assert finding.check_id == "EP-02"
    assert finding.place.startswith(place)
    assert finding.found == found


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (TEXT.encode(), "Code 2D (texte)"),
        (TEXT.encode() + b"\r\n", "Code 2D (texte)"),
        (png(qr()), "image de Code 2D"),
        (pdf(), "ordonnance imprimée (PDF)"),
        (text().encode(), "texte d'une ordonnance"),
        (json.dumps(ordonnance()).encode(), "ordonnance (modèle du banc)"),
    ],
    ids=["texte", "texte et fin de ligne", "image", "PDF", "page", "modèle"],
)
def test_a_document_is_recognised_and_judged(tmp_path: Path, content: bytes, kind: str) -> None:
    inspection = inspected(tmp_path, content)
    assert (inspection.kind, inspection.findings) == (kind, ())
    assert "EP-11" in inspection.evaluated or kind.startswith("texte")


@pytest.mark.parametrize(
    ("check_id", "content"),
    [
        ("EP-07", TEXT[:-1].encode()),
        ("EP-07", png(qr(TEXT.replace(",", ", ")))),
        ("EP-14", text(transmitted="").encode()),
        ("EP-09", pdf(at=(150, 225), number_at=(150, 254))),
        ("EP-22", json.dumps(ordonnance(lignes=[line(cis=None)])).encode()),
    ],
    ids=["texte", "image", "page", "PDF", "modèle"],
)
def test_a_defect_of_a_document_is_told(tmp_path: Path, check_id: str, content: bytes) -> None:
    inspection = inspected(tmp_path, content)
    assert {f.check_id for f in inspection.findings} == {check_id}
    assert inspection.fails


@pytest.mark.parametrize("typed", [NUMBER, f"N°{NUMBER}", f"e-prescription N°{NUMBER}"])
def test_a_number_is_judged_as_it_is_typed(typed: str) -> None:
    inspection = inspect_file(Path(typed), FileContext())
    assert inspection.kind == "numéro d'ordonnance : 12/03/2026 à 10:21:07,345, rang 101"
    assert inspection.verdict == "conforme"
    wrong = inspect_file(Path(typed.replace("0035", "O035")), FileContext())
    assert ([f.check_id for f in wrong.findings], wrong.verdict) == (["EP-02"], "non conforme")


def test_a_code_2d_is_judged_as_it_is_typed() -> None:
    assert inspect_file(Path(TEXT), FileContext()).kind == "Code 2D (texte)"


@pytest.mark.parametrize("typed", ["absent.pdf", "ordonnancedumardi", "2850733063042"])
def test_what_is_neither_a_file_nor_a_number_is_told(typed: str) -> None:
    with pytest.raises(UsageError, match="ce fichier n'existe pas"):
        inspect_file(Path(typed), FileContext())


def test_a_number_in_the_future_is_told_when_the_instant_is_known(tmp_path: Path) -> None:
    known = FileContext({"observed_at": "2026-03-11T10:00:00+01:00"})
    (finding,) = inspected(tmp_path, NUMBER.encode(), known).findings
    assert (finding.check_id, finding.severity) == ("EP-03", "majeure")
    known = FileContext({"observed_at": "2026-03-12T10:21:08+01:00"})
    assert inspected(tmp_path, NUMBER.encode(), known).findings == ()


@pytest.mark.parametrize(
    "written", [f"N°{NUMBER[:9]}", f"e-prescription N°{NUMBER}{NUMBER}", f"N\xb0{NUMBER}"]
)
def test_a_number_that_is_named_may_have_any_length(tmp_path: Path, written: str) -> None:
    inspection = inspected(tmp_path, written.encode("latin-1"))
    assert inspection.kind.startswith("numéro d'ordonnance")
    wrong = [] if written.endswith(f"N\xb0{NUMBER}") else ["EP-02"]
    assert [f.check_id for f in inspection.findings] == wrong


def test_a_photograph_of_a_page_is_judged(tmp_path: Path) -> None:
    page = pypdfium2.PdfDocument(pdf(picture=qr(scale=8)))[0]
    picture = page.render(scale=250 / 72, grayscale=True).to_pil()
    seen = png(noisy(turned(tilted(shaded(picture), 0.05), 4), 12), "JPEG", quality=70)
    inspection = inspected(tmp_path, seen)
    assert (inspection.kind, inspection.verdict) == ("image de Code 2D", "conforme")
    assert "EP-11" in inspection.evaluated


def test_a_scan_is_to_be_looked_at(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, scan(pdf(), 200))
    assert inspection.kind == "ordonnance imprimée (PDF)"
    assert (inspection.verdict, inspection.fails) == ("à vérifier", False)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "contenu non reconnu"),
        (bytes(range(256)), "contenu non reconnu"),
        (png(qr())[:80], "image illisible"),
        (png(Image.new("L", (300, 300), 255), "JPEG"), "ni QR code"),
    ],
    ids=["vide", "octets", "image coupée", "image blanche"],
)
def test_what_is_nothing_is_told_in_french(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        inspected(tmp_path, content)


@pytest.mark.parametrize(
    ("check_id", "content"),
    [("EP-07", b'{"S":{"V":2},"D":{"ID":'), ("CDA-30", b"%PDF-1.4 rien")],
    ids=["Code 2D coupé", "PDF coupé"],
)
def test_what_is_cut_short_is_a_finding(tmp_path: Path, check_id: str, content: bytes) -> None:
    inspection = inspected(tmp_path, content)
    assert [f.check_id for f in inspection.findings] == [check_id]
    assert inspection.fails


def test_a_picture_of_something_else_is_told_in_french(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ni le Code 2D d'une ordonnance"):
        inspected(tmp_path, png(qr("https://exemple.invalid/")))


@pytest.mark.parametrize("form", ["json", "soap"])
def test_a_call_of_each_wire_is_judged(tmp_path: Path, form: str) -> None:
    inspection = inspected(tmp_path, http(message("EP4", ordonnance(), form)))
    assert (inspection.kind, inspection.findings) == ("requête ordonnance numérique", ())
    wrong = ordonnance(lignes=[line(substitution={"code": "N"})])
    inspection = inspected(tmp_path, http(message("EP4", wrong, form)))
    assert [f.check_id for f in inspection.findings] == ["EP-16"]


def test_an_envelope_alone_is_judged(tmp_path: Path) -> None:
    told = {"id": NUMBER, "emetteur": {"rpps": "10999990012"}}
    inspection = inspected(tmp_path, message("EP3", told, "soap").body)
    assert inspection.kind == "requête SOAP ordonnance numérique"
    assert [f.check_id for f in inspection.findings] == ["EP-26"]


def test_an_unreadable_call_is_a_finding(tmp_path: Path) -> None:
    inspection = inspected(tmp_path, b"POST /epresc/ep4_creer HTTP/1.1\r\nHost: x\r\n\r\n{")
    assert [f.check_id for f in inspection.findings] == ["EP-00"]


def answers() -> list[bytes]:
    adapter = ADAPTERS["soap"]
    payload = etree.tostring(adapter.write_element("EnregistrerRep", {"id": NUMBER})).decode()
    envelope = f'<e:Envelope xmlns:e="{SOAP12}"><e:Body>{payload}</e:Body></e:Envelope>'.encode()
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/"
    return [
        head + b'json\r\n\r\n{"id": "A", "etat": "ENREGISTREE"}',
        b"HTTP/1.1 409 Conflict\r\nContent-Type: application/json\r\n\r\n"
        b'{"erreur": {"code": "EP-P-001", "libelle": "x"}}',
        head + b"soap+xml\r\n\r\n" + envelope,
        envelope,
    ]


@pytest.mark.parametrize("content", answers(), ids=["JSON", "refus", "SOAP", "enveloppe"])
def test_an_answer_is_recognised(content: bytes) -> None:
    sniffed = sniff(content)
    assert (sniffed.service, sniffed.answer) == ("prescription", True)
    assert [type(each) for each in sniffed.read()] == [EpAnswer]


def test_the_operation_of_a_call_is_named() -> None:
    (read,) = sniff(http(message("EP3", {"id": NUMBER}))).read()
    assert isinstance(read, EpRequest)
    assert read.operation == "EP3"


def test_a_page_is_compared_with_the_call_before_it(tmp_path: Path) -> None:
    call = tmp_path / "ep4.http"
    call.write_bytes(http(message("EP4", ordonnance(consentement=False))))
    known = FileContext({"avant": ["ep4.http"]}, tmp_path)
    assert {f.check_id for f in inspected(tmp_path, pdf(), known).findings} == {"EP-13"}
    assert inspected(tmp_path, pdf(notice=""), known).findings == ()

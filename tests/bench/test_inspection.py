"""``segur-bench check``: golden messages raise nothing, defects raise their check."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from bench.context_files import FileContext
from bench.errors import UsageError
from bench.inspection import Inspection, inspect_file
from bench.screen import print_inspections
from bench.sniffing import parse_http, sniff
from reports.events import FindingSeen
from rules.formats.psc import AccessToken, IdToken, UserInfo
from tests.rules.ins.pages import GS, LINES, page, png, symbol, text
from tests.shared_data import GOLDEN, SHARED, needs_shared

CONTEXTS = {"insi": "story.json", "dmp": "story.json", "mssante": "enveloppes.json"}
MESSAGES = (".http", ".xml", ".eml", ".jwt")
PARTS = ("document.xml", "signature.xml")


def golden_messages() -> list[Path]:
    if not GOLDEN.is_dir():
        return []
    return sorted(
        path
        for area in ("insi", "dmp", "mssante", "psc")
        for path in (GOLDEN / area).rglob("*")
        if path.suffix in MESSAGES and path.name != "config-v1.1.xml"
    )


def context_of(path: Path) -> Path | None:
    area = path.relative_to(GOLDEN).parts[0]
    name = CONTEXTS.get(area)
    return GOLDEN / area / name if name else None


@needs_shared
@pytest.mark.parametrize("path", golden_messages(), ids=lambda p: "/".join(p.parts[-2:]))
@pytest.mark.parametrize("with_context", [True, False], ids=["avec-contexte", "seul"])
def test_a_golden_message_raises_nothing(path: Path, with_context: bool) -> None:
    context = context_of(path) if with_context else None
    inspection = inspect_file(path, FileContext.read(context, path))
    assert [(f.check_id, f.place, f.found) for f in inspection.findings] == []


@needs_shared
@pytest.mark.parametrize("path", sorted((GOLDEN / "psc").glob("*.jwt")), ids=lambda p: p.stem)
def test_a_lone_token_is_read_and_judged(path: Path) -> None:
    (token,) = sniff(path.read_bytes()).read()
    assert isinstance(token, (AccessToken, IdToken, UserInfo))
    assert isinstance(token, IdToken) == (path.stem == "06-id-token")


def test_a_token_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    path = tmp_path / "jeton.jwt"
    path.write_bytes(b"eyJhbGciOiJSUzI1NiJ9.abc")
    with pytest.raises(UsageError, match="ne se décode pas"):
        inspect_file(path, FileContext())


@needs_shared
def test_the_golden_messages_are_all_there() -> None:
    assert len(golden_messages()) > 160


@needs_shared
@pytest.mark.parametrize(
    "path", sorted((SHARED / "cda" / "samples").glob("syn-*.xml")), ids=lambda p: p.stem
)
def test_a_sample_document_raises_nothing(path: Path) -> None:
    inspection = inspect_file(path, FileContext())
    assert inspection.kind == "document CDA"
    assert (inspection.findings, len(inspection.evaluated) > 20) == ((), True)


@needs_shared
@pytest.mark.parametrize(
    ("name", "old", "new", "check_id"),
    [
        ("dmp/t04-td21-depot-requete.http", b'tation="11488-4"', b'tation="11488-X"', "DMP-21-04"),
        ("insi/e02-traits-org-prenom1-requete.http", b"<ins:Sexe>F", b"<ins:Sexe>f", "INS-W-17"),
        ("mssante/01-envoi-pro-cr-consultation.eml", b"X-MSS-INS: O", b"X-MSS-INS: N", "MSS-H03"),
        ("psc/01-demande-autorisation.http", b"acr_values=eidas1", b"acr_values=aucun1", "PSC-34"),
    ],
    ids=["code-inconnu", "sexe-minuscule", "ins-niee", "acr"],
)  # fmt: skip
def test_a_broken_message_is_caught(
    tmp_path: Path, name: str, old: bytes, new: bytes, check_id: str
) -> None:
    source = GOLDEN / name
    data = source.read_bytes()
    if old not in data:  # prefixes vary from one golden message to another
        old, new = old.split(b":", 1)[-1], new.split(b":", 1)[-1]
    assert old in data
    path = tmp_path / source.name
    path.write_bytes(data.replace(old, new))
    context = FileContext.read(context_of(source), path)
    assert check_id in {f.check_id for f in inspect_file(path, context).findings}


@needs_shared
def test_messages_before_are_part_of_the_judgement(tmp_path: Path) -> None:
    first = GOLDEN / "insi" / "e02-traits-org-prenom1-requete.http"
    again = tmp_path / "encore.http"
    again.write_bytes(first.read_bytes())
    context = tmp_path / "contexte.json"
    context.write_text(json.dumps({"avant": [str(first)]}), encoding="utf-8")
    found = inspect_file(again, FileContext.read(context, again)).findings
    assert "INS-W-03" in {f.check_id for f in found}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"<html/>", "racine <html>"),
        (b"\x00\x01\x02", "contenu non reconnu"),
        (b"", "contenu non reconnu"),
    ],
)
def test_what_is_not_recognised_is_told(tmp_path: Path, data: bytes, kind: str) -> None:
    path = tmp_path / "inconnu.bin"
    path.write_bytes(data)
    with pytest.raises(UsageError, match=kind):
        inspect_file(path, FileContext())


@pytest.mark.parametrize(
    ("data", "check_id"),
    [
        (b"<ClinicalDocument", "CDA-01"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ClinicalDocument>&b;</ClinicalDocument>', "CDA-01"),
        (b"PK\x03\x04not a zip", "MSS-X01"),
        (b"POST /lps HTTP/1.1\r\nContent-Type: application/soap+xml\r\n\r\n<a", "INS-W-01"),
        (
            b"POST /si-dmp-server/v2/services/repository HTTP/1.1\r\n"
            b"Content-Type: multipart/related; boundary=a\r\n\r\n--b\r\n",
            "DMP-21-01",
        ),
    ],
    ids=["tronque", "entite", "zip", "insi", "limite"],
)
def test_bad_input_is_a_finding_not_a_crash(tmp_path: Path, data: bytes, check_id: str) -> None:
    path = tmp_path / "casse.bin"
    path.write_bytes(data)
    inspection = inspect_file(path, FileContext())
    assert [f.check_id for f in inspection.findings] == [check_id]
    assert inspection.fails


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "n'est pas du JSON"),
        ("[]", "objet JSON"),
        ('{"observed_at": "hier"}', "observed_at"),
        ('{"observed_at": "2026-03-12T09:00:00"}', "fuseau"),
        ('{"autorites": ["absente.pem"]}', "autorites"),
    ],
)
def test_a_context_that_cannot_be_read_names_its_field(
    tmp_path: Path, text: str, said: str
) -> None:
    context = tmp_path / "contexte.json"
    context.write_text(text, encoding="utf-8")
    path = tmp_path / "courriel.eml"
    path.write_bytes(b"From: a@b.fr\r\n\r\nbonjour\r\n")
    with pytest.raises(UsageError, match=said):
        inspect_file(path, FileContext.read(context, path))


def test_an_http_head_is_split_from_its_bytes() -> None:
    message = parse_http(b"POST /lps HTTP/1.1\r\nA: b\r\nC:d\r\n\r\n\x00\r\n\r\nfin")
    assert (message.start_line, message.headers) == ("POST /lps HTTP/1.1", (("A", "b"), ("C", "d")))
    assert message.body == b"\x00\r\n\r\nfin"


def test_a_lone_soap_body_is_given_the_path_of_its_operation() -> None:
    found = sniff(
        b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        b'<q:AdhocQueryRequest xmlns:q="urn:oasis:names:tc:ebxml-regrep:xsd:query:3.0"/>'
        b"</s:Body></s:Envelope>"
    )
    assert found.message is not None
    assert found.message.target.endswith("/registry")


CARRIERS = sorted((GOLDEN / "ins").glob("*.txt")) + sorted((GOLDEN / "ins").glob("*.png"))


@needs_shared
@pytest.mark.parametrize("path", CARRIERS, ids=lambda path: path.name)
@pytest.mark.parametrize("with_context", [True, False], ids=["avec-contexte", "seul"])
def test_a_golden_carrier_of_the_ins_raises_nothing(path: Path, with_context: bool) -> None:
    context = GOLDEN / "insi" / "story.json" if with_context else None
    inspection = inspect_file(path, FileContext.read(context, path))
    assert [(f.check_id, f.place, f.found) for f in inspection.findings] == []
    wanted = "INS-T-06" if path.name.startswith("cartouche") else "INS-T-04"
    assert wanted in inspection.evaluated


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_picture_of_a_datamatrix_is_judged(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"scan.{kind.lower()}"
    path.write_bytes(png(symbol(text(S6="1985-07-12")), kind))
    inspection = inspect_file(path, FileContext())
    assert inspection.kind == "image de datamatrix INS"
    assert [(f.check_id, f.found) for f in inspection.findings] == [("INS-T-04", "1985-07-12")]
    path.write_bytes(png(symbol(text().replace("IS01", "IS02")), kind))
    assert [f.check_id for f in inspect_file(path, FileContext()).findings] == ["INS-T-04"]


def test_a_text_from_a_scanner_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "douchette.txt"
    path.write_text(text().replace(GS, "<GS>") + "\n", encoding="ascii")
    inspection = inspect_file(path, FileContext())
    assert [(f.check_id, f.fails) for f in inspection.findings] == [("INS-T-04", False)]
    path.write_text(text().replace(GS, "") + "\n", encoding="ascii")
    assert inspect_file(path, FileContext()).fails


def test_a_page_with_symbol_and_cartouche_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "courrier.pdf"
    path.write_bytes(page(picture=symbol(text())))
    inspection = inspect_file(path, FileContext())
    assert inspection.findings == ()
    assert {"INS-T-04", "INS-T-05", "INS-T-06"} <= set(inspection.evaluated)
    path.write_bytes(page(LINES[1:], symbol(text(), square=False), width=35, mark=""))
    found = {f.check_id for f in inspect_file(path, FileContext()).findings}
    assert found == {"INS-T-05", "INS-T-06"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (png(Image.new("L", (300, 300), 255)), "aucun datamatrix lisible"),
        (png(symbol("(01)03400930000015")), "pas un datamatrix INS"),
        (png(symbol(text()))[:80], "image illisible"),
        (png(Image.new("1", (8000, 6000))), "millions de points"),
    ],
    ids=["blanche", "autre symbole", "coupée", "immense"],
)
def test_a_picture_without_datamatrix_is_told_in_french(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        inspect_file(path, FileContext())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"access_token": "abc', r"n'en est pas \(ligne 1, caractère 18\)"),
        (b"{`S`:{`V`:2}}", "clavier"),
        (b"[\xff]", "UTF-8"),
        (b"eyJhbGciOi", "trois parties"),
        (b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", "non reconnu"),
    ],
    ids=["JSON coupé", "autre clavier", "latin-1", "jeton coupé", "certificat"],
)
def test_what_is_not_what_it_begins_like_is_told_with_its_file(
    tmp_path: Path, content: bytes, words: str
) -> None:
    path = tmp_path / "capture"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=words) as refused:
        inspect_file(path, FileContext())
    assert str(refused.value).startswith(f"{path} : ")


def test_what_no_check_knows_is_not_said_conforme(tmp_path: Path) -> None:
    path = tmp_path / "autre.json"
    path.write_text('{"numeros": []}', encoding="utf-8")
    inspection = inspect_file(path, FileContext())
    assert (inspection.verdict, inspection.evaluated) == ("non observé", ())


def test_a_line_is_not_cut_where_the_output_is_a_file() -> None:
    written = io.StringIO()
    finding = FindingSeen.model_construct(
        check_id="EP-02", title="long " * 40, severity="bloquante", artefact="A", place="p",
        expected="e", found="f", advice="a", fails=True,
    )  # fmt: skip
    seen = Inspection(f"{'dossier/' * 20}f.txt", "nature " * 20, (finding,), ("EP-02",), {})
    print_inspections(Console(file=written, width=80), [seen])
    assert len(written.getvalue().splitlines()) == 7

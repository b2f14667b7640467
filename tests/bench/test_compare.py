"""Two campaigns of one seed differ only in declared fields; anything else is shown."""

from __future__ import annotations

import base64
import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from bench.compare import DECLARED, LEFT_OUT, Instants, Numbers
from bench.unfolding import unfold
from rules.formats.prescription_number import encode
from simulators.journal import bodies
from simulators.store import Store
from tests.bench.campaigns import alone, in_process, segur_bench, write_features
from tests.rules.archives import archive_of
from tests.rules.cda.samples import LETTER
from tests.rules.ins.pages import png
from tests.rules.mssante.mails import documents_mail
from tests.rules.prescription.pages import NUMBER, qr

START = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def campaigns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two small campaigns of one seed, one of another; played once for all workers.

    Their journals are SQLite files whatever store tests use: one is changed below.
    """
    base = tmp_path_factory.getbasetemp()
    root = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "comparées"
    root.mkdir(exist_ok=True)
    folders = {name: root / name for name in ("une", "même graine", "autre graine")}
    with alone(root / "verrou"):
        if not (root / "fini").exists():
            features = str(write_features(root / "fonctionnalités"))
            for (name, folder), seed in zip(folders.items(), (7, 7, 8), strict=True):
                words = ("--dossier", str(folder), "--graine", str(seed))
                done = segur_bench("run", features, *words, shared=False)
                assert done.returncode == 0, (name, done.stdout, done.stderr)
            (root / "fini").touch()
    return folders


def compared(first: Path, second: Path) -> tuple[int, str]:
    done = in_process("compare", str(first), str(second), shared=False)
    return done.returncode, done.stdout


def test_one_seed_gives_one_campaign(campaigns: dict[str, Path]) -> None:
    code, said = compared(campaigns["une"], campaigns["même graine"])
    assert (code, said) == (0, "Aucune différence hors des champs déclarés variables.\n")


def test_another_seed_gives_another(campaigns: dict[str, Path]) -> None:
    code, said = compared(campaigns["une"], campaigns["autre graine"])
    assert code == 1
    assert "échange dmp TD2.1" in said
    assert "Message-ID: <" in said


@pytest.mark.parametrize(
    ("former", "new", "place"),
    [
        (b"Document n\xc2\xb0 1", b"Document n\xc2\xb0 9", "échange lgc document.write"),
        (b'"nom_naissance": "', b'"nom_naissance": "X', "échange lgc"),
        (b"<IdIndividu><NumIdentifiant>", b"<IdIndividu><NumIdentifiant>9", "échange insi"),
    ],
)
def test_a_changed_body_is_shown_with_its_place(
    campaigns: dict[str, Path], tmp_path: Path, former: bytes, new: bytes, place: str
) -> None:
    shutil.copy(campaigns["une"] / "banc.sqlite", tmp_path)
    store = Store.in_folder(tmp_path)
    with store.writing() as connection:
        rows = connection.execute(bodies.select()).all()
        chosen = next(row for row in rows if former in bytes(row.content))
        changed = bytes(chosen.content).replace(former, new)
        this = bodies.c.sha256 == chosen.sha256
        connection.execute(bodies.update().where(this).values(content=changed))
    store.close()
    code, said = compared(campaigns["une"], tmp_path)
    assert code == 1
    assert place in said


def test_a_folder_without_campaign_is_a_usage_error(tmp_path: Path) -> None:
    done = in_process("compare", str(tmp_path), str(tmp_path), shared=False)
    assert done.returncode == 2
    assert "n'est pas le dossier d'une campagne" in done.stderr


# Masks -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-21T22:02:42.749482+00:00",
        "2026-11-21T22:02:42Z",
        "20261121220242+0100",
        "D:20261121220242Z",
        "Date: Sat, 21 Nov 2026 22:02:42 GMT",
        '"iat": 1795298562,',
        "effectiveTime 20261121",
        "le 21/11/2026 à 22h02",
    ],
)
def test_an_instant_of_the_campaign_is_masked(line: str) -> None:
    masked = Instants(START, START).mask(line)
    assert "‹instant›" in masked
    assert "22" not in masked


@pytest.mark.parametrize(
    "line",
    [
        "1985-07-12",
        "19850712",
        "285073306304208",
        "1.2.250.1.213.1.4.8",
        "12/07/1985",
        '"exp": 4102444800',
        "0102030405",
        "Thu, 12 Mar 2026 12:00:00 +0100",
    ],
)
def test_data_stays(line: str) -> None:
    masked = Instants(START, START).mask(line)
    for declared in DECLARED:
        masked = declared.mask(masked)
    assert masked == line


def test_each_declared_field_has_its_reason_and_the_documentation_names_it() -> None:
    page = (Path(__file__).parents[2] / "docs/limites.md").read_text(encoding="utf-8")
    names = [(d.name, d.reason) for d in DECLARED] + list(LEFT_OUT)
    assert len({name for name, _ in names}) == len(names)
    for name, reason in names:
        assert reason
        assert name in page


def test_schemes_of_ebrim_are_data_and_drawn_uuids_are_not() -> None:
    drawn = "urn:uuid:0d5a1b0e-9c64-4a39-8a9b-0f1d4f0a7c11"
    (masking,) = [d for d in DECLARED if d.name == "UUID tiré"]
    scheme = 'classificationScheme="urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d"'
    seeded = "urn:uuid:6dc78b38-ff9d-53a0-92eb-cd5011bc6f25"
    assert masking.mask(f"{scheme} {drawn} {seeded}") == f"{scheme} urn:uuid:‹UUID tiré› {seeded}"


def test_the_size_of_a_document_is_masked_and_its_rank_is_not() -> None:
    (masking,) = [d for d in DECLARED if d.name == "longueur"]
    slot = '<Slot name="size">\n<ValueList>\n<Value>44220</Value>'
    other = '<Slot name="rank">\n<ValueList>\n<Value>44220</Value>'
    assert masking.mask(slot + other) == slot.replace("44220", "‹longueur›") + other


# Unfolding -------------------------------------------------------------------


def test_a_mail_is_opened_to_the_words_of_its_document() -> None:
    lines = unfold(documents_mail(), "message/rfc822")
    assert "fichier IHE_XDM/SUBSET01/DOC00001.XML" in lines
    assert any("TESTAVRIL" in line and "<family" in line for line in lines)


def test_a_token_inside_base64_is_opened_to_its_claims() -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "louise"}).encode()).decode().rstrip("=")
    line = f"user=x\x01auth=Bearer eyJhbGciOiJSUzI1NiJ9.{claims}.{'a' * 90}\x01\x01".encode()
    assert ' "sub": "louise"' in unfold(base64.b64encode(line))


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04rien", b"%PDF-rien", b"0\x82rien", b"{rien", b"\xff"]
)
def test_what_cannot_be_opened_is_compared_as_it_is(content: bytes) -> None:
    assert unfold(content)
    assert unfold(content) != unfold(content + b"!")


def test_archives_compressed_otherwise_say_the_same() -> None:
    assert unfold(archive_of(LETTER)) == unfold(archive_of(LETTER))


def test_numbers_of_ordonnances_are_masked_by_their_order_and_others_are_data() -> None:
    first, second = (str(encode(START, rank)) for rank in (123_456, 7))
    masking = Numbers(START, START)
    assert masking.mask(f'"{first}-1" N°{second} {first}') == (
        '"‹ordonnance n° 1›-1" N°‹ordonnance n° 2› ‹ordonnance n° 1›'
    )
    former = str(encode(START - timedelta(days=400), 1))
    said = f"{former} {first.lower()} {first}0 MEDICAMENTFICTIFIO"
    assert Numbers(START, START).mask(said) == said


def test_a_picture_is_what_its_symbols_say() -> None:
    lines = unfold(png(qr()), "image/png")
    assert lines[0] == "symbole qr"
    assert NUMBER in "".join(lines)
    (blank,) = unfold(png(Image.new("L", (40, 40), 255)), "image/png")
    assert "SHA-256" in blank


def test_codes_of_the_phone_and_identifiers_after_an_underscore_are_drawn() -> None:
    said = 'ID="_787f4611-b95e-4ba3-942c-d7e4e58d239f" "donnees": "PB83N8746746*98E*0N FI0"'
    for declared in DECLARED:
        said = declared.mask(said)
    code = "PB83N8746746*98‹code de l'appli carte Vitale›"
    assert said == f'ID="_‹UUID tiré›" "donnees": "{code}"'

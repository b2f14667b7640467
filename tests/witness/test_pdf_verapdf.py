"""Witness: veraPDF, the validator of the PDF Association, on the letters and
ordonnances of the LGC.

Its class path is resolved by Maven from ``pdfa/pom.xml``; ``pdfa/Check.java`` runs as
a single source file.
"""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pikepdf
import pytest

from reference_impl.documents.metadata import encapsulated_pdf
from tests.reference_impl.documents.test_ordonnance import DEVICE, document, ordonnance
from tests.reference_impl.story import DRAFT, UNQUALIFIED, written

SOURCES = Path(__file__).parent / "pdfa"

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(
        shutil.which("mvn") is None or shutil.which("java") is None,
        reason="Java et Maven ne sont pas installés",
    ),
]


@pytest.fixture(scope="module")
def class_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("verapdf")
    shutil.copy(SOURCES / "pom.xml", folder)
    found = folder / "classpath.txt"
    command = ["mvn", "-q", "-B", "dependency:build-classpath", f"-Dmdep.outputFile={found}"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=540)
    return found.read_text(encoding="utf-8").strip()


def verdicts(class_path: str, folder: Path, *contents: bytes) -> list[str]:
    files = []
    for rank, content in enumerate(contents):
        files.append(folder / f"{rank}.pdf")
        files[-1].write_bytes(content)
    command = ["java", "-cp", class_path, str(SOURCES / "Check.java"), *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.splitlines()


def test_every_letter_is_pdf_a_1b(class_path, tmp_path):
    letters = [
        written(),
        written(replace(DRAFT, type_code="96349-6", title="Lettre d’adressage")),
        written(replace(DRAFT, type_code="CERT_DECL", title="Certificat"), UNQUALIFIED),
        written(replace(DRAFT, text="Un paragraphe qui dure : « œdème », ≥ 3 ans.\n\n" * 120)),
    ]
    found = verdicts(class_path, tmp_path, *(encapsulated_pdf(d.content) for d in letters))
    assert [line.split()[0] for line in found] == ["conforme"] * len(letters)
    assert all(int(line.split()[1]) > 100 for line in found), "des règles ont été exercées"


def test_every_ordonnance_is_pdf_a_1b(class_path, tmp_path):
    long = [{**DEVICE, "n": n} for n in range(1, 31)]
    written_ones = [
        document(ordonnance()),
        document(ordonnance(), structured=False),
        document(ordonnance(*long, flags=[])),
        document(ordonnance(), registered=False, patient=UNQUALIFIED),
    ]
    found = verdicts(class_path, tmp_path, *(encapsulated_pdf(d.content) for d in written_ones))
    assert [line.split()[0] for line in found] == ["conforme"] * len(written_ones)


def test_the_witness_refuses_a_letter_that_lost_its_claim_or_its_colours(class_path, tmp_path):
    content = encapsulated_pdf(written().content)
    found = verdicts(
        class_path, tmp_path, without(content, "/Metadata"), without(content, "/OutputIntents")
    )
    assert [line.split()[0] for line in found] == ["refuse", "refuse"]
    assert found[0].split()[1].startswith("6.7"), "métadonnées, ISO 19005-1 §6.7"
    assert found[1].split()[1].startswith("6.2"), "graphiques, ISO 19005-1 §6.2"


def without(content: bytes, key: str) -> bytes:
    """The same PDF with one entry of its catalogue removed."""
    changed = io.BytesIO()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        del pdf.Root[key]
        pdf.save(changed, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    return changed.getvalue()

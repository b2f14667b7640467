"""Witness: libdmtx (Debian package dmtx-utils), on both sides of the datamatrix INS.

``dmtxread`` reads what the reference LGC draws and prints; what ``dmtxwrite`` draws
in C40 is read by the rules and by the reference LGC.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pypdfium2
import pytest
from hypothesis import HealthCheck, given, settings

from reference_impl.documents import datamatrix
from reference_impl.documents.metadata import encapsulated_pdf
from rules.context import Context
from rules.formats.datamatrix import InsDatamatrix, InsPicture
from rules.formats.symbols import read_picture
from rules.judge import judge_artefact
from tests.reference_impl.documents.test_datamatrix import TEXT, identities, png
from tests.reference_impl.story import written

pytestmark = [
    pytest.mark.witness,
    pytest.mark.skipif(
        shutil.which("dmtxread") is None or shutil.which("dmtxwrite") is None,
        reason="dmtx-utils n'est pas installé",
    ),
]


def read(picture: Path) -> bytes:
    """What dmtxread says of the first symbol of a picture."""
    command = ["dmtxread", "--milliseconds=20000", "--stop-after=1", str(picture)]
    return subprocess.run(command, check=True, capture_output=True, timeout=60).stdout


def drawn(content: str, folder: Path) -> bytes:
    """A square symbol in C40 by dmtxwrite, quiet zone of two modules of five pixels."""
    found = folder / "dmtx.png"
    options = ["--encoding=c", "--symbol-size=s", "--module=5", "--margin=10"]
    command = ["dmtxwrite", *options, f"--output={found}"]
    subprocess.run(command, check=True, input=content.encode("ascii"), timeout=60)
    return found.read_bytes()


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(identities())
def test_dmtxread_reads_what_the_reference_draws(tmp_path, identity):
    ins, traits = identity
    content = datamatrix.write_text(ins, ins.oid, traits)
    picture = tmp_path / "symbole.png"
    picture.write_bytes(png(datamatrix.picture(datamatrix.symbol(content)).convert("L")))
    assert read(picture) == content.encode("ascii")


def test_dmtxread_reads_the_printed_page(tmp_path):
    page = tmp_path / "page.png"
    pdf = pypdfium2.PdfDocument(encapsulated_pdf(written().content))
    pdf[0].render(scale=300 / 72, grayscale=True).to_pil().save(page)
    assert read(page) == TEXT.encode("ascii")


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(identities())
def test_what_dmtxwrite_draws_is_read_on_both_sides(tmp_path, identity):
    ins, traits = identity
    content = datamatrix.write_text(ins, ins.oid, traits)
    picture = drawn(content, tmp_path)
    assert datamatrix.read_picture(picture) == content
    shown = InsPicture.of(read_picture(picture))
    assert judge_artefact(shown, Context()).findings == ()
    assert [d.text for d in shown.datamatrices] == [InsDatamatrix.parse(content).text]

"""Witness: ZBar and jsQR (npm) read the QR codes of the printed ordonnance and of the phone.

The npm package ``base45`` decodes what the phone shows. Their packages are those of
tests/witness/node-symbols/package-lock.json.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from reference_impl.documents import code2d
from rules.formats import base45
from simulators.testing import client, running
from tests.reference_impl.documents.test_ordonnance import ordonnance
from tests.reference_impl.documents.test_ordonnance_pages import (
    SUBSTITUTE,
    drawn,
    page,
    photographed,
)
from tests.reference_impl.story import CAMILLE
from tests.rules.prescription import pages
from tests.shared_data import GOLDEN, needs_shared
from tests.simulators.apcv.lps import Lps
from tests.witness.node import needs_npm, said

pytestmark = [pytest.mark.witness, needs_npm]

Read = dict[str, Any]


def read(program: Path, folder: Path, *pictures: Image.Image) -> list[Read]:
    """What the readers say of pictures."""
    paths = [folder / f"{rank}.png" for rank in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        picture.convert("RGB").save(path)
    return said(program, {"images": list(map(str, paths))})["lus"]


def both(one: Read) -> tuple[list[str], list[str]]:
    return one["zbar"], one["jsqr"]


@pytest.mark.parametrize("held", [ordonnance(), ordonnance(remplace=SUBSTITUTE)])
def test_they_read_the_page_of_the_reference(node_symbols: Path, tmp_path: Path, held: Any) -> None:
    pdf = page(held)
    looks = (drawn(pdf, 300), photographed(drawn(pdf, 300)), drawn(pdf, 200), drawn(pdf, 150))
    text = code2d.write_text(held, CAMILLE.traits)
    seen = read(node_symbols, tmp_path, *looks)
    assert [look["zbar"] for look in seen] == [[text]] * 4
    # jsQR misses some symbols scanned at 200 dpi that every other reader finds.
    assert [look["jsqr"] for look in seen[:2]] == [[text]] * 2
    assert seen[0]["version"] <= 12


def test_a_page_without_the_service_has_nothing_to_read(node_symbols: Path, tmp_path: Path) -> None:
    picture = drawn(page(registered=False), 200)
    assert [both(look) for look in read(node_symbols, tmp_path, picture)] == [([], [])]


def test_they_read_what_the_tests_of_the_rules_draw(node_symbols: Path, tmp_path: Path) -> None:
    """The pictures that the checks are proved on are QR codes for others too."""
    (look,) = read(node_symbols, tmp_path, pages.qr())
    assert both(look) == ([pages.TEXT], [pages.TEXT])


@needs_shared
def test_they_read_the_golden_pictures(node_symbols: Path, tmp_path: Path) -> None:
    golden = GOLDEN / "prescription"
    found = sorted(golden.glob("*.png"))
    seen = read(node_symbols, tmp_path, *(Image.open(path) for path in found))
    assert len(found) >= 8
    for path, look in zip(found, seen, strict=True):
        (text,) = look["zbar"]
        written = golden / f"{path.stem.removesuffix('-segments')}.json.txt"
        told = written if written.exists() else path.with_suffix(".txt")
        assert look["jsqr"] == [text]
        assert text == told.read_text(encoding="utf-8").rstrip("\n")


def test_they_read_the_screen_of_the_phone(node_symbols: Path) -> None:
    """The picture of the page itself, drawn by resvg; the service takes what ZBar read."""
    with running(("psc", "apcv")) as platform, client(platform) as http:
        lps = Lps(platform)
        shown = re.search(r"<svg.*?</svg>", http.get(lps.phone).text, re.DOTALL)
        assert shown is not None
        typed = lps.code()
        answered = said(node_symbols, {"svg": [shown[0]], "base45": [typed]})
        (look,) = answered["lus"]
        (text,) = look["zbar"]
        assert look["jsqr"] == [text]
        assert lps.authenticate(text).code == "0"
    # Each display is a new code, of one length and one beginning.
    assert (text[:15], len(text)) == (typed[:15], len(typed))
    content = bytes.fromhex(answered["base45"][0])
    assert content[:10] == b"APCV0101\x41\x04"
    assert base45.decode(typed) == content

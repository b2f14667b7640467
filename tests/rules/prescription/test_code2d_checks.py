"""Every rule on the Code 2D: a conformant one raises nothing, a defect exactly its check."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import segno
from hypothesis import given
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.context import Identity, Traits
from rules.formats.code2d import Code2D, Code2DPicture, code2d_text, is_code2d
from rules.formats.symbols import read_picture
from tests.rules.ins.pages import png
from tests.rules.prescription.calls import context, found, ids
from tests.rules.prescription.pages import NAMES, NUMBER, TEXT, code, qr

CAMILLE = {
    "285073306304208": Identity("qualifiée", Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12"))
}
PADDING = " " * 81


def changed(**values: Any) -> str:
    """TEXT with values changed: ``D_P_N`` is D.P.N; Ellipsis removes a key."""
    content = json.loads(TEXT)
    for name, value in values.items():
        *above, last = name.split("_")
        held = content
        for step in above:
            held = held[step]
        if value is ...:
            del held[last]
        else:
            held[last] = value
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False)


def replacing(second: str) -> str:
    return code2d_text(NUMBER, NAMES, "10999990012", "331999011", second)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        replacing("10999992026"),
        TEXT.replace("CAMILLE", "Camille"),
        TEXT.replace("TESTAVRIL", "Testavril"),
        changed(D_P_P="Câmille".ljust(90)),
    ],
)
def test_conformant_codes(text: str) -> None:
    """The published code has its prénom in small letters."""
    assert ids(code(text), context(identities=CAMILLE)) == []


def test_the_published_code_raises_nothing() -> None:
    """Witness: the text decoded from the picture of the Dev Box santé (e-prescription.md §5)."""
    names = ("NESSI", "Ruth", "1977-07-14")
    text = code2d_text("03UE8SP00UGBYH4JF7", names, "99900023138", "991000696", "99900007487")
    ruth = Identity("qualifiée", Traits("NESSI", "RUTH", "F", "1977-07-14"))
    assert len(text) == 328
    assert ids(code(text), context(identities={"277076322082910": ruth})) == []


def test_escape_sequences_are_only_told() -> None:
    """A serializer that escapes more than it needs writes the same JSON."""
    (finding,) = found(code(TEXT.replace("CAMILLE", r"CAM\u0049LLE")))
    assert (finding.check_id, finding.fails) == ("EP-07", False)
    assert found(code(TEXT.replace("CAMILLE", r"CAM\u0049LLE").replace(",", ", ")))[0].fails


def test_a_name_in_latin_1_is_read() -> None:
    name = changed(D_P_N="ÉSSAI".ljust(90))
    known = {"x": Identity("qualifiée", Traits("ESSAI", "CAMILLE", "F", "1985-07-12"))}
    for encoding in ("utf-8", "latin-1"):
        read = Code2D.parse(name.encode(encoding))
        assert (read.birth_name, ids(read, context(identities=known))) == ("ÉSSAI", [])


@pytest.mark.parametrize(
    ("check_id", "text"),
    [
        ("EP-02", changed(D_ID="04B5BBY113H9WHO035")),
        ("EP-04", changed(D_ID="04B5BBW113H9WH0035")),
        ("EP-07", changed(S_V=3)),
        ("EP-07", changed(S_V="2")),
        ("EP-07", changed(S_V=2.0)),
        ("EP-07", changed(S_V=...)),
        ("EP-07", changed(D_ID=...)),
        ("EP-07", changed(D_P_P=...)),
        ("EP-07", changed(D_M_AM=...)),
        ("EP-07", changed(D_P_N="TESTAVRIL")),
        ("EP-07", changed(D_P_N="TESTAVRIL" + PADDING + " ")),
        ("EP-07", changed(D_P_D="12/07/1985")),
        ("EP-07", changed(D_M_RPPS=10999990012)),
        ("EP-07", changed(D_X="autre")),
        ("EP-07", TEXT.replace('"S":{"V":2},', "").replace("}}}", '}},"S":{"V":2}}')),
        ("EP-07", TEXT.replace(",", ", ")),
        ("EP-07", TEXT.replace("CAMILLE", r"CAM\u0049LLE")),
        ("EP-11", changed(D_M_RPPS="10999990013")),
        ("EP-11", changed(D_M_RPPS="1099999001")),
        ("EP-11", changed(D_M_AM="331999012")),
        ("EP-11", replacing("10999992027")),
        ("EP-12", replacing("10999990012")),
    ],
)  # fmt: skip
def test_a_defect_is_found_by_its_check_alone(check_id: str, text: str) -> None:
    assert ids(code(text)) == [check_id]


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("D.P.N", changed(D_P_N="TESTMAI  " + PADDING)),
        ("D.P.P", changed(D_P_P="ANNE" + " " * 86)),
        ("D.P.D", changed(D_P_D="1985-07-13")),
    ],
)
def test_traits_are_those_of_the_ins(place: str, text: str) -> None:
    (finding,) = found(code(text), context(identities=CAMILLE))
    assert (finding.check_id, finding.place) == ("EP-10", place)


def test_names_are_cut_at_ninety() -> None:
    name = "T" * 95
    long = {"x": Identity("qualifiée", Traits(name, "CAMILLE", "F", "1985-07-12"))}
    text = code2d_text(NUMBER, (name, "CAMILLE", "1985-07-12"), "10999990012", "331999011")
    assert ids(code(text), context(identities=long)) == []


def test_who_is_not_known_is_not_compared() -> None:
    several = {**CAMILLE, "x": Identity("qualifiée", Traits("AUTRE", "ZOE", "F", "2000-01-01"))}
    assert ids(code(changed(D_P_D="1985-07-13")), context(identities=several)) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '"S"', '{"S":{"V":2},"S":{"V":2}}', "\x00", "[" * 5000]
)
def test_what_is_no_object_is_malformed(text: str) -> None:
    with pytest.raises(MalformedError) as error:
        Code2D.parse(text)
    assert error.value.finding.check_id == "EP-07"


KEYS = st.sampled_from(["S", "V", "D", "ID", "P", "N", "M", "RPPS", "RPPS2", "AM"])
LEAVES = st.none() | st.integers() | st.text(max_size=5)


@given(st.recursive(LEAVES, lambda each: st.dictionaries(KEYS, each)))
def test_any_object_is_judged(content: Any) -> None:
    try:
        read = Code2D.parse(json.dumps(content))
    except MalformedError:
        return
    assert "EP-07" in ids(read)


def shown(picture: Any) -> list[str]:
    return ids(Code2DPicture.of(read_picture(png(picture))))


def test_a_symbol_is_read_and_judged() -> None:
    picture = Code2DPicture.of(read_picture(png(qr())))
    assert [each.text for each in picture.codes] == [TEXT]
    assert found(picture) == ()


def test_a_symbol_of_another_level_is_told() -> None:
    told = found(Code2DPicture.of(read_picture(png(qr(level="H")))))
    assert {f.check_id for f in told} == {"EP-08"}
    assert "niveau H" in [f.found for f in told]
    assert not any(f.fails for f in told)


def test_a_symbol_too_large_is_told() -> None:
    large = changed(D_X="a" * 120)
    assert shown(qr(large)) == ["EP-07", "EP-08"]


@pytest.mark.parametrize(("version", "told"), [(11, []), (12, []), (13, ["EP-08"])])
def test_the_version_of_a_symbol_is_measured(version: int, told: list[str]) -> None:
    made = segno.make_qr(TEXT, version=version, error="l", boost_error=False)
    content = io.BytesIO()
    made.save(content, kind="png", scale=4, border=4)
    assert ids(Code2DPicture.of(read_picture(content.getvalue()))) == told


def test_a_datamatrix_is_no_code_2d() -> None:
    assert shown(qr(kind="DataMatrix")) == ["EP-07"]


def test_a_symbol_cut_short_is_told() -> None:
    assert shown(qr(TEXT[:-1])) == ["EP-07"]


def test_other_symbols_are_left_aside() -> None:
    picture = Code2DPicture.of(read_picture(png(qr("https://exemple.invalid/"))))
    assert (picture.codes, picture.flaws) == ((), ())


@pytest.mark.parametrize(
    ("data", "claims"),
    [(TEXT.encode(), True), (b'{ "D" : {', True), (b'{"erreur":{}}', False), (b"S", False)],
)
def test_what_claims_to_be_a_code_2d(data: bytes, claims: bool) -> None:
    assert is_code2d(data) is claims

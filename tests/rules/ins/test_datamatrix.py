"""The text of a datamatrix INS: golden ones, the list N24, and each fault with its place."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.context import Context
from rules.findings import Severity
from rules.formats.datamatrix import HEADER, LAYOUTS, InsDatamatrix
from rules.judge import judge_artefact
from tests.rules.ins.pages import GS, text
from tests.shared_data import GOLDEN, needs_shared

FOLDER = GOLDEN / "ins"


def cases() -> list[dict[str, str | None]]:
    if not FOLDER.is_dir():
        return []
    return json.loads((FOLDER / "datamatrix.json").read_text(encoding="utf-8"))


def findings(content: str) -> list[tuple[str, str, str]]:
    """Every finding, whether it forbids reading or not."""
    try:
        judged = judge_artefact(InsDatamatrix.parse(content), Context())
    except MalformedError as error:
        return [(error.finding.check_id, error.finding.place, error.finding.found)]
    return [(f.check_id, f.place, f.found) for f in judged.findings]


@needs_shared
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["cas"])
def test_a_golden_text_says_its_identity_and_raises_nothing(case):
    data = (FOLDER / f"datamatrix-{case['cas']}.txt").read_bytes()
    read = InsDatamatrix.parse(data)
    day, month, year = case["naissance"].split("-")
    traits = read.traits
    assert (read.ins, read.oid) == (case["matricule"], case["oid"])
    assert (traits.birth_name, traits.birth_given_names) == (case["nom"], case["prenoms"])
    assert (traits.sex, traits.birth_date) == (case["sexe"], f"{year}-{month}-{day}")
    assert traits.birth_place == case["lieu"]
    assert findings(data.decode()) == []


LEGAL = {
    "dans un autre ordre": text(("S4", "S7", "S1", "S3", "S6", "S2", "S5")),
    "prénoms en dernier": text(("S1", "S2", "S4", "S5", "S6", "S7", "S3"), S3="CAMILLE ANNE"),
    "sans lieu": text(("S1", "S2", "S3", "S4", "S5", "S6")),
    "né à l'étranger": text(S7="99109"),
    "OID de 19 caractères": text(S2=f"1.2.250.1.213.1.4.8{GS}"),
    "nom de 100 caractères": text(S4="A" * 100),
    "nom de 100 caractères qui finit par S": text(S4="A" * 99 + "S"),
    "nom de 99 caractères": text(S4="A" * 99 + GS),
    "prénom d'une lettre": text(S3=f"O{GS}"),
    "apostrophe en tête": text(S4=f"'T HOOFT{GS}"),
    "double tiret": text(S4=f"TESTAVRIL--TESTMAI{GS}"),
}


@pytest.mark.parametrize("name", LEGAL)
def test_a_legal_text_raises_nothing(name):
    assert findings(LEGAL[name]) == []


FAULTY = {
    "GS oublié après l'OID": (
        text(S2="1.2.250.1.213.1.4.8"), "octet 64, après le champ S2 (OID)", "'S3'"),
    "GS oublié après les prénoms": (
        text(S3="CAMILLE ANNE"), "octet 79, après le champ S3 (prénoms de naissance)", "'S4'"),
    "GS oublié après 99 caractères": (
        text(S4="A" * 99), "octet 181, après le champ S4 (nom de naissance)", "'S5'"),
    "GS après un champ fixe": (
        text(S5=f"F{GS}"), "octet 95, après le champ S5 (sexe)", "GS (0x1D)"),
    "GS après un champ plein": (
        text(S2=f"1.2.250.1.213.1.4.10{GS}"), "octet 65, après le champ S2 (OID)", "GS (0x1D)"),
    "GS à la fin": (
        text(S7=f"33063{GS}"), "octet 114, après le champ S7 (lieu de naissance)", "GS (0x1D)"),
    "date ISO": (text(S6="1985-07-12"), "octet 95, champ S6 (date de naissance)", "1985-07-12"),
    "date lunaire": (text(S6="12-13-1985"), "octet 95, champ S6 (date de naissance)", "12-13-1985"),
    "version 02": ("IS02" + text()[4:], "octet 3, en-tête", "IS02" + "0" * 22),
    "en-tête en minuscules": (text().lower(), "octet 0, en-tête", "is01" + "0" * 22),
    "nom en minuscules": (
        text(S4=f"testavril{GS}"), "octet 80, champ S4 (nom de naissance)", "testavril"),
    "nom accentué": (text(S4=f"TÉSTAVRIL{GS}"), "octet 83", "0xC3"),
    "matricule sans clé": (text(S1="2850733063042"), "octet 43", "'1.'"),
    "sexe indéterminé": (text(S5="I"), "octet 92, champ S5 (sexe)", "I"),
    "OID de l'INS-C": (
        text(S2=f"1.2.250.1.213.1.4.2{GS}"), "octet 43, champ S2 (OID)", "1.2.250.1.213.1.4.2"),
    "lieu en clair": (text(S7="BORDE"), "octet 107, champ S7 (lieu de naissance)", "BORDE"),
    "texte coupé": (
        text()[:-2], "octet 107, champ S7 (lieu de naissance)", "3 : '330'"),
    "champ répété": (text(("S1", "S1")), "octet 43", "S1 pour la seconde fois"),
    "champ inconnu": (text() + "S9", "octet 114", "'S9'"),
    "sans nom": (
        text(("S1", "S2", "S3", "S5", "S6")), "champ S4 (nom de naissance)", "absent ou vide"),
    "en-tête seul": (HEADER[:10], "octet 10, en-tête", HEADER[:10]),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY)
def test_a_fault_is_found_alone_at_its_place(name):
    content, place, found = FAULTY[name]
    assert findings(content) == [("INS-T-04", place, found)]


def test_a_typed_separator_is_read_and_said():
    """A scanner that plays a keyboard types it: legal for a reader, never in a symbol."""
    content = text(S2="1.2.250.1.213.1.4.8<GS>").replace(GS, "<GS>")
    read = InsDatamatrix.parse(content)
    assert (read.ins, read.traits.birth_name) == ("285073306304208", "TESTAVRIL")
    (flaw,) = read.flaws
    assert (flaw.check_id, flaw.severity, flaw.found) == ("INS-T-04", Severity.INFO, "<GS>")


@given(st.permutations(sorted(LAYOUTS)))
def test_the_order_of_the_blocks_changes_nothing(order):
    content = text(order)
    if content.endswith(GS):
        content = content[:-1]
    read = InsDatamatrix.parse(content)
    assert read.flaws == ()
    assert (read.ins, read.traits) == (
        InsDatamatrix.parse(text()).ins,
        InsDatamatrix.parse(text()).traits,
    )


@given(st.binary(max_size=200) | st.text(alphabet="IS0123456789.<GS>-\x1dAé", max_size=200))
def test_any_octets_are_read_or_refused(data):
    head = HEADER.encode() if isinstance(data, bytes) else HEADER
    refusals = {refusal(content) for content in (data, head + data)}
    assert refusals <= {None, "INS-T-04"}


def refusal(content):
    """The check that forbids reading, None when nothing does."""
    try:
        InsDatamatrix.parse(content)
    except MalformedError as error:
        return error.finding.check_id
    return None

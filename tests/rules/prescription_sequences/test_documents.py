"""BANC-EPMED.04, EP-12, EP-16 and EP-18: the document of the DMP against the EP4."""

from __future__ import annotations

from rules.exchange import Exchange
from rules.judge import judge_sequence
from tests.rules.cda.samples import spoil
from tests.rules.ep_med_dm.documents import Line, written
from tests.rules.journals import deposit, journal
from tests.rules.prescription.calls import context, line
from tests.rules.prescription_sequences.stories import NUMBER, ep4, n3

REPLACEMENT = {"rpps": "10999992026"}
DEVICE = {"n": 2, "eprescType": "dispositifMedical", "lpp": "1215702", "ald": False}
BOTH = [line(), line(n=2, idLigne="431764e3-dc5a-5a84-9b9b-000000000002", ald=True)]


def ids(*exchanges: Exchange) -> list[str]:
    """Ids of the findings about documents."""
    found = judge_sequence(journal(*exchanges), context().environment).findings
    return sorted({f.check_id for f in found if f.check_id.startswith(("EP-", "BANC-EPMED"))})


def test_the_document_says_what_was_sent() -> None:
    assert ids(ep4(), n3()) == []
    assert ids(ep4(told={"lignes": [line(), DEVICE]}), n3(devices=(Line(2),))) == []


def test_a_line_is_missing_or_added() -> None:
    assert ids(ep4(told={"lignes": BOTH}), n3()) == ["BANC-EPMED.04"]
    assert ids(ep4(), n3(devices=(Line(2),))) == ["BANC-EPMED.04"]
    assert ids(ep4(), n3(drugs=(Line(code="60000001", cip13=None),))) == ["BANC-EPMED.04"]


def test_another_ald() -> None:
    assert ids(ep4(), n3(drugs=(Line(ald=True),))) == ["EP-18"]


def test_lines_are_matched_by_identifier_whatever_their_order() -> None:
    right = Line(2, ald=True), Line(1)
    assert ids(ep4(told={"lignes": [_named(1), _named(2, ald=True)]}), n3(drugs=right)) == []
    wrong = Line(2), Line(1, ald=True)
    assert ids(ep4(told={"lignes": [_named(1), _named(2, ald=True)]}), n3(drugs=wrong)) == ["EP-18"]


def test_lines_are_matched_by_their_drug_when_identifiers_say_nothing() -> None:
    """The document numbers its lines as it likes, in another order."""
    sent = [line(cis="60000001", cip13=None), line(n=2, cis="60000002", cip13=None, ald=True)]
    right = Line(7, "60000002", None, ald=True), Line(8, "60000001", None)
    wrong = Line(7, "60000002", None), Line(8, "60000001", None, ald=True)
    told = {"lignes": sent, "flags": ["MED-1096"]}
    assert ids(ep4(told=told), n3(drugs=right, flags=("MED-1096",))) == []
    assert ids(ep4(told=told), n3(drugs=wrong, flags=("MED-1096",))) == ["EP-18"]


def _named(n: int, **changes: object) -> dict[str, object]:
    return line(n=n, idLigne=f"431764e3-dc5a-5a84-9b9b-{n:012d}", **changes)


def test_another_substitution() -> None:
    excluded = Line(substitution="N", motive="MTE")
    assert ids(ep4(), n3(drugs=(excluded,))) == ["EP-16"]
    told = [line(substitution={"code": "N", "motif": "MTE"})]
    assert ids(ep4(told={"lignes": told}), n3(drugs=(excluded,))) == []


def test_who_is_replaced_is_named() -> None:
    assert ids(ep4(told={"remplace": REPLACEMENT}), n3()) == ["EP-12"]
    named = spoil(
        written(version="2022.01", number=NUMBER),
        "<documentationOf>",
        '<participant typeCode="CON"><functionCode code="CORRE" '
        'codeSystem="1.2.250.1.213.1.1.4.2.280"/></participant><documentationOf>',
    )
    assert ids(ep4(told={"remplace": REPLACEMENT}), deposit(named)) == []

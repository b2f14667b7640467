"""Every rule on the printed ordonnance, on its text and on rendered pages."""

from __future__ import annotations

from typing import Any

import pytest

from rules.context import Identity, Traits
from rules.findings import Severity
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pdf import PdfDocument
from rules.judge import JournalView, circumstances, judge_reading
from tests.rules.prescription.calls import context, found, ids
from tests.rules.prescription.pages import (
    ALD_TITLE,
    BODY,
    FOOT,
    HEAD,
    NOTICE,
    NOTICE_2022,
    NUMBER,
    OTHER_TITLE,
    TEXT,
    page_of,
    pdf,
    printed,
    qr,
)

DRUG, POSOLOGY = BODY
EXCLUDED = (DRUG, "non substituable (MTE)")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"notice": ""},
        {"notice": NOTICE_2022.format(answer="OUI")},
        {"notice": NOTICE_2022.format(answer="NON")},
        {"notice": NOTICE.replace("'", "’")},
        {"notice": NOTICE.replace("ce que je puisse consulter", "la consultation de")},
        {"body": EXCLUDED},
        {"body": (DRUG, "(-Non substituable-) CIF", DRUG, "non substituable : EFG")},
        {"body": (ALD_TITLE, DRUG, OTHER_TITLE, DRUG)},
        {"foot": ("e-prescription N°" + NUMBER, "Page 1 / 1")},
    ],
)
def test_conformant_pages(options: dict[str, Any]) -> None:
    assert ids(page_of(**options)) == []


@pytest.mark.parametrize(
    ("check_id", "options"),
    [
        ("EP-02", {"foot": ("e-prescription", "N°" + NUMBER[:-1], "Page 1/1")}),
        ("EP-03", {"head": HEAD[:-1], "notice": ""}),
        ("EP-03", {"foot": ("e-prescription", "N°04B4BBY113H9WH0035", "Page 1/1")}),
        ("EP-04", {"foot": ("e-prescription", "N°04B5BBW113H9WH0035", "Page 1/1")}),
        ("EP-09", {"foot": ("N°" + NUMBER, "Page 1/1")}),
        ("EP-09", {"foot": ("e-prescription", "Page 1/1")}),
        ("EP-13", {"notice": NOTICE_2022.format(answer="")}),
        ("EP-13", {"notice": NOTICE.replace("12/03/2026", "ce jour")}),
        ("EP-13", {"notice": "Je puis consulter ce qui a été délivré ou exécuté."}),
        ("EP-14", {"transmitted": ""}),
        ("EP-14", {"transmitted": "Données transmises électroniquement à l'assurance maladie."}),
        ("EP-14", {"transmitted": "https://www.ameli.fr"}),
        ("EP-15", {"foot": FOOT[:-1]}),
        ("EP-15", {"foot": (*FOOT[:-1], "Page 1/2")}),
        ("EP-16", {"body": (DRUG, "non substituable", POSOLOGY)}),
        ("EP-16", {"body": (DRUG, "non substituable", DRUG, "non substituable (MTE)")}),
        ("EP-16", {"body": (DRUG, "non substituable (MTE-PH)")}),
        ("EP-18", {"body": (OTHER_TITLE, DRUG)}),
        ("EP-18", {"body": (OTHER_TITLE, DRUG, ALD_TITLE, DRUG)}),
    ],
)
def test_a_defect_of_the_text_is_found_by_its_check_alone(
    check_id: str, options: dict[str, Any]
) -> None:
    assert ids(page_of(**options)) == [check_id]


def ordonnance_of(data: bytes) -> PrintedOrdonnance:
    made = PdfDocument.parse(data).ordonnance
    assert made is not None
    return made


def judged(data: bytes) -> list[str]:
    return ids(ordonnance_of(data))


def test_a_rendered_page_is_read_whole() -> None:
    page = ordonnance_of(pdf())
    assert [each.text for each in page.codes] == [TEXT]
    assert page.printed_number == NUMBER
    assert len(page.number_places) == 1
    assert found(page) == ()


def test_pages_follow_each_other() -> None:
    assert judged(pdf(pages=2)) == []


@pytest.mark.parametrize(
    ("check_id", "data"),
    [
        ("EP-09", pdf(at=(150, 225), number_at=(150, 254))),
        ("EP-09", pdf(at=(12, 100), number_at=(12, 129))),
        ("EP-09", pdf(number_at=(12, 205))),
        ("EP-09", pdf(number_at=(150, 275))),
        ("EP-09", pdf(number_at=(12, 280), at=(12, 200))),
        ("EP-09", pdf(picture=qr("https://exemple.invalid/"))),
        ("EP-07", pdf(picture=qr(TEXT[:-1]))),
        ("EP-07", pdf(picture=qr(kind="DataMatrix"))),
        ("EP-08", pdf(picture=qr(level="M"))),
    ],
    ids=["à droite", "en haut", "numéro au-dessus", "numéro à côté", "numéro loin", "autre code",
         "code coupé", "datamatrix", "niveau M"],
)  # fmt: skip
def test_a_defect_of_the_drawing_is_found_by_its_check_alone(check_id: str, data: bytes) -> None:
    assert judged(data) == [check_id]


def test_a_scan_is_to_be_looked_at() -> None:
    told = found(ordonnance_of(pdf(words=False)))
    assert [f.check_id for f in told] == ["EP-09", "EP-13", "EP-14", "EP-16", "EP-18"]
    assert {f.severity for f in told} == {Severity.REVIEW}


def test_a_letter_is_no_ordonnance() -> None:
    data = pdf(picture=qr("https://exemple.invalid/"), words=False)
    assert PdfDocument.parse(data).ordonnance is None


def test_traits_are_those_of_the_ins_printed() -> None:
    camille = Identity("qualifiée", Traits("TESTAVRIL", "CAMILLE", "F", "1985-07-13"))
    other = Identity("qualifiée", Traits("AUTRE", "ZOE", "F", "2000-01-01"))
    known = context(identities={"285073306304208": camille, "x": other})
    with_ins = ordonnance_of(pdf((*BODY, "INS : 2 85 07 33 063 042 08")))
    (finding,) = found(with_ins, known)
    assert finding.check_id == "EP-10"
    assert found(ordonnance_of(pdf()), known) == ()


@pytest.mark.parametrize(
    ("notice", "consent", "expected"),
    [
        (NOTICE, True, []),
        ("", False, []),
        (NOTICE, False, ["EP-13"]),
        ("", True, ["EP-13"]),
        (NOTICE_2022.format(answer="NON"), False, []),
        (NOTICE_2022.format(answer="NON"), True, ["EP-13"]),
        ("", None, []),
    ],
)
def test_the_notice_follows_what_the_gesture_asks(
    notice: str, consent: bool | None, expected: list[str]
) -> None:
    view = JournalView((printed(pdf(notice=notice), consent=consent),))
    told = circumstances(view, 0, context().environment)
    found_ids = {f.check_id for f in judge_reading(view.reading(view.exchanges[0]), told).findings}
    assert sorted(each for each in found_ids if each.startswith("EP-")) == expected

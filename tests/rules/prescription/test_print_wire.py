"""The paper against what was registered under its number."""

from __future__ import annotations

import io
from typing import Any

import pypdf
import pytest

from rules.exchange import Outcome
from rules.findings import Severity
from rules.formats.code2d import code2d_text
from tests.rules.prescription.calls import exchange, line, message, ordonnance, sequence
from tests.rules.prescription.pages import (
    ALD_TITLE,
    BODY,
    NAMES,
    NOTICE_2022,
    NUMBER,
    OTHER_TITLE,
    pdf,
    printed,
    qr,
)

OTHER = "MEDICAMENT FICTIF UN 75 microgrammes comprimé"
ALD = line(n=2, libelle=OTHER, ald=True)
EXCLUDED = line(substitution={"code": "N", "motif": "MTE"})
MIXED: dict[str, Any] = {"lignes": [line(), ALD]}
LETTERS = "un comprimé matin et soir"
NARCOTIC = line(stupefiant=True, posologieTexte=LETTERS)


def story(
    data: bytes, form: str = "json", outcome: Outcome = Outcome.ACCEPTED, **told: Any
) -> list[str]:
    """Ids of the rules that a page does not meet, printed after an EP4."""
    sent = exchange(message("EP4", ordonnance(**told), form), outcome=outcome)
    return sorted({f.check_id for f in sequence(sent, printed(data)) if f.check_id in RULES})


RULES = ("EP-10", "EP-12", "EP-13", "EP-16", "EP-18", "EP-23")


def drawn(names: tuple[str, str, str] = NAMES, rpps: str = "10999990012", **second: str) -> bytes:
    return pdf(picture=qr(code2d_text(NUMBER, names, rpps, "331999011", **second)))


def twice(data: bytes) -> bytes:
    """The page and its copy."""
    writer = pypdf.PdfWriter()
    for _ in range(2):
        writer.add_page(pypdf.PdfReader(io.BytesIO(data)).pages[0])
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


@pytest.mark.parametrize("form", ["json", "soap"])
def test_a_faithful_page(form: str) -> None:
    assert story(pdf(), form) == []


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (pdf(notice=""), {"consentement": False}),
        (drawn(second_rpps="10999992026"), {"remplace": {"rpps": "10999992026"}}),
        (pdf((BODY[0], "non substituable (MTE)")), {"lignes": [EXCLUDED]}),
        (pdf((ALD_TITLE, OTHER, OTHER_TITLE, *BODY)), {"lignes": [line(), ALD]}),
        (pdf((*BODY, "En ALD : " + OTHER)), {"lignes": [line(), ALD]}),
        (pdf((BODY[0], LETTERS)), {"lignes": [NARCOTIC]}),
    ],
    ids=["opposé", "remplaçant", "non substituable", "bizone", "en ALD", "stupéfiant"],
)
def test_conformant_pages(data: bytes, told: dict[str, Any]) -> None:
    assert story(data, **told) == []


LONGER = BODY[0] + " et codéine"
OPPOSED = NOTICE_2022.format(answer="NON")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (pdf(notice=OPPOSED), {"consentement": False}),
        (pdf(("Soins en rapport avec l'ALD", OTHER, "Soins hors ALD", *BODY)), MIXED),
        (pdf((f"ALD 1) {OTHER}", f"2) {BODY[0]}")), MIXED),
        (pdf((f"{OTHER} (ALD)", *BODY)), MIXED),
        (pdf((f"En ALD {OTHER.upper()}", BODY[0].upper())), MIXED),
        (
            pdf((ALD_TITLE, LONGER, OTHER_TITLE, BODY[0])),
            {"lignes": [line(), line(n=2, libelle=LONGER, ald=True)]},
        ),
        (
            twice(pdf((BODY[0], "NON-SUBSTITUABLE - MTE"))),
            {"lignes": [EXCLUDED]},
        ),
        (drawn(("Testavril", "Camille", NAMES[2])), {}),
    ],
    ids=[
        *("réponse NON", "autres titres", "ALD devant", "ALD derrière", "capitales"),
        *("libellé dans un autre", "deux exemplaires", "minuscules"),
    ],
)  # fmt: skip
def test_pages_of_other_products(data: bytes, told: dict[str, Any]) -> None:
    assert story(data, **told) == []


def test_a_layout_that_is_not_recognised_is_to_be_looked_at() -> None:
    body = ("Patient pris en charge au titre d'une affection de longue durée", OTHER, *BODY)
    sent = exchange(message("EP4", ordonnance(**MIXED)))
    (finding,) = [f for f in sequence(sent, printed(pdf(body))) if f.check_id == "EP-18"]
    assert finding.severity is Severity.REVIEW


@pytest.mark.parametrize(
    ("check_id", "data", "told"),
    [
        ("EP-13", pdf(notice=OPPOSED), {}),
        ("EP-16", twice(pdf((BODY[0], "NON-SUBSTITUABLE - CIF"))), {"lignes": [EXCLUDED]}),
        ("EP-18", pdf(("Soins hors ALD", OTHER, *BODY)), MIXED),
        ("EP-18", pdf((OTHER, f"En ALD {BODY[0]}")), MIXED),
        ("EP-18", pdf((OTHER, f"{BODY[0]} (ALD)")), MIXED),
    ],
)
def test_the_same_differences_on_pages_of_other_products(
    check_id: str, data: bytes, told: dict[str, Any]
) -> None:
    assert story(data, **told) == [check_id]


@pytest.mark.parametrize(
    ("check_id", "data", "told"),
    [
        ("EP-10", drawn(("TESTMAI", *NAMES[1:])), {}),
        ("EP-12", drawn(), {"remplace": {"rpps": "10999992026"}}),
        ("EP-12", drawn(second_rpps="10999992026"), {}),
        ("EP-12", drawn(rpps="10999992026"), {}),
        ("EP-13", pdf(notice=""), {}),
        ("EP-13", pdf(), {"consentement": False}),
        ("EP-16", pdf(), {"lignes": [EXCLUDED]}),
        ("EP-16", pdf((BODY[0], "non substituable (CIF)")), {"lignes": [EXCLUDED]}),
        ("EP-16", pdf((BODY[0], "non substituable (MTE)")), {}),
        ("EP-18", pdf((ALD_TITLE, *BODY, OTHER_TITLE, OTHER)), {"lignes": [line(), ALD]}),
        ("EP-18", pdf((*BODY, OTHER)), {"lignes": [line(), ALD]}),
        ("EP-23", pdf((BODY[0], "1 comprimé 2 fois")), {"lignes": [NARCOTIC]}),
    ],
    ids=[
        *("autre nom", "sans remplaçant", "remplaçant en trop", "autre prescripteur"),
        *("sans mention", "mention en trop", "sans non substituable", "autre motif"),
        *("non substituable en trop", "autre zone", "sans zone", "en chiffres"),
    ],
)
def test_a_difference_is_found_by_its_check_alone(
    check_id: str, data: bytes, told: dict[str, Any]
) -> None:
    assert story(data, **told) == [check_id]


def test_two_lines_of_one_label_each_in_its_zone() -> None:
    lines = [line(ald=True), line(n=2)]
    assert story(pdf((ALD_TITLE, *BODY, OTHER_TITLE, *BODY)), lignes=lines) == []


def test_a_finding_is_of_the_page() -> None:
    sent = exchange(message("EP4", ordonnance()))
    (finding,) = [f for f in sequence(sent, printed(pdf(notice=""))) if f.check_id == "EP-13"]
    assert (finding.exchange_id, finding.artefact) == ("x9", "Ordonnance imprimée")


def test_a_page_of_another_number_is_not_compared() -> None:
    assert story(pdf(notice=""), id="04B5BBY113H9WH0036") == []


def test_what_was_refused_is_not_compared() -> None:
    assert story(pdf(notice=""), outcome=Outcome.REFUSED) == []

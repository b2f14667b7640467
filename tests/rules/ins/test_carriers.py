"""INS-T-04, -05, -06 and -01 on pages, alone and inside documents: one mistake, one check."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
from PIL import Image, ImageDraw

from rules.context import Context, Identity, Traits
from rules.exchange import Message
from rules.formats.cartouche import Cartouche, is_cartouche
from rules.formats.gesture import Gesture
from rules.formats.pdf import PdfDocument
from rules.judge import JournalView, judge_artefact, judge_sequence
from tests.rules.cda.samples import LETTER, spoil
from tests.rules.ins.pages import GS, LINES, MARK, carriers, document, page, png, symbol, text
from tests.rules.journals import ENVIRONMENT, exchange, mail
from tests.shared_data import GOLDEN, needs_shared

WITHOUT_INS = spoil(
    LETTER, '<id root="1.2.250.1.213.1.4.10" extension="285073306304208"/>', "<!-- aucun INS -->"
)
TRAITS = Traits("TESTAVRIL", "CAMILLE ANNE", "F", "1985-07-12", "33063")
QUALIFIED = Identity("qualifiée", TRAITS, "285073306304208", "1.2.250.1.213.1.4.8", local_id="p1")
IN_CAMPAIGN = Context(identities={"285073306304208": QUALIFIED})


def printed(lines=LINES, mark=MARK, **changes: str) -> bytes:
    """A page with the datamatrix of the golden patient, but for some raw blocks."""
    return page(lines, symbol(text(**changes)), mark=mark)


def without(word: str) -> tuple[str, ...]:
    """The lines of the cartouche, but the one that has a word."""
    return tuple(line for line in LINES if word not in line)


def test_a_conformant_page_raises_nothing_alone_nor_in_its_document():
    assert carriers(PdfDocument.parse(printed())) == {}
    assert carriers(document(printed()), IN_CAMPAIGN) == {}


def framed() -> Image.Image:
    """A rule along the left of the symbol, less than half a module away."""
    picture = symbol(text(), scale=12, quiet=3)
    ImageDraw.Draw(picture).rectangle((27, 0, 30, picture.height), fill=0)
    return picture


DEFECTS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "autre matricule": ("INS-T-04", lambda: printed(S1="190023306320852")),
    "autre OID": ("INS-T-04", lambda: printed(S2=f"1.2.250.1.213.1.4.8{GS}")),
    "prénoms tronqués": ("INS-T-04", lambda: printed(S3=f"CAMILLE{GS}")),
    "nom utilisé": ("INS-T-04", lambda: printed(S4=f"TESTMAI{GS}")),
    "autre sexe": ("INS-T-04", lambda: printed(S5="M")),
    "autre date": ("INS-T-04", lambda: printed(S6="13-07-1985")),
    "date ISO": ("INS-T-04", lambda: printed(S6="1985-07-12")),
    "autre lieu": ("INS-T-04", lambda: printed(S7="33064")),
    "GS oublié": ("INS-T-04", lambda: printed(S3="CAMILLE ANNE")),
    "GS en toutes lettres": ("INS-T-04", lambda: printed(S3="CAMILLE ANNE<GS>")),
    "rectangle": ("INS-T-05", lambda: page(LINES, symbol(text(), square=False), width=35)),
    "trait dans le blanc": ("INS-T-05", lambda: page(LINES, framed(), width=30)),
    "sans mention": ("INS-T-05", lambda: printed(mark="")),
    "ancienne mention": ("INS-T-05", lambda: printed(mark="INS non signée")),
    "sans nature": (
        "INS-T-06", lambda: printed((*LINES[:-1], "Matricule INS : 285073306304208"))),
    "autre nature": (
        "INS-T-06", lambda: printed((*LINES[:-1], "Matricule INS : 285073306304208 (NIA)"))),
    "sans matricule": ("INS-T-06", lambda: printed(LINES[:-1])),
    "sans nom de naissance": ("INS-T-06", lambda: printed(without("TESTAVRIL"))),
    "sans prénoms": ("INS-T-06", lambda: printed(without("CAMILLE"))),
    "sans date": ("INS-T-06", lambda: printed(without("Date"))),
    "sans sexe": ("INS-T-06", lambda: printed(without("Sexe"))),
    "sans lieu": ("INS-T-06", lambda: printed(without("Lieu"))),
    "sans nom utilisé": ("INS-T-06", lambda: printed(without("utilisé"))),
    "sans datamatrix": ("INS-T-06", lambda: page(LINES)),
    "en deuxième page": ("INS-T-06", lambda: page(LINES, symbol(text()), first=True)),
}  # fmt: skip


@pytest.mark.parametrize("name", DEFECTS)
def test_a_mistake_on_the_page_raises_its_check_alone(name):
    check_id, made = DEFECTS[name]
    assert set(carriers(document(made()), IN_CAMPAIGN)) == {check_id}


def test_traits_that_paper_may_omit_weigh_less():
    """INS/va1.10: place and other given names are printed by setting."""
    found = {
        word: document(printed(without(word)))
        for word in ("Lieu", "Sexe")
    }  # fmt: skip
    assert {word: _fails(each) for word, each in found.items()} == {"Lieu": False, "Sexe": True}


def _fails(each) -> bool:
    found = judge_artefact(each, Context()).findings
    return any(f.fails for f in found if f.check_id == "INS-T-06")


def test_a_page_without_any_identity_is_judged_when_the_product_said_it_is_qualified():
    """A file alone may be a draft; what leaves the software for a qualified identity is not."""
    bare = document(page(["Compte rendu", "TESTAVRIL Camille"]))
    assert carriers(bare) == {}
    assert set(carriers(bare, IN_CAMPAIGN)) == {"INS-T-06"}


def test_a_prescription_needs_no_datamatrix():
    """DOC/va1.04."""
    prescription = spoil(LETTER, 'code="11488-4"', 'code="57833-6"', 9)
    bare = document(page(["Ordonnance"]), prescription)
    assert "INS-T-06" not in carriers(bare, IN_CAMPAIGN)


@pytest.mark.parametrize(
    "lines",
    [
        ("NIR : 2 85 07 33 063 042 08", *without("Matricule")),
        ("Matricule INS 285073306304208", "Nature : NIR", *without("Matricule")),
        ("INS : 2850733063042 08 (NIR)", *without("Matricule")),
        ("Née le 12 juillet 1985", *without("Date")),
        ("Sexe : Féminin", *without("Sexe")),
        ("Prénoms : CAMILLE", "ANNE", *without("CAMILLE")),
    ],
    ids=lambda lines: lines[0],
)
def test_each_product_has_its_own_wording(lines):
    assert carriers(document(printed(lines)), IN_CAMPAIGN) == {}


def test_a_lone_pdf_is_compared_with_its_own_symbol():
    assert carriers(PdfDocument.parse(printed(S1="190023306320852"))).keys() == {
        "INS-T-04",
        "INS-T-06",
    }
    assert carriers(PdfDocument.parse(printed(without("TESTAVRIL")))).keys() == {"INS-T-06"}
    assert carriers(PdfDocument.parse(page(["Bonjour"]))) == {}


@pytest.mark.parametrize(
    "content",
    [printed(), printed(LINES[:-1]), page(LINES)],
    ids=["les deux", "datamatrix", "matricule"],
)
def test_a_document_without_ins_prints_none(content):
    assert set(carriers(document(content, WITHOUT_INS))) == {"INS-T-01"}


def test_a_document_without_ins_prints_the_traits():
    assert carriers(document(page(LINES[:-1]), WITHOUT_INS)) == {}


def test_the_ins_of_an_identity_known_as_qualified_may_be_printed():
    """The header lacks it: INS-T-02 says so, and nothing leaked."""
    camille = Identity("qualifiée", TRAITS, "285073306304208", "1.2.250.1.213.1.4.10")
    known = Context(identities={"285073306304208": camille})
    assert set(carriers(document(printed(), WITHOUT_INS), known)) == {"INS-T-02"}


@needs_shared
@pytest.mark.parametrize("name", ["cartouche-qualifiee.txt", "cartouche-non-qualifiee.txt"])
def test_a_golden_cartouche_raises_nothing(name):
    written = (GOLDEN / "ins" / name).read_text(encoding="utf-8")
    assert is_cartouche(written)
    assert carriers(Cartouche(written)) == {}


def test_a_cartouche_alone_is_judged_by_its_labels():
    whole = "\n".join(LINES)
    assert carriers(Cartouche(whole)) == {}
    assert set(carriers(Cartouche(whole.replace(" (NIR)", "")))) == {"INS-T-06"}
    assert set(carriers(Cartouche(whole.replace("Sexe : F\n", "")))) == {"INS-T-06"}
    assert not is_cartouche("Cher confrère, je vois ce jour Madame TESTMAI.")


def test_a_number_that_is_no_ins_is_not_taken_for_one():
    assert Cartouche("Téléphone 0556000000, compte 285073306304209").matricules == ()


def printing(pdf: bytes, **changes: object) -> Gesture:
    """``document.print`` for the golden patient, qualifié unless told."""
    patient = {
        "id": "p1",
        "statut": "qualifiée",
        "traits": {
            "nom_naissance": "TESTAVRIL",
            "prenoms_naissance": "CAMILLE ANNE",
            "sexe": "F",
            "date_naissance": "1985-07-12",
            "lieu_naissance": "33063",
        },
        "ins": {"matricule": "2850733063042", "cle": "08", "oid": "1.2.250.1.213.1.4.8"},
    }
    answer = {
        "document": {"contenu": base64.b64encode(pdf).decode()},
        "patient": patient | changes,
    }
    return Gesture("document.print", {}, answer, 200)


def test_a_printed_page_is_judged_with_the_identity_of_the_gesture():
    assert carriers(printing(printed()), IN_CAMPAIGN) == {}
    assert set(carriers(printing(page(["Courrier"])), IN_CAMPAIGN)) == {"INS-T-06"}
    assert set(carriers(printing(printed(S5="M")), IN_CAMPAIGN)) == {"INS-T-04"}
    assert set(carriers(printing(printed(), statut="récupérée"))) == {"INS-T-01"}
    assert carriers(printing(page(LINES[:-1]), statut="récupérée")) == {}


def journal(*attachments: tuple[bytes, str, str]) -> JournalView:
    """A mail with attachments, for a patient whose INS nobody has verified."""
    camille = {"id": "p1", "statut": "récupérée", "traits": {}, "ins": INS_JSON}
    sent = mail()
    message = message_from_bytes(sent.request.body, policy=policy.default)
    for content, kind, name in attachments:
        maintype, _, subtype = kind.partition("/")
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    sent = replace(sent, position=2, request=replace(sent.request, body=bytes(message)))
    known = Message("HTTP/1.1 200 OK", (), json.dumps({"patient": camille}).encode())
    told = exchange("lgc", "patient.read", Message("POST /"), response=known, position=1)
    return JournalView((told, sent))


INS_JSON = {"matricule": "2850733063042", "cle": "08", "oid": "1.2.250.1.213.1.4.8"}
BARE = page(["Courrier"], symbol(text()))
TURNED = symbol(text()).rotate(20, expand=True, fillcolor=255)
LEAKS = {
    "page": (BARE, "application/pdf", "courrier.pdf"),
    "image": (png(symbol(text())), "image/png", "ins.png"),
    "photo": (png(TURNED, "JPEG"), "image/jpeg", "photo.jpg"),
}


@pytest.mark.parametrize("name", LEAKS)
def test_a_symbol_is_a_leak_like_another(name):
    found = judge_sequence(journal(LEAKS[name]), ENVIRONMENT).findings
    (leak,) = [f for f in found if f.check_id == "INS-T-01"]
    assert "symbole" in leak.place


def test_a_broken_picture_is_searched_as_it_is():
    view = journal((png(symbol(text()))[:90], "image/png", "coupee.png"))
    found = judge_sequence(view, ENVIRONMENT).findings
    assert [f for f in found if f.check_id == "INS-T-01"] == []

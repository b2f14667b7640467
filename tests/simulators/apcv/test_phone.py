"""The page that plays the phone: what it shows, what its buttons do, who may use it."""

from __future__ import annotations

import re
from html import unescape

import httpx
import pytest
import segno
import zxingcpp
from lxml import html
from PIL import Image, ImageDraw

from rules.formats import base45
from rules.formats.apcv import START, ApcvData
from simulators.apcv.codec import LIFE
from simulators.apcv.errors import Code
from simulators.apcv.faults import FAULTS
from simulators.apcv.negatives import NEGATIVES
from simulators.apcv.telephone import ASKED, REFRESH
from simulators.testing import client
from tests.simulators.apcv.lps import ALONE, DEMO, FAMILY, REVOKED, Lps


def page(lps: Lps, **query: str) -> html.HtmlElement:
    with client(lps.platform) as http:
        answer = http.get(lps.phone, params=query)
    assert answer.status_code == 200
    return html.document_fromstring(answer.content)


def press(lps: Lps, action: str, serial: str = FAMILY, **told: str) -> httpx.Response:
    with client(lps.platform) as http:
        form = {"profil": serial, "action": action, **told}
        return http.post(f"{lps.phone}/action", data=form)


def text_on(shown: html.HtmlElement) -> str:
    return str(shown.xpath('string(//code[@id="texte"])'))


def test_the_text_is_alphanumeric_and_begins_as_every_code(lps: Lps) -> None:
    """Sheet §2: 773 characters, 515 octets, a version between 16 and 20."""
    text = lps.code()
    assert (len(text), len(base45.decode(text))) == (773, 515)
    assert text.startswith(START)
    assert START == "PB83N8746746*98"
    assert text[-1] in "012345"
    assert ApcvData(text).flaw is None
    symbol = segno.make(text, error="l", mode="alphanumeric", micro=False)
    assert (symbol.mode, symbol.version) == ("alphanumeric", 16)


def test_what_the_page_draws_is_the_text_it_tells(lps: Lps) -> None:
    """Witness: zxing-cpp, on the very paths of the drawing."""
    shown = page(lps)
    assert [b.text for b in zxingcpp.read_barcodes(_pixels(shown))] == [text_on(shown)]
    assert lps.authenticate(text_on(shown)).code == Code.OK
    # The page is known to have shown it: what the product sent is compared with it.
    assert lps.findings() == []


def _pixels(shown: html.HtmlElement, scale: int = 4) -> Image.Image:
    (drawn,) = shown.xpath("//figure/*[local-name()='svg']")
    side = int(drawn.get("viewbox").split()[-1])
    image = Image.new("L", (side * scale, side * scale), 255)
    pen, x, y = ImageDraw.Draw(image), 0.0, 0.0
    for order, numbers in re.findall(r"([Mmh])([^Mmh]*)", drawn.xpath("string(*[@stroke]/@d)")):
        told = [float(n) for n in re.findall(r"-?[\d.]+", numbers)]
        if order == "h":
            box = (x * scale, (y - 0.5) * scale, (x + told[0]) * scale - 1, (y + 0.5) * scale - 1)
            pen.rectangle(box, fill=0)
            x += told[0]
        else:
            x, y = (told[0], told[1]) if order == "M" else (x + told[0], y + told[1])
    return image


def test_the_page_needs_nothing_from_outside(lps: Lps) -> None:
    shown = page(lps)
    assert not shown.xpath("//@src | //*[local-name()='svg']//@href")
    for target in shown.xpath("//@href | //@action"):
        assert target.startswith(("?profil=", "telephone/", "data:"))
    script = "".join(shown.xpath("//script/text()"))
    assert "http" not in script
    assert "location.href" in script


def test_the_page_is_french_and_usable_without_a_mouse_or_a_script(lps: Lps) -> None:
    shown = page(lps)
    assert shown.get("lang") == "fr"
    assert len(shown.xpath("//h1")) == len(shown.xpath("//main")) == 1
    refreshed = shown.xpath("//noscript//meta[@http-equiv='refresh']/@content")
    assert refreshed == [str(int(REFRESH.total_seconds()))]
    assert REFRESH < LIFE
    assert shown.xpath("//*[local-name()='svg']/*[local-name()='title']/text()")
    for field in shown.xpath("//select | //input[not(@type='hidden')]"):
        assert shown.xpath(f"//label[@for='{field.get('id')}']")
    assert all(b.text_content().strip() for b in shown.xpath("//button"))
    assert all(t.get("scope") == "col" for t in shown.xpath("//th"))
    for named in shown.xpath("//@aria-labelledby"):
        assert len(shown.xpath(f"//*[@id='{named}']")) == 1
    assert shown.xpath("//*[@role='status']")


def test_the_profile_is_told(lps: Lps) -> None:
    told = page(lps, profil=REVOKED).text_content()
    assert REVOKED in told
    assert "révoqué" in told
    assert "D (démonstration)" in page(lps, profil=DEMO).text_content()
    family = page(lps).text_content()
    assert "INS 285073306304208" in family
    assert family.count("sans INS dans l'appli") == 2
    with client(lps.platform) as http:
        assert http.get(f"{lps.phone}?profil=1").status_code == 404
        assert http.get(f"{lps.phone}/texte?profil=1").status_code == 404


def test_the_contexts_count_down(lps: Lps) -> None:
    assert "Aucun contexte" in page(lps).text_content()
    opened = lps.authenticate()
    (row,) = page(lps).xpath("//table[@id='contextes']/tbody/tr")
    assert opened.context_id in row.text_content()
    assert "actif" in row.text_content()
    (left,) = row.xpath(".//@data-reste")
    assert 1190 < int(left) <= 1200
    press(lps, "expirer")
    (row,) = page(lps).xpath("//table[@id='contextes']/tbody/tr")
    assert "expiré" in row.text_content()
    assert row.xpath(".//@data-reste") == ["0"]
    assert page(lps, profil=ALONE).xpath("//tbody/tr[contains(., 'Aucun contexte')]")


def test_buttons(lps: Lps) -> None:
    for action, code in (("revoquer", Code.INACTIVE), ("retablir", Code.OK)):
        pressed = press(lps, action)
        assert pressed.status_code == 303
        with client(lps.platform) as http:
            status = html.document_fromstring(
                http.get(httpx.URL(lps.phone).join(pressed.headers["location"])).content
            ).xpath("string(//*[@role='status'])")
        assert "profil" in status
        assert lps.authenticate().code == code
    press(lps, "expirer")
    assert lps.restore().code == Code.EXPIRED_CONTEXT


def test_every_case_of_the_sheet_is_a_choice_of_the_page(lps: Lps) -> None:
    choices = page(lps).xpath("//select[@id='panne']//option/@value")
    assert choices == [f"{name} {f}" for name in ASKED for f in NEGATIVES[name].faults]
    assert set(NEGATIVES) - set(ASKED) == {"N24"}
    for choice in choices:
        assert press(lps, "panne", panne=choice).status_code == 303
    active = lps.platform.kernel.faults.active()
    assert [rule.fault.name for rule in active] == [choice.split()[1] for choice in choices]
    assert {rule.operation for rule in active} == {NEGATIVES[name].operation for name in ASKED}


def test_a_fault_asked_on_the_page_is_met(lps: Lps) -> None:
    press(lps, "panne", panne="N07 sans-ins")
    assert lps.authenticate().people[0].ins is None


@pytest.mark.parametrize(("choice"), ["N01 code-perime", "N02 code-rejoue"])
def test_a_code_that_serves_no_more_is_drawn(lps: Lps, choice: str) -> None:
    place = unescape(press(lps, "panne", panne=choice).headers["location"])
    with client(lps.platform) as http:
        shown = html.document_fromstring(http.get(httpx.URL(lps.phone).join(place)).content)
    assert FAULTS[choice.split()[1]] in shown.text_content()
    assert lps.authenticate(text_on(shown)).code == Code.OUTDATED
    assert lps.authenticate(text_on(page(lps))).code == Code.OK


@pytest.mark.parametrize(
    "form",
    [
        {"action": "rien"},
        {"action": "panne"},
        {"action": "panne", "panne": "N07 nia"},
        {"action": "expirer", "profil": "1"},
    ],
    ids=str,
)
def test_a_form_that_means_nothing(lps: Lps, form: dict[str, str]) -> None:
    with client(lps.platform) as http:
        answer = http.post(f"{lps.phone}/action", data={"profil": FAMILY, **form})
    assert answer.status_code == 400
    assert answer.text.startswith("Donner ")


def test_nothing_written_by_a_caller_becomes_markup(lps: Lps) -> None:
    with client(lps.platform) as http:
        answer = http.get(lps.phone, params={"dit": "<b>", "montre": "<b>"})
    assert answer.status_code == 200
    assert b"<b>" not in answer.content

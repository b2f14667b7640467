"""What other products rightly do with the appli carte Vitale: nothing is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from rules.context import Context, Environment
from rules.exchange import Exchange, Message
from rules.formats.apcv import ApcvData, read_request
from rules.judge import judge_artefact
from tests.rules.apcv import story
from tests.rules.apcv.consultation import (
    INS,
    QUALIFIED,
    TRAITS,
    again,
    closed,
    opened,
    qualified,
    read,
    restored,
    sequence,
)
from tests.shared_data import needs_shared

pytestmark = needs_shared
LATER = timedelta(minutes=2)
OWN_TRAITS = {"nom_naissance": "TESTMAI", "prenoms_naissance": "LEO", "sexe": "M",
              "date_naissance": "2019-03-03", "lieu_naissance": "33063"}  # fmt: skip
CHILD = QUALIFIED | {
    "statut": "récupérée",
    "canal": "INSI",
    "justificatif": None,
    "ins": INS | {"matricule": "1190333063118", "cle": "48"},
    "traits": OWN_TRAITS,
}


def found(message: Message) -> set[str]:
    context = Context(environment=story.ENVIRONMENT, observed_at=story.NOW)
    return {f.check_id for f in judge_artefact(read_request(message), context).findings}


def rewritten(*changes: tuple[str, str]) -> Message:
    message = story.http("authentification-demande")
    for old, new in changes:
        message = story.altered(message, old, new)
    return message


def test_an_answer_awaited_on_the_same_connection_without_saying_so() -> None:
    """WS-Addressing 1.0 §3.2: without ReplyTo, the anonymous address."""
    text = story.http("authentification-demande").body.decode()
    start, end = text.index("<ReplyTo"), text.index("</ReplyTo>") + len("</ReplyTo>")
    assert found(rewritten((text[start:end], ""))) == set()


def test_headers_in_another_order() -> None:
    text = story.http("authentification-demande").body.decode()
    start, end = text.index("<ctx:ContexteLPS"), text.index("</ctx:ContexteLPS>") + 18
    block = text[start:end]
    head = text[: text.index("Header>") + len("Header>")]
    message = rewritten((block, ""), (head, head + block))
    assert message.body.index(b"ContexteLPS") < message.body.index(b"wsse:Security")
    assert found(message) == set()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("urn:uuid:6489bd8a-167a-5012-ac39-367dab1b2427",
         "urn:uuid:6489BD8A-167A-5012-AC39-367DAB1B2427"),
    ],
)  # fmt: skip
def test_other_spellings(old: str, new: str) -> None:
    assert found(rewritten((old, new))) == set()


def test_a_professional_who_is_no_physician_has_no_savoir_faire() -> None:
    nurse = replace(story.ENVIRONMENT.professionals[0], profession="60")
    environment = replace(story.ENVIRONMENT, professionals=(nurse,))
    message = story.http("authentification-demande")
    whole = etree.fromstring(message.body)
    (savoir,) = whole.xpath("//*[local-name()='Attribute'][@Name='codeSpecialite']")
    savoir.getparent().remove(savoir)
    message = replace(message, body=etree.tostring(whole))
    context = Context(environment=environment, observed_at=story.NOW)
    judged = {f.check_id for f in judge_artefact(read_request(message), context).findings}
    assert "AV-06" not in judged
    assert "AV-06" in found(message)


def test_a_text_longer_than_the_one_ever_seen_is_to_be_verified() -> None:
    context = Context()
    (told,) = judge_artefact(ApcvData(story.text()[:-2] + "ABC00"), context).findings
    assert (told.check_id, told.fails) == ("AV-01", False)


def test_a_product_that_reads_first_and_calls_later() -> None:
    """The text of the next patient is not asked of this call."""
    call = story.authentication(2, after=timedelta(seconds=30))
    other = read(4, "PB83N" * 20, after=LATER)
    assert "AV-01" not in sequence(read(1), call, story.destruction(3, after=LATER), other)


def test_two_professionals_who_read_at_the_same_time() -> None:
    first = story.authentication(1)
    elsewhere = read(2, "PB83N" * 20, asked={"professionnel": "810999990178"})
    assert "AV-01" not in sequence(first, elsewhere, read(3), story.destruction(4), closed(5))


def _telephone(text: bytes, operation: str) -> Exchange:
    shown = story.call(1, Message("GET /telephone HTTP/1.1"), Message("HTTP/1.1 200 OK", (), text))
    return replace(shown, operation=operation)


@pytest.mark.parametrize("where", ["telephone", "ecran"])
def test_a_text_known_from_the_phone_alone(where: str) -> None:
    text = story.text()
    body = text if where == "telephone" else f'<code id="texte">{text}</code>'
    shown = _telephone(body.encode(), where)
    assert sequence(shown, story.authentication(2)) == set()
    spoilt = text[:400] + ("A" if text[400] != "A" else "B") + text[401:]
    other = _telephone(body.replace(text, spoilt).encode(), where)
    assert sequence(other, story.authentication(2)) == {"AV-01"}


@pytest.mark.parametrize("trimmed", [False, True])
@pytest.mark.parametrize("known", ["telephone", "apcv.read"])
def test_a_text_cut_by_the_scanner_after_a_space(known: str, trimmed: bool) -> None:
    """The product sends what it was given, or trims it: both are what the scanner typed."""
    text = story.text()
    cut = text[: text.index(" ", 200) + 1]
    sent = cut.strip() if trimmed else cut
    first = _telephone(cut.encode(), "telephone") if known == "telephone" else read(1, cut + "\r")
    call = story.authentication(2)
    call = replace(call, request=story.altered(call.request, text, sent))
    assert "AV-01" not in sequence(first, call)
    shorter = replace(call, request=story.altered(call.request, sent, sent[:-3]))
    assert "AV-01" in sequence(first, shorter)


def test_the_former_context_destroyed_once_the_next_patient_is_read() -> None:
    other = again(3, after=LATER)
    assert other.response is not None
    other = replace(other, response=story.altered(other.response, "000499900012", "000499900020"))
    ended = story.destruction(4, after=LATER)
    assert sequence(*opened(), other, ended, read(5, after=LATER)) == set()


def test_a_context_destroyed_before_the_same_patient_is_read_again() -> None:
    fresh = again(4, after=LATER)
    assert sequence(*opened(), story.destruction(3), fresh, read(5, after=LATER)) == set()


def test_a_product_that_asks_for_its_context_at_each_start() -> None:
    """There is none yet: the service says so, and nothing is found."""
    first = replace(restored(1), response=None, outcome=story.Outcome.REFUSED)
    assert sequence(first, replace(story.authentication(2), id="e2",
                                   request=again(2).request), read(3)) <= {"AV-05"}  # fmt: skip


def held(**changes: Any) -> Exchange:
    return story.gesture(3, "patient.create", {}, {"patient": QUALIFIED | changes})


PROVEN: Mapping[str, Any] = {
    "justificatif": {"code": "CN", "niveau": "haut", "le": "2026-03-12T09:00:00+00:00"}
}


def test_a_record_proven_by_an_identity_card_keeps_saying_so() -> None:
    before = held(statut="validée", ins=None, canal="SM", **PROVEN)
    after = qualified(4, QUALIFIED | PROVEN, patient="p1")
    assert "AV-12" not in sequence(*opened(), before, after)


def test_a_record_already_qualified_by_insi_stays_as_it_is() -> None:
    same = {"canal": "INSI", **PROVEN}
    assert "AV-12" not in sequence(
        *opened(), held(**same), qualified(4, QUALIFIED | same, patient="p1")
    )


def test_a_record_marked_doubtful_is_not_qualified() -> None:
    apart = {"statut": "provisoire", "ins": None, "attributs": ["douteuse"], "canal": "SM",
             "justificatif": None}  # fmt: skip
    after = qualified(4, QUALIFIED | apart, patient="p1")
    assert "AV-12" not in sequence(*opened(), held(**apart), after)


def answered(**changes: str) -> tuple[Exchange, Exchange]:
    one = story.authentication(1)
    assert one.response is not None
    response = one.response
    for old, new in changes.items():
        element = old.replace("__", ">")
        response = story.altered(response, element, element.partition(">")[0] + f">{new}")
    return replace(one, response=response), read(2)


@pytest.mark.parametrize(
    "change", [{"Cle__08": "09"}, {"Sexe__F": "I"}, {"DateNaissance__1985-07-12</Date": "</Date"}],
    ids=["clé fausse", "sexe indéterminé", "date absente"],
)  # fmt: skip
def test_an_identity_that_is_not_sound_may_stay_provisional(change: Mapping[str, str]) -> None:
    wary = {"statut": "provisoire", "ins": None, "justificatif": None, "canal": "AV"}
    assert "AV-12" not in sequence(*answered(**change), qualified(3, QUALIFIED | wary))


def test_another_ins_under_the_same_traits_is_not_overwritten() -> None:
    """A homonym: the record stays, and the user is told."""
    other = INS | {"matricule": "2850733063059", "cle": "88"}
    before = held(ins=other, canal="INSI")
    alerted = QUALIFIED | {"ins": other, "canal": "INSI", "alertes": ["Une autre INS."]}
    assert sequence(*opened(), before, qualified(4, alerted, patient="p1")) & {
        "AV-12", "AV-14"} == set()  # fmt: skip
    assert "AV-14" in sequence(*opened(), before, qualified(4, patient="p1"))


def test_a_nia_gives_way_to_the_nir_of_the_same_person() -> None:
    waiting = {"matricule": "7850733063042", "cle": "10", "oid": "1.2.250.1.213.1.4.9"}
    before = held(ins=waiting, canal="INSI")
    assert not sequence(*opened(), before, qualified(4, patient="p1")) & {"AV-12", "AV-14"}


def test_a_product_that_does_not_tell_its_alerts_is_to_be_verified() -> None:
    quiet = {k: v for k, v in QUALIFIED.items() if k != "alertes"}
    other = quiet | {
        "traits": TRAITS | {"nom_naissance": "AUTRE"}, "statut": "provisoire", "ins": None,
        "justificatif": None, "canal": "SM",
    }  # fmt: skip
    before = story.gesture(3, "patient.create", {}, {"patient": other})
    assert sequence(*opened(), before, qualified(4, other, patient="p1")) == {"AV-14"}


def _insi(position: int) -> Exchange:
    call = story.call(position, Message("POST /lps HTTP/1.1"), None)
    return replace(call, service="insi", operation="?")


def test_ayants_droit_who_are_all_searched_when_the_application_is_read() -> None:
    known = sequence(story.authentication(1), _insi(2), read(3), qualified(4, CHILD, individu=1))
    assert "AV-13" not in known
    assert "AV-13" in sequence(*opened(), qualified(4, CHILD, individu=1))


def test_an_application_that_told_the_ins_of_an_ayant_droit() -> None:
    """Never seen, and nothing forbids it."""
    one = story.authentication(1)
    assert one.response is not None
    text = one.response.body.decode()
    start = text.index("<IdentitePatient")
    own = text[start : text.index("</IdentitePatient>") + len("</IdentitePatient>")]
    own = own.replace("2850733063042", "1190333063118").replace(">08<", ">48<")
    response = story.altered(one.response, "<Individu>", f"<Individu>{own}")
    told = replace(one, response=response), read(2)
    assert "AV-13" not in sequence(*told, qualified(3, CHILD, individu=1))


def test_a_demonstration_refused_in_production() -> None:
    production: Environment = replace(story.ENVIRONMENT, rules_profile="production")
    refused = read(2, status=409), story.destruction(3)
    assert "AV-15" not in sequence(story.authentication(1), *refused, environment=production)
    assert "AV-15" in sequence(*opened(), environment=production)


@pytest.mark.parametrize("name", ["session.open", "software.restart", "patient.read"])
def test_a_product_may_ask_for_its_context_or_leave_it_at_any_gesture(name: str) -> None:
    asked = restored(3, after=LATER)
    ended = replace(story.destruction(4, after=LATER), id="e4")
    gesture = story.gesture(5, name, {"professionnel": "810999990012"}, {}, after=LATER)
    assert "X-02" not in sequence(*opened(), asked, ended, gesture)

"""Each ApCV check: the golden message raises nothing, one named defect raises exactly it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.checking import all_checks, by_id
from rules.context import Context, Environment
from rules.exchange import Message
from rules.formats import base45
from rules.formats.apcv import ApcvData, ApcvRequest, read_request
from rules.judge import JournalView, judge_artefact, rejection
from tests.rules.apcv import story
from tests.rules.apcv.consultation import (
    INS,
    QUALIFIED,
    TRAITS,
    again,
    by_psc,
    closed,
    opened,
    qualified,
    read,
    sequence,
    with_token,
)
from tests.rules.apcv.story import ENVIRONMENT
from tests.rules.certificates import authority
from tests.shared_data import needs_shared

pytestmark = needs_shared
ACTION = "urn:ApCV_AUTH:1.0.0:authentifierUtilisateurProximite"


def judged(message: Message, environment: Environment = ENVIRONMENT) -> set[str]:
    context = Context(environment=environment, observed_at=story.NOW)
    return {f.check_id for f in judge_artefact(read_request(message), context).findings}


def altered(old: str, new: str) -> Message:
    return story.altered(story.http("authentification-demande"), old, new)


def headed(**changes: str) -> Message:
    message = story.http("authentification-demande")
    kept = tuple((n, changes.get(n.replace("-", "_"), v)) for n, v in message.headers)
    return replace(message, headers=kept)


UUID_OF_MESSAGE = "urn:uuid:6489bd8a-167a-5012-ac39-367dab1b2427"
REQUESTS: list[tuple[str, str, Message]] = []
if story.FOLDER.is_dir():
    REQUESTS = [
        ("AV-01", "tronqué", altered(story.text()[60:], "")),
        ("AV-02", "autre action", altered(f"{ACTION}</Action>", "urn:autre</Action>")),
        ("AV-02", "sans action", headed(Content_Type="application/soap+xml")),
        ("AV-02", "SOAP 1.1", headed(Content_Type=f'text/xml; action="{ACTION}"')),
        ("AV-03", "identifiant", altered(UUID_OF_MESSAGE, "appel-1")),
        ("AV-03", "To", headed(Host="localhost:1")),
        ("AV-03", "ReplyTo", altered("addressing/anonymous<", "addressing/none<")),
        ("AV-04", "corps signé modifié", altered("SM54", "SM26")),
        ("AV-04", "Issuer", altered("CN=810999990012, T=Médecin", "CN=810999990012")),
        ("AV-06", "autre facturation", altered(
            "<IdentifiantFacturation>331999011", "<IdentifiantFacturation>331999029")),
        ("AV-06", "secteur", altered(">SA07<", ">7<")),
        ("AV-06", "savoir-faire", altered(">SM54<", ">01<")),
        ("AV-07", "spécialité", altered("<CodeSpecialiteAMO>01", "<CodeSpecialiteAMO>35")),
        ("AV-08", "IDAM d'un autre", altered("TSTBANC00042", "AUTRE")),
        ("AV-08", "version", altered("<ctx:Version>4.2.0", "<ctx:Version>4.1.0")),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "message"), [(c, m) for c, _, m in REQUESTS], ids=[f"{c} {n}" for c, n, _ in REQUESTS]
)
def test_a_defect_of_a_request(check: str, message: Message) -> None:
    # What the signature covers cannot be changed without breaking it.
    assert judged(message) - ({"AV-04"} if check != "AV-04" else set()) == {check}


def test_the_assertion_is_demanded_fresh_and_of_its_holder() -> None:
    message = story.http("authentification-demande")
    old = Context(environment=ENVIRONMENT, observed_at=story.NOW + timedelta(hours=2))
    late = judge_artefact(read_request(message), old).findings
    assert {(f.check_id, f.rejects) for f in late} == {("AV-05", "desir_9001")}
    other = altered('NameQualifier="CPS">810999990012', 'NameQualifier="CPS">810999990178')
    assert judged(other) == {"AV-04", "AV-05"}
    head, _, rest = message.body.decode().partition("<wsse:Security")
    bare = replace(message, body=(head + rest.partition("</wsse:Security>")[2]).encode())
    found = rejection(read_request(bare), Context(environment=ENVIRONMENT))
    assert found is not None
    assert (found.check_id, found.rejects) == ("AV-04", "desir_9004")


def test_a_signer_that_no_authority_knows() -> None:
    environment = replace(ENVIRONMENT, anchors=(authority().der,))
    assert judged(story.http("authentification-demande"), environment) == {"AV-04"}


def test_a_psc_assertion_carries_no_signature_and_a_token() -> None:
    bare = by_psc(story.http("authentification-demande"))
    assert judged(bare) == {"AV-17"}
    assert judged(with_token(bare)) == set()
    # The form of the assertion is the bench's; that it must be possible is not.
    assert {c.subject: c.hors_specification for c in by_id("AV-17")} == {
        ApcvRequest: True,
        JournalView: False,
    }


@given(st.binary(max_size=600))
def test_base45_goes_both_ways(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(max_size=60))
def test_whatever_is_scanned_is_judged(text: str) -> None:
    assert ApcvData(text).flaw is not None


def test_the_examples_of_the_rfc() -> None:
    """RFC 9285 §4.3 and §4.4."""
    assert base45.encode(b"AB") == "BB8"
    assert base45.encode(b"Hello!!") == "%69 VD92EX0"
    assert base45.decode("QED8WEX0") == b"ietf!"
    for wrong in ("GGW", ":::", "A", "a"):
        with pytest.raises(base45.Base45Error):
            base45.decode(wrong)


def test_the_text_sent_is_the_text_scanned() -> None:
    first = story.authentication(1)
    assert sequence(first, read(2), story.destruction(3), closed(4)) == set()
    # Structurally right and yet another code: only the gesture tells.
    text = story.text()
    other = text[:400] + ("A" if text[400] != "A" else "B") + text[401:]
    assert sequence(first, read(2, other), story.destruction(3), closed(4)) == {"AV-01"}


def test_an_identifier_is_used_once() -> None:
    opened = story.authentication(1)
    twice = story.altered(
        story.http("destruction-demande"), "1c0a3202-576f-5a37-bd26-8eb4d478b93c",
        "6489bd8a-167a-5012-ac39-367dab1b2427",
    )  # fmt: skip
    ended = replace(story.destruction(3), request=twice)
    # X-10 looks at identifiers on every wire.
    assert sequence(opened, read(2), ended, closed(4)) == {"AV-03", "X-10"}


def test_an_assertion_is_first_used_at_once() -> None:
    late = story.authentication(1, after=timedelta(minutes=30))
    assert "AV-05" in sequence(late, read(2, after=timedelta(minutes=30)))


def test_a_context_is_destroyed_at_the_end() -> None:
    assert sequence(story.authentication(1), read(2), closed(3)) == {"AV-09"}


def test_a_context_is_destroyed_before_another_patient() -> None:
    other = again(3)
    assert other.response is not None
    other = replace(other, response=story.altered(other.response, "000499900012", "000499900020"))
    assert sequence(story.authentication(1), read(2), other, read(4)) == {"AV-09"}


def test_a_valid_context_is_reused() -> None:
    assert sequence(story.authentication(1), read(2), again(3), read(4)) == {"AV-11"}


def test_a_holder_taken_as_answered() -> None:
    assert sequence(*opened(), qualified(3)) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"statut": "récupérée"},
        {"canal": "INSI"},
        {"justificatif": None},
        {"ins": INS | {"oid": "1.2.250.1.213.1.4.8"}},
        {"traits": TRAITS | {"prenoms_naissance": "CAMILLE"}},
    ],
    ids=json.dumps,
)
def test_a_holder_not_taken_as_answered(change: Mapping[str, Any]) -> None:
    assert "AV-12" in sequence(*opened(), qualified(3, QUALIFIED | change))


def test_a_child_given_the_ins_of_the_holder() -> None:
    assert sequence(*opened(), qualified(3, individu=1)) == {"AV-13"}


def test_a_child_given_an_ins_from_nowhere() -> None:
    child = QUALIFIED | {"ins": INS | {"matricule": "1190333063118", "cle": "48"}}
    assert "AV-13" in sequence(*opened(), qualified(3, child, individu=1))


def _another(**changes: Any) -> dict[str, Any]:
    held = {"statut": "provisoire", "ins": None, "justificatif": None, "canal": "SM"}
    return QUALIFIED | held | {"traits": TRAITS | {"nom_naissance": "AUTRE"}} | changes


def test_a_disagreement_is_told_and_nothing_is_overwritten() -> None:
    before = story.gesture(3, "patient.create", {}, {"patient": _another()})
    alerted = _another(alertes=["L'appli contredit ce dossier."])
    asked = {"patient": "p1"}
    assert sequence(*opened(), before, qualified(4, alerted, **asked)) == set()
    assert sequence(*opened(), before, qualified(4, _another(), **asked)) == {"AV-14"}
    assert "AV-14" in sequence(*opened(), before, qualified(4, **asked))


def test_a_test_profile_in_production() -> None:
    production = replace(ENVIRONMENT, rules_profile="production")
    assert "AV-15" in sequence(*opened(), qualified(3), environment=production)


def test_an_expired_context_qualifies_nobody() -> None:
    late = qualified(3, after=timedelta(minutes=21))
    assert sequence(*opened(), late) == {"AV-10"}


def test_the_code_is_shown_nowhere() -> None:
    shown = story.gesture(3, "identity.log", {}, {"appels": [{"contenu": story.text()}]})
    assert sequence(*opened(), shown) == {"AV-18"}


def test_every_check_says_where_it_comes_from() -> None:
    mine = [check for (name, _), check in all_checks().items() if name.startswith("AV-")]
    assert len({check.id for check in mine}) >= 16
    assert all(check.source.startswith("Fiche ApCV") for check in mine)

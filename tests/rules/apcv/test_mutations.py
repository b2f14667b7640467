"""A request that lacks any of its parts is told so, and nothing that is read breaks a check."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from rules.artefact import MalformedError
from rules.context import Context
from rules.exchange import Message, Outcome
from rules.formats.apcv import read_request
from rules.judge import JournalView, judge_artefact, judge_journal
from tests.rules.apcv import story
from tests.rules.apcv.consultation import closed, qualified, read
from tests.shared_data import needs_shared

pytestmark = needs_shared
FREE = {"Header", "ReplyTo", "Address", "Body", "InclusiveNamespaces"}
"""What may be missing, or what the envelope cannot be read without."""


def _paths(name: str) -> list[str]:
    if not story.FOLDER.is_dir():
        return []
    whole = etree.fromstring(story.http(name).body).getroottree()
    nodes = [e for e in whole.getroot().iter() if isinstance(e.tag, str)]
    return [whole.getelementpath(e) for e in nodes if etree.QName(e).localname not in FREE][1:]


def without(name: str, path: str) -> Message:
    message = story.http(name)
    root = etree.fromstring(message.body)
    element = root.find(path)
    assert element is not None
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)
    return replace(message, body=etree.tostring(root))


def found(message: Message) -> set[str]:
    context = Context(environment=story.ENVIRONMENT, observed_at=story.NOW)
    try:
        return {f.check_id for f in judge_artefact(read_request(message), context).findings}
    except MalformedError as error:
        return {error.finding.check_id}


@pytest.mark.parametrize("name", ["authentification-demande", "destruction-demande"])
def test_nothing_that_was_seen_can_be_left_out(name: str) -> None:
    silent = [path for path in _paths(name) if not found(without(name, path))]
    assert silent == []


def test_a_comment_is_no_part_of_the_text() -> None:
    assert found(story.altered(story.http("authentification-demande"), "<Donnees>",
                               "<Donnees><!-- lu par le lecteur -->")) == set()  # fmt: skip


def test_another_sender_than_the_caller() -> None:
    message = story.http("authentification-demande")
    old = "Emetteur>810999990012"
    context = Context(environment=story.ENVIRONMENT, observed_at=story.NOW)
    other = story.altered(message, old, "Emetteur>810999990178")
    (told,) = judge_artefact(read_request(other), context).findings
    assert (told.check_id, told.fails) == ("AV-08", False)


MUTATED = st.tuples(
    st.sampled_from(("authentification-demande", "authentification-reponse")),
    st.integers(0, 200),
    st.sampled_from(("texte", "attribut", "nom", "retrait", "copie")),
    st.text(st.characters(exclude_categories=("C", "S")), max_size=12),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(MUTATED, max_size=4))
def test_whatever_is_exchanged_is_judged(changes: list[tuple[str, int, str, str]]) -> None:
    messages = {name: story.http(name) for name in ("authentification-demande",
                                                    "authentification-reponse")}  # fmt: skip
    for name, rank, how, text in changes:
        messages[name] = mutated(messages[name], rank, how, text)
    call = story.call(1, *messages.values())
    view = JournalView((call, read(2), qualified(3), closed(4)))
    judged = judge_journal(view, story.ENVIRONMENT)
    assert all(f.advice and f.place for f in judged.findings)
    assert call.outcome is Outcome.ACCEPTED


def mutated(message: Message, rank: int, how: str, text: str) -> Message:
    root = etree.fromstring(message.body)
    nodes = [e for e in root.iter() if isinstance(e.tag, str)][1:]
    if not nodes:
        return message
    element = nodes[rank % len(nodes)]
    parent = element.getparent()
    assert parent is not None
    if how == "texte":
        element.text = text
    elif how == "attribut" and element.attrib:
        element.set(next(iter(element.attrib)), text)
    elif how == "nom":
        element.tag = "{urn:autre}Autre"
    elif how == "retrait":
        parent.remove(element)
    elif how == "copie":
        parent.append(etree.fromstring(etree.tostring(element)))
    return replace(message, body=etree.tostring(root))

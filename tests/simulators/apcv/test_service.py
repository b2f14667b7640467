"""AUTH and SIGN on their sockets: contexts, refusals, and no finding for who calls well."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from lxml import etree

from rules.exchange import Outcome
from rules.formats.apcv_answer import ApcvFault
from rules.formats.apcv_names import AUTHENTICATE
from simulators.apcv.codec import Codec
from simulators.apcv.errors import Code
from simulators.testing import administration, client
from tests.simulators.apcv.lps import (
    ALONE,
    DEMO,
    FAMILY,
    HUGO,
    NAMES,
    REVOKED,
    WAITING,
    Lps,
)


def test_a_holder_is_answered_with_ins_traits_and_ayants_droit(lps: Lps) -> None:
    answer = lps.authenticate()
    assert (answer.code, answer.serial, answer.kind) == ("0", FAMILY, "T")
    holder, spouse, child = answer.people
    assert holder.ins == "285073306304208"
    assert holder.traits["NomNaissance"] == "TESTAVRIL"
    assert holder.given_names == "CAMILLE ANNE"
    assert spouse.ins is child.ins is None
    assert answer.soap.message_id is not None
    assert answer.soap.message_id.encode() in lps.last().request.body
    assert lps.last().correlation.patient == holder.ins
    assert lps.findings() == []


def test_a_context_lasts_twenty_minutes_and_is_restored_until_then(lps: Lps) -> None:
    opened = lps.authenticate()
    now = lps.platform.kernel.clock.now()
    assert opened.ends is not None
    assert timedelta(minutes=19) < opened.ends - now <= timedelta(minutes=20)
    assert lps.restore().context_id == opened.context_id
    assert lps.sign(opened.context_id).code == "0"
    lps.platform.kernel.clock.advance(timedelta(minutes=21))
    assert lps.restore().code == Code.EXPIRED_CONTEXT
    assert lps.sign(opened.context_id).code == Code.EXPIRED_CONTEXT
    assert [c for c, _ in lps.findings()] == ["AV-10"]


def test_a_destroyed_context_is_unknown_afterwards(lps: Lps) -> None:
    opened = lps.authenticate()
    assert lps.destroy(opened.context_id).code == "0"
    assert lps.destroy(opened.context_id).code == Code.UNKNOWN_CONTEXT
    assert lps.restore().code == Code.UNKNOWN_CONTEXT
    assert lps.last().outcome is Outcome.REFUSED


def test_reading_again_replaces_the_context_of_that_professional_alone(lps: Lps) -> None:
    first, other = lps.authenticate(), lps.authenticate(who=HUGO)
    second = lps.authenticate()
    assert second.context_id != first.context_id
    assert lps.sign(first.context_id).code == Code.UNKNOWN_CONTEXT
    assert lps.restore(who=HUGO).context_id == other.context_id
    assert lps.sign(other.context_id).code == Code.UNKNOWN_CONTEXT


def test_an_old_code_is_refused(lps: Lps) -> None:
    text = lps.code()
    lps.platform.kernel.clock.advance(timedelta(minutes=3))
    assert lps.authenticate(text).code == Code.OUTDATED


def _collapsed(text: str) -> str:
    middle = len(text) // 2
    return text[:middle] + text[middle + 1 :]


@pytest.mark.parametrize(
    "spoil",
    [lambda t: t[:512], str.lower, _collapsed, lambda t: t.replace("8", "_"), lambda _: ""],
    ids=["tronqué", "minuscules", "un caractère perdu", "clavier", "vide"],
)
def test_a_scanner_that_damages_the_text_is_told_apart(
    lps: Lps, spoil: Callable[[str], str]
) -> None:
    assert lps.authenticate(spoil(lps.code())).code == Code.UNREADABLE
    assert {c for c, _ in lps.findings()} == {"AV-01"}


def test_a_code_of_another_bench_does_not_open(lps: Lps) -> None:
    text = Codec("ailleurs", 1).show(FAMILY, lps.platform.kernel.clock.now())
    assert lps.authenticate(text).code == Code.UNREADABLE
    assert lps.findings() == []


def test_profiles(lps: Lps) -> None:
    assert len(lps.authenticate(lps.code(ALONE)).people) == 1
    assert lps.authenticate(lps.code(NAMES)).people[0].given_names.count(" ") >= 2
    assert lps.authenticate(lps.code(WAITING)).people[0].oid == "1.2.250.1.213.1.4.9"
    assert lps.authenticate(lps.code(DEMO)).kind == "D"
    assert lps.authenticate(lps.code(REVOKED)).code == Code.INACTIVE


def test_the_practice_is_verified(lps: Lps) -> None:
    assert lps.authenticate(am="").code == Code.SPECIALITY
    assert lps.authenticate(billing="331999999").code == Code.BILLING
    assert {c for c, _ in lps.findings()} == {"AV-06", "AV-07"}


def _fault(lps: Lps, **told: object) -> str:
    answer = lps.call(AUTHENTICATE, "", **told)
    assert isinstance(answer, ApcvFault)
    return str(lps.last().error_code)


def test_who_is_not_let_in(lps: Lps) -> None:
    assert _fault(lps, idam="AUTRE") == "desir_550"
    assert _fault(lps, security=lps.security(issued="2020-01-01T00:00:00Z")) == "desir_9001"
    assert _fault(lps, security=lps.security(signed=False)) == "desir_9002"
    assert _fault(lps, security="<!-- -->") == "desir_9004"
    signed_by_the_other_key = lps.security().replace("SM54", "SM26")
    assert _fault(lps, security=signed_by_the_other_key) == "desir_9002"


def test_a_psc_user_needs_a_token(lps: Lps) -> None:
    security = lps.security(signed=False, qualifier="PSC")
    assert _fault(lps, security=security) == "desir_9006"
    assert _fault(lps, security=security, headers={"Authorization": "Bearer faux"}) == "desir_9005"


@pytest.mark.parametrize("body", [b"", b"<a/>", b"\x00\xff", b"<!DOCTYPE a><a/>"])
def test_octets_that_are_no_envelope_get_a_fault(lps: Lps, body: bytes) -> None:
    with client(lps.platform) as http:
        answer = http.post(lps.platform.descriptor["apcv"]["auth"], content=body)
    assert answer.status_code == 500
    assert b"desir_9010" in answer.content
    assert etree.fromstring(answer.content) is not None


def test_state_is_told_and_put(lps: Lps) -> None:
    opened = lps.authenticate()
    with administration(lps.platform) as api:
        told = api.get("/state").json()["apcv"]
        assert told["contextes"][0]["identifiant"] == opened.context_id
        wrong = api.put("/state/apcv", json={"profils": {"1": {}}})
        assert wrong.status_code == 422
        change = {"profils": {FAMILY: {"type": "R", "expire": True}}}
        assert api.put("/state/apcv", json=change).status_code < 300
    assert lps.restore().code == Code.EXPIRED_CONTEXT
    assert lps.authenticate().kind == "R"

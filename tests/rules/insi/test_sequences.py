"""INSi checks on the whole journal: what only several exchanges can show."""

import json

from rules.context import Environment
from rules.exchange import Exchange, Message
from rules.findings import Finding, Severity
from rules.judge import JournalView, judge_sequence
from tests.rules.insi.messages import TRAITS, envelope, exchange

ONE = "uuid:fc8c0711-bc4a-4d1a-a74f-3058bd213599"
TWO = "uuid:fc8c0711-bc4a-4d1a-a74f-3058bd213600"
OTHER_INSTANCE = "00000000-0000-4000-8000-000000000001"


def judge(*exchanges: Exchange) -> tuple[Finding, ...]:
    """Findings of INSi's own checks; those that span services have their own tests."""
    found = judge_sequence(JournalView(exchanges), Environment()).findings
    return tuple(finding for finding in found if finding.check_id.startswith("INS-W"))


def gesture(position: int, *attributes: str, used_name: str | None = None) -> Exchange:
    answer = {
        "patient": {
            "id": "p1",
            "statut": "provisoire",
            "attributs": list(attributes),
            "traits": {
                "nom_naissance": "TESTAVRIL",
                "prenoms_naissance": "CAMILLE ANNE",
                "sexe": "F",
                "date_naissance": "1985-07-12",
                "nom_utilise": used_name,
            },
        }
    }
    return exchange(
        "",
        position,
        service="lgc",
        operation="patient.read",
        request=Message("POST /actions/patient.read HTTP/1.1", body=b"{}"),
        response=Message("HTTP/1.1 200 OK", body=json.dumps(answer).encode()),
    )


def test_a_conformant_sequence() -> None:
    journal = judge(
        gesture(1, "homonyme", used_name="TESTMAI"),
        exchange(envelope(message_id=ONE), 2),
        exchange(envelope(message_id=TWO), 3),
    )
    assert journal == ()


def test_one_message_id_for_two_calls_is_minor() -> None:
    [found] = judge(exchange(envelope(), 1), exchange(envelope(), 2))
    assert (found.check_id, found.severity) == ("INS-W-03", Severity.MINOR)
    assert found.exchange_id == "x2"
    assert "x1" in found.found


def test_an_instance_drawn_at_each_call() -> None:
    [found] = judge(
        exchange(envelope(message_id=ONE), 1),
        exchange(envelope(message_id=TWO, instance=OTHER_INSTANCE), 2),
    )
    assert (found.check_id, found.severity) == ("INS-W-06", Severity.MAJOR)
    assert found.exchange_id == "x2"


def test_used_name_searched_before_any_ins_is_known() -> None:
    wrong = envelope(TRAITS.replace("TESTAVRIL", "TESTMAI"))
    [found] = judge(gesture(1, used_name="TESTMAI"), exchange(wrong, 2))
    assert (found.check_id, found.expected, found.found) == ("INS-W-20", "TESTAVRIL", "TESTMAI")
    assert found.exchange_id == "x2"


def test_a_call_for_a_doubtful_identity() -> None:
    [found] = judge(gesture(1, "douteuse"), exchange(envelope(), 2))
    assert found.check_id == "INS-W-21"
    assert "douteuse" in found.found


def test_a_call_before_or_after_the_doubt_is_free() -> None:
    journal = judge(
        exchange(envelope(message_id=ONE), 1),
        gesture(2, "fictive"),
        gesture(3),
        exchange(envelope(message_id=TWO), 4),
    )
    assert journal == ()

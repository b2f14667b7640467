"""How verdicts follow from steps, expectations and findings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bench.expectations import Observation
from bench.verdicts import campaign_verdict, exigence_verdict, scenario_verdict
from reports.events import FindingSeen, Verdict
from rules.exchange import Exchange, Message, Outcome

SEEN = Exchange(
    id="e1", campaign="c", position=1, service="dmp", operation="TD2.1",
    started_at=datetime(2026, 3, 12, tzinfo=UTC), answered_at=None, peer="h:1",
    request=Message("POST / HTTP/1.1"), response=None, outcome=Outcome.ACCEPTED,
)  # fmt: skip


def finding(*, fails: bool = True, expected: bool = False) -> FindingSeen:
    return FindingSeen(
        check_id="MSS-H01", title="t", severity="bloquante", fails=fails, expected_by_user=expected,
        artefact="Courriel", place="en-tête", expected="a", found="b", advice="Corriger.",
        source="s",
    )  # fmt: skip


def judged(**changes: object) -> tuple[Verdict, list[str]]:
    values: dict[str, object] = {
        "steps": [("réussi", "")],
        "expectations": [Observation(True, "vu")],
        "findings": [],
        "exchanges": [SEEN],
        "finished": True,
    }
    return scenario_verdict(**{**values, **changes})  # type: ignore[arg-type]


def test_all_well_is_conforme() -> None:
    assert judged() == (Verdict.CONFORME, [])


def test_a_finding_makes_it_non_conforme_and_is_the_reason() -> None:
    assert judged(findings=[finding()]) == (Verdict.NON_CONFORME, ["MSS-H01 : Corriger."])


def test_an_expected_finding_does_not() -> None:
    assert judged(findings=[finding(expected=True)])[0] is Verdict.CONFORME


def test_a_light_finding_does_not() -> None:
    assert judged(findings=[finding(fails=False)])[0] is Verdict.CONFORME


def test_an_expectation_that_does_not_hold_makes_it_non_conforme() -> None:
    verdict, reasons = judged(expectations=[Observation(False, "9 comptés, 10 attendus")])
    assert (verdict, reasons) == (Verdict.NON_CONFORME, ["9 comptés, 10 attendus"])


def test_silence_is_never_conforme_nor_the_product_s_failure() -> None:
    silent = Observation(False, "rien vu", observed=False)
    assert judged(expectations=[silent], steps=[("échoué", "rien vu")])[0] is Verdict.NON_OBSERVE
    verdict, reasons = judged(exchanges=[], expectations=[])
    assert verdict is Verdict.NON_OBSERVE
    assert "adresses du banc" in reasons[0]


def test_a_gesture_left_to_a_person_is_to_be_checked() -> None:
    verdict, reasons = judged(steps=[("manuel", "geste non proposé")])
    assert (verdict, reasons) == (Verdict.A_VERIFIER, ["geste non proposé"])


def test_a_scenario_cut_short_is_not_observed() -> None:
    assert judged(finished=False)[0] is Verdict.NON_OBSERVE


@pytest.mark.parametrize(
    ("scenarios", "findings", "observed", "verdict", "code"),
    [
        ([Verdict.CONFORME], [], True, Verdict.CONFORME, 0),
        ([Verdict.CONFORME, Verdict.NON_CONFORME], [], True, Verdict.NON_CONFORME, 1),
        ([Verdict.CONFORME], [finding()], True, Verdict.NON_CONFORME, 1),
        ([Verdict.CONFORME], [finding(expected=True)], True, Verdict.CONFORME, 0),
        ([Verdict.CONFORME], [], False, Verdict.NON_OBSERVE, 4),
        ([Verdict.CONFORME, Verdict.NON_OBSERVE], [], True, Verdict.NON_OBSERVE, 4),
        ([Verdict.CONFORME, Verdict.A_VERIFIER], [], True, Verdict.A_VERIFIER, 0),
        ([], [], True, Verdict.CONFORME, 0),
    ],
)
def test_a_campaign_is_worth_its_worst(
    scenarios: list[Verdict],
    findings: list[FindingSeen],
    observed: bool,
    verdict: Verdict,
    code: int,
) -> None:
    named = [(v, f"scénario {n}", ()) for n, v in enumerate(scenarios)]
    concluded = campaign_verdict(scenarios=named, findings=findings, observed=observed)
    assert (concluded.verdict, concluded.exit_code) == (verdict, code)


@pytest.mark.parametrize(
    ("scenarios", "broken", "judged", "verdict"),
    [
        ([], False, False, Verdict.NON_OBSERVE),
        ([], False, True, Verdict.CONFORME),
        ([], True, True, Verdict.NON_CONFORME),
        ([Verdict.CONFORME], False, False, Verdict.CONFORME),
        ([Verdict.CONFORME], True, True, Verdict.NON_CONFORME),
        ([Verdict.CONFORME, Verdict.NON_CONFORME], False, True, Verdict.NON_CONFORME),
        ([Verdict.CONFORME, Verdict.A_VERIFIER], False, True, Verdict.A_VERIFIER),
        ([Verdict.NON_OBSERVE], False, True, Verdict.NON_OBSERVE),
        ([Verdict.NON_OBSERVE, Verdict.CONFORME], False, False, Verdict.CONFORME),
    ],
)
def test_an_exigence_is_never_conforme_by_absence(
    scenarios: list[Verdict], broken: bool, judged: bool, verdict: Verdict
) -> None:
    assert exigence_verdict(scenarios, broken=broken, judged=judged) is verdict

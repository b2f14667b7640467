"""How verdicts are reached: of a scenario, of a campaign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bench.errors import ExitCode
from bench.expectations import Observation
from reports.events import FindingSeen, Verdict
from rules.exchange import Exchange


@dataclass(frozen=True, slots=True)
class CampaignVerdict:
    """The conclusion of a campaign and its exit code."""

    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...]


def scenario_verdict(
    *,
    steps: Sequence[tuple[str, str]],
    expectations: Sequence[Observation],
    findings: Sequence[FindingSeen],
    exchanges: Sequence[Exchange],
    finished: bool,
) -> tuple[Verdict, list[str]]:
    """The verdict of a scenario and its French reasons.

    In order: a deviation, an expectation that does not hold or a step that
    failed make it non conforme; a gesture the product does not offer makes it à
    vérifier; nothing seen on a wire makes it non observé.
    """
    against = [f"{f.check_id} : {f.advice}" for f in findings if f.fails and not f.expected_by_user]
    against += [o.reason for o in expectations if not o.holds and o.observed]
    failed = [message for status, message in steps if status == "échoué"]
    against += [m for m in failed if m not in against]
    unseen = [o.reason for o in expectations if not o.observed]
    # A failed step whose only cause is silence is not the product's failure.
    if against and not (unseen and set(against) <= set(unseen)):
        return Verdict.NON_CONFORME, list(dict.fromkeys(against))
    if any(status == "manuel" for status, _ in steps):
        return Verdict.A_VERIFIER, [m for status, m in steps if status == "manuel"]
    if not finished or unseen or not exchanges:
        return Verdict.NON_OBSERVE, unseen or [
            "aucun échange observé : vérifiez que le logiciel utilise les adresses du banc "
            "(segur-bench environment)"
        ]
    return Verdict.CONFORME, []


def exigence_verdict(scenarios: Sequence[Verdict], *, broken: bool, judged: bool) -> Verdict:
    """The verdict of an exigence: the worst of its scenarios and of its checks.

    ``broken`` says that a finding is against it; ``judged`` that a check of it
    read a message. Without scenario nor message judged it is never conforme:
    nothing was there to see (R-03).
    """
    if broken or Verdict.NON_CONFORME in scenarios:
        return Verdict.NON_CONFORME
    if Verdict.A_VERIFIER in scenarios:
        return Verdict.A_VERIFIER
    seen = [v for v in scenarios if v is not Verdict.NON_OBSERVE]
    if scenarios:
        return Verdict.CONFORME if seen else Verdict.NON_OBSERVE
    return Verdict.CONFORME if judged else Verdict.NON_OBSERVE


def campaign_verdict(
    *,
    scenarios: Sequence[tuple[Verdict, str, tuple[str, ...]]],
    findings: Sequence[FindingSeen],
    observed: bool,
) -> CampaignVerdict:
    """The verdict of a campaign: the worst of its scenarios and of its findings.

    ``scenarios`` gives the verdict, the name and the reasons of each.
    """
    against = [f"{f.check_id} : {f.advice}" for f in findings if f.fails and not f.expected_by_user]
    bad = [
        f"{name} : {reasons[0] if reasons else verdict}"
        for verdict, name, reasons in scenarios
        if verdict is Verdict.NON_CONFORME
    ]
    if bad or against:
        reasons = tuple(dict.fromkeys([*bad, *against]))
        return CampaignVerdict(Verdict.NON_CONFORME, ExitCode.NON_CONFORME, reasons)
    if not observed:
        reason = "aucun échange n'est arrivé aux simulateurs"
        return CampaignVerdict(Verdict.NON_OBSERVE, ExitCode.NOTHING_OBSERVED, (reason,))
    silent = tuple(
        f"{name} : non observé" for verdict, name, _ in scenarios if verdict is Verdict.NON_OBSERVE
    )
    if silent:
        return CampaignVerdict(Verdict.NON_OBSERVE, ExitCode.NOTHING_OBSERVED, silent)
    by_hand = tuple(name for verdict, name, _ in scenarios if verdict is Verdict.A_VERIFIER)
    if by_hand:
        return CampaignVerdict(Verdict.A_VERIFIER, ExitCode.CONFORME, by_hand)
    return CampaignVerdict(Verdict.CONFORME, ExitCode.CONFORME, ())

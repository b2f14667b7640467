"""From a journal to the stream of events: what happened, and what it is worth.

The only source is the store of the campaign: ``segur-bench run`` and
``segur-bench verdict`` call the same function and cannot disagree.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bench import __version__
from bench.environments import from_json
from bench.exigences import all_exigences, checks_of, of_tags, proofs_of
from bench.expectations import TOLERATED, Observation, evaluate
from bench.known import KnownFindings
from bench.message_views import message_view
from bench.ordonnance_story import ordonnances
from bench.restarts import until_end, without_lost_answers
from bench.verdicts import (
    CampaignVerdict,
    campaign_verdict,
    exigence_verdict,
    scenario_verdict,
)
from reports.events import (
    CampaignFinished,
    CampaignStarted,
    Event,
    ExchangeSeen,
    ExigenceJudged,
    FindingSeen,
    MomCounted,
    ScenarioFinished,
    ScenarioStarted,
    StepFinished,
)
from reports.redaction import redacted_text
from rules.checking import Check
from rules.checks.mom import THRESHOLDS, MomRules, count
from rules.exchange import Exchange
from rules.findings import Finding
from rules.formats.certificate import Certificate
from rules.judge import JournalView, Judgement, Reading, judge_journal
from simulators.journal import Journal, Mark


@dataclass(frozen=True)
class Played:
    """A scenario as its marks tell it."""

    started: Mark
    finished: Mark | None
    steps: tuple[Mark, ...]
    expectations: tuple[Mark, ...]
    exchanges: tuple[Exchange, ...]

    @property
    def id(self) -> str:
        """Its stable id."""
        return str(self.started.payload["id"])

    @property
    def tags(self) -> tuple[str, ...]:
        """Gherkin tags, without ``@``."""
        return tuple(self.started.payload["tags"])


def project(journal: Journal, expected: Sequence[Mapping[str, str]] = ()) -> list[Event]:
    """The events of a campaign. ``expected`` is the file of expected findings."""
    return list(_Projection(journal, expected).events())


def finding_seen(
    finding: Finding, scenario: str | None = None, *, expected: bool = False
) -> FindingSeen:
    """A finding as reports show it, secrets redacted."""
    return FindingSeen(
        check_id=finding.check_id,
        title=finding.title,
        severity=finding.severity.value if finding.severity else "",
        fails=finding.fails,
        expected_by_user=expected,
        hors_specification=finding.hors_specification,
        artefact=finding.artefact,
        place=finding.place,
        expected=redacted_text(finding.expected),
        found=redacted_text(finding.found),
        advice=finding.advice,
        source=finding.source,
        exigences=finding.exigences,
        exchange=finding.exchange_id,
        scenario=scenario,
    )


class _Projection:
    def __init__(self, journal: Journal, expected: Sequence[Mapping[str, str]]) -> None:
        self.journal = journal
        self.marks = journal.marks()
        kept = until_end(journal.read(), self.marks)
        self.exchanges = without_lost_answers(kept, self.marks)
        head = next((m for m in self.marks if m.kind == "campaign-started"), None)
        self.head: Mapping[str, Any] = head.payload if head else {}
        self.started_at = head.at if head else datetime.now(UTC)
        self.environment = from_json(self.head.get("environment", {}))
        self.readings: dict[str, Reading] = {}
        self.view = JournalView(self.exchanges, self.readings)
        self.judgement: Judgement = judge_journal(self.view, self.environment)
        self.scenarios = _played(self.marks, self.exchanges)
        self.expected = KnownFindings(expected)
        self._observations: dict[tuple[int, str, bool], Observation] = {}

    def events(self) -> Iterator[Event]:
        yield self._campaign_started()
        yield from (self._exchange(e) for e in self.exchanges)
        findings = [self._finding(f) for f in self.judgement.findings]
        yield from findings
        ended: list[ScenarioFinished] = []
        for played in self.scenarios:
            yield _scenario_started(played)
            yield from self._steps(played)
            yield from self._mom(played)
            yield from ordonnances(JournalView(played.exchanges, self.readings), played.id)
            finished = self._scenario_finished(played, findings)
            ended.append(finished)
            yield finished
        exigences = list(self._exigences(ended, findings))
        yield from exigences
        yield self._campaign_finished(ended, findings)

    def _campaign_started(self) -> CampaignStarted:
        return CampaignStarted(
            at=self.started_at,
            campaign=self.journal.campaign,
            seed=self.head.get("seed", 0),
            bench_version=self.head.get("bench_version", __version__),
            rules_version=self.head.get("rules_version", __version__),
            driver=self.head.get("driver", "?"),
            declared=self.head.get("environment", {}).get("logiciel") or {},
        )

    def _exchange(self, exchange: Exchange) -> ExchangeSeen:
        tls = exchange.tls
        certificate = Certificate.from_der(tls.certificate) if tls and tls.certificate else None
        return ExchangeSeen(
            at=exchange.started_at,
            answered_at=exchange.answered_at,
            id=exchange.id,
            position=exchange.position,
            service=exchange.service,
            operation=exchange.operation,
            outcome=exchange.outcome.value,
            error_code=exchange.error_code,
            fault=exchange.fault,
            peer=exchange.peer,
            host=exchange.host,
            tls_version=tls.version if tls else None,
            tls_cipher=tls.cipher if tls else None,
            tls_subject=certificate.subject if certificate else None,
            tls_serial=certificate.serial if certificate else None,
            patient=exchange.correlation.patient,
            professional=exchange.correlation.professional,
            document=exchange.correlation.document,
            scenario=_scenario_of(exchange),
            request=message_view(exchange.request),
            response=message_view(exchange.response) if exchange.response else None,
        )

    def _finding(self, finding: Finding) -> FindingSeen:
        exchange = next((e for e in self.exchanges if e.id == finding.exchange_id), None)
        scenario = _scenario_of(exchange) if exchange else None
        return finding_seen(
            finding, scenario, expected=self.expected.covers(finding.check_id, scenario)
        )

    def _mom(self, played: Played) -> Iterator[MomCounted]:
        if "domaine-mom" not in played.tags:
            return
        view = JournalView(played.exchanges, self.readings)
        rules = MomRules()
        for national_id, counted in count(view, self.environment, rules).items():
            if not counted.counted and not counted.refused:
                continue
            who = self.environment.professional(national_id)
            by_id = {e.id: e for e in played.exchanges}
            yield MomCounted(
                scenario=played.id,
                professional=national_id,
                name=f"{who.given_name} {who.family_name}" if who else national_id,
                dmp=counted.dmp,
                mss_pro=counted.mss_pro,
                mss_citoyenne=counted.mss_citoyenne,
                thresholds=(THRESHOLDS["dmp"], THRESHOLDS["mss_pro"], THRESHOLDS["mss_citoyenne"]),
                reached=counted.complete,
                rows=tuple(_receipt(by_id[i]) for i in counted.counted if i in by_id),
                refused=tuple(
                    {**_receipt(by_id[i]), "raison": reason}
                    for i, reason in counted.refused
                    if i in by_id
                ),
                rules=rules.described(),
            )

    def _scenario_finished(
        self, played: Played, findings: Sequence[FindingSeen]
    ) -> ScenarioFinished:
        own = [f for f in findings if f.scenario == played.id]
        verdict, reasons = scenario_verdict(
            steps=[(s.status, s.message) for s in self._steps(played)],
            expectations=list(self._evaluated(played)),
            findings=own,
            exchanges=played.exchanges,
            finished=played.finished is not None,
        )
        return ScenarioFinished(
            at=played.finished.at if played.finished else played.started.at,
            id=played.id,
            verdict=verdict,
            reasons=tuple(reasons),
            exigences=of_tags(played.tags),
            proofs=proofs_of(played.tags),
            exchanges=tuple(e.id for e in played.exchanges),
        )

    def _evaluated(self, played: Played) -> Iterator[Observation]:
        return (self._evaluate(played, mark) for mark in played.expectations)

    def _evaluate(self, played: Played, mark: Mark, *, strictly: bool = False) -> Observation:
        key = (played.expectations.index(mark), played.id, strictly)
        if key not in self._observations:
            until = tuple(e for e in played.exchanges if e.position <= mark.position)
            known = () if strictly else self.expected.of(played.id)
            self._observations[key] = evaluate(
                mark.payload["name"],
                JournalView(until, self.readings),
                self.environment,
                {**mark.payload["parameters"], TOLERATED: known},
            )
        return self._observations[key]

    def _steps(self, played: Played) -> Iterator[StepFinished]:
        for number, mark in enumerate(played.steps, start=1):
            step = f"{played.id}#{number}"
            asked = [m for m in played.expectations if m.payload["step"] == number]
            seen = StepFinished(
                at=mark.at,
                observed=self._observed(played, asked),
                exchanges=tuple(e.id for e in played.exchanges if e.step == step),
                **mark.payload,
            )
            forgiven = seen.status == "échoué" and self._forgiven(played, asked, seen.message)
            yield seen.model_copy(update={"status": "réussi"}) if forgiven else seen

    def _observed(self, played: Played, asked: Sequence[Mark]) -> tuple[str, ...]:
        seen = (self._evaluate(played, mark) for mark in asked)
        return tuple(dict.fromkeys(each.reason for each in seen if each.holds))

    def _forgiven(self, played: Played, asked: Sequence[Mark], message: str) -> bool:
        """Whether a step failed only for deviations that are now announced."""
        return any(
            self._evaluate(played, mark).holds
            for mark in asked
            if self._evaluate(played, mark, strictly=True).reason == message
        )

    def _exigences(
        self, ended: Sequence[ScenarioFinished], findings: Sequence[FindingSeen]
    ) -> Iterator[ExigenceJudged]:
        concerned = {e for s in ended for e in s.exigences}
        concerned |= {e for f in findings for e in f.exigences}
        concerned |= {e for e in all_exigences() if self._evaluated_for(e)}
        for identifier, exigence in all_exigences().items():
            if identifier not in concerned:
                continue
            scenarios = [s for s in ended if identifier in s.exigences]
            broken = [f for f in findings if identifier in f.exigences and f.fails]
            broken = [f for f in broken if not f.expected_by_user]
            yield ExigenceJudged(
                id=identifier,
                title=exigence.title,
                domain=exigence.domain,
                wave=exigence.wave,
                profile=exigence.profile,
                verdict=exigence_verdict(
                    [s.verdict for s in scenarios],
                    broken=bool(broken),
                    judged=self._judged(identifier),
                ),
                proof=exigence.proofs if exigence.automatable == "no" else None,
                reasons=tuple(
                    dict.fromkeys(
                        [f"{f.check_id} : {f.advice}" for f in broken]
                        + [r for s in scenarios for r in s.reasons]
                    )
                ),
                scenarios=tuple(s.id for s in scenarios),
                checks=tuple(c.id for c in checks_of(identifier)),
                exchanges=tuple(dict.fromkeys(f.exchange for f in broken if f.exchange)),
            )

    def _evaluated_for(self, exigence: str) -> list[Check]:
        return [c for c in checks_of(exigence) if c.id in self.judgement.evaluated]

    def _judged(self, exigence: str) -> bool:
        """Whether a message itself was judged: a sequence is read even when nothing came."""
        return any(c.subject is not JournalView for c in self._evaluated_for(exigence))

    def _campaign_finished(
        self, ended: Sequence[ScenarioFinished], findings: Sequence[FindingSeen]
    ) -> CampaignFinished:
        names = {p.id: str(p.started.payload["name"]) for p in self.scenarios}
        concluded: CampaignVerdict = campaign_verdict(
            scenarios=[(s.verdict, names[s.id], s.reasons) for s in ended],
            findings=findings,
            observed=any(e.service != "lgc" for e in self.exchanges),
        )
        last = self.marks[-1].at if self.marks else self.started_at
        return CampaignFinished(
            at=last,
            verdict=concluded.verdict,
            exit_code=concluded.exit_code,
            reasons=concluded.reasons,
            unused_expected_findings=self.expected.unused(),
            checks_evaluated=tuple(sorted(self.judgement.evaluated)),
            checks_not_evaluated={
                name: needs
                for name, needs in sorted(self.judgement.skipped)
                if name not in self.judgement.evaluated
            },
        )


def _played(marks: Sequence[Mark], exchanges: Sequence[Exchange]) -> tuple[Played, ...]:
    starts = [m for m in marks if m.kind == "scenario-started"]
    return tuple(
        Played(
            started=start,
            finished=next(
                (
                    m
                    for m in marks
                    if m.kind == "scenario-finished" and m.payload["id"] == start.payload["id"]
                ),
                None,
            ),
            steps=_of_scenario(marks, "step-finished", start),
            expectations=_of_scenario(marks, "expectation", start),
            exchanges=tuple(e for e in exchanges if _scenario_of(e) == start.payload["id"]),
        )
        for start in starts
    )


def _of_scenario(marks: Sequence[Mark], kind: str, start: Mark) -> tuple[Mark, ...]:
    return tuple(
        m for m in marks if m.kind == kind and m.payload.get("scenario") == start.payload["id"]
    )


def _scenario_started(played: Played) -> ScenarioStarted:
    return ScenarioStarted(at=played.started.at, **played.started.payload)


def _scenario_of(exchange: Exchange) -> str | None:
    return exchange.step.rpartition("#")[0] if exchange.step else None


def _receipt(exchange: Exchange) -> dict[str, str]:
    return {
        "date": exchange.started_at.isoformat(timespec="seconds"),
        "genre": exchange.operation,
        "patient": exchange.correlation.patient or "",
        "identifiant": exchange.correlation.document or "",
        "exchange": exchange.id,
    }

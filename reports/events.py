"""The one stream of events from which every report is made.

A campaign's journal is projected into these events (:mod:`bench.projection`);
each renderer reads the same list. ``Event`` is a discriminated union on
``type``; :func:`json_schema` publishes it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

REHEARSAL = (
    "Ceci est une répétition sur un banc d'essai indépendant : ce rapport ne vaut ni preuve "
    "ni décision de l'ANS ou du CNDA."
)
"""The sentence every report carries."""


class Verdict(StrEnum):
    """What the bench concludes; the values are shown as they are."""

    CONFORME = "conforme"
    NON_CONFORME = "non conforme"
    NON_OBSERVE = "non observé"
    """Nothing on the wire allows a conclusion: never conforme by absence."""
    A_VERIFIER = "à vérifier"
    """The wire part is true; a person must look at the screen."""
    NON_APPLICABLE = "non applicable"


class Fields(BaseModel):
    """Base of every event: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CampaignStarted(Fields):
    """First event. ``declared`` is what the editor declared of the product."""

    type: Literal["campaign-started"] = "campaign-started"
    at: datetime
    campaign: str
    seed: int
    bench_version: str
    rules_version: str
    driver: str
    declared: dict[str, Any] = Field(default_factory=dict)
    notice: str = REHEARSAL


class MessageView(Fields):
    """One side of an exchange, secrets redacted; the body is named by its SHA-256."""

    start_line: str
    headers: tuple[tuple[str, str], ...] = ()
    body_sha256: str
    body_size: int
    text: str | None = None
    """Body as text when it is one and short enough to be shown."""


class ExchangeSeen(Fields):
    """One exchange of the journal."""

    type: Literal["exchange"] = "exchange"
    at: datetime
    answered_at: datetime | None = None
    id: str
    position: int
    service: str
    operation: str
    outcome: str
    error_code: str | None = None
    fault: str | None = None
    peer: str
    host: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    tls_subject: str | None = None
    tls_serial: str | None = None
    patient: str | None = None
    professional: str | None = None
    document: str | None = None
    scenario: str | None = None
    request: MessageView
    response: MessageView | None = None


class FindingSeen(Fields):
    """One deviation, with its place, its cure and the exchange that shows it."""

    type: Literal["finding"] = "finding"
    check_id: str
    title: str
    severity: str
    fails: bool
    expected_by_user: bool = False
    """True when the file of expected findings announces it."""
    hors_specification: bool = False
    artefact: str
    place: str
    expected: str
    found: str
    advice: str
    source: str
    exigences: tuple[str, ...] = ()
    exchange: str | None = None
    scenario: str | None = None


class ScenarioStarted(Fields):
    """A Gherkin scenario begins. ``id`` is stable: feature file and name."""

    type: Literal["scenario-started"] = "scenario-started"
    at: datetime
    id: str
    feature: str
    feature_file: str
    feature_description: str = ""
    name: str
    line: int = 0
    tags: tuple[str, ...] = ()


class StepFinished(Fields):
    """A step was played. ``status``: réussi, échoué, manuel, ignoré."""

    type: Literal["step-finished"] = "step-finished"
    at: datetime
    scenario: str
    keyword: str
    text: str
    line: int = 0
    status: Literal["réussi", "échoué", "manuel", "ignoré"]
    seconds: float = 0.0
    message: str = ""
    observed: tuple[str, ...] = ()
    """What was seen of what the step asks, when it is satisfied: counts, durations, numbers."""
    exchanges: tuple[str, ...] = ()


class ScenarioFinished(Fields):
    """A scenario and its verdict, with the reasons in French."""

    type: Literal["scenario-finished"] = "scenario-finished"
    at: datetime
    id: str
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    exigences: tuple[str, ...] = ()
    proofs: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()


class MomCounted(Fields):
    """The counters of a mise en ordre de marche for one professional."""

    type: Literal["mom"] = "mom"
    scenario: str | None = None
    professional: str
    name: str = ""
    dmp: int
    mss_pro: int
    mss_citoyenne: int
    thresholds: tuple[int, int, int] = (10, 10, 1)
    reached: bool
    rows: tuple[dict[str, str], ...] = ()
    """The transactions that count: date, genre, patient, identifiant, exchange."""
    refused: tuple[dict[str, str], ...] = ()
    """Those that do not, with the French reason."""
    rules: tuple[str, ...] = ()
    """The counting rules applied, in French: they are the bench's own choice."""


class OrdonnanceSeen(Fields):
    """An ordonnance numérique of a scenario: what was prescribed, and where its number stood."""

    type: Literal["ordonnance"] = "ordonnance"
    scenario: str | None = None
    number: str
    said: str = ""
    """French: the day, time and rank that the number means; empty when it cannot be read."""
    recorded: bool
    """Whether the service accepted it."""
    prescriber: str = ""
    patient: str = ""
    consent: bool | None = None
    lines: tuple[str, ...] = ()
    code_2d: str = ""
    """Text of the printed symbol, padding folded."""
    page: str = ""
    """First printed page, PNG in base64."""
    places: tuple[dict[str, str], ...] = ()
    """``lieu`` (appel, page, code 2D, N3, N1, courriel) and ``exchange`` where it was read."""
    executions: tuple[str, ...] = ()
    """What the product last showed of them, in French."""


class ExigenceJudged(Fields):
    """The verdict of one exigence."""

    type: Literal["exigence"] = "exigence"
    id: str
    title: str
    domain: str
    wave: str
    profile: str
    verdict: Verdict
    proof: str | None = None
    """What is asked instead, when nothing seen on a wire can prove it (an agrément)."""
    reasons: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()


class CampaignFinished(Fields):
    """Last event."""

    type: Literal["campaign-finished"] = "campaign-finished"
    at: datetime
    verdict: Verdict
    exit_code: int
    reasons: tuple[str, ...] = ()
    unused_expected_findings: tuple[str, ...] = ()
    checks_evaluated: tuple[str, ...] = ()
    checks_not_evaluated: dict[str, tuple[str, ...]] = Field(default_factory=dict)


Event = Annotated[
    CampaignStarted
    | ExchangeSeen
    | FindingSeen
    | ScenarioStarted
    | StepFinished
    | ScenarioFinished
    | MomCounted
    | OrdonnanceSeen
    | ExigenceJudged
    | CampaignFinished,
    Field(discriminator="type"),
]

EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def json_schema() -> dict[str, Any]:
    """JSON Schema of the event stream, an array of events."""
    return TypeAdapter(list[Event]).json_schema()

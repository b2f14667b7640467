"""What each operation of the ordonnance numérique asks and answers: neutral messages.

All hors spécification (e-prescription.md §7.6). Wires, checks, WSDL and OpenAPI follow
these classes:

- ``EP4``: the ordonnance; answered with its state, whether it was there already, warnings;
- ``EP4-annulation``: ``operation`` = ``annulation``, number, prescriber;
- ``EP3``: number and who asks; answered ``accesExecutions`` (``AUTORISE``, ``REFUSE``) and
  the ordonnance, with its executions when they may be seen;
- ``EP2``: criteria and page; answered with a page of ordonnances found;
- ``EP1``: number, date, exécutant and lines of an execution;
- ``traces``: lines of the log of a workstation;
- ``generateIdentifiantUnique``: nothing; answered a new number.

An error is :class:`Refusal`.
"""

# ruff: noqa: RUF009  key() and keys() make fields, they are no shared defaults.
from __future__ import annotations

from dataclasses import dataclass

from rules.formats.keyed import DATE, INSTANT, key, keys
from rules.formats.prescription import (
    ExecutedLine,
    Executor,
    Ordonnance,
    PrescribedPatient,
    Prescriber,
)


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks for an EP3 or an EP2."""

    rpps: str | None = key("rpps")
    am: str | None = key("am")
    finess: str | None = key("finess")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why the service does nothing."""

    code: str | None = key("code")
    label: str | None = key("libelle")


@dataclass(frozen=True, slots=True)
class Warned:
    """What the service says beside a success."""

    code: str | None = key("code")
    label: str | None = key("libelle")


@dataclass(frozen=True, slots=True)
class Recorded:
    """Answer of EP4."""

    id: str | None = key("id")
    state: str | None = key("etat")
    recorded_at: str | None = key("horodatageEnregistrement", INSTANT)
    already: bool | None = key("dejaEnregistree")
    warnings: tuple[Warned, ...] = keys("avertissements")


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Request of EP4-annulation."""

    operation: str | None = key("operation")
    id: str | None = key("id")
    prescriber: Prescriber | None = key("prescripteur")


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Answer of EP4-annulation."""

    id: str | None = key("id")
    state: str | None = key("etat")


@dataclass(frozen=True, slots=True)
class Consultation:
    """Request of EP3."""

    id: str | None = key("id")
    requester: Requester | None = key("emetteur")
    with_executions: bool | None = key("avecExecutions")


@dataclass(frozen=True, slots=True)
class Consulted:
    """Answer of EP3."""

    state: str | None = key("etat")
    access: str | None = key("accesExecutions")
    ordonnance: Ordonnance | None = key("ordonnance")
    warnings: tuple[Warned, ...] = keys("avertissements")


@dataclass(frozen=True, slots=True)
class Searching:
    """Request of EP2."""

    requester: Requester | None = key("emetteur")
    prescriber: Prescriber | None = key("prescripteur")
    patient: PrescribedPatient | None = key("patient")
    period: tuple[str, ...] = keys("periode", DATE)
    kind: str | None = key("type")
    page: int | None = key("page")
    size: int | None = key("taillePage")


@dataclass(frozen=True, slots=True)
class Found:
    """One ordonnance that EP2 found."""

    id: str | None = key("id")
    at: str | None = key("horodatage", INSTANT)
    kind: str | None = key("type")
    subtype: str | None = key("sousType")
    consent: bool | None = key("consentement")
    state: str | None = key("etat")
    patient: PrescribedPatient | None = key("patient")


@dataclass(frozen=True, slots=True)
class FoundPage:
    """Answer of EP2."""

    total: int | None = key("total")
    page: int | None = key("page")
    size: int | None = key("taillePage")
    results: tuple[Found, ...] = keys("resultats")


@dataclass(frozen=True, slots=True)
class Executing:
    """Request of EP1; two of one ``idExecution`` are one, sent again."""

    id: str | None = key("id")
    execution_id: str | None = key("idExecution")
    date: str | None = key("date", DATE)
    executor: Executor | None = key("executant")
    lines: tuple[ExecutedLine, ...] = keys("lignes")


@dataclass(frozen=True, slots=True)
class Executed:
    """Answer of EP1."""

    id: str | None = key("id")
    state: str | None = key("etat")
    rank: int | None = key("rang")
    warnings: tuple[Warned, ...] = keys("avertissements")


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of the traces of a workstation (e-prescription.md §8)."""

    at: str | None = key("horodatage", INSTANT)
    id: str | None = key("idPrescription")
    action: str | None = key("action")
    code: str | None = key("codeRetour")
    duration: int | None = key("dureeMs")
    version: str | None = key("versionLPS")


@dataclass(frozen=True, slots=True)
class Traces:
    """Request of the deposit of traces."""

    traces: tuple[Trace, ...] = keys("traces")


@dataclass(frozen=True, slots=True)
class TracesReceived:
    """Its answer."""

    received: int | None = key("recues")


@dataclass(frozen=True, slots=True)
class Nothing:
    """Request of a number: the operation says it all."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A new number of 18 characters."""

    id: str | None = key("id")


IDENTIFIER = "generateIdentifiantUnique"

MESSAGES: dict[str, tuple[type, type]] = {
    "EP1": (Executing, Executed),
    "EP2": (Searching, FoundPage),
    "EP3": (Consultation, Consulted),
    "EP4": (Ordonnance, Recorded),
    "EP4-annulation": (Cancellation, Cancelled),
    "traces": (Traces, TracesReceived),
    IDENTIFIER: (Nothing, Numbered),
}
"""Of each operation, the classes of its request and of its answer."""

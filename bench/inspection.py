"""``segur-bench check``: judging captured files with nothing routed to the bench."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.context_files import FileContext
from bench.errors import UsageError
from bench.projection import finding_seen
from bench.sniffing import Sniffed, is_typed, sniff
from reports.events import FindingSeen
from rules.artefact import Artefact, MalformedError
from rules.context import Context
from rules.exchange import Exchange, Message, Outcome
from rules.findings import Severity
from rules.formats.apcv import ApcvRequest
from rules.formats.dmp import DmpRequest
from rules.formats.insi import InsiRequest
from rules.formats.prescription_wire import EpRequest
from rules.judge import (
    JournalView,
    Judgement,
    Reading,
    judge_artefact,
    judge_reading,
    judge_sequence,
)

MAX_FILE = 100 * 1024 * 1024
"""Bytes; above, the file is refused unread."""


@dataclass(frozen=True)
class Inspection:
    """A file and what the checks say of it."""

    path: str
    kind: str
    findings: tuple[FindingSeen, ...]
    evaluated: tuple[str, ...]
    not_evaluated: dict[str, tuple[str, ...]]

    @property
    def fails(self) -> bool:
        """True when a finding makes it non conforme."""
        return any(f.fails for f in self.findings)

    @property
    def verdict(self) -> str:
        """What a person must look at is not conforme by itself, nor what no check knows."""
        if self.fails:
            return "non conforme"
        if not self.evaluated:
            return "non observé"
        review = any(f.severity == Severity.REVIEW for f in self.findings)
        return "à vérifier" if review else "conforme"

    def to_json(self) -> dict[str, Any]:
        """Plain values, findings with their check ids."""
        return {
            "fichier": self.path,
            "nature": self.kind,
            "verdict": self.verdict,
            "constats": [f.model_dump(mode="json") for f in self.findings],
            "controles_evalues": list(self.evaluated),
            "controles_non_evalues": self.not_evaluated,
        }


def inspect_files(files: Sequence[Path], context: Path | None) -> list[Inspection]:
    """Judge each file. Raises UsageError when one cannot be read or recognised."""
    return [inspect_file(path, FileContext.read(context, path)) for path in files]


def inspect_file(path: Path, known: FileContext) -> Inspection:
    """Judge one file in what is known of its circumstances."""
    sniffed = _sniffed(path, known)
    reading = _reading(path, sniffed, known, position=len(known.before) + 1)
    judgement = _judged(reading, sniffed, known)
    if known.before:
        judgement += _in_sequence(reading, known)
    skipped = {n: needs for n, needs in judgement.skipped if n not in judgement.evaluated}
    return Inspection(
        path=str(path),
        kind=sniffed.kind,
        findings=tuple(dict.fromkeys(finding_seen(f) for f in judgement.findings)),
        evaluated=tuple(sorted(judgement.evaluated)),
        not_evaluated=dict(sorted(skipped.items())),
    )


def _sniffed(path: Path, known: FileContext) -> Sniffed:
    try:
        if path.stat().st_size > MAX_FILE:
            raise UsageError(f"{path} : plus de {MAX_FILE} octets, le banc ne le lit pas.")
        data = path.read_bytes()
    except OSError as error:
        if not is_typed(str(path)):
            absent = isinstance(error, FileNotFoundError)
            reason = "ce fichier n'existe pas" if absent else error.strerror
            raise UsageError(f"{path} ne se lit pas : {reason}.") from error
        data = str(path).encode("utf-8", "surrogateescape")
    try:
        return sniff(data, known.envelope)
    except UsageError as error:
        raise UsageError(f"{path} : {error}") from error


def _reading(path: Path, sniffed: Sniffed, known: FileContext, position: int) -> Reading:
    exchange = _exchange(path, sniffed, known, position)
    try:
        artefacts = tuple(sniffed.read())
    except MalformedError as error:
        return Reading(exchange, problems=(error.finding,))
    except UsageError as error:
        raise UsageError(f"{path} : {error}") from error
    return Reading(_named(exchange, artefacts), artefacts)


def _judged(reading: Reading, sniffed: Sniffed, known: FileContext) -> Judgement:
    exchange = reading.exchange if sniffed.message is not None else None
    context = replace(_context(known, exchange), parts_apart=sniffed.parts_apart)
    if sniffed.message is None or sniffed.answer or known.tls is None:
        # Alone, a message shows nothing of its handshake: only what it says is judged.
        judgement = Judgement(reading.problems, frozenset(f.check_id for f in reading.problems))
        for artefact in reading.artefacts:
            judgement += judge_artefact(artefact, context)
        return judgement
    return judge_reading(reading, context)


def _in_sequence(reading: Reading, known: FileContext) -> Judgement:
    earlier = [
        _reading(path, _sniffed(path, known), known, number)
        for number, path in enumerate(known.before, start=1)
    ]
    readings = {r.exchange.id: r for r in (*earlier, reading)}
    view = JournalView(tuple(r.exchange for r in readings.values()), readings)
    judged = judge_sequence(view, known.environment())
    own = tuple(f for f in judged.findings if f.exchange_id in (None, reading.exchange.id))
    return Judgement(own, judged.evaluated, judged.skipped)


def _context(known: FileContext, exchange: Exchange | None) -> Context:
    professionals = known.environment().professionals
    return Context(
        environment=known.environment(),
        observed_at=known.observed_at,
        tls=known.tls,
        host=known.host,
        envelope=known.envelope,
        exchange=exchange,
        identities=known.identities(),
        professional=professionals[0] if len(professionals) == 1 else None,
    )


def _exchange(path: Path, sniffed: Sniffed, known: FileContext, position: int) -> Exchange:
    empty = Message("")
    message = sniffed.message or empty
    return Exchange(
        id=str(path),
        campaign="check",
        position=position,
        service=sniffed.service,
        operation="?",
        started_at=known.observed_at or datetime.now(UTC),
        answered_at=None,
        peer="fichier",
        request=empty if sniffed.answer else message,
        response=message if sniffed.answer else None,
        outcome=Outcome.ACCEPTED,
        tls=known.tls,
        host=known.host or message.header("Host"),
    )


def _named(exchange: Exchange, artefacts: Sequence[Artefact]) -> Exchange:
    for artefact in artefacts:
        if isinstance(artefact, DmpRequest) and artefact.transaction:
            return replace(exchange, operation=artefact.transaction.number)
        if isinstance(artefact, InsiRequest | ApcvRequest):
            return replace(exchange, operation=artefact.operation or "?")
        if isinstance(artefact, EpRequest):
            return replace(exchange, operation=artefact.operation)
    return exchange

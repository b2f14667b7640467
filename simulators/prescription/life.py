"""Life of an ordonnance: its states, and what may still be executed of its lines.

Pure values, no store and no wire. States and statuses are ours, hors
spécification (e-prescription.md §3, §7.4). One round is one délivrance of the
whole line: a line has ``1 + renouvellements`` of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from rules.formats.prescription import STATUSES, ExecutedLine, Execution, Line, iso_date
from simulators.prescription.errors import RefusedError


class State(StrEnum):
    """State of an ordonnance."""

    RECORDED = "ENREGISTREE"
    PARTLY = "EXECUTION_PARTIELLE"
    EXECUTED = "EXECUTEE"
    CANCELLED = "ANNULEE"
    EXPIRED = "EXPIREE"


DELIVERED, PARTLY_DELIVERED, MODIFIED, REPLACED, ADDED, SUPPRESSED, REFUSED = STATUSES
_WITH_MOTIVE = frozenset({MODIFIED, REPLACED, ADDED, SUPPRESSED, REFUSED})
_WITH_PRODUCT = frozenset({REPLACED, ADDED})
_WHOLE_ROUND = frozenset({DELIVERED, MODIFIED, REPLACED})
COMPLETENESS = ("FFC", "FFP", "RFP", "RFC")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a line is executed. ``part`` is the quantity delivered in an open round."""

    line: int
    rounds: int
    """How many it has, renewals included."""
    quantity: int | None = None
    """Of one round, None when the line does not say."""
    done: int = 0
    part: int = 0
    started: bool = False
    """Whether a round was begun by a partial délivrance."""
    closed: bool = False
    """Whether it was suppressed."""

    @property
    def over(self) -> bool:
        """Whether nothing of it may be delivered any more."""
        return self.closed or self.done >= self.rounds

    def delivered(self, quantity: int | None, *, whole: bool) -> Progress:
        """After a délivrance; ``whole`` ends the round. Raises RefusedError."""
        if self.over:
            raise RefusedError(
                "EP-P-012",
                f"Ligne {self.line} : {self.done} exécution(s) sur {self.rounds}"
                f"{', ligne supprimée' if self.closed else ''}.",
            )
        part = self.part + (quantity or 0)
        if self.quantity is not None and part > self.quantity:
            raise RefusedError(
                "EP-P-012",
                f"Ligne {self.line} : {part} délivré pour {self.quantity} prescrit.",
            )
        if whole or (part and part == self.quantity):
            return replace(self, done=self.done + 1, part=0, started=False)
        return replace(self, part=part, started=True)


def start(line: Line, place: int) -> Progress:
    """The progress of a line nobody executed; ``place`` when it has no number."""
    quantity = line.quantity.value if line.quantity else None
    return Progress(line.n or place, 1 + max(0, line.renewals or 0), quantity)


def advance(progress: dict[int, Progress], execution: Execution) -> dict[int, Progress]:
    """The progress of each line after an execution. Raises RefusedError, nothing half done."""
    if not execution.lines:
        raise RefusedError("EP-P-013", "Aucune ligne exécutée.")
    if iso_date(execution.date) is None:
        raise RefusedError("EP-P-013", "La date de délivrance est absente ou n'est pas AAAA-MM-JJ.")
    after = dict(progress)
    for line in execution.lines:
        _verify(line)
        if line.status == ADDED:
            # Delivered as it is added: its number is taken, and nothing more of it is due.
            rank = _fresh(after, line)
            after[rank] = Progress(rank, 1, done=1)
        else:
            after[_known(after, line)] = _after(after[_known(after, line)], line)
    return after


def state_of(
    progress: dict[int, Progress], *, executed: bool, cancelled: bool, until: date | None, on: date
) -> State:
    """The state on a day. ``until`` is the last day of validity, ``executed`` whether an
    exécutant said anything."""
    if cancelled:
        return State.CANCELLED
    if all(line.over for line in progress.values()):
        return State.EXECUTED
    if until is not None and on > until:
        return State.EXPIRED
    return State.PARTLY if executed else State.RECORDED


def _after(progress: Progress, line: ExecutedLine) -> Progress:
    quantity = line.quantity.value if line.quantity else None
    if line.status in _WHOLE_ROUND:
        # What replaces or modifies is counted in its own packagings.
        counted = quantity if line.status == DELIVERED else None
        return progress.delivered(counted, whole=True)
    if line.status == PARTLY_DELIVERED:
        return progress.delivered(quantity, whole=False)
    return replace(progress, closed=True) if line.status == SUPPRESSED else progress


def _fresh(progress: dict[int, Progress], line: ExecutedLine) -> int:
    if line.line is None:
        raise RefusedError("EP-P-013", "Une ligne ajoutée n'a pas de numéro.")
    if line.line in progress:
        raise RefusedError("EP-P-013", f"La ligne ajoutée {line.line} existe déjà.")
    return line.line


def _known(progress: dict[int, Progress], line: ExecutedLine) -> int:
    if line.line is None or line.line not in progress:
        raise RefusedError("EP-P-016", f"Ligne {line.line}.")
    return line.line


def _verify(line: ExecutedLine) -> None:
    place = f"Ligne {line.line} :"
    if line.status not in STATUSES:
        raise RefusedError("EP-P-013", f"{place} statut {line.status}.")
    if line.status in _WITH_MOTIVE and line.motive is None:
        raise RefusedError("EP-P-013", f"{place} motif absent.")
    if line.status in _WITH_PRODUCT and line.replaced_by is None:
        raise RefusedError("EP-P-013", f"{place} « remplacement » absent.")
    if line.completeness is not None and line.completeness.strip() not in COMPLETENESS:
        raise RefusedError("EP-P-013", f"{place} completude {line.completeness}.")
    if line.quantity is not None and (line.quantity.value or 0) < 0:
        raise RefusedError("EP-P-013", f"{place} quantité négative.")

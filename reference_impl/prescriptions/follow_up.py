"""What became of an ordonnance, as the screen of a prescriber shows it.

Three lists (modified or not delivered, suppressed, replaced or added), each
with motives as codes and labels: most codes were never published, those unknown
are shown as they came. Source: seeds (screen « Visualisation Eprescription »),
sheet e-prescription §7.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from reference_impl.prescriptions.model import (
    LINE_TYPES,
    ExecutedLine,
    Execution,
    Executor,
    Line,
    Ordonnance,
)

SUPPRESSED, NOT_DELIVERED, MODIFIED = "SUPPRIMEE", "NON_DELIVREE", "MODIFIEE"
REPLACED, ADDED = "REMPLACEE", "AJOUTEE"
_DELIVERED = {"DELIVREE": "délivrée", "DELIVREE_PARTIELLEMENT": "délivrée en partie"}
_MOTIVES = {28: "Traitement non reçu : problème d’observance"}
_SUB_MOTIVES = {73: "Refus du patient : il en dispose déjà, ou ne souhaite pas le prendre"}
_UNKNOWN = "libellé inconnu"


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Sentences, in the order things were done."""

    delivered: tuple[str, ...]
    modified: tuple[str, ...]
    suppressed: tuple[str, ...]
    replaced: tuple[str, ...]


def follow_up(ordonnance: Ordonnance) -> FollowUp:
    """The lists of an ordonnance read back; a status nobody knows counts as a modification."""
    sorted_out: dict[str, list[str]] = {"d": [], "m": [], "s": [], "r": []}
    for execution, line in _done_lines(ordonnance):
        sorted_out[_place(line)].append(_sentence(execution, line))
    return FollowUp(*(tuple(each) for each in sorted_out.values()))


def screen(ordonnance: Ordonnance, refused: str | None = None) -> str:
    """The ordonnance and what was done of it, as a page of text.

    What a pharmacy changed is struck, ``~~so~~``. ``refused`` is told in the place of executions.
    """
    tail = [refused] if refused else _tail(ordonnance)
    return "\n".join([*_heading(ordonnance), "", *_lines(ordonnance), "", *tail])


def _done_lines(told: Ordonnance) -> Iterator[tuple[Execution, ExecutedLine]]:
    """Every line executed, by day; those of one day in the order of the service (N08)."""
    for execution in sorted(told.executions, key=lambda e: e.date or "9999"):
        for line in execution.lines:
            yield execution, line


def _heading(told: Ordonnance) -> Iterator[str]:
    who, patient = told.prescriber, told.patient
    if who is not None:
        yield f"Prescripteur : {who.family_name or ''} {who.given_name or ''} RPPS {who.rpps or ''}"
    if patient is not None:
        yield f"Patient : {patient.birth_name or ''} {' '.join(patient.given_names)}"
    at = told.at or ""
    yield f"Id : {told.number or ''}, le {_day(at[:10])} {at[11:19]}".rstrip()
    yield "Avec consentement" if told.consent else "Sans consentement"
    yield f"Type : {told.kind or ''} Sous type : {told.subtype or ''}"


def _lines(told: Ordonnance) -> Iterator[str]:
    changes = [(e, line) for e, line in _done_lines(told) if _place(line) != "d"]
    for line in told.lines:
        mine = [(e, done) for e, done in changes if done.line == line.n and done.status != ADDED]
        ald = "En ALD " if line.ald else ""
        struck = bool(mine)
        product = _product(line)
        yield f"{ald}{line.n}) {_struck(product) if struck and not line.posology else product}"
        if line.posology:
            yield f"   {_struck(line.posology) if struck else line.posology}"
        if line.not_substitutable:
            motive = line.substitution.motive if line.substitution else None
            yield f"   (non substituable{f' {motive}' if motive else ''})"
        for execution, done in mine:
            yield from _change(execution, done)


def _change(execution: Execution, done: ExecutedLine) -> Iterator[str]:
    yield f"   MODIFICATION Ligne {done.line} : {_done(done)}"
    day = _day(done.modified_on or execution.date)
    yield f"   Modifié le {day} par {_name(execution.executor)}"
    yield from (f"   {part[0].upper()}{part[1:]}" for part in _details(done))


def _tail(told: Ordonnance) -> Iterator[str]:
    executors = (e.executor for e, _ in _done_lines(told))
    for who in dict.fromkeys(each for each in executors if each is not None):
        yield f"Exécutant : {_who(who)}"
    found = follow_up(told)
    for title, sentences in (
        ("Délivrances", found.delivered),
        ("Modifications", found.modified),
        ("Prescriptions supprimées", found.suppressed),
        ("Prescriptions remplacées ou ajoutées", found.replaced),
    ):
        if sentences:
            yield from ("", title, *(f"- {sentence}" for sentence in sentences))


def _place(line: ExecutedLine) -> str:
    if line.status in (REPLACED, ADDED):
        return "r"
    if line.status == SUPPRESSED:
        return "s"
    return "d" if line.status in _DELIVERED else "m"


def _sentence(execution: Execution, line: ExecutedLine) -> str:
    day = _day(line.modified_on or execution.date)
    where = f"Ligne {line.line} : " if line.line is not None else ""
    first = f"{where}{_done(line)} le {day} par {_who(execution.executor)}"
    return " ; ".join((first, *_details(line)))


def _details(line: ExecutedLine) -> Iterator[str]:
    if line.agreed:
        yield "avec l’accord du prescripteur"
    if line.quantity is not None:
        yield f"quantité {line.quantity.value}"
    if line.replaced_by is not None:
        posology = f", {line.replaced_by.posology}" if line.replaced_by.posology else ""
        yield f"délivré : {_product(line.replaced_by)}{posology}"
    if line.motive is not None:
        label = line.motive_label or _MOTIVES.get(_code(line.motive), _UNKNOWN)
        yield f"motif code({line.motive}) > {label}"
    if line.sub_motive is not None:
        label = line.sub_motive_label or _SUB_MOTIVES.get(_code(line.sub_motive), _UNKNOWN)
        yield f"sous-motif code({line.sub_motive}) > {label}"


def _struck(text: str) -> str:
    return f"~~{text}~~"


def _day(told: str | None) -> str:
    """JJ/MM/AAAA; what is no date is shown as it came."""
    try:
        return f"{date.fromisoformat((told or '')[:10]):%d/%m/%Y}"
    except ValueError:
        return told or "date inconnue"


def _code(told: int | str) -> int:
    return told if isinstance(told, int) else -1


def _done(line: ExecutedLine) -> str:
    words = {
        **_DELIVERED,
        MODIFIED: "modifiée",
        REPLACED: "remplacée",
        ADDED: "ajoutée",
        SUPPRESSED: "supprimée",
        NOT_DELIVERED: "non délivrée",
    }
    return words.get(line.status or "", line.status or "état inconnu")


def _name(executor: Executor | None) -> str:
    if executor is None:
        return "un exécutant inconnu"
    name = f"{executor.family_name or ''} {executor.given_name or ''}".strip()
    return name or executor.structure or f"RPPS {executor.rpps}"


def _who(executor: Executor | None) -> str:
    told = (executor.structure, executor.address) if executor else ()
    place = ", ".join(each for each in told if each and each != _name(executor))
    return f"{_name(executor)} ({place})" if place else _name(executor)


def _product(line: Line) -> str:
    """What is prescribed; a type nobody knows is shown by its name (N05)."""
    said = line.label or line.cis or line.lpp or "sans libellé"
    return said if line.drug or line.kind in LINE_TYPES else f"{line.kind} : {said}"

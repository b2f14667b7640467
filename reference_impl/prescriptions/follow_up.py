"""What became of an ordonnance, as the screen of a prescriber shows it.

Three lists (modified or not delivered, suppressed, replaced or added), each
with motives as codes and labels: most codes were never published, those unknown
are shown as they came. Source: seeds (screen « Visualisation Eprescription »),
sheet e-prescription §7.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    for execution in ordonnance.executions:
        for line in execution.lines:
            sorted_out[_place(line)].append(_sentence(execution, line))
    return FollowUp(*(tuple(each) for each in sorted_out.values()))


def screen(ordonnance: Ordonnance) -> str:
    """The ordonnance and what was done of it, as a page of text."""
    return "\n".join([*_heading(ordonnance), "", *_lines(ordonnance), *_tail(ordonnance)])


def _heading(told: Ordonnance) -> Iterator[str]:
    who, patient = told.prescriber, told.patient
    if who is not None:
        yield f"Prescripteur : {who.family_name or ''} {who.given_name or ''} RPPS {who.rpps or ''}"
    if patient is not None:
        yield f"Patient : {patient.birth_name or ''} {' '.join(patient.given_names)}"
    yield f"Id : {told.number or ''}, le {(told.at or '')[:19].replace('T', ' ')}"
    yield "Avec consentement" if told.consent else "Sans consentement"
    yield f"Type : {told.kind or ''} Sous type : {told.subtype or ''}"


def _lines(told: Ordonnance) -> Iterator[str]:
    for line in told.lines:
        ald = "En ALD " if line.ald else ""
        yield f"{ald}{line.n}) {_product(line)}"
        if line.posology:
            yield f"   {line.posology}"
        if line.not_substitutable:
            motive = line.substitution.motive if line.substitution else None
            yield f"   (non substituable{f' {motive}' if motive else ''})"


def _tail(told: Ordonnance) -> Iterator[str]:
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
    day = line.modified_on or execution.date or "date inconnue"
    parts = [f"Ligne {line.line} : {_done(line)} le {day} par {_who(execution.executor)}"]
    if line.quantity is not None:
        parts.append(f"quantité {line.quantity.value}")
    if line.replaced_by is not None:
        parts.append(f"délivré : {_product(line.replaced_by)}")
    if line.motive is not None:
        label = line.motive_label or _MOTIVES.get(_code(line.motive), _UNKNOWN)
        parts.append(f"motif code({line.motive}) > {label}")
    if line.sub_motive is not None:
        label = line.sub_motive_label or _SUB_MOTIVES.get(_code(line.sub_motive), _UNKNOWN)
        parts.append(f"sous-motif code({line.sub_motive}) > {label}")
    return " ; ".join(parts)


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


def _who(executor: Executor | None) -> str:
    if executor is None:
        return "un exécutant inconnu"
    name = f"{executor.family_name or ''} {executor.given_name or ''}".strip()
    place = ", ".join(each for each in (executor.structure, executor.address) if each)
    return f"{name} ({place})" if name and place else name or place or f"RPPS {executor.rpps}"


def _product(line: Line) -> str:
    """What is prescribed; a type nobody knows is shown by its name (N05)."""
    said = line.label or line.cis or line.lpp or "sans libellé"
    return said if line.drug or line.kind in LINE_TYPES else f"{line.kind} : {said}"

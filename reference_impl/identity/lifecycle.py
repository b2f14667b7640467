"""Life cycle of an identity, as a literal table (sheet INS §1.6; RNIV EXI SI 07 to 09)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from reference_impl.errors import ForbiddenGestureError
from reference_impl.people import Attribute, Ins, PastIns, Patient, Status

_PROV, _RECUP, _VALI, _QUAL = (
    Status.PROVISIONAL,
    Status.RETRIEVED,
    Status.VALIDATED,
    Status.QUALIFIED,
)


class Event(StrEnum):
    """What happens to an identity."""

    INSI_EQUAL = "INSi répond les mêmes traits"
    INSI_COMPLETING = "INSi complète les traits"
    INSI_DIVERGENT = "INSi contredit les traits"
    HIGH_TRUST = "justificatif à haut niveau de confiance"
    LOW_TRUST = "justificatif de moindre confiance"
    EVIDENCE_WITHDRAWN = "justificatif retiré"
    TRAIT_EDITED = "trait strict modifié à la main"
    VERIFICATION_FAILED = "vérification INSi négative"
    MADE_UNRELIABLE = "identité déclarée douteuse ou fictive"


@dataclass(frozen=True, slots=True)
class Transition:
    """Where an event leads. ``ins``: whether the identity takes, keeps or drops its INS."""

    to: Status
    ins: str


def _to(status: Status, ins: str = "garde") -> Transition:
    return Transition(status, ins)


TRANSITIONS: Mapping[tuple[Status, Event], Transition] = {
    (_PROV, Event.INSI_EQUAL): _to(_RECUP, "prend"),
    (_PROV, Event.INSI_COMPLETING): _to(_RECUP, "prend"),
    (_PROV, Event.INSI_DIVERGENT): _to(_PROV),
    (_PROV, Event.HIGH_TRUST): _to(_VALI),
    (_PROV, Event.LOW_TRUST): _to(_PROV),
    (_PROV, Event.EVIDENCE_WITHDRAWN): _to(_PROV),
    (_PROV, Event.TRAIT_EDITED): _to(_PROV),
    (_PROV, Event.VERIFICATION_FAILED): _to(_PROV),
    (_PROV, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_RECUP, Event.INSI_EQUAL): _to(_RECUP, "prend"),
    (_RECUP, Event.INSI_COMPLETING): _to(_RECUP, "prend"),
    (_RECUP, Event.INSI_DIVERGENT): _to(_RECUP),
    (_RECUP, Event.HIGH_TRUST): _to(_QUAL),
    (_RECUP, Event.LOW_TRUST): _to(_RECUP),
    (_RECUP, Event.EVIDENCE_WITHDRAWN): _to(_RECUP),
    (_RECUP, Event.TRAIT_EDITED): _to(_PROV, "perd"),
    (_RECUP, Event.VERIFICATION_FAILED): _to(_PROV, "perd"),
    (_RECUP, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_VALI, Event.INSI_EQUAL): _to(_QUAL, "prend"),
    # Qualifying without a person requires strict equality: the operator decides otherwise.
    (_VALI, Event.INSI_COMPLETING): _to(_VALI),
    (_VALI, Event.INSI_DIVERGENT): _to(_VALI),
    (_VALI, Event.HIGH_TRUST): _to(_VALI),
    (_VALI, Event.LOW_TRUST): _to(_VALI),
    (_VALI, Event.EVIDENCE_WITHDRAWN): _to(_PROV),
    (_VALI, Event.TRAIT_EDITED): _to(_PROV),
    (_VALI, Event.VERIFICATION_FAILED): _to(_VALI),
    (_VALI, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_QUAL, Event.INSI_EQUAL): _to(_QUAL, "prend"),
    (_QUAL, Event.INSI_COMPLETING): _to(_QUAL),
    (_QUAL, Event.INSI_DIVERGENT): _to(_QUAL),
    (_QUAL, Event.HIGH_TRUST): _to(_QUAL),
    (_QUAL, Event.LOW_TRUST): _to(_QUAL),
    (_QUAL, Event.EVIDENCE_WITHDRAWN): _to(_RECUP),
    (_QUAL, Event.TRAIT_EDITED): _to(_PROV, "perd"),
    (_QUAL, Event.VERIFICATION_FAILED): _to(_VALI, "perd"),
    (_QUAL, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
}

UNRELIABLE = frozenset({Attribute.DOUBTFUL, Attribute.FICTITIOUS})


def after(patient: Patient, event: Event, found: Ins | None = None) -> Patient:
    """The identity once the event has happened; ``found`` is the INS that INSi returned."""
    transition = TRANSITIONS[patient.status, event]
    ins, history = patient.ins, patient.history
    if transition.ins == "prend" and found is not None:
        ins, history = found, _history(patient, found)
    elif transition.ins == "perd":
        ins = None
    return replace(patient, status=transition.to, ins=ins, history=history)


def with_attribute(patient: Patient, attribute: Attribute, present: bool) -> Patient:
    """Set or lift an attribute. Raises ForbiddenGestureError for douteuse with fictive."""
    if not present:
        return replace(patient, attributes=patient.attributes - {attribute})
    attributes = patient.attributes | {attribute}
    if attributes >= UNRELIABLE:
        raise ForbiddenGestureError(
            "ATTRIBUTS_INCOMPATIBLES",
            "Une identité ne peut pas être à la fois douteuse et fictive : retirez d’abord "
            "l’attribut présent.",
            "attribut",
        )
    changed = replace(patient, attributes=attributes)
    if attribute not in UNRELIABLE:
        return changed
    return replace(after(changed, Event.MADE_UNRELIABLE), evidence=None)


def require_reliable(patient: Patient, gesture: str) -> None:
    """Refuse a gesture for an identity douteuse or fictive (RNIV EXI SI 09)."""
    weak = patient.attributes & UNRELIABLE
    if weak:
        raise ForbiddenGestureError(
            "IDENTITE_NON_FIABLE",
            f"{gesture} est impossible : l’identité est {', '.join(sorted(weak))}. "
            "Levez l’attribut après avoir vérifié l’identité.",
            "patient",
        )


def require_qualified(patient: Patient, gesture: str) -> Ins:
    """The INS of a qualified identity: no other may leave (EXI SI 08, EXI ID 29)."""
    if patient.status is not Status.QUALIFIED or patient.ins is None:
        raise ForbiddenGestureError(
            "IDENTITE_NON_QUALIFIEE",
            f"{gesture} exige une identité qualifiée ; celle-ci est {patient.status}.",
            "patient",
        )
    return patient.ins


def _history(patient: Patient, found: Ins) -> tuple[PastIns, ...]:
    """Keep the INS replaced, once."""
    previous = patient.ins
    kept = tuple(past for past in patient.history if past.ins != found)
    if previous is None or previous == found or any(p.ins == previous for p in kept):
        return kept
    return (*kept, PastIns(previous))

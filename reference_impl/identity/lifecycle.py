"""Life cycle of an identity, as a literal table (sheet INS §1.6; RNIV EXI SI 07 to 09).

A status says two things: whether the traits come from INSi (récupérée, qualifiée),
and whether a document of high trust confirmed them (validée, qualifiée).

Where sources differ, the règles of the guide (20, 21, 25, 27, 49, read in the sheet of
Ségur exigences §8.1) are preferred to what one hospital software does (sheet INS §1.6):

- a strict trait edited by hand takes away what INSi gave and nothing else: qualifiée
  becomes validée, récupérée becomes provisoire (INS/va1.60);
- a negative verification takes away everything: INSi itself contradicts the traits that
  the document confirmed, and scenario INS/va1.08 expects provisoire;
- traits that differ are taken from validée too once an operator accepts them (règle 25):
  this is the comparison that the table of the sheet leaves to a person.
"""

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
    INSI_ACCEPTED = "traits rendus par INSi acceptés par l’opérateur"
    VERIFIED = "identité reçue et vérifiée par INSi"
    VERIFIED_TRUSTED = "identité reçue d’un émetteur de confiance et vérifiée"
    HIGH_TRUST = "justificatif à haut niveau de confiance"
    LOW_TRUST = "justificatif de moindre confiance"
    ATTESTED = "identité attestée par le professionnel (procédure d’exception)"
    VITALE_APP = "Appli carte Vitale lue"
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
    (_PROV, Event.INSI_ACCEPTED): _to(_RECUP, "prend"),
    (_PROV, Event.VERIFIED): _to(_RECUP, "prend"),
    (_PROV, Event.VERIFIED_TRUSTED): _to(_QUAL, "prend"),
    (_PROV, Event.HIGH_TRUST): _to(_VALI),
    (_PROV, Event.LOW_TRUST): _to(_PROV),
    (_PROV, Event.ATTESTED): _to(_QUAL, "prend"),
    (_PROV, Event.VITALE_APP): _to(_QUAL, "prend"),
    (_PROV, Event.EVIDENCE_WITHDRAWN): _to(_PROV),
    (_PROV, Event.TRAIT_EDITED): _to(_PROV),
    (_PROV, Event.VERIFICATION_FAILED): _to(_PROV),
    (_PROV, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_RECUP, Event.INSI_EQUAL): _to(_RECUP, "prend"),
    (_RECUP, Event.INSI_COMPLETING): _to(_RECUP, "prend"),
    (_RECUP, Event.INSI_DIVERGENT): _to(_RECUP),
    (_RECUP, Event.INSI_ACCEPTED): _to(_RECUP, "prend"),
    (_RECUP, Event.VERIFIED): _to(_RECUP, "prend"),
    (_RECUP, Event.VERIFIED_TRUSTED): _to(_QUAL, "prend"),
    (_RECUP, Event.HIGH_TRUST): _to(_QUAL),
    (_RECUP, Event.LOW_TRUST): _to(_RECUP),
    (_RECUP, Event.ATTESTED): _to(_QUAL),
    (_RECUP, Event.VITALE_APP): _to(_QUAL, "prend"),
    (_RECUP, Event.EVIDENCE_WITHDRAWN): _to(_RECUP),
    (_RECUP, Event.TRAIT_EDITED): _to(_PROV, "perd"),
    (_RECUP, Event.VERIFICATION_FAILED): _to(_PROV, "perd"),
    (_RECUP, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_VALI, Event.INSI_EQUAL): _to(_QUAL, "prend"),
    # Qualifying without a person requires strict equality: the operator decides otherwise.
    (_VALI, Event.INSI_COMPLETING): _to(_VALI),
    (_VALI, Event.INSI_DIVERGENT): _to(_VALI),
    (_VALI, Event.INSI_ACCEPTED): _to(_QUAL, "prend"),
    (_VALI, Event.VERIFIED): _to(_QUAL, "prend"),
    (_VALI, Event.VERIFIED_TRUSTED): _to(_QUAL, "prend"),
    (_VALI, Event.HIGH_TRUST): _to(_VALI),
    (_VALI, Event.LOW_TRUST): _to(_VALI),
    (_VALI, Event.ATTESTED): _to(_QUAL, "prend"),
    (_VALI, Event.VITALE_APP): _to(_QUAL, "prend"),
    (_VALI, Event.EVIDENCE_WITHDRAWN): _to(_PROV),
    (_VALI, Event.TRAIT_EDITED): _to(_VALI),
    (_VALI, Event.VERIFICATION_FAILED): _to(_VALI),
    (_VALI, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
    (_QUAL, Event.INSI_EQUAL): _to(_QUAL, "prend"),
    (_QUAL, Event.INSI_COMPLETING): _to(_QUAL),
    (_QUAL, Event.INSI_DIVERGENT): _to(_QUAL),
    (_QUAL, Event.INSI_ACCEPTED): _to(_QUAL, "prend"),
    (_QUAL, Event.VERIFIED): _to(_QUAL, "prend"),
    (_QUAL, Event.VERIFIED_TRUSTED): _to(_QUAL, "prend"),
    (_QUAL, Event.HIGH_TRUST): _to(_QUAL),
    (_QUAL, Event.LOW_TRUST): _to(_QUAL),
    (_QUAL, Event.ATTESTED): _to(_QUAL),
    (_QUAL, Event.VITALE_APP): _to(_QUAL, "prend"),
    (_QUAL, Event.EVIDENCE_WITHDRAWN): _to(_RECUP),
    (_QUAL, Event.TRAIT_EDITED): _to(_VALI, "perd"),
    (_QUAL, Event.VERIFICATION_FAILED): _to(_PROV, "perd"),
    (_QUAL, Event.MADE_UNRELIABLE): _to(_PROV, "perd"),
}

UNRELIABLE = frozenset({Attribute.DOUBTFUL, Attribute.FICTITIOUS})


_PROVEN = frozenset({_VALI, _QUAL})


def after(
    patient: Patient, event: Event, found: Ins | None = None, at: str | None = None
) -> Patient:
    """The identity once the event has happened; ``found`` is the INS that INSi returned.

    An INS replaced or taken away goes to the history, ended on ``at`` (ISO date). An
    identity that is no longer proven loses its evidence.
    """
    transition = TRANSITIONS[patient.status, event]
    changed = replace(patient, status=transition.to)
    if patient.status in _PROVEN and transition.to not in _PROVEN:
        changed = replace(changed, evidence=None)
    if transition.ins == "prend" and found is not None:
        return replace(changed, ins=found, history=_history(patient, found, at))
    if transition.ins == "perd":
        return replace(changed, ins=None, history=_history(patient, None, at))
    return changed


def with_attribute(
    patient: Patient, attribute: Attribute, present: bool, at: str | None = None
) -> Patient:
    """Set or lift an attribute. Raises ForbiddenGestureError for douteuse with fictive.

    Homonyme goes with everything: sources disagree on homonyme with fictive, and
    vigilance harms nobody.
    """
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
    lowered = after(changed, Event.MADE_UNRELIABLE, at=at)
    return replace(lowered, evidence=None, proposed=None)


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


def _history(patient: Patient, found: Ins | None, at: str | None) -> tuple[PastIns, ...]:
    """The history with the INS that was held, once, and without the one found."""
    kept = tuple(past for past in patient.history if past.ins != found)
    previous = patient.ins
    if previous is None or previous == found or any(p.ins == previous for p in kept):
        return kept
    return (*kept, PastIns(previous, end=at))

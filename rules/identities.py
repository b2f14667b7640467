"""Following patient identities through a journal."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from rules.context import (
    OID_INS_NIA,
    OID_INS_NIR,
    OID_INS_NIR_DEMO,
    OID_INS_NIR_TEST,
    Identity,
    Traits,
)
from rules.exchange import Exchange
from rules.formats.gesture import Gesture
from rules.formats.insi_answer import Individual, InsiAnswer, InsiFault
from rules.judge import JournalView, Timeline

PROVISIONAL, RETRIEVED, VALIDATED, QUALIFIED = "provisoire", "récupérée", "validée", "qualifiée"
UNKNOWN_PLACE = "99999"
INS_OIDS = frozenset({OID_INS_NIR, OID_INS_NIA, OID_INS_NIR_TEST, OID_INS_NIR_DEMO})


@dataclass(frozen=True)
class Act:
    """A gesture about a patient: what was known of the identity before, and INSi's part.

    ``calls`` are the INSi exchanges observed since the gesture before: the bench
    journals a gesture after the exchanges it caused. ``answers`` are what they
    brought that INSi itself could have answered.
    """

    exchange: Exchange
    gesture: Gesture
    before: Identity | None
    calls: tuple[Exchange, ...] = ()
    answers: tuple[InsiAnswer | InsiFault, ...] = ()

    @property
    def after(self) -> Identity | None:
        """The identity as the software answered it."""
        return self.gesture.identity

    @property
    def patient(self) -> str | None:
        """Local id of the patient: that of the answer, else that asked for."""
        if self.after is not None and self.after.local_id is not None:
            return self.after.local_id
        asked = self.gesture.parameters.get("patient")
        return asked if isinstance(asked, str) else None

    @property
    def found(self) -> Individual | None:
        """The person that the last call brought, with code 00."""
        last = self.answers[-1] if self.answers else None
        return last.individual if isinstance(last, InsiAnswer) and last.code == "00" else None


def acts(view: JournalView) -> tuple[Act, ...]:
    """Every gesture with its circumstances, in order: asked by ``view.derived(acts)``."""
    return tuple(_acts(view))


def _acts(view: JournalView) -> Iterator[Act]:
    known: dict[str, Identity] = {}
    calls: list[Exchange] = []
    for exchange in view.exchanges:
        if exchange.service == "insi":
            calls.append(exchange)
        gesture = view.reading(exchange).first(Gesture) if exchange.service == "lgc" else None
        if gesture is None:
            continue
        heard = tuple(answer for call in calls for answer in _heard(view, call))
        blank = Act(exchange, gesture, None, tuple(calls), heard)
        act = replace(blank, before=known.get(blank.patient or ""))
        calls.clear()
        yield act
        if act.after is not None and act.patient is not None:
            known[act.patient] = act.after


def _heard(view: JournalView, call: Exchange) -> Iterator[InsiAnswer | InsiFault]:
    reading = view.reading(call)
    yield from reading.every(InsiAnswer)
    yield from reading.every(InsiFault)


def words(text: str | None) -> tuple[str, ...]:
    """Words of a name: capitals, no accent, hyphen and apostrophe as spaces (EXI ID 10)."""
    decomposed = unicodedata.normalize("NFD", (text or "").upper())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return tuple(plain.translate(_SEPARATORS).split())


_SEPARATORS = str.maketrans({"-": " ", "'": " ", "’": " ", "Œ": "OE", "Æ": "AE"})


def strict(traits: Traits) -> tuple[str | None, ...]:
    """The five strict traits, as written."""
    return (
        traits.birth_name,
        traits.birth_given_names,
        traits.sex,
        traits.birth_date,
        traits.birth_place,
    )


def returned_traits(found: Individual) -> Traits:
    """The traits of an answer; ListePrenom goes before Prenom (INS/va1.52)."""
    return Traits(
        birth_name=found.birth_name or "",
        birth_given_names=found.given_names or found.given_name or "",
        sex=found.sex or "",
        birth_date=found.birth_date or "",
        birth_place=found.birth_place,
    )


def contradictions(one: Traits, other: Traits) -> tuple[str, ...]:
    """Traits by which two identities cannot be one person, by their French names.

    A place unknown on one side contradicts nothing, nor do given names one of
    which is common: INSi completes lists, and EXI ID 10 has a check of its own.
    """
    found: list[str] = []
    if words(one.birth_name) != words(other.birth_name):
        found.append("nom de naissance")
    if set(words(one.birth_given_names)).isdisjoint(words(other.birth_given_names)):
        found.append("prénoms de naissance")
    if one.sex != other.sex:
        found.append("sexe")
    if one.birth_date != other.birth_date:
        found.append("date de naissance")
    places = {one.birth_place or UNKNOWN_PLACE, other.birth_place or UNKNOWN_PLACE}
    if len(places - {UNKNOWN_PLACE}) > 1:
        found.append("lieu de naissance")
    return tuple(found)


def timeline(view: JournalView) -> Timeline:
    """Identities as the software declared them, gesture after gesture.

    An identity without INS is kept under its local id, so that the loss of an
    INS is seen: the entry that held it is closed by one whose status is lower. So
    is the INS that another one replaced (a NIA by a NIR, a correction).
    """
    entries: list[tuple[int, str, Identity]] = []
    held: dict[str, str] = {}
    for exchange, gesture in view.artefacts(Gesture, "lgc"):
        identity = gesture.identity
        if identity is None or identity.local_id is None:
            continue
        former = held.get(identity.local_id)
        if former is not None and identity.ins not in (None, former):
            left = replace(identity, ins=None, oid=None, status=PROVISIONAL)
            entries.append((exchange.position, former, left))
        ins = identity.ins or former
        if ins is not None:
            held[identity.local_id] = ins
            entries.append((exchange.position, ins, identity))
    return Timeline(tuple(entries))


def holders(view: JournalView, position: int) -> Mapping[str, tuple[Identity, ...]]:
    """For each INS, the local identities known to hold it before a position.

    Two local files may hold one INS: it may leave when one of them is qualifiée.
    """
    last: dict[tuple[str, str | None], Identity] = {}
    for when, ins, identity in view.identities.entries:
        if when < position:
            last[ins, identity.local_id] = identity
    found: dict[str, tuple[Identity, ...]] = {}
    for (ins, _), identity in last.items():
        found[ins] = (*found.get(ins, ()), identity)
    return found


def unusable(found: Individual) -> tuple[str, ...]:
    """Why an answer 00 may not be taken (règles 11 and 12; sheet §8 N18), in French.

    A date with ``00``, or lunar, or no date; an empty name, list of given names or sex;
    an authority that is none of those of the INS.
    """
    traits = returned_traits(found)
    reasons = [
        f"{label} vide"
        for label, value in (
            ("nom de naissance", traits.birth_name),
            ("prénoms de naissance", traits.birth_given_names),
            ("sexe", traits.sex),
        )
        if not value.strip()
    ]
    try:
        date.fromisoformat(traits.birth_date)
    except ValueError:
        reasons.append(f"date de naissance {traits.birth_date or 'vide'}")
    if found.active.oid not in INS_OIDS:
        reasons.append(f"OID {found.active.oid or 'vide'}")
    return tuple(reasons)

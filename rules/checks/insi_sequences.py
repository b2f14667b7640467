"""INSi: the calls of one search, in order (INS-W-22, INS-W-23, INS-W-24).

The gestures of the driver contract bound a user's action and say which prénoms and which
birthplace the software knew; INSi's answers say what should come next.

Sources: CNDA 2.06 and 2.07; sheet ``ins-insi`` §2.15, §3.3 and §7.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.insi import TraitsSearch
from rules.formats.insi_answer import InsiAnswer
from rules.identities import UNKNOWN_PLACE, Act, acts
from rules.judge import JournalView

SEARCH = ("INS/va1.34",)
FOUND, NOBODY, SEVERAL = "00", "01", "02"
GESTURE = "identity.search_insi"
PEOPLE_A_MINUTE = 10
"""More different people than a user can ask about by hand."""

_TYPED = str.maketrans({"Œ": "OE", "Æ": "AE", "’": "'"})

Words = tuple[str, ...]


@dataclass(frozen=True)
class Step:
    """One search on traits: ``code`` is that of the answer, empty for a fault or none."""

    exchange: Exchange
    search: TraitsSearch
    code: str

    @property
    def sent(self) -> Words:
        """The prénoms sent, whatever the number of elements; how they are written is
        INS-W-16's.
        """
        return typed(self.search.joined_given_names)

    @property
    def person(self) -> tuple[str | None, str | None, str | None]:
        """Who is searched, prénoms and place apart."""
        return (self.search.birth_name, self.search.sex, self.search.birth_date)

    @property
    def criteria(self) -> tuple[object, ...]:
        """Everything that is sent."""
        return (*self.person, self.sent, self.search.birth_place)

    def at_fault(self, expected: str, found: str, advice: str) -> Finding:
        """A finding about the prénoms of this call."""
        place = self.search.place("Prenom")
        return Finding(
            place, expected, found, advice, exchange_id=self.exchange.id, artefact=self.search.label
        )


def steps(view: JournalView, act: Act) -> tuple[Step, ...]:
    """The searches on traits that a gesture caused."""
    return tuple(_steps(view, act.calls))


def _steps(view: JournalView, calls: Sequence[Exchange]) -> Iterator[Step]:
    for call in calls:
        reading = view.reading(call)
        search, answer = reading.first(TraitsSearch), reading.first(InsiAnswer)
        if search is not None:
            yield Step(call, search, answer.code if answer else "")


def typed(text: str | None) -> Words:
    """Prénoms as they must leave: capitals without accent nor ligature, cut at spaces."""
    decomposed = unicodedata.normalize("NFD", (text or "").upper())
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return tuple(plain.translate(_TYPED).split())


def _searches(view: JournalView) -> Iterator[tuple[Act, tuple[Step, ...], Words]]:
    """Each search of an identity whose prénoms the software had shown before."""
    for act in view.derived(acts):
        if act.gesture.name != GESTURE or act.before is None:
            continue
        known = act.before.traits
        about = (known.sex, known.birth_date)
        # A search of somebody else is INS-W-24's.
        made = tuple(s for s in steps(view, act) if (s.search.sex, s.search.birth_date) == about)
        if made:
            yield act, made, typed(known.birth_given_names)


@check(
    "INS-W-22",
    title="Un prénom après l'autre, puis tous ensemble, jusqu'au premier code 00",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="CNDA 2.07 ; fiche INSi §2.15, étape 4",
)
def given_names_in_turn(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The first call may send a premier prénom of several words (EXI ID 10)."""
    for _, made, names in _searches(view):
        found = _out_of_turn(made, names)
        if found is not None:
            yield found


def _out_of_turn(made: Sequence[Step], names: Words) -> Finding | None:
    first = made[0]
    size = len(first.sent)
    whole = size == len(names) > 1
    if not size or first.sent != names[:size] or (whole and first.code == NOBODY):
        return _not_that(first, names[:1])
    left = [(name,) for name in names[size:]]
    left += [names] if size < len(names) else []
    for former, step in pairwise(made):
        if former.code == FOUND:
            return _after_found(step)
        if former.code != NOBODY or not left:
            return None  # several, or a fault, or too many: other checks
        expected = left.pop(0)
        if step.sent != expected:
            return _not_that(step, expected)
    if made[-1].code == NOBODY and left:
        return made[-1].at_fault(
            f"un autre appel, pour « {' '.join(left[0])} »",
            "aucun autre appel après le code 01",
            "Tant qu'INSi répond 01, essayer chaque autre prénom seul, dans l'ordre, puis tous "
            "les prénoms dans une seule valeur.",
        )
    return None


def _not_that(step: Step, expected: Words) -> Finding:
    return step.at_fault(
        " ".join(expected) or "un prénom",
        " ".join(step.sent) or "aucun",
        "Chercher d'abord avec le premier prénom, puis chaque autre prénom seul, dans l'ordre de "
        "l'état civil, enfin tous les prénoms séparés par une espace.",
    )


def _after_found(step: Step) -> Finding:
    return step.at_fault(
        "aucun appel après le code 00",
        " ".join(step.sent),
        "S'arrêter à la première réponse 00 et présenter les traits rendus à l'utilisateur.",
    )


@check(
    "INS-W-23",
    title="Après un code 02 : d'autres prénoms, puis le lieu, et jamais un choix au hasard",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="CNDA 2.06 ; fiche INSi §2.15, étape 5",
)
def ambiguity_narrowed(view: JournalView, _context: Context) -> Iterator[Finding]:
    """What follows the first answer 02 of a search."""
    for act, made, names in _searches(view):
        several = next((rank for rank, s in enumerate(made) if s.code == SEVERAL), None)
        if several is None:
            continue
        place = act.before.traits.birth_place if act.before else None
        known = place if place != UNKNOWN_PLACE else None
        found = _picked(act, made) or _not_narrowed(made[several:], set(names), known)
        if found is not None:
            yield found


def _picked(act: Act, made: Sequence[Step]) -> Finding | None:
    held = act.before.ins if act.before else None
    if act.after is None or act.after.ins in (None, held) or FOUND in [s.code for s in made]:
        return None
    return Finding(
        f"geste {act.gesture.name}, patient.ins",
        "aucune INS après le seul code 02",
        act.after.ins or "",
        "Ne rien retenir tant qu'INSi n'a pas répondu 00 : demander d'autres critères à "
        "l'utilisateur.",
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )


def _not_narrowed(made: Sequence[Step], names: set[str], place: str | None) -> Finding | None:
    """``made`` begins with the call answered 02."""
    tried, placed = set(made[0].sent), made[0].search.birth_place is not None
    for step in made[1:]:
        sent, located = set(step.sent), step.search.birth_place is not None
        if located and not placed and not sent > tried and names - tried:
            return step.at_fault(
                "tous les prénoms, avant le lieu de naissance",
                " ".join(step.sent),
                "Après un code 02, relancer avec les autres prénoms de la pièce d'identité ; "
                "n'ajouter le lieu de naissance (COG) que si cela ne suffit pas.",
            )
        if not sent > tried and (placed or not located):
            return step.at_fault(
                "un critère de plus : d'autres prénoms, puis le lieu de naissance",
                "les mêmes critères, ou d'autres",
                "Après un code 02, ajouter des critères à ceux qui ont été envoyés, sans en "
                "changer ni en ôter.",
            )
        tried, placed = tried | sent, placed or located
    if made[-1].code == SEVERAL and (names - tried or (place is not None and not placed)):
        left = "les autres prénoms" if names - tried else f"le lieu de naissance {place}"
        return made[-1].at_fault(
            f"un autre appel, avec {left}",
            "aucun autre appel après le code 02",
            "Après un code 02, relancer avec les critères que l'identité porte déjà avant d'en "
            "demander à l'utilisateur.",
        )
    return None


@check(
    "INS-W-24",
    title="Une recherche par action de l'utilisateur : ni répétition, ni récupération en masse",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Fiche INSi §2.2, §2.15 (étapes 7 et fin) ; étude de terrain",
)
def one_search_per_action(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Within a search: the same call again, a call after a fault, another person. Outside
    any search: more people in a minute than a user can ask about.
    """
    for act in view.derived(acts):
        made = steps(view, act)
        if act.gesture.name == GESTURE and made:
            found = _repeated(made)
            if found is not None:
                yield found
    yield from _bulk(view)


def _repeated(made: Sequence[Step]) -> Finding | None:
    seen: set[tuple[object, ...]] = {made[0].criteria}
    for former, step in pairwise(made):
        if step.person != made[0].person:
            return step.at_fault(
                "une seule personne par action de l'utilisateur",
                "une autre personne",
                "Ne chercher que l'identité que l'utilisateur a ouverte : la récupération d'INS "
                "est unitaire, au passage du patient.",
            )
        if step.criteria in seen or not former.code:
            return step.at_fault(
                "aucun appel de plus",
                "le même appel" if step.criteria in seen else "un appel après une erreur",
                "Ne pas rappeler INSi de sa propre initiative : montrer le résultat ou l'erreur, "
                "et laisser l'utilisateur décider.",
            )
        seen.add(step.criteria)
    return None


def _bulk(view: JournalView) -> Iterator[Finding]:
    """The first call of a burst that no search of a user explains."""
    asked = {c.id for act in view.derived(acts) if act.gesture.name == GESTURE for c in act.calls}
    recent: list[tuple[datetime, object]] = []
    told = False
    for exchange, search in view.artefacts(TraitsSearch, "insi"):
        if exchange.id in asked:
            continue
        at = exchange.started_at
        person = (search.birth_name, search.sex, search.birth_date)
        recent = [each for each in recent if at - each[0] < timedelta(minutes=1)]
        recent.append((at, person))
        people = len({who for _, who in recent})
        if people <= PEOPLE_A_MINUTE:
            told = False
        elif not told:
            told = True
            yield Step(exchange, search, "").at_fault(
                f"{PEOPLE_A_MINUTE} personnes par minute au plus",
                f"{people} personnes",
                "Ne pas récupérer les INS d'un fichier en masse : INSi n'est interrogé qu'à la "
                "venue du patient, et chaque appel est tracé.",
            )

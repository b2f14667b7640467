"""INSi and what the user saw: answers understood, beneficiary chosen (INS-W-25, 26, 27).

The gestures of the driver contract say what the software showed and what the user chose;
INSi's messages say what was really asked and answered.

Sources: sheet ``ins-insi`` §2.10, §2.11, §5 and §7.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.insi import CardSearch
from rules.formats.insi_answer import InsiAnswer
from rules.identities import Act, acts, unusable
from rules.judge import JournalView

SEARCH = ("INS/va1.34",)
GESTURE = "identity.search_insi"
READING = "card.read_vitale"
REMOVAL = "retrait"
_MATRICULE = 13


@check(
    "INS-W-25",
    title="La réponse d'INSi est comprise, quelle que soit la façon dont elle est écrite",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §2.11, §7",
)
def answer_understood(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The code the user is told, and the person, are those of the last answer.

    Traits kept otherwise than returned are INS-S-06's; answers that may not be taken, and
    faults, have checks of their own.
    """
    for act in view.derived(acts):
        if act.gesture.name != GESTURE or not act.calls:
            continue
        answer = view.reading(act.calls[-1]).first(InsiAnswer)
        if answer is not None and _readable(answer):
            found = _misread(act, answer)
            if found is not None:
                yield found


def _readable(answer: InsiAnswer) -> bool:
    if answer.code != "00":
        return answer.code in ("01", "02")
    found = answer.individual
    return found is not None and len(found.active.number) == _MATRICULE and not unusable(found)


def _misread(act: Act, answer: InsiAnswer) -> Finding | None:
    gesture = act.gesture
    if not gesture.done:
        # A refusal (409: the INS is somebody else's) is a decision; a failure is not.
        refused = gesture.status is not None and gesture.status < 500
        told = gesture.told("erreur", "code") or f"HTTP {gesture.status}"
        return None if refused else _about(act, "insi.code", answer.code, told)
    code = gesture.told("insi", "code")
    if code != answer.code:
        return _about(act, "insi.code", answer.code, code or "absent")
    if answer.individual is None or answer.code != "00":
        return None
    insi = cast("Mapping[str, Any]", gesture.answer.get("insi") or {})
    held = (act.after.ins if act.after else None) or ""
    number = answer.individual.active.number
    if insi.get("propose") or insi.get("ecarts") or held[:_MATRICULE] == number:
        return None
    return _about(act, "patient.ins", number, held or "aucune INS")


def _about(act: Act, place: str, expected: str, found: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}, {place}",
        expected,
        found,
        "Lire la réponse par espaces de noms et noms locaux : préfixes, en-tête vide, Prenom "
        "absent, historique, commentaires et éléments inconnus ne changent pas ce qu'elle dit.",
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )


@dataclass(frozen=True)
class Choice:
    """A search by card: who was on the card, whom the user chose, what was sent."""

    exchange: Exchange
    search: CardSearch
    people: Sequence[Mapping[str, Any]]
    chosen: Mapping[str, Any] | None

    def at_fault(self, name: str, expected: str, found: str, advice: str) -> Finding:
        """A finding about a field of the call."""
        return Finding(
            self.search.place(name),
            expected,
            found,
            advice,
            exchange_id=self.exchange.id,
            artefact=self.search.label,
        )

    def is_of(self, person: Mapping[str, Any]) -> bool:
        """Whether date and rank sent are those of a beneficiary."""
        return (self.search.birth_date, self.search.birth_rank) == (_date(person), _rank(person))


def choices(view: JournalView) -> tuple[Choice, ...]:
    """Searches by card whose card was read: asked by ``view.derived(choices)``."""
    return tuple(_choices(view))


def _choices(view: JournalView) -> Iterator[Choice]:
    people: Sequence[Mapping[str, Any]] = ()
    shown_at = 0
    removals = [event.position for event in view.of("cards", REMOVAL)]
    for act in view.derived(acts):
        gesture = act.gesture
        if gesture.name == READING:
            people, shown_at = _beneficiaries(gesture), act.exchange.position
        elif any(shown_at < removed < act.exchange.position for removed in removals):
            people = ()  # another card may have come, read at the call as it should: see CD-17
        if gesture.name != GESTURE or gesture.parameters.get("source") != "vitale" or not people:
            continue
        for call in act.calls:
            search = view.reading(call).first(CardSearch)
            if search is not None:
                yield Choice(call, search, people, _chosen(gesture, people))


def _beneficiaries(gesture: Gesture) -> Sequence[Mapping[str, Any]]:
    card = gesture.answer.get("vitale")
    if not gesture.done or not isinstance(card, Mapping):
        return ()
    told: object = cast("Mapping[str, Any]", card).get("beneficiaires")
    listed = cast("list[object]", told) if isinstance(told, list) else []
    return [cast("Mapping[str, Any]", one) for one in listed if isinstance(one, Mapping)]


def _chosen(gesture: Gesture, people: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    position = gesture.parameters.get("beneficiaire")
    if position is None:
        return people[0] if len(people) == 1 else None
    return next((one for one in people if str(one.get("position")) == str(position)), None)


@check(
    "INS-W-26",
    title="La recherche par carte porte ce que la carte dit, date lunaire comprise",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="Fiche INSi §2.10, §5",
)
def card_sent_as_read(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The certified NIR when there is one; ouvrant droit, date and rank as read."""
    for choice in view.derived(choices):
        one = choice.chosen
        if one is None or _mistaken(choice):
            continue
        certified = _number(one.get("nir_certifie"))
        # Without a certified NIR, that of an assuré is theirs all the same (sheet §5).
        individual = certified or (_own(one) if choice.search.individual else None)
        for name, found, expected in (
            ("MatriculeIndividu", choice.search.individual, individual),
            ("MatriculeOD", choice.search.insured, _number(one.get("nir_ouvrant_droit"))),
            ("DateNaissance", choice.search.birth_date, _date(one)),
            ("RangNaissance", choice.search.birth_rank, _rank(one)),
        ):
            # What is simply left out is told by the check of the message itself.
            if found != expected and (found or name == "MatriculeIndividu"):
                yield choice.at_fault(
                    name,
                    expected or "absent",
                    found or "absent",
                    f"Recopier {name} tel que la carte le donne pour ce bénéficiaire, sans le "
                    "compléter ni le corriger.",
                )


@check(
    "INS-W-27",
    title="Quand la carte a plusieurs bénéficiaires, l'utilisateur choisit lequel est cherché",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Fiche INSi §5, §7",
)
def beneficiary_chosen(view: JournalView, _context: Context) -> Iterator[Finding]:
    """No call before the choice, and the call is about the one chosen."""
    for choice in view.derived(choices):
        if choice.chosen is None:
            yield choice.at_fault(
                "DateNaissance",
                "aucun appel avant le choix d'un bénéficiaire",
                f"un appel, pour l'un des {len(choice.people)} bénéficiaires",
                "Demander à l'utilisateur lequel des bénéficiaires de la carte il reçoit.",
            )
        elif _mistaken(choice):
            yield choice.at_fault(
                "DateNaissance",
                f"{_date(choice.chosen)}, rang {_rank(choice.chosen)}",
                f"{choice.search.birth_date}, rang {choice.search.birth_rank}",
                "Chercher le bénéficiaire que l'utilisateur a choisi, non un autre de la carte.",
            )


def _mistaken(choice: Choice) -> bool:
    """Whether the call is about another beneficiary of the card."""
    if choice.chosen is None or choice.is_of(choice.chosen):
        return False
    return any(choice.is_of(one) for one in choice.people)


def _own(person: Mapping[str, Any]) -> str | None:
    return _number(person.get("nir_ouvrant_droit")) if str(person.get("qualite")) == "0" else None


def _number(nir: object) -> str | None:
    return str(nir).replace(" ", "")[:_MATRICULE] if nir else None


def _date(person: Mapping[str, Any]) -> str:
    digits = str(person.get("date_naissance") or "").replace("-", "")
    return f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}"


def _rank(person: Mapping[str, Any]) -> str:
    return str(person.get("rang_gemellaire") or "1")

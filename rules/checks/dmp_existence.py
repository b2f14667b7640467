"""What a product must survive in the answer to a test of existence (DMP-02-04).

Sources: CNDA test book 0.2-020 and memento, sheet dmp.md §7.2 and §18.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.cross_gestures import gestures_and_calls
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.hl7v3 import ExistenceAnswer
from rules.judge import JournalView

KNOWN_MOTIVES = ("FERMETURE_DEMANDE_PATIENT",)
_NOT_OFFERED = 501


@check(
    "DMP-02-04",
    title="Un motif de fermeture inconnu ou des traits absents n'arrêtent pas le logiciel",
    severity=Severity.MAJOR,
    exigences=("DMP/va1.01",),
    source="cahier CNDA 2.10c, 0.2-020 ; fiche DMP §7.2",
)
def odd_answers_survived(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A gesture that ends in an error of the product after such an answer of TD0.2."""
    for gesture, exchange, calls in gestures_and_calls(view):
        if not _crashed(gesture):
            continue
        answers = (view.reading(call).first(ExistenceAnswer) for call in calls)
        odd = next((said for each in answers if each and (said := _oddity(each))), None)
        if odd:
            yield Finding(
                f"geste {gesture.name}",
                "un geste qui aboutit, ou un refus dit à l'utilisateur",
                f"erreur {gesture.status or 'sans réponse'} après {odd}",
                "Ne pas supposer connus le motif de fermeture, les noms ni le jour de naissance "
                "rendus par le test d'existence : les afficher tels quels, ou les dire absents.",
                exchange_id=exchange.id,
                artefact=gesture.label,
            )


def _crashed(gesture: Gesture) -> bool:
    return gesture.status is None or (gesture.status >= 500 and gesture.status != _NOT_OFFERED)


def _oddity(answer: ExistenceAnswer) -> str | None:
    motive = answer.closing_motive
    if motive is not None and motive not in KNOWN_MOTIVES:
        return f"le motif de fermeture « {motive} »"
    if any(name.replace(" ", "_") == "NON_RENSEIGNE" for name in answer.names):
        return "des noms non renseignés"
    if (answer.birth_time or "").endswith("00"):
        return f"la date de naissance « {answer.birth_time} »"
    return None

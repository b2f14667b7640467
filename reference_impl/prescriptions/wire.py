"""What both wires of the service share: an answer, and the errors it means.

An answer is read whatever it holds; only its code decides. No code of the service
was published: those met (``EP-P-…``) are hors spécification. Source: sheet
e-prescription §13, §15.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from reference_impl.errors import LgcError, OutcomeUnknownError, RefusedError
from reference_impl.people import Professional

SERVICE = "Le service Ordonnance numérique"
USED, NUMBER_REFUSED, UNKNOWN = "EP-P-001", "EP-P-002", "EP-P-007"
OPPOSED, EXECUTED = "EP-P-008", "EP-P-009"
NOT_YOURS = "EP-P-018"
NOBODY, NOT_ACCEPTED = "EP-P-020", "EP-P-021"
_TECHNICAL = frozenset({"EP-P-040", "siram_40"})
_ADVICE = {
    NUMBER_REFUSED: "Vérifiez la date et l’heure de ce poste.",
    "EP-P-003": "Le prescripteur doit être le professionnel connecté.",
    NOBODY: "Connectez-vous à Pro Santé Connect ou insérez votre carte, puis recommencez.",
    NOT_ACCEPTED: "Reconnectez-vous (Pro Santé Connect ou carte), puis recommencez.",
}


@dataclass(frozen=True, slots=True)
class WireAnswer:
    """``content`` is neutral; ``code`` and ``text`` are of the refusal, empty on success."""

    status: int
    content: Mapping[str, Any]
    code: str = ""
    text: str = ""


class Wire(Protocol):
    """One way to call the service."""

    def call(
        self, operation: str, content: Mapping[str, Any], professional: Professional
    ) -> WireAnswer:
        """One call, its answer whatever it says. Raises the errors of the transport."""
        ...


def accepted(answer: WireAnswer) -> Mapping[str, Any]:
    """The content of a success. Raises RefusedError, or OutcomeUnknownError."""
    failure = failure_of(answer)
    if failure is not None:
        raise failure
    return answer.content


def failure_of(answer: WireAnswer) -> LgcError | None:
    """What an answer that is no success means."""
    if 200 <= answer.status < 300 and not answer.code:
        return None
    if not answer.code or answer.code in _TECHNICAL:
        # A proxy may have cut what the service did: only an answer of its own is sure.
        return OutcomeUnknownError(
            answer.code or f"HTTP_{answer.status}",
            f"{SERVICE} est indisponible (HTTP {answer.status}).",
        )
    said = answer.text or "Demande refusée."
    advice = _ADVICE.get(answer.code, "")
    return RefusedError(answer.code, f"{SERVICE} refuse : {said} {advice}".strip())

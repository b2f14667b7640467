"""The operations of the service for a prescriber: EP4, its cancelling, EP3, EP2, traces.

Source: sheet e-prescription §2; EF_EP3_E303_03: who asks gives an AM number or a FINESS.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference_impl.clock import wire_instant
from reference_impl.errors import ForbiddenGestureError, LgcError
from reference_impl.people import Professional, SoftwareIdentity
from reference_impl.ports import Clock
from reference_impl.prescriptions.model import Ordonnance
from reference_impl.prescriptions.traces import Traces
from reference_impl.prescriptions.wire import Wire, accepted

PAGE = 50
MOST_PAGES = 20
REFUSED_ACCESS = "REFUSE"


@dataclass(frozen=True, slots=True)
class Recorded:
    """EP4 was accepted. ``already`` tells that an earlier sending had arrived."""

    already: bool
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Consulted:
    """What EP3 gave. ``allowed`` is False when executions may not be seen."""

    state: str
    allowed: bool
    ordonnance: Ordonnance
    warnings: tuple[str, ...]


class PrescriptionClient:
    """The client of one installation, on the wire its descriptor names."""

    def __init__(
        self, wire: Wire, software: SoftwareIdentity, clock: Clock, traces: Traces
    ) -> None:
        self._wire = wire
        self._software = software
        self._clock = clock
        self._traces = traces

    def record(self, ordonnance: Ordonnance, professional: Professional) -> Recorded:
        """EP4, under the number it has.

        Raises RefusedError with the code of the service, UnavailableError when nothing
        left, OutcomeUnknownError when it may have been recorded.
        """
        content = {k: v for k, v in ordonnance.to_json().items() if k != "executions"}
        answer = self._call("EP4", content, professional, ordonnance.number)
        already = str(answer.get("dejaEnregistree")).lower() == "true"
        return Recorded(already, _warnings(answer))

    def cancel(self, number: str, rpps: str | None, professional: Professional) -> None:
        """EP4 that cancels, by who prescribed."""
        content = {"operation": "annulation", "id": number, "prescripteur": {"rpps": rpps}}
        self._call("EP4-annulation", content, professional, number)

    def consult(
        self, number: str, professional: Professional, *, with_executions: bool
    ) -> Consulted:
        """EP3."""
        content = {
            "id": number,
            "emetteur": _requester(professional),
            "avecExecutions": with_executions,
        }
        answer = self._call("EP3", content, professional, number)
        return Consulted(
            state=str(answer.get("etat") or ""),
            allowed=answer.get("accesExecutions") != REFUSED_ACCESS,
            ordonnance=Ordonnance.from_json(answer.get("ordonnance")),
            warnings=_warnings(answer),
        )

    def search(
        self, professional: Professional, criteria: Mapping[str, Any]
    ) -> tuple[tuple[Ordonnance, ...], int]:
        """EP2, page after page; headers only. The second value is how many there are in all."""
        found: list[Ordonnance] = []
        total = 0
        for page in range(1, MOST_PAGES + 1):
            content = {
                "emetteur": _requester(professional),
                **criteria,
                "page": page,
                "taillePage": PAGE,
            }
            answer = self._call("EP2", content, professional, None)
            rows = _rows(answer.get("resultats"))
            found += [Ordonnance.from_json(row) for row in rows]
            total = _number(answer.get("total"))
            if not rows or len(found) >= total:
                break
        return tuple(found), max(total, len(found))

    def traces(self) -> list[dict[str, Any]]:
        """The traces of this installation, oldest first."""
        return self._traces.all()

    def send_traces(self, professional: Professional) -> None:
        """Deposit the traces that wait; those of a deposit that fails wait again."""
        waiting = self._traces.waiting()
        if not waiting:
            return
        try:
            accepted(self._wire.call("traces", {"traces": list(waiting.values())}, professional))
        except LgcError:
            return
        self._traces.sent(list(waiting))

    def _call(
        self,
        operation: str,
        content: Mapping[str, Any],
        professional: Professional,
        number: str | None,
    ) -> Mapping[str, Any]:
        """One call, with its trace."""
        at, begun, code = self._clock.now(), time.monotonic(), "OK"
        try:
            return accepted(self._wire.call(operation, content, professional))
        except LgcError as error:
            code = error.code
            raise
        finally:
            trace = {
                "horodatage": wire_instant(at),
                "idPrescription": number,
                "action": operation,
                "codeRetour": code,
                "dureeMs": round((time.monotonic() - begun) * 1000),
                "versionLPS": self._software.version,
            }
            self._traces.keep({k: v for k, v in trace.items() if v is not None})


def finess_of(professional: Professional) -> str | None:
    """FINESS of the structure; an identifier of structure is ``1`` and it."""
    structure = professional.structure
    identifier = structure.structure_id
    return structure.finess or (identifier[1:] if identifier.startswith("1") else None)


def _requester(professional: Professional) -> dict[str, str]:
    told = {
        "rpps": professional.rpps,
        "am": professional.billing_id,
        "finess": finess_of(professional),
    }
    if not told["am"] and not told["finess"]:
        raise ForbiddenGestureError(
            "AM_OU_FINESS_ABSENT",
            "Le numéro Assurance maladie du professionnel et le FINESS de sa structure manquent : "
            "le service en demande un.",
            "professionnel",
        )
    return {name: value for name, value in told.items() if value}


def _warnings(answer: Mapping[str, Any]) -> tuple[str, ...]:
    told = (row.get("libelle") for row in _rows(answer.get("avertissements")))
    return tuple(str(text) for text in told if text)


def _rows(value: object) -> list[Mapping[str, Any]]:
    several = value if isinstance(value, list) else [value]
    return [row for row in several if isinstance(row, Mapping)]


def _number(value: object) -> int:
    try:
        return int(str(value))
    except ValueError:
        return 0

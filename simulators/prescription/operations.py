"""The operations of the service on neutral messages, whatever wire they came by.

Reference: e-prescription.md §2, §3, §7.4, §7.5; EF_EP3_E303_03 for who may ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast

from rules.context import Environment
from rules.formats import prescription_messages as m
from rules.formats.keyed import write
from rules.formats.prescription import DEVICE, DRUG, LINE_TYPES, Execution, Ordonnance, iso_date
from rules.formats.prescription import read_keyed as read
from rules.formats.prescription_messages import Requester
from simulators.prescription.errors import CATALOGUE, WITHDRAWN, RefusedError
from simulators.prescription.rows import Kept
from simulators.prescription.state import (
    LARGEST_PAGE,
    PrescriptionState,
    Search,
    authors,
    local_day,
)

T = TypeVar("T")
ALLOWED, OPPOSED = "AUTORISE", "REFUSE"
_PHARMACIST = "21"
_PRESCRIBERS = ("10", "40", "50")
"""Médecin, dentiste, sage-femme (TRE_G15): they execute nothing."""
LAST_PAGE = 1_000_000
OPEN: Mapping[str, tuple[str, ...]] = {
    "10": LINE_TYPES,
    "40": (DRUG, DEVICE, "acteBiologieMedicale"),
    "50": (DRUG, DEVICE, "acteBiologieMedicale"),
    "60": (DEVICE,),
    "70": (DEVICE,),
    "80": (DEVICE,),
    _PHARMACIST: (),
}
"""Line types by profession (TRE_G15), ours: médecin, dentiste, sage-femme, infirmier,
kinésithérapeute, pédicure, pharmacien. A profession nobody said prescribes anything."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, as the wire proved it; ``national_id`` is None for an organisation."""

    national_id: str | None = None

    @property
    def rpps(self) -> str | None:
        """RPPS of a professional known by it."""
        known = self.national_id or ""
        return known[1:] if known.startswith("8") else None


class Operations:
    """What one call does. Every method takes and gives neutral contents."""

    def __init__(
        self, state: PrescriptionState, environment: Environment, at: datetime, caller: Caller
    ) -> None:
        self._state = state
        self._environment = environment
        self._at = at
        self._caller = caller
        self._settings = state.settings()

    def serve(self, operation: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Answer an operation by its word of the journal. Raises RefusedError, MalformedError."""
        handlers = {
            "EP1": self._execute,
            "EP2": self._search,
            "EP3": self._consult,
            "EP4": self._record,
            "EP4-annulation": self._cancel,
            "traces": self._traces,
            m.IDENTIFIER: self._number,
        }
        return _written(handlers[operation](content))

    def _record(self, content: Mapping[str, Any]) -> m.Recorded:
        told = Ordonnance.parse(content)
        self._require_author(told)
        self._require_open(told)
        if self._settings["exige_ins"] and not (told.patient and told.patient.ins):
            raise RefusedError("EP-P-022")
        hours = self._settings["envoi_tardif_h"]
        late = None if hours is None else timedelta(hours=hours)
        kept, already = self._state.record(told, self._at, late)
        return m.Recorded(
            kept.number, self._stage(kept), kept.recorded_at, already, self._withdrawn(kept)
        )

    def _cancel(self, content: Mapping[str, Any]) -> m.Cancelled:
        told = read(m.Cancellation, content)
        rpps = (told.prescriber.rpps if told.prescriber else None) or self._caller.rpps
        self._require_caller(rpps)
        kept = self._state.cancel(told.id or "", rpps, self._at)
        return m.Cancelled(kept.number, self._stage(kept))

    def _consult(self, content: Mapping[str, Any]) -> m.Consulted:
        told = read(m.Consultation, content)
        who = told.requester or Requester()
        if not (who.am or who.finess):
            raise RefusedError("EP-P-004")
        self._require_caller(who.rpps)
        kept = self._state.need(told.id or "")
        seen = not self._prescribed(kept, who) or kept.consent
        if told.with_executions and not seen:
            raise RefusedError("EP-P-008")
        document = dict(kept.document, consentement=kept.consent)
        if seen:
            document["executions"] = self._state.executions(kept.number)
        shown = Ordonnance.parse(document)
        # A line that said no type is read as a drug: it is given back as one.
        typed = tuple(replace(line, written_type=line.type) for line in shown.lines)
        return m.Consulted(
            self._stage(kept),
            ALLOWED if seen else OPPOSED,
            replace(shown, lines=typed),
            self._withdrawn(kept),
        )

    def _search(self, content: Mapping[str, Any]) -> m.FoundPage:
        told = read(m.Searching, content)
        page, size = told.page or 1, told.size or 50
        if not 1 <= page <= LAST_PAGE or size < 1:
            raise RefusedError("EP-P-017", f"page va de 1 à {LAST_PAGE}, taillePage de 1.")
        found = self._state.search(self._criteria(told), page, min(size, LARGEST_PAGE))
        return m.FoundPage(found.total, page, found.size, tuple(map(self._found, found.found)))

    def _execute(self, content: Mapping[str, Any]) -> m.Executed:
        told, execution = read(m.Executing, content), read(Execution, content)
        who = told.executor
        if who is None or not (who.rpps and who.finess):
            raise RefusedError("EP-P-013", "L'exécutant n'a pas de RPPS ou pas de FINESS.")
        self._require_caller(who.rpps)
        if self._profession(who.rpps) in _PRESCRIBERS:
            raise RefusedError("EP-P-019")
        kept, rank = self._state.execute(
            told.id or "", execution, self._at, (told.execution_id or "")[:128] or None
        )
        return m.Executed(kept.number, self._stage(kept), rank, self._withdrawn(kept))

    def _traces(self, content: Mapping[str, Any]) -> m.TracesReceived:
        told = read(m.Traces, content)
        kept = [cast("dict[str, Any]", write(trace)) for trace in told.traces]
        return m.TracesReceived(self._state.add_traces(kept))

    def _number(self, _content: Mapping[str, Any]) -> m.Numbered:
        return m.Numbered(self._state.number(self._at))

    # -------------------------------------------------------------------------------

    def _criteria(self, told: m.Searching) -> Search:
        who = told.requester or Requester(self._caller.rpps)
        self._require_caller(who.rpps)
        rpps, am = (told.prescriber.rpps, told.prescriber.am) if told.prescriber else (None, None)
        finess = None
        if not self._executes(who.rpps) and not (who.rpps is None and self._pharmacy(who.finess)):
            own = (rpps or am) is not None
            if own and not self._same(rpps, am, who):
                raise RefusedError("EP-P-018", "La recherche est limitée à vos ordonnances.")
            rpps, am = (rpps, am) if own else (who.rpps, None if who.rpps else who.am)
            finess = None if rpps or am else who.finess
        first, last = _period(told.period)
        wanted = Search(rpps, am, finess, first=first, last=last, kind=told.kind)
        wanted = wanted.of(told.patient) if told.patient else wanted
        if not (rpps or am or finess or wanted.ins or (wanted.name and wanted.born)):
            raise RefusedError("EP-P-017", "Donner un prescripteur, ou une INS, ou nom et date.")
        return wanted

    def _same(self, rpps: str | None, am: str | None, who: Requester) -> bool:
        return (rpps is None or who.rpps in (None, rpps)) and (am is None or who.am in (None, am))

    def _found(self, kept: Kept) -> m.Found:
        # Only what is shown is read: a page holds a hundred of them.
        shown = read(m.Found, kept.document)
        return replace(shown, consent=kept.consent, state=self._stage(kept))

    def _stage(self, kept: Kept) -> str:
        return kept.state(local_day(self._at)).value

    def _withdrawn(self, kept: Kept) -> tuple[m.Warned, ...]:
        gone = set(self._settings["cis_retires"])
        if not gone:
            return ()
        named = [line.cis for line in kept.ordonnance.lines if line.cis in gone]
        return tuple(
            m.Warned(WITHDRAWN, f"{CATALOGUE[WITHDRAWN].text} CIS {cis}.") for cis in named
        )

    def _prescribed(self, kept: Kept, who: Requester) -> bool:
        """Whether the one who asks prescribed it; an exécutant did not. Raises RefusedError."""
        told = kept.ordonnance
        rpps = who.rpps or self._caller.rpps
        by = told.prescriber
        if rpps in authors(told) or (by and (who.am and who.am == by.am)):
            return True
        if self._executes(rpps):
            return False
        if by and who.finess and who.finess == by.finess:
            return True
        if rpps is None and self._pharmacy(who.finess):
            return False
        raise RefusedError("EP-P-018")

    def _executes(self, rpps: str | None) -> bool:
        profession = self._profession(rpps)
        return profession is not None and profession not in _PRESCRIBERS

    def _pharmacy(self, finess: str | None) -> bool:
        """Whether a structure executes: else any FINESS would show what patients hide."""
        known = self._environment.professionals
        return finess is not None and any(
            each.profession == _PHARMACIST and each.structure_id == f"1{finess}" for each in known
        )

    def _profession(self, rpps: str | None) -> str | None:
        known = self._environment.professional(f"8{rpps}") if rpps else None
        return known.profession if known else None

    def _require_author(self, told: Ordonnance) -> None:
        rpps = self._caller.rpps
        if rpps is not None and rpps not in authors(told):
            raise RefusedError("EP-P-003", f"Appel de {rpps}.")

    def _require_caller(self, rpps: str | None) -> None:
        mine = self._caller.rpps
        if mine is not None and rpps not in (None, mine):
            raise RefusedError("EP-P-003", f"Appel de {mine}, message de {rpps}.")

    def _require_open(self, told: Ordonnance) -> None:
        profession = self._profession(told.prescriber.rpps if told.prescriber else None)
        open_to = OPEN.get(profession or "")
        for line in told.lines:
            if open_to is not None and line.type not in open_to:
                raise RefusedError("EP-P-010", f"Ligne {line.n} : {line.type}.")


def _period(told: tuple[str, ...]) -> tuple[str | None, str | None]:
    if not told:
        return None, None
    if len(told) != 2 or any(iso_date(day) is None for day in told) or told[0] > told[1]:
        raise RefusedError("EP-P-017", "La période est deux dates AAAA-MM-JJ, dans l'ordre.")
    return told[0], told[1]


def _written(answer: object) -> dict[str, Any]:
    """An answer as JSON; what a tester counts on is there though it is empty."""
    written = cast("dict[str, Any]", write(answer))
    if isinstance(answer, m.FoundPage):
        written.setdefault("resultats", [])
    if isinstance(answer, m.Consulted) and answer.access == ALLOWED:
        written["ordonnance"].setdefault("executions", [])
    return written

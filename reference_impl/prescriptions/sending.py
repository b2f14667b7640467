"""Sending an ordonnance: it has one number, and the service is asked for it alone.

The number and the content are durable before anything leaves, and marked *in
doubt*: whatever happens next, the same number is sent again with the same
content, and « already recorded » is a success (EP-30). A number that someone
else has is given up for a new one. When the service does not answer, the
ordonnance goes on without Code 2D (PRESC.03, PRESC.04).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from reference_impl.errors import (
    LgcError,
    OutcomeUnknownError,
    RefusedError,
    UnavailableError,
)
from reference_impl.people import Professional
from reference_impl.ports import Clock
from reference_impl.prescriptions.client import PrescriptionClient, Recorded
from reference_impl.prescriptions.model import Ordonnance
from reference_impl.prescriptions.number import Numbers, paris
from reference_impl.prescriptions.records import Kept, OrdonnanceRecords, State
from reference_impl.prescriptions.wire import (
    NOT_YOURS,
    NUMBER_REFUSED,
    UNKNOWN,
    USED,
)

MOST_NUMBERS = 3


class Sender:
    """Records ordonnances at the service, whatever the connection does."""

    def __init__(
        self,
        records: OrdonnanceRecords,
        client: PrescriptionClient,
        numbers: Numbers,
        clock: Clock,
    ) -> None:
        self._records = records
        self._client = client
        self._numbers = numbers
        self._clock = clock

    def send(self, kept: Kept, professional: Professional) -> Kept:
        """Send one; its state afterwards is « enregistrée » or « sans code ».

        One that has no number yet gets it now. Raises RefusedError when the service
        refuses it: it is as it was, without number unless that one may be recorded.
        """
        doubt = kept.in_doubt
        for _ in range(MOST_NUMBERS):
            kept = self._about_to_send(kept)
            try:
                recorded = self._attempt(kept, professional)
            except RefusedError as error:
                kept = self._after_refusal(kept, professional, error, in_doubt=doubt)
                if kept.number is not None:
                    return kept
                doubt = False
            except OutcomeUnknownError as error:
                return self._without_code(kept, error, in_doubt=True)
            except UnavailableError as error:
                return self._without_code(kept, error, in_doubt=doubt)
            except LgcError:
                # Nothing left: no card, no session, no certificate.
                if not doubt:
                    self._given_back(kept)
                raise
            else:
                return self._recorded(kept, recorded)
        raise RefusedError(
            USED, f"{MOST_NUMBERS} numéros d’affilée sont déjà utilisés : appelez votre support."
        )

    def _after_refusal(
        self, kept: Kept, professional: Professional, error: RefusedError, *, in_doubt: bool
    ) -> Kept:
        """What a refusal leaves: the ordonnance recorded long ago, or one without number.

        A number of yesterday is refused too: after a crash, that tells nothing of what
        was done. Raises the refusal when no other number would change it.
        """
        lost = error.code == USED or (error.code == NUMBER_REFUSED and in_doubt)
        if not lost:
            if not in_doubt:
                self._given_back(kept)
            raise error
        try:
            there = in_doubt and self._is_there(kept, professional)
        except (OutcomeUnknownError, UnavailableError) as unknown:
            return self._without_code(kept, unknown, in_doubt=True)
        if there:
            return self._recorded(kept, Recorded(already=True, warnings=()))
        return self._number_lost(kept)

    def _about_to_send(self, kept: Kept) -> Kept:
        if kept.number is None:
            now = self._clock.now()
            kept = stamped(kept, self._numbers.draw(now), now)
        return self._records.save(replace(kept, in_doubt=True))

    def _attempt(self, kept: Kept, professional: Professional) -> Recorded:
        """Send it once, and once more when no answer was read: that finds out."""
        try:
            return self._client.record(kept.ordonnance, professional)
        except OutcomeUnknownError:
            pass
        try:
            return self._again(kept, professional)
        except RefusedError:
            raise
        except LgcError as error:
            # The first sending may have arrived all the same.
            raise OutcomeUnknownError(error.code, error.message) from error

    def _again(self, kept: Kept, professional: Professional) -> Recorded:
        """The second sending; refused, the service may hold the first. Raises the refusal."""
        try:
            return self._client.record(kept.ordonnance, professional)
        except RefusedError as refusal:
            if self._is_there(kept, professional):
                return Recorded(already=True, warnings=())
            raise refusal from None

    def _is_there(self, kept: Kept, professional: Professional) -> bool:
        """Whether the service holds this very ordonnance.

        Raises what EP3 raises, OutcomeUnknownError when it does not say.
        """
        assert kept.number is not None
        try:
            found = self._client.consult(kept.number, professional, with_executions=False)
        except RefusedError as error:
            if error.code in (UNKNOWN, NOT_YOURS):
                return False
            raise OutcomeUnknownError(error.code, error.message) from error
        return _same(kept.ordonnance, found.ordonnance)

    def _number_lost(self, kept: Kept) -> Kept:
        """Give a number up; what was printed with it is void (N01)."""
        assert kept.number is not None
        return self._records.save(
            replace(
                kept,
                number=None,
                in_doubt=False,
                void=(*kept.void, kept.number),
                alerts=(
                    *kept.alerts,
                    f"Le numéro {kept.number} n’a pas pu servir : un autre a été attribué. "
                    "Détruisez tout exemplaire imprimé avec l’ancien.",
                ),
            )
        )

    def _given_back(self, kept: Kept) -> None:
        """As it was before: the service did not take it.

        Sent late, it keeps its number: another would give it another day than its paper's.
        """
        if kept.state is State.WITHOUT_CODE:
            self._records.save(replace(kept, in_doubt=False))
            return
        content = replace(kept.ordonnance, number=None)
        self._records.save(replace(kept, number=None, in_doubt=False, ordonnance=content))

    def _recorded(self, kept: Kept, recorded: Recorded) -> Kept:
        alerts = tuple(a for a in kept.alerts if a not in _PASSING)
        return self._records.save(
            replace(
                kept,
                state=State.RECORDED,
                in_doubt=False,
                alerts=(*alerts, *recorded.warnings),
            )
        )

    def _without_code(self, kept: Kept, error: LgcError, *, in_doubt: bool) -> Kept:
        alerts = [a for a in kept.alerts if a not in _PASSING]
        alerts += [*_OUTAGE[:1], error.message]
        if in_doubt:
            alerts.append(_OUTAGE[1])
        return self._records.save(
            replace(
                kept,
                state=State.WITHOUT_CODE,
                in_doubt=in_doubt,
                alerts=tuple(dict.fromkeys(alerts)),
            )
        )


_OUTAGE = (
    "Le service Ordonnance numérique ne répond pas : l’ordonnance est remise sans Code 2D, et le "
    "DMP est alimenté sans lui.",
    "Le service a peut-être enregistré cette ordonnance : annulez-la avant d’en faire une autre.",
)
INTERRUPTED = (
    "L’envoi de cette ordonnance a été interrompu : validez-la de nouveau, elle partira sous le "
    "même numéro."
)
"""What a crash leaves to be told."""
_PASSING = (*_OUTAGE, INTERRUPTED)


def _same(mine: Ordonnance, theirs: Ordonnance) -> bool:
    """Whether what is under our number is ours: a service may write the rest its own way."""
    return _facts(mine) == _facts(theirs)


def _facts(told: Ordonnance) -> tuple[object, ...]:
    who, by = told.patient, told.prescriber
    name = (who.birth_name or "").casefold() if who else ""
    return (
        _instant(told.at),
        by.rpps if by else None,
        (name, who.birth_date if who else None),
        len(told.lines),
    )


def _instant(text: str | None) -> datetime | str | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return text


def stamped(kept: Kept, number: str, now: datetime) -> Kept:
    """With its number, its instant and its days of validity, which all follow from now."""
    at = now.astimezone(paris()).replace(microsecond=0)
    last = at.date() + timedelta(days=kept.validity_days)
    content = replace(
        kept.ordonnance,
        number=number,
        at=at.isoformat(),
        validity=(at.date().isoformat(), last.isoformat()),
    )
    return replace(kept, number=number, ordonnance=content)

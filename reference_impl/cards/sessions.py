"""The CPS of the users of this installation: found among the readers, kept open, shared.

A card is looked for when a gesture needs it, in whatever reader it is; it stays
under power with its code verified until it is closed or taken out, and nothing is
sent to it meanwhile. TLS client authentication does not come here: Python's ``ssl``
takes its key from a file and cannot use one that stays in a card.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from reference_impl.cards.chip import Place
from reference_impl.cards.errors import CardAbsentError, CardError, blocked
from reference_impl.cards.pinpad import DescriptorPinPad, PinPad
from reference_impl.cards.places import cps_places
from reference_impl.cards.session import CardSession, CardView
from reference_impl.cards.signer import Signer, issuers_of
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.people import Environment, Professional, Structure
from reference_impl.ports import Clock

_FINESS = "1"
"""First digit of a Struct_IdNat that is a FINESS (table G07)."""

_FULL_RIGHTS = frozenset({"CPS", "CPF"})
_WRONG_CODE = frozenset({"CODE_FAUX", "CARTE_BLOQUEE"})

Places = Callable[[str | None], Sequence[Place]]
"""Where to look for the card of a holder, likely places first."""


class Cards:
    """The cards of one installation, by idNat_PS of their holders. Thread-safe."""

    def __init__(
        self,
        environment: Environment,
        clock: Clock,
        places: Places | None = None,
        pin_pad: PinPad | None = None,
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._places = places or (lambda holder: cps_places(environment.cards, holder))
        self._pin_pad = pin_pad or DescriptorPinPad(environment.source)
        self._sessions: dict[str, CardSession] = {}
        self._refused: set[str] = set()
        """Numbers of the cards that refused what the pin pad gave: never given again."""
        self._lock = threading.RLock()

    def professional(self, professional: Professional) -> Professional:
        """The user with the structure, sector and billing number of the situation of the card.

        Raises CardError, also when a situation is to be chosen or the card has none.
        """
        situation = self._session(professional.national_id).situation
        identifier = situation.structure_id
        finess = identifier[1:] if identifier.startswith(_FINESS) else None
        structure = Structure(identifier, situation.structure_name, finess, situation.sector)
        return replace(professional, structure=structure, billing_id=situation.billing_id)

    def require_full_rights(self, professional: Professional) -> None:
        """Raise ForbiddenGestureError for a CPE or a CPA, which neither deposit nor consult.

        Source: PDT-INF-526, rights of the DMP by kind of card.
        """
        kind = self._session(professional.national_id).card.kind
        if kind not in _FULL_RIGHTS:
            raise ForbiddenGestureError(
                "CARTE_SANS_DROIT",
                f"Une carte {kind} ne permet ni de déposer ni de consulter : un professionnel de "
                "santé doit le faire avec sa CPS.",
                "professionnel",
            )

    def signer(self, professional: Professional) -> Signer:
        """The signature key of the card, with its certificate and authorities."""
        session = self._session(professional.national_id)
        issuers = issuers_of(session.certificate, self._environment)
        return Signer(session.key, session.certificate, issuers)

    def read(self, holder: str | None, code: str | None = None) -> CardView:
        """Read the card of a holder, or whichever is found when None.

        A ``code`` somebody types is given to the card even when its session is
        open: another session begins.
        """
        with self._lock:
            if code is not None:
                _require_code(code)
                self._leave(holder)
            session = self._opened(holder) or self._open(holder, code)
            left = session.tries_left()
            return replace(session.view(), tries_left=left)

    def choose(self, holder: str, number: int) -> CardView:
        """Take a situation for the rest of the session."""
        session = self._session(holder)
        session.choose(number)
        return session.view()

    def unblock(self, holder: str, unblocking_code: str, new_code: str) -> CardView:
        """Unblock the card of a holder; its session has to be opened again."""
        _require_code(new_code)
        with self._lock:
            self._leave(holder)
            session = self._find(holder)
            try:
                session.unblock(unblocking_code, new_code)
                self._refused.discard(session.card.number)
                return replace(session.view(), tries_left=session.tries_left())
            finally:
                session.close()

    def readers_in_use(self) -> frozenset[str]:
        """Names of the readers in which a card is held open."""
        with self._lock:
            held = [session for session in self._sessions.values() if session.alive()]
            return frozenset(session.card.reader for session in held)

    def close(self, holder: str) -> CardView:
        """End the session of a card, and show what may be read of it without a code."""
        with self._lock:
            session = self._sessions.pop(holder, None) or self._find(holder)
            session.close()
            return session.view()

    def shutdown(self) -> None:
        """Leave every card."""
        with self._lock:
            while self._sessions:
                self._sessions.popitem()[1].close()

    def _session(self, holder: str) -> CardSession:
        with self._lock:
            return self._opened(holder) or self._open(holder, None)

    def _opened(self, holder: str | None) -> CardSession | None:
        """The session of a holder, if its card never left."""
        for national_id in list(self._sessions) if holder is None else [holder]:
            session = self._sessions.get(national_id)
            if session is not None and session.alive():
                return session
            self._sessions.pop(national_id, None)
        return None

    def _leave(self, holder: str | None) -> None:
        for national_id in list(self._sessions) if holder is None else [holder]:
            session = self._sessions.pop(national_id, None)
            if session is not None:
                session.close()

    def _open(self, holder: str | None, typed: str | None) -> CardSession:
        session = self._find(holder)
        try:
            production = self._environment.production
            session.require_usable(self._clock.now(), production=production)
            self._enter(session, typed)
        except Exception:
            session.close()
            raise
        self._sessions[session.card.national_id] = session
        return session

    def _enter(self, session: CardSession, typed: str | None) -> None:
        left, number = session.tries_left(), session.card.number
        if left == 0:
            raise blocked()
        code = typed or self._asked(session, left)
        try:
            session.enter(code)
        except CardError as error:
            if typed is None and error.code in _WRONG_CODE:
                self._refused.add(number)
            raise
        self._refused.discard(number)

    def _asked(self, session: CardSession, left: int | None) -> str:
        """What the pin pad gives, unless it was wrong before or is the last try."""
        if session.card.number in self._refused or left == 1:
            remaining = f" (il reste {left} essai{'s' if left > 1 else ''})" if left else ""
            raise _to_type(f"Le code porteur doit être tapé de nouveau{remaining}.")
        code = self._pin_pad.code(session.card.national_id)
        if code is None:
            raise _to_type("Tapez le code porteur de la carte.")
        _require_code(code)
        return code

    def _find(self, holder: str | None) -> CardSession:
        """The card of a holder, among all readers but those of open sessions."""
        taken = self.readers_in_use()
        refusals: list[CardError] = []
        for place in self._places(holder):
            if place.name in taken:
                continue
            try:
                session = _identified(place)
            except CardAbsentError:
                continue
            except CardError as error:
                refusals.append(error)
                continue
            if holder in {None, session.card.national_id}:
                return session
            session.close()
        raise _most_useful(refusals, holder)


def _identified(place: Place) -> CardSession:
    chip = place.open()
    try:
        return CardSession(chip)
    except CardError:
        chip.close()
        raise


def _most_useful(refusals: Sequence[CardError], holder: str | None) -> CardError:
    """A card that could not be read may be the one looked for; another kind of card is not."""
    told = [error for error in refusals if error.code != "CARTE_INCONNUE"]
    if told:
        return told[0]
    whose = "" if holder is None else f" de {holder}"
    return CardAbsentError(f"La carte CPS{whose} n’est dans aucun lecteur : insérez-la.")


def _require_code(code: str) -> None:
    """A code that is none is not worth a try."""
    if not (code.isascii() and code.isdigit() and 4 <= len(code) <= 8):
        raise InvalidRequestError(
            "CODE_INVALIDE", "Un code porteur a de quatre à huit chiffres.", "code"
        )


def _to_type(sentence: str) -> CardError:
    return CardError("CODE_A_TAPER", sentence, "code")

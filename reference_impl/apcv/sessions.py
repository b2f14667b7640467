"""The reading that each professional has open: reused, restored, destroyed.

Nothing of it is written on disk, and of the code only a digest is kept: enough to know
it again, not to replay it (sheet ApCV §5, §6).
"""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from hashlib import sha256

from reference_impl.apcv.client import ApcvClient, Way
from reference_impl.apcv.request import authentication, destruction, restitution
from reference_impl.apcv.values import Reading
from reference_impl.errors import ForbiddenGestureError, LgcError, RefusedError
from reference_impl.people import Environment, Professional
from reference_impl.ports import Clock

_REAL = "R"
_NO_CONTEXT = ("APCV_6", "APCV_7")
"""What is answered when there is no context to give back: unknown, expired."""


@dataclass(frozen=True, slots=True)
class _Open:
    reading: Reading
    way: Way
    digest: bytes


class ApcvSessions:
    """The readings of one installation, by idNat of professionals. Thread-safe.

    A slow call holds up the professional who made it, nobody else (AV-19).
    """

    def __init__(self, environment: Environment, client: ApcvClient, clock: Clock) -> None:
        self._environment = environment
        self._client = client
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._locks: defaultdict[str, threading.RLock] = defaultdict(threading.RLock)

    def read(self, professional: Professional, text: str, way: Way) -> Reading:
        """Open the context of a code, or give again the one it already opened.

        The context before is destroyed: the patient has changed, or the code is new.
        Raises ServiceError, and ForbiddenGestureError for a test profile in production.
        """
        digest = sha256(text.encode()).digest()
        with self._locks[professional.national_id]:
            held = self._open.get(professional.national_id)
            if held is not None and held.digest == digest and self._valid(held.reading):
                return held.reading
            self._forget(professional)
            practising = self._client.practising(professional, way)
            found = self._client.call(authentication(practising, text), professional, way)
            return self._kept(professional, found, way, digest)

    def current(self, professional: Professional, way: Way = "cps") -> Reading:
        """The reading now open; after a restart, the service still has it (AV-20).

        Raises ForbiddenGestureError when there is none, or when it has expired.
        """
        with self._locks[professional.national_id]:
            held = self._open.get(professional.national_id)
            if held is None:
                return self._restored(professional, way)
            if not self._valid(held.reading):
                raise _unread("La lecture de l’appli carte Vitale a expiré")
            return held.reading

    def close(self, professional: Professional) -> None:
        """Destroy the context of a professional, if any: the consultation is over."""
        with self._locks[professional.national_id]:
            self._forget(professional)

    def _restored(self, professional: Professional, way: Way) -> Reading:
        practising = self._client.practising(professional, way)
        try:
            found = self._client.call(restitution(practising), professional, way)
        except RefusedError as error:
            if error.code not in _NO_CONTEXT:
                raise
            raise _unread("Aucune appli carte Vitale n’a été lue") from error
        return self._kept(professional, found, way, b"")

    def _kept(
        self, professional: Professional, found: Reading | None, way: Way, digest: bytes
    ) -> Reading:
        if found is None:
            raise _unread("Le service n’a rendu aucun contexte")
        self._open[professional.national_id] = _Open(found, way, digest)
        if self._environment.production and found.kind != _REAL:
            self._forget(professional)
            raise ForbiddenGestureError(
                "APCV_DE_TEST",
                "Cette appli carte Vitale de test ou de démonstration est refusée en production.",
                "donnees",
            )
        return found

    def _forget(self, professional: Professional) -> None:
        held = self._open.pop(professional.national_id, None)
        if held is None or not self._valid(held.reading):
            return
        try:
            self._client.call(destruction(held.reading.context_id), professional, held.way)
        except LgcError:
            return  # it ends by itself: a failure here, or a session over, stops nobody

    def _valid(self, reading: Reading) -> bool:
        return reading.valid_at(self._clock.now())


def _unread(what: str) -> ForbiddenGestureError:
    return ForbiddenGestureError(
        "APCV_NON_LUE", f"{what} : présentez le code du patient au lecteur.", "professionnel"
    )

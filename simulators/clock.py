"""The bench clock: real time by default; it can be frozen, shifted, advanced."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock every simulator reads. Instants are aware and in UTC."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._offset = timedelta(0)
        self._frozen_at: datetime | None = None

    def now(self) -> datetime:
        """The instant it is on the bench."""
        with self._lock:
            return (self._frozen_at or datetime.now(UTC)) + self._offset

    def advance(self, delta: timedelta) -> datetime:
        """Move the clock by a duration (negative moves it back); the new instant."""
        with self._lock:
            self._offset += delta
        return self.now()

    def freeze(self, at: datetime | None = None) -> datetime:
        """Stop the clock at an instant (default: now); ``advance`` still moves it."""
        moment = at or self.now()
        if moment.tzinfo is None:
            raise ValueError("l'instant doit porter un fuseau horaire")
        with self._lock:
            self._frozen_at = moment.astimezone(UTC)
            self._offset = timedelta(0)
        return self.now()

    def resume(self) -> datetime:
        """Back to real time, without offset."""
        with self._lock:
            self._frozen_at = None
            self._offset = timedelta(0)
        return self.now()

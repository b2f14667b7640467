"""The time of the LGC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class SystemClock:
    """The clock of the machine, in UTC, moved by ``offset`` when a bench runs at another time."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self._offset = offset

    def now(self) -> datetime:
        """Aware instant, UTC."""
        return datetime.now(UTC) + self._offset


def wire_instant(instant: datetime) -> str:
    """``2026-03-12T08:50:00.412Z``: xsd:dateTime in UTC, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

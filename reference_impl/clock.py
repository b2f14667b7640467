"""The time of the LGC."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The clock of the machine, in UTC."""

    def now(self) -> datetime:
        """Aware instant, UTC."""
        return datetime.now(UTC)


def wire_instant(instant: datetime) -> str:
    """``2026-03-12T08:50:00.412Z``: xsd:dateTime in UTC, to the millisecond."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

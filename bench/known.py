"""Deviations a tester announced: honoured, and told of when they no longer happen (rule R-09)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class KnownFindings:
    """The file of expected findings: ``[{"regle": …, "scenario": …}]``, scenario optional."""

    def __init__(self, entries: Sequence[Mapping[str, str]] = ()) -> None:
        self._entries = [(e["regle"], e.get("scenario")) for e in entries]
        self._used: set[tuple[str, str | None]] = set()

    def covers(self, check_id: str, scenario: str | None) -> bool:
        """Whether a finding was announced; the entry is then no longer unused."""
        for entry in self._entries:
            if entry[0] == check_id and entry[1] in (None, scenario):
                self._used.add(entry)
                return True
        return False

    def of(self, scenario: str) -> tuple[str, ...]:
        """Checks whose findings are announced for a scenario."""
        return tuple(name for name, where in self._entries if where in (None, scenario))

    def unused(self) -> tuple[str, ...]:
        """Entries that no finding answered, as they are shown."""
        return tuple(
            f"{name} ({scenario})" if scenario else name
            for name, scenario in self._entries
            if (name, scenario) not in self._used
        )

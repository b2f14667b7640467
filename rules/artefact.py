"""The base of every parsed message, and how bytes that cannot be parsed are said."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar

from rules.exchange import Exchange
from rules.findings import Finding, Severity


class Artefact:
    """A typed, frozen view of bytes. Subclasses are frozen dataclasses.

    Parse once: every derived value is computed from the parsed form. An
    artefact that contains others (an ITI-41 has a VIHF, documents, a signature)
    gives them through :meth:`parts`, so that the judge visits them too.
    """

    label: ClassVar[str] = "Message"
    """French name shown in reports."""
    opaque: ClassVar[bool] = False
    """Whether services take it without looking inside: nothing in it makes them refuse."""

    def parts(self) -> Iterable[Artefact]:
        """Artefacts found inside this one; none by default."""
        return ()

    def problems(self) -> Iterable[Finding]:
        """Findings met while parsing parts (an unreadable part is a finding)."""
        return ()


class MalformedError(Exception):
    """Bytes that are not what they claim to be. Carries the finding to report.

    ``check_id`` is the rule that the malformation breaks (``INS-W-15``,
    ``CDA-01``, ``MSS-X01`` …): a parse error is a finding like another.
    """

    def __init__(
        self,
        check_id: str,
        place: str,
        expected: str,
        found: str,
        advice: str,
        *,
        artefact: str = "",
    ) -> None:
        super().__init__(f"{check_id} {place} : {found}")
        self.finding = Finding(
            place=place,
            expected=expected,
            found=found,
            advice=advice,
            severity=Severity.BLOCKING,
            check_id=check_id,
            title="Message lisible",
            artefact=artefact,
        )


ExchangeParser = Callable[[Exchange], Iterable[Artefact]]
_parsers: dict[str, ExchangeParser] = {}


def parses(service: str) -> Callable[[ExchangeParser], ExchangeParser]:
    """Declare the function that turns the exchanges of a service into artefacts.

    It gives request artefacts and answer artefacts alike, may give none, and
    raises MalformedError when the request is unreadable.
    """

    def register(function: ExchangeParser) -> ExchangeParser:
        _parsers[service] = function
        return function

    return register


def parser_of(service: str) -> ExchangeParser | None:
    """The parser declared for a service, if any."""
    return _parsers.get(service)

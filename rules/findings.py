"""Findings: what a check has to say about a message, for a French developer."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Weight of a rule, from the columns Sev. of the fact sheets."""

    BLOCKING = "bloquante"
    MAJOR = "majeure"
    MINOR = "mineure"
    INFO = "information"
    REVIEW = "à vérifier"

    @property
    def fails(self) -> bool:
        """True when a finding of this weight makes an exigence non conforme."""
        return self in (Severity.BLOCKING, Severity.MAJOR)


@dataclass(frozen=True, slots=True)
class Finding:
    """One deviation, with its place and its cure.

    A check yields findings with the four first fields (and ``severity`` or
    ``rejects`` only when they depart from those it declares); the judge fills the others.

    ``place`` is an XPath, ``en-tête X-MSS-INS``, ``octet 1200``, ``APDU n° 4``…
    ``expected`` and ``found`` are short values; ``advice`` is a French sentence
    that tells a developer what to change.
    """

    place: str
    expected: str
    found: str
    advice: str
    severity: Severity | None = None
    check_id: str = ""
    title: str = ""
    exigences: tuple[str, ...] = ()
    source: str = ""
    hors_specification: bool = False
    rejects: str | None = None
    exchange_id: str | None = None
    artefact: str = ""
    """Which artefact of the message it is about: ``Enveloppe SOAP``, ``VIHF``…"""

    @property
    def fails(self) -> bool:
        """True when it makes the message non conforme: weight, and not ours."""
        return bool(self.severity and self.severity.fails) and not self.hors_specification

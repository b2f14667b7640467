"""The ordonnance numérique that a patient is given: its pages, or their text alone.

Layout and sentences are those of the picture of SEL-SFG-023 and of an editor's
manual of 2022: e-prescription.md §6. A paper made while the service was down
carries neither Code 2D nor number, and is no ordonnance numérique.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import ClassVar, NamedTuple

from rules.artefact import Artefact
from rules.findings import Finding
from rules.formats.cartouche import Cartouche, packed, plain
from rules.formats.code2d import Code2D, Code2DPicture
from rules.formats.pages import TextPlace, find_text, page_texts, read_pages
from rules.formats.prescription_number import CarriedNumber

LABEL = re.compile(r"E-PRESCRIPTION\s?N\s?[°oO]\s?(\S+)")
_NUMBERED = re.compile(r"\bN\s?[°oO]\s?([0-9A-Z]{16,20})\b")
_NOTICE = re.compile(r"CONSULT(?:ER|ATION DE) CE QUI A ETE DELIVRE OU EXECUTE")
_ACCEPTED = re.compile(
    r"\b(ACCEPTE|NE S.OPPOSE)\b(.{0,200}?)CONSULT(?:ER|ATION DE) CE QUI A ETE DELIVRE OU EXECUTE"
    r"(?:\W{0,5}(OUI|NON)\b)?"
)
_TRANSMITTED = re.compile(r"TRANSMISES ELECTRONIQUEMENT A L.ASSURANCE MALADIE")
_AMELI = re.compile(r"\bAMELI\.FR\b")
_PAGE = re.compile(r"\bPAGE (\d{1,3}) ?/ ?(\d{1,3})\b")
_EXCLUDED = re.compile(r"NON SUBSTITUABLE(?:(?!NON SUBSTITUABLE).){0,40}")
_MOTIVE = re.compile(r"\b(MTE|EFG|CIF)\b(?!-PH)")
_DATE = re.compile(r"\b\d{2}/\d{2}/\d{4}\b")
ALD_ZONE = packed("Prescriptions relatives au traitement de l'affection de longue durée")
OTHER_ZONE = packed("Prescriptions sans rapport avec l'affection de longue durée")
ALD_MARK = packed("En ALD")


class Notice(NamedTuple):
    """Mention (a), on reading back what was executed."""

    text: str
    dated: bool
    """Whether it says the day on which the patient was informed (since 2024)."""
    answer: str | None
    """``OUI`` or ``NON`` that ends the wording of 2022."""
    accepted: bool
    """Whether it says « a accepté » (2022) rather than « ne s'oppose pas »."""

    @property
    def consent(self) -> bool:
        """Whether it says that the prescriber may read executions back."""
        return self.answer != "NON"


@dataclass(frozen=True)
class PrintedOrdonnance(Artefact):
    """Pages of an ordonnance numérique; ``data`` is the PDF, None for a text alone."""

    label: ClassVar[str] = "Ordonnance imprimée"
    texts: tuple[str, ...] = field(repr=False)
    codes: tuple[Code2D, ...] = ()
    flaws: tuple[Finding, ...] = ()
    data: bytes | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of_pdf(cls, data: bytes) -> PrintedOrdonnance | None:
        """The ordonnance of a PDF; None when it shows neither Code 2D nor number."""
        texts = page_texts(data)
        shown = Code2DPicture.of(read_pages(data))
        if not shown.codes and not shown.flaws and not any(map(is_ordonnance, texts)):
            return None
        return cls(texts, shown.codes, shown.flaws, data)

    @classmethod
    def of_text(cls, text: str) -> PrintedOrdonnance:
        """The text of one page, without its symbol."""
        return cls((text,))

    @cached_property
    def words(self) -> str:
        """Every text in capitals without accents, blanks as spaces."""
        return plain("\n".join(self.texts))

    @cached_property
    def packed(self) -> str:
        """Only letters and digits of the text."""
        return packed("\n".join(self.texts))

    @property
    def scanned(self) -> bool:
        """Whether its pages are pictures: no word can be judged."""
        return not self.packed

    @cached_property
    def printed_number(self) -> str | None:
        """What is printed after ``e-prescription N°``, else after a ``N°`` that is long enough."""
        found = LABEL.search(self.words) or _NUMBERED.search(self.words)
        return found[1] if found else None

    @property
    def labelled(self) -> bool:
        """Whether ``e-prescription`` is printed, and ``N°`` before the number."""
        return "E-PRESCRIPTION" in self.words and self.printed_number is not None

    @property
    def number(self) -> str | None:
        """The number printed, else that of its Code 2D."""
        return self.printed_number or next((c.number for c in self.codes if c.number), None)

    @cached_property
    def number_places(self) -> tuple[TextPlace, ...]:
        """Where the printed number stands."""
        known = self.data is not None and self.printed_number
        return find_text(self.data or b"", self.printed_number or "") if known else ()

    @cached_property
    def notice(self) -> Notice | None:
        """Mention (a), None when it is not printed."""
        found = _ACCEPTED.search(self.words)
        if found is None:
            return None
        around = self.words[max(0, found.start() - 60) : found.end()]
        dated = bool(_DATE.search(around))
        return Notice(found[0], dated, found[3], found[1] == "ACCEPTE")

    @property
    def half_notice(self) -> bool:
        """Whether only a part of mention (a) is printed."""
        return self.notice is None and bool(_NOTICE.search(self.words))

    @property
    def transmission_said(self) -> bool:
        """Whether mention (b) is printed."""
        return bool(_TRANSMITTED.search(self.words))

    @property
    def ameli_said(self) -> bool:
        """Whether the address of ameli is printed."""
        return bool(_AMELI.search(self.words))

    def says_date(self, day: date) -> bool:
        """Whether a day is printed, in digits or in words."""
        return Cartouche("\n".join(self.texts)).says_date(day.isoformat())

    @property
    def page_numbers(self) -> tuple[tuple[int, int] | None, ...]:
        """``Page n/N`` of each page, None without it."""
        found = (_PAGE.search(plain(text)) for text in self.texts)
        return tuple((int(f[1]), int(f[2])) if f else None for f in found)

    @cached_property
    def excluded(self) -> tuple[str | None, ...]:
        """The motive after each « non substituable », None without one of the three."""
        found = (_MOTIVE.search(each) for each in _EXCLUDED.findall(self.words))
        return tuple(f[1] if f else None for f in found)

    @property
    def zones(self) -> tuple[int, int]:
        """Where the two titles of a bizone page begin in :attr:`packed`, -1 when absent."""
        return self.packed.find(ALD_ZONE), self.packed.find(OTHER_ZONE)

    def parts(self) -> Iterable[Artefact]:
        """The number printed, and each Code 2D."""
        if self.printed_number is not None:
            yield CarriedNumber(self.printed_number, "numéro imprimé")
        yield from self.codes

    def problems(self) -> Iterable[Finding]:
        """Symbols that claim to be a Code 2D and cannot be read as one."""
        return self.flaws


def is_ordonnance(text: str) -> bool:
    """Whether a text says the number of an e-prescription."""
    return bool(LABEL.search(plain(text)))

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
from typing import ClassVar

from rules.artefact import Artefact
from rules.findings import Finding
from rules.formats import ordonnance_words as said
from rules.formats.cartouche import packed, plain
from rules.formats.code2d import Code2D, Code2DPicture
from rules.formats.ordonnance_words import Notice
from rules.formats.page_symbols import place_of
from rules.formats.pages import (
    TextPlace,
    find_text,
    page_texts,
    read_pages,
    scanned_pages,
    search_pages,
    text_beside,
)
from rules.formats.prescription_number import CarriedNumber


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
        named = any(map(is_ordonnance, texts))
        shown = Code2DPicture.of(read_pages(data))
        if named and not shown.codes and not shown.flaws:
            shown = Code2DPicture.of(search_pages(data))
        if not shown.codes and not shown.flaws and not named:
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
    def _mentions(self) -> str:
        """:attr:`words`, then those at the right of each Code 2D: columns may be read as rows."""
        beside = (
            text_beside(self.data, code.symbol.page, place_of(code.symbol).right)
            for code in self.codes
            if self.data is not None and code.symbol is not None
        )
        return plain("\n".join((*self.texts, *beside)))

    @cached_property
    def packed(self) -> str:
        """Only letters and digits of the text."""
        return packed("\n".join(self.texts))

    @cached_property
    def rows(self) -> str:
        """:attr:`words` with the ends of lines."""
        return "\n".join(plain(row) for text in self.texts for row in text.splitlines())

    @cached_property
    def _letters(self) -> tuple[int, ...]:
        """Where the letters and digits of :attr:`packed` are in :attr:`rows`."""
        return tuple(found.start() for found in re.finditer("[A-Z0-9]", self.rows))

    def place_in_rows(self, place: int) -> int:
        """Where in :attr:`rows` a place of :attr:`packed` is."""
        return self._letters[place] if place < len(self._letters) else len(self.rows)

    @cached_property
    def scanned(self) -> bool:
        """Whether its text may not be all that it shows: a picture, letters without names.

        What is not read there is to be looked at, not missing.
        """
        if self.data is None:
            return False
        return any(scanned_pages(self.data)) or not said.is_french(self.words)

    @cached_property
    def printed_numbers(self) -> tuple[str, ...]:
        """What is printed after ``e-prescription N°``, else after a ``N°`` that is long enough."""
        return said.numbers("\n".join(self.texts))

    @property
    def printed_number(self) -> str | None:
        """The first of them."""
        return next(iter(self.printed_numbers), None)

    def numbers_beside(self, code: Code2D) -> tuple[str, ...]:
        """The numbers printed on the page of a Code 2D, else on any page."""
        page = code.symbol.page if code.symbol is not None else 1
        own = said.numbers(self.texts[page - 1]) if page <= len(self.texts) else ()
        return own or self.printed_numbers

    @property
    def labelled(self) -> bool:
        """Whether ``e-prescription`` is printed, and ``N°`` before the number."""
        return said.says_label(self.words) and self.printed_number is not None

    @property
    def number(self) -> str | None:
        """The number printed, else that of its Code 2D."""
        return self.printed_number or next((c.number for c in self.codes if c.number), None)

    @cached_property
    def number_places(self) -> tuple[TextPlace, ...]:
        """Where the printed numbers stand, those that are in one piece."""
        if self.data is None:
            return ()
        return tuple(place for each in self.printed_numbers for place in find_text(self.data, each))

    @cached_property
    def notice(self) -> Notice | None:
        """Mention (a), None when it is not printed."""
        return said.notice_of(self._mentions)

    @property
    def half_notice(self) -> bool:
        """Whether only a part of mention (a) is printed."""
        return self.notice is None and said.speaks_of_reading_back(self._mentions)

    @property
    def transmission_said(self) -> bool:
        """Whether mention (b) is printed."""
        return said.says_transmission(self._mentions)

    @property
    def ameli_said(self) -> bool:
        """Whether the address of ameli is printed."""
        return said.says_ameli(self._mentions)

    def says_date(self, day: date) -> bool:
        """Whether a day is printed, in digits or in words."""
        return day in said.dates(self.words)

    @property
    def page_numbers(self) -> tuple[tuple[int, int] | None, ...]:
        """``Page n/N`` of each page, None without it."""
        return tuple(said.page_number(plain(text)) for text in self.texts)

    @property
    def copies(self) -> int:
        """How many times the ordonnance is printed: original, duplicata, volets."""
        return max(1, sum(each is not None and each[0] == 1 for each in self.page_numbers))

    @cached_property
    def excluded(self) -> tuple[str | None, ...]:
        """The motive after each « non substituable », None without one of the three."""
        return said.exclusions(self.words)

    @cached_property
    def zones(self) -> tuple[int, int]:
        """Where the two titles of a bizone page begin in :attr:`packed`, -1 when absent."""
        return said.zones(self.packed)

    def parts(self) -> Iterable[Artefact]:
        """The numbers printed, and each Code 2D."""
        for each in self.printed_numbers:
            yield CarriedNumber(each, "numéro imprimé")
        yield from self.codes

    def problems(self) -> Iterable[Finding]:
        """Symbols that claim to be a Code 2D and cannot be read as one."""
        return self.flaws


def is_ordonnance(text: str) -> bool:
    """Whether a text says the number of an e-prescription."""
    return bool(said.numbers(text)) and said.says_label(plain(text))

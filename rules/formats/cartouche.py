"""The identity a reader sees on a page: what its text says of a patient.

The order and wording of a cartouche belong to each product, and so does the
way its lines are cut: only values are looked for, in capitals, without accent
nor punctuation.

Source: EXI DIF 02 as ins-insi.md §4.2 reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar
from unicodedata import combining, normalize

from rules.artefact import Artefact
from rules.formats.numbers import ins_key

MARK = "INS A SCANNER"
"""« INS à scanner », printed by the datamatrix (datamatrix INS v2.2)."""
_LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE", "’": "'"})
_MATRICULE = re.compile(
    r"(?<![0-9])[1-478](?: ?[0-9]){5} ?[0-9AB](?: ?[0-9]){6} ?[0-9]{2}(?![0-9])", re.ASCII
)
_NATURE = re.compile(r"\W{0,6}(?:NATURE|TYPE)?\W{0,4}(NIR|NIA)\b", re.ASCII)
_NATURE_BEFORE = re.compile(r"\b(NIR|NIA)\W{0,10}(?:INS\W{0,6})?$", re.ASCII)
_SEXES = {
    "F": re.compile(r"\b(?:F|FEMININ|FEMME|FILLE)\b(?!\.)", re.ASCII),
    "M": re.compile(r"\b(?:M|MASCULIN|HOMME|GARCON)\b(?!\.)", re.ASCII),
}
_MONTHS = (
    *("JANVIER", "FEVRIER", "MARS", "AVRIL", "MAI", "JUIN"),
    *("JUILLET", "AOUT", "SEPTEMBRE", "OCTOBRE", "NOVEMBRE", "DECEMBRE"),
)
LABELS = {
    "nom de naissance": re.compile(r"NOM\s+DE\s+NAISSANCE"),
    "prénom(s) de naissance": re.compile(r"PRENOM"),
    "date de naissance": re.compile(r"DATE\s+DE\s+NAISSANCE|\bNEE?(?:\(E\))?\s+LE\b"),
    "sexe": re.compile(r"\bSEXE\b"),
    "lieu de naissance": re.compile(r"LIEU\s+DE\s+NAISSANCE|\bCOG\b|CODE\s+INSEE"),
}
"""Words that announce each trait; only the text of a cartouche alone is read by them."""


def plain(text: str) -> str:
    """Capitals without accent nor ligature; blanks of all kinds become spaces."""
    folded = normalize("NFKD", text.upper().translate(_LIGATURES))
    return re.sub(r"\s+", " ", "".join(c for c in folded if not combining(c)))


def packed(text: str) -> str:
    """Only letters and digits of :func:`plain`."""
    return re.sub(r"[^A-Z0-9]", "", plain(text))


@dataclass(frozen=True, slots=True)
class Matricule:
    """An INS read on the page: 15 characters, and its nature when it is said."""

    value: str
    nature: str | None


@dataclass(frozen=True)
class Cartouche(Artefact):
    """The text of the page that carries the identity."""

    label: ClassVar[str] = "Cartouche d'identité"
    text: str = field(repr=False)
    alone: bool = True
    """Whether there is nothing but this text: no page, no document around."""

    @cached_property
    def words(self) -> str:
        """The text in capitals, without accents."""
        return plain(self.text)

    @cached_property
    def matricules(self) -> tuple[Matricule, ...]:
        """Every number of the page that is an INS, its key checked."""
        found = map(self._matricule, _MATRICULE.finditer(self.words))
        return tuple(m for m in found if ins_key(m.value[:13]) == m.value[13:])

    def printed(self, ins: str) -> Matricule | None:
        """A given INS, whatever its key: some that INSi returns break the rule (CNDA 2.08)."""
        found = re.search(rf"(?<![0-9]){' ?'.join(map(re.escape, ins))}(?![0-9])", self.words)
        return self._matricule(found) if ins and found else None

    def _matricule(self, found: re.Match[str]) -> Matricule:
        after = _NATURE.match(self.words, found.end())
        start = max(0, found.start() - 40)
        nature = after or _NATURE_BEFORE.search(self.words, start, found.start())
        return Matricule(found[0].replace(" ", ""), nature[1] if nature else None)

    @property
    def marked(self) -> bool:
        """Whether « INS à scanner » is printed."""
        return MARK in self.words

    def says(self, value: str) -> bool:
        """Whether a name or a number is on the page, however its lines are cut."""
        wanted = packed(value)
        return bool(wanted) and wanted in self._packed

    def says_code(self, code: str) -> bool:
        """Whether a code stands on the page by itself: not within a longer number."""
        return bool(re.search(rf"\b{re.escape(code)}\b", self.words))

    def says_date(self, iso: str) -> bool:
        """Whether a date (AAAA-MM-JJ) is on the page, day first, in digits or in words."""
        year, _, rest = iso.partition("-")
        month, _, day = rest.partition("-")
        if not (year.isdigit() and month.isdigit() and day.isdigit()):
            return False
        digits = rf"\b{day}\W{{1,3}}{month}\W{{1,3}}{year}\b"
        name = _MONTHS[int(month) - 1] if 1 <= int(month) <= 12 else "-"
        words = rf"\b0?{int(day)}(?:ER)?\s{name}\s{year}\b"
        return bool(re.search(f"{digits}|{words}", self.words))

    def says_sex(self, sex: str) -> bool:
        """Whether the sex is on the page, as a letter or in words."""
        return sex in _SEXES and bool(_SEXES[sex].search(self.words))

    @cached_property
    def _packed(self) -> str:
        return packed(self.text)


def is_cartouche(text: str) -> bool:
    """Whether a text file is a cartouche: most of its labels are there, at its beginning."""
    start = plain(text[:2000])
    return sum(bool(pattern.search(start)) for pattern in LABELS.values()) >= 3

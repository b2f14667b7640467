"""The sentences of a printed ordonnance, however a product sets them.

Everything is read in capitals without accents (:func:`rules.formats.cartouche.plain`), and
between two letters of a known sentence anything but letters and digits may stand: a hyphen
at the end of a line, a typographic apostrophe, the space of spaced letters.

Source: picture of SEL-SFG-023, manual of 2022, their regular expressions (e-prescription.md
§6); titles of the ordonnancier bizone (Cerfa 60-3937).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from rules.formats.cartouche import packed

_BETWEEN = r"[\W_]*"
_BEFORE = 250
"""Letters before the words of mention (a) where its verb is looked for."""
_DATED = 120
"""Letters around mention (a) where its date is looked for."""
_MONTHS = ("JANV", "FEVR?", "MARS", "AVR", "MAI", "JUIN", "JUIL", "AOUT", "SEPT?", "OCT", "NOV",
           "DEC")  # fmt: skip
_DIGITS = re.compile(r"\b(\d{1,2})\W{1,3}(\d{1,2})\W{1,3}(\d{4}|\d{2})\b", re.ASCII)
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b", re.ASCII)
_WORDS = re.compile(rf"\b(\d{{1,2}})(?:ER)?\s(?:({')|('.join(_MONTHS)}))[A-Z]*\.?\s(\d{{4}})\b")
_LITTLE = {
    *("A", "AU", "AUX", "AVEC", "CE", "DATE", "DE", "DES", "DOCTEUR", "DR", "DU", "EN", "ET", "JE"),
    *("JOUR", "JOURS", "LA", "LE", "LES", "NE", "OU", "PAR", "PATIENT", "PENDANT", "POUR", "QUE"),
    *("QUI", "SUR", "UN", "UNE"),
}
"""Words that no ordonnance does without: a text that has none of them is no text."""


def loose(sentence: str) -> str:
    """The pattern of a sentence, its letters with anything but letters between them."""
    return _BETWEEN.join(packed(sentence))


def _any(*sentences: str) -> str:
    return "|".join(loose(each) for each in sentences)


_READ_BACK = re.compile(
    _any(
        "consulter ce qui a été délivré ou exécuté",
        "consultation de ce qui a été délivré ou exécuté",
    )
)
_VERB = re.compile(
    r"\b(?:(?P<willing>" + _any("ne s'oppose", "ne s'est pas opposé", "ne se sont pas opposés")
    + ")|(?P<opposed>" + _any("n'a pas accepté", "n'ont pas accepté", "n'a (ont) pas accepté",
                              "n'accepte pas", "n'acceptent pas", "refuse", "a refusé",
                              "s'oppose", "s'est opposé", "se sont opposés")
    + ")|(?P<accepted>" + _any("accepte") + "))"
)  # fmt: skip
_ANSWER = re.compile(
    r"(?:[^.:]{0,60}:\W{0,6}|\W{0,5})\b(OUI|NON)\b(?! ?(?:SUBSTITUABLE|REMBOURSABLE))"
    r"(?P<other>\W{0,6}(?:OUI|NON)\b(?! ?(?:SUBSTITUABLE|REMBOURSABLE)))?"
)
_BLANK = re.compile(r"[^.:]{0,60}:")
_TRANSMITTED = re.compile(loose("transmises électroniquement à l'assurance maladie"))
_AMELI = re.compile(r"\bAMELI\W{1,3}FR\b")
_PAGE = re.compile(r"\bPAGE\W{0,3}(\d{1,3})\W{0,2}(?:/|SUR\b|DE\b)\W{0,2}(\d{1,3})\b")
_NOT_REPLACED = loose("non substituable")
_EXCLUDED = re.compile(rf"{_NOT_REPLACED}((?:(?!{_NOT_REPLACED}).){{0,120}})")
_MOTIVE = re.compile(r"\b(MTE|EFG|CIF)\b(?!-PH)")


class Notice(NamedTuple):
    """Mention (a), on reading back what was executed."""

    text: str
    dated: bool
    """Whether it says the day on which the patient was informed (since 2024)."""
    consent: bool | None
    """Whether it lets the prescriber read executions back; None when it does not tell."""
    accepted: bool
    """Whether it says « a accepté » (2022) rather than « ne s'oppose pas »."""
    blank: bool
    """Whether it ends with a colon and no answer."""


def notice_of(words: str) -> Notice | None:
    """Mention (a), entire; None when it is not printed."""
    for found in _READ_BACK.finditer(words):
        start = max(0, found.start() - _BEFORE)
        verbs = list(_VERB.finditer(words, start, found.start()))
        if verbs:
            return _notice(words, verbs[-1], found)
    return None


def _notice(words: str, verb: re.Match[str], found: re.Match[str]) -> Notice:
    answer = _ANSWER.match(words, found.end())
    around = words[max(0, verb.start() - _DATED) : found.end() + _DATED]
    consent: bool | None = verb["opposed"] is None
    if answer is not None:
        consent = None if answer["other"] else consent and answer[1] == "OUI"
    return Notice(
        text=words[verb.start() : answer.end() if answer else found.end()],
        dated=any(True for _ in dates(around)),
        consent=consent,
        accepted=verb["accepted"] is not None,
        blank=answer is None and bool(_BLANK.match(words, found.end())),
    )


def speaks_of_reading_back(words: str) -> bool:
    """Whether a part at least of mention (a) is printed."""
    return bool(_READ_BACK.search(words))


def says_transmission(words: str) -> bool:
    """Whether mention (b) is printed."""
    return bool(_TRANSMITTED.search(words))


def says_ameli(words: str) -> bool:
    """Whether the address of ameli is printed."""
    return bool(_AMELI.search(words))


def page_number(words: str) -> tuple[int, int] | None:
    """``Page n/N`` of a page."""
    found = _PAGE.search(words)
    return (int(found[1]), int(found[2])) if found else None


def exclusions(words: str) -> tuple[str | None, ...]:
    """The motive after each « non substituable », None without one of the three."""
    found = (_MOTIVE.search(each[1]) for each in _EXCLUDED.finditer(words))
    return tuple(each[1] if each else None for each in found)


def dates(words: str) -> Iterator[date]:
    """Every day printed: in digits, day first or ISO, or with its month in words."""
    told = [(f[1], f[2], f[3]) for f in _DIGITS.finditer(words)]
    told += [(f[3], f[2], f[1]) for f in _ISO.finditer(words)]
    for found in _WORDS.finditer(words):
        day, *months, year = found.groups()
        told.append((day, str(next(i for i, m in enumerate(months, start=1) if m)), year))
    for day, month, year in told:
        try:
            yield date(int(year) + (2000 if len(year) == 2 else 0), int(month), int(day))
        except ValueError:
            continue


def is_french(words: str) -> bool:
    """Whether a text holds words: one drawn with a font that does not name its letters has none."""
    return len(_LITTLE & set(re.findall(r"[A-Z]+", words))) > 1


_NUMBER = re.compile(
    r"e[\W_]{0,3}prescription[\W_]{0,6}n\s?(?:[°º˚]|o(?=[\W_]|0))?[\W_]{0,4}"
    r"(?P<rest>(?=\S*\d)[0-9a-z].{0,60})",
    re.IGNORECASE | re.DOTALL,
)
_ALONE = re.compile(r"\bn\s?[°º˚o][\W_]{0,4}(?P<rest>[0-9a-z]{16,20})\b", re.IGNORECASE)
_LABEL = re.compile(rf"\b{loose('eprescription')}")
_LENGTH = 18


def numbers(text: str) -> tuple[str, ...]:
    """What a text (as it is) says after ``e-prescription N°``, else after a long ``N°``."""
    found = [_whole(each["rest"]) for each in _NUMBER.finditer(text)]
    found = found or [each["rest"] for each in _ALONE.finditer(text)]
    return tuple(dict.fromkeys(found))


def says_label(words: str) -> bool:
    """Whether ``e-prescription`` is printed."""
    return bool(_LABEL.search(words))


def _whole(rest: str) -> str:
    """The first word; with those after it when they are a number cut in groups."""
    first, *others = [each.strip(".,;:()[]") for each in rest.split()]
    joined = first
    for other in others:
        if len(joined) >= _LENGTH or not re.fullmatch(r"[0-9A-Z]+", joined + other):
            break
        joined += other
    return joined if len(joined) == _LENGTH else first


_DISEASE = r"(?:L|LA|UNE|SON|VOTRE|CETTE)?(?:AFFECTIONS?DELONGUEDUREE|ALD)"
_ALD_ZONE = re.compile(
    r"(?<!NON)(?:RELATI(?:F|VE)S?|ENRAPPORT|ENLIEN|LIEE?S?)(?:AVEC|AUX?|A)?(?:TRAITEMENT)?(?:DE)?"
    + _DISEASE
)
_OTHER_ZONE = re.compile(
    r"(?:SANS(?:RAPPORT|LIEN)AVEC|HORS|NON(?:RELATI(?:F|VE)S?|ENRAPPORT|ENLIEN|LIEE?S?)"
    rf"(?:AVEC|AUX?|A)?(?:TRAITEMENT)?(?:DE)?){_DISEASE}|(?:MALADIES?|AFFECTIONS?)INTERCURRENTES?"
)
_ALD = re.compile(rf"\bALD\b|{loose('affection de longue durée')}")


def zones(letters: str) -> tuple[int, int]:
    """Where the titles of the two zones of a bizone begin in a packed text, -1 when absent."""
    ald, other = _ALD_ZONE.search(letters), _OTHER_ZONE.search(letters)
    return (ald.start() if ald else -1, other.start() if other else -1)


def says_ald(words: str) -> bool:
    """Whether the affection de longue durée is named."""
    return bool(_ALD.search(words))

"""Finding a file again, whatever case, accents, hyphens and apostrophes (INS/va1.02, va1.25)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.identity.traits import transliterated
from reference_impl.insi.answer import key_of
from reference_impl.people import Patient

_NOT_LETTERS = re.compile(r"[^A-Z0-9]+")
_FRENCH_DATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})")
_INS = re.compile(r"\d{6}[\dAB]\d{6}\d{2}")


@dataclass(frozen=True, slots=True)
class Lookup:
    """Criteria that must all fit. ``words`` are folded, ``birth_date`` is ISO.

    ``ins`` has 15 characters, its key verified.
    """

    words: tuple[str, ...] = ()
    birth_date: str | None = None
    ins: str | None = None

    @classmethod
    def of(cls, text: str | None, birth_date: str | None, ins: str | None) -> Lookup:
        """Read what was typed. Raises InvalidRequestError."""
        words = tuple(filter(None, (folded(word) for word in (text or "").split())))
        lookup = cls(words, _date(birth_date), _matricule(ins))
        if lookup == cls():
            raise InvalidRequestError(
                "CRITERE_ABSENT",
                "Donnez au moins un critère : un nom, une date de naissance ou un matricule INS.",
                "texte",
            )
        return lookup

    def fits(self, patient: Patient) -> bool:
        """Whether a patient is one of those searched; former INS count as well."""
        return (
            all(word in _names(patient) for word in self.words)
            and self.birth_date in (None, patient.traits.birth_date)
            and (self.ins is None or self.ins in _numbers(patient))
        )


def folded(text: str) -> str:
    """``D’Æion-Cœur`` → ``DAEIONCOEUR``."""
    return _NOT_LETTERS.sub("", transliterated(text))


def _names(patient: Patient) -> str:
    traits = patient.traits
    names = (
        traits.birth_name,
        traits.birth_given_names,
        traits.used_name,
        traits.used_given_name,
    )
    return "|".join(folded(name) for name in names if name)


def _numbers(patient: Patient) -> list[str]:
    active = [patient.ins] if patient.ins else []
    return [ins.value for ins in (*active, *(past.ins for past in patient.history))]


def _date(text: str | None) -> str | None:
    if not text:
        return None
    french = _FRENCH_DATE.fullmatch(text)
    iso = f"{french[3]}-{french[2]}-{french[1]}" if french else text
    if not is_calendar_date(iso):
        raise InvalidRequestError(
            "DATE_INVALIDE",
            "La date de naissance recherchée s’écrit AAAA-MM-JJ ou JJ/MM/AAAA.",
            "date_naissance",
        )
    return iso


def _matricule(text: str | None) -> str | None:
    """Fifteen characters whose key computes, before anything is searched (INS/va1.41)."""
    if not text:
        return None
    compact = "".join(text.split()).upper()
    if not _INS.fullmatch(compact) or key_of(compact[:13]) != compact[13:]:
        raise InvalidRequestError(
            "INS_INVALIDE",
            "Un matricule INS a 15 caractères : 13, puis sa clé de 2 chiffres. Celui-ci est "
            "incomplet, ou sa clé ne correspond pas.",
            "ins",
        )
    return compact

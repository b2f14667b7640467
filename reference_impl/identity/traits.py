"""Traits of birth: how they are written, and how they are compared.

Source: SEL-MP-043 §2 (EF_INS01_03, EF_INS10_01, EF_INS10_02, EF_INS25_04) and
RNIV: capitals A to Z, space, apostrophe, hyphen; no accent, no ligature.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.identity.given_names import coherent, kept_first_name
from reference_impl.people import Traits

# Ligatures have a defined equivalent, and NFKD does not know it.
_LIGATURES = str.maketrans({"Œ": "OE", "Æ": "AE"})

_FORBIDDEN_PAIRS = re.compile(r" {2}|''|' | '")
_BIRTH_NAME = re.compile(r"['A-Z](?:[A-Z' ]|-{1,2}(?!-))*")
_GIVEN_NAME = re.compile(r"['A-Z](?:[A-Z']|-(?!-))*(?<![-'])|[A-Z]")
_COG = re.compile(r"(?:\d{2}|2[AB])\d{3}")

_LABELS = {
    "birth_name": "nom_naissance",
    "birth_given_names": "prenoms_naissance",
    "sex": "sexe",
    "birth_date": "date_naissance",
    "birth_place": "lieu_naissance",
}


def transliterated(text: str) -> str:
    """Capitals without accent nor ligature; other characters are left as they are."""
    capitals = " ".join(text.upper().split()).translate(_LIGATURES)
    decomposed = unicodedata.normalize("NFD", capitals)
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def normalised(traits: Traits) -> Traits:
    """The strict traits as RNIV writes them; names in use are left alone.

    A character without equivalent (digit, ``_``, typographic apostrophe) is
    refused, never dropped. Raises InvalidRequestError naming the trait.
    """
    written = replace(
        traits,
        birth_name=transliterated(traits.birth_name),
        birth_given_names=transliterated(traits.birth_given_names),
        first_birth_given_name=transliterated(traits.first_birth_given_name or "") or None,
    )
    _require_birth_name(written.birth_name)
    _require_given_names(written.birth_given_names)
    if written.sex not in ("M", "F", "I"):
        raise _invalid("sexe", "le sexe vaut M, F, ou I quand il est indéterminé")
    _require_date(written.birth_date)
    if written.birth_place is not None and not _COG.fullmatch(written.birth_place):
        raise _invalid("lieu_naissance", "le lieu de naissance est un code COG de 5 caractères")
    return written


def require_first_name(traits: Traits) -> Traits:
    """The same traits. Raises InvalidRequestError when EXI ID 10 refuses their premier prénom."""
    if not coherent(traits):
        raise _invalid(
            "premier_prenom",
            "le premier prénom de naissance est le début de la liste des prénoms",
        )
    return traits


def differences(local: Traits, returned: Traits) -> tuple[str, ...]:
    """Strict traits that differ, by their French names.

    A place that INSi does not return is not a difference (sheet INS §1.9).
    """
    return tuple(
        label
        for name, label in _LABELS.items()
        if getattr(local, name) != getattr(returned, name)
        and not (name == "birth_place" and returned.birth_place is None)
    )


def same_strict_traits(one: Traits, other: Traits) -> bool:
    """Whether the five traits are equal, the place of birth included."""
    return all(getattr(one, name) == getattr(other, name) for name in _LABELS)


def contradictions(searched: Traits, returned: Traits) -> tuple[str, ...]:
    """Differences that an operator could not accept as the same person.

    ``searched`` has the given names that were sent. More given names, or a
    place that was not known, complete an identity; any other difference
    contradicts it.
    """
    return tuple(
        label
        for label in differences(searched, returned)
        if not (label == "prenoms_naissance" and _completes_names(searched, returned))
        and not (label == "lieu_naissance" and searched.birth_place is None)
    )


def agree(one: Traits, other: Traits) -> bool:
    """Whether two sets of traits may be of one person: one may know more than the other."""
    return not contradictions(one, other) or not contradictions(other, one)


def with_strict_traits_of(local: Traits, returned: Traits) -> Traits:
    """The returned traits, unchanged, with the names in use and any place of the local ones."""
    return replace(
        returned,
        birth_place=returned.birth_place or local.birth_place,
        used_name=local.used_name,
        used_given_name=local.used_given_name,
        first_birth_given_name=kept_first_name(local, returned.birth_given_names),
    )


def traits_from_json(value: Mapping[str, str | None]) -> Traits:
    """Read the ``traits`` of the driver contract or of the store."""
    return Traits(
        birth_name=value["nom_naissance"] or "",
        birth_given_names=value["prenoms_naissance"] or "",
        sex=value["sexe"] or "",
        birth_date=value["date_naissance"] or "",
        birth_place=value.get("lieu_naissance"),
        used_name=value.get("nom_utilise"),
        used_given_name=value.get("prenom_utilise"),
        first_birth_given_name=value.get("premier_prenom"),
    )


def traits_to_json(traits: Traits) -> dict[str, str | None]:
    """The ``traits`` of the driver contract."""
    return {label: getattr(traits, name) for name, label in _LABELS.items()} | {
        "nom_utilise": traits.used_name,
        "prenom_utilise": traits.used_given_name,
        "premier_prenom": traits.first_birth_given_name,
    }


def _completes_names(searched: Traits, returned: Traits) -> bool:
    """The names searched are among those returned; a hyphen counts as a space (EXI ID 10)."""
    known = returned.birth_given_names.replace("-", " ").split()
    return all(name in known for name in searched.birth_given_names.replace("-", " ").split())


def _require_birth_name(name: str) -> None:
    if not _BIRTH_NAME.fullmatch(name) or _FORBIDDEN_PAIRS.search(name):
        raise _invalid(
            "nom_naissance",
            "le nom de naissance n’admet que les lettres A à Z, l’espace, l’apostrophe droite "
            "et le tiret, sans commencer par un espace ni un tiret",
        )


def _require_given_names(names: str) -> None:
    parts = names.split(" ")
    if not all(_GIVEN_NAME.fullmatch(part) for part in parts) or _FORBIDDEN_PAIRS.search(names):
        raise _invalid(
            "prenoms_naissance",
            "chaque prénom n’admet que les lettres A à Z, l’apostrophe droite et le tiret "
            "simple, sans tiret au début ni à la fin",
        )


def _require_date(text: str) -> None:
    if not is_calendar_date(text):
        raise _invalid(
            "date_naissance",
            "la date de naissance est une date réelle, écrite AAAA-MM-JJ",
        )


def _invalid(field: str, sentence: str) -> InvalidRequestError:
    return InvalidRequestError(
        "TRAIT_INVALIDE", f"{sentence[0].upper()}{sentence[1:]}.", f"traits.{field}"
    )

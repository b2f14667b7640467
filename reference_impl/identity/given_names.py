"""The « premier prénom de naissance » and the list of given names (EXI ID 10)."""

from __future__ import annotations

import re

from reference_impl.people import Traits

_SEPARATORS = re.compile(r"[ '-]+")


def begins(first: str, given_names: str) -> bool:
    """Whether a first given name is the beginning of a list; hyphens and apostrophes separate.

    ``JEAN-CHRISTOPHE`` begins ``JEAN CHRISTOPHE PIERRE``, ``CHRISTOPHE`` does not.
    """
    mine, listed = _words(first), _words(given_names)
    return bool(mine) and mine == listed[: len(mine)]


def coherent(traits: Traits) -> bool:
    """Whether the premier prénom of these traits begins their list."""
    return begins(traits.first_given_name, traits.birth_given_names)


def kept_first_name(local: Traits, given_names: str) -> str | None:
    """The premier prénom of an identity that takes another list: it is never overwritten.

    None when the first word of the new list says it already.
    """
    first = local.first_given_name
    return None if first == given_names.split(" ", 1)[0] else first


def _words(text: str) -> list[str]:
    return [word for word in _SEPARATORS.split(text) if word]

"""Captured answers and tokens of Pro Santé Connect, without their wire."""

from __future__ import annotations

import json
from collections.abc import Iterable

from bench.errors import UsageError
from rules.artefact import Artefact
from rules.formats import psc_reading
from rules.formats.psc import read_token


def answers(data: bytes) -> Iterable[Artefact]:
    """Read a JSON answer. Raises UsageError when it is no JSON."""
    try:
        json.loads(data)
    except ValueError as error:
        at = error if isinstance(error, json.JSONDecodeError) else None
        place = f" (ligne {at.lineno}, caractère {at.colno})" if at else ""
        raise UsageError(
            f"ceci commence comme du JSON et n'en est pas{place} : capturer le message entier, en "
            "UTF-8 ; un Code 2D tapé par un lecteur dont le clavier n'est pas celui du poste "
            "donne aussi cela."
        ) from None
    return list(psc_reading.read_json(data))


def token(data: bytes) -> Iterable[Artefact]:
    """Read a JWT. Raises UsageError when it cannot be decoded."""
    read = read_token(data.decode("ascii", "replace").strip())
    if read is None:
        raise UsageError(
            "ce jeton ne se décode pas : il faut trois parties séparées par des points."
        )
    return [read]

"""The product under test as its editor declares it: ``--produit produit.json``.

``{"nom": "…", "version": "…", "nil": "…", "idam": "…", "numero_homologation_dmp": "…",
"oid": "…", "profil": "test",
"client_psc": {"client_id": "…", "client_secret": "…", "redirect_uri": "…"}}``

What is left out keeps the value of the fictitious product of the bench. ``profil`` is ``test``, or
``production`` for a product set as in a practice: AV-15, CD-13 and CD-16 are judged then.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from fixtures.world import SoftwareFixture

_FIELDS = {
    "nom": "name",
    "version": "version",
    "nil": "nil",
    "idam": "idam",
    "numero_homologation_dmp": "dmp_homologation",
    "oid": "oid",
    "profil": "profile",
}
_PROFILES = ("test", "production")
_PSC_FIELDS = {
    "client_id": "psc_client_id",
    "client_secret": "psc_client_secret",
    "redirect_uri": "psc_redirect_uri",
}


def read_product(path: Path | None) -> SoftwareFixture:
    """The declared product. Raises UsageError naming the faulty field."""
    if path is None:
        return SoftwareFixture()
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} ne se lit pas : {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} n'est pas du JSON : {error}.") from error
    if not isinstance(value, dict):
        raise UsageError(f"{path} doit contenir un objet JSON.")
    declared: dict[str, Any] = dict(value)
    client = declared.pop("client_psc", {})
    if not isinstance(client, dict):
        raise UsageError(f"{path}, champ client_psc : un objet est attendu.")
    changes = _changes(path, declared, _FIELDS, "") | _changes(
        path, dict(client), _PSC_FIELDS, "client_psc."
    )
    return replace(SoftwareFixture(), **changes)


def _changes(
    path: Path, declared: dict[str, Any], known: dict[str, str], prefix: str
) -> dict[str, str]:
    for name, value in declared.items():
        if name not in known:
            raise UsageError(
                f"{path}, champ {prefix}{name} inconnu. Champs possibles : {', '.join(known)}."
            )
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{path}, champ {prefix}{name} : un texte non vide est attendu.")
        if name == "profil" and value not in _PROFILES:
            raise UsageError(f"{path}, champ profil : {' ou '.join(_PROFILES)} est attendu.")
    return {known[name]: value for name, value in declared.items()}

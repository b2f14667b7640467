"""What a tester may change of a carte Vitale, in the French of the driver contract."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from fixtures.identifiers import nir_key
from simulators.cards.vitale import KINDS, BeneficiaryImage, VitaleImage

_FIELDS = {
    "nom_usuel": "used_name",
    "nom_naissance": "birth_name",
    "prenom": "given_name",
    "date_naissance": "birth_date",
    "nir_ouvrant_droit": "insured",
    "nir_certifie": "certified",
    "rang_gemellaire": "rank",
    "qualite": "quality",
    "regime": "regime",
    "caisse": "fund",
    "centre": "center",
}
_REQUIRED = ("nom_usuel", "prenom", "date_naissance", "nir_ouvrant_droit")
_CARD = ("type", "numero_serie", "beneficiaires")
_NIR = re.compile(r"[12]\d{4}(?:\d{2}|2[AB])\d{6}(?:\d{2})?")


def changed(image: VitaleImage, overrides: Mapping[str, Any]) -> VitaleImage:
    """The image with ``type``, ``numero_serie``, ``beneficiaires`` replaced.

    Beneficiaries have the fields of ``card.read_vitale``. Raises ValueError with a
    French sentence on anything else.
    """
    unknown = sorted(set(overrides) - set(_CARD))
    if unknown:
        raise ValueError(
            f"« {unknown[0]} » ne se change pas sur une carte Vitale : {', '.join(_CARD)}."
        )
    if "type" in overrides and overrides["type"] not in KINDS:
        raise ValueError("« type » est T (test), D (démonstration) ou R (réelle).")
    serial = str(overrides.get("numero_serie", image.serial))
    if not (serial.isascii() and serial.isdigit()):
        raise ValueError("« numero_serie » est fait de chiffres.")
    people = image.beneficiaries
    if "beneficiaires" in overrides:
        people = tuple(_beneficiary(one) for one in _list(overrides["beneficiaires"]))
    kind = str(overrides.get("type", image.kind))
    return replace(image, kind=kind, serial=serial, beneficiaries=people)


def described(image: VitaleImage) -> dict[str, Any]:
    """What :func:`changed` takes to make this image of any other."""
    people = [
        {french: getattr(who, name) for french, name in _FIELDS.items()}
        for who in image.beneficiaries
    ]
    return {"type": image.kind, "numero_serie": image.serial, "beneficiaires": people}


def _list(value: object) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(
        isinstance(one, Mapping) for one in cast("list[object]", value)
    ):
        raise ValueError("« beneficiaires » est une liste d'objets.")
    return cast("list[Mapping[str, Any]]", value)


def _beneficiary(told: Mapping[str, Any]) -> BeneficiaryImage:
    unknown = sorted(set(told) - set(_FIELDS))
    missing = [name for name in _REQUIRED if not isinstance(told.get(name), str)]
    if unknown or missing:
        wrong = f"« {unknown[0]} » est inconnu" if unknown else f"il manque « {missing[0]} »"
        raise ValueError(f"Bénéficiaire : {wrong}. Champs : {', '.join(_FIELDS)}.")
    values = {_FIELDS[name]: value for name, value in told.items() if value is not None}
    for name in ("insured", "certified"):
        if name in values:
            values[name] = _nir(str(values[name]))
    return BeneficiaryImage(**{name: str(value) for name, value in values.items()})


def _nir(number: str) -> str:
    plain = number.replace(" ", "")
    if not _NIR.fullmatch(plain):
        raise ValueError(f"« {number} » n'est pas un NIR de 13 caractères, suivi ou non de sa clé.")
    return plain if len(plain) == 15 else plain + nir_key(plain)

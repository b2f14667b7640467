"""Mistakes made with the eP-MED-DM and with what is prescribed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from .mistakes import Patch, around, broken, nothing, put, written
from .prescription_mistakes import BUILD, given, lines, sent

_REGULATION = "reference_impl.prescriptions.regulation"
_ROOM = "reference_impl.prescriptions.service"
_COPY = (
    r'<component><section><templateId root="1\.2\.250\.1\.213\.1\.1\.2\.243"'
    r".*?</section></component>"
)
_ANOTHER_BOX = "3400960000022"
_LONG = 1095
_ENTRY = re.compile(rb'(<substanceAdministration[^>]*>(?:<templateId[^>]*/>)*<id root=")([^"]*)')


def _one_identifier(original: Any, asked: Any) -> bytes:
    """Every line gets the identifier of the first one."""
    data = original(asked)
    found = _ENTRY.search(data)
    assert found is not None
    first = found[2]
    return _ENTRY.sub(lambda line: line[1] + first, data)


def _alone(original: Any, asked: Any) -> bytes:
    return original(replace(asked, replaced=None))


def _flagged(without: str) -> Patch:
    def flags(original: Any, *said: Any) -> tuple[str, ...]:
        return tuple(flag for flag in original(*said) if flag != without)

    return around(f"{_ROOM}:flags_of", flags)


DEFECTS = (
    broken(
        "ordonnance-references-sans-diese",
        "Les références du document désignent le texte sans dièse",
        "ordonnance",
        "BANC-EPMED.01",
        written(BUILD, r'value="#([^"]*)"', r'value="\1"'),
    ),
    broken(
        "ordonnance-lignes-de-meme-identifiant",
        "Toutes les lignes du document ont le même identifiant",
        "ordonnance",
        "BANC-EPMED.02",
        around(BUILD, _one_identifier),
    ),
    broken(
        "ordonnance-reference-dans-le-vide",
        "Le texte désigné par une ligne a perdu son ID",
        "ordonnance",
        "BANC-EPMED.03",
        written(BUILD, ' ID="ligne-1"', ""),
    ),
    broken(
        "ordonnance-image-d-un-autre-type",
        "L'image du Code 2D est annoncée PNG, et c'est un JPEG",
        "ordonnance",
        "BANC-EPMED.05",
        written(BUILD, 'mediaType="image/jpeg"', 'mediaType="image/png"'),
    ),
    broken(
        "ordonnance-remplace-absent-du-document",
        "Le document d'un remplaçant ne nomme pas le professionnel remplacé",
        "ordonnance-remplacant",
        "EP-12",
        around(BUILD, _alone),
    ),
    broken(
        "ordonnance-sans-observation-ald",
        "Le document ne dit plus si une ligne est en ALD",
        "ordonnance",
        "EP-19",
        written(BUILD, "MED-574", "MED-575"),
    ),
    broken(
        "ordonnance-bizone-non-declaree",
        "Le document mêle ALD et non-ALD sans se dire bizone",
        "ordonnance",
        "EP-18",
        written(BUILD, "MED-1096", "MED-1095"),
    ),
    broken(
        "ordonnance-sans-copie-pdf",
        "Le document 2024.01 n'a pas la copie PDF de l'ordonnance",
        "ordonnance",
        "EP-20",
        written(BUILD, _COPY, ""),
    ),
    broken(
        "ordonnance-valable-trois-ans",
        "La validité est une durée libre, ici trois ans",
        "ordonnance",
        "EP-21",
        put(f"{_ROOM}:validity_days", lambda *_: _LONG),
    ),
    broken(
        "ordonnance-cis-d-un-autre-systeme",
        "Les codes CIS du document sont déclarés d'une autre nomenclature",
        "ordonnance",
        "EP-22 BANC-EPMED.04",
        written(BUILD, r'"1\.2\.250\.1\.213\.2\.3\.1"', '"1.2.250.1.213.2.3.9"'),
    ),
    broken(
        "ordonnance-cip7",
        "La présentation est transmise par son ancien code à 7 chiffres",
        "ordonnance",
        "EP-22",
        sent("EP4", lines(given("3000001", "cip13"))),
    ),
    broken(
        "ordonnance-boite-d-un-autre-medicament",
        "La présentation transmise est celle du médicament précédent de la liste",
        "ordonnance",
        "EP-22",
        sent("EP4", lines(given(_ANOTHER_BOX, "cip13"))),
    ),
    broken(
        "ordonnance-stupefiant-trois-mois",
        "La durée d'un stupéfiant n'est pas limitée",
        "ordonnance-stupefiant-long",
        "EP-23",
        put(f"{_REGULATION}:NARCOTIC_DAYS", 365),
        put("reference_impl.prescriptions.drugs:Drug.longest", None),
    ),
    broken(
        "ordonnance-stupefiant-non-securise",
        "L'ordonnance d'un stupéfiant n'est pas déclarée sécurisée",
        "ordonnance-stupefiant",
        "EP-23",
        _flagged("MED-1098"),
    ),
    broken(
        "ordonnance-substitution-sans-pharmacie",
        "Un traitement de substitution part sans pharmacie nommée",
        "ordonnance-substitution-opiaces",
        "EP-23",
        nothing(f"{_ROOM}:require_line_allowed"),
    ),
)

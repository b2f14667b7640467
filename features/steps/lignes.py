"""What ordonnances of the features prescribe; drugs are those of the base of the bench."""

from __future__ import annotations

from typing import Any

Line = dict[str, Any]

EVENING: Line = {
    "eprescType": "medicament",
    "cis": "60000002",
    "posologieTexte": "1 comprimé le soir",
    "dureeJours": 30,
    "quantite": {"valeur": 2},
}
MORNING: Line = {
    **EVENING,
    "cis": "60000001",
    "posologieTexte": "1 comprimé le matin",
    "quantite": {"valeur": 1},
}
_NARCOTIC: Line = {
    **EVENING,
    "cis": "60000003",
    "posologieTexte": "Une gélule de dix milligrammes matin et soir, soit deux gélules par jour",
    "dureeJours": 14,
}
_OPIOID: Line = {
    **_NARCOTIC,
    "cis": "60000004",
    "posologieTexte": "Un comprimé de huit milligrammes par jour, en une seule prise",
    "traitementSubstitutionOpiaces": True,
}
_BED: Line = {
    "eprescType": "dispositifMedical",
    "lpp": "1215702",
    "emdn": "V0806",
    "libelle": "Lit médical",
    "quantite": 1,
    "dureeJours": 60,
}
KINDS: dict[str, list[Line]] = {
    "simple": [EVENING],
    "bizone": [{**MORNING, "ald": True}, EVENING],
    "mixte": [EVENING, _BED],
    "de dispositif médical": [_BED],
    "de biologie": [{"eprescType": "acteBiologieMedicale", "libelle": "Hémogramme, glycémie"}],
    "de soins infirmiers": [
        {"eprescType": "acteInfirmier", "libelle": "Pansement simple à domicile", "dureeJours": 7}
    ],
    "de kinésithérapie": [
        {"eprescType": "acteKinesitherapie", "libelle": "Rééducation du genou, dix séances"}
    ],
    "de deux médicaments": [EVENING, MORNING],
    "renouvelable une fois": [{**EVENING, "renouvellements": 1}],
    "non substituable": [{**MORNING, "substitution": {"code": "N", "motif": "MTE"}}],
    "hors AMM": [{**EVENING, "horsAMM": True}],
    "de prévention": [{**EVENING, "prevention": True}],
    "de stupéfiant": [_NARCOTIC],
    "de substitution aux opiacés": [_OPIOID],
}
"""Lines by the words of a step."""
TYPES = {
    "de biologie": "BIOLOGIE",
    "de soins infirmiers": "INFIRMIER",
    "de kinésithérapie": "KINESITHERAPIE",
}
"""Type of the ordonnance, products of health unless it is said here."""
PHARMACY = {"finess": "330999400", "structure": "PHARMACIE FICTIVE DU BANC"}
NAMED = ("de substitution aux opiacés",)
"""Kinds that name the pharmacy that will deliver (CSP R5132-29)."""

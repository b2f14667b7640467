"""What a card or its reading API answers when it refuses, as told by its documents.

Status words: ISO/IEC 7816-4 §5.6. Codes of the reading API: fact sheet ``cards.md`` §6.1.
"""

from __future__ import annotations

from collections.abc import Mapping

from simulators.errors import SimulatorError


class CardError(SimulatorError):
    """A card that cannot be hosted: unreadable image, unreachable reader."""


STATUS_WORDS: Mapping[str, str] = {
    "6982": "condition de sécurité non satisfaite",
    "6983": "code bloqué",
    "6985": "conditions d'utilisation non satisfaites",
    "6A82": "fichier absent",
    "6A88": "donnée référencée absente",
    "6F00": "erreur interne de la carte",
}
"""Status words that a fault may have a card answer (``cards.md`` §12 F2)."""

API_CODES: Mapping[int, str] = {
    10: "ERR_INCONNUE",
    11: "CARTE_ABSENTE",
    12: "CARTE",
    13: "LECTEUR",
    15: "CARTE_INCONNUE",
    17: "HORS_TENSION",
    18: "LOGICIEL",
    20: "GEST_RESSOURCE",
    21: "SESSION_OUVERTE",
    23: "EXCLUSIVITE",
    25: "TIMEOUT",
    26: "SESSION_INCONNUE",
    30: "CPS_RETIREE",
    31: "INIT_RESSOURCE_VIT",
    32: "INIT_FICHIER",
    33: "INIT_MODE",
    34: "INIT_TIMER",
    35: "INIT_RESSOURCE_CPS",
    36: "VALIDITE_CPS",
    37: "CARTE_INCORRECTE",
    38: "CARTE_INVALIDE",
    39: "CARTE_BLOQUEE",
    40: "CARTE_SATUREE",
    41: "PINCODE_INACTIF",
    42: "CARTE_TEST",
    43: "INIT_CSV",
    44: "STRUCTURE_TABLE",
    45: "VERSION_TABLE",
    47: "INIT_TABLE",
    48: "STRUCTURE_CSV",
    50: "CRYPTO",
    51: "CRYPTO_NON_CHARGEE",
    52: "PARAM_NULL",
    53: "PARAM_ADRESSE",
    54: "PARAM_VALEUR",
    55: "PARAM_TAILLE",
    56: "INIT_HAB",
    57: "VERSION_HAB",
    58: "STRUCTURE_HAB",
    60: "TIMER_CTRL",
    61: "TIMER_INAC",
    70: "DETECT_AUTO",
    72: "DETECT_CRYPTO",
}

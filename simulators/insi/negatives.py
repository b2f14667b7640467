"""How each negative case of the sheet is played: N01 to N26 (``ins-insi`` §8).

A case is played by faults to ask for (``delay`` in seconds when it matters), by settings,
by people of the base, by what the service refuses of its own accord, or by another service
of the bench.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Negative:
    """One case, and every way the bench has to play it."""

    title: str
    faults: tuple[str, ...] = ()
    delay: float | None = None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    people: tuple[str, ...] = ()
    """Matricules of the qualification base that carry the oddity themselves."""
    refusals: tuple[str, ...] = ()
    """Error codes answered without any fault, to a message that deserves them."""
    elsewhere: str = ""
    """Which part of the bench plays it, when it is not INSi."""


NEGATIVES: Mapping[str, Negative] = {
    "N01": Negative("CR 01", ("cr01",)),
    "N02": Negative("CR 02", ("cr02",), people=("1140263220833", "1140275056001")),
    "N03": Negative("logiciel inconnu", ("desir_550",), refusals=("desir_550",)),
    "N04": Negative("CN du certificat", ("desir_560",), refusals=("desir_560",)),
    "N05": Negative(
        "passerelle indisponible", ("desir_1020",), settings={"profil": "qualification"}
    ),
    "N06": Negative(
        "erreur technique de l'application",
        ("insi_102", "insi_9007"),
        settings={"profil": "qualification-2021"},
    ),
    "N07": Negative(
        "champ absent ou incorrect",
        ("insi_19", "insi_24", *(f"insi_900{n}" for n in range(1, 7))),
        refusals=("insi_19", "insi_24", *(f"insi_900{n}" for n in range(1, 7))),
    ),
    "N08": Negative("téléservices indisponibles", ("insi_111",)),
    "N09": Negative(
        "aucune réponse, coupure, négociation TLS refusée, mauvais certificat du serveur",
        (
            "muet",
            "couper",
            "couper-apres-traitement",
            "refuser",
            "tls-expire",
            "tls-revoque",
            "tls-autre-ac",
            "tls-autre-gamme",
            "tls-mauvais-nom",
        ),
    ),
    "N10": Negative(
        "réponse HTTP inattendue", ("faute-en-200", "http-503", "corps-vide", "corps-tronque")
    ),
    "N11": Negative("00 sans INDIVIDU", ("sans-individu",)),
    "N12": Negative(
        "éléments absents ou vides",
        (
            "sans-lieu",
            "sans-liste-prenoms",
            "sans-cle",
            "date-incomplete",
            "nom-vide",
            "prenoms-vides",
            "sexe-vide",
        ),
    ),
    "N13": Negative(
        "traits autres que ceux cherchés",
        ("traits-differents", "date-differente", "prenoms-differents"),
    ),
    "N14": Negative("NIA puis NIR", ("nia", "nir-apres-nia"), people=("1090763220888",)),
    "N15": Negative(
        "historique singulier",
        (
            "historique-double",
            "historique-long",
            "historique-inverse",
            "historique-desordre",
            "cnda-2.04-cas2",
        ),
        people=("1090763220834", "180032B020401"),
    ),
    "N16": Negative("clé non conforme", ("cle-fausse",), people=("1810363220456",)),
    "N17": Negative("OID de test ou de démonstration", ("oid-test", "oid-demonstration")),
    "N18": Negative("OID inconnu", ("oid-inconnu",)),
    "N19": Negative("minuscules et accents", ("minuscules-accents",)),
    "N20": Negative(
        "autre écriture de la même réponse",
        (
            "style-2022",
            "style-cnda",
            "style-avant-2022",
            "style-2021",
            "en-tete-vide",
            "element-inconnu",
            "commentaire",
            "bom",
            "mise-en-page",
        ),
        settings={"serialisation": "cnda", "en_tete": True},
    ),
    "N21": Negative("matricule de deux identités", ("meme-matricule",), people=("2770763220829",)),
    "N22": Negative("succès tardif", ("lent",), delay=25),
    "N23": Negative(
        "assertion périmée, altérée ou d'une autre carte",
        ("desir_9001", "desir_9002", "desir_9003", "desir_9005"),
        refusals=("desir_9001", "desir_9002", "desir_9003", "desir_9005"),
    ),
    "N24": Negative("datamatrix mal formé", elsewhere="datamatrix INS (rules/formats)"),
    "N25": Negative(
        "carte Vitale : date lunaire, jumeaux, sans NIR certifié, plusieurs bénéficiaires",
        elsewhere="cartes Vitale du monde (fixtures/world.py), que la base connaît aussi",
    ),
    "N26": Negative(
        "vérification KO (hors spécification)",
        ("verification-ko", "verification-sans-fin"),
        settings={"verification": True},
    ),
}

"""Failures and lies a tester may ask of INSi (sheet ``ins-insi`` §8).

Those of the connection (time-out, cut, 503 …) are common to every service. An error
fault answers an entry of the catalogue; a lie changes a true answer. :mod:`.negatives`
says for each N of the sheet how it is played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from simulators.insi.errors import CATALOGUE
from simulators.insi.people import NIA, Number, Person
from simulators.insi.wire import STYLES, Reply

ERRORS: tuple[str, ...] = (
    "desir_550",
    "desir_560",
    "desir_1020",
    "insi_102",
    "insi_111",
    "insi_19",
    "insi_24",
    "insi_9001",
    "insi_9002",
    "insi_9003",
    "insi_9004",
    "insi_9005",
    "insi_9006",
    "insi_9007",
    "desir_9001",
    "desir_9002",
    "desir_9003",
    "desir_9005",
)
"""N03–N08, N23: the error is answered whatever the request."""

FAULT_IN_200 = "faute-en-200"
EMPTY = "corps-vide"
NOT_VERIFIED = "verification-ko"
NEVER_DONE = "verification-sans-fin"

Lie = Callable[[Reply], Reply]


def _on_person(change: Callable[[Person], Person]) -> Lie:
    def lie(reply: Reply) -> Reply:
        return reply if reply.person is None else reply.changed(change(reply.person))

    return lie


def _active(**changes: str | None) -> Lie:
    return _on_person(lambda person: replace(person, active=replace(person.active, **changes)))


def _without(*names: str) -> Lie:
    return lambda reply: replace(reply, omitted=reply.omitted | set(names))


def _written(**options: object) -> Lie:
    return lambda reply: replace(reply, **options)  # type: ignore[arg-type]


def _history(make: Callable[[Number], tuple[Number, ...]]) -> Lie:
    return _on_person(lambda person: replace(person, history=make(person.active)))


def _ten(active: Number) -> tuple[Number, ...]:
    years = range(2006, 2016)
    return tuple(replace(active, start=f"{y}-01-01", end=f"{y}-12-31") for y in years)


def _wrong_key(person: Person) -> Person:
    key = f"{(int(person.active.key or 0) + 1) % 97 or 97:02d}"
    return replace(person, active=replace(person.active, key=key))


def _other_traits(person: Person) -> Person:
    return replace(person, birth_name=f"{person.birth_name} AUTRE", given_names="DIFFERENT")


def _emptied(field: str) -> Lie:
    return _on_person(lambda person: replace(person, **{field: ""}))  # type: ignore[arg-type]


def _spoken(person: Person) -> Person:
    return replace(
        person,
        birth_name=person.birth_name.capitalize() + "é",
        given_names=person.given_names.lower(),
    )


def _was_nia(active: Number) -> tuple[Number, ...]:
    return (replace(active, oid=NIA, start="2015-01-01", end="2019-12-31"),)


_INVERTED = {"start": "2019-03-01", "end": "2019-02-28"}

LIES: Mapping[str, tuple[str, Lie]] = {
    "cr01": ("N01 : aucune identité trouvée", lambda r: replace(r, code="01", person=None)),
    "cr02": ("N02 : plusieurs identités trouvées", lambda r: replace(r, code="02", person=None)),
    "sans-individu": ("N11 : code 00 sans INDIVIDU", _without("INDIVIDU")),
    "sans-lieu": ("N12 : sans LieuNaissance", _without("LieuNaissance")),
    "sans-liste-prenoms": ("N12 : sans ListePrenom", _without("ListePrenom")),
    "sans-cle": ("N12 : sans Cle", _without("Cle")),
    "traits-differents": ("N13 : traits autres que ceux cherchés", _on_person(_other_traits)),
    "date-differente": (
        "N13 : une autre date de naissance",
        _on_person(
            lambda p: replace(p, birth_date=f"{int(p.birth_date[:4]) - 1}{p.birth_date[4:]}")
        ),
    ),
    "prenoms-differents": (
        "N13 : une autre liste de prénoms, qui commence pareil",
        _on_person(lambda p: replace(p, given_names=f"{p.given_names} AJOUTE")),
    ),
    "date-incomplete": (
        "jour et mois à 00 (INS/va1.28)",
        _on_person(lambda p: replace(p, birth_date=f"{p.birth_date[:4]}-00-00")),
    ),
    "nom-vide": ("NomNaissance vide (INS/va1.31)", _emptied("birth_name")),
    "prenoms-vides": ("ListePrenom vide (INS/va1.31)", _emptied("given_names")),
    "sexe-vide": ("Sexe vide (INS/va1.31)", _emptied("sex")),
    "nia": ("N14 : l'identifiant rendu est un NIA", _active(oid=NIA)),
    "nir-apres-nia": ("N14 : un NIR, avec le NIA en historique", _history(_was_nia)),
    "historique-double": ("N15 : historique égal à l'INS actif", _history(lambda a: (a, a))),
    "historique-long": ("N15 : dix entrées d'historique", _history(_ten)),
    "historique-inverse": (
        "N15 : une fin antérieure au début",
        _history(lambda a: (replace(a, **_INVERTED),)),
    ),
    "historique-desordre": (
        "N15 : dates avant l'identifiant, contre le schéma",
        lambda r: replace(_history(lambda a: (replace(a, **_INVERTED),))(r), dates_first=True),
    ),
    "cle-fausse": ("N16 : clé non conforme", _on_person(_wrong_key)),
    "oid-test": ("N17 : OID de test (.10)", _active(oid="1.2.250.1.213.1.4.10")),
    "oid-demonstration": ("N17 : OID de démonstration (.11)", _active(oid="1.2.250.1.213.1.4.11")),
    "oid-inconnu": ("N18 : OID inconnu", _active(oid="1.2.250.1.213.1.4.99")),
    "minuscules-accents": ("N19 : minuscules et accents dans les traits", _on_person(_spoken)),
    **{
        f"style-{name}": (f"N20 : sérialisation « {name} »", _written(style=name))
        for name in STYLES
    },
    "en-tete-vide": ("N20 : un Header vide", _written(header=True)),
    "element-inconnu": ("N20 : un élément de plus", _written(unknown_element=True)),
    "commentaire": ("N20 : un commentaire XML près de l'OID", _written(comment=True)),
    "bom": ("N20 : une marque d'ordre des octets", _written(byte_order_mark=True)),
    "mise-en-page": ("N20 : réponse indentée", _written(pretty=True)),
    "meme-matricule": (
        "N21 : le matricule d'une autre personne (CNDA 3.05 cas 3)",
        _active(number="2770763220829", key="10"),
    ),
    "cnda-2.04-cas2": (
        "réponse CNDA 2.04 cas 2 : deux entrées d'historique, l'une sans dates",
        _on_person(lambda p: replace(p, history=(*p.history, Number("2090663220123", "55")))),
    ),
}

FAULTS: Mapping[str, str] = {
    **{name: f"faute : {CATALOGUE[name].text}" for name in ERRORS},
    **{name: description for name, (description, _) in LIES.items()},
    FAULT_IN_200: "N10 : une faute dans une réponse HTTP 200",
    EMPTY: "N10 : une réponse 200 sans corps",
    NOT_VERIFIED: "N26 : vérification KO, quelle que soit l'INS (hors spécification)",
    NEVER_DONE: "un dépôt de vérifications reste en cours (hors spécification)",
}
"""Every fault of the service: name to French description."""


def spoil(reply: Reply, name: str | None) -> Reply:
    """The answer once a lie is applied; unchanged for any other name."""
    return LIES[name][1](reply) if name is not None and name in LIES else reply

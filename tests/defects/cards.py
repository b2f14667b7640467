"""Mistakes made with the CPS and the carte Vitale.

CD-16 and the first half of CD-13 need an environment of production, CD-18 a product left
at rest for a while, the rights of a CPE (CD-12) a call that the DMP would take from one:
their proof is in ``tests/rules/cards``.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from bench.defects import Patcher
from reference_impl.cards.cps import EF_ACTUA
from reference_impl.cards.cps3 import Cps3
from reference_impl.cards.errors import CardError
from reference_impl.cards.signer import Signer

from . import stimuli_cards
from .mistakes import Patch, around, broken, changed, nothing, put

__all__ = ["DEFECTS", "stimuli_cards"]

_CARDS = "reference_impl.cards"
_SESSION = f"{_CARDS}.session:CardSession"
_CONTENT = f"{_CARDS}.content"
_CODE = "1234"


def _remembered(place: str, key: Callable[..., Any]) -> Patch:
    """What a function gave first is given again for the same key."""

    def apply(patcher: Patcher) -> None:
        kept: dict[Any, Any] = {}

        def once(original: Callable[..., Any], *arguments: Any) -> Any:
            known = key(*arguments)
            if known not in kept:
                kept[known] = original(*arguments)
            return copy.copy(kept[known])

        patcher.wrap(place, once)

    return apply


def _first_reader(original: Any, *arguments: Any) -> Any:
    return original(*arguments)[:1]


def _without_first_digit(original: Any, **holder: Any) -> Any:
    return original(**{**holder, "identifiant_national": holder["identifiant_national"][1:]})


def _code_first(original: Any, session: Any, message: bytes) -> bytes:
    session._chip.verify(_CODE)
    return original(session, message)


def _stubborn(original: Any, chip: Any, code: str) -> None:
    for _ in range(2):
        try:
            return original(chip, code)
        except CardError:
            continue
    return original(chip, code)


def _without_counter(original: Any, cards: Any, session: Any, typed: str | None) -> None:
    session.enter(typed or cards._pin_pad.code(session.card.national_id))


def _unexplained() -> CardError:
    return CardError("CARTE_REFUS", "Erreur 6983.", "code")


def _uncounted(_left: int | None) -> CardError:
    return CardError("CODE_FAUX", "Le code porteur est faux.", "code")


def _other_key(original: Any, chip: Any, key: int, message: bytes) -> bytes:
    return original(chip, 3 - key, message)


def _key_of_a_file(original: Any, cards: Any, professional: Any) -> Signer:
    credential = cards._environment.credentials[professional.sign_credential]
    key = load_pem_private_key(credential.key_path.read_bytes(), None)
    return replace(original(cards, professional), key=key)


def _certificate_of_a_file(original: Any, cards: Any, professional: Any) -> Signer:
    credential = cards._environment.credentials[f"{professional.sign_credential}.revoque"]
    former = x509.load_pem_x509_certificate(credential.cert_path.read_bytes())
    return replace(original(cards, professional), certificate=former)


def _first_beneficiary(original: Any, lgc: Any, position: int | None) -> Any:
    return original(lgc, position or 1)


def _first_of_the_year(date: str) -> str:
    return date if "01" <= date[4:6] <= "12" else f"{date[:4]}0101"


def _given_name_of_the_card(original: Any, lgc: Any, patient: Any, search: Any, way: Any) -> Any:
    taken = original(lgc, patient, search, way)
    given = lgc.vitale.read().beneficiaries[0].given_name
    traits = replace(taken.traits, birth_given_names=f"{given}")
    after = replace(taken, traits=traits)
    lgc.records.save(taken, after, "prénom de la carte Vitale")
    return after


DEFECTS = (
    broken(
        "cartes-premier-lecteur-seulement",
        "Le logiciel n'interroge que le lecteur de la première installation",
        "carte-dans-un-autre-lecteur",
        "CD-01",
        around(f"{_CARDS}.places:readers", _first_reader),
    ),
    broken(
        "cartes-porteur-sans-prefixe",
        "Le porteur affiché est un RPPS sans le 8 qui le précède sur la carte",
        "lecture-cps",
        "CD-02",
        around("reference_impl.gestures.cards:HolderJson", _without_first_digit),
    ),
    broken(
        "cartes-validite-non-lue",
        "Ni EF_ACTUA ni les dates de la carte ne sont comparées à l'heure",
        "lecture-carte-expiree",
        "CD-02",
        nothing(f"{_SESSION}.require_usable"),
    ),
    broken(
        "cartes-actua-tronque-ignore",
        "Un EF_ACTUA illisible est pris pour absent",
        "lecture-actua-tronque",
        "CD-02",
        put(f"{_CARDS}.cps:IsoCps.validity", lambda chip: chip._read(EF_ACTUA) and None),
    ),
    broken(
        "cartes-code-garde-et-rejoue",
        "Le code est gardé en mémoire et présenté avant chaque signature",
        "lecture-puis-recherche",
        "CD-03",
        around(f"{_SESSION}.sign", _code_first),
    ),
    broken(
        "cartes-code-faux-rejoue",
        "Un code refusé est présenté encore, jusqu'à bloquer la carte",
        "code-faux",
        "CD-04",
        around(f"{_CARDS}.cps:IsoCps.verify", _stubborn),
    ),
    broken(
        "cartes-essais-restants-tus",
        "Le refus d'un code ne dit pas combien d'essais restent",
        "code-faux",
        "CD-04",
        put(f"{_CARDS}.cps:wrong_code", _uncounted),
    ),
    broken(
        "cartes-code-presente-a-une-carte-bloquee",
        "Le compteur d'essais n'est pas lu avant de présenter le code",
        "lecture-carte-bloquee",
        "CD-05",
        around(f"{_CARDS}.sessions:Cards._enter", _without_counter),
    ),
    broken(
        "cartes-blocage-inexplique",
        "Une carte bloquée donne une erreur technique sans issue",
        "lecture-carte-bloquee",
        "CD-05",
        put(f"{_CARDS}.sessions:blocked", _unexplained),
    ),
    broken(
        "cartes-session-apres-le-retrait",
        "Le retrait de la carte ne ferme pas la session",
        "carte-retiree",
        "CD-06",
        put(f"{_SESSION}.alive", lambda _session: True),
        put(f"{_SESSION}.tries_left", lambda _session: 3),
    ),
    broken(
        "cartes-cle-d-authentification",
        "La signature est demandée à la clé d'authentification",
        "lecture-puis-recherche",
        "CD-07",
        around(f"{_CARDS}.cps3:Cps3._signed", _other_key),
    ),
    broken(
        "cartes-cle-dans-un-fichier",
        "Les assertions sont signées par une clé de fichier, la carte n'étant que lue",
        "lecture-puis-recherche",
        "CD-07",
        around(f"{_CARDS}.sessions:Cards.signer", _key_of_a_file),
    ),
    broken(
        "cartes-certificat-de-l-ancienne-carte",
        "Le certificat joint est celui gardé de la carte précédente",
        "lecture-puis-recherche",
        "CD-08",
        around(f"{_CARDS}.sessions:Cards.signer", _certificate_of_a_file),
    ),
    broken(
        "cartes-situation-du-parametrage",
        "Structure et facturation sont celles du paramétrage, non de la situation choisie",
        "situation-choisie",
        "CD-09",
        put(f"{_CARDS}.sessions:Cards.professional", lambda _cards, professional: professional),
    ),
    broken(
        "cartes-premiere-situation-d-office",
        "La première situation de la carte est prise sans rien demander",
        "situation-a-choisir",
        "CD-09",
        put(f"{_SESSION}.situation", property(lambda session: session.card.situations[0])),
    ),
    broken(
        "cartes-lecture-arretee-au-premier-trou",
        "Les situations sont lues jusqu'au premier numéro absent",
        "lecture-situations-eparses",
        "CD-10",
        around(f"{_CARDS}.session:read_situations", lambda original, chip: original(chip)[:1]),
    ),
    broken(
        "cartes-textes-coupes",
        "Les textes de la carte sont coupés à vingt caractères",
        "lecture-valeurs-longues",
        "CD-11",
        around(f"{_CONTENT}:_text", lambda original, value: original(value)[:20]),
    ),
    broken(
        "cartes-accents-perdus",
        "Les textes de la carte sont lus en ASCII",
        "lecture-valeurs-longues",
        "CD-11",
        put(f"{_CONTENT}:_text", lambda value: value.decode("ascii", "replace").strip()),
    ),
    broken(
        "cartes-remplacant-ignore",
        "Le mode d'exercice 04 n'est pas reconnu",
        "lecture-remplacant",
        "CD-12",
        put(f"{_CARDS}.values:Situation.substitute", property(lambda _situation: False)),
    ),
    broken(
        "cartes-reelle-acceptee-en-essai",
        "La catégorie de la carte n'est pas comparée à l'environnement",
        "lecture-carte-reelle",
        "CD-13",
        nothing(f"{_SESSION}.require_usable"),
    ),
    broken(
        "cartes-cps4-prise-pour-une-cps3",
        "Toute carte est lue avec les commandes d'une CPS3",
        "lecture-cps4",
        "CD-14",
        around(f"{_CARDS}.places:Cps4", lambda _original, *arguments: Cps3(*arguments)),
    ),
    broken(
        "cartes-premier-beneficiaire-d-office",
        "Le premier bénéficiaire est cherché quand personne n'a choisi",
        "recherche-vitale-sans-choix",
        "CD-15",
        around("reference_impl.gestures.identity:read_beneficiary", _first_beneficiary),
    ),
    broken(
        "cartes-date-lunaire-arrangee",
        "Une date lunaire est remplacée par le premier janvier",
        "recherche-vitale-lunaire",
        "CD-15",
        changed("reference_impl.gestures.identity:read_beneficiary", birth_date=_first_of_the_year),
    ),
    broken(
        "cartes-vitale-gardee-en-memoire",
        "La carte Vitale lue une fois sert encore après un échange de cartes",
        "vitale-echangee",
        "CD-17",
        _remembered(f"{_CARDS}.vitale:VitaleReader.read", lambda _reader: "carte"),
    ),
    broken(
        "cartes-assertion-resservie",
        "L'assertion signée sert encore après vingt minutes",
        "recherches-espacees",
        "CD-17",
        _remembered("reference_impl.insi.client:signed_assertion", lambda *_: "assertion"),
    ),
    broken(
        "cartes-identite-gardee-par-lecteur",
        "L'identité du porteur est gardée par lecteur et non par numéro de carte",
        "carte-echangee",
        "CD-19",
        _remembered(f"{_CARDS}.session:read_card", lambda chip, _certificate: chip.reader),
        nothing(f"{_CARDS}.session:require_coherent"),
    ),
    broken(
        "cartes-prenom-de-la-vitale",
        "Le prénom usuel de la carte Vitale remplace les prénoms de l'identité",
        "recherche-vitale",
        "CD-20 INS-S-06",
        around("reference_impl.gestures.identity:_applied", _given_name_of_the_card),
    ),
)

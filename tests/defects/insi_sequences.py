"""Mistakes in the sequence of INSi calls, in reading answers, and about the carte Vitale."""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.errors import UnavailableError
from reference_impl.insi.request import Criteria
from reference_impl.people import Individual, Ins, Traits

from . import stimuli_insi
from .mistakes import around, broken, put, written

assert stimuli_insi  # its sequences are declared by being imported

_CLIENT = "reference_impl.insi.client"
_CARD = "reference_impl.insi.card_request"
_BENEFICIARY = "reference_impl.gestures.identity:read_beneficiary"
_OTHER = Traits("ADRDEUX", "LAURENT", "M", "1981-01-01", "63220")


def _last_name_first(original: Any, traits: Traits) -> Any:
    names = " ".join(reversed(traits.birth_given_names.split()))
    return original(replace(traits, birth_given_names=names))


def _first_name_only(original: Any, traits: Traits) -> Any:
    return original(replace(traits, birth_given_names=traits.first_given_name))


def _never_stopping(_original: Any, traits: Traits) -> Generator[Criteria, Any, None]:
    for name in traits.birth_given_names.split():
        yield Criteria(traits, name)


def _again_on_fault(original: Any, traits: Traits) -> Generator[Criteria, Any, None]:
    plan = original(traits)
    criteria = next(plan)
    while True:
        answer = yield criteria
        if answer.fault:
            yield criteria
            return
        try:
            criteria = plan.send(answer)
        except StopIteration:
            return


def _somebody_else_too(original: Any, client: Any, traits: Traits, *others: Any) -> Any:
    original(client, _OTHER, *others[:2])
    return original(client, traits, *others)


def _one_prefix_known(original: Any, status: int, body: bytes, **options: Any) -> Any:
    if status == 200 and b"<RESULTAT" not in body:
        raise UnavailableError("REPONSE_ILLISIBLE", "La réponse d’INSi n’a pas pu être lue.")
    return original(status, body, **options)


def _one_of_several(original: Any, *arguments: Any, **options: Any) -> Any:
    answer = original(*arguments, **options)
    if answer.code != "02":
        return answer
    traits = Traits("DE VINCI", "LEONARDO", "M", "2014-02-01", "99999")
    ins = Ins("1140263220833", "56", "1.2.250.1.213.1.4.8")
    return replace(answer, individual=Individual(ins, (), traits))


def _number_for_a_number(original: Any, *arguments: Any, **options: Any) -> Any:
    answer = original(*arguments, **options)
    if answer.individual is None:
        return answer
    ins = answer.individual.ins
    digits = ins.matricule.replace("A", "0").replace("B", "0")
    kept = replace(answer.individual, ins=replace(ins, matricule=digits))
    return replace(answer, individual=kept)


def _without_apostrophe(original: Any, *arguments: Any) -> bytes:
    return re.sub(rb"(?<=[A-Z])'(?=[A-Z])", b" ", original(*arguments))


def _first_on_the_card(original: Any, lgc: Any, _position: int | None) -> Any:
    return original(lgc, 1)


def _calendar_date(original: Any, date: str) -> str:
    dashed = original(date)
    return f"{dashed[:4]}-01-01" if dashed[5:7] > "12" else dashed


DEFECTS = (
    broken(
        "insi-prenoms-dans-l-ordre-inverse",
        "La recherche commence par le dernier prénom",
        "recherche-deuxieme-prenom",
        "INS-W-22",
        around(f"{_CLIENT}:_plan", _last_name_first),
    ),
    broken(
        "insi-premier-prenom-seulement",
        "Après un code 01, les autres prénoms ne sont pas essayés",
        "recherche-introuvable",
        "INS-W-22",
        around(f"{_CLIENT}:_plan", _first_name_only),
    ),
    broken(
        "insi-appels-apres-le-code-00",
        "La boucle sur les prénoms ne s'arrête pas à la réponse 00",
        "recherche-deuxieme-prenom",
        "INS-W-22",
        around(f"{_CLIENT}:_plan", _never_stopping),
    ),
    broken(
        "insi-homonymes-laisses-la",
        "Après un code 02, le lieu de naissance du dossier n'est pas essayé",
        "recherche-homonymes",
        "INS-W-23",
        put(f"{_CLIENT}:_narrowed", lambda *_arguments: iter(())),
    ),
    broken(
        "insi-un-homonyme-au-hasard",
        "Après un code 02, l'INS d'un des homonymes est retenue",
        "recherche-homonymes-sans-lieu",
        "INS-W-23 INS-S-01",
        around(f"{_CLIENT}:read_answer", _one_of_several),
    ),
    broken(
        "insi-rappel-apres-une-erreur",
        "Une erreur technique est suivie aussitôt du même appel",
        "panne-insi",
        "INS-W-24",
        around(f"{_CLIENT}:_plan", _again_on_fault),
        injection=Injection("insi", "desir_1020"),
    ),
    broken(
        "insi-recherche-de-tous-les-dossiers",
        "Une recherche en profite pour interroger INSi sur un autre dossier",
        "recherche-d-un-dossier-sur-deux",
        "INS-W-24",
        around(f"{_CLIENT}:InsiClient.search", _somebody_else_too),
    ),
    broken(
        "insi-un-seul-prefixe-reconnu",
        "La réponse n'est lue que si RESULTAT est écrit sans préfixe",
        "recherche-insi",
        "INS-W-25 INS-S-01",
        around(f"{_CLIENT}:read_answer", _one_prefix_known),
        injection=Injection("insi", "style-avant-2022", times=None),
    ),
    broken(
        "insi-matricule-pris-pour-un-nombre",
        "Le matricule d'une personne née en Corse perd sa lettre",
        "recherche-corse",
        "INS-W-25",
        around(f"{_CLIENT}:read_answer", _number_for_a_number),
    ),
    broken(
        "insi-apostrophes-otees",
        "Les apostrophes du nom de naissance partent comme des espaces",
        "recherche-nom-a-apostrophes",
        "",
        around(f"{_CLIENT}:envelope", _without_apostrophe),
        scenario="2.03 cas 1",
    ),
    broken(
        "insi-rang-de-naissance-oublie",
        "RECVITALE n'a pas le rang de naissance",
        "vitale-d-un-jumeau",
        "INS-W-26",
        written(f"{_CLIENT}:envelope", "<ins:RangNaissance>.*?</ins:RangNaissance>", ""),
    ),
    broken(
        "insi-nir-certifie-oublie",
        "RECVITALE ne porte que l'ouvrant droit, même quand le NIR du bénéficiaire est certifié",
        "vitale-a-date-lunaire",
        "INS-W-26",
        written(f"{_CLIENT}:envelope", "<ins:MatriculeIndividu>.*?</ins:MatriculeIndividu>", ""),
    ),
    broken(
        "insi-date-lunaire-corrigee",
        "La date lunaire lue sur la carte est remplacée par le premier janvier",
        "vitale-a-date-lunaire",
        "INS-W-26 CD-15",
        around(f"{_CARD}:_dashed", _calendar_date),
    ),
    broken(
        "insi-premier-beneficiaire-toujours",
        "La recherche part toujours avec le premier bénéficiaire de la carte",
        "vitale-d-un-jumeau",
        "INS-W-27 CD-15",
        around(_BENEFICIARY, _first_on_the_card),
    ),
    broken(
        "insi-beneficiaire-pris-sans-demander",
        "Le logiciel ne demande pas lequel des bénéficiaires consulte",
        "vitale-a-plusieurs-sans-choix",
        "INS-W-27 CD-15",
        around(_BENEFICIARY, _first_on_the_card),
    ),
    broken(
        "insi-verification-sans-l-avoir-lue-au-descripteur",
        "La vérification est appelée sans savoir si l'environnement la sert",
        "verification-non-servie",
        "INS-V-02",
        put(f"{_CLIENT}:InsiClient.verifies", True),
    ),
    broken(
        "insi-verification-sans-cle",
        "La vérification part sans la clé du matricule",
        "verification-servie",
        "INS-V-01",
        put(f"{_CLIENT}:InsiClient.verifies", True),
        written(f"{_CLIENT}:envelope", "(?<=</ins:NumIdentifiant>)<ins:Cle>.*?</ins:Cle>|\\Z", ""),
    ),
)

"""Mistakes made with the Code 2D and the page that the patient is given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import segno

from .mistakes import around, broken, put, written
from .prescription_mistakes import CODE, forgotten, given, lines, sent, sheet

_PDF = "reference_impl.documents.ordonnance_pdf"
_TEXT = "reference_impl.documents.ordonnance_text"


def _used_name(original: Any, ordonnance: Any, traits: Any) -> str:
    return original(ordonnance, replace(traits, birth_name=traits.used_name or traits.birth_name))


def _every_given_name(original: Any, ordonnance: Any, traits: Any) -> str:
    content = json.loads(original(ordonnance, traits))
    content["D"]["P"]["P"] = traits.birth_given_names.ljust(90)
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _level_h(text: str) -> Any:
    drawn = segno.make_qr(text, error="h", boost_error=False)
    return tuple(tuple(bool(module) for module in row) for row in drawn.matrix)


def _without(word: str) -> Any:
    def caption(original: Any, page: Any, text: str) -> None:
        original(page, "" if text.startswith(word) else text)

    return around(f"{_PDF}:_Page._caption", caption)


def _mentions(change: Any) -> Any:
    return around(f"{_PDF}:mentions", lambda original, page: change(original(page)))


def _unsorted(printed: Any) -> Any:
    """Every line where the other zone stands."""
    told = printed.ordonnance
    turned = tuple(replace(line, ald=not line.ald) for line in told.lines)
    return replace(printed, ordonnance=replace(told, lines=turned))


def _no_motive(original: Any, line: Any) -> Any:
    marks = (mark.split(" (")[0] if "substituable" in mark else mark for mark in original(line))
    return tuple(marks)


DEFECTS = (
    broken(
        "ordonnance-code-2d-noms-courts",
        "Les noms du Code 2D ne sont pas complétés à 90 caractères",
        "ordonnance",
        "EP-07",
        written(CODE, ' +"', '"'),
    ),
    broken(
        "ordonnance-code-2d-aere",
        "Le JSON du Code 2D est écrit avec des espaces entre ses éléments",
        "ordonnance",
        "EP-07",
        around(CODE, lambda o, *said: json.dumps(json.loads(o(*said)), ensure_ascii=False)),
    ),
    broken(
        "ordonnance-code-2d-version-en-texte",
        "La version de la structure est écrite entre guillemets",
        "ordonnance",
        "EP-07",
        written(CODE, '"V":2', '"V":"2"'),
    ),
    broken(
        "ordonnance-code-2d-niveau-h",
        "Le QR code est dessiné au niveau de correction le plus élevé",
        "ordonnance",
        "EP-08",
        put("reference_impl.documents.qr:symbol", _level_h),
    ),
    broken(
        "ordonnance-numero-sans-intitule",
        "Le numéro est imprimé seul, sans « e-prescription »",
        "ordonnance",
        "EP-09",
        _without("e-prescription"),
    ),
    broken(
        "ordonnance-code-2d-nom-utilise",
        "Le Code 2D porte le nom utilisé",
        "ordonnance-nom-utilise",
        "EP-10",
        around(CODE, _used_name),
    ),
    broken(
        "ordonnance-code-2d-tous-les-prenoms",
        "Le Code 2D porte la liste des prénoms",
        "ordonnance-nom-utilise",
        "EP-10",
        around(CODE, _every_given_name),
    ),
    broken(
        "ordonnance-code-2d-identifiant-national",
        "Le Code 2D porte l'identifiant national, 8 en tête, au lieu du RPPS",
        "ordonnance",
        "EP-11 EP-12",
        written(CODE, '"RPPS":"', '"RPPS":"8'),
    ),
    broken(
        "ordonnance-numero-am-sans-cle",
        "Le numéro AM est transmis sans sa clé",
        "ordonnance",
        "EP-11",
        sent("EP4", given(lambda am: am[:-1], "prescripteur", "am")),
    ),
    broken(
        "ordonnance-remplacant-absent-du-code-2d",
        "Le Code 2D d'un remplaçant ne porte que le titulaire",
        "ordonnance-remplacant",
        "EP-12",
        written(CODE, '"RPPS2":"[0-9]*",', ""),
    ),
    broken(
        "ordonnance-remplacant-deux-fois-le-meme",
        "Le remplaçant est déclaré titulaire et remplaçant",
        "ordonnance-remplacant",
        "EP-12",
        sent("EP4", lambda told: told["prescripteur"].update(rpps=told["remplace"]["rpps"])),
    ),
    broken(
        "ordonnance-mention-malgre-l-opposition",
        "La mention de consultation est un pied de page fixe",
        "ordonnance-sans-consentement",
        "EP-13",
        sheet(lambda printed: replace(printed, consent=True)),
    ),
    broken(
        "ordonnance-mention-sans-date",
        "La mention ne dit pas quel jour le patient a été informé",
        "ordonnance",
        "EP-13",
        _mentions(lambda said: (said[0].replace(said[0].split(",")[1] + ",", ""), *said[1:])),
    ),
    broken(
        "ordonnance-consentement-non-transmis",
        "La réponse du patient n'est pas transmise",
        "ordonnance",
        "EP-13",
        sent("EP4", forgotten("consentement")),
    ),
    broken(
        "ordonnance-sans-mention-de-transmission",
        "La mention de transmission à l'assurance maladie n'est pas imprimée",
        "ordonnance",
        "EP-14",
        _mentions(lambda said: said[:-1]),
    ),
    broken(
        "ordonnance-pages-non-numerotees",
        "Les pages ne sont pas numérotées",
        "ordonnance",
        "EP-15",
        _without("Page"),
    ),
    broken(
        "ordonnance-motif-non-transmis",
        "Le motif de non-substitution reste dans le logiciel",
        "ordonnance",
        "EP-16",
        sent("EP4", lines(lambda line: line["substitution"].pop("motif", None))),
    ),
    broken(
        "ordonnance-motif-non-imprime",
        "« Non substituable » est imprimé sans motif",
        "ordonnance",
        "EP-16",
        around(f"{_TEXT}:marks", _no_motive),
    ),
    broken(
        "ordonnance-efg-pour-tous",
        "Le motif EFG est proposé à tout âge",
        "ordonnance-adulte-efg",
        "EP-17",
        put("reference_impl.prescriptions.writing:EFG_AGE", 150),
    ),
    broken(
        "ordonnance-zones-inversees",
        "Les lignes en ALD sont imprimées dans la zone des autres",
        "ordonnance",
        "EP-18",
        sheet(_unsorted),
    ),
    broken(
        "ordonnance-mixte-non-declaree",
        "L'ordonnance qui mêle ALD et non-ALD est transmise comme une ordonnance simple",
        "ordonnance",
        "EP-18",
        sent("EP4", lambda told: told.update(flags=[], sousType="STD")),
    ),
)

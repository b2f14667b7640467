"""EP-07, EP-08, EP-10, EP-11, EP-12: what the Code 2D of an ordonnance holds.

Source: Code 2D published by the Dev Box santé, EF_INS25_01 (e-prescription.md
§5, §14).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context, Traits
from rules.findings import Finding, Severity
from rules.formats.cartouche import plain
from rules.formats.code2d import PADDED, PATHS, SECOND_RPPS, VERSION, Code2D
from rules.formats.numbers import luhn
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import Ordonnance, iso_date

SOURCE = "Code 2D publié (e-prescription.md §5, §14)"
MAX_MODULES = 17 + 4 * 12
"""Modules on a side of a QR code of version 12."""
_RPPS = re.compile(r"[0-9]{11}", re.ASCII)
_AM = re.compile(r"[0-9]{9}", re.ASCII)


@check(
    "EP-07",
    title="Le Code 2D est un QR code dont le texte a la structure publiée",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def structure(code: Code2D, _context: Context) -> Iterator[Finding]:
    """Keys, their order, version 2, names on 90 characters, no white space between tokens."""
    if code.symbol is not None and code.symbol.kind != "qr":
        yield Finding(
            code.symbol.place,
            "un QR code",
            code.symbol.kind,
            "Dessiner le Code 2D en QR code : les pharmacies n'en lisent pas d'autre.",
        )
    wrong_keys = list(_keys(code))
    yield from wrong_keys
    if not wrong_keys:
        yield from _layout(code)
    yield from _values(code)


def _keys(code: Code2D) -> Iterator[Finding]:
    """Those missing, and those that nobody published."""
    for path in PATHS:
        if path not in code.paths and path != SECOND_RPPS:
            yield Finding(
                code.place(*path), "présent", "absent", f"Ajouter {'.'.join(path)} au Code 2D."
            )
    for path in code.paths:
        if path not in PATHS:
            yield Finding(
                code.place(*path),
                "les seules clés S.V, D.ID, D.P.N, D.P.P, D.P.D, D.M.RPPS, D.M.RPPS2 et D.M.AM",
                ".".join(path),
                f"Retirer {'.'.join(path)} du Code 2D.",
            )


def _layout(code: Code2D) -> Iterator[Finding]:
    expected = tuple(path for path in PATHS if path in code.paths)
    if code.paths != expected:
        yield Finding(
            code.place("texte"),
            ", ".join(map(".".join, expected)),
            ", ".join(map(".".join, code.paths)),
            "Écrire les clés du Code 2D dans l'ordre publié.",
        )
    elif code.text != code.compact:
        yield Finding(
            code.place("texte"),
            f"{len(code.compact)} caractères, sans blanc entre les éléments",
            f"{len(code.text)} caractères",
            "Écrire le JSON sans espace ni retour à la ligne hors des noms complétés, et sans "
            "séquence d'échappement inutile.",
            severity=Severity.INFO if code.escaped else None,
        )


def _values(code: Code2D) -> Iterator[Finding]:
    version = code.value("S", "V")
    if version is not None and (version != VERSION or isinstance(version, bool | float)):
        yield Finding(
            code.place("S", "V"), str(VERSION), repr(version), "Écrire S.V comme le nombre 2."
        )
    for path in PATHS[1:]:
        value = code.value(*path)
        if value is None:
            continue
        if not isinstance(value, str):
            yield Finding(
                code.place(*path),
                "une chaîne de caractères",
                repr(value)[:40],
                f"Écrire {'.'.join(path)} entre guillemets.",
            )
        elif path in (PATHS[2], PATHS[3]) and (len(value) != PADDED or not value.strip()):
            yield Finding(
                code.place(*path),
                f"{PADDED} caractères, complétés d'espaces à droite",
                f"{len(value)} caractères" if value.strip() else "vide",
                f"Compléter {'.'.join(path)} d'espaces à droite jusqu'à {PADDED} caractères, ou "
                "le couper là.",
            )
    if code.value("D", "P", "D") is not None and iso_date(code.birth_date) is None:
        yield Finding(
            code.place("D", "P", "D"),
            "AAAA-MM-JJ",
            code.birth_date,
            "Écrire la date de naissance au format AAAA-MM-JJ.",
        )


@check(
    "EP-08",
    title="Le QR code est de niveau de correction L et de version 12 au plus",
    severity=Severity.INFO,
    exigences=EXIGENCES,
    source=SOURCE,
)
def drawing(code: Code2D, _context: Context) -> Iterator[Finding]:
    """As in the published sample, the only one seen."""
    symbol = code.symbol
    if symbol is None or symbol.kind != "qr":
        return
    if symbol.level != "L":
        yield Finding(
            symbol.place,
            "niveau L",
            f"niveau {symbol.level}",
            "Le modèle publié est de niveau L : un autre agrandit le symbole.",
        )
    if symbol.rows > MAX_MODULES:
        yield Finding(
            symbol.place,
            "version 12 au plus",
            f"version {(symbol.rows - 17) // 4}",
            "Le modèle publié tient en version 11, par segments numériques et alphanumériques.",
        )


@check(
    "EP-10",
    title="Le Code 2D porte les traits INS du patient : nom de naissance, premier prénom, date",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="EF_INS25_01 (e-prescription.md §5, §14)",
    needs=("identities",),
)
def traits(code: Code2D, context: Context) -> Iterator[Finding]:
    """Of the patient whose INS is printed on the page, else of the only one known."""
    known = _traits(context)
    if known is not None:
        wanted = (known.birth_name, known.first_given_name, known.birth_date)
        yield from differing_traits(code, wanted)


def differing_traits(code: Code2D, wanted: tuple[str, str, str]) -> Iterator[Finding]:
    """Nom, premier prénom and date that a Code 2D does not say; names are cut at 90.

    The published code has a prénom in small letters: case and accents are the product's.
    """
    read = (code.birth_name, code.given_name, code.birth_date)
    for path, expected, found in zip(PATHS[2:5], wanted, read, strict=True):
        if expected and plain(found) != plain(expected[:PADDED].rstrip()):
            yield Finding(
                code.place(*path),
                expected,
                found or "absent",
                "Reprendre dans le Code 2D les traits de l'INS : nom de naissance, premier prénom, "
                "date de naissance.",
            )


def _traits(context: Context) -> Traits | None:
    known, page = context.identities or {}, context.within(PrintedOrdonnance)
    if isinstance(page, PrintedOrdonnance):
        printed = [i.traits for ins, i in known.items() if ins and ins in page.packed]
        if printed:
            return printed[0]
    return next(iter(known.values())).traits if len(known) == 1 else None


@check(
    "EP-11",
    title="RPPS du Code 2D sur 11 chiffres, numéro AM sur 9, avec leurs clés",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def code_numbers(code: Code2D, _context: Context) -> Iterator[Finding]:
    """Luhn keys; an empty or absent one is EP-07's."""
    if code.rpps:
        yield from wrong_rpps(code.rpps, code.place("D", "M", "RPPS"))
    if code.am:
        yield from wrong_am(code.am, code.place("D", "M", "AM"))
    if code.second_rpps is not None:
        yield from wrong_rpps(code.second_rpps, code.place(*SECOND_RPPS))


@check(
    "EP-11",
    title="RPPS du prescripteur sur 11 chiffres, numéro AM sur 9, avec leurs clés",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def prescriber_numbers(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """The same numbers on the wire; the RPPS of a prescriber is never left out."""
    prescriber = told.prescriber
    yield from wrong_rpps((prescriber and prescriber.rpps) or "", "prescripteur.rpps")
    if prescriber and prescriber.am is not None:
        yield from wrong_am(prescriber.am, "prescripteur.am")
    if told.replaced is not None:
        yield from wrong_rpps(told.replaced.rpps or "", "remplace.rpps")


def wrong_rpps(text: str, place: str) -> Iterator[Finding]:
    """What is wrong with an RPPS."""
    if not _RPPS.fullmatch(text) or not luhn(text):
        yield Finding(
            place,
            "11 chiffres dont le dernier est la clé de Luhn",
            text or "absent",
            "Reprendre le RPPS du professionnel, sans le 8 qui le précède dans son identifiant "
            "national.",
        )


def wrong_am(text: str, place: str) -> Iterator[Finding]:
    """What is wrong with a numéro AM."""
    if not _AM.fullmatch(text) or not luhn(text):
        yield Finding(
            place,
            "9 chiffres dont le dernier est la clé",
            text or "vide",
            "Reprendre le numéro AM (d'identification de facturation) de la situation d'exercice.",
        )


@check(
    "EP-12",
    title="Ordonnance d'un remplaçant : deux RPPS différents dans le Code 2D",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def two_prescribers(code: Code2D, _context: Context) -> Iterator[Finding]:
    """RPPS2 is there only for a remplaçant, and is somebody else's."""
    if code.second_rpps is not None and code.second_rpps == code.rpps:
        yield Finding(
            code.place(*SECOND_RPPS),
            "le RPPS de l'autre professionnel",
            f"{code.second_rpps}, déjà dans D.M.RPPS",
            "N'écrire RPPS2 que pour un remplaçant : le titulaire en RPPS, le remplaçant en RPPS2.",
        )


@check(
    "EP-12",
    title="Ordonnance d'un remplaçant : deux RPPS différents sur le fil",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def two_declared(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """Which of the two is the titulaire is not published."""
    own = told.prescriber.rpps if told.prescriber else None
    other = told.replaced.rpps if told.replaced else None
    if other is not None and other == own:
        yield Finding(
            "remplace.rpps",
            "le RPPS de l'autre professionnel",
            f"{other}, déjà celui du prescripteur",
            "Déclarer le titulaire et son remplaçant, chacun par son RPPS.",
        )

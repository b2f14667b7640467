"""Cards that are not as they should be, or seldom are: checks CD-02 and CD-10 to CD-13.

Source: fact sheet ``cards.md`` §11 and §12 (F4–F7, F11–F15).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from fixtures.identifiers import billing_number, luhn_digit
from simulators.cards import data_objects
from simulators.cards.cps3 import ATR_CPS3_CONTACTLESS, ATR_CPS3_OTHER
from simulators.cards.cps4 import ATR_CPS4_CANDIDATE
from simulators.cards.image import NUMBERS, REAL, CpsImage, Situation
from simulators.cards.tlv import tlv

Change = Callable[[CpsImage], CpsImage]

_YEAR = timedelta(days=365)


def _dates(years: int) -> Change:
    """Move the bounds of the card, and of ``EF_ACTUA``, by years."""
    shift = years * _YEAR
    return lambda image: replace(image, begins=image.begins + shift, ends=image.ends + shift)


def _file(label: str, content: bytes | None) -> Change:
    """Put a content in a file, or take the file away."""

    def change(image: CpsImage) -> CpsImage:
        return replace(image, overrides={**image.overrides, label: content})

    return change


def _holder(**changes: Any) -> Change:
    def change(image: CpsImage) -> CpsImage:
        return replace(image, holder=replace(image.holder, **changes))

    return change


def _certificates(variant: str) -> Change:
    """Put in twins of the certificates, under the same keys; raises ValueError, PkiError."""

    def change(image: CpsImage) -> CpsImage:
        if image.reissue is None:
            raise ValueError("Cette variante demande les certificats d'une campagne.")
        sign, auth = image.reissue(variant)
        return replace(image, sign=sign, auth=auth)

    return change


def _kind(kind: str) -> Change:
    def change(image: CpsImage) -> CpsImage:
        return replace(_certificates(kind.lower())(image), kind=kind)

    return change


def _swapped(image: CpsImage) -> CpsImage:
    return replace(image, sign=image.auth, auth=image.sign)


def _numbered(*numbers: int) -> Change:
    """Keep situations of these numbers, each in a structure of its own but the first."""

    def change(image: CpsImage) -> CpsImage:
        return replace(image, situations=tuple(_situation(image, n) for n in numbers))

    return change


def _situation(image: CpsImage, number: int) -> Situation:
    first = image.situations[0]
    if number == 1:
        return first
    body = f"33099{90 + number:03d}"
    return replace(
        first,
        number=number,
        structure_id=f"1{body}{luhn_digit(body)}",
        structure_name=f"CABINET {number:02d} DES ESSAIS",
        sector="SA08",
        billing_id=billing_number(960 + number),
    )


def _substitute(image: CpsImage) -> CpsImage:
    return replace(image, situations=tuple(replace(one, mode=0x04) for one in image.situations))


def _long_values(image: CpsImage) -> CpsImage:
    long_name = "TEST-" + "ABCDEFGHIJKLMNOPQRSTUV"
    given = (
        "MARIE-ANTOINETTE-JOSÉPHINE",
        "ÉLÉONORE-FRANÇOISE-ZOÉ-INÈS",
        "GAËLLE-MAÏLYS-NOÉMIE-ÈVE",
    )
    holder = replace(image.holder, family_name=long_name, given_names=given)
    situations = tuple(
        replace(one, structure_name="MAISON DE SANTÉ PLURIPROFESSIONNELLE ÉTÉ")
        for one in image.situations
    )
    return replace(image, holder=holder, situations=situations)


def _short_number(image: CpsImage) -> CpsImage:
    return _file("EF.SN", tlv(0x5A, bytes.fromhex(image.issuer + image.number)[:9]))(image)


def _renamed(image: CpsImage) -> CpsImage:
    return replace(image, label=f"CPS9v9-{image.number}")


def _other_answer(image: CpsImage) -> CpsImage:
    return replace(image, atr=ATR_CPS3_OTHER if image.family == "CPS3" else ATR_CPS4_CANDIDATE)


def _cut(image: CpsImage) -> CpsImage:
    """A name whose template announces more octets than the file has."""
    content = data_objects.name(image.holder)
    return _file("CPS_NAME_PS", content[:1] + bytes((len(content) + 8,)) + content[2:])(image)


def _with(**changes: Any) -> Change:
    return lambda image: replace(image, **changes)


VARIANTS: dict[str, tuple[str, Change]] = {
    "conforme": ("carte conforme", lambda image: image),
    "expiree": ("carte expirée (CPS_ID_CARD et EF_ACTUA)", _dates(-5)),
    "pas-encore-valide": ("carte qui n'est pas encore valide", _dates(3)),
    "actua-tronque": ("EF_ACTUA tronqué", _file("EF_ACTUA", bytes.fromhex("EC128107"))),
    "actua-vide": ("EF_ACTUA vide", _file("EF_ACTUA", b"")),
    "actua-absent": ("EF_ACTUA absent, ce qui est permis", _file("EF_ACTUA", None)),
    "certificat-expire": ("certificats expirés", _certificates("expire")),
    "certificat-revoque": ("certificats révoqués", _certificates("revoque")),
    "certificat-autre-ac": ("certificats d'une autorité étrangère", _certificates("autre-ac")),
    "certificat-autre-gamme": ("certificats d'une autre gamme", _certificates("autre-gamme")),
    "certificat-mauvais-usage": (
        "certificats dont l'usage étendu n'est pas celui d'une carte",
        _certificates("mauvais-usage"),
    ),
    "certificats-intervertis": ("signature et authentification interverties", _swapped),
    "sans-situation": ("aucune situation d'exercice", _with(situations=())),
    "situation-unique": ("une seule situation d'exercice", _numbered(1)),
    "seize-situations": ("seize situations d'exercice", _numbered(*sorted(NUMBERS))),
    "situations-eparses": ("situations 1, 4 et 9, avec des trous", _numbered(1, 4, 9)),
    "remplacant": ("remplaçant (mode d'exercice G17 04)", _substitute),
    "cpf": ("carte de professionnel en formation", _kind("CPF")),
    "cpe": ("carte de personnel d'établissement", _kind("CPE")),
    "cpa": ("carte de personnel autorisé", _kind("CPA")),
    "reelle": (
        "carte réelle (catégorie 00)",
        lambda image: replace(_certificates("reelle")(image), category=REAL),
    ),
    "nom-absent": ("objet CPS_NAME_PS absent", _file("CPS_NAME_PS", None)),
    "info-absente": ("objet CPS_INFO_PS absent", _file("CPS_INFO_PS", None)),
    "tlv-vide": ("objet CPS_INFO_PS vide", _file("CPS_INFO_PS", bytes.fromhex("ED00"))),
    "longueur-fausse": ("CPS_NAME_PS annonce plus d'octets qu'il n'en a", _cut),
    "profession-inconnue": ("profession absente de la table G15", _holder(profession=0xEF)),
    "specialite-inconnue": ("spécialité absente de la table R01", _holder(speciality="ZZ99")),
    "valeurs-longues": (
        "noms de 27 caractères accentués, objets de plus de 127 octets",
        _long_values,
    ),
    "essai-unique": ("il reste un essai au code porteur", _with(pin_left=1)),
    "code-bloque": ("code porteur bloqué", _with(pin_left=0)),
    "carte-morte": ("code porteur et code de déblocage bloqués", _with(pin_left=0, puk_left=0)),
    "numero-court": ("EF.SN plus court que les 12 octets attendus", _short_number),
    "autre-atr": ("autre ATR admis pour cette famille", _other_answer),
    "sans-contact": ("ATR sans contact", _with(atr=ATR_CPS3_CONTACTLESS)),
    "etiquette-changee": ("étiquette PKCS#11 inconnue", _renamed),
    "signature-fausse": (
        "signe un autre condensé que celui qu'on lui donne",
        _with(wrong_digest=True),
    ),
}
"""Name to French description and change of a conformant image."""


def varied(image: CpsImage, name: str) -> CpsImage:
    """A variant of an image; raises ValueError with a French sentence."""
    if name not in VARIANTS:
        raise ValueError(f"« {name} » n'est pas une variante de CPS : {', '.join(VARIANTS)}.")
    return VARIANTS[name][1](image)

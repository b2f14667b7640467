"""Writing an ordonnance: what a prescriber asks becomes lines, or is refused with a sentence.

A drug is named by its CIS, by a CIP7 or CIP13 alone, or by its generic name (« en DC »).
Source: sheet e-prescription §6 and §7; CSP L5125-23 (non substituable).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.people import Traits
from reference_impl.prescriptions.drugs import Drug, DrugBase, Presentation
from reference_impl.prescriptions.model import (
    ACTS,
    BIZONE,
    DEVICE,
    EFG,
    FLAGS,
    HEALTH_PRODUCTS,
    KINDS,
    LINE_TYPES,
    MOTIVES,
    NO_SUBSTITUTION,
    Executor,
    Line,
    Quantity,
    Substitution,
)
from reference_impl.prescriptions.readable import require_readable
from reference_impl.prescriptions.regulation import (
    implied_flags,
    refused,
    regulated,
    require_executor,
)

BOX = "30009000"
"""EDQM code of a box."""
EFG_AGE = 6
LONGEST_VALIDITY = 365
_USUAL_VALIDITY = 90
_CHOICES = 5
_CODES = {
    "lpp": (r"\d{7}", "LPP_INVALIDE", "un code LPP a 7 chiffres"),
    "emdn": (r"[A-Z]\d{2,12}", "EMDN_INVALIDE", "un code EMDN est une lettre et des chiffres"),
    "mv": (r"MV\d{8}", "MV_INVALIDE", "un code Médicabase est MV et 8 chiffres"),
}
_DRUG_CODES = ("cis", "cip13", "mv", "generic")
_DEVICE_CODES = ("lpp", "emdn")


def line_of(line: Line, place: int, base: DrugBase) -> Line:
    """A line with what the drug base knows and what is implied. Raises InvalidRequestError."""
    if line.kind not in (None, *LINE_TYPES):
        known = ", ".join(LINE_TYPES)
        raise refused(
            place,
            "eprescType",
            "TYPE_DE_LIGNE_INCONNU",
            f"le type « {line.kind} » n’existe pas ; choisissez {known}",
        )
    line = replace(line, n=place, kind=line.kind or LINE_TYPES[0], ald=bool(line.ald))
    require_readable(line, place)
    _require_own_codes(line, place)
    _require_counts(line, place)
    written = _drug_line(line, place, base) if line.drug else _other_line(line)
    if not (written.label or "").strip():
        raise refused(place, "libelle", "LIBELLE_ABSENT", "indiquez ce qui est prescrit")
    return written


def require_line_allowed(line: Line, traits: Traits, day: date, executor: Executor | None) -> None:
    """The rules that depend on the patient or on the day. Raises InvalidRequestError."""
    substitution = line.substitution
    if line.not_substitutable and substitution is not None and substitution.motive == EFG:
        _require_small_child(line.n or 0, traits, day)
    require_executor(line, executor)


def flags_of(lines: Sequence[Line], asked: Sequence[str], base: DrugBase) -> tuple[str, ...]:
    """The flags asked, with those that the lines make compulsory. Raises InvalidRequestError."""
    for rank, flag in enumerate(asked):
        if flag not in FLAGS:
            raise InvalidRequestError(
                "MENTION_INCONNUE",
                f"La mention « {flag} » n’existe pas ; connues : {', '.join(FLAGS)}.",
                f"flags.{rank}",
            )
    ald = [bool(line.ald) for line in lines]
    implied = [BIZONE] if any(ald) and not all(ald) else []
    return tuple(dict.fromkeys((*asked, *implied, *implied_flags(lines, base))))


def kind_of(lines: Sequence[Line], asked: str | None) -> str:
    """The type of an ordonnance: that of its acts when it has no other. Raises InvalidRequestError.

    Lines of several types make it one of health products.
    """
    if asked is not None and asked not in KINDS:
        raise InvalidRequestError(
            "TYPE_INCONNU",
            f"Le type d’ordonnance « {asked} » n’existe pas ; connus : {', '.join(KINDS)}.",
            "type",
        )
    types = {line.kind for line in lines}
    acts: dict[str | None, str] = dict(zip(ACTS, KINDS[1:], strict=True))
    return asked or (acts.get(types.pop()) if len(types) == 1 else None) or HEALTH_PRODUCTS


def validity_days(lines: Sequence[Line], asked: int | None) -> int:
    """How many days an ordonnance is valid: three months, more when it is renewed."""
    if asked is not None:
        if not 1 <= asked <= LONGEST_VALIDITY:
            raise InvalidRequestError(
                "VALIDITE_INVALIDE",
                f"Une ordonnance est valable de 1 à {LONGEST_VALIDITY} jours.",
                "validite_jours",
            )
        return asked
    whole = max(((line.days or 0) * (1 + (line.renewals or 0)) for line in lines), default=0)
    return min(max(_USUAL_VALIDITY, whole), LONGEST_VALIDITY)


def _drug_line(line: Line, place: int, base: DrugBase) -> Line:
    drug = None if line.compounded else _known_drug(line, place, base)
    substitution = line.substitution or Substitution(code="G")
    _require_motive(substitution, place)
    if not (line.posology or "").strip():
        raise refused(place, "posologieTexte", "POSOLOGIE_ABSENTE", "indiquez la posologie")
    if line.quantity is None:
        raise refused(place, "quantite", "QUANTITE_INVALIDE", "indiquez une quantité d’au moins 1")
    box = _box(line, place, drug)
    written = replace(
        line,
        generic=None,
        cis=drug.cis if drug else None,
        label=line.label or (drug.label if drug else None),
        cip13=box.cip13 if box else None,
        substitution=substitution,
        quantity=Quantity(line.quantity.value, line.quantity.unit or BOX),
        renewals=line.renewals or 0,
        work_accident=bool(line.work_accident),
        prevention=bool(line.prevention),
        not_reimbursed=_not_reimbursed(line, drug),
        off_label=bool(line.off_label),
    )
    return regulated(written, place, drug)


def _other_line(line: Line) -> Line:
    if line.kind != DEVICE:
        return line
    return replace(
        line,
        quantity=line.quantity or Quantity(1),
        renewals=line.renewals or 0,
        work_accident=bool(line.work_accident),
        prevention=bool(line.prevention),
        not_reimbursed=bool(line.not_reimbursed),
    )


def _known_drug(line: Line, place: int, base: DrugBase) -> Drug:
    """The drug of a CIS, else of a CIP, else of a generic name."""
    if line.cis is not None:
        drug, name = base.get(line.cis), "cis"
    elif line.cip13 is not None:
        drug, name = base.of_box(line.cip13), "cip13"
    else:
        drug, name = _named(line.generic, place, base), "cis"
    if drug is None:
        asked = line.cis or line.cip13
        raise refused(
            place,
            name,
            "CIS_INCONNU" if name == "cis" else "CIP_INCONNU",
            f"le médicament « {asked} » n’est pas dans la base ; choisissez-le par la recherche"
            if asked
            else "désignez le médicament par son code CIS, un code CIP ou sa DCI, ou déclarez une "
            "préparation magistrale",
        )
    return drug


def _named(generic: str | None, place: int, base: DrugBase) -> Drug | None:
    """The drug of a generic name. Raises InvalidRequestError when none or several have it."""
    if generic is None:
        return None
    found = base.by_generic_name(generic)
    if not found:
        raise refused(
            place,
            "dci",
            "DCI_INCONNUE",
            f"aucun médicament commercialisé ne contient « {generic} »",
        )
    if len(found) > 1:
        names = " ; ".join(drug.generic_name for drug in found[:_CHOICES])
        more = " …" if len(found) > _CHOICES else ""
        raise refused(
            place,
            "dci",
            "DCI_AMBIGUE",
            f"précisez dosage, forme ou voie de « {generic} » : {names}{more}",
        )
    return found[0]


def _box(line: Line, place: int, drug: Drug | None) -> Presentation | None:
    """The presentation asked for, else the only one sold."""
    if drug is None:
        return None
    if line.cip13 is not None:
        box = drug.box(line.cip13)
        if box is None:
            raise refused(
                place,
                "cip13",
                "CIP_ETRANGER",
                f"la présentation {line.cip13} n’est pas de {drug.name}",
            )
        return box
    sold = [box for box in drug.presentations if box.marketed]
    return sold[0] if len(sold) == 1 else None


def _not_reimbursed(line: Line, drug: Drug | None) -> bool:
    if line.not_reimbursed is not None or drug is None:
        return bool(line.not_reimbursed)
    return not drug.reimbursed


def _require_own_codes(line: Line, place: int) -> None:
    """Codes that have their form, and that the type of the line has a use for."""
    useless = () if line.drug and not line.compounded else _DRUG_CODES
    useless += () if line.kind == DEVICE else _DEVICE_CODES
    for name in useless:
        if getattr(line, name) is not None:
            told = "dci" if name == "generic" else name
            what = "une préparation magistrale" if line.compounded else f"une ligne « {line.kind} »"
            raise refused(place, told, "CODE_INUTILE", f"{what} n’a pas de code « {told} »")
    for name, (form, code, sentence) in _CODES.items():
        value = getattr(line, name)
        if value is not None and not re.fullmatch(form, value, re.ASCII):
            raise refused(place, name, code, sentence)


def _require_motive(substitution: Substitution, place: int) -> None:
    if substitution.code not in ("G", NO_SUBSTITUTION):
        raise refused(
            place, "substitution.code", "SUBSTITUTION_INVALIDE", "la substitution est G ou N"
        )
    if substitution.code == NO_SUBSTITUTION and substitution.motive not in MOTIVES:
        raise refused(
            place,
            "substitution.motif",
            "MOTIF_ABSENT",
            "« non substituable » demande un motif : MTE (marge thérapeutique étroite), EFG "
            "(enfant de moins de 6 ans) ou CIF (contre-indication formelle à un excipient)",
        )


def _require_small_child(place: int, traits: Traits, day: date) -> None:
    born = date.fromisoformat(traits.birth_date) if is_calendar_date(traits.birth_date) else None
    if born is None or _age(born, day) >= EFG_AGE:
        raise refused(
            place,
            "substitution.motif",
            "MOTIF_EFG_AGE",
            f"le motif EFG ne vaut que pour un enfant de moins de {EFG_AGE} ans",
        )


def _require_counts(line: Line, place: int) -> None:
    quantity = line.quantity
    if quantity is not None and (quantity.value or 0) < 1:
        raise refused(place, "quantite", "QUANTITE_INVALIDE", "la quantité est d’au moins 1")
    if quantity is not None and quantity.unit and not re.fullmatch(r"\d{8}", quantity.unit):
        raise refused(
            place,
            "quantite.unite",
            "UNITE_INVALIDE",
            f"l’unité est un code EDQM à 8 chiffres ({BOX} pour une boîte)",
        )
    if line.days is not None and line.days < 1:
        raise refused(place, "dureeJours", "DUREE_INVALIDE", "la durée est d’au moins un jour")
    if (line.renewals or 0) < 0:
        raise refused(
            place,
            "renouvellements",
            "RENOUVELLEMENTS_INVALIDES",
            "le nombre de renouvellements est nul ou positif",
        )


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

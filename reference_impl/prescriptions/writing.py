"""Writing an ordonnance: what a prescriber asks becomes lines, or is refused with a sentence.

Source: sheet e-prescription §6 and §7; CSP L5125-23 (non substituable),
R5132-29 and R5132-30 (stupéfiants).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.people import Traits
from reference_impl.prescriptions.drugs import Drug, DrugBase, plain
from reference_impl.prescriptions.model import (
    BIZONE,
    DEVICE,
    EFG,
    LINE_TYPES,
    MOTIVES,
    NO_SUBSTITUTION,
    SECURE,
    Executor,
    Line,
    Quantity,
    Substitution,
)

BOX = "30009000"
"""EDQM code of a box."""
NARCOTIC_DAYS = 28
EFG_AGE = 6
LONGEST_VALIDITY = 365
_USUAL_VALIDITY = 90
_IN_LETTERS = re.compile(
    r"\b(une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|"
    r"seize|vingt|trente|quarante|cinquante|soixante|cents?|mille|demie?)\b"
)


def line_of(line: Line, place: int, base: DrugBase) -> Line:
    """A line with what the drug base knows and what is implied. Raises InvalidRequestError."""
    if line.kind not in (None, *LINE_TYPES):
        raise _refused(
            place, "eprescType", "TYPE_DE_LIGNE_INCONNU", f"le type « {line.kind} » n’existe pas"
        )
    line = replace(line, n=place, kind=line.kind or LINE_TYPES[0], ald=bool(line.ald))
    written = _drug_line(line, place, base) if line.drug else _other_line(line, place)
    if not written.label:
        raise _refused(place, "libelle", "LIBELLE_ABSENT", "indiquez ce qui est prescrit")
    _require_counts(written, place)
    return written


def require_line_allowed(line: Line, traits: Traits, day: date, executor: Executor | None) -> None:
    """The rules that depend on the patient or on the day. Raises InvalidRequestError."""
    place = line.n or 0
    substitution = line.substitution
    if line.not_substitutable and substitution is not None and substitution.motive == EFG:
        _require_small_child(place, traits, day)
    if line.opioid_substitution and not _names_a_pharmacy(executor):
        raise InvalidRequestError(
            "EXECUTANT_ABSENT",
            f"Ligne {place} : nommez la pharmacie qui délivrera le traitement de substitution aux "
            "opiacés.",
            "executant_designe",
        )


def flags_of(lines: Sequence[Line], asked: Sequence[str]) -> tuple[str, ...]:
    """The flags asked, with those that the lines make compulsory."""
    ald = [bool(line.ald) for line in lines]
    implied = [BIZONE] if any(ald) and not all(ald) else []
    if any(line.narcotic or line.opioid_substitution for line in lines):
        implied.append(SECURE)
    return tuple(dict.fromkeys((*asked, *implied)))


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
        raise _refused(place, "posologieTexte", "POSOLOGIE_ABSENTE", "indiquez la posologie")
    quantity = line.quantity or Quantity()
    written = replace(
        line,
        label=line.label or (drug.label if drug else None),
        cip13=line.cip13 or _only_box(drug),
        narcotic=True if line.narcotic or (drug and drug.narcotic) else None,
        substitution=substitution,
        quantity=Quantity(quantity.value, quantity.unit or BOX),
        renewals=line.renewals or 0,
        work_accident=bool(line.work_accident),
        prevention=bool(line.prevention),
        not_reimbursed=_not_reimbursed(line, drug),
        off_label=bool(line.off_label),
    )
    if written.narcotic or written.opioid_substitution:
        _require_narcotic(written, place)
    _require_not_too_long(written, place, drug)
    return written


def _other_line(line: Line, place: int) -> Line:
    if line.kind != DEVICE:
        return line
    if line.lpp is not None and not re.fullmatch(r"\d{7}", line.lpp, re.ASCII):
        raise _refused(place, "lpp", "LPP_INVALIDE", "un code LPP a 7 chiffres")
    return replace(
        line,
        quantity=line.quantity or Quantity(1),
        renewals=line.renewals or 0,
        work_accident=bool(line.work_accident),
        prevention=bool(line.prevention),
        not_reimbursed=bool(line.not_reimbursed),
    )


def _known_drug(line: Line, place: int, base: DrugBase) -> Drug:
    drug = base.get(line.cis or "")
    if drug is None:
        raise _refused(
            place,
            "cis",
            "CIS_INCONNU",
            f"le médicament « {line.cis or 'sans code CIS'} » n’est pas dans la base ; "
            "choisissez-le par la recherche, ou déclarez une préparation magistrale",
        )
    if line.cip13 is not None and line.cip13 not in {b.cip13 for b in drug.presentations}:
        raise _refused(
            place,
            "cip13",
            "CIP_ETRANGER",
            f"la présentation {line.cip13} n’est pas de {drug.name}",
        )
    return drug


def _only_box(drug: Drug | None) -> str | None:
    boxes = drug.presentations if drug else ()
    return boxes[0].cip13 if len(boxes) == 1 else None


def _not_reimbursed(line: Line, drug: Drug | None) -> bool:
    if line.not_reimbursed is not None or drug is None:
        return bool(line.not_reimbursed)
    return not drug.reimbursed


def _require_motive(substitution: Substitution, place: int) -> None:
    if substitution.code not in ("G", NO_SUBSTITUTION):
        raise _refused(
            place, "substitution.code", "SUBSTITUTION_INVALIDE", "la substitution est G ou N"
        )
    if substitution.code == NO_SUBSTITUTION and substitution.motive not in MOTIVES:
        raise _refused(
            place,
            "substitution.motif",
            "MOTIF_ABSENT",
            "« non substituable » demande un motif : MTE (marge thérapeutique étroite), EFG "
            "(enfant de moins de 6 ans) ou CIF (contre-indication formelle à un excipient)",
        )


def _require_small_child(place: int, traits: Traits, day: date) -> None:
    born = date.fromisoformat(traits.birth_date) if is_calendar_date(traits.birth_date) else None
    if born is None or _age(born, day) >= EFG_AGE:
        raise _refused(
            place,
            "substitution.motif",
            "MOTIF_EFG_AGE",
            f"le motif EFG ne vaut que pour un enfant de moins de {EFG_AGE} ans",
        )


def _require_narcotic(line: Line, place: int) -> None:
    if line.days is None or line.days > NARCOTIC_DAYS:
        raise _refused(
            place,
            "dureeJours",
            "STUPEFIANT_DUREE",
            f"un stupéfiant se prescrit pour {NARCOTIC_DAYS} jours au plus, durée indiquée",
        )
    if line.renewals:
        raise _refused(
            place, "renouvellements", "STUPEFIANT_RENOUVELE", "un stupéfiant ne se renouvelle pas"
        )
    if not _IN_LETTERS.search(plain(line.posology or "")):
        raise _refused(
            place,
            "posologieTexte",
            "STUPEFIANT_LETTRES",
            "écrivez en toutes lettres le nombre d’unités par prise, de prises et le dosage d’un "
            "stupéfiant",
        )


def _require_not_too_long(line: Line, place: int, drug: Drug | None) -> None:
    longest = drug.longest if drug else None
    if longest is not None and (line.days or 0) * (1 + (line.renewals or 0)) > longest:
        raise _refused(
            place,
            "dureeJours",
            "DUREE_TROP_LONGUE",
            f"{drug.name if drug else ''} se prescrit pour {longest} jours au plus",
        )


def _require_counts(line: Line, place: int) -> None:
    if line.drug and (line.quantity is None or (line.quantity.value or 0) < 1):
        raise _refused(place, "quantite", "QUANTITE_INVALIDE", "indiquez une quantité d’au moins 1")
    if line.quantity is not None and (line.quantity.value or 0) < 1:
        raise _refused(place, "quantite", "QUANTITE_INVALIDE", "la quantité est d’au moins 1")
    if line.days is not None and line.days < 1:
        raise _refused(place, "dureeJours", "DUREE_INVALIDE", "la durée est d’au moins un jour")
    if (line.renewals or 0) < 0:
        raise _refused(
            place,
            "renouvellements",
            "RENOUVELLEMENTS_INVALIDES",
            "le nombre de renouvellements est nul ou positif",
        )


def _names_a_pharmacy(executor: Executor | None) -> bool:
    return executor is not None and bool(
        executor.structure or executor.finess or executor.family_name
    )


def _age(born: date, day: date) -> int:
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def _refused(place: int, name: str, code: str, sentence: str) -> InvalidRequestError:
    return InvalidRequestError(code, f"Ligne {place} : {sentence}.", f"lignes.{place - 1}.{name}")

"""What the law makes of a line: stupéfiants, ordonnance sécurisée, exception, longest duration.

The drug base decides; a key of the line only adds to it, for a preparation. Sources:
CSP R5132-29 and R5132-30; sheet e-prescription §6.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from reference_impl.errors import InvalidRequestError
from reference_impl.prescriptions.drugs import Drug, DrugBase, plain
from reference_impl.prescriptions.model import EXCEPTION, SECURE, Executor, Line

NARCOTIC_DAYS = 28
_IN_LETTERS = re.compile(
    r"\b(une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|"
    r"seize|vingt|trente|quarante|cinquante|soixante|cents?|mille|demie?)\b"
)


def regulated(line: Line, place: int, drug: Drug | None) -> Line:
    """A line that says what its drug is. Raises InvalidRequestError when it is not allowed."""
    if drug is not None:
        line = replace(
            line,
            narcotic=True if line.narcotic or drug.narcotic else None,
            opioid_substitution=line.opioid_substitution or drug.opioid_substitution or None,
        )
    if line.narcotic or line.opioid_substitution:
        _require_narcotic(line, place)
    if line.narcotic or line.opioid_substitution or (drug and drug.in_letters):
        _require_letters(line, place)
    _require_not_too_long(line, place, drug)
    return line


def implied_flags(lines: Iterable[Line], base: DrugBase) -> list[str]:
    """The flags that the drugs make compulsory."""
    told = [(line, base.get(line.cis or "")) for line in lines if line.drug]
    narcotic = any(line.narcotic or line.opioid_substitution for line, _ in told)
    drugs = [drug for _, drug in told if drug is not None]
    secure = narcotic or any(drug.secure for drug in drugs)
    exception = any(drug.exception for drug in drugs)
    return [EXCEPTION] * exception + [SECURE] * secure


def require_executor(line: Line, executor: Executor | None) -> None:
    """A treatment of substitution names the pharmacy that delivers it."""
    named = executor and (executor.structure or executor.finess or executor.family_name)
    if line.opioid_substitution and not named:
        raise InvalidRequestError(
            "EXECUTANT_ABSENT",
            f"Ligne {line.n} : nommez la pharmacie qui délivrera le traitement de substitution aux "
            "opiacés.",
            "executant_designe",
        )


def refused(place: int, name: str, code: str, sentence: str) -> InvalidRequestError:
    """The refusal of a key of a line."""
    return InvalidRequestError(code, f"Ligne {place} : {sentence}.", f"lignes.{place - 1}.{name}")


def _require_narcotic(line: Line, place: int) -> None:
    if line.days is None or line.days > NARCOTIC_DAYS:
        raise refused(
            place,
            "dureeJours",
            "STUPEFIANT_DUREE",
            f"un stupéfiant se prescrit pour {NARCOTIC_DAYS} jours au plus, durée indiquée",
        )
    if line.renewals:
        raise refused(
            place, "renouvellements", "STUPEFIANT_RENOUVELE", "un stupéfiant ne se renouvelle pas"
        )


def _require_letters(line: Line, place: int) -> None:
    if not _IN_LETTERS.search(plain(line.posology or "")):
        raise refused(
            place,
            "posologieTexte",
            "STUPEFIANT_LETTRES",
            "sur une ordonnance sécurisée, écrivez en toutes lettres le nombre d’unités par prise, "
            "de prises et le dosage",
        )


def _require_not_too_long(line: Line, place: int, drug: Drug | None) -> None:
    longest = drug.longest if drug else None
    if drug is None or longest is None:
        return
    if line.days is None:
        raise refused(
            place,
            "dureeJours",
            "DUREE_ABSENTE",
            f"indiquez la durée : {drug.brand} se prescrit pour {longest} jours au plus",
        )
    if line.days * (1 + (line.renewals or 0)) > longest:
        raise refused(
            place,
            "dureeJours",
            "DUREE_TROP_LONGUE",
            f"{drug.brand} se prescrit pour {longest} jours au plus, renouvellements compris",
        )

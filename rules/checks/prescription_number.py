"""EP-02, EP-03, EP-04: the number of an e-prescription, wherever it is carried.

Source: SEL-SFG-023 as e-prescription.md §4 reads it: the layout and the alphabet
were worked out from the four published numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.code2d import Code2D
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_number import (
    ZONE,
    CarriedNumber,
    NumberError,
    NumberFlaw,
    PrescriptionNumber,
    decode,
)
from rules.formats.prescription_wire import EpRequest

EXIGENCES = ("ePresc/va1.01", "LGC.PRESC.01", "SC.ORDN/CONF.01")
"""The agrément, of each wave: what the service and the paper ask for."""
SOURCE = "SEL-SFG-023 (e-prescription.md §4, §14)"
DRIFT = timedelta(minutes=5)
MALFORMED = "EP-P-002"
_ADVICE = {
    NumberFlaw.LENGTH: "Écrire les quatre nombres sur 4, 4, 6 et 4 caractères, complétés de zéros.",
    NumberFlaw.ALPHABET: "Écrire en base 32, en majuscules : 0-9 puis A-Z sans I, O, V ni Q.",
    NumberFlaw.RANGE: "Compter dixièmes et millisecondes depuis minuit, heure locale, et le rang "
    "de 0 à 999 999.",
    NumberFlaw.DATE: "Dater le numéro du jour où il est créé.",
}


@check(
    "EP-02",
    title="Le numéro a 18 caractères de l'alphabet, et ses quatre nombres sont dans leurs bornes",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=MALFORMED,
)
def well_formed(carried: CarriedNumber, _context: Context) -> Iterator[Finding]:
    """Q and R are both accepted for the value 24: which is right is not published."""
    try:
        decode(carried.text)
    except NumberError as error:
        yield Finding(
            f"{carried.place}, {error.place}", error.expected, error.found, _ADVICE[error.flaw]
        )


@check(
    "EP-02",
    title="Une ordonnance transmise porte le numéro que le logiciel lui a donné",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=MALFORMED,
)
def numbered_call(request: EpRequest, _context: Context) -> Iterator[Finding]:
    """The service gives no number: the product makes it before the call."""
    if request.created is not None and request.number is None:
        yield Finding(
            "id",
            "le numéro de 18 caractères",
            "absent",
            "Tirer le numéro dans le logiciel, avant l'appel, et le transmettre.",
        )


@check(
    "EP-03",
    title="Le numéro est daté du jour de la prescription, et d'avant sa réception",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source=SOURCE,
    rejects=MALFORMED,
)
def dated(carried: CarriedNumber, context: Context) -> Iterator[Finding]:
    """Compared with the ordonnance around, with its page, with the instant of reception.

    When a paper was looked at says nothing of when it was made.
    """
    number = carried.number
    if number is None:
        return
    prescribed, page = context.within(Ordonnance), context.within(PrintedOrdonnance)
    if isinstance(prescribed, Ordonnance):
        yield from _against(number, carried.place, prescribed)
    if isinstance(page, PrintedOrdonnance):
        yield from _printed(number, carried.place, page)
    on_paper = page is not None or context.within(Code2D) is not None
    if context.observed_at is not None and not on_paper:
        yield from _received(number, carried.place, context.observed_at)


def _against(number: PrescriptionNumber, place: str, told: Ordonnance) -> Iterator[Finding]:
    """The day, of Paris or as it is written; the hour may be that of the draft."""
    instant = told.instant
    days = {told.day, instant.astimezone(ZONE).date() if instant else None} - {None}
    if days and number.date not in days:
        yield Finding(
            place,
            f"un numéro daté du jour de la prescription, {told.at}",
            number.said(),
            "Créer le numéro le jour de la prescription, à la date locale (Europe/Paris).",
        )
    elif instant is not None and _universal(number, instant):
        yield Finding(
            place,
            f"l'heure locale de l'horodatage {told.at}",
            f"{number.said()}, qui est cette heure en temps universel",
            "Compter dixièmes et millisecondes depuis minuit à l'heure locale (Europe/Paris), et "
            "non en temps universel.",
        )


def _universal(number: PrescriptionNumber, instant: datetime) -> bool:
    """Whether a number that is far from an instant is near it when read in UTC."""
    read = datetime.combine(number.date, number.time, UTC)
    far = min(abs(each - instant) for each in number.instants) >= DRIFT
    return far and abs(read - instant) < DRIFT


def _printed(number: PrescriptionNumber, place: str, page: PrintedOrdonnance) -> Iterator[Finding]:
    if not page.scanned and not page.says_date(number.date):
        yield Finding(
            place,
            f"la date du numéro, {number.date:%d/%m/%Y}, sur l'ordonnance",
            "cette date n'est pas imprimée",
            "Imprimer la date de prescription, et créer le numéro ce jour-là.",
        )


def _received(number: PrescriptionNumber, place: str, received: datetime) -> Iterator[Finding]:
    """A day in the future is refused by the service; some minutes are a clock that drifts."""
    if min(number.instants) - received < DRIFT:
        return
    yield Finding(
        place,
        f"au plus tard l'instant de réception, {received:%d/%m/%Y %H:%M:%S} UTC",
        number.said(),
        "Mettre le poste à l'heure (NTP) : ce numéro est dans le futur.",
        severity=Severity.MAJOR if number.date > received.astimezone(ZONE).date() else None,
    )


@check(
    "EP-04",
    title="Dixièmes et millisecondes du numéro disent le même instant",
    severity=Severity.MINOR,
    exigences=EXIGENCES,
    source=SOURCE,
)
def consistent(carried: CarriedNumber, _context: Context) -> Iterator[Finding]:
    """To one tenth: published numbers round either way."""
    number = carried.number
    if number is not None and not number.consistent:
        yield Finding(
            f"{carried.place}, caractères 5 à 14",
            f"{number.milliseconds // 100} dixièmes (à un près) pour {number.milliseconds} ms",
            f"{number.tenths} dixièmes",
            "Calculer dixièmes et millisecondes depuis minuit à partir d'un seul instant.",
        )

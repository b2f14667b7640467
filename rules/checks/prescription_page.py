"""EP-09, EP-13, EP-14, EP-15, EP-16, EP-18: the paper that the patient is given.

A page that is a picture (a scan) shows its Code 2D and no word: what must be read
there is to be looked at. Source: picture of SEL-SFG-023, manual of 2022
(e-prescription.md §6, §14).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.page_symbols import Box, place_of
from rules.formats.pages import TextPlace
from rules.formats.prescription import MOTIVES
from rules.formats.symbols import Symbol

SOURCE = "Image de SEL-SFG-023 (e-prescription.md §6, §14)"
UNDER = 0.12
"""Part of the page under the Code 2D where its number is looked for: about 35 mm."""
_ASIDE = 0.2
"""Part of the page between the Code 2D and a number that follows « e-prescription N° »."""
_OVERLAP = 0.01
_FOOT = "bas de page"


def _unread(place: str, expected: str) -> Finding:
    """What cannot be read on a scan is for a person, never an accusation."""
    return Finding(
        place,
        expected,
        "une page dont le texte ne se lit pas",
        f"Page numérisée ou sans texte : vérifier à l'œil {expected}.",
        severity=Severity.REVIEW,
    )


@check(
    "EP-09",
    title="Le Code 2D est dans le quart inférieur gauche, son numéro imprimé dessous",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def place_of_code(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Measured on the rendered page; a text alone shows only the words."""
    if not page.labelled:
        yield (
            _unread("page", "« e-prescription N° » et le numéro sous le Code 2D")
            if page.scanned
            else Finding(
                _FOOT,
                "« e-prescription N° » suivi des 18 caractères",
                page.printed_number or "absent",
                "Imprimer sous le Code 2D « e-prescription » puis « N° » et le numéro.",
            )
        )
    if page.data is not None and not page.codes and not page.flaws:
        yield Finding(
            _FOOT,
            "un Code 2D lisible",
            "aucun",
            "Imprimer le Code 2D assez grand et net, avec une marge blanche de 4 modules.",
        )
    for code in page.codes:
        if code.symbol is not None:
            yield from _placed(code.symbol, page)


def _placed(symbol: Symbol, page: PrintedOrdonnance) -> Iterator[Finding]:
    place = place_of(symbol)
    x, y = (place.left + place.right) / 2, (place.top + place.bottom) / 2
    if x > 0.5 or y < 0.5:
        yield Finding(
            symbol.place,
            "le quart inférieur gauche de la page",
            f"centre à {x:.0%} de la largeur et {y:.0%} de la hauteur",
            "Placer le Code 2D en bas à gauche de l'ordonnance.",
        )
        return
    near = [each for each in page.number_places if each.page == symbol.page]
    if near and not any(_under(each, place) for each in near):
        yield Finding(
            symbol.place,
            "le numéro imprimé juste sous le Code 2D",
            "le numéro imprimé ailleurs",
            "Imprimer « e-prescription N° » et le numéro juste sous le Code 2D.",
        )


def _under(text: TextPlace, code: Box) -> bool:
    """Alone on its line, or after the words that announce it."""
    beside = text.right < code.left or text.left > code.right + _ASIDE
    return not beside and -_OVERLAP <= text.top - code.bottom <= UNDER


@check(
    "EP-13",
    title="La mention de consultation des exécutions est entière, et suit le consentement",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def consent_notice(page: PrintedOrdonnance, context: Context) -> Iterator[Finding]:
    """Either wording; printed with the consent asked by the gesture, if there is one."""
    notice = page.notice
    if notice is None and page.scanned:
        yield _unread(_FOOT, "la mention de consultation des exécutions, si le patient y consent")
        return
    if page.half_notice or (notice is not None and notice.blank):
        yield _notice("la mention entière", notice.text if notice else "une partie de la mention")
    elif notice is not None and notice.consent and not notice.accepted and not notice.dated:
        yield _notice("la date à laquelle le patient a été informé", "aucune date")
    elif notice is not None and notice.consent is None:
        yield replace(_notice("une réponse, OUI ou NON", notice.text), severity=Severity.REVIEW)
    gesture = context.within(Gesture)
    wanted = gesture.parameters.get("avec_consentement") if isinstance(gesture, Gesture) else None
    if isinstance(wanted, bool):
        yield from differing_notice(page, consent=wanted)


def differing_notice(page: PrintedOrdonnance, *, consent: bool) -> Iterator[Finding]:
    """A notice without consent, or a consent without its notice."""
    notice = page.notice
    if page.half_notice or (notice is None and page.scanned):
        return
    printed = notice is not None and notice.consent
    if printed is not None and printed != consent:
        said = "le patient consent", "le patient s'oppose"
        yield _notice(
            f"la mention, {said[0]}" if consent else f"aucune mention, {said[1]}",
            notice.text if notice else "aucune mention",
        )


def _notice(expected: str, found: str) -> Finding:
    return Finding(
        _FOOT,
        expected,
        found,
        "Imprimer, si le patient y consent et seulement alors : « informé le JJ/MM/AAAA, ne "
        "s'oppose pas à ce que je puisse consulter ce qui a été délivré ou exécuté ».",
    )


@check(
    "EP-14",
    title="La mention de transmission à l'assurance maladie est imprimée, avec l'adresse ameli",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def transmission_notice(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Whatever the consent."""
    shown = {
        "« transmises électroniquement à l'assurance maladie »": page.transmission_said,
        "l'adresse ameli.fr": page.ameli_said,
    }
    missing = ", ".join(name for name, there in shown.items() if not there)
    if missing and page.scanned:
        yield _unread(_FOOT, "la mention de transmission à l'assurance maladie")
    elif missing:
        yield Finding(
            _FOOT,
            missing,
            "absent",
            "Imprimer que les données sont transmises électroniquement à l'assurance maladie, avec "
            "l'adresse https://www.ameli.fr/paris/assure/protection-donnees-personnelles.",
        )


@check(
    "EP-15",
    title="Chaque page porte « Page n/N »",
    severity=Severity.INFO,
    exigences=EXIGENCES,
    source=SOURCE,
)
def pagination(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Whether the Code 2D is on each page is not published; copies each begin again at 1."""
    if page.scanned:
        return
    for number, (printed, wanted) in enumerate(_wanted(page.page_numbers), start=1):
        if printed != wanted:
            yield Finding(
                f"page {number}",
                "Page {}/{}".format(*wanted),
                "Page {}/{}".format(*printed) if printed else "absente",
                "Imprimer sous le numéro « Page n/N » sur chaque page.",
            )


def _wanted(
    printed: tuple[tuple[int, int] | None, ...],
) -> Iterator[tuple[tuple[int, int] | None, tuple[int, int]]]:
    """What each page says, and what it should: its rank among those of one copy."""
    starts = [i for i, each in enumerate(printed) if i == 0 or (each is not None and each[0] == 1)]
    for start, end in zip(starts, (*starts[1:], len(printed)), strict=True):
        for rank, each in enumerate(printed[start:end], start=1):
            yield each, (rank, end - start)


@check(
    "EP-16",
    title="Chaque « non substituable » imprimé est suivi de MTE, EFG ou CIF",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="CSP L5125-23, arrêté du 12/11/2019 (e-prescription.md §6, §14)",
)
def printed_motives(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """``MTE-PH`` is the pharmacist's own."""
    if page.scanned and not page.excluded:
        yield _unread("page", "que chaque « non substituable » est suivi de son motif")
    for number, motive in enumerate(page.excluded, start=1):
        if motive is None:
            yield Finding(
                f"mention « non substituable » n° {number}",
                f"suivie de {', '.join(MOTIVES)}",
                "aucun motif",
                "Imprimer après « non substituable » son motif : MTE, EFG ou CIF.",
                severity=Severity.REVIEW if page.scanned else None,
            )


@check(
    "EP-18",
    title="Sur une page bizone, la zone de l'ALD est la première",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §6, §14",
)
def zones(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Titles of the ordonnancier bizone; one zone alone is right when all its lines are in ALD."""
    ald, other = page.zones
    if page.scanned and (ald, other) == (-1, -1):
        yield _unread("page", "que les lignes en ALD sont dans leur zone")
    elif -1 < other < ald:
        yield Finding(
            "corps de l'ordonnance",
            "la zone de l'affection de longue durée, puis celle des autres prescriptions",
            "les zones dans l'autre ordre",
            "Imprimer l'ordonnance bizone avec ses deux titres, la zone de l'ALD au-dessus.",
        )
    elif ald < 0 <= other:
        yield Finding(
            "corps de l'ordonnance",
            "le titre de la zone de l'affection de longue durée, au-dessus de l'autre",
            "le titre de la seconde zone seul",
            "Vérifier que la zone de l'ALD est titrée : « Prescriptions relatives au traitement "
            "de l'affection de longue durée ».",
            severity=Severity.REVIEW,
        )

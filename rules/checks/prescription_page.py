"""EP-09, EP-13, EP-14, EP-15, EP-16, EP-18: the paper that the patient is given.

A page that is a picture (a scan) shows its Code 2D and no word: what must be read
there is to be looked at. Source: picture of SEL-SFG-023, manual of 2022
(e-prescription.md §6, §14).
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.ordonnance_page import PrintedOrdonnance
from rules.formats.pages import TextPlace
from rules.formats.prescription import MOTIVES
from rules.formats.symbols import Symbol

SOURCE = "Image de SEL-SFG-023 (e-prescription.md §6, §14)"
UNDER = 0.12
"""Part of the page under the Code 2D where its number is looked for: about 35 mm."""
_FOOT = "bas de page"


@check(
    "EP-09",
    title="Le Code 2D est dans le quart inférieur gauche, son numéro imprimé dessous",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def place_of_code(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Measured on the rendered page; a text alone shows only the words."""
    if page.scanned:
        yield Finding(
            "page",
            "« e-prescription N° » et le numéro sous le Code 2D",
            "une page sans texte",
            "Page numérisée : vérifier à l'œil que le numéro est imprimé sous le Code 2D.",
            severity=Severity.REVIEW,
        )
    elif not page.labelled:
        yield Finding(
            _FOOT,
            "« e-prescription N° » suivi des 18 caractères",
            page.printed_number or "absent",
            "Imprimer sous le Code 2D « e-prescription » puis « N° » et le numéro.",
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
    width, height = symbol.frame
    x = sum(x for x, _ in symbol.corners) / 4 / (width or 1)
    y = sum(y for _, y in symbol.corners) / 4 / (height or 1)
    if x > 0.5 or y < 0.5:
        yield Finding(
            symbol.place,
            "le quart inférieur gauche de la page",
            f"centre à {x:.0%} de la largeur et {y:.0%} de la hauteur",
            "Placer le Code 2D en bas à gauche de l'ordonnance.",
        )
    elif page.number_places and not any(_under(p, symbol) for p in page.number_places):
        yield Finding(
            symbol.place,
            "le numéro imprimé juste sous le Code 2D",
            "le numéro imprimé ailleurs",
            "Imprimer « e-prescription N° » et le numéro juste sous le Code 2D.",
        )


def _under(text: TextPlace, symbol: Symbol) -> bool:
    width, height = symbol.frame
    left, right = (f(x for x, _ in symbol.corners) / (width or 1) for f in (min, max))
    bottom = max(y for _, y in symbol.corners) / (height or 1)
    beside = text.right < left or text.left > right
    return text.page == symbol.page and not beside and -0.01 <= text.top - bottom <= UNDER


@check(
    "EP-13",
    title="La mention de consultation des exécutions est entière, et suit le consentement",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source=SOURCE,
)
def consent_notice(page: PrintedOrdonnance, context: Context) -> Iterator[Finding]:
    """Either wording; printed with the consent asked by the gesture, if there is one."""
    if page.scanned:
        return
    notice = page.notice
    if page.half_notice or (notice is not None and notice.accepted and notice.answer is None):
        yield _notice("la mention entière", notice.text if notice else "une partie de la mention")
    elif notice is not None and not notice.accepted and not notice.dated:
        yield _notice("la date à laquelle le patient a été informé", "aucune date")
    gesture = context.within(Gesture)
    wanted = gesture.parameters.get("avec_consentement") if isinstance(gesture, Gesture) else None
    if isinstance(wanted, bool):
        yield from differing_notice(page, consent=wanted)


def differing_notice(page: PrintedOrdonnance, *, consent: bool) -> Iterator[Finding]:
    """A notice without consent, or a consent without its notice."""
    printed = page.notice is not None and page.notice.consent
    if printed != consent and not page.scanned and not page.half_notice:
        said = "le patient consent", "le patient s'oppose"
        yield _notice(
            f"la mention, {said[0]}" if consent else f"aucune mention, {said[1]}",
            "la mention" if printed else "aucune mention",
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
    if missing and not page.scanned:
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
    """Whether the Code 2D is on each page is not published."""
    if page.scanned:
        return
    total = len(page.page_numbers)
    for number, printed in enumerate(page.page_numbers, start=1):
        if printed != (number, total):
            yield Finding(
                f"page {number}",
                f"Page {number}/{total}",
                "Page {}/{}".format(*printed) if printed else "absente",
                "Imprimer sous le numéro « Page n/N » sur chaque page.",
            )


@check(
    "EP-16",
    title="Chaque « non substituable » imprimé est suivi de MTE, EFG ou CIF",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="CSP L5125-23, arrêté du 12/11/2019 (e-prescription.md §6, §14)",
)
def printed_motives(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """``MTE-PH`` is the pharmacist's own."""
    for number, motive in enumerate(page.excluded, start=1):
        if motive is None:
            yield Finding(
                f"mention « non substituable » n° {number}",
                f"suivie de {', '.join(MOTIVES)}",
                "aucun motif",
                "Imprimer après « non substituable » son motif : MTE, EFG ou CIF.",
            )


@check(
    "EP-18",
    title="Une page bizone a ses deux zones, celle de l'ALD en premier",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §6, §14",
)
def zones(page: PrintedOrdonnance, _context: Context) -> Iterator[Finding]:
    """Titles of the ordonnancier bizone."""
    ald, other = page.zones
    if (ald, other) == (-1, -1) or -1 < ald < other:
        return
    yield Finding(
        "corps de l'ordonnance",
        "la zone de l'affection de longue durée, puis celle des autres prescriptions",
        "les zones dans l'autre ordre" if -1 not in (ald, other) else "une seule zone titrée",
        "Imprimer l'ordonnance bizone avec ses deux titres, la zone de l'ALD au-dessus.",
    )

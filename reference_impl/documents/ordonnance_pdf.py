"""The PDF/A-1b of an ordonnance, as the patient is given it.

Prescriber at the top left, patient at the top right, then the lines and the signature;
at the bottom left of each page the Code 2D with the number and the page under it, the
two mentions at its right. An ordonnance that the service does not hold has none of these.

Sources: picture of SEL-SFG-023 and sentences of sheet e-prescription §6; CSP R5132-29.
That the Code 2D is on every page is hors spécification.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import cast

from reference_impl.documents import datamatrix, pdf, qr
from reference_impl.documents.ordonnance_text import LineText, line_text
from reference_impl.prescriptions.model import SECURE, Line, Ordonnance

AMELI = "https://www.ameli.fr/paris/assure/protection-donnees-personnelles"
MODULE = 0.42
"""Millimetres a module of the QR code: above the least, 0.33, for scans of 150 dpi."""
_MARGIN = 15
_UNDER_CODE = 4.0
_BOTTOM = 10
_TO_SIGN = 14
"""Millimetres left for the signature."""
_ALD_TITLE = "PRESCRIPTIONS RELATIVES AU TRAITEMENT DE L'AFFECTION DE LONGUE DURÉE RECONNUE"
_OTHER_TITLE = "PRESCRIPTIONS SANS RAPPORT AVEC L'AFFECTION DE LONGUE DURÉE"


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that is printed. ``code_2d`` and ``number`` are None unless the service holds it.

    ``prescriber`` is the block of lines about the prescriber, ``cartouche`` and
    ``datamatrix`` the identity of the patient, as on letters. ``written_at`` is local time.
    """

    ordonnance: Ordonnance
    prescriber: tuple[str, ...]
    signed: str
    cartouche: tuple[tuple[str, str], ...]
    datamatrix: str | None
    number: str | None
    code_2d: str | None
    consent: bool
    producer: str
    written_at: datetime

    @property
    def day(self) -> date:
        """The day of prescription."""
        return self.ordonnance.day or self.written_at.date()


class _Page(pdf.Page):
    """A4 with the Code 2D and the mentions at the foot of each page."""

    def __init__(self, sheet: Sheet) -> None:
        super().__init__("")
        self._sheet = sheet
        self._code = None
        if sheet.code_2d is not None:
            self._code = datamatrix.picture(qr.symbol(sheet.code_2d), 4, qr.QUIET_ZONE)
        self.side = self._code.width / 4 * MODULE if self._code else 0.0

    def foot(self) -> float:
        """Height of what stands at the foot."""
        return self.side + (3 if self._code else 1) * _UNDER_CODE + _BOTTOM

    def footer(self) -> None:
        """Code 2D, number, page; mentions at the right."""
        top = self.h - self.foot()
        self.set_xy(self.l_margin, top + self.side)
        if self._code is not None:
            self.image(self._code, self.l_margin, top, self.side, self.side)
            self._caption("e-prescription")
            self._caption(f"N°{self._sheet.number}")
        self._caption(f"Page {self.page_no()}/{{nb}}")
        if self._code is not None:
            self._mentions(top)

    def _caption(self, text: str) -> None:
        self.set_font(pdf.FAMILY, "", 8)
        self.cell(self.epw, _UNDER_CODE, self.printable(text), new_x="LMARGIN", new_y="NEXT")

    def _mentions(self, top: float) -> None:
        left = self.l_margin + self.side + 16
        self.set_font(pdf.FAMILY, "", 8)
        self.set_xy(left, top + qr.QUIET_ZONE * MODULE)
        for mention in mentions(self._sheet):
            self.multi_cell(
                self.w - self.r_margin - left,
                _UNDER_CODE,
                self.printable(mention),
                align="L",
                new_x="LEFT",
                new_y="NEXT",
            )
            self.ln(1)
            self.set_x(left)


def mentions(sheet: Sheet) -> tuple[str, ...]:
    """What the patient is told: reading executions back, and the data transmitted."""
    consented = (
        f"Le patient, informé le {sheet.day:%d/%m/%Y}, ne s'oppose pas à ce que je puisse "
        "consulter ce qui a été délivré ou exécuté."
    )
    transmitted = (
        "Les données de cette ordonnance sont transmises électroniquement à l'assurance "
        f"maladie : {AMELI}"
    )
    return (consented, transmitted) if sheet.consent else (transmitted,)


def render(sheet: Sheet) -> bytes:
    """The bytes of the PDF/A-1b. Same sheet, same bytes."""
    page = _Page(sheet)
    title = f"Ordonnance du {sheet.day:%d/%m/%Y}"
    pdf.describe(page, pdf.Properties(title, sheet.signed, sheet.producer, sheet.written_at))
    page.set_margins(_MARGIN, 12, _MARGIN)
    page.set_auto_page_break(auto=True, margin=page.foot() + 4)
    page.add_page()
    _heads(page, sheet)
    _lines(page, sheet)
    _signature(page, sheet)
    return bytes(page.output())


def _heads(page: pdf.Page, sheet: Sheet) -> None:
    """Prescriber at the left, patient and date at the right."""
    top, width = page.get_y(), page.epw
    first, *others = sheet.prescriber
    right = page.l_margin + width * 0.4
    page.set_right_margin(page.w - right + 4)
    pdf.line(page, first, "B", 11)
    for other in others:
        pdf.line(page, other, "", 9)
    left_end = page.get_y()
    page.set_right_margin(_MARGIN)
    page.set_y(top)
    frame = pdf.Frame(right, width * 0.6, labels=42, size=8)
    bottom = pdf.cartouche(page, sheet.cartouche, sheet.datamatrix, frame)
    page.set_y(bottom + 2)
    pdf.line(page, f"Date de prescription : {sheet.day:%d/%m/%Y}", "", 10, align="R")
    page.set_y(max(left_end, page.get_y()) + 4)


def _lines(page: pdf.Page, sheet: Sheet) -> None:
    ordonnance = sheet.ordonnance
    secure = SECURE in ordonnance.flags
    pdf.line(page, "Ordonnance sécurisée" if secure else "Ordonnance", "B", 14)
    page.ln(2)
    if not ordonnance.bizone:
        for line in ordonnance.lines:
            _line(page, line_text(line, ald_marked=bool(line.ald)))
    else:
        _zone(page, _ALD_TITLE, [line for line in ordonnance.lines if line.ald])
        _zone(page, _OTHER_TITLE, [line for line in ordonnance.lines if not line.ald])
    executor = ordonnance.wished_executor
    if executor is not None:
        named = (executor.structure, executor.given_name, executor.family_name, executor.address)
        pdf.line(page, f"À délivrer par : {' '.join(filter(None, named))}", "", 10)
    drugs = len(ordonnance.drugs)
    if drugs:
        counted = f"{drugs} médicaments" if drugs > 1 else "1 médicament"
        pdf.line(page, f"Ordonnance avec {counted}", "", 9)


def _zone(page: pdf.Page, title: str, lines: list[Line]) -> None:
    pdf.line(page, title, "B", 10)
    page.ln(2)
    for line in lines:
        _line(page, line_text(line))
    page.ln(2)


def _whole(page: pdf.Page) -> AbstractContextManager[pdf.Page]:
    """A block that no page break cuts."""
    # The recorder of the library answers to every method of the page it stands for.
    return cast("AbstractContextManager[pdf.Page]", page.unbreakable())


def _line(page: pdf.Page, text: LineText) -> None:
    with _whole(page) as block:
        pdf.line(block, text.heading, "B", 11)
        for detail in text.details:
            pdf.line(block, f"   {detail}", "", 10)
        block.ln(2)


def _signature(page: pdf.Page, sheet: Sheet) -> None:
    with _whole(page) as block:
        block.ln(4)
        pdf.line(block, "Signature du prescripteur", "", 9, align="R")
        block.ln(_TO_SIGN)
        pdf.line(block, sheet.signed, "B", 11, align="R")

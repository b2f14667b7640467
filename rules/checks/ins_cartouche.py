"""INS-T-06 and INS-T-01 on a page: the identity that a person reads on a document.

Paper asks for the name, the first given name, date, sex, matricule and nature
(INS/va1.15); the other traits are printed by setting (INS/va1.10), so that
their absence is a lighter finding. Source: EXI DIF 02, EXI SI 08 (ins-insi.md
§1.6, §4.2, §7).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.checking import check
from rules.context import OID_INS_NIA, Context, Traits
from rules.findings import Finding, Severity
from rules.formats.cartouche import LABELS, Cartouche
from rules.formats.cda import ClinicalDocument
from rules.formats.datamatrix import InsDatamatrix
from rules.formats.gesture import Gesture
from rules.formats.numbers import is_cog
from rules.formats.pdf import PdfDocument
from rules.vocabulary import pairs

SOURCE = "Référentiel INS EXI DIF 02 (ins-insi.md §4.2)"
_PAGE = "première page"
_PRESCRIPTION = "42"
"""classCode of the documents that DOC/va1.04 exempts."""


@dataclass(frozen=True, slots=True)
class _Expected:
    """A qualified identity that the page must show."""

    traits: Traits
    ins: str
    oid: str

    @property
    def nature(self) -> str:
        return "NIA" if self.oid == OID_INS_NIA else "NIR"


@check(
    "INS-T-06",
    title="La première page porte l'identité qualifiée, son matricule, sa nature et son datamatrix",
    severity=Severity.MAJOR,
    source=SOURCE,
    exigences=("INS/va1.15", "INS/va1.03", "DOC/va1.04"),
)
def cartouche(page: Cartouche, context: Context) -> Iterator[Finding]:
    """A page without any matricule nor datamatrix is judged when the product itself said,
    by a gesture, that the identity is qualifiée: the golden documents, which nobody
    drives, carry the INS in their header and none on their page.
    """
    if page.alone:
        yield from _labels(page)
        yield from _natures(page)
        return
    pdf = context.within(PdfDocument)
    printed = _printed(pdf) if isinstance(pdf, PdfDocument) else ()
    # A symbol that INS-T-04 finds unreadable is there all the same.
    symbol = bool(printed) or (isinstance(pdf, PdfDocument) and any(pdf.problems()))
    expected = _expected(context, printed)
    if expected is None or not page.words:
        yield from _natures(page)
    elif page.matricules or symbol or page.marked:
        yield from _complete(page, expected, symbol=symbol)
    elif _declared(context, expected.ins) and not _prescription(context):
        yield _finding(
            "le cartouche de l'identité et le datamatrix INS",
            "ni matricule INS, ni datamatrix",
            "Imprimer en première page de ce document l'identité qualifiée, son matricule suivi de "
            "sa nature, et le datamatrix INS.",
        )


def _printed(pdf: PdfDocument) -> tuple[InsDatamatrix, ...]:
    """The datamatrix INS of the first page."""
    return tuple(d for d in pdf.datamatrices if d.symbol is not None and d.symbol.page == 1)


def _expected(context: Context, printed: tuple[InsDatamatrix, ...]) -> _Expected | None:
    """From the CDA header, else from the gesture that printed it, else from the symbol."""
    document, gesture = context.within(ClinicalDocument), context.within(Gesture)
    if isinstance(document, ClinicalDocument):
        patient = document.patient
        if patient is None or patient.ins is None:
            return None
        return _Expected(patient.traits, patient.ins.extension or "", patient.ins.root or "")
    if isinstance(gesture, Gesture):
        identity = gesture.identity
        if identity is None or not identity.qualified:
            return None
        return _Expected(identity.traits, identity.ins or "", identity.oid or "")
    if printed:
        return _Expected(printed[0].traits, printed[0].ins, printed[0].oid)
    return None


def _declared(context: Context, ins: str) -> bool:
    """Whether a gesture of the product, this one or an earlier one, gave the identity."""
    known = (context.identities or {}).get(ins)
    told = known is not None and known.qualified and known.local_id is not None
    return told or isinstance(context.within(Gesture), Gesture)


def _prescription(context: Context) -> bool:
    document = context.within(ClinicalDocument)
    code = document.code.code if isinstance(document, ClinicalDocument) and document.code else None
    return _PRESCRIPTION in pairs("ass-x04-type-class").get(code or "", ())


def _complete(page: Cartouche, expected: _Expected, *, symbol: bool) -> Iterator[Finding]:
    traits = expected.traits
    required = {
        "nom de naissance": page.says(traits.birth_name),
        "premier prénom de naissance": page.says(traits.first_given_name),
        "date de naissance (JJ/MM/AAAA)": page.says_date(traits.birth_date),
        "sexe": page.says_sex(traits.sex),
        "matricule INS": page.printed(expected.ins) is not None,
        "datamatrix INS lisible": symbol,
    }
    place, used = traits.birth_place, traits.used_name
    complement = {
        "liste des prénoms de naissance": page.says(traits.birth_given_names),
        "lieu de naissance (code INSEE)": not is_cog(place) or page.says_code(place or ""),
        "nom utilisé": not used or page.says(used),
    }
    yield from _missing(required, None)
    yield from _missing(complement, Severity.MINOR)
    yield from _natures(page, expected)


def _missing(shown: dict[str, bool], severity: Severity | None) -> Iterator[Finding]:
    missing = ", ".join(name for name, there in shown.items() if not there)
    if missing:
        yield _finding(
            missing,
            "absent de la page",
            "Compléter le cartouche de la première page avec les traits de l'identité qualifiée.",
            severity,
        )


def _natures(page: Cartouche, expected: _Expected | None = None) -> Iterator[Finding]:
    """Each INS printed is followed by NIR or NIA; that of the patient by its own nature."""
    own = page.printed(expected.ins) if expected else None
    for each in dict.fromkeys((*page.matricules, *((own,) if own else ()))):
        right = expected.nature if expected and each == own else each.nature
        if each.nature is None or each.nature != right:
            yield _finding(
                f"le matricule suivi de sa nature : {right or 'NIR ou NIA'}",
                each.nature or "aucune nature",
                "Écrire après le matricule sa nature, NIR ou NIA : l'OID la donne.",
            )


def _labels(page: Cartouche) -> Iterator[Finding]:
    """The text of a cartouche alone: only what it announces can be looked for."""
    shown = {name: bool(pattern.search(page.words)) for name, pattern in LABELS.items()}
    shown["lieu de naissance"] |= not page.matricules
    yield from _missing(shown, None)


def _finding(expected: str, found: str, advice: str, severity: Severity | None = None) -> Finding:
    return Finding(_PAGE, expected, found, advice, severity=severity)


@check(
    "INS-T-01",
    title="Ni matricule ni OID d'INS d'une identité non qualifiée sur aucun flux sortant",
    severity=Severity.BLOCKING,
    source="Référentiel INS EXI SI 08 (ins-insi.md §4.2, §7)",
    exigences=("INS/va1.53",),
)
def unqualified_page(page: Cartouche, context: Context) -> Iterator[Finding]:
    """A document referenced without INS, whose page gives it all the same."""
    pdf = context.within(PdfDocument)
    if not _referenced_without_ins(context) or not isinstance(pdf, PdfDocument):
        return
    symbols = tuple(d.ins for d in pdf.datamatrices)
    shown = symbols or tuple(m.value for m in page.matricules if m.nature)
    known = context.identities or {}
    if any(not (each in known and known[each].qualified) for each in shown):
        yield Finding(
            _PAGE,
            "ni matricule, ni OID, ni datamatrix",
            "un datamatrix INS" if symbols else "un matricule INS",
            "N'imprimer matricule et datamatrix que pour une identité qualifiée : ce document est "
            "référencé sans INS.",
        )


def _referenced_without_ins(context: Context) -> bool:
    """Whether what carries the page, document or gesture, names a patient without INS."""
    document, gesture = context.within(ClinicalDocument), context.within(Gesture)
    if isinstance(document, ClinicalDocument):
        return document.ins is None
    identity = gesture.identity if isinstance(gesture, Gesture) else None
    return identity is not None and not identity.qualified

"""INS-T-04 and INS-T-05: the datamatrix INS, as a text and as a symbol.

Source: ANS « INS – Format datamatrix » v2.2.20230926, ISO/IEC 16022, as
ins-insi.md §4.1 and §7 read them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from rules.checking import check
from rules.context import Context, Traits
from rules.findings import Finding, Severity
from rules.formats.cartouche import packed
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_types import INS_ROOTS
from rules.formats.datamatrix import CHECK_ID, LAYOUTS, REQUIRED, InsDatamatrix
from rules.formats.gesture import Gesture
from rules.formats.numbers import is_cog, is_ins
from rules.formats.pdf import PdfDocument

SOURCE = "INS – Format datamatrix v2.2 (ins-insi.md §4.1)"
EXIGENCES = ("INS/va1.03", "DOC/va1.04")
_NAME = re.compile(r"['A-Z][A-Z' -]*", re.ASCII)
_DATE = re.compile(r"(\d{2})-(\d{2})-(\d{4})", re.ASCII)
_ADVICES = {
    "S1": "Écrire le matricule et sa clé, 15 caractères sans espace.",
    "S2": "Écrire l'OID de l'autorité, celui du NIR ou du NIA, tel que le document le porte.",
    "S3": "Écrire la liste des prénoms de naissance en majuscules sans accent, séparés par une "
    "espace.",
    "S4": "Écrire le nom de naissance en majuscules sans accent.",
    "S5": "Écrire M ou F : une identité de sexe indéterminé n'a pas de datamatrix.",
    "S6": "Écrire la date de naissance sous la forme JJ-MM-AAAA.",
    "S7": "Écrire le code COG du lieu de naissance, ou omettre le champ.",
}


@check(
    CHECK_ID,
    title="Le datamatrix INS est bien formé et dit l'identité du document",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=EXIGENCES,
)
def string(datamatrix: InsDatamatrix, context: Context) -> Iterator[Finding]:
    """Separators, header and lengths are judged while reading; here, each value."""
    yield from _values(datamatrix)
    document = context.within(ClinicalDocument)
    if isinstance(document, ClinicalDocument) and document.patient is not None:
        patient = document.patient
        if patient.ins is not None:
            yield from _same(datamatrix, "S1", patient.ins.extension or "")
            yield from _same(datamatrix, "S2", patient.ins.root or "")
        yield from _same_traits(datamatrix, patient.traits)
    gesture = context.within(Gesture)
    if isinstance(gesture, Gesture) and gesture.identity is not None:
        yield from _same(datamatrix, "S1", gesture.identity.ins or "")
        yield from _same_traits(datamatrix, gesture.identity.traits)
    yield from _same_as_printed(datamatrix, context)


def _values(datamatrix: InsDatamatrix) -> Iterator[Finding]:
    for block_id in REQUIRED:
        if not datamatrix.value(block_id):
            layout = LAYOUTS[block_id]
            yield Finding(
                f"champ {block_id} ({layout.name})",
                f"le champ {block_id}",
                "absent ou vide",
                _ADVICES[block_id],
            )
    rules = {
        "S1": (is_ins, "13 caractères et la clé"),
        "S2": (INS_ROOTS.__contains__, "un OID d'INS : " + ", ".join(sorted(INS_ROOTS))),
        "S3": (_is_name, "A à Z, espace, apostrophe, tiret"),
        "S4": (_is_name, "A à Z, espace, apostrophe, tiret"),
        "S5": (("M", "F").__contains__, "M ou F"),
        "S6": (_is_date, "JJ-MM-AAAA, une date du calendrier"),
        "S7": (is_cog, "un code COG de 5 caractères"),
    }
    for block in datamatrix.blocks:
        admitted, expected = rules[block.id]
        if block.value and not admitted(block.value):
            yield Finding(block.place, expected, block.value, _ADVICES[block.id])


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and "  " not in text and text == text.strip()


def _is_date(text: str) -> bool:
    found = _DATE.fullmatch(text)
    try:
        return found is not None and bool(date(int(found[3]), int(found[2]), int(found[1])))
    except ValueError:
        return False


def _same_traits(datamatrix: InsDatamatrix, traits: Traits) -> Iterator[Finding]:
    """A CDA may keep accents and small letters; the datamatrix never does."""
    longest = LAYOUTS["S3"].length
    for block_id, expected in (("S3", traits.birth_given_names), ("S4", traits.birth_name)):
        if expected and packed(datamatrix.value(block_id)) != packed(expected[:longest]):
            yield from _same(datamatrix, block_id, expected)
    yield from _same(datamatrix, "S5", traits.sex)
    if _is_date(datamatrix.value("S6")):
        year, _, rest = traits.birth_date.partition("-")
        yield from _same(datamatrix, "S6", f"{rest[3:]}-{rest[:2]}-{year}" if rest else "")
    if datamatrix.value("S7") and is_cog(traits.birth_place):
        yield from _same(datamatrix, "S7", traits.birth_place or "")


def _same(datamatrix: InsDatamatrix, block_id: str, expected: str) -> Iterator[Finding]:
    block = datamatrix.block(block_id)
    if block is not None and expected and block.value != expected:
        yield Finding(
            block.place,
            f"{expected}, comme l'identité du document",
            block.value,
            "Composer le datamatrix et l'en-tête du document depuis la même identité, au même "
            "moment.",
        )


def _same_as_printed(datamatrix: InsDatamatrix, context: Context) -> Iterator[Finding]:
    """The matricule in clear beside the symbol; INS-T-06 looks for the traits."""
    pdf = context.within(PdfDocument)
    if not isinstance(pdf, PdfDocument) or not is_ins(datamatrix.ins):
        return
    printed = [m.value for m in pdf.cartouche.matricules]
    if printed and datamatrix.ins not in printed:
        yield Finding(
            "champ S1 (matricule)",
            f"{printed[0]}, le matricule imprimé",
            datamatrix.ins,
            "Imprimer en clair le matricule que porte le datamatrix.",
        )


@check(
    "INS-T-05",
    title="Le symbole du datamatrix INS est carré, ECC 200, entouré de blanc et annoncé",
    severity=Severity.MINOR,
    source=f"{SOURCE} ; ISO/IEC 16022",
    exigences=EXIGENCES,
)
def printed_symbol(datamatrix: InsDatamatrix, context: Context) -> Iterator[Finding]:
    """ECC 200 is what makes a symbol legible here: INS-T-06 misses any other.

    C40 is not demanded, for no source says that a reader may.
    """
    symbol = datamatrix.symbol
    if symbol is None:
        return
    size = f"{symbol.rows} × {symbol.columns} modules"
    if not symbol.square:
        yield Finding(
            symbol.place,
            "un symbole carré",
            size,
            "Demander au générateur de symboles la forme carrée : laissé libre, il choisit un "
            "rectangle.",
        )
    if not symbol.quiet_zone:
        yield Finding(
            symbol.place,
            "un module de blanc au moins de chaque côté",
            "le blanc est entamé",
            "Laisser autour du symbole une marge d'un module au moins, sans trait ni texte.",
        )
    pdf = context.within(PdfDocument)
    if isinstance(pdf, PdfDocument) and symbol.page == 1 and not _marked(pdf):
        yield Finding(
            symbol.place,
            "la mention « INS à scanner »",
            "absente de la page",
            "Imprimer « INS à scanner » à côté du symbole.",
        )


def _marked(pdf: PdfDocument) -> bool:
    """Whether the first page announces the symbol; a page scanned has no text to tell."""
    return pdf.cartouche.marked or not pdf.cartouche.words

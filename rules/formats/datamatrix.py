"""The datamatrix INS as text: a fixed header, then blocks in any order.

Each block is a two-character identifier and a value of a fixed length, or of a
maximum length: shorter, and not last, it is closed by GS (ASCII 29). Offsets
are counted in octets from the beginning of the text.

Source: ANS « INS – Format datamatrix » v2.2.20230926, as ins-insi.md §4.1 reads it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import ClassVar, NamedTuple

from rules.artefact import Artefact, MalformedError
from rules.context import Traits
from rules.findings import Finding, Severity
from rules.formats.symbols import Symbol

GS = "\x1d"
LITERAL_GS = "<GS>"
"""What some scanners that play a keyboard type instead of the separator."""
HEADER = "IS01" + "0" * 22
CHECK_ID = "INS-T-04"
MAX_TEXT = 1024
"""Characters; the longest conformant text has 291."""
_VERSIONED = re.compile(r"IS\d\d", re.IGNORECASE)
_NEXT_BLOCK = re.compile(r"S[1-7]")


class Layout(NamedTuple):
    """Of a kind of block: French name, longest value, and whether it is always that long."""

    name: str
    length: int
    fixed: bool = True


LAYOUTS = {
    "S1": Layout("matricule", 15),
    "S2": Layout("OID", 20, fixed=False),
    "S3": Layout("prénoms de naissance", 100, fixed=False),
    "S4": Layout("nom de naissance", 100, fixed=False),
    "S5": Layout("sexe", 1),
    "S6": Layout("date de naissance", 10),
    "S7": Layout("lieu de naissance", 5),
}
REQUIRED = ("S1", "S2", "S3", "S4", "S5", "S6")


@dataclass(frozen=True, slots=True)
class Block:
    """One block. ``offset`` is that of its identifier; ``closed``, whether GS follows it."""

    id: str
    value: str
    offset: int
    closed: bool = False

    @property
    def place(self) -> str:
        """``octet 43, champ S2 (OID)``."""
        return f"octet {self.offset}, champ {self.id} ({LAYOUTS[self.id].name})"

    @property
    def end(self) -> int:
        """Offset of what follows its value."""
        return self.offset + 2 + len(self.value)


@dataclass(frozen=True)
class InsDatamatrix(Artefact):
    """A datamatrix INS that could be read, from a text or from a symbol."""

    label: ClassVar[str] = "Datamatrix INS"
    text: str
    blocks: tuple[Block, ...]
    flaws: tuple[Finding, ...] = ()
    """Faults of separators that did not forbid reading."""
    symbol: Symbol | None = field(default=None, compare=False)
    """The symbol it was printed as; None for a text alone."""

    @classmethod
    def parse(cls, data: bytes | str, symbol: Symbol | None = None) -> InsDatamatrix:
        """Read a text block by block.

        Raises MalformedError (INS-T-04) when a block cannot be delimited: other
        header, identifier unknown or met twice, value cut short, other octets
        than ASCII.
        """
        text = _ascii(data)
        literal = LITERAL_GS in text
        if literal:
            text = text.replace(LITERAL_GS, GS)
        _require_header(text)
        blocks, flaws = _Reading(text).blocks()
        if literal:
            flaws = (_typed_separator(symbol is not None), *flaws)
        return cls(text, blocks, flaws, symbol)

    def problems(self) -> Iterable[Finding]:
        """Separators missing, in excess, or typed."""
        return self.flaws

    def block(self, block_id: str) -> Block | None:
        """The block of an identifier."""
        return next((b for b in self.blocks if b.id == block_id), None)

    def value(self, block_id: str) -> str:
        """Value of a block, ``""`` without it."""
        found = self.block(block_id)
        return found.value if found else ""

    @property
    def ins(self) -> str:
        """Matricule and key, 15 characters."""
        return self.value("S1")

    @property
    def oid(self) -> str:
        """OID of the authority."""
        return self.value("S2")

    @property
    def traits(self) -> Traits:
        """The five traits; the date as ISO when it is one."""
        day, month, year = (*self.value("S6").split("-"), "", "", "")[:3]
        return Traits(
            birth_name=self.value("S4"),
            birth_given_names=self.value("S3"),
            sex=self.value("S5"),
            birth_date=f"{year}-{month}-{day}" if year else self.value("S6"),
            birth_place=self.value("S7") or None,
        )


def is_ins_text(data: bytes) -> bool:
    """Whether octets claim to be a datamatrix INS, whatever their version and case."""
    return bool(_VERSIONED.match(data[:4].decode("ascii", "replace")))


@dataclass(frozen=True)
class InsPicture(Artefact):
    """The datamatrix INS that a picture or the pages of a document show.

    ``flaws`` say why symbols that claim to be one cannot be read as one.
    """

    label: ClassVar[str] = "Image"
    datamatrices: tuple[InsDatamatrix, ...]
    flaws: tuple[Finding, ...] = ()

    @classmethod
    def of(cls, symbols: Iterable[Symbol]) -> InsPicture:
        """Sort symbols: those that do not begin like a datamatrix INS are left aside."""
        read: list[InsDatamatrix] = []
        flaws: list[Finding] = []
        for symbol in symbols:
            if symbol.kind != "datamatrix" or not is_ins_text(symbol.data):
                continue
            try:
                read.append(InsDatamatrix.parse(symbol.data, symbol))
            except MalformedError as error:
                flaws.append(error.finding)
        return cls(tuple(read), tuple(flaws))

    def parts(self) -> Iterable[Artefact]:
        """Each datamatrix."""
        return self.datamatrices

    def problems(self) -> Iterable[Finding]:
        """Symbols that could not be read."""
        return self.flaws


class _Reading:
    """One pass over a text whose header was read."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._flaws: list[Finding] = []

    def blocks(self) -> tuple[tuple[Block, ...], tuple[Finding, ...]]:
        """Every block in order, with what is wrong between them."""
        found: dict[str, Block] = {}
        at = len(HEADER)
        while at < len(self._text):
            block = self._block(at, found)
            found[block.id] = block
            at = block.end + block.closed
        return tuple(found.values()), tuple(self._flaws)

    def _block(self, at: int, found: dict[str, Block]) -> Block:
        block_id = self._text[at : at + 2]
        layout = LAYOUTS.get(block_id)
        if layout is None or block_id in found:
            raise _malformed(
                f"octet {at}",
                "un identifiant de champ S1 à S7, chacun une fois",
                repr(block_id) if layout is None else f"{block_id} pour la seconde fois",
                "Écrire chaque champ une fois, à sa longueur, et fermer par GS ceux de longueur "
                "variable qui n'ont pas leur longueur maximale.",
            )
        read = self._fixed if layout.fixed else self._variable
        return self._separated(read(Block(block_id, "", at), layout), layout)

    def _fixed(self, block: Block, layout: Layout) -> Block:
        start = block.offset + 2
        value = self._text[start : start + layout.length].partition(GS)[0]
        if len(value) < layout.length:
            raise _malformed(
                block.place,
                f"{layout.length} caractères",
                f"{len(value)} : {value!r}",
                f"Écrire le champ {block.id} sur {layout.length} caractères, sans séparateur.",
            )
        return replace(block, value=value)

    def _variable(self, block: Block, layout: Layout) -> Block:
        """Up to GS, to the longest value, or to what can only be the next block.

        Neither an OID nor a name can hold ``S`` and a digit: met there, they
        begin the next block and the separator is missing.
        """
        start = block.offset + 2
        value = self._text[start : start + layout.length].partition(GS)[0]
        cut = _NEXT_BLOCK.search(self._text, start, start + len(value) + 1)
        # A value that stops at its longest may be followed at once by a block.
        if cut and cut.start() < start + layout.length:
            value = self._text[start : cut.start()]
            self._flaws.append(
                _flaw(
                    f"octet {cut.start()}, après le champ {block.id} ({layout.name})",
                    f"GS (0x1D) : le champ n'a que {len(value)} caractères sur {layout.length}",
                    repr(cut[0]),
                    f"Fermer le champ {block.id} par GS (0x1D) avant le suivant.",
                )
            )
        return replace(block, value=value)

    def _separated(self, block: Block, layout: Layout) -> Block:
        closed = self._text[block.end : block.end + 1] == GS
        full = layout.fixed or len(block.value) == layout.length
        last = block.end + closed >= len(self._text)
        if closed and (full or last):
            self._flaws.append(
                _flaw(
                    f"octet {block.end}, après le champ {block.id} ({layout.name})",
                    "aucun séparateur après un champ fixe, plein ou dernier",
                    "GS (0x1D)",
                    f"Retirer le séparateur qui suit le champ {block.id}.",
                )
            )
        return replace(block, closed=closed)


def _ascii(data: bytes | str) -> str:
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogateescape")
    text = data[:MAX_TEXT].decode("latin-1")
    if not text.isascii():
        at = next(i for i, c in enumerate(text) if not c.isascii())
        raise _malformed(
            f"octet {at}",
            "des caractères ASCII",
            f"0x{data[at]:02X}",
            "Écrire nom et prénoms en majuscules sans accent ni ligature.",
        )
    return text


def _require_header(text: str) -> None:
    found = text[: len(HEADER)]
    if found == HEADER:
        return
    at = next(
        (i for i, (a, b) in enumerate(zip(HEADER, found, strict=False)) if a != b), len(found)
    )
    advice = "Commencer par « IS », la version « 01 » et vingt-deux zéros."
    if found.upper() == HEADER:
        advice = "Écrire l'en-tête en majuscules : « IS01 » et vingt-deux zéros."
    raise _malformed(f"octet {at}, en-tête", HEADER, found, advice)


def _typed_separator(printed: bool) -> Finding:
    """Legal from a scanner that plays a keyboard, never inside a symbol."""
    return Finding(
        "séparateurs",
        "GS (0x1D)",
        LITERAL_GS,
        "Encoder le séparateur par l'octet 0x1D, et non par les quatre caractères « <GS> »."
        if printed
        else "Rien si ce texte vient d'une douchette qui tape « <GS> » ; un logiciel qui écrit "
        "ce texte doit y mettre l'octet 0x1D.",
        severity=Severity.BLOCKING if printed else Severity.INFO,
        check_id=CHECK_ID,
        title=TITLE,
    )


TITLE = "La chaîne du datamatrix INS est bien formée"


def _flaw(place: str, expected: str, found: str, advice: str) -> Finding:
    return _malformed(place, expected, found, advice).finding


def _malformed(place: str, expected: str, found: str, advice: str) -> MalformedError:
    return MalformedError(CHECK_ID, place, expected, found, advice, artefact=InsDatamatrix.label)

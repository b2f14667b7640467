"""The drug base, read from files in the formats of the BDPM.

Texts separated by tabs, without header nor quotes, UTF-8 or windows-1252. Files
may hold rows about a drug that another does not know: they are left out.
Source: « Contenu et format des fichiers téléchargeables de la BDPM », 27/08/2025.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reference_impl.errors import ConfigurationError

OUR_BASE = Path(__file__).parent / "base"
"""A small base of drugs that do not exist."""

_LIMIT = re.compile(r"limitee? a (\d+) (jour|semaine|mois)")
_DAYS = {"jour": 1, "semaine": 7, "mois": 30}
_MARKETED = "Commercialisée"


@dataclass(frozen=True, slots=True)
class Presentation:
    """A box. ``rate`` is the reimbursement (``65 %``), empty when there is none."""

    cip7: str
    cip13: str
    label: str
    rate: str


@dataclass(frozen=True, slots=True)
class Drug:
    """A spécialité. ``name`` is its dénomination, ``conditions`` those of prescription."""

    cis: str
    name: str
    form: str
    routes: tuple[str, ...]
    marketed: bool
    presentations: tuple[Presentation, ...] = ()
    substances: tuple[str, ...] = ()
    """Each with its dosage."""
    groups: tuple[str, ...] = ()
    """Generic groups it belongs to."""
    conditions: tuple[str, ...] = ()

    @property
    def narcotic(self) -> bool:
        """Whether a condition says stupéfiant, or that it is prescribed as one."""
        return any("stupefiant" in plain(condition) for condition in self.conditions)

    @property
    def longest(self) -> int | None:
        """Days that a prescription may last at most."""
        found = (_LIMIT.search(plain(condition)) for condition in self.conditions)
        days = [int(limit[1]) * _DAYS[limit[2]] for limit in found if limit]
        return min(days, default=None)

    @property
    def reimbursed(self) -> bool:
        """Whether one of its presentations is."""
        return any(box.rate for box in self.presentations)

    @property
    def label(self) -> str:
        """As it is prescribed: substances, form, route, then the name in parentheses."""
        named = ", ".join(self.substances) or self.name
        route = f", voie {' ou '.join(self.routes)}" if self.routes else ""
        return f"{named} {self.form}{route} ({self.name})"


class DrugBase:
    """The drugs by their codes, and by their words."""

    def __init__(self, drugs: Iterable[Drug]) -> None:
        self._drugs = {drug.cis: drug for drug in drugs}
        self._texts = {drug.cis: _searched(drug) for drug in self._drugs.values()}

    def get(self, cis: str) -> Drug | None:
        """The drug of a CIS."""
        return self._drugs.get(cis)

    def search(self, text: str, limit: int = 50) -> list[Drug]:
        """The drugs marketed that have all the words given, whatever case and accents."""
        words = plain(text).split()
        found = (d for d in self._drugs.values() if all(w in self._texts[d.cis] for w in words))
        return (
            sorted((d for d in found if d.marketed), key=lambda d: d.name)[:limit] if words else []
        )


def read_base(folder: Path) -> DrugBase:
    """Read the files of a folder. Raises ConfigurationError when CIS_bdpm.txt is missing."""
    drugs = _rows(folder / "CIS_bdpm.txt", 12)
    if not drugs:
        raise ConfigurationError(
            "BASE_MEDICAMENTS",
            f"La base de médicaments {folder} ne peut pas être lue : il y manque CIS_bdpm.txt.",
            "ordonnance.base_medicaments",
        )
    boxes = _by_cis(folder / "CIS_CIP_bdpm.txt", 13)
    parts = _by_cis(folder / "CIS_COMPO_bdpm.txt", 8)
    conditions = _by_cis(folder / "CIS_CPD_bdpm.txt", 2)
    groups = _by_cis(folder / "CIS_GENER_bdpm.txt", 5, place=2)
    return DrugBase(
        Drug(
            cis=row[0],
            name=row[1],
            form=row[2],
            routes=tuple(r.strip() for r in row[3].split(";") if r.strip()),
            marketed=row[6] == _MARKETED,
            presentations=tuple(Presentation(b[1], b[6], b[2], b[8]) for b in boxes[row[0]]),
            substances=_substances(parts[row[0]]),
            groups=tuple(g[0] for g in groups[row[0]]),
            conditions=tuple(c[1] for c in conditions[row[0]]),
        )
        for row in drugs
    )


def plain(text: str) -> str:
    """Lower case, without accents."""
    parts = unicodedata.normalize("NFKD", text)
    return "".join(c for c in parts if not unicodedata.combining(c)).lower()


def _substances(rows: list[list[str]]) -> tuple[str, ...]:
    """Active substances; a therapeutic fraction (FT) is what its salt (SA) is prescribed as."""
    fractions = {row[7] for row in rows if row[6] in ("FT", "ST")}
    kept = (row for row in rows if row[6] != "SA" or row[7] not in fractions)
    return tuple(dict.fromkeys(f"{row[3]} {row[4]}".strip() for row in kept))


def _searched(drug: Drug) -> str:
    codes = [code for box in drug.presentations for code in (box.cip7, box.cip13)]
    return plain(" ".join((drug.name, drug.label, drug.cis, *codes)))


def _by_cis(path: Path, width: int, place: int = 0) -> Mapping[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = defaultdict(list)
    for row in _rows(path, width):
        found[row[place]].append(row)
    return found


def _rows(path: Path, width: int) -> list[list[str]]:
    """Rows of at least ``width`` cells: real files leave the last ones out."""
    if not path.exists():
        return []
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("windows-1252", "replace")
    cells = ([c.strip() for c in row.split("\t")] for row in text.splitlines() if row.strip())
    return [row + [""] * (width - len(row)) for row in cells]

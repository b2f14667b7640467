"""The drug base: what the files of the BDPM say of a spécialité, and searching it.

Sources: :mod:`reference_impl.prescriptions.bdpm` for the files; sheet e-prescription
§7.2 for the label, §6 for stupéfiants. The BDPM names no treatment of substitution:
the ATC class N07BC does (CIS_MITM), or the substance where a drug has no class.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path

from reference_impl.prescriptions import bdpm

OUR_BASE = Path(__file__).parent / "base"
"""A small base of drugs that do not exist."""

_LIMIT = re.compile(r"limitee? a (\d+) (jour|semaine|mois)")
_DAYS = {"jour": 1, "semaine": 7, "mois": 30}
_SUBSTITUTION_CLASS = "N07BC"
_MILLIGRAMS = re.compile(r"(\d+(?:,\d+)?) *mg\b")
_LOWEST_SUBSTITUTION = 0.4
"""Milligrams: buprénorphine below is given against pain."""
_BACK = "4"
_BRAND = re.compile(r"\s+\d")


@dataclass(frozen=True, slots=True)
class Presentation:
    """A box. ``rate`` is the reimbursement (``65 %``), ``price`` euros; empty when unknown.

    ``supply`` says what is wrong with its supply (rupture, tension, arrêt).
    """

    cip7: str
    cip13: str
    label: str
    rate: str = ""
    price: Decimal | None = None
    marketed: bool = True
    indications: str = ""
    supply: str | None = None


@dataclass(frozen=True)
class Drug:
    """A spécialité. ``name`` is its dénomination, ``conditions`` those of prescription.

    ``substances`` have their dosages, ``groups`` are generic groups, ``atc`` classes.
    ``supply`` is what is wrong with the supply of all of its boxes.
    """

    cis: str
    name: str
    form: str
    routes: tuple[str, ...]
    marketed: bool
    authorised: bool = True
    presentations: tuple[Presentation, ...] = ()
    substances: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    atc: tuple[str, ...] = ()
    supply: str | None = None

    @property
    def narcotic(self) -> bool:
        """Whether it is stupéfiant, or prescribed as one."""
        return self._says("stupefiant") or self.opioid_substitution

    @property
    def secure(self) -> bool:
        """Whether it asks for an ordonnance sécurisée: not only stupéfiants do."""
        told = self._says("ordonnance securisee") or self._says("specifications fixees par arrete")
        return told or self.narcotic

    @property
    def in_letters(self) -> bool:
        """Whether its posology is written out."""
        return self.narcotic or self._says("toutes lettres")

    @property
    def opioid_substitution(self) -> bool:
        """Whether it treats an addiction to opioids."""
        if self.atc:
            return any(code.startswith(_SUBSTITUTION_CLASS) for code in self.atc)
        names = plain(" ".join(self.substances))
        return "methadone" in names or ("buprenorphine" in names and self._strong())

    @property
    def exception(self) -> bool:
        """Whether it is a médicament d’exception: the files say so in words, or not at all."""
        told = (*self.conditions, *(box.indications for box in self.presentations))
        return any("d'exception" in plain(text) for text in told)

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
    def available(self) -> bool:
        """Whether it is authorised and sold."""
        return self.authorised and self.marketed

    @property
    def generic_name(self) -> str:
        """Substances with their dosages, form and route: what is prescribed « en DC »."""
        route = f", voie {' ou '.join(self.routes)}" if self.routes else ""
        return f"{self.composition} {self.form}{route}"

    @property
    def composition(self) -> str:
        """Substances with their dosages; the brand when the files tell none."""
        return " + ".join(self.substances) or self.brand

    @property
    def brand(self) -> str:
        """The dénomination without dosage nor form."""
        name = self.name.partition(",")[0].strip()
        short = _BRAND.split(name, maxsplit=1)[0]
        return short if len(short) > 1 else name

    @property
    def label(self) -> str:
        """As it is prescribed: the generic name, then the brand in parentheses."""
        return f"{self.generic_name} ({self.brand})"

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its prescriber should know before he prescribes it."""
        return tuple(self._warnings())

    def box(self, code: str) -> Presentation | None:
        """The presentation of a CIP7 or a CIP13."""
        return next((b for b in self.presentations if code and code in (b.cip7, b.cip13)), None)

    def _warnings(self) -> Iterator[str]:
        if not self.authorised:
            yield f"{self.name} n’a plus d’autorisation de mise sur le marché."
        elif not self.marketed:
            yield f"{self.name} n’est plus commercialisé."
        boxes = {box.supply for box in self.presentations if box.marketed}
        supply = self.supply or (next(iter(boxes)) if len(boxes) == 1 else None)
        if supply:
            yield f"{self.name} : {supply}."
        if self._says("usage hospitalier"):
            yield f"{self.name} est réservé à l’usage hospitalier : une officine ne le délivre pas."

    def _says(self, words: str) -> bool:
        return any(words in plain(condition) for condition in self.conditions)

    def _strong(self) -> bool:
        found = _MILLIGRAMS.findall(" ".join(self.substances))
        return any(float(each.replace(",", ".")) >= _LOWEST_SUBSTITUTION for each in found)


class DrugBase:
    """The drugs by their codes, and by their words."""

    def __init__(self, drugs: Iterable[Drug]) -> None:
        self._drugs = {drug.cis: drug for drug in drugs}

    @cached_property
    def _texts(self) -> dict[str, str]:
        return {drug.cis: _searched(drug) for drug in self._drugs.values()}

    @cached_property
    def _boxes(self) -> dict[str, Drug]:
        boxes = ((code, d) for d in self._drugs.values() for b in d.presentations
                 for code in (b.cip7, b.cip13) if code)  # fmt: skip
        return dict(boxes)

    def get(self, cis: str) -> Drug | None:
        """The drug of a CIS."""
        return self._drugs.get(cis)

    def of_box(self, code: str) -> Drug | None:
        """The drug of a CIP7 or a CIP13."""
        return self._boxes.get(code)

    def search(self, text: str, limit: int = 50) -> list[Drug]:
        """The drugs sold that have all the words given, whatever case and accents.

        The whole code of one (CIS, CIP7, CIP13) finds it alone, sold or not.
        """
        exact = self.get(text.strip()) or self.of_box(text.strip())
        if exact is not None:
            return [exact]
        words = plain(text).split()
        found = (d for d in self._drugs.values() if all(w in self._texts[d.cis] for w in words))
        sold = (drug for drug in found if drug.available) if words else ()
        return sorted(sold, key=lambda d: (plain(d.name), d.cis))[:limit]

    def by_generic_name(self, text: str) -> list[Drug]:
        """A drug sold for each generic name that has all the words given.

        One alone when the words are all of its name, its route left aside or not.
        """
        words = _words(text)
        sold = sorted((d for d in self._drugs.values() if d.available), key=lambda d: d.cis)
        found: dict[str, Drug] = {}
        for drug in sold if words else ():
            if words <= _words(drug.generic_name):
                found.setdefault(plain(drug.generic_name), drug)
        whole = [d for d in found.values() if words >= _words(f"{d.composition} {d.form}")]
        return whole if len(whole) == 1 else list(found.values())


def read_base(folder: Path) -> DrugBase:
    """Read the files of a folder. Raises ConfigurationError when CIS_bdpm.txt is missing."""
    drugs = bdpm.rows(folder / "CIS_bdpm.txt", 12)
    if not drugs:
        raise bdpm.unreadable(folder / "CIS_bdpm.txt", "fichier absent ou vide")
    boxes = bdpm.by_cis(folder / "CIS_CIP_bdpm.txt", 13)
    parts = bdpm.by_cis(folder / "CIS_COMPO_bdpm.txt", 8)
    conditions = bdpm.by_cis(folder / "CIS_CPD_bdpm.txt", 2)
    groups = bdpm.by_cis(folder / "CIS_GENER_bdpm.txt", 5, place=2)
    supply = bdpm.by_cis(folder / "CIS_CIP_Dispo_Spec.txt", 8)
    classes = bdpm.by_cis(folder / "CIS_MITM.txt", 4)
    return DrugBase(
        Drug(
            cis=row[0],
            name=row[1],
            form=row[2],
            routes=bdpm.several(row[3]),
            marketed=plain(row[6]) == "commercialisee",
            authorised=plain(row[4]) in ("", "autorisation active"),
            presentations=_presentations(row[0], boxes, supply),
            substances=_substances(bdpm.known(parts, row[0])),
            groups=_distinct(g[0] for g in bdpm.known(groups, row[0])),
            conditions=_distinct(c[1] for c in bdpm.known(conditions, row[0])),
            atc=_distinct(c[1] for c in bdpm.known(classes, row[0])),
            supply=_supply(supply, row[0], ""),
        )
        for row in drugs
    )


def plain(text: str) -> str:
    """Lower case, without accents, ligatures nor typographic apostrophes."""
    parts = unicodedata.normalize("NFKD", text.replace("’", "'"))
    bare = "".join(c for c in parts if not unicodedata.combining(c)).casefold()
    return bare.replace("œ", "oe").replace("æ", "ae")


def _presentations(cis: str, boxes: bdpm.Rows, supply: bdpm.Rows) -> tuple[Presentation, ...]:
    found = {
        (b[1], b[6]): Presentation(
            cip7=b[1],
            cip13=b[6],
            label=b[2],
            rate=" ; ".join(bdpm.several(b[8])),
            price=bdpm.amount(b[9]),
            marketed="arret" not in plain(b[4]) and "abrog" not in plain(b[3]),
            indications=b[12],
            supply=_supply(supply, cis, b[6]),
        )
        for b in bdpm.known(boxes, cis)
    }
    return tuple(found.values())


def _supply(supply: bdpm.Rows, cis: str, cip13: str) -> str | None:
    """What the last row about a box says; without CIP13, a row is about the whole drug."""
    mine = [row for row in bdpm.known(supply, cis) if row[1] == cip13]
    last = max(mine, key=lambda row: bdpm.day(row[5]), default=None)
    if last is None or last[2] == _BACK:
        return None
    return f"{last[3]} depuis le {last[4]}" if last[4] else last[3] or None


def _substances(rows: Iterable[list[str]]) -> tuple[str, ...]:
    """Active substances; a therapeutic fraction (FT) is what its salt (SA) is prescribed as."""
    told = list(rows)
    fractions = {row[7] for row in told if row[6] in ("FT", "ST") and row[7]}
    kept = (row for row in told if row[6] != "SA" or row[7] not in fractions)
    return _distinct(f"{row[3]} {row[4]}".strip() for row in kept)


def _words(text: str) -> set[str]:
    return {word for each in plain(text).split() if (word := each.strip(",;+()"))}


def _searched(drug: Drug) -> str:
    codes = [code for box in drug.presentations for code in (box.cip7, box.cip13)]
    return plain(" ".join((drug.name, drug.label, drug.cis, *codes)))


def _distinct(told: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in told if each))

"""Failures and lies a tester may ask of the ordonnance numérique (e-prescription.md §15).

Those of the connection (delay, cut, 503 …) are common to every service.
:data:`CASES` says how each case of the sheet is played.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from rules.formats.prescription_number import PrescriptionNumber, decode
from simulators.prescription.errors import CATALOGUE
from simulators.prescription.robot import READERS, executor, product
from simulators.prescription.wire import PLAIN, Style

Content = dict[str, Any]

REFUSALS: Mapping[str, str] = {
    "numero-deja-utilise": "EP-P-001",
    "numero-refuse": "EP-P-002",
    "rpps-different": "EP-P-003",
    "nom-refuse": "EP-P-005",
    "opposition": "EP-P-008",
    "assertion-refusee": "EP-P-021",
    "ins-exigee": "EP-P-022",
    "faute-technique": "EP-P-040",
}
"""Faults that answer an entry of the catalogue, whatever the call: name to code."""

WITHDRAWN, OPPOSED = "cis-retire", "opposition-serveur"
UNKNOWN, PREFIXES = "elements-inconnus", "autres-prefixes"


def _unknown_type(content: Content) -> Content:
    for line in _lines(content)[:1]:
        line["eprescType"] = "acteDemain"
    return content


def _unknown_motive(content: Content) -> Content:
    return _executed(content, [(executor(0), [_line(1, "NON_DELIVREE", motif=97, sousMotif=998)])])


def _mixed(content: Content) -> Content:
    lines = [
        _line(1, "REMPLACEE", motif=5, remplacement=product(1)),
        _line(len(_lines(content)) + 1, "AJOUTEE", motif=6, remplacement=product(2)),
        _line(2, "SUPPRIMEE", motif=28, sousMotif=73),
    ]
    return _executed(content, [(executor(0), lines)])


def _two_pharmacies(content: Content) -> Content:
    first = _line(1, "DELIVREE_PARTIELLEMENT", completude="FFP")
    second = _line(1, "DELIVREE", completude="RFC")
    return _executed(content, [(executor(0), [first]), (executor(1), [second])])


def _none_found(content: Content) -> Content:
    return {**content, "total": 0, "resultats": []}


def _many_found(content: Content) -> Content:
    page, size = int(content.get("page", 1)), int(content.get("taillePage", 50))
    first, last = (page - 1) * size, min(page * size, 200)
    model = next(iter(content.get("resultats", ())), None) or _SOMETHING
    kept = [{**model, "id": _numbered(str(model["id"]), rank)} for rank in range(first, last)]
    return {**content, "total": 200, "resultats": kept}


def _withdrawn(content: Content) -> Content:
    told = CATALOGUE["EP-P-011"]
    return {**content, "avertissements": [{"code": told.code, "libelle": told.text}]}


def _opposed(content: Content) -> Content:
    content = {**content, "accesExecutions": "REFUSE"}
    content.get("ordonnance", {}).pop("executions", None)
    content.get("ordonnance", {})["consentement"] = False
    return content


LIES: Mapping[str, tuple[str, str, Callable[[Content], Content]]] = {
    "type-ligne-inconnu": ("EP3", "N05 : un type de ligne que personne ne connaît", _unknown_type),
    "motif-inconnu": ("EP3", "N06 : un motif et un sous-motif inconnus", _unknown_motive),
    "executions-melees": ("EP3", "N07 : lignes remplacée, ajoutée et supprimée", _mixed),
    "deux-pharmacies": ("EP3", "N08 : deux exécutions partielles, deux pharmacies",
                        _two_pharmacies),
    OPPOSED: ("EP3", "N09 : le patient s'oppose, quoi que le logiciel croie", _opposed),
    WITHDRAWN: ("", "N14 : avertissement de produit non référencé", _withdrawn),
    "recherche-vide": ("EP2", "N15 : la recherche ne trouve rien", _none_found),
    "recherche-200": ("EP2", "N15 : la recherche trouve 200 ordonnances", _many_found),
}  # fmt: skip
"""Faults that change a true answer: name to the operation (any if empty), description, change."""

FAULTS: Mapping[str, str] = {
    **{name: f"refus {code} : {CATALOGUE[code].text}" for name, code in REFUSALS.items()},
    **{name: text for name, (_, text, _) in LIES.items()},
    UNKNOWN: "N16 : des éléments ou clés inconnus dans la réponse",
    PREFIXES: "N16 : d'autres préfixes XML dans la réponse",
    **{name: f"N18 : la pharmacie lit le Code 2D en {layout}" for name, layout in READERS.items()},
}
"""Every fault of the service: name to French description."""

CASES: Mapping[str, tuple[str, ...]] = {
    "N01": ("numero-deja-utilise",),
    "N02": ("faute-technique", "http-503", "couper"),
    "N03": ("couper-apres-traitement",),
    "N04": ("lent",),
    "N05": ("type-ligne-inconnu",),
    "N06": ("motif-inconnu",),
    "N07": ("executions-melees",),
    "N08": ("deux-pharmacies",),
    "N09": (OPPOSED, "opposition"),
    "N10": ("assertion-refusee", "rpps-different"),
    "N11": ("numero-refuse",),
    "N12": ("nom-refuse",),
    "N13": ("ins-exigee",),
    "N14": (WITHDRAWN,),
    "N15": ("recherche-vide", "recherche-200"),
    "N16": (UNKNOWN, PREFIXES),
    "N17": ("http-503",),
    "N18": tuple(READERS),
}
"""How each case is played; N17 is a fault of the service ``dmp``, the EP4 being let through,
N18 one of the pharmacies' reader, met when they are told to ``scan``.
N10, N11, N12 and N13 also come of themselves: the service verifies what it is sent."""


def refuses(name: str | None) -> str | None:
    """The code that a fault answers, before anything is done."""
    return REFUSALS.get(name or "")


def spoil(name: str | None, operation: str, content: Content) -> Content:
    """The answer once a lie is applied; unchanged for any other name."""
    told = LIES.get(name or "")
    if told is None or told[0] not in ("", operation):
        return content
    return told[2](deepcopy(content))


def style(name: str | None) -> Style:
    """How the answer is written."""
    return {UNKNOWN: Style(unknown=True), PREFIXES: Style(prefix="zz9")}.get(name or "", PLAIN)


_SOMETHING: Content = {"id": "04B5BBY113H9WH0035", "type": "PRODUITS_SANTE", "sousType": "STD",
                       "consentement": True, "etat": "ENREGISTREE"}  # fmt: skip


def _numbered(number: str, rank: int) -> str:
    read = decode(number)
    return str(PrescriptionNumber(read.days, read.tenths, read.milliseconds, 500_000 + rank))


def _lines(content: Content) -> list[Content]:
    return content.get("ordonnance", {}).get("lignes", [])


def _line(line: int, status: str, **told: Any) -> Content:
    return {"ligne": line, "statut": status, **told}


def _executed(content: Content, told: list[tuple[Content, list[Content]]]) -> Content:
    ordonnance = content.get("ordonnance", {})
    day = str(ordonnance.get("horodatage", ""))[:10]
    ordonnance["executions"] = [
        {"date": day, "executant": who, "lignes": lines} for who, lines in told
    ]
    return {**content, "accesExecutions": "AUTORISE"}

"""The lines of an eP-MED-DM: FR-Traitement-prescrit and FR-Dispositif-medical.

Each line has a table of the narrative, which its entry points to, and an entry of its
own. How a drug is taken is written by :mod:`reference_impl.documents.ep_med_dm_posology`.

Source: sheet e-prescription §9.4 and §9.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from lxml import etree

from reference_impl.documents import cda, ep_med_dm_posology
from reference_impl.documents.codes import Code
from reference_impl.documents.ep_med_dm_posology import (
    MATERIAL,
    PRODUCT,
    anchor,
    reference,
    templated,
)
from reference_impl.documents.ordonnance_text import motive_words, usage
from reference_impl.prescriptions.model import Line
from reference_impl.xmltree import node

XSI = "http://www.w3.org/2001/XMLSchema-instance"
TA_ASIP = "1.2.250.1.213.1.1.4.322"
_CIS = "1.2.250.1.213.2.3.1"
_CIP = "1.2.250.1.213.2.3.2"
_MV = "1.2.250.1.213.2.59"
_LPP = "1.2.250.1.215.200.2.1"
_EMDN = "1.2.250.1.213.2.68"
_SUBSTITUTION = "2.16.840.1.113883.5.1070"
_DRUG = Code("DRUG", "2.16.840.1.113883.5.4", "Médicament")


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no of a line: where it is narrated, its template and its code."""

    name: str
    template: str
    code: Code
    heading: str


_SIMPLE = "1.2.250.1.213.1.1.3.48"
ALD = Flag(
    "ald",
    f"{_SIMPLE}.13",
    Code("MED-574", TA_ASIP, "En rapport avec une ALD"),
    "En rapport avec une ALD",
)
WORK_ACCIDENT = Flag(
    "atmp",
    f"{_SIMPLE}.14",
    Code(
        "GEN-180",
        TA_ASIP,
        "En rapport avec un accident du travail ou une maladie professionnelle",
    ),
    "En rapport avec un AT ou une MP",
)
PREVENTION = Flag(
    "prevention",
    f"{_SIMPLE}.34",
    Code("GEN-295", TA_ASIP, "En rapport avec la prévention"),
    "En rapport avec la prévention",
)
NOT_REIMBURSED = Flag(
    "non-remboursable",
    f"{_SIMPLE}.15",
    Code("GEN-181", TA_ASIP, "Non remboursable"),
    "Non remboursable",
)
OFF_LABEL = Flag(
    "hors-amm",
    f"{_SIMPLE}.12",
    Code("GEN-179", TA_ASIP, "Hors Autorisation de Mise sur le Marché (AMM)"),
    "Hors AMM",
)


def observation(
    parent: etree._Element, template: str, namespace: UUID, name: str
) -> etree._Element:
    """A simple observation of a template, with its identifier and nothing else yet."""
    made = node(parent, "observation", {"classCode": "OBS", "moodCode": "EVN"})
    templated(made, "1.3.6.1.4.1.19376.1.5.3.1.4.13", _SIMPLE, template)
    node(made, "id", {"root": str(uuid5(namespace, name)).upper()})
    return made


@dataclass(frozen=True, slots=True)
class Lines:
    """Writer of the lines of one document; ``written_at`` is local time.

    Identifiers follow from ``namespace``, but those that the lines have.
    """

    written_at: datetime
    namespace: UUID

    def drugs(self, section: etree._Element, lines: tuple[Line, ...]) -> None:
        """Narrative and entries of médicaments."""
        text = node(section, "text")
        for line in lines:
            self._narrative(text, line, "Médicament", _drug_cells(line))
        for line in lines:
            self._drug(node(section, "entry"), line)

    def devices(self, section: etree._Element, lines: tuple[Line, ...]) -> None:
        """Narrative and entries of dispositifs médicaux."""
        text = node(section, "text")
        for line in lines:
            self._narrative(text, line, "Dispositif médical", _device_cells(line))
        for line in lines:
            self._device(node(section, "entry"), line)

    def _narrative(
        self, text: etree._Element, line: Line, heading: str, cells: list[tuple[str, str, str]]
    ) -> None:
        told = [(heading, "", line.label or ""), *cells]
        told += [
            (flag.heading, f"-{flag.name}", "Oui" if held else "Non") for flag, held in _flags(line)
        ]
        table = node(text, "table", {"border": "0"})
        heads = node(node(table, "thead"), "tr")
        row = node(node(table, "tbody"), "tr")
        for title, suffix, value in told:
            node(heads, "th", text=title)
            node(node(row, "td"), "content", {"ID": anchor(line, suffix)}, value)

    def _drug(self, entry: etree._Element, line: Line) -> None:
        drug = node(entry, "substanceAdministration", {"classCode": "SBADM", "moodCode": "INT"})
        templated(
            drug,
            "2.16.840.1.113883.10.20.1.24",
            "1.3.6.1.4.1.19376.1.5.3.1.4.7",
            "1.3.6.1.4.1.19376.1.9.1.3.2",
            "1.2.250.1.213.1.1.3.83",
            *ep_med_dm_posology.modes(line),
        )
        node(drug, "id", {"root": self._line_id(line)})
        cda.coded(drug, "code", _DRUG)
        reference(drug, line)
        node(drug, "statusCode", {"code": "completed"})
        self._period(drug, line)
        ep_med_dm_posology.frequency(drug, line)
        node(drug, "repeatNumber", {"value": str(line.renewals or 0)})
        ep_med_dm_posology.doses(drug, line)
        _product(node(drug, "consumable"), line)
        ep_med_dm_posology.steps(drug, line, self.written_at.date(), self.namespace)
        ep_med_dm_posology.instructions(drug, line)
        _quantity(drug, line)
        _substitution(drug, line)
        self._observations(drug, line)
        ep_med_dm_posology.condition(drug, line)

    def _device(self, entry: etree._Element, line: Line) -> None:
        supply = node(entry, "supply", {"classCode": "SPLY", "moodCode": "INT"})
        templated(supply, "2.16.840.1.113883.10.20.1.34", "1.2.250.1.213.1.1.3.20")
        node(supply, "id", {"root": self._line_id(line)})
        reference(supply, line)
        if line.days:
            self._period(supply, line)
        else:
            node(supply, "effectiveTime", {"nullFlavor": "UNK"})
        node(supply, "repeatNumber", {"value": str(line.renewals or 0)})
        quantity = line.quantity.value if line.quantity else None
        node(supply, "quantity", {"value": str(quantity or 1)})
        if line.days:
            node(node(supply, "expectedUseTime"), "width", {"value": str(line.days), "unit": "d"})
        role = node(node(supply, "participant", {"typeCode": "DEV"}), "participantRole")
        role.set("classCode", "MANU")
        device = {"classCode": "DEV", "determinerCode": "INSTANCE"}
        _device_code(node(role, "playingDevice", device), line)
        self._observations(supply, line)

    def _line_id(self, line: Line) -> str:
        return (line.line_id or str(uuid5(self.namespace, f"ligne-{line.n}"))).upper()

    def _period(self, parent: etree._Element, line: Line) -> None:
        """First and last day of the treatment, when its length is known."""
        if not line.days:
            return
        interval = node(parent, "effectiveTime", {f"{{{XSI}}}type": "IVL_TS"})
        last = self.written_at + timedelta(days=line.days - 1)
        node(interval, "low", {"value": f"{self.written_at:%Y%m%d}"})
        node(interval, "high", {"value": f"{last:%Y%m%d}"})

    def _observations(self, parent: etree._Element, line: Line) -> None:
        for flag, held in _flags(line):
            relation = node(parent, "entryRelationship", {"typeCode": "COMP"})
            name = f"{line.n}-{flag.name}"
            made = observation(relation, flag.template, self.namespace, name)
            cda.coded(made, "code", flag.code)
            reference(made, line, f"-{flag.name}")
            node(made, "statusCode", {"code": "completed"})
            node(made, "effectiveTime", {"value": cda.timestamp(self.written_at)})
            truth = {f"{{{XSI}}}type": "BL", "value": "true" if held else "false"}
            node(made, "value", truth)


def _flags(line: Line) -> list[tuple[Flag, bool]]:
    told = [
        (ALD, bool(line.ald)),
        (WORK_ACCIDENT, bool(line.work_accident)),
        (PREVENTION, bool(line.prevention)),
        (NOT_REIMBURSED, bool(line.not_reimbursed)),
    ]
    return [*told, (OFF_LABEL, bool(line.off_label))] if line.drug else told


def _drug_cells(line: Line) -> list[tuple[str, str, str]]:
    return [
        ("Posologie", "-posologie", usage(line)),
        *ep_med_dm_posology.cells(line),
        ("Substitution", "-substitution", motive_words(line)),
        ("Nombre de renouvellements", "-renouvellements", str(line.renewals or 0)),
    ]


def _device_cells(line: Line) -> list[tuple[str, str, str]]:
    quantity = line.quantity.value if line.quantity else None
    return [
        ("Durée", "-duree", f"{line.days} jours" if line.days else "-"),
        ("Nombre de conditionnements", "-quantite", str(quantity or 1)),
        ("Nombre de renouvellements", "-renouvellements", str(line.renewals or 0)),
    ]


def _product(consumable: etree._Element, line: Line) -> None:
    product = node(consumable, "manufacturedProduct", {"classCode": "MANU"})
    templated(product, *PRODUCT)
    material = node(
        product, "manufacturedMaterial", {"classCode": "MMAT", "determinerCode": "KIND"}
    )
    templated(material, MATERIAL)
    label = line.label or ""
    known = ((line.cis, _CIS), (line.mv, _MV), (line.cip13, _CIP))
    found = [Code(code, system, label) for code, system in known if code]
    _translated(material, line, found)
    if found:
        node(material, "name", text=label)
    else:
        node(material, "name", {"nullFlavor": "NA"})


def _device_code(device: etree._Element, line: Line) -> None:
    label = line.label or ""
    known = ((line.emdn, _EMDN), (line.lpp, _LPP))
    _translated(device, line, [Code(code, system, label) for code, system in known if code])


def _translated(parent: etree._Element, line: Line, found: list[Code]) -> None:
    """The first code, the others as translations; none for what has no code."""
    if found:
        cda.coded(parent, "code", found[0])
    else:
        node(parent, "code", {"nullFlavor": "NA"})
    code = parent[-1]
    reference(code, line, tag="originalText")
    for other in found[1:]:
        cda.coded(code, "translation", other)


def _quantity(drug: etree._Element, line: Line) -> None:
    quantity = line.quantity
    if quantity is None or quantity.value is None:
        return
    relation = node(drug, "entryRelationship", {"typeCode": "COMP"})
    supply = node(relation, "supply", {"classCode": "SPLY", "moodCode": "RQO"})
    templated(supply, "1.3.6.1.4.1.19376.1.9.1.3.8", "1.2.250.1.213.1.1.3.86")
    node(supply, "independentInd", {"value": "false"})
    unit = {"unit": quantity.unit} if quantity.unit else {}
    node(supply, "quantity", {"value": str(quantity.value), **unit})


def _substitution(drug: etree._Element, line: Line) -> None:
    relation = node(drug, "entryRelationship", {"typeCode": "COMP"})
    act = node(relation, "act", {"classCode": "ACT", "moodCode": "DEF"})
    templated(act, "1.3.6.1.4.1.19376.1.9.1.3.9.1", "1.2.250.1.213.1.1.3.87")
    if line.not_substitutable:
        cda.coded(act, "code", Code("N", _SUBSTITUTION, "Aucune substitution permise"))
        reference(act[-1], line, "-substitution", "originalText")
    else:
        cda.coded(act, "code", Code("G", _SUBSTITUTION, "Substitution par un générique permise"))
    node(act, "statusCode", {"code": "completed"})

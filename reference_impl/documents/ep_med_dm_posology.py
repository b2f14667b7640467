"""How a drug is taken, in an eP-MED-DM: coded posology, doses that change, instructions.

The sentence of the posology is always in the narrative; what is coded is narrated too, in
cells that the entries point to. Source: sheet e-prescription §9.4 (PIVL_TS, SXPR_TS).
"""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID, uuid5

from lxml import etree

from reference_impl.documents.codes import Code
from reference_impl.prescriptions.model import Line
from reference_impl.prescriptions.posology import Amount, Dose, Posology
from reference_impl.xmltree import node

XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
EDQM = "0.4.0.127.0.16.1.1.2.1"
STRUCTURED = "1.3.6.1.4.1.19376.1.9.1.3.6"
NORMAL, TAPERED = "1.3.6.1.4.1.19376.1.5.3.1.4.7.1", "1.3.6.1.4.1.19376.1.5.3.1.4.8"
PRODUCT = (
    "2.16.840.1.113883.10.20.1.53",
    "1.3.6.1.4.1.19376.1.5.3.1.4.7.2",
    "1.2.250.1.213.1.1.3.43",
)
MATERIAL = "1.3.6.1.4.1.19376.1.9.1.3.1"
_ROUTES = {"20053000": "Voie orale", "20003000": "Voie cutanée"}
_IHE_CODES = "1.3.6.1.4.1.19376.1.5.3.2"
_INSTRUCTIONS = (
    (
        "PINSTRUCT",
        "-patient",
        (
            "2.16.840.1.113883.10.20.1.49",
            "1.3.6.1.4.1.19376.1.5.3.1.4.3",
            "1.2.250.1.213.1.1.3.33",
        ),
    ),
    (
        "FINSTRUCT",
        "-dispensateur",
        (
            "2.16.840.1.113883.10.20.1.43",
            "1.3.6.1.4.1.19376.1.5.3.1.4.3.1",
            "1.2.250.1.213.1.1.3.34",
        ),
    ),
)


def anchor(line: Line, suffix: str = "") -> str:
    """ID of a cell of the narrative."""
    return f"ligne-{line.n}{suffix}"


def reference(parent: etree._Element, line: Line, suffix: str = "", tag: str = "text") -> None:
    """A text that the narrative holds."""
    node(node(parent, tag), "reference", {"value": f"#{anchor(line, suffix)}"})


def templated(parent: etree._Element, *roots: str) -> None:
    """Its templateIds."""
    for root in roots:
        node(parent, "templateId", {"root": root})


def modes(line: Line) -> tuple[str, ...]:
    """templateIds of the way in which the posology is said."""
    told = line.structured
    mode = TAPERED if told and told.steps else NORMAL
    return (STRUCTURED, mode) if told else (mode,)


def cells(line: Line) -> list[tuple[str, str, str]]:
    """What is coded, narrated: heading, suffix of its ID, text."""
    found: list[tuple[str, str, str]] = []
    told = line.structured
    if told is not None:
        found += [("Dose et fréquence", "-dose", told.words)] if told.words else []
        found += [
            (f"Dose {rank}", f"-dose-{rank}", step.words)
            for rank, step in enumerate(told.steps, start=1)
        ]
        if told.most is not None:
            per = f" par {told.most_per.words}" if told.most_per else ""
            found.append(("Dose maximale", "-maximum", f"{told.most.words}{per}"))
        if told.route:
            found.append(("Voie d'administration", "-voie", _route(told.route).label))
    for heading, suffix, text in (
        ("Région", "-site", line.site),
        ("Condition", "-condition", line.condition),
        ("Instruction au patient", "-patient", line.to_patient),
        ("Instruction au dispensateur", "-dispensateur", line.to_dispenser),
    ):
        found += [(heading, suffix, text)] if text else []
    return found


def frequency(drug: etree._Element, line: Line) -> None:
    """How often, unless doses that change say it."""
    told = line.structured
    if told is not None and told.interval and not told.steps:
        _every(node(drug, "effectiveTime", {XSI_TYPE: "PIVL_TS", "operator": "A"}), told.interval)


def doses(drug: etree._Element, line: Line) -> None:
    """From routeCode to maxDoseQuantity, in the order of the schema."""
    told = line.structured or Posology()
    if told.route:
        route = _route(told.route)
        attributes = {"code": route.code, "codeSystem": route.system, "displayName": route.label}
        reference(node(drug, "routeCode", attributes), line, "-voie", "originalText")
    if line.site:
        site = node(drug, "approachSiteCode", {"nullFlavor": "OTH"})
        reference(site, line, "-site", "originalText")
    if not told.steps:
        _dose(drug, told)
    if told.most is not None:
        most = node(drug, "maxDoseQuantity")
        _quantity(most, "numerator", told.most)
        _quantity(most, "denominator", told.most_per or Amount("1", "d"))


def steps(drug: etree._Element, line: Line, first: date, namespace: UUID) -> None:
    """Doses that change, one after the other from the first day."""
    for rank, step in enumerate(line.structured.steps if line.structured else (), start=1):
        relation = node(drug, "entryRelationship", {"typeCode": "COMP"})
        node(relation, "sequenceNumber", {"value": str(rank)})
        made = node(relation, "substanceAdministration", {"classCode": "SBADM", "moodCode": "INT"})
        templated(made, "1.2.250.1.213.1.1.3.83.1")
        name = str(uuid5(namespace, f"{line.n}-dose-{rank}")).upper()
        node(made, "id", {"root": name})
        reference(made, line, f"-dose-{rank}")
        node(made, "statusCode", {"code": "completed"})
        _step_times(made, step, first)
        _dose(made, step)
        _no_product(node(made, "consumable", {"typeCode": "CSM"}))
        first += timedelta(days=step.days or 0)


def instructions(drug: etree._Element, line: Line) -> None:
    """To the patient, then to who delivers."""
    told = (line.to_patient, line.to_dispenser)
    for text, (code, suffix, templates) in zip(told, _INSTRUCTIONS, strict=True):
        if text:
            relation = {"typeCode": "SUBJ", "inversionInd": "true"}
            act = node(
                node(drug, "entryRelationship", relation),
                "act",
                {"classCode": "ACT", "moodCode": "INT"},
            )
            templated(act, *templates)
            node(act, "code", {"code": code, "codeSystem": _IHE_CODES})
            reference(act, line, suffix)
            node(act, "statusCode", {"code": "completed"})


def condition(drug: etree._Element, line: Line) -> None:
    """What must hold for the drug to be taken: the last of an entry."""
    if line.condition:
        reference(node(node(drug, "precondition"), "criterion"), line, "-condition")


def _step_times(made: etree._Element, step: Dose, first: date) -> None:
    times = node(made, "effectiveTime", {XSI_TYPE: "SXPR_TS"})
    span = node(times, "comp", {XSI_TYPE: "IVL_TS", "operator": "A"})
    node(span, "low", {"value": f"{first:%Y%m%d}"})
    if step.days:
        node(span, "width", {"value": str(step.days), "unit": "d"})
    if step.interval:
        _every(node(times, "comp", {XSI_TYPE: "PIVL_TS", "operator": "A"}), step.interval)


def _every(times: etree._Element, interval: Amount) -> None:
    _quantity(times, "period", interval)


def _dose(parent: etree._Element, told: Dose) -> None:
    if told.bounds:
        dose = node(parent, "doseQuantity")
        for name, amount in zip(("low", "high"), told.bounds, strict=True):
            _quantity(dose, name, amount)


def _quantity(parent: etree._Element, name: str, amount: Amount) -> None:
    unit = {"unit": amount.unit} if amount.unit else {}
    node(parent, name, {"value": amount.value or "1", **unit})


def _no_product(consumable: etree._Element) -> None:
    """The product is that of the line."""
    product = node(consumable, "manufacturedProduct", {"classCode": "MANU"})
    templated(product, *PRODUCT)
    kind = {"classCode": "MMAT", "determinerCode": "KIND"}
    material = node(product, "manufacturedMaterial", kind)
    templated(material, MATERIAL)
    for name in ("code", "name"):
        node(material, name, {"nullFlavor": "NA"})


def _route(code: str) -> Code:
    return Code(code, EDQM, _ROUTES.get(code, f"Voie EDQM {code}"))

"""Conformant eP-MED-DM documents made for the tests, of each version, and judged.

The header is that of the golden VSM of this project; the body is written here.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

from rules.formats.cda import ClinicalDocument
from rules.formats.ep_med_dm import V2024
from tests.rules.cda.samples import VSM, judged, spoil
from tests.rules.ep_med_dm.pages import page, picture

NUMBER = "04B5BBY113H9WH0035"
NUMBER_ROOT = "1.2.250.1.215.500.1.1"
PERIOD = ("20260312", "20260612")


@dataclass(frozen=True)
class Line:
    """What a line of the document says; ``code`` is a CIS, or None for a préparation."""

    n: int = 1
    code: str | None = "63107752"
    cip13: str | None = "3400933516390"
    ald: bool = False
    substitution: str = "G"
    motive: str = ""
    days: tuple[str, str] = ("20260312", "20260316")


@dataclass(frozen=True)
class Made:
    """A document to write."""

    version: str = V2024
    number: str | None = NUMBER
    drugs: tuple[Line, ...] = (Line(),)
    devices: tuple[Line, ...] = field(default=())
    flags: tuple[str, ...] = ()
    validity: tuple[str, str] = PERIOD
    barcode: bool = True
    pdf: bytes | None = None
    """The copy; in 2024.01 one of the number is made when it is None."""
    extra: str = ""
    """Sections added at the end."""


def written(**changes: object) -> bytes:
    """The octets of a document; ``changes`` are fields of Made."""
    made = Made(**changes)  # type: ignore[arg-type]
    head, _, _ = VSM.decode().partition("<component><structuredBody>")
    head = _header(head, made)
    sections = [*_barcode(made), *_drugs(made), *_devices(made), *_pdf(made), made.extra]
    body = "".join(f"<component>{each}</component>" for each in sections if each)
    return (
        f"{head}<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>"
    ).encode()


def ids(data: bytes) -> list[str]:
    """Ids of the checks that a document does not meet, each once."""
    return sorted({f.check_id for f in judged(data).findings})


def parsed(data: bytes) -> ClinicalDocument:
    """The document as it is read."""
    return ClinicalDocument.parse(data)


def spoilt(data: bytes, old: str, new: str, count: int = 1) -> list[str]:
    """What is said of a document after a text was replaced."""
    return ids(spoil(data, old, new, count))


def _header(head: str, made: Made) -> str:
    models = (
        '<templateId root="1.3.6.1.4.1.19376.1.9.1.1.1"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.1"/>'
        f'<templateId root="1.2.250.1.213.1.1.1.39" extension="{made.version}"/>'
    )
    title = "Prescription de médicaments et/ou de dispositifs médicaux"
    number = f'<id root="{NUMBER_ROOT}" extension="{made.number}"/>' if made.number else None
    low, high = made.validity
    act = (
        '<code code="57833-6" codeSystem="2.16.840.1.113883.6.1" '
        'displayName="Prescription de produits de santé"/>'
        f'<effectiveTime><low value="{low}"/><high value="{high}"/></effectiveTime>'
    )
    flags = "".join(
        f'<documentationOf><serviceEvent classCode="INFO"><code code="{flag}" '
        'codeSystem="1.2.250.1.213.1.1.4.322" displayName="Particularité"/></serviceEvent>'
        "</documentationOf>"
        for flag in made.flags
    )
    old_act = (
        '<code code="34117-2" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC" '
        'displayName="Historique et clinique"/>'
        '<effectiveTime><low value="20260312100000+0100"/></effectiveTime>'
    )
    for old, new in (
        ('<templateId root="1.2.250.1.213.1.1.1.13" extension="201310"/>', models),
        ('<id root="2.25.139558668536334799129317687771668715305"/>', number),
        (
            '<code code="SYNTH" codeSystem="1.2.250.1.213.1.1.4.12" displayName="Synthèse"/>',
            '<code code="57833-6" codeSystem="2.16.840.1.113883.6.1" '
            'displayName="Prescription de produits de santé"/>',
        ),
        ("<title>Synthèse médicale</title>", f"<title>{title}</title>"),
        (old_act, act),
        ("<componentOf>", f"{flags}<componentOf>"),
    ):
        assert old in head
        head = head if new is None else head.replace(old, new)
    return head


def _section(template: str, code: str, title: str, text: str, entries: str, more: str = "") -> str:
    return (
        f'<section><templateId root="1.2.250.1.213.1.1.2.{template}"/>{more}'
        f'<id root="5361728D-6030-568F-A845-{template:0>12}"/>'
        f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1" displayName="{title}"/>'
        f"<title>{title}</title><text>{text}</text>{entries}</section>"
    )


def _barcode(made: Made) -> list[str]:
    if not made.barcode:
        return []
    shown = base64.b64encode(picture(made.number or NUMBER)).decode()
    entry = (
        '<entry><observationMedia classCode="OBS" moodCode="EVN" ID="code2d">'
        '<templateId root="2.16.840.1.113883.10.12.304"/>'
        '<templateId root="1.2.250.1.213.1.1.3.103"/>'
        '<value mediaType="image/png" representation="B64">'
        f"{shown}</value></observationMedia></entry>"
    )
    text = '<renderMultiMedia referencedObject="code2d"/>'
    return [_section("223", "57723-9", "Code 2D", text, entry)]


def _drugs(made: Made) -> list[str]:
    if not made.drugs:
        return []
    text = "<list>" + "".join(map(_text, made.drugs)) + "</list>"
    entries = "".join(f"<entry>{_drug(line)}</entry>" for line in made.drugs)
    more = '<templateId root="1.3.6.1.4.1.19376.1.9.1.2.1"/>'
    return [_section("171", "57828-6", "Médicaments", text, entries, more)]


def _text(line: Line) -> str:
    motive = f" non substituable ({line.motive})" if line.motive else " substituable"
    return (
        f'<item><content ID="med-{line.n}">PARACETAMOL 500 mg</content>'
        f'<content ID="med-{line.n}-substitution">{motive}</content></item>'
    )


def _drug(line: Line) -> str:
    low, high = line.days
    return (
        '<substanceAdministration classCode="SBADM" moodCode="INT">'
        '<templateId root="2.16.840.1.113883.10.20.1.24"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.9.1.3.2"/>'
        '<templateId root="1.2.250.1.213.1.1.3.83"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.1"/>'
        f'<id root="431764E3-DC5A-5A84-9B9B-{line.n:012d}"/>'
        '<code code="DRUG" codeSystem="2.16.840.1.113883.5.4"/>'
        f'<text><reference value="#med-{line.n}"/></text><statusCode code="completed"/>'
        f'<effectiveTime xsi:type="IVL_TS"><low value="{low}"/><high value="{high}"/>'
        '</effectiveTime><repeatNumber value="0"/>'
        f'<doseQuantity><low value="1"/><high value="1"/></doseQuantity>{_product(line)}'
        f"{_substitution(line)}{_observations(DRUG_OBSERVATIONS, f'med-{line.n}', line)}"
        "</substanceAdministration>"
    )


def _product(line: Line) -> str:
    cip = f'<translation code="{line.cip13}" codeSystem="1.2.250.1.213.2.3.2"/>'
    code = (
        f'<code code="{line.code}" codeSystem="1.2.250.1.213.2.3.1">{cip}</code>'
        "<name>PARACETAMOL</name>"
        if line.code
        else f'<code nullFlavor="NA"><originalText><reference value="#med-{line.n}"/>'
        '</originalText></code><name nullFlavor="NA"/>'
    )
    return (
        '<consumable><manufacturedProduct classCode="MANU">'
        '<templateId root="2.16.840.1.113883.10.20.1.53"/>'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.2"/>'
        '<templateId root="1.2.250.1.213.1.1.3.43"/>'
        '<manufacturedMaterial classCode="MMAT" determinerCode="KIND">'
        f'<templateId root="1.3.6.1.4.1.19376.1.9.1.3.1"/>{code}</manufacturedMaterial>'
        "</manufacturedProduct></consumable>"
    )


def _substitution(line: Line) -> str:
    return (
        '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="DEF">'
        '<templateId root="1.3.6.1.4.1.19376.1.9.1.3.9.1"/>'
        '<templateId root="1.2.250.1.213.1.1.3.87"/>'
        f'<code code="{line.substitution}" codeSystem="2.16.840.1.113883.5.1070">'
        f'<originalText><reference value="#med-{line.n}-substitution"/></originalText></code>'
        '<statusCode code="completed"/></act></entryRelationship>'
    )


DRUG_OBSERVATIONS = {"13": "MED-574", "14": "GEN-180", "12": "GEN-179", "15": "GEN-181"}
DEVICE_OBSERVATIONS = {"13": "MED-574", "14": "GEN-180", "15": "GEN-181", "34": "GEN-295"}
"""Template and code of what 2023.01 and 2024.01 have each line say."""


def _observations(told: dict[str, str], anchor: str, line: Line) -> str:
    return "".join(
        _observation(template, code, anchor, line.ald and code == "MED-574")
        for template, code in told.items()
    )


def _observation(template: str, code: str, anchor: str, said: bool) -> str:
    return (
        '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>'
        '<templateId root="1.2.250.1.213.1.1.3.48"/>'
        f'<templateId root="1.2.250.1.213.1.1.3.48.{template}"/>'
        f'<id root="0B3F0000-0000-4000-8000-{template:0>12}"/>'
        f'<code code="{code}" codeSystem="1.2.250.1.213.1.1.4.322"/>'
        f'<text><reference value="#{anchor}"/></text>'
        f'<statusCode code="completed"/><value xsi:type="BL" value="{str(said).lower()}"/>'
        "</observation></entryRelationship>"
    )


def _devices(made: Made) -> list[str]:
    if not made.devices:
        return []
    text = "".join(f'<content ID="dm-{line.n}">Lit médical</content>' for line in made.devices)
    entries = "".join(f"<entry>{_device(line)}</entry>" for line in made.devices)
    return [_section("222", "46264-8", "Dispositifs médicaux", text, entries)]


def _device(line: Line) -> str:
    return (
        '<supply classCode="SPLY" moodCode="INT">'
        '<templateId root="2.16.840.1.113883.10.20.1.34"/>'
        '<templateId root="1.2.250.1.213.1.1.3.20"/>'
        f'<id root="54A950FC-0EB1-5670-BB99-{line.n:012d}"/>'
        '<effectiveTime nullFlavor="UNK"/><repeatNumber value="0"/><quantity value="1"/>'
        '<participant typeCode="DEV"><participantRole classCode="MANU">'
        '<playingDevice classCode="DEV" determinerCode="INSTANCE">'
        '<code code="V0806" codeSystem="1.2.250.1.213.2.68">'
        '<translation code="1215702" codeSystem="1.2.250.1.215.200.2.1"/></code>'
        f"</playingDevice></participantRole></participant>"
        f"{_observations(DEVICE_OBSERVATIONS, f'dm-{line.n}', line)}</supply>"
    )


def _pdf(made: Made) -> list[str]:
    if made.version == "2022.01" or (made.version != V2024 and made.pdf is None):
        return []
    data = made.pdf if made.pdf is not None else page(made.number or NUMBER)
    entry = (
        '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
        '<templateId root="1.2.250.1.213.1.1.3.18"/>'
        '<id root="0B3F0000-0000-4000-8000-0000000000C0"/>'
        '<code code="55107-7" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/>'
        '<component><observation classCode="OBS" moodCode="EVN">'
        '<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>'
        '<templateId root="1.2.250.1.213.1.1.3.48"/><templateId root="1.2.250.1.213.1.1.3.48.18"/>'
        '<id root="0B3F0000-0000-4000-8000-0000000000C1"/>'
        '<code code="69764-9" codeSystem="2.16.840.1.113883.6.1"/><text>Copie PDF</text>'
        '<statusCode code="completed"/><effectiveTime nullFlavor="NA"/>'
        '<value xsi:type="CD" code="55108-5" codeSystem="2.16.840.1.113883.6.1"/></observation>'
        '</component><component><observationMedia classCode="OBS" moodCode="EVN">'
        '<value mediaType="application/pdf" representation="B64">'
        f"{base64.b64encode(data).decode()}</value></observationMedia></component>"
        "</organizer></entry>"
    )
    return [_section("243", "55108-5", "Copie du document", "Copie PDF", entry)]

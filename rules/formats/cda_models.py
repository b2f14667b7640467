"""The document models of CI-SIS that a CDA may claim to follow.

Source: cda.md §3 and §4 (ANS « volets de contenu », ASS_A11). ``versions`` and
``codes`` are empty where the sheet does not give them: nothing is then compared.
"""

from __future__ import annotations

from dataclasses import dataclass

_P = "1.2.250.1.213.1.1.1."


@dataclass(frozen=True, slots=True)
class Model:
    """A model: templateId root, its versions (extensions), its document codes.

    ``act`` is the code of the main act that the model fixes, if it does.
    """

    root: str
    label: str
    versions: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    act: str | None = None
    format_code: str | None = None
    """XDS formatCode of the model (ASS_A11)."""


_KNOWN = (
    Model(
        f"{_P}13",
        "VSM",
        ("201310", "2022.01", "2023.01", "Synthèse médicale"),
        ("SYNTH",),
        "34117-2",
        format_code="urn:asip:ci-sis:vsm:2012",
    ),
    Model(
        f"{_P}51",
        "Synthèse médicale IPS-FR",
        ("2024.01",),
        ("60591-5", "74207-2"),
        format_code="urn:ihe:pcc:ips:2020",
    ),
    Model(
        f"{_P}21",
        "LDL-EES",
        ("2022.01",),
        ("18761-7",),
        "IMP",
        format_code="urn:asip:ci-sis:ldl-ees:2017",
    ),
    Model(
        f"{_P}29", "LDL-SES", ("2022.01",), ("11490-0",), format_code="urn:asip:ci-sis:ldl-ses:2017"
    ),
    Model(
        f"{_P}39",
        "e-prescription",
        ("2022.01", "2023.01", "2024.01"),
        ("57833-6",),
        format_code="urn:ihe:pharm:pre:2010",
    ),
    Model(
        f"{_P}46",
        "Note de vaccination",
        ("2023.01",),
        ("87273-9",),
        format_code="urn:asip:ci-sis:vac-note:2021",
    ),
    Model(
        f"{_P}37",
        "Historique de vaccinations",
        ("2023.01",),
        ("11369-6",),
        "11369-6",
        format_code="urn:asip:ci-sis:vac:2019",
    ),
    Model(
        f"{_P}47",
        "Demande d'actes d'imagerie",
        ("2024.01",),
        ("55115-0",),
        "55115-0",
        format_code="urn:ans:ci-sis:img-da:2022",
    ),
    Model(
        f"{_P}38",
        "Demande d'acte de télémédecine",
        ("2022.01",),
        ("75496-0",),
        format_code="urn:asip:ci-sis:tlm-da:2020",
    ),
    Model(f"{_P}59", "TROD", ("2024.01",), ("96173-0",)),
    Model(
        f"{_P}5.4",
        "Mesures de l'enfant",
        ("2023.01",),
        ("29274-8",),
        "11429006",
        format_code="urn:ans:ci-sis:cse-mde:2023",
    ),
    Model(
        f"{_P}5.1",
        "CS8",
        ("2024.01", "2025.01"),
        ("CERT_DECL",),
        "11429006",
        format_code="urn:asip:ci-sis:cse-cs8:2017",
    ),
    Model(
        f"{_P}5.2",
        "CS9",
        ("2024.01", "2025.01"),
        ("CERT_DECL",),
        "11429006",
        format_code="urn:asip:ci-sis:cse-cs9:2017",
    ),
    Model(
        f"{_P}5.3",
        "CS24",
        ("2024.01", "2025.01"),
        ("CERT_DECL",),
        "11429006",
        format_code="urn:asip:ci-sis:cse-cs24:2017",
    ),
    Model(
        f"{_P}54", "Dispensation", ("2024.01",), ("60593-1",), format_code="urn:ihe:pharm:dis:2010"
    ),
    Model(
        f"{_P}55",
        "CR d'examens biologiques",
        (),
        ("11502-2",),
        format_code="urn:ihe:lab:xd-lab:2008",
    ),
    Model(
        f"{_P}45",
        "CR d'imagerie",
        ("2024.01",),
        ("18748-4",),
        format_code="urn:ihe:rad:CDA:ImagingReportStructuredHeadings:2013",
    ),
    Model(f"{_P}22", "DLU", ("2022.01",), ("74207-2",), format_code="urn:asip:ci-sis:dlu:2015"),
    Model(f"{_P}23", "FLUDT", ("2022.01",), ("74207-2",), format_code="urn:asip:ci-sis:fludt:2017"),
    Model(f"{_P}24", "FLUDR", ("2022.01",), ("74207-2",), format_code="urn:asip:ci-sis:fludr:2017"),
)
_ROOTS_ONLY = (
    "2.1.1 2.1.2 2.1.3 2.1.4 2.1.5 5 8 9 10 12.1 12.2 12.3 12.4 12.5 15 16 17 18 20 25 26 27 28 30 "
    "32 36 40 41 42 43 44 48 49 50 52 56 57 58"
)

MODELS = {m.root: m for m in _KNOWN} | {
    f"{_P}{suffix}": Model(f"{_P}{suffix}", suffix) for suffix in _ROOTS_ONLY.split()
}
"""Models by templateId root."""

MODEL_PREFIX = _P
"""Arc of the models of CI-SIS; the two fixed templateIds are not under it with a suffix."""

N1_FORMATS = {
    "application/pdf": "urn:ihe:iti:xds-sd:pdf:2008",
    "text/plain": "urn:ihe:iti:xds-sd:text:2008",
    "text/rtf": "urn:ihe:iti-fr:xds-sd:rtf:2010",
    "image/jpeg": "urn:ihe:iti-fr:xds-sd:jpeg:2010",
    "image/tiff": "urn:ihe:iti-fr:xds-sd:tiff:2010",
}
"""XDS formatCode of an N1 document, by media type of its body (ASS_A12)."""

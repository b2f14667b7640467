"""CDA-11 and CDA-26 to CDA-28: instants, main act, place of care.

Source: CI-SIS « Structuration minimale » §1, §1.7, §1.8 as cda.md reads it.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_models import MODELS
from rules.formats.cda_types import Instant
from rules.vocabulary import codes

SOURCE = "CI-SIS Structuration minimale (02/2025)"
_ROOT = "/ClinicalDocument"
_ACT = f"{_ROOT}/documentationOf[1]/serviceEvent"
_ENCOUNTER = f"{_ROOT}/componentOf/encompassingEncounter"
_CABINETS = ("SA05", "SA07", "SA08", "SA09", "SA52", "SA67")
"""Places of exercise of town medicine: AMBULATOIRE is then expected."""


@check(
    "CDA-11",
    title="Les dates du document, de l'auteur et du signataire sont là, situées, et se suivent",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1 ; dmp.md §11.1",
    exigences=("DOC/va1.12",),
)
def instants(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """Presence and future: blocking. Offset of the author, order: minor."""
    legal = document.legal_authenticator
    dated: list[tuple[str, Instant | None]] = [("effectiveTime", document.effective_time)]
    dated += [("author/time", author.time) for author in document.authors]
    dated += [("legalAuthenticator/time", legal.time)] if legal else []
    for name, found in dated:
        yield from _instant(f"{_ROOT}/{name}/@value", found, context, whole=name == "effectiveTime")
    signed = legal.time.moment if legal and legal.time else None
    for author in document.authors:
        written = author.time.moment if author.time else None
        if written and signed and written > signed:
            yield Finding(
                f"{_ROOT}/legalAuthenticator/time/@value",
                f"au plus tôt {written.isoformat()} (auteur)",
                signed.isoformat(),
                "Dater la signature du moment où le professionnel valide, après la rédaction.",
                Severity.MINOR,
            )


def _instant(
    place: str, found: Instant | None, context: Context, *, whole: bool
) -> Iterator[Finding]:
    if found is None or not found.value or not found.well_formed:
        yield Finding(
            place,
            "AAAAMMJJhhmmss+zzzz",
            (found and (found.value or found.null_flavor)) or "absent",
            "Écrire la date en chiffres avec son décalage, par exemple 20260312101500+0100.",
        )
        return
    moment, now = found.moment, context.observed_at
    if moment is None or (whole and len(found.value.split("+")[0].split("-")[0]) < 14):
        yield Finding(
            place,
            "une date à la seconde avec son décalage (+0100)",
            found.value,
            "Ajouter le décalage horaire : sans lui, la date XDS en UTC ne peut être calculée.",
            Severity.MAJOR if whole else Severity.MINOR,
        )
    if moment and now and moment > now + context.environment.clock_tolerance:
        yield Finding(
            place,
            f"au plus tard {now.isoformat()}",
            found.value,
            "Vérifier l'horloge du poste et le décalage horaire : cette date est dans le futur.",
        )


@check(
    "CDA-26",
    title="L'acte principal a un exécutant, une période et un cadre d'exercice",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.7, JDV_J04",
    exigences=("DOC/va1.12",),
)
def main_act(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """On the first documentationOf only: others are free."""
    act = next(iter(document.acts), None)
    if act is None:
        yield Finding(
            f"{_ROOT}/documentationOf",
            "au moins un acte documenté",
            "aucun",
            "Décrire l'acte (consultation…) dans documentationOf/serviceEvent.",
        )
        return
    low = act.low.value if act.low else None
    if len(act.periods) != 1 or not low:
        yield Finding(
            f"{_ACT}/effectiveTime",
            "un seul effectiveTime, avec low",
            f"{len(act.periods)} effectiveTime, low {low or 'absent'}",
            "Dater le début de l'acte principal dans effectiveTime/low.",
        )
    if len(act.performers) != 1:
        yield Finding(
            f"{_ACT}/performer",
            "un seul performer",
            str(len(act.performers)),
            "Nommer un exécutant, et un seul, pour l'acte principal.",
        )
        return
    organization = act.performers[0].organization
    setting = organization.practice_setting if organization else None
    if setting is None or setting.code not in codes("jdv-j04-practice-setting"):
        yield Finding(
            f"{_ACT}/performer/assignedEntity/representedOrganization/standardIndustryClassCode",
            "un code de JDV_J04, par exemple AMBULATOIRE",
            (setting and setting.code) or "absent",
            "Indiquer le cadre d'exercice de l'exécutant : il devient practiceSettingCode en XDS.",
        )


@check(
    "CDA-27",
    title="La prise en charge a une période et un lieu d'exercice de JDV_J02",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.8, JDV_J02",
    exigences=("DOC/va1.12",),
)
def encounter(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """A cabinet whose act is not AMBULATOIRE is minor."""
    found = document.encounter
    if found is None:
        yield Finding(
            f"{_ROOT}/componentOf",
            "encompassingEncounter",
            "absent",
            "Décrire la prise en charge : sa période et son lieu d'exercice.",
        )
        return
    if not any(i and i.value for i in (found.low, found.high)):
        yield Finding(
            f"{_ENCOUNTER}/effectiveTime",
            "low ou high",
            "absent",
            "Dater la prise en charge.",
        )
    facility = found.facility.code if found.facility else None
    if facility not in codes("jdv-j02-healthcare-facility"):
        yield Finding(
            f"{_ENCOUNTER}/location/healthCareFacility/code/@code",
            "un code de JDV_J02, par exemple SA07",
            facility or "absent",
            "Indiquer le secteur d'activité : il devient healthcareFacilityTypeCode en XDS.",
        )
    yield from _cabinet(document, facility)


def _cabinet(document: ClinicalDocument, facility: str | None) -> Iterator[Finding]:
    performers = [p for act in document.acts[:1] for p in act.performers]
    settings = [p.organization.practice_setting for p in performers if p.organization]
    for setting in settings:
        if facility in _CABINETS and setting and setting.code == "ETABLISSEMENT":
            yield Finding(
                setting.place,
                "AMBULATOIRE",
                setting.code,
                "Vérifier le cadre d'exercice : un cabinet exerce d'ordinaire en ambulatoire.",
                Severity.MINOR,
            )


@check(
    "CDA-28",
    title="L'acte principal porte le code que fixe le modèle",
    severity=Severity.MAJOR,
    source="CI-SIS volets de contenu (cda.md §1.7, §4)",
    exigences=("DOC/va1.14",),
)
def act_of_the_model(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """VSM 34117-2, LDL-EES IMP … The official tool only warns (cda.md §3.2)."""
    act = next(iter(document.acts), None)
    code = act.code.code if act and act.code else None
    for template in document.models:
        known = MODELS.get(template.root or "")
        if act and known and known.act and code != known.act:
            yield Finding(
                f"{_ACT}/code/@code",
                known.act,
                code or "absent",
                f"Écrire comme acte principal le code que fixe le modèle {known.label}.",
            )

"""EP-00, EF_INS25_01, EP-26, EP-28, EP-34: what a call says of patient, caller and software.

Source: Dev Box santé (EF_EP3_E303_03, EF_EP04.01, EF_INS25_01), apcv.md §3.3,
e-prescription.md §2, §13, §14.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.prescription_number import EXIGENCES
from rules.context import OID_INS_NIA, OID_INS_NIR, Context
from rules.exchange import Exchange, Outcome
from rules.findings import Finding, Severity
from rules.formats.numbers import is_ins
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_wire import EpContexteLps, EpRequest
from rules.judge import JournalView

NAME_LIMIT = 100
_LPS_PLACE = "/Envelope/Header/ContexteLPS"


@check(
    "EP-00",
    title="L'ordonnance enregistrée a au moins une ligne",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Catalogue d'erreurs du banc (e-prescription.md §13)",
    rejects="EP-P-006",
    hors_specification=True,
)
def some_line(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """The error catalogue of the service is not published."""
    if not told.lines:
        yield Finding(
            "lignes", "au moins une ligne", "aucune", "Ne transmettre qu'une ordonnance remplie."
        )


@check(
    "EF_INS25_01",
    title="Le nom de naissance du patient est transmis, en 100 caractères au plus",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="EF_EP04.01, EF_INS25_01 (e-prescription.md §2)",
    rejects="EP-P-005",
)
def patient_name(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """The nomFamille."""
    name = (told.patient and told.patient.birth_name) or ""
    if not name.strip() or len(name) > NAME_LIMIT:
        yield Finding(
            "patient.nomNaissance",
            f"1 à {NAME_LIMIT} caractères",
            f"{len(name)} caractères" if name.strip() else "absent",
            "Transmettre le nom de naissance, et refuser à la saisie un nom de plus de 100 "
            "caractères.",
        )


@check(
    "EP-13",
    title="L'ordonnance transmise dit si le patient consent à la consultation des exécutions",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def consent_said(told: Ordonnance, _context: Context) -> Iterator[Finding]:
    """Avec or sans consentement: the paper follows it."""
    if told.consent is None:
        yield Finding(
            "consentement",
            "true ou false",
            "absent",
            "Demander au patient s'il s'oppose à la consultation, et transmettre sa réponse.",
        )


@check(
    "EP-26",
    title="La consultation donne le numéro AM ou le FINESS de l'émetteur",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="EF_EP3_E303_03 (e-prescription.md §2, §14)",
    rejects="EP-P-004",
)
def requester(request: EpRequest, _context: Context) -> Iterator[Finding]:
    """One of the two, for EP3."""
    if request.operation != "EP3":
        return
    who = request.search.requester
    if who is None or not (who.am or who.finess):
        yield Finding(
            "emetteur",
            "le numéro AM ou le FINESS",
            "ni l'un ni l'autre",
            "Identifier l'émetteur par son numéro AM ou par le FINESS de sa structure.",
        )


@check(
    "EP-28",
    title="L'appel nomme le logiciel et sa version",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="apcv.md §3.3, e-prescription.md §14",
)
def software_named(request: EpRequest, context: Context) -> Iterator[Finding]:
    """In ContexteLPS (SOAP); the facade shows it in the ordonnance only."""
    if request.soap is not None and request.lps is None:
        yield _lps("le bloc ContexteLPS", "absent")
    elif request.lps is not None:
        yield from _context_lps(request.lps, context)
    elif request.created is not None:
        named = request.created.lps
        yield from _declared("lps.nom", named.name if named else None, context, "name")
        yield from _declared("lps.version", named.version if named else None, context, "version")


def _context_lps(lps: EpContexteLps, context: Context) -> Iterator[Finding]:
    if not lps.id:
        yield _lps("Id, nouveau à chaque message", "absent")
    yield from _declared(f"{lps.place}/LPS/Nom", lps.name, context, "name")
    yield from _declared(f"{lps.place}/LPS/Version", lps.software_version, context, "version")


def _lps(expected: str, found: str) -> Finding:
    return Finding(
        _LPS_PLACE, expected, found, "Joindre à chaque appel un ContexteLPS nouveau et complet."
    )


def _declared(place: str, found: str | None, context: Context, which: str) -> Iterator[Finding]:
    """Given, and the same as what the editor declares to the bench."""
    software = context.environment.software
    wanted = str(getattr(software, which)) if software else None
    if not found or (wanted and wanted.casefold() not in found.casefold()):
        yield Finding(
            place,
            wanted or "renseigné",
            found or "absent",
            "Transmettre le nom et la version du logiciel, tels qu'ils sont déclarés.",
        )


@check(
    "EP-28",
    title="L'Id du ContexteLPS ne sert qu'une fois",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="apcv.md §3.3, e-prescription.md §14",
)
def context_unique(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Among the calls of a journal; the same octets after a lost answer are the same message."""
    seen: dict[str, Exchange] = {}
    for exchange, lps in view.artefacts(EpContexteLps, "prescription"):
        before = seen.get(lps.id or "")
        again = before is not None and before.request.body == exchange.request.body
        if before is not None and not (again and before.outcome is Outcome.UNANSWERED):
            yield Finding(
                f"{lps.place}/Id",
                "un identifiant nouveau à chaque message",
                f"{lps.id}, déjà vu dans l'échange {before.position}",
                "Tirer un nouvel UUID pour chaque appel, y compris lors d'une nouvelle tentative.",
                exchange_id=exchange.id,
                artefact=lps.label,
            )
        elif lps.id:
            seen.setdefault(lps.id, exchange)


@check(
    "EP-34",
    title="L'INS transmise est de l'environnement : jamais d'OID de production en test",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="e-prescription.md §7.1, §14",
)
def environment(request: EpRequest, context: Context) -> Iterator[Finding]:
    """Also the reverse, under a production profile; a patient without INS is admitted."""
    patient = request.body.patient
    ins = patient.ins if patient else None
    if ins is None:
        return
    production = context.environment.rules_profile == "production"
    allowed = frozenset({OID_INS_NIR, OID_INS_NIA}) if production else context.environment.ins_oids
    if ins.oid not in allowed:
        yield Finding(
            "patient.ins.oid",
            ", ".join(sorted(allowed)),
            ins.oid or "absent",
            "Ne jamais mêler identités de test et service de production : l'OID de l'INS doit "
            "être celui de l'environnement appelé.",
        )
    if not is_ins(ins.matricule):
        yield Finding(
            "patient.ins.matricule",
            "15 caractères, clé comprise",
            ins.matricule or "absent",
            "Transmettre le matricule INS et sa clé, ou aucune INS.",
        )

"""INS-T-01, 02, 03, 07, 09: the INS leaves with a qualified identity, and only then.

Source: Référentiel INS (EXI SI 08, EXI ID 29) as ins-insi.md §1.6, §4 and §7
reads it; INS/va1.53.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from rules.checking import check
from rules.checks.mom import unqualified
from rules.context import Context, Identity
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_types import INS_ROOTS
from rules.formats.hl7_types import Cx
from rules.formats.mail import MssMessage, patient_address
from rules.formats.numbers import ins_key, is_ins
from rules.formats.registry import RegistryObjects
from rules.formats.texts import texts_of, texts_of_mail
from rules.formats.xdm import XdmArchive
from rules.formats.xds import Submission
from rules.identities import holders
from rules.judge import JournalView

SOURCE = "Référentiel INS EXI SI 08 (ins-insi.md §7)"
EXIGENCES = ("INS/va1.53",)
OUTBOUND = ("dmp", "mssante", "psc", "prescription", "annuaire")
"""Wires on which the software speaks to others; INSi and the appli carte Vitale give the INS."""
_INS_OID = re.compile(rb"(?<![0-9.])1\.2\.250\.1\.213\.1\.4\.(?:8|9|10|11)(?![0-9.])")
_MATRICULE = re.compile(rb"(?<![0-9A-Za-z.])[0-9]{6}[0-9AB][0-9]{6}(?:[0-9]{2})?(?![0-9A-Za-z.])")
_CX = re.compile(r"[^&^]+\^\^\^&[0-9.]+&ISO\^NH(\^\^[0-9]*)?", re.ASCII)
_BLANKS = re.compile(rb"[\s.\-]|&#160;|\xc2\xa0")


@check(
    "INS-T-01",
    title="Ni matricule ni OID d'INS d'une identité non qualifiée sur aucun flux sortant",
    severity=Severity.BLOCKING,
    source=SOURCE,
    exigences=EXIGENCES,
)
def unqualified_ins_anywhere(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Searches bodies, MIME parts, archives and PDF pages of every request."""
    for exchange in view.exchanges:
        if exchange.service not in OUTBOUND:
            continue
        forbidden = _forbidden(holders(view, exchange.position))
        if not forbidden:
            continue
        for ins, place in _leaks(exchange, forbidden):
            yield Finding(
                place,
                "aucun matricule INS",
                f"le matricule d'une identité {forbidden[ins].status}",
                "Ne transmettre matricule et OID que pour une identité qualifiée : les retirer "
                "de ce message et de ce qu'il contient.",
                exchange_id=exchange.id,
                artefact=f"{exchange.service} {exchange.operation}",
            )
    yield from _authority_alone(view)


def _authority_alone(view: JournalView) -> Iterator[Finding]:
    """An INS authority that no matricule goes with tells a status that may not be told."""
    if not view.identities.entries:
        return
    for exchange in view.exchanges:
        if exchange.service not in OUTBOUND or not exchange.request.body:
            continue
        places = _places(exchange)
        if any(_MATRICULE.search(content) for _, content in places):
            continue
        alone = ((place, _INS_OID.search(content)) for place, content in places)
        for place, found in [(p, f[0].decode()) for p, f in alone if f is not None][:1]:
            yield Finding(
                place,
                "aucun OID d'INS",
                found,
                "Ne transmettre matricule et OID que pour une identité qualifiée : écrire "
                "l'identifiant local sous l'OID du cabinet.",
                exchange_id=exchange.id,
                artefact=f"{exchange.service} {exchange.operation}",
            )


def _forbidden(held: Mapping[str, tuple[Identity, ...]]) -> Mapping[str, Identity]:
    return {
        ins: identities[0]
        for ins, identities in held.items()
        if not any(i.qualified for i in identities)
    }


def carries(exchange: Exchange, ins: str) -> bool:
    """True when a request holds a matricule, in any of its bodies, parts or pages."""
    return any(_leaks(exchange, (ins,)))


def _leaks(exchange: Exchange, forbidden: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each forbidden INS with the first place where it is found."""
    left = set(forbidden)
    for place, content in _places(exchange):
        packed = _BLANKS.sub(b"", content)
        for ins in [i for i in sorted(left) if i[:13].encode() in packed]:
            yield ins, place
            left.discard(ins)


def _places(exchange: Exchange) -> list[tuple[str, bytes]]:
    """Everything a request says, opened down to pages and symbols."""
    places = [*texts_of(exchange.request)]
    if exchange.service == "mssante" and exchange.operation == "SMTP" and exchange.request.body:
        places += texts_of_mail(exchange.request.body)
    return places


@check(
    "INS-T-02",
    title="Le document d'une identité qualifiée porte son INS",
    severity=Severity.BLOCKING,
    source="Référentiel INS EXI DIF 02 (ins-insi.md §4.4)",
    exigences=("DOC/va1.04",),
    needs=("identities",),
)
def ins_of_the_qualified(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """The identity is found by its birth traits; CDA-14 and CDA-15 judge the INS itself."""
    patient = document.patient
    if patient is None or patient.ins is not None:
        return
    traits = patient.traits
    mine = (traits.birth_name, traits.birth_date, traits.sex)
    for ins, identity in (context.identities or {}).items():
        theirs = (identity.traits.birth_name, identity.traits.birth_date, identity.traits.sex)
        if identity.qualified and all(mine) and mine == theirs:
            yield Finding(
                "/ClinicalDocument/recordTarget/patientRole/id",
                f"l'INS {ins}",
                "aucun INS",
                "Ajouter l'INS de cette identité qualifiée, premier identifiant du patient.",
            )


@check(
    "INS-T-03",
    title="patientId XDS de la forme INS^^^&OID&ISO^NH, avec l'OID de l'identité",
    severity=Severity.BLOCKING,
    source="ins-insi.md §4.5, dmp.md §9.4",
    exigences=("INS/va1.54",),
)
def deposit_patient_id(submission: Submission, context: Context) -> Iterator[Finding]:
    """In a deposit every patientId is an INS."""
    yield from _patient_ids(submission.objects, context, always=True)


@check(
    "INS-T-03",
    title="patientId XDS de la forme INS^^^&OID&ISO^NH, avec l'OID de l'identité",
    severity=Severity.BLOCKING,
    source="ins-insi.md §4.5, mssante.md §5.2",
    exigences=("INS/va1.54",),
)
def archive_patient_id(archive: XdmArchive, context: Context) -> Iterator[Finding]:
    """In an archive the patientId may be local, when the identity is not qualifiée."""
    for subset in archive.subsets:
        if subset.metadata:
            yield from _patient_ids(subset.metadata, context, always=False)


def _patient_ids(objects: RegistryObjects, context: Context, *, always: bool) -> Iterator[Finding]:
    for each in (*objects.submission_sets, *objects.entries):
        found = each.patient_id
        if found is None or not (always or _looks_like_ins(found)):
            continue
        if not _CX.fullmatch(found.text) or not is_ins(found.id):
            yield _patient_id(each.place, "<15 caractères>^^^&<OID>&ISO^NH", found.text)
            continue
        identity = (context.identities or {}).get(found.id)
        oid = identity.oid if identity else None
        same = oid is None or context.environment.same_oid(oid, found.authority)
        if not same or found.authority not in context.environment.ins_oids:
            expected = sorted(context.environment.ins_oids)
            yield _patient_id(each.place, " ou ".join(expected), found.authority)


def _looks_like_ins(found: Cx) -> bool:
    return found.type == "NH" or found.authority in INS_ROOTS


def _patient_id(place: str, expected: str, found: str) -> Finding:
    return Finding(
        f"{place} patientId",
        expected,
        found or "vide",
        "Former patientId avec le matricule, sa clé et l'OID de l'identité qualifiée, type NH.",
    )


@check(
    "INS-T-07",
    title="L'adresse MSS citoyenne est formée des 15 caractères de l'INS",
    severity=Severity.BLOCKING,
    source="ins-insi.md §4.7",
    exigences=("MSS/va1.19",),
)
def citizen_address(message: MssMessage, context: Context) -> Iterator[Finding]:
    """A known mistake: the 13 characters of the matricule without the key."""
    if not message.from_professional:
        return
    for address in filter(patient_address, message.recipients(context)):
        ins = address.partition("@")[0].upper()
        if not is_ins(ins) or ins_key(ins[:13]) != ins[13:]:
            yield Finding(
                f"destinataire {address}",
                "<matricule de 13 caractères><clé>@patient.mssante.fr",
                address,
                "Former l'adresse de l'usager avec l'INS complet : matricule et clé.",
            )


@check(
    "INS-T-09",
    title="Dépôts et envois comptés ne concernent que des identités qualifiées",
    severity=Severity.BLOCKING,
    source="segur-requirements.md §6.1, ins-insi.md §7",
    exigences=EXIGENCES,
)
def only_qualified(view: JournalView, context: Context) -> Iterator[Finding]:
    """A deposit or a send that the service took for an identity not qualifiée."""
    for each, status in unqualified(view, context.environment):
        yield Finding(
            "identité du patient",
            "qualifiée",
            status,
            "Bloquer le dépôt ou l'envoi tant que l'identité n'est pas qualifiée.",
            exchange_id=each.exchange_id,
            artefact=each.counter,
        )

"""X-03 and X-04: the same patient everywhere, the same identifiers from call to call.

Source: bench.md (transversal checks), ins-insi.md §1.3, §4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.checking import check
from rules.checks.cda_sequence import sent_documents
from rules.context import Context, Environment, Traits
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.hl7_types import Cx
from rules.formats.insi_answer import InsiAnswer
from rules.formats.numbers import is_ins
from rules.formats.registry import REPLACES
from rules.formats.vihf import Vihf
from rules.formats.xdm import XdmArchive
from rules.formats.xds import Submission
from rules.formats.xds_query import RetrieveRequest, StoredQueryAnswer
from rules.judge import JournalView

_ANSWER = "réponse INSi"
_TRAITS = {
    "birth_name": "nom de naissance",
    "birth_given_names": "prénoms de naissance",
    "sex": "sexe",
    "birth_date": "date de naissance",
    "birth_place": "lieu de naissance",
}


@dataclass(frozen=True, slots=True)
class Sighting:
    """A patient named by a message. Unknown values are empty."""

    exchange: Exchange
    where: str
    ins: str
    oid: str
    traits: Traits | None = None


@check(
    "X-03",
    title="Le même patient partout : OID et traits d'un INS ne varient pas",
    severity=Severity.BLOCKING,
    source="bench.md X-03",
    exigences=("INS/va1.52", "INS/va1.54"),
)
def same_patient(view: JournalView, context: Context) -> Iterator[Finding]:
    """The reference is the answer of INSi, else the first message that names the patient.

    INSi may answer one INS under several traits (CNDA 3.05 cas 3): what it says is not the
    software's doing, and any of its answers may be the one taken.
    """
    known: dict[str, list[Sighting]] = {}
    for seen in sorted(_sightings(view), key=lambda s: (s.exchange.position, s.where)):
        references = known.setdefault(seen.ins, [])
        if seen.where == _ANSWER or not references:
            references.append(seen)
            continue
        reference = min(references, key=lambda r: len(_differences(r, seen, context.environment)))
        if reference.traits is None and seen.traits is not None:
            references[references.index(reference)] = seen
        for name, expected, found in _differences(reference, seen, context.environment):
            yield Finding(
                f"{seen.where}, {name}",
                f"{expected} (échange {reference.exchange.position}, {reference.where})",
                found,
                "Reprendre partout l'identité telle qu'INSi l'a rendue, sans la ressaisir.",
                exchange_id=seen.exchange.id,
                artefact=f"{seen.exchange.service} {seen.exchange.operation}",
            )


def _differences(
    one: Sighting, other: Sighting, environment: Environment
) -> list[tuple[str, str, str]]:
    differing: list[tuple[str, str, str]] = []
    if one.oid and other.oid and not environment.same_oid(one.oid, other.oid):
        differing.append(("OID", one.oid, other.oid))
    for field, label in _TRAITS.items():
        expected = getattr(one.traits, field, None) or ""
        found = getattr(other.traits, field, None) or ""
        if expected and found and expected != found:
            differing.append((label, expected, found))
    return differing


def _sightings(view: JournalView) -> Iterator[Sighting]:
    yield from _answers(view)
    for exchange, document in sent_documents(view):
        ins = document.ins
        if ins and document.patient and is_ins(ins.extension):
            traits = document.patient.traits
            yield Sighting(exchange, "CDA", ins.extension or "", ins.root or "", traits)
    for exchange, vihf in view.artefacts(Vihf, "dmp"):
        yield from _cx(exchange, "VIHF resource-id", vihf.patient)
    for exchange, sent in view.artefacts(Submission, "dmp"):
        for each in (*sent.objects.submission_sets, *sent.objects.entries):
            yield from _cx(exchange, "métadonnées XDS", each.patient_id)
    for exchange, archive in view.artefacts(XdmArchive, "mssante"):
        for each in (*archive.submission_sets, *archive.entries):
            yield from _cx(exchange, "METADATA.XML", each.patient_id)


def _answers(view: JournalView) -> Iterator[Sighting]:
    for exchange, answer in view.artefacts(InsiAnswer, "insi"):
        found = answer.individual
        if found and is_ins(found.active.ins):
            traits = Traits(
                found.birth_name or "",
                found.given_names or "",
                found.sex or "",
                found.birth_date or "",
                found.birth_place,
            )
            yield Sighting(exchange, _ANSWER, found.active.ins, found.active.oid, traits)


def _cx(exchange: Exchange, where: str, found: Cx | None) -> Iterator[Sighting]:
    if found and is_ins(found.id):
        yield Sighting(exchange, where, found.id, found.authority)


@check(
    "X-04",
    title="Les identifiants rendus par un service sont ceux repris à l'appel suivant",
    severity=Severity.BLOCKING,
    source="bench.md X-04",
    exigences=("DMP/va1.16", "DMP/va1.19"),
)
def reused_ids(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Documents read or replaced in the DMP were named by a search answered before."""
    returned: set[str] = set()
    for exchange in view.of("dmp"):
        reading = view.reading(exchange)
        for request in reading.every(RetrieveRequest):
            for asked in request.documents:
                if asked.unique_id not in returned:
                    yield _unknown(exchange, asked.place, asked.unique_id)
        for sent in reading.every(Submission):
            for link in sent.objects.links(REPLACES):
                if link.target not in returned:
                    yield _unknown(exchange, f"{link.place}/@targetObject", link.target)
        for answer in reading.every(StoredQueryAnswer):
            returned.update(answer.objects.references)
            for entry in answer.objects.entries:
                returned.update(filter(None, (entry.id, entry.unique_id)))


def _unknown(exchange: Exchange, place: str, identifier: str) -> Finding:
    return Finding(
        place,
        "un identifiant rendu par une recherche (TD3.1) de la campagne",
        identifier,
        "Chercher le document (TD3.1) et reprendre les identifiants de la réponse.",
        exchange_id=exchange.id,
        artefact=f"dmp {exchange.operation}",
    )

"""X-10 and X-12: identifiers never used twice, retries that neither storm nor double.

Source: bench.md (transversal checks), dmp.md §17 (DMP-ERR-02). The bounds of a
storm are ours.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange, Outcome
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.mail import MssMessage
from rules.formats.soap import SoapMessage
from rules.formats.vihf import Vihf
from rules.formats.xds import Submission
from rules.judge import JournalView

STORM_ATTEMPTS = 5
STORM_WINDOW = timedelta(seconds=60)
"""More attempts than that of one deposit or mail, in that time, is a storm.

The bounds are ours, hence a minor finding."""
_UNSURE = (Outcome.FAILED, Outcome.UNANSWERED)
_DOUBT_ADVICE = (
    "Après une réponse perdue, renvoyer le même message avec les mêmes identifiants, ou vérifier "
    "d'abord que le service ne l'a pas reçu."
)


@check(
    "X-10",
    title="Un identifiant de message ne sert qu'une fois",
    severity=Severity.BLOCKING,
    source="bench.md X-10",
    exigences=("MSS/va1.12",),
)
def unique_ids(view: JournalView, _context: Context) -> Iterator[Finding]:
    """wsa:MessageID, VIHF ID, lots and Message-ID that a service took twice."""
    seen: dict[tuple[str, str], Exchange] = {}
    # What a redirection did not take is sent again, the same, to the other address.
    for exchange in (each for each in view.exchanges if not each.redirected):
        for kind, identifier in dict.fromkeys(_ids(view, exchange)):
            before = seen.setdefault((kind, identifier), exchange)
            if before is not exchange:
                yield Finding(
                    kind,
                    f"un identifiant nouveau (déjà vu à l'échange {before.position})",
                    identifier,
                    "Tirer un nouvel identifiant pour chaque message.",
                    exchange_id=exchange.id,
                    artefact=f"{exchange.service} {exchange.operation}",
                )


def _ids(view: JournalView, exchange: Exchange) -> Iterator[tuple[str, str]]:
    """A retry after a refusal or a lost answer may repeat the lot and the Message-ID.

    INSi serves a MessageID reused along a search: INS-W-03 alone speaks of it.
    """
    reading = view.reading(exchange)
    soap = next((s for s in _requests(view, exchange)), None)
    if soap and soap.message_id and exchange.service != "insi":
        yield "wsa:MessageID", soap.message_id
    for vihf in reading.every(Vihf):
        if vihf.id:
            yield "ID du VIHF", vihf.id
    if not exchange.accepted:
        return
    for sent in reading.every(Submission):
        lot = sent.objects.submission_set
        if lot and lot.unique_id:
            yield "uniqueId du lot", lot.unique_id
    if exchange.operation == "SMTP":
        for message in reading.every(MssMessage):
            if message.message_id:
                yield "Message-ID", message.message_id


def _requests(view: JournalView, exchange: Exchange) -> Iterator[SoapMessage]:
    """SOAP requests of an exchange; its answer repeats nothing of ours."""
    for artefact in view.reading(exchange).artefacts[:1]:
        soap = getattr(artefact, "soap", None)
        if isinstance(soap, SoapMessage):
            yield soap


@check(
    "X-12",
    title="Une reprise ne double rien et ne s'emballe pas",
    severity=Severity.BLOCKING,
    source="bench.md X-12, dmp.md DMP-ERR-02",
    exigences=("SC.DMP/ALI/PROG.01",),
)
def retries(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Deposits by document, mails by documents and recipients."""
    attempts: dict[str, list[Exchange]] = {}
    doubtful: dict[str, tuple[str, Exchange]] = {}
    for exchange in view.exchanges:
        for key, identifier, twin in _attempts(view, exchange):
            former = attempts.setdefault(key, [])
            former.append(exchange)
            if _storm(former):
                yield _finding(
                    exchange,
                    f"au plus {STORM_ATTEMPTS} essais en {STORM_WINDOW.seconds} s",
                    f"{len(former)} essais",
                    "Espacer les reprises de plus en plus (par exemple 1, 2, 4… minutes).",
                    Severity.MINOR,
                )
            lost = doubtful.get(twin)
            if lost and lost[0] != identifier:
                expected = f"{lost[0]} (échange {lost[1].position}, réponse perdue)"
                yield _finding(exchange, expected, identifier, _DOUBT_ADVICE)
            if exchange.outcome in _UNSURE:
                doubtful.setdefault(twin, (identifier, exchange))
            elif exchange.accepted:
                doubtful.pop(twin, None)


def _attempts(view: JournalView, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """Key of the attempts, identifier that a retry must keep, key of its twins."""
    reading = view.reading(exchange)
    if exchange.operation == "TD2.1":
        for document in reading.every(ClinicalDocument):
            if document.unique_id:
                yield document.unique_id, document.unique_id, f"dmp {_content(document)}"
    elif exchange.operation == "SMTP":
        for message in reading.every(MssMessage):
            documents = sorted(d.unique_id or "" for d in message.documents)
            if documents and message.message_id:
                whom = ",".join(sorted(message.recipients()))
                twin = f"mss {whom} {documents}"
                yield twin, message.message_id, twin


def _content(document: ClinicalDocument) -> str:
    """What makes two documents one for a reader: patient, type, version, body."""
    body = document.body
    inside = body.content if body and body.content else document.data
    code = document.code.code if document.code else None
    ins = document.ins.text if document.ins else None
    return f"{ins} {code} {document.version} {sha256(inside).hexdigest()}"


def _storm(attempts: list[Exchange]) -> bool:
    recent = attempts[-1].started_at - STORM_WINDOW
    return sum(e.started_at >= recent for e in attempts) > STORM_ATTEMPTS


def _finding(
    exchange: Exchange, expected: str, found: str, advice: str, severity: Severity | None = None
) -> Finding:
    return Finding(
        "reprise",
        expected,
        found,
        advice,
        severity,
        exchange_id=exchange.id,
        artefact=f"{exchange.service} {exchange.operation}",
    )

"""The transactions of a journal that a mise en ordre de marche may count.

Facts only: who, for which patient, which documents, whether the service took
it. :mod:`rules.checks.mom` decides what counts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.context import Environment
from rules.exchange import Exchange, Outcome
from rules.formats.mail import MssMessage, patient_address
from rules.formats.registry import UPDATE_STATUS, DocumentEntry
from rules.formats.vihf import Vihf
from rules.formats.xds import MetadataUpdate, RegistryAnswer, Submission
from rules.formats.xds_query import StoredQueryAnswer
from rules.judge import JournalView

DMP, MSS_PRO, MSS_CITOYENNE = "dmp", "mss_pro", "mss_citoyenne"
DUPLICATE = "Duplicate"
"""Error codes of XDS that contain it say that the registry holds the id already."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One deposit or one send, towards one counter."""

    exchange_id: str
    position: int
    counter: str
    professional: str
    """idNat_PS, ``""`` when nobody could be told."""
    patient: str | None
    """15-character INS that the transaction carries."""
    documents: tuple[str, ...]
    """CDA unique ids; the Message-ID for a mail without document."""
    accepted: bool
    refusal: str | None = None
    """Why the service did not take it, in French."""
    flaw: str | None = None
    """Why such a transaction never counts, in French."""
    proved_later: bool = False
    """The answer was lost, and the registry shows the document afterwards."""
    message_id: str | None = None


def transactions(view: JournalView, environment: Environment) -> Iterator[Transaction]:
    """Deposits and sends in journal order; a mail to both kinds gives two."""
    lost: dict[str, int] = _proved(view)
    for exchange in view.exchanges:
        if exchange.service == "dmp" and exchange.operation == "TD2.1":
            yield from _deposit(view, exchange, lost)
        elif exchange.service == "mssante" and exchange.operation == "SMTP":
            yield from _sends(view, exchange, environment)


def _deposit(
    view: JournalView, exchange: Exchange, proved: dict[str, int]
) -> Iterator[Transaction]:
    reading = view.reading(exchange)
    submission, vihf = reading.first(Submission), reading.first(Vihf)
    answer = reading.first(RegistryAnswer)
    lot = submission.objects.submission_set if submission else None
    entries = submission.objects.documents if submission else ()
    documents = tuple(e.unique_id for e in entries if e.unique_id)
    accepted = exchange.accepted and (answer is None or answer.succeeded)
    proofs = [proved.get(d, -1) for d in documents]
    unsure = exchange.outcome in (Outcome.FAILED, Outcome.UNANSWERED)
    yield Transaction(
        exchange_id=exchange.id,
        position=exchange.position,
        counter=DMP,
        professional=exchange.correlation.professional or (vihf and vihf.name_id) or "",
        patient=lot.patient_id.id if lot and lot.patient_id else None,
        documents=documents,
        accepted=accepted,
        refusal=None if accepted else _refusal(exchange, answer),
        proved_later=unsure and bool(proofs) and min(proofs) > exchange.position,
    )


def _refusal(exchange: Exchange, answer: RegistryAnswer | None) -> str:
    if exchange.outcome in (Outcome.FAILED, Outcome.UNANSWERED):
        return "réponse perdue : rien ne montre que le service l'a pris"
    code = exchange.error_code or (answer.error_code if answer else None)
    return f"refusé par le service ({code})" if code else "refusé par le service"


def _proved(view: JournalView) -> dict[str, int]:
    """Documents that the registry showed, and the last position where it did."""
    shown: dict[str, int] = {}
    for exchange, found in view.artefacts(StoredQueryAnswer, "dmp"):
        shown.update({e.unique_id: exchange.position for e in found.objects.entries if e.unique_id})
    for exchange, sent in view.artefacts(Submission, "dmp"):
        if DUPLICATE in (exchange.error_code or ""):
            shown.update(
                {e.unique_id: exchange.position for e in sent.objects.documents if e.unique_id}
            )
    return shown


def deletions(view: JournalView) -> frozenset[str]:
    """Unique ids of the documents that an accepted TD3.3 put to Deleted."""
    known = {entry.id: entry.unique_id for entry in _entries(view)}
    targets = (
        link.target
        for exchange, update in view.artefacts(MetadataUpdate, "dmp")
        if exchange.accepted
        for link in update.objects.links(UPDATE_STATUS)
        if (link.slot("NewStatus") or "").endswith("Deleted")
    )
    return frozenset(u for target in targets if (u := known.get(target)))


def _entries(view: JournalView) -> Iterator[DocumentEntry]:
    for _, found in view.artefacts(StoredQueryAnswer, "dmp"):
        yield from found.objects.entries
    for _, sent in view.artefacts(Submission, "dmp"):
        yield from sent.objects.entries


def non_deliveries(view: JournalView) -> frozenset[str]:
    """Message-ID of the mails whose delivery report the software read by IMAP."""
    reports = [
        e.response.body
        for e in view.of("mssante")
        if e.operation.startswith("IMAP-")
        and e.response
        and b"delivery-status" in e.response.body.lower()
    ]
    sent = [m.message_id for _, m in view.artefacts(MssMessage, "mssante") if m.message_id]
    return frozenset(i for i in sent if any(i.encode() in report for report in reports))


def _sends(
    view: JournalView, exchange: Exchange, environment: Environment
) -> Iterator[Transaction]:
    message = view.reading(exchange).first(MssMessage)
    if message is None or message.automatic or not message.from_professional:
        return
    recipients = message.recipients()
    sender = message.envelope.mail_from if message.envelope else ""
    owner = environment.owner_of(sender)
    professional = exchange.correlation.professional or (owner.national_id if owner else "")
    documents = tuple(d.unique_id for d in message.documents if d.unique_id)
    carried = {d.ins.extension for d in message.documents if d.ins and d.ins.extension}
    base = Transaction(
        exchange_id=exchange.id,
        position=exchange.position,
        counter=MSS_PRO,
        professional=professional,
        patient=min(carried) if carried else None,
        documents=documents or ((message.message_id,) if message.message_id else ()),
        accepted=exchange.accepted,
        refusal=None if exchange.accepted else _refusal(exchange, None),
        message_id=message.message_id,
    )
    yield from _to_professionals(base, message, recipients, environment, sender)
    yield from _to_usagers(base, recipients, carried)


def _to_professionals(
    base: Transaction,
    message: MssMessage,
    recipients: tuple[str, ...],
    environment: Environment,
    sender: str,
) -> Iterator[Transaction]:
    people = [r for r in recipients if not patient_address(r)]
    if not people:
        return
    own = {sender.lower()}
    owner = environment.owner_of(sender)
    own |= {m.lower() for m in owner.mailboxes} if owner else set()
    flaw = None
    if all(r.lower() in own for r in people):
        flaw = "message à soi-même"
    elif not message.documents:
        flaw = "pas de document CDA dans une archive IHE_XDM"
    elif (message.value("X-MSS-INS") or "").strip() != "O":
        flaw = "X-MSS-INS ne vaut pas O"
    yield replace(base, flaw=flaw)


def _to_usagers(
    base: Transaction, recipients: tuple[str, ...], carried: set[str]
) -> Iterator[Transaction]:
    for address in filter(patient_address, recipients):
        ins = address.partition("@")[0].upper()
        other = bool(carried) and ins not in carried
        yield replace(
            base,
            counter=MSS_CITOYENNE,
            patient=ins,
            flaw="l'adresse n'est pas celle du patient des documents" if other else None,
        )

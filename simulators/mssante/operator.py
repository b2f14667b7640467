"""What the operator does with a mail: recipients admitted, delivery, notifications.

Every method works in a worker thread; what it writes and the exchange that says so are
one transaction, committed before the reply leaves.
"""

from __future__ import annotations

import logging
import threading
import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from rules.artefact import MalformedError
from rules.exchange import Correlation, Exchange
from rules.formats.mail import PATIENT_DOMAIN, MssMessage, parse_mail, patient_address
from simulators.faults import Fault
from simulators.kernel import Kernel
from simulators.mssante import errors, mes
from simulators.mssante.errors import Reply
from simulators.mssante.faults import AFTER_DATA, IN_TRANSACTION, draw
from simulators.mssante.state import Mailbox, MailStore, Reading
from simulators.mssante.wire import (
    Line,
    Told,
    Transaction,
    exchange,
    has_bare_octets,
    trace_fields,
    transaction,
)
from simulators.store import Unit

_log = logging.getLogger("simulators.mssante")

SIZE_LIMIT = 35 * 1024 * 1024
"""Octets announced by SIZE; above the 25 Mo of Mon espace santé, so that its own refusal
can be met. Setting ``mssante.taille``."""
MAX_RECIPIENTS = 100
BREAKDOWN = Reply("451 4.3.0 Erreur interne du simulateur")


@dataclass(frozen=True, slots=True)
class Delivered:
    """``reply`` is None when nothing is answered; ``cut`` then says how. ``delay``: seconds."""

    reply: Reply | None
    cut: bool = False
    delay: float = 0


class Operator:
    """The mail desk of one campaign, shared by the SMTP and IMAP listeners."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self._watchers: dict[str, set[Callable[[], None]]] = defaultdict(set)
        self._watching = threading.Lock()

    @property
    def host(self) -> str:
        """Name in greetings and trace fields."""
        return f"smtp.{self.kernel.world.mss_domains[0]}"

    @property
    def size_limit(self) -> int:
        """Octets of the largest mail accepted."""
        return int(self.kernel.settings.get("mssante", {}).get("taille", SIZE_LIMIT))

    # Recipients

    def recipient(self, address: str) -> Reply:
        """Whether a recipient is admitted, before its mail is known."""
        domain = address.rpartition("@")[2].lower()
        if domain not in self.kernel.world.mss_domains:
            return errors.OUT_OF_TRUST
        if patient_address(address) or self.mailbox(address) is not None:
            return errors.RCPT_OK  # Mon espace santé answers later, by mail
        return errors.UNKNOWN_MAILBOX

    def mailbox(self, address: str) -> Mailbox | None:
        """The mailbox of an address."""
        with self.kernel.store.reading() as connection:
            return MailStore(Reading(connection), self.kernel.campaign).mailbox(address)

    # Delivery

    def refuse(self, line: Line, left: Transaction, reply: Reply | None) -> None:
        """Journal a transaction that did not reach its end."""
        told = Told(reply.text if reply else None)
        self._append(exchange(self.kernel, line, transaction(line, left, b""), told))

    def deliver(self, line: Line, whole: Transaction, content: bytes) -> Delivered:
        """Put a mail where it goes, journal it, and say what to answer."""
        message = _read(content)
        known = correlate(message, whole, line)
        fault = draw(self.kernel, "SMTP", IN_TRANSACTION, known.patient, content)
        reply = _answer(content, fault)
        stored = content if _is_stored(reply, fault) else None
        told = Told(reply.text if reply else None, fault=fault.name if fault else None)
        said = transaction(line, whole, content)
        try:
            self._commit(
                exchange(self.kernel, line, said, told, known), whole, line, stored, message
            )
        except Exception:
            _log.exception("un courriel n'a pas pu être remis")
            self._append(exchange(self.kernel, line, said, Told(BREAKDOWN.text), known))
            return Delivered(BREAKDOWN)
        cut = fault is not None and fault.name != "muet"
        return Delivered(reply, cut, fault.delay if fault and fault.name == "lent" else 0)

    def _commit(
        self,
        observed: Exchange,
        whole: Transaction,
        line: Line,
        content: bytes | None,
        message: MssMessage | None,
    ) -> None:
        changed: set[str] = set()
        with self.kernel.unit() as unit:
            if content is not None:
                changed = self._put(unit, whole, line, content, message)
            placed = self.kernel.journal.record(unit, observed)
        self._announce(placed)
        self.changed(*changed)

    def _put(
        self,
        unit: Unit,
        whole: Transaction,
        line: Line,
        content: bytes,
        message: MssMessage | None,
    ) -> set[str]:
        """Deliver to every recipient; the mailboxes that changed."""
        store, at = MailStore(unit, self.kernel.campaign), self.kernel.clock.now()
        trace = trace_fields(whole, line, self.host, at)
        changed: set[str] = set()
        for address in dict.fromkeys(a.lower() for a in whole.recipients):
            cause = None
            if patient_address(address):
                cause = mes.refusal(store, address, len(content))
            if cause is None:
                store.deliver(address, content, at, trace)
                changed.add(address)
                if patient_address(address) and message is not None and whole.mail_from:
                    mes.follow(store, message, whole.mail_from, address)
            elif whole.mail_from:
                sender = whole.mail_from
                store.deliver(sender, mes.bounce(cause, content, address, sender, at), at)
                changed.add(sender.lower())
        return changed

    # Watching mailboxes (IMAP IDLE)

    def watch(self, address: str, told: Callable[[], None]) -> Callable[[], None]:
        """Call ``told`` after each change of a mailbox; returns the way to stop."""
        with self._watching:
            self._watchers[address.lower()].add(told)

        def stop() -> None:
            with self._watching:
                self._watchers[address.lower()].discard(told)

        return stop

    def changed(self, *addresses: str) -> None:
        """Tell those who watch these mailboxes."""
        with self._watching:
            told = [watcher for a in addresses for watcher in self._watchers[a.lower()]]
        for watcher in told:
            watcher()

    def _append(self, observed: Exchange) -> None:
        with self.kernel.unit() as unit:
            placed = self.kernel.journal.record(unit, observed)
        self._announce(placed)

    def _announce(self, placed: Exchange) -> None:
        try:
            self.kernel.journal.announce(placed)
        except Exception:
            # The mail is delivered and must be acknowledged, whoever listens.
            _log.exception("un observateur du journal a échoué")


def correlate(message: MssMessage | None, whole: Transaction, line: Line) -> Correlation:
    """Patient, professional and document that a mail is about."""
    documents = message.documents if message else ()
    carried = next((d.ins.extension for d in documents if d.ins and d.ins.extension), None)
    suffix = f"@{PATIENT_DOMAIN}"
    addressed = (a.removesuffix(suffix) for a in map(str.lower, whole.recipients) if suffix in a)
    return Correlation(
        patient=carried or next((ins.upper() for ins in addressed), None),
        professional=line.professional,
        document=next((d.unique_id for d in documents if d.unique_id), None),
    )


def _read(content: bytes) -> MssMessage | None:
    """None for octets that are no mail: an operator carries them all the same."""
    try:
        return parse_mail(content)
    except MalformedError:
        return None


def _answer(content: bytes, fault: Fault | None) -> Reply | None:
    """The reply to a whole mail; None when the fault is to say nothing."""
    if fault is not None and fault.name in ("muet", "couper", *AFTER_DATA):
        return None
    if has_bare_octets(content):
        return errors.BAD_CONTENT
    if fault is not None and fault.name in errors.FAULTS:
        return errors.FAULTS[fault.name]
    return Reply(f"250 2.0.0 Ok: queued as {zlib.crc32(content):08X}")


def _is_stored(reply: Reply | None, fault: Fault | None) -> bool:
    if reply is None:
        return fault is not None and fault.name in AFTER_DATA
    return reply.accepted

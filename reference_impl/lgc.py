"""The LGC: its rooms, wired."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reference_impl.apcv.client import ApcvClient
from reference_impl.apcv.sessions import ApcvSessions
from reference_impl.cards.sessions import Cards
from reference_impl.cards.vitale import VitaleReader
from reference_impl.errors import ForbiddenGestureError
from reference_impl.ids import SeededIds
from reference_impl.insi.client import InsiClient
from reference_impl.insi.log import InsiLog
from reference_impl.outbox import Kind, Outbox, Shipper, Worker
from reference_impl.people import Environment
from reference_impl.ports import Clock, DmpGateway, DocumentWriter, Mailer
from reference_impl.prescriptions.client import PrescriptionClient
from reference_impl.prescriptions.number import Numbers
from reference_impl.prescriptions.records import OrdonnanceRecords
from reference_impl.prescriptions.rest import RestWire
from reference_impl.prescriptions.service import Prescriptions
from reference_impl.prescriptions.soap import SoapWire
from reference_impl.prescriptions.traces import Traces
from reference_impl.prescriptions.wire import Wire
from reference_impl.psc import PscSessions
from reference_impl.records import Records
from reference_impl.shipping import DmpRemover, DmpShipper, MailShipper, Publisher
from reference_impl.store import Store
from reference_impl.transport import Transport
from reference_impl.worklist import TrustedSenders, Worklist

DATABASE = "logiciel.sqlite"


@dataclass
class Lgc:
    """Everything a gesture needs. ``close`` stops the worker and releases the file."""

    environment: Environment
    clock: Clock
    store: Store
    ids: SeededIds
    records: Records
    sessions: PscSessions
    insi: InsiClient
    insi_log: InsiLog
    worklist: Worklist
    trusted: TrustedSenders
    dmp: DmpGateway
    mailer: Mailer
    publisher: Publisher
    outbox: Outbox
    worker: Worker
    cards: Cards
    vitale: VitaleReader
    apcv: ApcvSessions
    prescriptions: Prescriptions
    _locks: dict[str, threading.RLock] = field(
        default_factory=lambda: defaultdict(threading.RLock), repr=False
    )
    _calling: set[str] = field(default_factory=set, repr=False)
    _calls_lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @contextmanager
    def patient_lock(self, patient_id: str) -> Generator[None]:
        """One gesture at a time changes a patient."""
        with self._locks[patient_id]:
            yield

    @contextmanager
    def patient_call(self, patient_id: str) -> Generator[None]:
        """One call to INSi at a time for a patient: the impatient click calls nothing (N22)."""
        with self._calls_lock:
            if patient_id in self._calling:
                raise ForbiddenGestureError(
                    "APPEL_EN_COURS",
                    "Un appel à INSi est déjà en cours pour ce patient : attendez sa réponse.",
                    "patient",
                )
            self._calling.add(patient_id)
        try:
            with self.patient_lock(patient_id):
                yield
        finally:
            with self._calls_lock:
                self._calling.discard(patient_id)

    def close(self) -> None:
        """Stop what runs; everything is already on disk."""
        self.worker.stop()
        self.cards.shutdown()
        self.store.close()


@dataclass(frozen=True, slots=True)
class Outside:
    """The rooms that talk to DMP and MSSanté, and the one that writes documents."""

    dmp: DmpGateway
    mailer: Mailer
    writer: DocumentWriter


@dataclass(frozen=True, slots=True)
class Base:
    """What every room is made with."""

    environment: Environment
    clock: Clock
    store: Store
    ids: SeededIds
    transport: Transport
    sessions: PscSessions
    cards: Cards


def lay_base(environment: Environment, data: Path, seed: int, clock: Clock) -> Base:
    """Open the data folder of an installation, made if it does not exist."""
    store = Store(data / DATABASE)
    transport = Transport(environment)
    return Base(
        environment=environment,
        clock=clock,
        store=store,
        ids=SeededIds(store, seed, environment.software.oid),
        transport=transport,
        sessions=PscSessions(environment, transport, clock),
        cards=Cards(environment, clock),
    )


def assemble(base: Base, outside: Outside) -> Lgc:
    """Wire an installation. Its worker is not started."""
    records = Records(base.store, base.clock)
    publisher = Publisher(base.environment, records, outside.writer)
    shippers: dict[Kind, Shipper] = {
        "dmp": DmpShipper(outside.dmp, records, publisher),
        "dmp-retrait": DmpRemover(outside.dmp, records, publisher),
        "mss": MailShipper(outside.mailer, records, publisher),
    }
    outbox = Outbox(base.store, base.clock, shippers)
    return Lgc(
        environment=base.environment,
        clock=base.clock,
        store=base.store,
        ids=base.ids,
        records=records,
        sessions=base.sessions,
        insi=InsiClient(
            base.environment, base.transport, base.ids, base.clock, base.cards, base.sessions
        ),
        insi_log=InsiLog(base.store, base.clock),
        worklist=Worklist(base.store, base.clock),
        trusted=TrustedSenders(base.store, base.clock),
        dmp=outside.dmp,
        mailer=outside.mailer,
        publisher=publisher,
        outbox=outbox,
        worker=Worker(outbox, base.clock),
        cards=base.cards,
        vitale=VitaleReader(base.environment, base.cards.readers_in_use),
        apcv=ApcvSessions(base.environment, _apcv_client(base), base.clock),
        prescriptions=_prescriptions(base),
    )


def _prescriptions(base: Base) -> Prescriptions:
    environment, settings = base.environment, base.environment.ordonnance
    transport = Transport(environment, settings.timeout)
    wire: Wire
    if settings.wire == "soap":
        wire = SoapWire(
            settings.soap,
            environment.software,
            transport,
            base.ids,
            base.clock,
            base.cards,
            base.sessions,
        )
    else:
        wire = RestWire(settings.rest, transport, base.sessions)
    return Prescriptions(
        environment,
        OrdonnanceRecords(base.store),
        PrescriptionClient(
            wire, environment.software, base.clock, Traces(base.store, settings.traces)
        ),
        Numbers(base.store, base.ids, settings.symbol_24),
        base.ids,
        base.clock,
    )


def _apcv_client(base: Base) -> ApcvClient:
    return ApcvClient(
        base.environment, base.transport, base.ids, base.clock, base.cards, base.sessions
    )

"""The LGC with its real clients of DMP and MSSanté."""

from __future__ import annotations

from pathlib import Path

from reference_impl.dmp.client import DmpClient
from reference_impl.documents.writer import CdaWriter
from reference_impl.gestures.ordonnance_documents import resume
from reference_impl.lgc import Lgc, Outside, assemble, lay_base
from reference_impl.mss.client import MssClient
from reference_impl.people import Environment
from reference_impl.ports import Clock


def build(environment: Environment, data: Path, seed: int, clock: Clock) -> Lgc:
    """Wire an installation whose data are in a folder; what a crash left undone is resumed."""
    base = lay_base(environment, data, seed, clock)
    outside = Outside(
        dmp=DmpClient(environment, base.transport, base.ids, clock, base.cards),
        mailer=MssClient(environment, base.sessions),
        writer=CdaWriter(environment),
    )
    lgc = assemble(base, outside)
    resume(lgc)
    lgc.worker.start()
    return lgc

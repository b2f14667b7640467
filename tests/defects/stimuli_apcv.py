"""Consultations with an appli carte Vitale: the holder, a child, a record that disagrees."""

from __future__ import annotations

from typing import Any

from simulators.apcv.codec import Codec

from .stimuli import Bench, stimulus

FAMILY = "000499900012"
_CHILD = 2


def _scan(bench: Bench) -> None:
    kernel = bench.scenario.session.platform.kernel
    text = Codec(kernel.campaign, kernel.seed).show(FAMILY, kernel.clock.now())
    bench.scenario.must("apcv.read", donnees=f"{text}\r", source="QR", professionnel=bench.doctor)


def _qualify(bench: Bench, **asked: Any) -> None:
    bench.scenario.must("apcv.qualify", professionnel=bench.doctor, **asked)


def _close(bench: Bench) -> None:
    bench.scenario.must("apcv.close", professionnel=bench.doctor)


@stimulus("apcv-titulaire")
def holder(bench: Bench) -> None:
    """The holder is read, qualified, and the consultation ends."""
    _scan(bench)
    _qualify(bench, patient=None, individu=0)
    _close(bench)


@stimulus("apcv-enfant")
def child(bench: Bench) -> None:
    """The patient is a child on the application of a parent."""
    _scan(bench)
    _qualify(bench, patient=None, individu=_CHILD)
    _close(bench)


@stimulus("apcv-autre-dossier")
def other_record(bench: Bench) -> None:
    """The record that is open is somebody else's."""
    patient = bench.create(bench.someone())
    _scan(bench)
    _qualify(bench, patient=patient, individu=0)
    _close(bench)


@stimulus("apcv-expiree")
def expired(bench: Bench) -> None:
    """The user qualifies 25 minutes after the reading, and is refused."""
    _scan(bench)
    bench.wait(minutes=25)
    bench.scenario.perform("apcv.qualify", professionnel=bench.doctor, individu=0)

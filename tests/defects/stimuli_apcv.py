"""Consultations with an appli carte Vitale: the holder, a child, a record that disagrees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.drivers.reference import RESTART
from rules.formats.apcv_names import AUTHENTICATE
from simulators.apcv.codec import Codec

from .laboratory import PROFILES, SETTINGS
from .stimuli import Bench, stimulus

FAMILY, DEMO, REVOKED = "000499900012", "000499900053", "000499900061"
_CHILD = 2
_LATENCY = 2.4
"""Seconds: enough for other gestures to be played meanwhile."""


def _scanned(bench: Bench, profile: str = FAMILY, **asked: Any) -> dict[str, Any]:
    """Parameters of a reading, as a scanner types it."""
    kernel = bench.scenario.session.platform.kernel
    text = Codec(kernel.campaign, kernel.seed).show(profile, kernel.clock.now())
    return {"donnees": f"{text}\r", "source": "QR", "professionnel": bench.doctor, **asked}


def _scan(bench: Bench, **asked: Any) -> None:
    bench.scenario.must("apcv.read", **_scanned(bench, **asked))


def _try_to_scan(bench: Bench, profile: str = FAMILY, **asked: Any) -> None:
    bench.scenario.perform("apcv.read", **_scanned(bench, profile, **asked))


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


@stimulus("apcv-relue")
def read_again(bench: Bench) -> None:
    """The phone is shown twice in one consultation, under another code each time."""
    _scan(bench)
    _scan(bench)
    _qualify(bench, patient=None, individu=0)
    _close(bench)


@stimulus("apcv-nfc")
def by_nfc(bench: Bench) -> None:
    """One patient shows a code, the next one holds the phone to the reader."""
    for source in ("QR", "NFC"):
        _try_to_scan(bench, source=source)
        _close(bench)


@stimulus("apcv-sans-carte")
def without_card(bench: Bench) -> None:
    """The user is known by Pro Santé Connect alone."""
    bench.log_in()
    _try_to_scan(bench, voie="psc")
    bench.scenario.perform("apcv.qualify", professionnel=bench.doctor, individu=0, voie="psc")
    _close(bench)


@stimulus("apcv-en-production")
def in_production(bench: Bench) -> None:
    """A product set for production is shown an application of demonstration."""
    bench.log_in()
    _try_to_scan(bench, DEMO, voie="psc")
    bench.scenario.must("session.close", professionnel=bench.doctor)


SETTINGS["apcv-en-production"] = lambda environment: replace(environment, production=True)
PROFILES["apcv-en-production"] = "production"


@stimulus("apcv-revoquee")
def revoked(bench: Bench) -> None:
    """The application of the patient is no longer active."""
    _try_to_scan(bench, REVOKED)


@stimulus("apcv-redemarrage")
def restarted(bench: Bench) -> None:
    """The software is closed by mistake in the middle of a consultation."""
    _scan(bench)
    bench.scenario.must(RESTART)
    bench.scenario.perform("apcv.qualify", professionnel=bench.doctor, patient=None, individu=0)
    _close(bench)


@stimulus("apcv-lente")
def slow(bench: Bench) -> None:
    """The service takes its time, and the user looks for another patient meanwhile."""
    session = bench.scenario.session
    session.driver.concurrent = True
    session.platform.kernel.faults.add("apcv", AUTHENTICATE, fault="lent", delay=_LATENCY)
    bench.scenario.others.append(("patient.search", {"texte": "TEST"}))
    _scan(bench)
    bench.scenario.others.clear()
    _close(bench)

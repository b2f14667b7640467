"""AV-20 with a process that truly ends: the context is asked again, not the code."""

from __future__ import annotations

from bench.drivers.reference import RESTART, ReferenceDriver
from bench.session import Session
from rules.formats.apcv_names import AUTHENTICATE, DESTROY, RESTORE
from rules.judge import JournalView, judge_journal
from simulators.testing import exchanges, running
from tests.simulators.apcv.lps import Lps


def test_the_program_ends_and_starts_again_on_its_records() -> None:
    with running(("psc", "insi", "cards", "apcv")) as platform:
        driver = ReferenceDriver()
        driver.start(str(platform.folder / "environnement.json"), 1)
        try:
            scenario = Session(platform, driver, 1, "").scenario("redemarrage")
            who = {
                "professionnel": platform.descriptor["professionnels"][0]["identifiant_national"]
            }
            read = scenario.must("apcv.read", donnees=Lps(platform).code(), **who)["apcv"]
            assert scenario.must(RESTART) == {}
            told = scenario.must("apcv.qualify", individu=0, **who)
            assert told["patient"]["statut"] == "qualifiée"
            assert told["apcv"]["contexte"] == read["contexte"]
            scenario.must(RESTART)
            kept = scenario.must("patient.read", patient=told["patient"]["id"])
            assert kept["patient"]["canal"] == "AV"
            scenario.must("apcv.qualify", individu=0, **who)
            scenario.must("apcv.close", **who)
        finally:
            driver.stop()
        called = [e.operation for e in exchanges(platform, "apcv") if e.operation != "telephone"]
        assert called == [AUTHENTICATE, RESTORE, RESTORE, DESTROY]
        judged = judge_journal(JournalView(exchanges(platform)), platform.kernel.environment)
        assert [(f.check_id, f.found) for f in judged.findings] == []
        assert "AV-20" in judged.evaluated

"""A practice that reads applis carte Vitale: the reference LGC on the wires of the bench."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.drivers.base import ActionOutcome
from bench.session import Session
from reference_impl.lgc import Lgc
from reference_impl.wiring import build
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges
from tests.defects.laboratory import BenchTime, InProcess
from tests.simulators.apcv.lps import FAMILY

CAMILLE = "285073306304208"


@dataclass
class Cabinet:
    """A LGC that only knows the descriptor of a platform; gestures are journaled."""

    platform: Platform
    lgc: Lgc
    folder: Path
    _position: int = 0

    @property
    def louise(self) -> str:
        return self.lgc.environment.professionals[0].national_id

    def __call__(self, name: str, **asked: Any) -> dict[str, Any]:
        driver = InProcess(self.lgc)
        scenario = Session(self.platform, driver, 1, "").scenario("apcv")
        if name.startswith(("apcv", "session")):
            asked.setdefault("professionnel", self.louise)
        done = scenario.perform(name, **asked)
        if done.outcome is not ActionOutcome.DONE:
            raise RefusedGestureError(str(done.answer["erreur"]["code"]))
        return dict(done.answer)

    def code(self, serial: str = FAMILY) -> str:
        with client(self.platform) as http:
            page = self.platform.descriptor["apcv"]["telephone"]
            return http.get(f"{page}/texte", params={"profil": serial}).text

    def read(self, serial: str = FAMILY, **asked: Any) -> dict[str, Any]:
        return self("apcv.read", donnees=self.code(serial), **asked)["apcv"]

    def qualify(self, **asked: Any) -> dict[str, Any]:
        return self("apcv.qualify", **asked)["patient"]

    def operations(self) -> list[str]:
        """Calls of AUTH since the last time."""
        return [e.operation for e in self._new() if e.service == "apcv" and e.operation[0] != "t"]

    def findings(self) -> list[tuple[str, str]]:
        judged = judge_journal(JournalView(self._new()), self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]

    def _new(self) -> Any:
        found = exchanges(self.platform)[self._position :]
        self._position += len(found)
        return found

    def restart(self) -> None:
        self.lgc.close()
        self.lgc = build(
            self.lgc.environment, self.folder, 1, BenchTime(self.platform.kernel.clock)
        )


class RefusedGestureError(Exception):
    """A gesture refused; its text has the code."""

"""A LGC that knows a platform by its descriptor alone, on one wire of the ordonnance numérique."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from reference_impl.app import ACTIONS
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.errors import LgcError
from reference_impl.lgc import Lgc
from reference_impl.people import Environment, Ins, Patient, Status, Traits
from reference_impl.wiring import build
from rules.exchange import Exchange
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import administration, exchanges
from tests.reference_impl.house import CAMILLE, CAMILLE_INS

DRUG: Mapping[str, Any] = {
    "cis": "63107752",
    "posologieTexte": "1 comprimé 3 fois par jour si douleur",
    "dureeJours": 5,
    "quantite": {"valeur": 1},
}
ALD: Mapping[str, Any] = {
    "cis": "60000001",
    "posologieTexte": "1 comprimé le matin à jeun",
    "dureeJours": 30,
    "quantite": {"valeur": 1},
    "renouvellements": 5,
    "substitution": {"code": "N", "motif": "MTE"},
    "ald": True,
}


@dataclass
class Cabinet:
    """Gestures of a professional, and what the bench saw of them."""

    platform: Platform
    lgc: Lgc
    data: Path
    environment: Environment
    seed: int = 1
    _position: int = 0

    @property
    def louise(self) -> str:
        return self.environment.professionals[0].national_id

    def __call__(self, name: str, **asked: Any) -> dict[str, Any]:
        action = ACTIONS[name]
        done = action.perform(self.lgc, action.parameters.model_validate(asked))
        return done.model_dump(mode="json")

    def refused(self, name: str, **asked: Any) -> str:
        """The code of the error of a gesture."""
        with pytest.raises(LgcError) as raised:
            self(name, **asked)
        return raised.value.code

    def patient(
        self, traits: Traits = CAMILLE, ins: Ins = CAMILLE_INS, status: Status = Status.QUALIFIED
    ) -> str:
        patient = Patient(self.lgc.ids.local("p"), traits, status, ins)
        self.lgc.records.add_patient(patient)
        return patient.id

    def draft(self, patient: str | None = None, *lines: Mapping[str, Any], **more: Any) -> str:
        asked = {"consentement": True, "lignes": [dict(line) for line in lines or (DRUG,)]} | more
        patient = patient or self.patient()
        answer = self("prescription.create", patient=patient, professionnel=self.louise, **asked)
        assert answer["ordonnance"]["etat"] == "brouillon"
        assert answer["ordonnance"]["numero"] is None
        return answer["ordonnance"]["id"]

    def do(self, gesture: str, ordonnance: str) -> dict[str, Any]:
        answer = self(f"prescription.{gesture}", ordonnance=ordonnance, professionnel=self.louise)
        return answer["ordonnance"]

    def do_or_refuse(
        self, gesture: str, ordonnance: str
    ) -> tuple[dict[str, Any] | None, LgcError | None]:
        """What a gesture answers, or why the software refuses it."""
        try:
            return self.do(gesture, ordonnance), None
        except LgcError as refusal:
            return None, refusal

    def recorded(self, *lines: Mapping[str, Any], **more: Any) -> dict[str, Any]:
        told = self.do("validate", self.draft(None, *lines, **more))
        assert told["etat"] == "enregistrée", told["alertes"]
        return told

    def consult(self, number: str) -> dict[str, Any]:
        answer = self("prescription.consult", numero=number, professionnel=self.louise)
        return answer["ordonnance"]

    def fault(self, name: str, operation: str | None = None, **more: Any) -> None:
        self.platform.kernel.faults.add("prescription", operation, fault=name, **more)

    def change(self, **told: Any) -> None:
        with administration(self.platform) as admin:
            assert admin.put("/state/prescription", json=told).status_code == 200

    def execute(self, number: str, recipe: str, **more: Any) -> None:
        self.change(pharmacie=[{"numero": number, "recette": recipe, **more}])

    def new(self) -> list[Exchange]:
        """The exchanges with the service since the last time this was asked."""
        found = exchanges(self.platform)
        fresh, self._position = found[self._position :], len(found)
        return [each for each in fresh if each.service == "prescription"]

    def findings(self) -> list[tuple[str, str]]:
        judged = judge_journal(JournalView(tuple(self.new())), self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]

    def restart(self, **settings: Any) -> None:
        """Another process on the same data, as after a crash."""
        self.lgc.close()
        told = replace(self.environment.ordonnance, **settings)
        self.lgc = build(
            replace(self.environment, ordonnance=told), self.data, self.seed, SystemClock()
        )


@contextmanager
def cabinet(platform: Platform, data: Path, seed: int = 1, **settings: Any) -> Generator[Cabinet]:
    """A cabinet whose settings of ordonnances are changed from the descriptor's."""
    environment = read_environment(Path(platform.folder) / "environnement.json")
    environment = replace(environment, ordonnance=replace(environment.ordonnance, **settings))
    lgc = build(environment, data, seed, SystemClock())
    made = Cabinet(platform, lgc, data, environment, seed)
    made.new()
    try:
        yield made
    finally:
        made.lgc.close()

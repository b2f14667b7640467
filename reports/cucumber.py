"""Cucumber JSON, for test managers that import Gherkin results."""

from __future__ import annotations

import json
import re
from typing import Any

from reports.events import StepFinished, Verdict
from reports.model import Report, ScenarioReport

STATUS = {"réussi": "passed", "échoué": "failed", "manuel": "pending", "ignoré": "skipped"}


def render(report: Report) -> str:
    """A list of features in the format of ``cucumber --format json``."""
    features = [_feature(name, scenarios) for name, scenarios in report.features]
    return json.dumps(features, ensure_ascii=False, indent=1)


def _feature(name: str, scenarios: tuple[ScenarioReport, ...]) -> dict[str, Any]:
    first = scenarios[0].started
    return {
        "uri": first.feature_file,
        "id": _slug(name),
        "keyword": "Fonctionnalité",
        "name": name,
        "description": first.feature_description,
        "line": 1,
        "elements": [_element(name, scenario) for scenario in scenarios],
    }


def _element(feature: str, scenario: ScenarioReport) -> dict[str, Any]:
    started = scenario.started
    steps = [_step(step) for step in scenario.steps]
    if scenario.finished.verdict is Verdict.NON_CONFORME and all(
        s["result"]["status"] != "failed" for s in steps
    ):
        # The checks found what no step asked: the scenario is not green for all that.
        steps.append(_verdict_step("failed", scenario))
    elif scenario.finished.verdict is Verdict.NON_OBSERVE:
        steps.append(_verdict_step("undefined", scenario))
    return {
        "id": f"{_slug(feature)};{_slug(started.name)}",
        "keyword": "Scénario",
        "type": "scenario",
        "name": started.name,
        "line": started.line,
        "tags": [{"name": f"@{tag}", "line": started.line} for tag in started.tags],
        "steps": steps,
    }


def _step(step: StepFinished) -> dict[str, Any]:
    result: dict[str, Any] = {
        "status": STATUS[step.status],
        "duration": int(step.seconds * 1_000_000_000),
    }
    if step.message:
        result["error_message"] = step.message
    return {"keyword": f"{step.keyword} ", "name": step.text, "line": step.line, "result": result}


def _verdict_step(status: str, scenario: ScenarioReport) -> dict[str, Any]:
    return {
        "keyword": "* ",
        "name": f"verdict du banc : {scenario.finished.verdict}",
        "line": scenario.started.line,
        "result": {
            "status": status,
            "duration": 0,
            "error_message": "\n".join(scenario.finished.reasons),
        },
    }


def _slug(text: str) -> str:
    return re.sub(r"\W+", "-", text.lower()).strip("-")

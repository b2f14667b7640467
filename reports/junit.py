"""JUnit XML, for continuous integration."""

from __future__ import annotations

from lxml import etree

from reports.events import Verdict
from reports.model import Report, ScenarioReport


def render(report: Report) -> bytes:
    """One test suite per feature, one test case per scenario.

    Non conforme is a failure; non observé and à vérifier are skipped with their
    reason, so that they are never green.
    """
    root = etree.Element("testsuites", name=f"segur-bench {report.started.campaign}")
    for name, scenarios in report.features:
        suite = etree.SubElement(
            root,
            "testsuite",
            name=name,
            tests=str(len(scenarios)),
            failures=str(sum(s.finished.verdict is Verdict.NON_CONFORME for s in scenarios)),
            skipped=str(sum(_skipped(s) for s in scenarios)),
            errors="0",
            time=f"{sum(s.seconds for s in scenarios):.3f}",
            timestamp=report.started.at.strftime("%Y-%m-%dT%H:%M:%S"),
        )
        for scenario in scenarios:
            _case(suite, name, scenario)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _case(suite: etree._Element, feature: str, scenario: ScenarioReport) -> None:
    case = etree.SubElement(
        suite,
        "testcase",
        classname=feature,
        name=scenario.started.name,
        time=f"{scenario.seconds:.3f}",
    )
    properties = etree.SubElement(case, "properties")
    for key, values in (
        ("exigence", scenario.finished.exigences),
        ("preuve", scenario.finished.proofs),
    ):
        for value in values:
            etree.SubElement(properties, "property", name=key, value=value)
    reasons = _clean("\n".join(scenario.finished.reasons))
    if scenario.finished.verdict is Verdict.NON_CONFORME:
        failure = etree.SubElement(case, "failure", message=reasons.split("\n")[0])
        failure.text = reasons
    elif _skipped(scenario):
        etree.SubElement(case, "skipped", message=f"{scenario.finished.verdict} : {reasons}")


def _skipped(scenario: ScenarioReport) -> bool:
    return scenario.finished.verdict not in (Verdict.CONFORME, Verdict.NON_CONFORME)


def _clean(text: str) -> str:
    """Characters XML cannot hold become a replacement mark."""
    return "".join(c if c in "\t\n\r" or ord(c) >= 32 else "\ufffd" for c in text)

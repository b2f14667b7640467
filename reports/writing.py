"""Every report of a campaign, from its events, in its folder."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from reports import cucumber, html, junit
from reports.events import EVENT, Event
from reports.evidence import write_evidence
from reports.model import Report
from reports.raw import write_raw
from rules.exchange import Exchange


def write_reports(events: Sequence[Event], folder: Path, exchanges: Sequence[Exchange]) -> Path:
    """Write HTML, JSON, JUnit, Cucumber, raw bytes and evidence; the path of the HTML page."""
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(tuple(events))
    stream = [EVENT.dump_python(event, mode="json") for event in events]
    text = json.dumps(stream, ensure_ascii=False, indent=1)
    (folder / "rapport.json").write_text(text, encoding="utf-8")
    (folder / "junit.xml").write_bytes(junit.render(report))
    (folder / "cucumber.json").write_text(cucumber.render(report), encoding="utf-8")
    write_raw(exchanges, folder)
    signer = folder / "certificats" / "org-sign.pem"
    write_evidence(report, {e.id: e for e in exchanges}, folder, signer)
    page = folder / "rapport.html"
    page.write_text(html.render(report), encoding="utf-8")
    return page

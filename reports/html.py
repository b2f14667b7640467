"""The report people read: one self-contained HTML page."""

from __future__ import annotations

from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, Template, select_autoescape
from markupsafe import Markup

from reports.events import Verdict
from reports.model import Report
from reports.pictures import gauge, timeline
from reports.raw import raw_name

CLASSES = {
    Verdict.CONFORME: "bon",
    Verdict.NON_CONFORME: "mauvais",
    Verdict.NON_OBSERVE: "doute",
    Verdict.A_VERIFIER: "revoir",
    Verdict.NON_APPLICABLE: "neutre",
}


def render(report: Report) -> str:
    """The page. Raw bytes are links to files beside it (:mod:`reports.raw`)."""
    found = frozenset(f.exchange for f in report.findings if f.exchange)
    return _template().render(
        report=report,
        counts=report.counts(),
        classes=CLASSES,
        frise=Markup(timeline(report.exchanges, found)),  # noqa: S704 - drawn here, texts escaped
        gauge=lambda label, value, floor: Markup(gauge(label, value, floor)),  # noqa: S704 - id.
        positions={e.id: e.position for e in report.exchanges},
        raw_name=raw_name,
        names={s.started.id: s.started.name for s in report.scenarios},
    )


def _hour(at: datetime) -> str:
    return at.strftime("%H:%M:%S.%f")[:-3]


def _day(at: datetime) -> str:
    return at.strftime("%d/%m/%Y à %H:%M:%S UTC")


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["heure"] = _hour
    environment.filters["jour"] = _day
    return environment.get_template("rapport.html.j2")

"""Pictures of the report, as SVG drawn in the page: gauges and timeline."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

from reports.events import ExchangeSeen

LANES = {
    "lgc": "Gestes",
    "psc": "Pro Santé Connect",
    "insi": "INSi",
    "dmp": "DMP",
    "mssante": "MSSanté",
    "prescription": "Ordonnance numérique",
    "apcv": "Appli carte Vitale",
    "cards": "Cartes",
    "pki": "Listes de révocation",
}
WIDTH, LANE, LEFT = 1080, 34, 170
COLOURS = {
    "accepté": "var(--bon)",
    "refusé": "var(--mauvais)",
    "en échec": "var(--doute)",
    "sans réponse": "var(--doute)",
}


def gauge(label: str, value: int, floor: int) -> str:
    """A horizontal gauge: value over threshold, with its text alternative."""
    share = min(1.0, value / floor) if floor else 1.0
    colour = "var(--bon)" if value >= floor else "var(--doute)"
    return (
        f'<svg class="jauge" viewBox="0 0 300 54" role="img" '
        f'aria-label="{escape(label)} : {value} sur {floor}">'
        f'<text x="0" y="16" class="nom">{escape(label)}</text>'
        f'<text x="300" y="16" text-anchor="end" class="valeur">{value}/{floor}</text>'
        f'<rect x="0" y="26" width="300" height="14" rx="7" fill="var(--fond-jauge)"/>'
        f'<rect x="0" y="26" width="{300 * share:.0f}" height="14" rx="7" fill="{colour}"/>'
        "</svg>"
    )


def timeline(exchanges: Sequence[ExchangeSeen], found: frozenset[str]) -> str:
    """Exchanges along time, one lane a service; those with a finding are ringed.

    ``found`` holds the ids of exchanges with at least one finding. Each mark
    links to the exchange in the page.
    """
    if not exchanges:
        return ""
    lanes = [s for s in LANES if any(e.service == s for e in exchanges)]
    lanes += sorted({e.service for e in exchanges} - set(LANES))
    start = min(e.at for e in exchanges)
    span = max(0.001, (max(e.at for e in exchanges) - start).total_seconds())
    height = LANE * len(lanes) + 40
    parts = [
        f'<svg class="frise" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="Frise de {len(exchanges)} échanges sur {span:.1f} secondes">'
    ]
    for row, lane in enumerate(lanes):
        y = LANE * row + 24
        parts.append(
            f'<text x="0" y="{y + 4}" class="nom">{escape(LANES.get(lane, lane))}</text>'
            f'<line x1="{LEFT}" y1="{y}" x2="{WIDTH - 10}" y2="{y}" class="ligne"/>'
        )
    parts += [_mark(e, lanes, start.timestamp(), span, e.id in found) for e in exchanges]
    parts.append(_axis(span, height))
    parts.append("</svg>")
    return "".join(parts)


def _mark(e: ExchangeSeen, lanes: list[str], start: float, span: float, found: bool) -> str:
    x = LEFT + (WIDTH - LEFT - 20) * (e.at.timestamp() - start) / span
    y = LANE * lanes.index(e.service) + 24
    title = f"{e.operation} — {e.outcome}" + (f" ({e.error_code})" if e.error_code else "")
    ring = f'<circle cx="{x:.1f}" cy="{y}" r="9" class="constat"/>' if found else ""
    fault = ' stroke="var(--encre)" stroke-width="2"' if e.fault else ""
    colour = COLOURS.get(e.outcome, "var(--doute)")
    return (
        f'<a href="#e{e.position}"><title>{escape(title)}</title>{ring}'
        f'<circle cx="{x:.1f}" cy="{y}" r="5" fill="{colour}"{fault}/></a>'
    )


def _axis(span: float, height: int) -> str:
    marks = []
    for part in range(5):
        x = LEFT + (WIDTH - LEFT - 20) * part / 4
        marks.append(
            f'<text x="{x:.0f}" y="{height - 6}" text-anchor="middle" class="temps">'
            f"{span * part / 4:.1f} s</text>"
        )
    return "".join(marks)

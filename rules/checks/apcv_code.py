"""Appli carte Vitale: what becomes of the text that the phone showed (AV-01, AV-18).

Source: sheet ``apcv`` §2 and §9.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.checks.apcv import damaged
from rules.checks.apcv_facts import EXIGENCES, TYPED, Call, calls, gestures, given, spellings
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.apcv_traces import SoftwareTraces
from rules.judge import JournalView

_TELLING = 110
"""Characters of the frame: no two codes begin with the same ones."""


@check(
    "AV-01",
    title="Le contenu envoyé est, à l'octet près, celui que le lecteur a donné",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §2, §9",
)
def data_unchanged(view: JournalView, _context: Context) -> Iterator[Finding]:
    """What was scanned is known from ``apcv.read``, or from the bench's phone."""
    for call in view.derived(calls):
        data = call.request.data
        if data is None or not data.text:
            continue
        source = _source(view, call, data.text)
        if source is None:
            for found in damaged(data):
                yield _of(call, found)
        elif source != data.text:
            yield _of(call, _changed(data.place, data.text, source))


def _source(view: JournalView, call: Call, text: str) -> str | None:
    """The text that was scanned; None when nobody knows."""
    during = _during(view, call)
    if during is not None:
        return text if text in spellings(during) else during.strip(TYPED)
    known = view.derived(given)
    if text in known:
        return text
    return next((one for one in known if text[:_TELLING] == one[:_TELLING] != text), None)


def _during(view: JournalView, call: Call) -> str | None:
    """What was typed at the reading that this call belongs to."""
    at = call.exchange.started_at
    for exchange, gesture in gestures(view, "apcv.read"):
        mine = gesture.parameters.get("professionnel") == call.professional
        end = exchange.answered_at or exchange.started_at
        if mine and exchange.started_at <= at <= end:
            typed = gesture.parameters.get("donnees")
            return typed if isinstance(typed, str) else None
    return None


def _changed(place: str, text: str, source: str) -> Finding:
    gap = _first_gap(text, source)
    return Finding(
        place,
        f"les {len(source)} caractères lus",
        f"{len(text)} caractères, différents dès le {gap}e",
        "Envoyer dans Donnees le texte du lecteur tel quel, espaces doubles comprises : il est "
        "chiffré, et un caractère changé le rend illisible.",
    )


def _first_gap(one: str, other: str) -> int:
    pairs = enumerate(zip(one, other, strict=False), 1)
    return next((rank for rank, (a, b) in pairs if a != b), min(len(one), len(other)) + 1)


def _of(call: Call, found: Finding) -> Finding:
    return Finding(
        found.place,
        found.expected,
        found.found,
        found.advice,
        severity=found.severity,
        exchange_id=call.exchange.id,
        artefact=call.request.label,
    )


@check(
    "AV-18",
    title="Le logiciel ne garde ni ne montre le contenu scanné, et ne l'envoie à nul autre",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
)
def code_not_shown(view: JournalView, _context: Context) -> Iterator[Finding]:
    """In what the driver answers and in what leaves elsewhere; its trace files are read apart."""
    sent = {call.request.data.text for call in view.derived(calls) if call.request.data}
    texts = {text.encode() for text in sent if len(text) > _TELLING}
    for exchange in view.exchanges if texts else ():
        if exchange.service == "apcv":
            continue
        place, body = _out(exchange)
        if any(text in body for text in texts):
            yield Finding(
                place,
                "aucun contenu scanné",
                "le texte du QR code",
                "Ne conserver le texte scanné que le temps de l'appel, et jamais dans une trace.",
                exchange_id=exchange.id,
            )


@check(
    "AV-18",
    title="Les traces du logiciel ne contiennent ni NIR ni texte de QR code",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §9",
)
def traces_are_silent(traces: SoftwareTraces, _context: Context) -> Iterator[Finding]:
    """Given to ``segur-bench check``; what is found is not written again."""
    for leak in traces.leaks:
        yield Finding(
            f"ligne {leak.line}",
            "ni NIR ni contenu scanné",
            leak.what,
            "Retirer des traces le matricule des patients et le contenu scanné, ou les masquer "
            "avant de les écrire.",
        )


def _out(exchange: Exchange) -> tuple[str, bytes]:
    """What the software itself said: its answer to a gesture, its request to a service."""
    if exchange.service != "lgc":
        return "corps de la demande", exchange.request.body
    return "réponse du geste", exchange.response.body if exchange.response else b""

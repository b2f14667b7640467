"""INS-L-01, INS-E-01, INS-E-02: the trace of each INSi call, and what is done of its faults.

Sources: règles 37, 39, 48, 53 (INS/va1.35, .38, .49, .63); sheet ``ins-insi`` §2.12, §2.13,
§7 and §8 (N03 to N10).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.insi import InsiRequest
from rules.formats.insi_answer import InsiAnswer, InsiFault
from rules.identities import Act, acts, unusable
from rules.judge import JournalView

_ASKING = ("identity.search_insi", "identity.verify", "identity.receive")
_TECHNICAL = re.compile(
    r"Traceback|Exception|<[/?!a-zA-Z]|\bsoap:|\bxmlns|\bNone\b|\bnull\b|\berrno\b", re.IGNORECASE
)
_PREFIXES = ("urn:uuid:", "uuid:")


@check(
    "INS-L-01",
    title="Le journal du logiciel trace chaque appel INSi : date, utilisateur, opération, code",
    severity=Severity.MAJOR,
    source="règles 37, 39, 48 et 53 ; ins-insi.md §7 INS-L-01",
    exigences=("INS/va1.38", "INS/va1.35", "INS/va1.49", "INS/va1.63", "INS/va1.06"),
)
def calls_logged(view: JournalView, context: Context) -> Iterator[Finding]:
    """What ``identity.log`` answers, compared with the calls the simulator journaled."""
    made: dict[str, list[tuple[Act, Exchange]]] = {}
    ids: set[str] = set()
    for act in view.derived(acts):
        for call in act.calls:
            ids.add(_message_id(view, call))
            made.setdefault(act.patient or "", []).append((act, call))
        if act.gesture.name == "identity.log" and act.gesture.done:
            logged = _logged(act)
            for asked, call in made.get(act.patient or "", []):
                yield from islice(_traced(view, context, act, asked, call, logged), 1)
            yield from _invented(act, logged, ids)


def _logged(act: Act) -> Mapping[str, Mapping[str, Any]]:
    return {_bare(str(e.get("message_id"))): e for e in act.gesture.entries("appels")}


def _traced(
    view: JournalView,
    context: Context,
    act: Act,
    asked: Act,
    call: Exchange,
    logged: Mapping[str, Mapping[str, Any]],
) -> Iterator[Finding]:
    """What the journal of the software has wrong about one call of the wire."""
    message_id = _message_id(view, call)
    if not message_id:
        return  # no SOAP message reached the simulator
    entry = logged.get(message_id)
    if entry is None:
        yield _about(act, "appels", f"l'appel {message_id} ({call.operation})", "absent", call)
        return
    professional = asked.gesture.parameters.get("professionnel")
    code = _code(view, call)
    for name, expected in (
        ("operation", call.operation),
        ("professionnel", professional),
        ("code", code),
    ):
        if expected and str(entry.get(name)) != expected:
            yield _about(act, f"appels, {name}", str(expected), str(entry.get(name)), call)
    at = _instant(entry.get("le"))
    if at is None or abs(at - call.started_at) > context.environment.clock_tolerance:
        when = call.started_at.astimezone(UTC).isoformat(timespec="seconds")
        yield _about(act, "appels, le", when, str(entry.get("le")), call)
    missing = _not_kept(view, call, entry)
    if missing:
        yield _about(act, "appels, contenu", missing, "absent du contenu tracé", call)


def _not_kept(view: JournalView, call: Exchange, entry: Mapping[str, Any]) -> str | None:
    """What the trace of a 00 lacks of what INSi returned (règle 39)."""
    answer = view.reading(call).first(InsiAnswer)
    if answer is None or answer.individual is None or "contenu" not in entry:
        return None
    kept = json.dumps(entry["contenu"], ensure_ascii=False)
    found = answer.individual
    numbers = [found.active.number, *(past.number for past in found.history)]
    wanted = [*numbers, found.active.oid, found.birth_name, found.birth_date]
    return next((value for value in wanted if value and value not in kept), None)


def _invented(
    act: Act, logged: Mapping[str, Mapping[str, Any]], ids: set[str]
) -> Iterator[Finding]:
    """An entry answered by the service, that the service never saw."""
    for message_id, entry in logged.items():
        if message_id not in ids and str(entry.get("code")) in ("00", "01", "02"):
            yield _about(act, "appels", "un appel vu par INSi", f"l'appel {message_id}", None)


def _code(view: JournalView, call: Exchange) -> str | None:
    """The code that the software was told; None when it may trace another one.

    It may not have had the answer, or have refused a 00 that cannot be used.
    """
    reading = view.reading(call)
    answer = reading.first(InsiAnswer)
    if answer is not None:
        found = answer.individual
        refused = answer.code == "00" and (found is None or bool(unusable(found)))
        return None if refused else answer.code
    fault = reading.first(InsiFault)
    return fault.code if fault is not None else None


def _message_id(view: JournalView, call: Exchange) -> str:
    request = view.reading(call).first(InsiRequest)
    return _bare(request.soap.message_id or "") if request else ""


def _bare(message_id: str) -> str:
    lowered = message_id.lower()
    for prefix in _PREFIXES:
        lowered = lowered.removeprefix(prefix)
    return lowered


def _instant(text: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


@check(
    "INS-E-01",
    title="Après une panne d'INSi : un message clair, un statut inchangé, un logiciel qui marche",
    severity=Severity.BLOCKING,
    source="ins-insi.md §2.15 (7), §7 INS-E-01, §8 N03 à N10",
    exigences=("INS/va1.38",),
)
def failure_survived(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A fault, a cut, a page that is no SOAP: the identity stays as it was."""
    failed: Act | None = None
    for act in view.derived(acts):
        if failed is not None and not _alive(act):
            yield _after_failure(
                act,
                "le geste suivant est servi",
                f"statut {act.gesture.status}",
                "Poursuivre sans INS après une panne d'INSi : le logiciel reste utilisable.",
            )
        failed = act if act.gesture.name in _ASKING and _failure(view, act) else None
        if failed is not None:
            yield from _failed(act)


def _failed(act: Act) -> Iterator[Finding]:
    words = _words(act)
    if len(words.split()) < 3 or _TECHNICAL.search(words):
        yield _after_failure(
            act,
            "une phrase en français pour l'utilisateur",
            words or "rien",
            "Dire à l'utilisateur que le service INSi n'a pas pu répondre, et quoi faire, sans "
            "texte technique.",
        )
    before, after = act.before, act.after
    if before and after and (before.status, before.ins) != (after.status, after.ins):
        yield _after_failure(
            act,
            before.status,
            after.status,
            "Ne changer ni le statut ni l'INS d'une identité quand INSi répond par une erreur ou "
            "ne répond pas.",
        )


def _failure(view: JournalView, act: Act) -> bool:
    """Whether the last call brought no RESULTAT."""
    if not act.calls:
        return False
    last = view.reading(act.calls[-1])
    return last.first(InsiAnswer) is None


def _alive(act: Act) -> bool:
    """Whether the software served the gesture: 502, 503 and 501 say something of others."""
    return act.gesture.status not in (None, 500)


def _words(act: Act) -> str:
    gesture = act.gesture
    told = (
        gesture.told("insi", "libelle")
        or gesture.told("verification", "libelle")
        or gesture.told("erreur", "message")
    )
    return told or ""


@check(
    "INS-E-02",
    title="Le code d'une erreur INSi est celui de siram:Erreur, quelle que soit sa forme",
    severity=Severity.MAJOR,
    source="ins-insi.md §2.12, §7 INS-E-02",
    exigences=("INS/va1.38",),
)
def fault_code_told(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Prefixes, order of attributes and severity vary between the two producers."""
    for act in view.derived(acts):
        last = act.answers[-1] if act.answers else None
        if act.gesture.name not in _ASKING or not isinstance(last, InsiFault) or not last.code:
            continue
        if view.reading(act.calls[-1]).first(InsiFault) is not last:
            continue
        gesture = act.gesture
        told = json.dumps(
            [gesture.answer.get(key) for key in ("insi", "verification", "erreur")],
            ensure_ascii=False,
        )
        if last.code not in told:
            yield _after_failure(
                act,
                last.code,
                gesture.told("insi", "code") or gesture.told("erreur", "code") or "aucun code",
                "Lire le code dans l'attribut code de siram:Erreur, par espace de noms et non "
                "par préfixe, et l'annoncer avec l'erreur.",
            )


def _after_failure(act: Act, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}, patient {act.patient}",
        expected,
        found,
        advice,
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )


def _about(act: Act, what: str, expected: str, found: str, call: Exchange | None) -> Finding:
    return Finding(
        f"geste identity.log, patient {act.patient}, {what}",
        expected,
        found,
        "Tracer chaque appel à INSi, réussi ou non : date, utilisateur, opération, MessageID, code "
        "et, pour 00, ce qui a été rendu.",
        exchange_id=call.id if call else act.exchange.id,
        artefact=act.gesture.label,
    )

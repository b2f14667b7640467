"""Following patient identities through a journal."""

from __future__ import annotations

from collections.abc import Mapping

from rules.context import Identity
from rules.formats.gesture import Gesture
from rules.judge import JournalView, Timeline


def timeline(view: JournalView) -> Timeline:
    """Identities as the software declared them, gesture after gesture.

    An identity without INS is kept under its local id, so that the loss of an
    INS is seen: the entry that held it is closed by one whose status is lower.
    """
    entries = []
    held: dict[str, str] = {}
    for exchange, gesture in view.artefacts(Gesture, "lgc"):
        identity = gesture.identity
        if identity is None or identity.local_id is None:
            continue
        ins = identity.ins or held.get(identity.local_id)
        if ins is not None:
            held[identity.local_id] = ins
            entries.append((exchange.position, ins, identity))
    return Timeline(tuple(entries))


def holders(view: JournalView, position: int) -> Mapping[str, tuple[Identity, ...]]:
    """For each INS, the local identities known to hold it before a position.

    Two local files may hold one INS: it may leave when one of them is qualifiée.
    """
    last: dict[tuple[str, str | None], Identity] = {}
    for when, ins, identity in view.identities.entries:
        if when < position:
            last[ins, identity.local_id] = identity
    found: dict[str, tuple[Identity, ...]] = {}
    for (ins, _), identity in last.items():
        found[ins] = (*found.get(ins, ()), identity)
    return found

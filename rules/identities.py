"""Following patient identities through a journal."""

from __future__ import annotations

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

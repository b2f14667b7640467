"""LGCs that are not the reference, and conform: a rehearsal finds nothing in them.

A bench that knew only its own LGC would take its habits for rules.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from .mistakes import Patch, around


def _in_background(original: Any, lgc: Any, shipments: Any) -> Any:
    """The DMP is fed by a thread of its own; the screen says « à envoyer »."""
    threading.Thread(target=original, args=(lgc, shipments), daemon=True).start()
    return shipments


VARIANTS: Mapping[str, Patch] = {
    "dmp-en-arriere-plan": around(
        "reference_impl.gestures.ordonnance_documents:_attempted", _in_background
    ),
}
"""By name: what ``python -m tests.defects <name>`` changes in the reference LGC."""

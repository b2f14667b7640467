"""The part ``ordonnance`` of the environment descriptor.

``rest`` and ``soap`` are the addresses of the two wires, ``voie`` the one used.
Ours, all optional: ``base_medicaments`` (folder of BDPM files), ``envoi_tardif``
(send later, under the same number, what the service missed; off by default, no
document seen allows it), ``envoi_dmp`` (on), ``envoi_traces`` (off).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Wire = Literal["rest", "soap"]


@dataclass(frozen=True, slots=True)
class OrdonnanceSettings:
    """How this product uses the service of ordonnances; ``base`` is absolute."""

    rest: str | None = None
    soap: str | None = None
    wire: Wire = "rest"
    base: Path | None = None
    late: bool = False
    to_dmp: bool = True
    send_traces: bool = False

"""The part ``ordonnance`` of the environment descriptor.

``rest`` and ``soap`` are the addresses of the two wires, ``voie`` the one used.
Ours, all optional: ``base_medicaments`` (folder of BDPM files), ``envoi_tardif``
(send later, under the same number, what the service missed; off by default, no
document seen allows it), ``envoi_dmp`` (on), ``retrait_dmp`` (on: the documents of
an ordonnance that is cancelled are deleted from the DMP, TD3.3c), ``traces`` (on),
``envoi_traces`` (off), ``delai_reponse_s`` (30: seconds without a byte after which
a call is given up), ``symbole_24`` (``R``; or ``Q``: the symbol of value 24 in the
numbers, which nobody published).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Wire = Literal["rest", "soap"]
Symbol24 = Literal["R", "Q"]


@dataclass(frozen=True, slots=True)
class OrdonnanceSettings:
    """How this product uses the service of ordonnances; ``base`` is absolute."""

    rest: str | None = None
    soap: str | None = None
    wire: Wire = "rest"
    base: Path | None = None
    late: bool = False
    to_dmp: bool = True
    withdraw: bool = True
    traces: bool = True
    send_traces: bool = False
    timeout: float = 30.0
    symbol_24: Symbol24 = "R"

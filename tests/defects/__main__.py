"""``python -m tests.defects <name> …``: run the reference LGC with one mistake in it.

The rest of the command line is that of ``python -m reference_impl``, so that
``segur-bench run features/mom --commande "python -m tests.defects <name>"``
plays a broken product; several names are joined by ``+``. A conformant
variant is played under its name too.
"""

from __future__ import annotations

import sys

from bench.defects import Patcher
from reference_impl import __main__ as reference

from . import DEFECTS
from .variants import VARIANTS


def main(arguments: list[str]) -> int:
    """Break the LGC, then run it. Gives 2 when the defect is not known."""
    name = arguments[0] if arguments else ""
    by_name = {d.name: d.patch for d in DEFECTS} | dict(VARIANTS)
    chosen = [by_name.get(each) for each in name.split("+")]
    if None in chosen:
        known = "\n  ".join(d.name for d in DEFECTS)
        print(f"Défaut inconnu : « {name} ». Défauts plantés :\n  {known}", file=sys.stderr)
        return 2
    for each in chosen:
        assert each is not None
        each(Patcher())
    return reference.main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

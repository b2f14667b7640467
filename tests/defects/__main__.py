"""``python -m tests.defects <name> …``: run the reference LGC with one mistake in it.

The rest of the command line is that of ``python -m reference_impl``, so that
``segur-bench run features/mom --commande "python -m tests.defects <name>"``
plays a broken product.
"""

from __future__ import annotations

import sys

from bench.defects import Patcher
from reference_impl import __main__ as reference

from . import DEFECTS


def main(arguments: list[str]) -> int:
    """Break the LGC, then run it. Gives 2 when the defect is not known."""
    name = arguments[0] if arguments else ""
    chosen = next((d for d in DEFECTS if d.name == name), None)
    if chosen is None:
        known = "\n  ".join(d.name for d in DEFECTS)
        print(f"Défaut inconnu : « {name} ». Défauts plantés :\n  {known}", file=sys.stderr)
        return 2
    chosen.patch(Patcher())
    return reference.main(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

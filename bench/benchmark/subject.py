"""The simulators alone in a process: ``python -m bench.benchmark.subject FOLDER``.

Says in one JSON line that they are ready; stops at the end of its input, so that
it never outlives who started it.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from bench.benchmark.plan import SEED
from bench.environments import to_json
from simulators.platform import Platform


def main(folder: Path) -> None:
    """Serve until the input ends."""
    with Platform(seed=SEED, folder=folder) as platform:
        ready = {
            "processeur": time.process_time(),
            "environnement": to_json(platform.kernel.environment),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        sys.stdin.read()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""``python -m reference_impl``: run the reference LGC until it is stopped.

When ready it prints one JSON line, ``{"url": "http://127.0.0.1:…"}``.
"""

from __future__ import annotations

import argparse
import json
import logging
import socket
import sys
from datetime import timedelta
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from reference_impl.app import create_app
from reference_impl.clock import SystemClock
from reference_impl.config import read_environment
from reference_impl.errors import LgcError
from reference_impl.wiring import build

_HOST = "127.0.0.1"


def main(arguments: list[str] | None = None) -> int:
    """Run. Gives 0 when stopped, 2 when the command cannot be obeyed."""
    asked = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        environment = read_environment(asked.environment)
        clock = SystemClock(timedelta(seconds=asked.clock_offset))
        lgc = build(environment, asked.data, asked.seed, clock)
    except LgcError as error:
        print(error.message, file=sys.stderr)  # noqa: T201  its user reads the terminal
        return 2
    try:
        _serve(asked.port, create_app(lgc))
    finally:
        lgc.close()
    return 0


def _serve(port: int, app: Starlette) -> None:
    # Bound before announcing: who reads the line may call at once.
    listener = socket.create_server((_HOST, port))
    with listener:
        url = f"http://{_HOST}:{listener.getsockname()[1]}"
        print(json.dumps({"url": url}), flush=True)  # noqa: T201  the contract with who starts it
        config = uvicorn.Config(app, log_level="warning", lifespan="off")
        uvicorn.Server(config).run(sockets=[listener])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m reference_impl", description="LGC de référence"
    )
    parser.add_argument("--environment", type=Path, required=True, help="environnement.json")
    parser.add_argument("--data", type=Path, required=True, help="dossier des données")
    parser.add_argument("--port", type=int, default=0, help="port local, 0 pour un port libre")
    parser.add_argument("--seed", type=int, default=1, help="graine des identifiants")
    parser.add_argument(
        "--clock-offset", type=float, default=0, help="avance de l’horloge, en secondes"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

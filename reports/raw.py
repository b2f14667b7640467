"""Raw wire bytes beside the report (rule R-07): one file per request and answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from pathlib import Path

from rules.exchange import Exchange, Message

FOLDER = "octets"


def raw_name(position: int, service: str, operation: str, side: str) -> str:
    """Path of a raw file, relative to the report: ``octets/0007-dmp-TD2.1-requete.bin``."""
    safe = re.sub(r"[^\w.-]", "_", operation)
    return f"{FOLDER}/{position:04d}-{service}-{safe}-{side}.bin"


def write_raw(exchanges: Iterable[Exchange], folder: Path) -> None:
    """Write heads and bodies as seen, and a manifest with their SHA-256.

    These files are the campaign's own evidence: they hold tokens as they went
    on the wire and are not meant to leave the folder.
    """
    (folder / FOLDER).mkdir(parents=True, exist_ok=True)
    manifest: dict[str, str] = {}
    for exchange in exchanges:
        for side, message in (("requete", exchange.request), ("reponse", exchange.response)):
            if message is not None:
                name = raw_name(exchange.position, exchange.service, exchange.operation, side)
                content = _bytes(message)
                (folder / name).write_bytes(content)
                manifest[name] = hashlib.sha256(content).hexdigest()
    text = json.dumps(manifest, indent=1, sort_keys=True)
    (folder / FOLDER / "manifeste.json").write_text(text, encoding="utf-8")


def _bytes(message: Message) -> bytes:
    head = [message.start_line, *(f"{name}: {value}" for name, value in message.headers)]
    return "\r\n".join([*head, "", ""]).encode("utf-8", "surrogateescape") + message.body

"""Runs the Node witnesses: installs a folder of ``tests/witness``, hands it parameters as JSON."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from simulators.platform import Platform

needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm n'est pas installé")


def installed(name: str, folder: Path) -> Path:
    """The program of a witness, with the packages of its lock beside it."""
    for source in (Path(__file__).parent / name).iterdir():
        shutil.copy(source, folder)
    command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return folder / "appel.mjs"


def said(program: Path, parameters: dict[str, Any]) -> dict[str, Any]:
    """What a program printed, once it has ended well."""
    done = subprocess.run(
        ["node", program.name], input=json.dumps(parameters).encode(), cwd=program.parent,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def tls(platform: Platform, certificate: str | None = None) -> dict[str, str]:
    """Where the authorities are, and a certificate to show."""
    found = {"ca": str(platform.folder / platform.descriptor["confiance"]["pem"])}
    if certificate is not None:
        files = platform.descriptor["certificats"][certificate]
        found["certificat"] = str(platform.folder / files["chaine"])
        found["cle"] = str(platform.folder / files["cle"])
    return found


def header_blocks(envelope: str) -> str:
    """The blocks of a SOAP header, as a client adds them to the envelope it makes."""
    header = etree.fromstring(envelope.encode())[0]
    return "".join(etree.tostring(block, encoding="unicode") for block in header)

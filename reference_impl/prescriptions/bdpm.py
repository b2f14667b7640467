"""Reading the files of the BDPM: rows of cells, whatever the encoding of each row.

Texts separated by tabs, without header nor quotes. Some files are windows-1252,
others UTF-8, and editors mix them; rows may be shorter or longer than documented,
come twice, or speak of a drug that no other file knows. Source: « Contenu et
format des fichiers téléchargeables de la BDPM », 27/08/2025.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path

from reference_impl.errors import ConfigurationError

Rows = Mapping[str, list[list[str]]]


def rows(path: Path, width: int) -> list[list[str]]:
    """Distinct rows, of at least ``width`` cells; none when the file is absent.

    Raises ConfigurationError when the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise unreadable(path, str(error.strerror)) from error
    # Not splitlines(): an odd separator inside a label is no end of row.
    lines = dict.fromkeys(_text(line.rstrip(b"\r")) for line in data.split(b"\n"))
    cells = ([c.strip() for c in line.split("\t")] for line in lines if line.strip())
    return [row + [""] * (width - len(row)) for row in cells]


def by_cis(path: Path, width: int, place: int = 0) -> Rows:
    """The rows of a file by the CIS they speak of."""
    found: dict[str, list[list[str]]] = defaultdict(list)
    for row in rows(path, width):
        found[row[place]].append(row)
    return found


def several(cell: str) -> tuple[str, ...]:
    """The values of a cell, separated by ``;``."""
    return tuple(value for each in cell.split(";") if (value := each.strip()))


def amount(cell: str) -> Decimal | None:
    """A price: the last comma is the decimal one, those before part thousands (``1,027,47``)."""
    whole, _, cents = re.sub(r"\s", "", cell).rpartition(",")
    try:
        return Decimal(f"{whole.replace(',', '')}.{cents}") if whole else Decimal(cents)
    except InvalidOperation:
        return None


def day(cell: str) -> date:
    """A date ``JJ/MM/AAAA``; the oldest of all when it is none."""
    found = re.fullmatch(r"(\d{2})/(\d{2})/(\d{4})", cell, re.ASCII)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else date.min
    except ValueError:
        return date.min


def unreadable(path: Path, why: str) -> ConfigurationError:
    """The error that tells which file of the base is at fault."""
    return ConfigurationError(
        "BASE_MEDICAMENTS",
        f"La base de médicaments ne peut pas être lue : {path} : {why}.",
        "ordonnance.base_medicaments",
    )


def known(found: Rows, cis: str) -> Iterator[list[str]]:
    """The rows about a drug."""
    yield from found.get(cis, ())


def _text(line: bytes) -> str:
    try:
        return line.decode("utf-8-sig")
    except UnicodeDecodeError:
        return line.decode("windows-1252", "replace")

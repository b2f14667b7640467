"""Code lists (value sets) as data files, each with its origin in its first lines.

A list is ``<name>.csv``: comment lines beginning with ``#`` (origin, OID), then
a header ``code,system,label`` and one code per line. Names are those of the
French value sets, such as ``jdv-j57-class-code-dmp``. A list may be narrower
than the official one when the sheet says its content was only partly read: its
comment lines say so, and checks on it are tolerant.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a list: its code system (OID or URN) and its usual label."""

    code: str
    system: str
    label: str


@cache
def codes(list_name: str) -> Mapping[str, Code]:
    """The codes of a list, by code, in the order of the file.

    Raises LookupError when there is no list of that name.
    """
    rows = csv.DictReader(line for line in _lines(list_name) if not line.startswith("#"))
    found = {row["code"]: Code(row["code"], row["system"], row["label"]) for row in rows}
    return MappingProxyType(found)


@cache
def pairs(list_name: str) -> Mapping[str, tuple[str, ...]]:
    """An association between lists: a code to those it may go with.

    The file has the header ``from,to,origin``; ``to`` holds codes separated by
    spaces. Raises LookupError when there is no association of that name.
    """
    rows = csv.DictReader(line for line in _lines(list_name) if not line.startswith("#"))
    return MappingProxyType({row["from"]: tuple(row["to"].split()) for row in rows})


@cache
def origin(list_name: str) -> str:
    """Where a list comes from, as its comment lines say it."""
    comments = (line for line in _lines(list_name) if line.startswith("#"))
    return " ".join(line.removeprefix("#").strip() for line in comments)


def _lines(list_name: str) -> list[str]:
    resource = files(__name__) / f"{list_name}.csv"
    if not resource.is_file():
        raise LookupError(f"aucune liste de codes {list_name}")
    return resource.read_text(encoding="utf-8").splitlines()

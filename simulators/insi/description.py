"""``?wsdl`` and its schemas: written by us, every import served by the same address."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

_PLACE = "https://localhost/lps"
_FOLDER = files("simulators.insi") / "wsdl"


def wsdl(address: str) -> bytes:
    """The description of the service, with the address it was asked at."""
    return _read("insi.wsdl").replace(_PLACE, address).encode()


def schema(name: str) -> bytes | None:
    """A schema by its file name; None when there is none of that name."""
    return _read(name).encode() if name in schemas() else None


@cache
def schemas() -> frozenset[str]:
    """File names of the schemas."""
    return frozenset(f.name for f in _FOLDER.iterdir() if f.name.endswith(".xsd"))


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

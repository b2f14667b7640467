"""``?wsdl`` of AUTH and SIGN with their schemas, written by us from the messages seen.

Every import is served at the same address; headers and faults are those of INSi,
of the same family.

Source: sheet ``apcv`` §3 and §4; the real descriptions were never seen.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from rules.formats.apcv_names import PATH_AUTH, PATH_SIGN
from simulators.insi.description import schema as family_schema

_FOLDER = files("simulators.apcv") / "wsdl"
_WSDL = {PATH_AUTH: "auth.wsdl", PATH_SIGN: "sign.wsdl"}
_OWN = {PATH_AUTH: "auth.xsd", PATH_SIGN: "sign.xsd"}
_FAMILY = ("ctxlps.xsd", "siram.xsd", "wsse.xsd")


def wsdl(path: str, address: str) -> bytes:
    """The description of the service of this path, with the address it was asked at."""
    return _read(_WSDL[path]).replace(f"https://localhost{path}", address).encode()


def schema(path: str, name: str) -> bytes | None:
    """A schema by its file name; None when this path imports none of that name."""
    if name == _OWN[path]:
        return _read(name).encode()
    return family_schema(name) if name in _FAMILY else None


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

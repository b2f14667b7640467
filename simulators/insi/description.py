"""``?wsdl`` and its schemas: written by us, every import served by the same address.

The verification is not part of the real description: it is added, in a second file, only
where it is served.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from lxml import etree

_PLACE = "https://localhost/lps"
_FOLDER = files("simulators.insi") / "wsdl"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_MERGED = (f"{_WSDL}types/{{http://www.w3.org/2001/XMLSchema}}schema", f"{_WSDL}portType",
           f"{_WSDL}binding")  # fmt: skip
_VERIFICATION = "verif.xsd"


def wsdl(address: str, verification: bool = False) -> bytes:
    """The description of the service, with the address it was asked at."""
    text = _with_verification() if verification else _read("insi.wsdl")
    return text.replace(_PLACE, address).encode()


def schema(name: str, verification: bool = False) -> bytes | None:
    """A schema by its file name; None when there is none of that name."""
    return _read(name).encode() if name in schemas(verification) else None


@cache
def schemas(verification: bool = False) -> frozenset[str]:
    """File names of the schemas."""
    found = frozenset(f.name for f in _FOLDER.iterdir() if f.name.endswith(".xsd"))
    return found if verification else found - {_VERIFICATION}


@cache
def _with_verification() -> str:
    whole, added = (
        etree.fromstring(_read(name).encode()) for name in ("insi.wsdl", "verification.wsdl")
    )
    for place in _MERGED:
        former, more = whole.find(place), added.find(place)
        assert former is not None
        assert more is not None
        former.extend(list(more))
    port = whole.find(f"{_WSDL}portType")
    assert port is not None
    for message in added.findall(f"{_WSDL}message"):
        port.addprevious(message)
    return etree.tostring(whole, encoding="unicode")


@cache
def _read(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")

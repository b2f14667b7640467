"""The shapes of neutral messages as JSON Schema and as XML Schema, from their classes.

WSDL and OpenAPI follow the model that the checks read: nothing is written twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from rules.formats.keyed import Part, Shaped, parts

NS_XSD = "http://www.w3.org/2001/XMLSchema"
_XS = ElementMaker(namespace=NS_XSD, nsmap={"xs": NS_XSD})
_JSON: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean"}
_XML: Mapping[type, str] = {str: "xs:string", int: "xs:integer", bool: "xs:boolean"}


def merged(classes: Iterable[type]) -> tuple[Part, ...]:
    """The keys of messages that share one place, each once."""
    return tuple({part.key: part for cls in classes for part in parts(cls)}.values())


def reached(classes: Iterable[type]) -> tuple[type, ...]:
    """Every class of model that messages hold, at any depth, in order."""
    found: dict[type, None] = {}

    def visit(cls: type) -> None:
        for part in parts(cls):
            if part.holds not in _JSON and part.holds not in found:
                found[part.holds] = None
                visit(part.holds)

    for cls in classes:
        visit(cls)
    return tuple(found)


def json_schema(held: Iterable[Part]) -> dict[str, Any]:
    """An object of these keys; other keys are left aside by who reads."""
    return {"type": "object", "properties": {part.key: _json(part) for part in held}}


def components(classes: Iterable[type]) -> dict[str, Any]:
    """Schemas of the classes of model, by name."""
    found: dict[str, Any] = {}
    for cls in reached(classes):
        schema = json_schema(parts(cls))
        # A class with another shape at times takes that too (a bare quantity).
        shaped = issubclass(cls, Shaped)
        found[cls.__name__] = {"anyOf": [schema, {"type": "integer"}]} if shaped else schema
    return found


def complex_types(classes: Iterable[type], capital: bool) -> list[etree._Element]:
    """Named types of the classes of model."""
    return [_XS.complexType(_sequence(parts(cls), capital), name=cls.__name__)
            for cls in reached(classes)]  # fmt: skip


def element(name: str, held: Iterable[Part], capital: bool) -> etree._Element:
    """A root element of these keys."""
    return _XS.element(_XS.complexType(_sequence(held, capital)), name=name)


def _sequence(held: Iterable[Part], capital: bool) -> etree._Element:
    return _XS.sequence(
        *(
            _XS.element(
                name=part.key[:1].upper() + part.key[1:] if capital else part.key,
                type=_XML.get(part.holds, f"tns:{part.holds.__name__}"),
                minOccurs="0",
                maxOccurs="unbounded" if part.several else "1",
            )
            for part in held
        ),
    )


def _json(part: Part) -> dict[str, Any]:
    name = _JSON.get(part.holds)
    one = {"type": name} if name else {"$ref": f"#/components/schemas/{part.holds.__name__}"}
    return {"type": "array", "items": one} if part.several else one

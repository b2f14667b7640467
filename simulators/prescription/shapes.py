"""The shapes of neutral messages as JSON Schema and as XML Schema, from their classes.

WSDL and OpenAPI follow the model that the checks read: nothing is written twice but
what the service demands (:data:`REQUIRED`) and what it knows of a value (:data:`FACETS`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from rules.formats import prescription as p
from rules.formats import prescription_messages as m
from rules.formats.keyed import DATE, INSTANT, Part, Shaped, parts
from simulators.prescription.life import COMPLETENESS, State

NS_XSD = "http://www.w3.org/2001/XMLSchema"
DISCRIMINATOR = "eprescType"
_XS = ElementMaker(namespace=NS_XSD, nsmap={"xs": NS_XSD})
_JSON: Mapping[type, str] = {str: "string", int: "integer", bool: "boolean"}
_XML: Mapping[type, str] = {str: "xs:string", int: "xs:integer", bool: "xs:boolean"}

REQUIRED: Mapping[type, tuple[str, ...]] = {
    p.Ordonnance: ("id", "prescripteur", "patient", "lignes"),
    p.Prescriber: ("rpps",),
    p.PrescribedPatient: ("nomNaissance",),
    p.Line: (DISCRIMINATOR,),
    p.Substitution: ("code",),
    p.Execution: ("date", "executant", "lignes"),
    p.ExecutedLine: ("ligne", "statut"),
    m.Recorded: ("id", "etat", "horodatageEnregistrement", "dejaEnregistree"),
    m.Cancellation: ("operation", "id"),
    m.Cancelled: ("id", "etat"),
    m.Consultation: ("id", "emetteur"),
    m.Consulted: ("etat", "accesExecutions", "ordonnance"),
    m.Found: ("id", "etat"),
    m.FoundPage: ("total", "page", "taillePage", "resultats"),
    m.Executing: ("id", "date", "executant", "lignes"),
    m.Executed: ("id", "etat", "rang"),
    m.Traces: ("traces",),
    m.TracesReceived: ("recues",),
    m.Warned: ("code", "libelle"),
    m.Refusal: ("code", "libelle"),
}
"""Keys without which the service refuses, or that its answers always have."""

_CRITERIA = (m.Searching, m.Found, m.Cancellation)
"""Messages in which a prescriber or a patient may be told by any of their keys."""
_NUMBER: dict[str, Any] = {"pattern": "^[0-9A-Z]{18}$"}
_STATE: dict[str, Any] = {"enum": [state.value for state in State]}
FACETS: Mapping[tuple[type, str], dict[str, Any]] = {
    **{(cls, "id"): _NUMBER for cls in (p.Ordonnance, m.Recorded, m.Cancelled, m.Found)},
    **{(cls, "etat"): _STATE for cls in (m.Recorded, m.Cancelled, m.Consulted, m.Executed)},
    (p.PrescribedPatient, "nomNaissance"): {"minLength": 1, "maxLength": 100},
    (p.Ordonnance, "validite"): {"minItems": 2, "maxItems": 2},
    (p.Ordonnance, "lignes"): {"minItems": 1},
    (p.ExecutedLine, "statut"): {"enum": list(p.STATUSES)},
    (p.ExecutedLine, "completude"): {"enum": list(COMPLETENESS)},
    (m.Cancellation, "operation"): {"enum": ["annulation"]},
    (m.Consulted, "accesExecutions"): {"enum": ["AUTORISE", "REFUSE"]},
    (m.Searching, "periode"): {"minItems": 2, "maxItems": 2},
    (m.Searching, "page"): {"minimum": 1},
    (m.Searching, "taillePage"): {"minimum": 1},
}
"""What is known of a value, in the words of JSON Schema."""


def merged(classes: Iterable[type]) -> tuple[tuple[Part, bool, bool], ...]:
    """The keys of messages that share one place, each once; whether each is in all of them.

    With it, whether the object that it holds is a criterion.
    """
    every = tuple(classes)
    found = {part.key: (part, cls in _CRITERIA) for cls in every for part in parts(cls)}
    return tuple(
        (part, all(key in REQUIRED.get(cls, ()) for cls in every), criterion)
        for key, (part, criterion) in found.items()
    )


def reached(classes: Iterable[type]) -> tuple[type, ...]:
    """Every class of model that messages hold, at any depth, in order."""
    found: dict[type, None] = {}

    def visit(cls: type) -> None:
        for part in parts(cls):
            if not part.scalar and part.holds not in found:
                found[part.holds] = None
                visit(part.holds)

    for cls in classes:
        visit(cls)
    return tuple(found)


# JSON Schema --------------------------------------------------------------------------


def json_schema(cls: type, *, criterion: bool = False) -> dict[str, Any]:
    """An object of this class; other keys are left aside by who reads."""
    held = {
        part.key: {**_json(part, criterion or cls in _CRITERIA), **FACETS.get((cls, part.key), {})}
        for part in parts(cls)
    }
    required = [] if criterion else list(REQUIRED.get(cls, ()))
    return {"type": "object", "properties": held, **({"required": required} if required else {})}


def components(classes: Iterable[type]) -> dict[str, Any]:
    """Schemas of messages and of the classes of model, by name."""
    every = tuple(dict.fromkeys(classes))
    found: dict[str, Any] = {}
    for cls in (*every, *(each for each in reached(every) if each not in every)):
        schema = json_schema(cls)
        # A class with another shape at times takes that too (a bare quantity).
        shaped = issubclass(cls, Shaped) and cls is p.Quantity
        found[cls.__name__] = {"anyOf": [schema, {"type": "integer"}]} if shaped else schema
        if _loose(cls):
            found[_criterion(cls)] = json_schema(cls, criterion=True)
    return {**found, **_lines(found[p.Line.__name__])}


def _lines(line: dict[str, Any]) -> dict[str, Any]:
    """A line by its type: eight objects that one key tells apart."""
    names = {kind: f"Ligne{kind[0].upper()}{kind[1:]}" for kind in p.LINE_TYPES}
    refs = {kind: f"#/components/schemas/{name}" for kind, name in names.items()}
    whole = {
        "oneOf": [{"$ref": ref} for ref in refs.values()],
        "discriminator": {"propertyName": DISCRIMINATOR, "mapping": refs},
    }
    kinds = {
        name: {
            **line,
            "properties": {**line["properties"], DISCRIMINATOR: {"type": "string", "enum": [kind]}},
        }
        for kind, name in names.items()
    }
    return {p.Line.__name__: whole, **kinds}


def _json(part: Part, criterion: bool) -> dict[str, Any]:
    name = _JSON.get(part.holds)
    one: dict[str, Any] = {"type": name} if name else {"$ref": _ref(part.holds, criterion)}
    if part.says == DATE:
        # A date of birth may have a month 00: no « format: date », which forbids it.
        one |= {"pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}
    if part.says == INSTANT:
        one |= {"format": "date-time"}
    return {"type": "array", "items": one} if part.several else one


def _ref(cls: type, criterion: bool) -> str:
    return f"#/components/schemas/{_named(cls, criterion)}"


# XML Schema ---------------------------------------------------------------------------


def complex_types(classes: Iterable[type], capital: bool) -> list[etree._Element]:
    """Named types of the classes of model."""
    found: list[etree._Element] = []
    for cls in reached(classes):
        names = [cls.__name__, *([_criterion(cls)] if _loose(cls) else [])]
        for rank, name in enumerate(names):
            held = [(part, not rank and part.key in REQUIRED.get(cls, ()), False)
                    for part in parts(cls)]  # fmt: skip
            found.append(_XS.complexType(_sequence(held, capital), name=name))
    return found


def element(name: str, held: Iterable[tuple[Part, bool, bool]], capital: bool) -> etree._Element:
    """A root element of these keys."""
    return _XS.element(_XS.complexType(_sequence(held, capital)), name=name)


def _sequence(held: Iterable[tuple[Part, bool, bool]], capital: bool) -> etree._Element:
    return _XS.sequence(
        *(
            _XS.element(
                name=part.key[:1].upper() + part.key[1:] if capital else part.key,
                type=_XML.get(part.holds, f"tns:{_named(part.holds, criterion)}"),
                minOccurs="1" if required and part.key != DISCRIMINATOR else "0",
                maxOccurs="unbounded" if part.several else "1",
            )
            for part, required, criterion in held
        ),
    )


def _named(cls: type, criterion: bool) -> str:
    return _criterion(cls) if criterion and _loose(cls) else cls.__name__


def _loose(cls: type) -> bool:
    """Whether it has two shapes: all that is due, and what a search says."""
    return cls in (p.Prescriber, p.PrescribedPatient)


def _criterion(cls: type) -> str:
    return f"{cls.__name__}Criterion"

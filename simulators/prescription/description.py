"""``?wsdl`` with its schemas, and ``openapi.json``: what the bench says of each wire.

The WSDL of the placeholder is made from its adapter and the neutral model; every
import is served at the same address. An adapter whose keys were moved comes with
the WSDL of its editor's package, not with ours: it has none here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from rules.formats.insi_answer import NS_SIRAM
from rules.formats.prescription_adapter import SOAP, Adapter, Operation
from rules.formats.prescription_messages import IDENTIFIER, MESSAGES, Refusal
from rules.formats.soap import NS_WSA, NS_WSSE
from simulators.insi.description import schema as siram_schema
from simulators.prescription import shapes
from simulators.prescription.errors import CATALOGUE, WITHDRAWN
from simulators.version import VERSION

NS_LPS = "urn:siram:lps:ctxlps"
_WSDL, _SOAP12 = "http://schemas.xmlsoap.org/wsdl/", "http://schemas.xmlsoap.org/wsdl/soap12/"
_CALLER = "Jeton Pro Santé Connect ; sans lui, certificat client de la carte (mTLS)."
SCHEMA = "epresc.xsd"
_HEADERS = {"Security": (NS_WSSE, "wsse.xsd"), "ContexteLPS": (NS_LPS, "ctxlps.xsd"),
            "MessageID": (NS_WSA, "wsa.xsd"), "Erreur": (NS_SIRAM, "siram.xsd")}  # fmt: skip
"""Elements of other namespaces, with the files of the family that declare them."""
_FAULT = "Erreur"
_NOTICE = (
    "Hors spécification : seuls les chemins et les valeurs de eprescType sont ceux du composant "
    "publié ; les clés, l'annulation, les traces et les codes d'erreur sont du banc."
)


def described(adapter: Adapter) -> bool:
    """Whether ours describes this wire."""
    return adapter.form == SOAP and adapter.described


def schema(adapter: Adapter, name: str) -> bytes | None:
    """A schema by its file name; None when there is none of that name."""
    if name == SCHEMA:
        return _bytes(_schema(adapter))
    known = {file for _, file in _HEADERS.values()}
    return siram_schema(name) if name in known else None


def wsdl(adapter: Adapter, address: str) -> bytes:
    """The description of a SOAP wire, at the address it was asked at."""
    names = {"wsdl": _WSDL, "soap12": _SOAP12, "tns": adapter.names.main, "xs": shapes.NS_XSD}
    names |= {f"h{rank}": namespace for rank, (namespace, _) in enumerate(_HEADERS.values())}
    w = ElementMaker(namespace=_WSDL, nsmap=names)
    soap = ElementMaker(namespace=_SOAP12, nsmap=names)
    operations = _by_request(adapter)
    whole = w.definitions(
        w.types(_imports(adapter, address)),
        w.message(*(w.part(name=name, element=f"h{rank}:{name}")
                    for rank, name in enumerate(_HEADERS) if name != _FAULT), name="EnTete"),
        w.message(w.part(name=_FAULT, element=f"h{len(_HEADERS) - 1}:{_FAULT}"), name=_FAULT),
        *(w.message(w.part(name="corps", element=f"tns:{name}"), name=name)
          for o in operations for name in (o.request, o.answer)),
        w.portType(*(_operation(w, o) for o in operations), name="OrdonnanceNumerique"),
        w.binding(
            soap.binding(style="document", transport="http://schemas.xmlsoap.org/soap/http"),
            *(_bound(w, soap, o) for o in operations),
            name="OrdonnanceNumeriqueBinding", type="tns:OrdonnanceNumerique",
        ),
        w.service(
            w.port(soap.address(location=address), name="OrdonnanceNumerique",
                   binding="tns:OrdonnanceNumeriqueBinding"),
            name="OrdonnanceNumerique-v1",
        ),
        targetNamespace=adapter.names.main, name="OrdonnanceNumerique",
    )  # fmt: skip
    return _bytes(whole)


def openapi(adapters: Iterable[Adapter], address: str) -> dict[str, Any]:
    """OpenAPI 3.0 of the JSON wires."""
    paths: dict[str, Any] = {}
    for adapter in adapters:
        if adapter.form != SOAP and adapter.described:
            for path in dict.fromkeys(o.path for o in adapter.operations):
                here = [o for o in adapter.operations if o.path == path]
                paths.setdefault(path, {})[here[0].method.lower()] = _path(here)
    every = [*(cls for pair in MESSAGES.values() for cls in pair), Refusal]
    return {
        "openapi": "3.0.3",
        "info": {"title": "Ordonnance numérique", "version": VERSION, "description": _NOTICE},
        "servers": [{"url": address}],
        "paths": paths,
        "security": [{}, {"jeton": []}],
        "components": {
            "schemas": {**shapes.components(every), "Refus": _REFUSAL},
            "securitySchemes": {
                "jeton": {"type": "http", "scheme": "bearer", "description": _CALLER},
            },
        },
    }


_REFUSAL: dict[str, Any] = {
    "type": "object",
    "required": ["erreur"],
    "properties": {"erreur": {"$ref": "#/components/schemas/Refusal"}},
}
_KIND = "application/json"


def _path(here: list[Operation]) -> dict[str, Any]:
    asked, answered = ([MESSAGES[o.name][rank] for o in here] for rank in (0, 1))
    told: dict[str, Any] = {
        "operationId": here[0].path.rpartition("/")[2],
        "summary": " ou ".join(o.name for o in here),
        "responses": {
            "200": {"description": "Fait", "content": _content(here[0].text, answered)},
            **_refusals(),
        },
    }
    if here[0].lines:
        sent = {"application/x-ndjson": {"schema": {"type": "string"}}}
    else:
        sent = {_KIND: {"schema": _one_of(asked)}}
    if here[0].method != "GET":
        told["requestBody"] = {"required": True, "content": sent}
    return told if here[0].name != IDENTIFIER else {**told, "security": []}


def _content(text: str | None, answered: list[type]) -> dict[str, Any]:
    if text is not None:
        return {"text/plain": {"schema": {"type": "string", "pattern": "^[0-9A-Z]{18}$"}}}
    return {_KIND: {"schema": _one_of(answered)}}


def _one_of(classes: list[type]) -> dict[str, Any]:
    """A message, or those that share a path."""
    refs = [{"$ref": f"#/components/schemas/{cls.__name__}"} for cls in classes]
    return refs[0] if len(refs) == 1 else {"anyOf": refs}


def _refusals() -> dict[str, Any]:
    """Each status with the codes that it may bear."""
    content = {_KIND: {"schema": {"$ref": "#/components/schemas/Refus"}}}
    codes: dict[str, list[str]] = {}
    for error in CATALOGUE.values():
        if error.code != WITHDRAWN:
            codes.setdefault(str(error.status), []).append(f"{error.code} {error.text}")
    told = {status: {"description": " ".join(texts), "content": content}
            for status, texts in sorted(codes.items())}  # fmt: skip
    return {**told, "default": {"description": "Refus", "content": content}}


def _by_request(adapter: Adapter) -> tuple[Operation, ...]:
    """One operation for each root element: annulation shares that of EP4."""
    return tuple({o.request: o for o in reversed(adapter.operations)}.values())


def _schema(adapter: Adapter) -> etree._Element:
    xs = ElementMaker(namespace=shapes.NS_XSD,
                      nsmap={"xs": shapes.NS_XSD, "tns": adapter.names.main})  # fmt: skip
    capital = adapter.operations[0].asks.capital
    every = [cls for pair in MESSAGES.values() for cls in pair]
    roots: list[etree._Element] = []
    for one in _by_request(adapter):
        here = [MESSAGES[o.name] for o in adapter.operations if o.request == one.request]
        for name, rank in ((one.request, 0), (one.answer, 1)):
            held = shapes.merged(pair[rank] for pair in here)
            roots.append(shapes.element(name, held, capital))
    return xs.schema(
        *roots, *shapes.complex_types(every, capital),
        targetNamespace=adapter.names.main, elementFormDefault="qualified",
    )  # fmt: skip


def _imports(adapter: Adapter, address: str) -> etree._Element:
    xs = ElementMaker(namespace=shapes.NS_XSD, nsmap={"xs": shapes.NS_XSD})
    files = [(adapter.names.main, SCHEMA), *_HEADERS.values()]
    return xs.schema(
        *(xs("import", namespace=ns, schemaLocation=f"{address}?xsd={name}") for ns, name in files)
    )


def _operation(w: Any, o: Operation) -> etree._Element:
    return w.operation(
        w.input(message=f"tns:{o.request}"),
        w.output(message=f"tns:{o.answer}"),
        w.fault(name=_FAULT, message=f"tns:{_FAULT}"),
        name=_word(o),
    )


def _bound(w: Any, soap: Any, o: Operation) -> etree._Element:
    headers = [soap.header(message="tns:EnTete", part=name, use="literal")
               for name in _HEADERS if name != _FAULT]  # fmt: skip
    return w.operation(
        soap.operation(soapAction=o.action or ""),
        w.input(*headers, soap.body(use="literal", parts="corps")),
        w.output(soap.body(use="literal")),
        w.fault(soap.fault(name=_FAULT, use="literal"), name=_FAULT),
        name=_word(o),
    )


def _word(o: Operation) -> str:
    return (o.action or o.request).rpartition(":")[2]


def _bytes(element: etree._Element) -> bytes:
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8", pretty_print=True)

"""Answers and refusals as bytes, on the wire that an adapter tells.

A fault has the shape of the teleservices of the same family (ins-insi.md §2.12),
by analogy; the answer echoes ``wsa:MessageID`` as theirs (apcv.md §3.4).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lxml import etree
from lxml.builder import ElementMaker

from rules.formats.insi_answer import NS_SIRAM
from rules.formats.prescription_adapter import SOAP, Adapter, Operation
from rules.formats.soap import NS_SOAP11, NS_SOAP12, NS_WSA
from rules.formats.xml_tree import element_of
from simulators.prescription.errors import RefusedError, ServiceError

_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True, slots=True)
class Style:
    """How an answer may surprise who reads it."""

    prefix: str = "env"
    unknown: bool = False
    """Whether it holds elements or keys that nobody knows (N16)."""


PLAIN = Style()


def answer(
    adapter: Adapter,
    operation: Operation,
    content: Mapping[str, Any],
    message_id: str | None,
    style: Style = PLAIN,
) -> bytes:
    """The bytes of an answer."""
    extra = {"elementInconnu": {"valeur": "1"}} if style.unknown else {}
    if adapter.form != SOAP:
        return adapter.write_answer(operation, {**content, **extra})
    payload = adapter.write_element(operation.answer, {**content, **extra})
    return _envelope(adapter, payload, message_id, style.prefix)


def content_type(adapter: Adapter, operation: Operation | None = None) -> str:
    """Content-Type of an answer; of a refusal without operation."""
    if operation is not None and operation.text is not None:
        return "text/plain; charset=utf-8"
    return adapter.content_type


def refusal(adapter: Adapter, refused: RefusedError, message_id: str | None) -> bytes:
    """The bytes of a refusal: a fault, or ``{"erreur": {"code", "libelle"}}``."""
    error = refused.error
    if adapter.form != SOAP:
        told = adapter.write_refusal(error.code, refused.text)
        return json.dumps(told, ensure_ascii=False).encode()
    write = _fault if adapter.soap_version == "1.2" else _fault11
    return _envelope(adapter, write(adapter, refused, message_id), None, PLAIN.prefix)


def status(adapter: Adapter, error: ServiceError) -> int:
    """HTTP status of a refusal; every fault of the family was seen in a 500."""
    return adapter.fault.status or (500 if adapter.form == SOAP else error.status)


def _envelope(
    adapter: Adapter, payload: etree._Element, message_id: str | None, prefix: str
) -> bytes:
    namespace = _namespace(adapter)
    soap = ElementMaker(namespace=namespace, nsmap={prefix: namespace, "wsa": NS_WSA})
    blocks: list[etree._Element] = []
    if message_id:
        blocks.append(ElementMaker(namespace=NS_WSA).MessageID(message_id))
    envelope = soap.Envelope(soap.Header(*blocks), soap.Body(payload))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _namespace(adapter: Adapter) -> str:
    return NS_SOAP12 if adapter.soap_version == "1.2" else NS_SOAP11


def _fault(adapter: Adapter, refused: RefusedError, message_id: str | None) -> etree._Element:
    soap = ElementMaker(namespace=NS_SOAP12, nsmap={"env": NS_SOAP12})
    error = refused.error
    subcode = adapter.errors.get(error.code, error.code)
    subcode = subcode if adapter.fault.subcode else error.subcode
    return soap.Fault(
        soap.Code(
            soap.Value(f"env:{'Receiver' if error.technical else 'Sender'}"),
            soap.Subcode(soap.Value(f"env:{subcode}")),
        ),
        soap.Reason(soap.Text(error.text, {_LANGUAGE: "fr"})),
        soap.Detail(_detail(adapter, refused, message_id)),
    )


def _fault11(adapter: Adapter, refused: RefusedError, message_id: str | None) -> etree._Element:
    soap = ElementMaker(namespace=NS_SOAP11, nsmap={"env": NS_SOAP11})
    local = ElementMaker()
    return soap.Fault(
        local.faultcode(f"env:{'Server' if refused.error.technical else 'Client'}"),
        local.faultstring(refused.error.text),
        local.detail(_detail(adapter, refused, message_id)),
    )


def _detail(adapter: Adapter, refused: RefusedError, message_id: str | None) -> etree._Element:
    """As its adapter says, else ``siram:Erreur`` as the family writes it."""
    error = refused.error
    if adapter.fault.detail:
        told = adapter.write_refusal(error.code, refused.text)
        return element_of(adapter.fault.detail, told, adapter.names)
    siram = ElementMaker(namespace=NS_SIRAM, nsmap={"siram": NS_SIRAM})
    echo = {"messageID": message_id} if message_id else {}
    severity = "fatale" if error.technical else "erreur"
    code = adapter.errors.get(error.code, error.code)
    return siram.Erreur(refused.text, code=code, severite=severity, **echo)

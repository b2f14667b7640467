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
from rules.formats.soap import NS_SOAP12, NS_WSA
from simulators.prescription.errors import RefusedError, ServiceError

CONTENT_TYPES = {SOAP: "application/soap+xml; charset=utf-8", "json": "application/json"}
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
        return adapter.write({**content, **extra})
    payload = adapter.write_element(operation.answer, {**content, **extra})
    return _envelope(payload, message_id, style.prefix)


def refusal(adapter: Adapter, refused: RefusedError, message_id: str | None) -> bytes:
    """The bytes of a refusal: a fault, or ``{"erreur": {"code", "libelle"}}``."""
    error = refused.error
    if adapter.form != SOAP:
        told = {"erreur": {"code": error.code, "libelle": refused.text}}
        return json.dumps(told, ensure_ascii=False).encode()
    return _envelope(_fault(error, refused.text, message_id), None, "env")


def status(adapter: Adapter, error: ServiceError) -> int:
    """HTTP status of a refusal; every fault of the family was seen in a 500."""
    return 500 if adapter.form == SOAP else error.status


def _envelope(payload: etree._Element, message_id: str | None, prefix: str) -> bytes:
    soap = ElementMaker(namespace=NS_SOAP12, nsmap={prefix: NS_SOAP12, "wsa": NS_WSA})
    blocks: list[etree._Element] = []
    if message_id:
        blocks.append(ElementMaker(namespace=NS_WSA).MessageID(message_id))
    envelope = soap.Envelope(soap.Header(*blocks), soap.Body(payload))
    return etree.tostring(envelope, xml_declaration=True, encoding="UTF-8")


def _fault(error: ServiceError, text: str, message_id: str | None) -> etree._Element:
    soap = ElementMaker(namespace=NS_SOAP12, nsmap={"env": NS_SOAP12})
    siram = ElementMaker(namespace=NS_SIRAM, nsmap={"siram": NS_SIRAM})
    echo = {"messageID": message_id} if message_id else {}
    severity = "fatale" if error.technical else "erreur"
    return soap.Fault(
        soap.Code(
            soap.Value(f"env:{'Receiver' if error.technical else 'Sender'}"),
            soap.Subcode(soap.Value(f"env:{error.subcode}")),
        ),
        soap.Reason(soap.Text(error.text, {_LANGUAGE: "fr"})),
        soap.Detail(siram.Erreur(text, code=error.code, severite=severity, **echo)),
    )

"""Witness: the official ebXML and XDS.b schemas judge the golden messages the rules read."""

from __future__ import annotations

import base64
from functools import cache

import pytest
from lxml import etree

from rules.formats.dmp import DmpAnswer, DmpRequest
from rules.formats.multipart import Multipart
from rules.judge import read
from tests.rules.dmp import golden
from tests.shared_data import SHARED, needs_shared

XOP = "{http://www.w3.org/2004/08/xop/include}Include"
SCHEMAS = {
    "TD2.1": "XDS.b_DocumentRepository.xsd",
    "TD3.1": "query.xsd",
    "TD3.2": "XDS.b_DocumentRepository.xsd",
    "TD3.3": "lcm.xsd",
}
ANSWERS = {**SCHEMAS, "TD2.1": "rs.xsd", "TD3.3": "rs.xsd"}


@cache
def schema(file: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(SHARED / "cda" / "xsd" / "xds_b" / file)))


@needs_shared
@pytest.mark.parametrize(
    "name", [n for n in golden.names() if "-td02-" not in n and "-td03-" not in n]
)
def test_bodies_are_valid(name: str) -> None:
    reading = read(golden.exchange(name))
    request, answer = reading.first(DmpRequest), reading.first(DmpAnswer)
    assert request is not None
    assert request.transaction is not None
    assert answer is not None
    number = request.transaction.number
    for file, message in ((SCHEMAS[number], request), (ANSWERS[number], answer)):
        validator = schema(file)
        payload = message.soap.payload
        assert payload is not None
        alone = _inlined(payload, message.multipart)
        assert validator.validate(alone), validator.error_log


def _inlined(payload: etree._Element, multipart: Multipart | None) -> etree._Element:
    """The schema knows base64, not xop:Include: bytes are put back in their place."""
    alone = etree.fromstring(etree.tostring(payload))
    for include in list(alone.iter(XOP)):
        part = None if multipart is None else multipart.resolve(include.get("href", ""))
        holder = include.getparent()
        assert part is not None
        assert holder is not None
        holder.remove(include)
        holder.text = base64.b64encode(part.body).decode()
    return alone

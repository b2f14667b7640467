"""The same stories on each wire: the facade, the SOAP placeholder, an editor's adapter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from rules.exchange import Exchange, Message
from rules.formats import prescription_adapter
from rules.formats.prescription_adapter import SOAP, Adapter, parse
from tests.rules.journals import exchange
from tests.rules.prescription.calls import ADAPTERS, line, ordonnance
from tests.rules.prescription.official import OFFICIAL
from tests.rules.prescription_sequences.stories import (
    LOST,
    NUMBER,
    OTHER,
    REFUSED,
    consulted,
    ids,
    n1,
    n3,
    printed,
    validated,
)
from tests.rules.prescription_sequences.test_reading import ALERT, EXECUTION

EDITOR = parse(OFFICIAL, "officiel")
WIRES = (ADAPTERS["json"], ADAPTERS[SOAP], EDITOR)
TWO = {"lignes": [line(posologieTexte="2 comprimés par jour")]}
_SPACES = {
    "1.1": "http://schemas.xmlsoap.org/soap/envelope/",
    "1.2": "http://www.w3.org/2003/05/soap-envelope",
}


@pytest.fixture(params=WIRES, ids=lambda adapter: adapter.name)
def wire(request: Any) -> Iterator[Adapter]:
    """Each adapter, known as a campaign knows that of an editor."""
    adapter: Adapter = request.param
    if adapter is EDITOR:
        prescription_adapter.add(adapter)
    yield adapter
    prescription_adapter.discard(EDITOR.name)


def spoken(
    wire: Adapter, operation: str, content: dict[str, Any], answer: dict[str, Any], **changes: Any
) -> Exchange:
    """A call on a wire, with its answer."""
    named = wire.operation(operation)
    assert named is not None
    kind = ("Content-Type", "application/json")
    if wire.form == SOAP:
        kind = ("Content-Type", f'application/soap+xml; action="{named.action}"')
        sent = _envelope(wire, wire.write_element(named.request, content))
        told = _envelope(wire, wire.write_element(named.answer, answer))
    else:
        sent, told = wire.write_request(named, content), wire.write_answer(named, answer)
    request = Message(f"POST {named.path} HTTP/1.1", (kind,), sent)
    response = Message("HTTP/1.1 200 OK", (kind,), told)
    return replace(exchange("prescription", operation, request, response=response), **changes)


def _envelope(wire: Adapter, payload: etree._Element) -> bytes:
    space = _SPACES[wire.soap_version]
    envelope = etree.Element(f"{{{space}}}Envelope", nsmap={"x": space})
    etree.SubElement(envelope, f"{{{space}}}Body").append(payload)
    return etree.tostring(envelope)


def ep4(wire: Adapter, number: str = NUMBER, told: Any = None, **changes: Any) -> Exchange:
    """An EP4 accepted unless told."""
    content = ordonnance(id=number, **(told or {}))
    return spoken(wire, "EP4", content, {"etat": "ENREGISTREE"}, **changes)


def ep3(wire: Adapter, access: str = "AUTORISE") -> Exchange:
    """An EP3 that asks for executions."""
    answer = {"ordonnance": ordonnance(executions=[EXECUTION]), "accesExecutions": access}
    return spoken(wire, "EP3", {"id": NUMBER, "avecExecutions": True}, answer)


def test_a_right_story(wire: Adapter) -> None:
    made = ep4(wire), n3(), n1(), validated(), printed()
    assert ids(*made, ep3(wire), consulted([EXECUTION])) == []


def test_a_number_used_twice(wire: Adapter) -> None:
    assert ids(ep4(wire), n3(), n1(), validated(), ep4(wire, told=TWO, **REFUSED)) == ["EP-05"]


def test_a_lost_answer_then_another_number(wire: Adapter) -> None:
    twice = ep4(wire, **LOST), ep4(wire, OTHER), n3(OTHER), n1(), validated(OTHER)
    assert ids(*twice) == ["EP-30"]


def test_executions_not_shown(wire: Adapter) -> None:
    assert ids(ep3(wire), consulted()) == ["EP-24"]


def test_a_silent_refusal(wire: Adapter) -> None:
    assert ids(ep3(wire, "REFUSE"), consulted()) == ["EP-25"]
    assert ids(ep3(wire, "REFUSE"), consulted(**ALERT)) == []

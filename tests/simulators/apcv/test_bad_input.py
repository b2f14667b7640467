"""Whatever is sent to AUTH and SIGN gets an answer of the service, never a breakdown."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from rules.formats.apcv_names import ACTIONS, AUTHENTICATE, DESTROY, RESTORE, SIGN
from simulators.testing import client
from tests.simulators.apcv.lps import Lps

NAMED = "<ContexteApCV><Identifiant>x</Identifiant></ContexteApCV>"
BODIES = {AUTHENTICATE: "", RESTORE: "", DESTROY: NAMED, SIGN: NAMED}
CHANGE = st.tuples(
    st.integers(0, 80),
    st.sampled_from(("retrait", "texte", "copie", "attribut")),
    st.sampled_from(("", " ", "é", "\u00a0", "0" * 5000, "<", "9999-99-99T99:99:99Z", "-1")),
)


def sent(lps: Lps, operation: str, content: bytes) -> bytes:
    address, _ = lps.envelope(operation, "")
    kind = f'application/soap+xml; action="{ACTIONS[operation]}"'
    with client(lps.platform) as http:
        answer = http.post(address, content=content, headers={"Content-Type": kind})
    assert lps.last().error_code != "panne-du-banc"
    return answer.content


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(operation=st.sampled_from(tuple(BODIES)), changes=st.lists(CHANGE, max_size=3))
def test_a_call_that_is_spoilt(
    lps: Lps, operation: str, changes: list[tuple[int, str, str]]
) -> None:
    body = BODIES[operation] or lps.practice() + lps.scanned(lps.code())
    root = etree.fromstring(lps.envelope(operation, body)[1].encode())
    for rank, how, text in changes:
        spoil(root, rank, how, text)
    answer = etree.fromstring(sent(lps, operation, etree.tostring(root)))
    assert answer.findall(".//{*}Fault") or answer.findtext(".//{*}CodeStatut")


def spoil(root: etree._Element, rank: int, how: str, text: str) -> None:
    nodes = [e for e in root.iter() if isinstance(e.tag, str)][1:]
    if not nodes:
        return
    element = nodes[rank % len(nodes)]
    parent = element.getparent()
    assert parent is not None
    if how == "retrait":
        parent.remove(element)
    elif how == "texte":
        element.text = text
    elif how == "attribut" and element.attrib:
        element.set(next(iter(element.attrib)), text)
    elif how == "copie":
        parent.append(etree.fromstring(etree.tostring(element)))


@pytest.mark.parametrize("operation", [AUTHENTICATE, DESTROY, SIGN])
def test_an_empty_demand(lps: Lps, operation: str) -> None:
    _, content = lps.envelope(operation, "")
    answer = etree.fromstring(sent(lps, operation, content.encode()))
    assert answer.findtext(".//{*}CodeStatut") in ("1", "4", "6")


def test_one_operation_at_the_address_of_the_other(lps: Lps) -> None:
    """AUTH answers what AUTH knows: a signature there is told by AV-02."""
    address, content = lps.envelope(SIGN, NAMED)
    wrong = address.replace("/sign/", "/auth/")
    kind = f'application/soap+xml; action="{ACTIONS[SIGN]}"'
    with client(lps.platform) as http:
        http.post(wrong, content=content.encode(), headers={"Content-Type": kind})
    assert "AV-02" in {check for check, _ in lps.findings()}

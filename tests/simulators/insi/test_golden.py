"""The third voice: golden requests, served at their instant, get the golden answers.

The private keys of the golden certificates do not exist, so the endpoint is called
with the handshake of the story instead of a socket.
"""

from __future__ import annotations

import pytest
from lxml import etree

from rules.exchange import Message
from simulators.http import HttpRequest
from simulators.insi.people import NIA, Number, Person
from simulators.insi.server import CARD, ORGANISATION, InsiService
from simulators.platform import Platform
from simulators.testing import running
from tests.rules.insi import golden
from tests.shared_data import needs_shared

pytestmark = needs_shared

FORMER = Number("1850733063042", "58", start="1985-07-12", end="2019-02-27")
CAMILLE = Person(
    "TESTAVRIL",
    "CAMILLE ANNE",
    "F",
    "1985-07-12",
    "33063",
    Number("2850733063042", "08"),
    (FORMER,),
    insured="2850733063042",
)
NINO = Person(
    "TESTAVRIL",
    "NINO",
    "M",
    "2019-03-05",
    "33063",
    Number("1190333063118", "48"),
    insured="2850733063042",
)
ALEX = Person(
    "D'ESSAI--LONG", "ALEX MARIE-LOU", "M", "2001-02-03", None, Number("1010299350001", None)
)
OTHER_ALEX = Person(
    "D'ESSAI--LONG", "ALEX", "M", "2001-02-03", "75056", Number("1010275056001", None)
)
MATHIS = Person(
    "PROVISAOUT", "MATHIS", "M", "2009-07-01", "99350", Number("1090799350412", "04", NIA)
)


@pytest.fixture(scope="module")
def platform() -> Platform:
    with running(("insi",)) as started:
        started.kernel.environment = golden.environment()
        yield started


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("e01-traits-org-prenom2", {}),
        ("e02-traits-org-prenom1", {"en_tete": True}),
        ("e03-traits-org-jaxws", {"serialisation": "cnda"}),
        ("e04-traits-cpx", {"serialisation": "avant-2022"}),
        ("e05-traits-cpx-homonymes", {"serialisation": "2021"}),
        ("e06-traits-cpx-homonymes-prenoms", {}),
        ("e07-vitale-cpx-assure", {}),
        ("e08-vitale-org-enfant", {}),
        ("e09-nia", {"serialisation": "cnda"}),
        ("e10-faute-passerelle-idam", {}),
    ],
)
def test_the_golden_request_gets_the_golden_answer(
    platform: Platform, name: str, told: dict[str, object]
) -> None:
    expected = golden.exchange(name).response
    assert expected is not None
    answer = serve(platform, name, told)
    assert answer.status == expected.status
    if name.startswith(("e03", "e04")):  # the story varies history and TIQ there: prefixes only
        assert prefixes(answer.body) == prefixes(expected.body)
    else:
        assert canonical(answer.body) == canonical(expected.body)


def serve(platform: Platform, name: str, told: dict[str, object]) -> Message:
    observed = golden.exchange(name)
    service = platform.services["insi"]
    assert isinstance(service, InsiService)
    people = [CAMILLE, NINO, MATHIS, ALEX]
    if "homonymes" in name and "prenoms" not in name:
        people.append(OTHER_ALEX)
    with platform.kernel.unit() as unit:
        for known in service.state(unit)["personnes"]:
            service.set_state(unit, {"personnes": {known["active"]["number"]: None}})
        defaults = {"serialisation": "2022", "en_tete": False}
        service.set_state(unit, {**defaults, **told})
        for person in people:
            service.put(unit, person)
    request = HttpRequest(
        method="POST",
        target="/lps",
        headers=observed.request.headers,
        body=observed.request.body,
        at=observed.started_at,
        peer=observed.peer,
        url=f"https://{observed.host}/lps",
        tls=observed.tls,
    )
    door = ORGANISATION if "tlsm" in (observed.host or "") else CARD
    with platform.kernel.unit() as unit:
        answer = service.call(door, request, unit)
    return Message(f"HTTP/1.1 {answer.status} x", answer.headers, answer.body)


def canonical(body: bytes) -> bytes:
    return etree.tostring(etree.fromstring(body), method="c14n", exclusive=True)


def prefixes(body: bytes) -> list[str | None]:
    return [element.prefix for element in list(etree.fromstring(body).iter())[:3]]

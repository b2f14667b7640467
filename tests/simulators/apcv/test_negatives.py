"""Every negative case N01 to N26, asked by its name and met on real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from lxml import etree

from rules.context import Context
from rules.exchange import Outcome
from rules.formats.apcv import ApcvData
from rules.formats.apcv_answer import ApcvAnswer, ApcvFault, ApcvPerson
from rules.formats.apcv_names import AUTHENTICATE
from rules.judge import judge_artefact
from simulators.apcv.errors import Code
from simulators.apcv.faults import FAULTS, LIES, SCANNERS, STATUS
from simulators.apcv.negatives import NEGATIVES, PHONE
from simulators.testing import client, wait_for
from tests.simulators.apcv.lps import ALONE, HUGO, Lps


def ask(lps: Lps, case: str, fault: str, **more: float) -> None:
    negative = NEGATIVES[case]
    assert fault in negative.faults
    lps.platform.kernel.faults.add("apcv", negative.operation, fault=fault, **more)


def test_every_case_of_the_sheet_is_there() -> None:
    assert list(NEGATIVES) == [f"N{number:02d}" for number in range(1, 27)]
    assert {fault for case in NEGATIVES.values() for fault in case.faults} >= set(FAULTS) - {
        "traits-differents"
    }


def test_a_fault_says_which_case_it_plays() -> None:
    for name, case in NEGATIVES.items():
        for fault in set(case.faults) & set(FAULTS) - set(STATUS):
            assert FAULTS[fault].startswith(name), fault


@pytest.mark.parametrize(("case", "fault"), [("N01", "code-perime"), ("N02", "code-rejoue")])
def test_a_code_that_serves_no_more(lps: Lps, case: str, fault: str) -> None:
    ask(lps, case, fault)
    assert lps.authenticate(lps.code()).code == Code.OUTDATED
    assert lps.last().outcome is Outcome.REFUSED
    assert lps.findings() == []
    assert lps.authenticate().code == Code.OK


def test_a_code_opens_one_context_whoever_shows_it_again(lps: Lps) -> None:
    text = lps.code()
    assert lps.authenticate(text).code == Code.OK
    assert lps.authenticate(text).code == Code.OUTDATED
    assert lps.authenticate(text, who=HUGO).code == Code.OUTDATED


def test_a_code_that_was_refused_did_not_serve(lps: Lps) -> None:
    text = lps.code()
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault="statut-8")
    assert lps.authenticate(text).code == Code.TECHNICAL
    assert lps.authenticate(text).code == Code.OK


@pytest.mark.parametrize("fault", SCANNERS)
def test_a_scanner_that_damages_the_text(lps: Lps, fault: str) -> None:
    """N03: refused, and not laid to the product, which sent what it was given."""
    ask(lps, "N03", fault)
    typed = lps.code()
    assert len(typed) in (512, 772, 773)
    assert lps.authenticate(typed).code == Code.UNREADABLE
    assert lps.findings() == []
    # Alone, without what the scanner gave, the text is told to be damaged.
    (found,) = judge_artefact(ApcvData(typed), Context()).findings
    assert found.check_id == "AV-01"


def test_each_damage_is_told_apart() -> None:
    text = "PB83N8746746*98" + "A  B" * 200
    spoilt = {name: how(text) for name, (_, how) in SCANNERS.items()}
    assert len(set(spoilt.values())) == len(SCANNERS) == 4
    assert text not in spoilt.values()
    assert spoilt["lecteur-azerty"].startswith("PB_\"N_è'-è'-8ç_")


@pytest.mark.parametrize("fault", STATUS)
def test_a_status(lps: Lps, fault: str) -> None:
    """N04: in an HTTP 200, with nothing of the profile."""
    ask(lps, "N04", fault)
    answer = lps.authenticate()
    assert (answer.code, answer.people, answer.context_id) == (STATUS[fault], (), None)
    assert lps.authenticate().code == "0"


@pytest.mark.parametrize(
    ("fault", "blame"),
    [("desir_550", b"Sender"), ("desir_1020", b"Sender"), ("faute-technique", b"Receiver")],
)
def test_a_soap_fault(lps: Lps, fault: str, blame: bytes) -> None:
    ask(lps, "N05", fault)
    response = lps.post(AUTHENTICATE, "")
    assert response.status_code == 500
    assert blame in response.content
    assert isinstance(lps.call(AUTHENTICATE), ApcvAnswer | ApcvFault)


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [("page-html", 502, "text/html"), ("http-500", 500, "text/plain"), ("http-502", 502, "text")],
)
def test_no_soap_at_all(lps: Lps, fault: str, status: int, kind: str) -> None:
    ask(lps, "N06", fault)
    response = lps.post(AUTHENTICATE, "")
    assert response.status_code == status
    assert response.headers["content-type"].startswith(kind)
    assert lps.last().outcome is Outcome.FAILED


def _amo(person: ApcvPerson, name: str) -> str | None:
    return person.element.findtext(f".//{{*}}IdentiteAMO/{{*}}{name}")


def _rank(person: ApcvPerson) -> tuple[str | None, str | None]:
    date = person.element.find(".//{*}IdentiteAMO/{*}DateNaissance")
    assert date is not None
    return date.text, date.get("rang")


def _wrong_key(a: ApcvAnswer) -> bool:
    matricule, ins = a.people[0].matricule or "", a.people[0].ins or ""
    return int(ins[13:]) != 97 - int(matricule) % 97


def _unknown(a: ApcvAnswer) -> bool:
    names = [str(e.tag) for e in a.element.iter()]
    return a.element[0].tag.startswith("{urn:banc") and sum("Inconnu" in n for n in names) >= 3


ODD: dict[str, Callable[[ApcvAnswer], object]] = {
    "sans-ins": lambda a: a.people[0].ins is None and a.people[0].traits,
    "ins-perimee": lambda a: b"<DateFin>2023-03-25" in a_bytes(a) and a.people[0].ins,
    "oid-test": lambda a: a.people[0].oid == "1.2.250.1.213.1.4.10",
    "nia": lambda a: a.people[0].oid == "1.2.250.1.213.1.4.9",
    "sans-nom-famille": lambda a: (
        _amo(a.people[0], "NomFamille") is None and _amo(a.people[0], "NomUsage")
    ),
    "sans-nom-usage": lambda a: (
        _amo(a.people[0], "NomUsage") is None and _amo(a.people[0], "NomFamille")
    ),
    "jumeaux": lambda a: (
        [_rank(p) for p in a.people[1:]] == [("2020-02-02", "1"), ("2020-02-02", "2")]
        and len({_amo(p, "NIRCertifie") for p in a.people}) == 3
    ),
    "date-lunaire": lambda a: (
        (a.people[0].traits["DateNaissance"], _rank(a.people[0])[0]) == ("1985-07-12", "1985-19-12")
    ),
    "famille": lambda a: (
        sorted(str(_amo(p, "Prenom")) for p in a.people[1:])
        == ["ALIX", "ALIX", "JADE", "NOA", "SACHA"]
    ),
    "cle-fausse": _wrong_key,
    "fuseau": lambda a: (
        b"Z</DateFinValidite>" not in a_bytes(a) and a.ends and a.ends.utcoffset() != timedelta()
    ),
    "inconnus": _unknown,
    "prefixes": lambda a: a.element.prefix == "a" and a.people[0].ins,
    "sans-prefixe": lambda a: a.element.getroottree().getroot().prefix is None and a.people[0].ins,
    "sexe-indetermine": lambda a: a.people[0].traits["Sexe"] == "I",
    "sexe-vide": lambda a: a.people[0].traits["Sexe"] == "",
    "ne-a-l-etranger": lambda a: a.people[0].traits["LieuNaissance"] == "99350",
}
CASES = [(c, f) for c, negative in NEGATIVES.items() for f in negative.faults if f in ODD]


def a_bytes(answer: ApcvAnswer) -> bytes:
    return etree.tostring(answer.element)


@pytest.mark.parametrize(("case", "fault"), CASES)
def test_an_answer_that_is_odd(lps: Lps, case: str, fault: str) -> None:
    plain = lps.authenticate()
    assert not ODD[fault](plain)
    ask(lps, case, fault)
    answer = lps.authenticate()
    assert answer.code == "0"
    assert ODD[fault](answer)
    assert lps.last().fault == fault
    assert [c for c, _ in lps.findings()] == ["AV-11"]
    assert set(ODD) | {"traits-differents"} >= set(LIES)


def test_traits_that_are_not_those_of_the_record(lps: Lps) -> None:
    """For AV-14: no case of the sheet is about it."""
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault="traits-differents")
    assert lps.authenticate().people[0].traits["NomNaissance"] == "TESTAVRIL AUTRE"


def test_a_context_of_thirty_seconds_truly_ends(lps: Lps) -> None:
    """N17, then N26: under an expired context nothing is signed."""
    ask(lps, "N17", "contexte-court")
    opened = lps.authenticate()
    assert opened.ends is not None
    assert opened.ends - lps.platform.kernel.clock.now() <= timedelta(seconds=30)
    assert lps.sign(opened.context_id).code == Code.OK
    lps.platform.kernel.clock.advance(timedelta(seconds=31))
    assert lps.sign(opened.context_id).code == Code.EXPIRED_CONTEXT
    assert lps.restore().code == Code.EXPIRED_CONTEXT


def test_an_answer_after_sixty_seconds(lps: Lps) -> None:
    """N23: nothing has come when the caller gives up; the context is open all the same."""
    assert NEGATIVES["N23"].delay == 60
    ask(lps, "N23", "lent", delay=60)
    address, content = lps.envelope(AUTHENTICATE, lps.practice() + lps.scanned(lps.code()))
    begun = time.monotonic()
    with client(lps.platform, timeout=0.5) as http, pytest.raises(httpx.ReadTimeout):
        http.post(address, content=content.encode())
    assert time.monotonic() - begun < 30
    assert lps.restore().code == Code.OK


def test_a_server_whose_certificate_has_expired(lps: Lps) -> None:
    ask(lps, "N24", "tls-expire")
    with pytest.raises(httpx.ConnectError, match="expired"):
        lps.authenticate("x")
    seen = wait_for(lps.platform, lambda e: e.operation == "TLS")
    assert (seen.service, seen.fault) == ("apcv", "tls-expire")
    assert lps.authenticate().code == Code.OK


def test_a_destruction_sent_twice(lps: Lps) -> None:
    """N25, of its own accord and on demand."""
    opened = lps.authenticate(lps.code(ALONE))
    ask(lps, "N25", "statut-6")
    assert lps.destroy(opened.context_id).code == Code.UNKNOWN_CONTEXT
    assert lps.destroy(opened.context_id).code == Code.OK
    assert lps.destroy(opened.context_id).code == Code.UNKNOWN_CONTEXT


def test_a_signature_refused_on_demand(lps: Lps) -> None:
    """N26 as a lie."""
    opened = lps.authenticate()
    ask(lps, "N26", "statut-7")
    assert lps.sign(opened.context_id).code == Code.EXPIRED_CONTEXT
    assert lps.sign(opened.context_id).code == Code.OK


def test_the_phone_keeps_its_own_operation(lps: Lps) -> None:
    """The page does not use up what was asked of the scanner."""
    ask(lps, "N03", "lecteur-tronque")
    with client(lps.platform) as http:
        http.get(lps.phone)
    assert lps.last().operation == "ecran"
    assert len(lps.code()) == 512
    assert lps.last().operation == PHONE

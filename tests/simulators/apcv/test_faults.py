"""Every failure and every lie of the service is answered on the wire, and only once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rules.formats.apcv_answer import ApcvAnswer, ApcvFault, ApcvPerson
from rules.formats.apcv_names import AUTHENTICATE
from simulators.apcv.faults import FAULTS, HTML, LIES, SOAP_FAULTS, STATUS
from tests.simulators.apcv.lps import Lps


def _spoilt(lps: Lps, name: str) -> ApcvAnswer:
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=name)
    return lps.authenticate()


def _amo(person: ApcvPerson, name: str) -> str | None:
    found = next(person.element.iter(f"{{*}}{name}"), None)
    return None if found is None else found.text


@pytest.mark.parametrize("name", STATUS)
def test_a_status_is_answered_in_an_http_200(lps: Lps, name: str) -> None:
    answer = _spoilt(lps, name)
    assert (answer.code, answer.people, answer.context_id) == (STATUS[name], (), None)
    assert lps.authenticate().code == "0"


@pytest.mark.parametrize("name", SOAP_FAULTS)
def test_a_soap_fault(lps: Lps, name: str) -> None:
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=name)
    assert isinstance(lps.call(AUTHENTICATE), ApcvFault)
    assert lps.last().error_code == name


def test_a_page_of_a_proxy(lps: Lps) -> None:
    lps.platform.kernel.faults.add("apcv", AUTHENTICATE, fault=HTML)
    answer = lps.post(AUTHENTICATE, "")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")


def test_every_lie_changes_the_answer_and_leaves_it_readable(lps: Lps) -> None:
    plain = _shape(lps.authenticate())
    for name in LIES:
        answer = _spoilt(lps, name)
        assert answer.code == "0", name
        assert name in ("prefixes", "contexte-court", "fuseau") or _shape(answer) != plain, name
    assert set(LIES) < set(FAULTS)


def _shape(answer: ApcvAnswer) -> list[tuple[str, str | None, dict[str, str]]]:
    named = [
        (str(e.tag).rpartition("}")[2], e.text, {k: v for k, v in e.items() if k not in _OWN})
        for e in answer.element.iter()
    ]
    return [row for row in named if row[0] not in ("DateFinValidite", "Identifiant", "TokenApCV")]


_OWN = ("ID", "horodatage")


def test_what_each_lie_says(lps: Lps) -> None:
    assert _spoilt(lps, "sans-ins").people[0].ins is None
    assert _spoilt(lps, "oid-test").people[0].oid == "1.2.250.1.213.1.4.10"
    assert _spoilt(lps, "sans-nom-famille").people[0].traits["NomNaissance"] == "TESTAVRIL"
    assert len(_spoilt(lps, "famille").people) == 3 + 5
    twins = _spoilt(lps, "jumeaux").people[-2:]
    assert [_amo(one, "Prenom") for one in twins] == ["TOM", "TIM"]
    assert _amo(twins[0], "NIRCertifie") != _amo(twins[1], "NIRCertifie")
    holder = _spoilt(lps, "date-lunaire").people[0]
    assert holder.traits["DateNaissance"] == "1985-07-12"
    assert holder.element.findtext(".//{*}IdentiteAMO/{*}DateNaissance") == "1985-19-12"
    short = _spoilt(lps, "contexte-court").ends
    assert short is not None
    assert short - lps.platform.kernel.clock.now() < timedelta(seconds=31)
    zoned = _spoilt(lps, "fuseau")
    assert zoned.ends is not None
    assert b"Z</DateFinValidite>" not in _body(lps, "fuseau")
    assert b"<a:CodeStatut>" in _body(lps, "prefixes")


def _body(lps: Lps, name: str) -> bytes:
    _spoilt(lps, name)
    response = lps.last().response
    assert response is not None
    return response.body

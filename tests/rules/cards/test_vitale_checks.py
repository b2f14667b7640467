"""CD-15, CD-16, CD-17 and CD-20: the carte Vitale as a key to query INSi."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from rules.artefact import MalformedError
from rules.context import Environment
from rules.exchange import Message, Outcome
from rules.formats.vitale import read_vitale
from rules.judge import JournalView, judge_reading, judge_sequence, read
from tests.rules.cards.calls import vitale_search
from tests.rules.cards.journal import Cps, Wire, findings, ids, tlv
from tests.rules.insi import messages

PRODUCTION = Environment(rules_profile="production")
READER = "Banc Vitale 00"
MOTHER, CHILD = "285073306304208", "114023306304355"
FATHER = "180053306304277"


@dataclass(frozen=True)
class Person:
    """A beneficiary; ``nir`` certified or None."""

    family: str = "TESTMAI"
    birth: str | None = "TESTAVRIL"
    given: str = "CAMILLE"
    date: str = "19850712"
    nir: str | None = MOTHER
    insured: str = MOTHER
    rank: str = "1"
    quality: str = "0"

    def xml(self) -> str:
        def element(name: str, value: str | None) -> str:
            return "" if value is None else f"<{name}>{value}</{name}>"

        def spaced(nir: str | None) -> str | None:
            return nir and f"{nir[:13]} {nir[13:]}"

        return (
            f"<benef><ident>{element('nomUsuel', self.family)}"
            f"{element('nomPatronymique', self.birth)}{element('prenomUsuel', self.given)}"
            f"<naissance>{element('dateEnCarte', self.date)}</naissance>"
            f"{element('nir', spaced(self.insured))}{element('nirCertifie', spaced(self.nir))}"
            f"{element('rangDeNaissance', self.rank)}</ident>"
            f"<amo>{element('qualBenef', self.quality)}</amo></benef>"
        )

    def said(self, position: int) -> dict[str, Any]:
        return {
            "position": position,
            "nom_usuel": self.family,
            "nom_naissance": self.birth,
            "prenom": self.given,
            "date_naissance": self.date,
            "rang_gemellaire": self.rank,
            "nir_certifie": self.nir,
            "nir_ouvrant_droit": self.insured,
            "qualite": self.quality,
        }

    def sought(self) -> str:
        """The RECVITALE of this person."""

        def matricule(name: str, nir: str | None) -> str:
            inner = nir and f"<v:NumIdentifiant>{nir[:13]}</v:NumIdentifiant>"
            return f"<v:{name}>{inner}</v:{name}>" if inner else ""

        return (
            '<v:RECVITALE xmlns:v="http://www.cnamts.fr/INSiRecVit">'
            f"{matricule('MatriculeIndividu', self.nir)}{matricule('MatriculeOD', self.insured)}"
            f"<v:DateNaissance>{self.date}</v:DateNaissance>"
            f"<v:RangNaissance>{self.rank}</v:RangNaissance></v:RECVITALE>"
        )


@dataclass(frozen=True)
class Vitale:
    serial: str
    people: tuple[Person, ...]
    kind: str = "T"

    @property
    def chip(self) -> Cps:
        return Cps(self.serial, "", "Vitale")

    def xml(self, encoding: str = "ISO-8859-1") -> bytes:
        inner = "".join(person.xml() for person in self.people)
        text = (
            f'<?xml version="1.0" encoding="{encoding}"?><t_AsnDonneesVitale>'
            f"<type>{self.kind}</type><listeBenef>{inner}</listeBenef></t_AsnDonneesVitale>"
        )
        return text.encode(encoding)

    def said(self) -> dict[str, Any]:
        people = [person.said(rank) for rank, person in enumerate(self.people, 1)]
        return {"vitale": {"type": self.kind, "numero_serie": self.serial, "beneficiaires": people}}


ALONE = Vitale("000000000001", (Person(),))
BABY = Person("TESTMAI", None, "LÉO", "20141902", None, MOTHER, "2", "6")
FAMILY = Vitale("000000000002", (Person(), BABY))
OTHER = Vitale("000000000003", (Person("ROC", "ROC", "PAUL", "19800506", FATHER, FATHER),))


class VitaleWire(Wire):
    def put_in(self, card: Vitale) -> VitaleWire:
        self.insert(card.chip, READER)
        return self

    def take_out(self, card: Vitale) -> None:
        self.remove(card.chip, READER)

    def call(self, card: Vitale, code: int = 0, content: bytes | None = None) -> None:
        headers = (("Lecteur", READER), ("Carte", card.serial), ("Famille", "Vitale"))
        function = "Hn_LectureVitaleDonneesIdentification"
        self.add(
            "cards",
            function,
            Message(f"API {function}", headers),
            response=Message(f"CODE {code}", (), card.xml() if content is None else content),
            outcome=Outcome.REFUSED if code else Outcome.ACCEPTED,
        )

    def shown(self, card: Vitale, answer: dict[str, Any] | None = None) -> VitaleWire:
        """A gesture card.read_vitale."""
        begun = self.begin()
        self.call(card)
        self.gesture("card.read_vitale", card.said() if answer is None else answer, begun)
        return self

    def searched(
        self, card: Vitale, who: Person, *, patient: dict[str, Any] | None = None, **asked: Any
    ) -> VitaleWire:
        """A gesture identity.search_insi that reads the card, then queries."""
        begun = self.begin()
        self.call(card)
        self.put(vitale_search(who.sought()))
        self.ended(begun, patient, **asked)
        return self

    def ended(self, begun: datetime, patient: dict[str, Any] | None = None, **asked: Any) -> None:
        answer = {"patient": patient or state()}
        self.gesture("identity.search_insi", answer, begun, source="vitale", patient="p1", **asked)


def state(**traits: str) -> dict[str, Any]:
    usual = {
        "nom_naissance": "TESTAVRIL",
        "prenoms_naissance": "CAMILLE ANNE",
        "sexe": "F",
        "date_naissance": "1985-07-12",
    }
    return {"id": "p1", "statut": "provisoire", "traits": {**usual, **traits}, "ins": None}


def with_card(card: Vitale) -> VitaleWire:
    wire = VitaleWire()
    wire.gesture("patient.create", {"patient": state()}, wire.begin())
    return wire.put_in(card)


# Conformant


def test_a_search_by_card() -> None:
    assert findings(with_card(ALONE).shown(ALONE).searched(ALONE, ALONE.people[0])) == ()


def test_a_child_chosen_with_a_lunar_date_and_no_nir() -> None:
    wire = with_card(FAMILY).shown(FAMILY).searched(FAMILY, BABY, beneficiaire=2)
    assert findings(wire) == ()


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1"])
def test_both_encodings_are_read(encoding: str) -> None:
    content = read_vitale(FAMILY.xml(encoding))
    assert [b.given_name for b in content.beneficiaries] == ["CAMILLE", "LÉO"]
    assert [b.lunar for b in content.beneficiaries] == [False, True]
    assert content.beneficiaries[1].individual_nir == ""


@pytest.mark.parametrize("content", [b"", b"<autre/>", ALONE.xml()[:-10]])
def test_bytes_that_are_no_card(content: bytes) -> None:
    with pytest.raises(MalformedError) as error:
        read_vitale(content)
    assert error.value.finding.check_id == "CD-15"


def test_what_the_bench_spoilt_is_not_held_against_the_software() -> None:
    wire = with_card(ALONE)
    begun = wire.begin()
    wire.call(ALONE, content=b"<t_Asn")
    wire.refused("card.read_vitale", "CARTE_ILLISIBLE", "Carte illisible.", begun)
    begun = wire.begin()
    wire.call(ALONE, code=25, content=b"")
    wire.refused("card.read_vitale", "CARTE_DELAI", "La carte ne répond pas.", begun)
    assert findings(wire) == ()


# CD-15


def test_several_beneficiaries_and_no_choice() -> None:
    assert ids(with_card(FAMILY).searched(FAMILY, FAMILY.people[0])) == {"CD-15"}


@pytest.mark.parametrize(
    ("field", "sent"),
    [
        ("DateNaissance", replace(BABY, date="20140101")),
        ("RangNaissance", replace(BABY, rank="1")),
        ("MatriculeIndividu", replace(BABY, nir=MOTHER)),
    ],
)
def test_what_is_sent_is_not_what_was_read(field: str, sent: Person) -> None:
    [found] = findings(with_card(FAMILY).searched(FAMILY, sent, beneficiaire=2))
    assert found.check_id == "CD-15"
    assert found.place.endswith(field)


@pytest.mark.parametrize(
    "shown",
    [
        replace(FAMILY, people=FAMILY.people[:1]),
        replace(FAMILY, people=(Person(), replace(BABY, date="20140101"))),
        replace(FAMILY, people=(Person(), replace(BABY, nir=CHILD))),
    ],
)
def test_what_is_shown_is_not_what_was_read(shown: Vitale) -> None:
    assert ids(with_card(FAMILY).shown(FAMILY, shown.said())) == {"CD-15"}


def test_a_readable_card_refused() -> None:
    wire = with_card(FAMILY)
    begun = wire.begin()
    wire.call(FAMILY)
    wire.refused("card.read_vitale", "NIR_ABSENT", "Pas de NIR certifié.", begun)
    assert ids(wire) == {"CD-15"}


# CD-16


@pytest.mark.parametrize("kind", ["T", "D"])
def test_a_test_card_in_production(kind: str) -> None:
    card = replace(ALONE, kind=kind)
    assert ids(with_card(card).shown(card), PRODUCTION) == {"CD-16"}
    assert ids(with_card(card).searched(card, card.people[0]), PRODUCTION) == {"CD-16"}
    assert ids(with_card(card).shown(card)) == set()


def test_a_test_card_refused_in_production() -> None:
    wire = with_card(ALONE)
    begun = wire.begin()
    wire.call(ALONE)
    wire.refused("card.read_vitale", "CARTE_DE_TEST", "Carte de test refusée.", begun)
    assert ids(wire, PRODUCTION) == set()


def test_a_real_card_in_production() -> None:
    card = replace(ALONE, kind="R")
    assert ids(with_card(card).shown(card).searched(card, card.people[0]), PRODUCTION) == set()


# CD-17


@pytest.mark.parametrize("read_again", [True, False])
def test_a_card_swapped_before_the_call(*, read_again: bool) -> None:
    wire = with_card(ALONE).shown(ALONE)
    wire.take_out(ALONE)
    wire.put_in(OTHER)
    begun = wire.begin()
    if read_again:
        wire.call(OTHER)
    wire.put(vitale_search(ALONE.people[0].sought()))
    wire.ended(begun)
    [found] = findings(wire)
    assert found.check_id == "CD-17"
    assert OTHER.serial in found.expected


def test_a_card_swapped_then_read_again() -> None:
    wire = with_card(ALONE).shown(ALONE)
    wire.take_out(ALONE)
    wire.put_in(OTHER).searched(OTHER, OTHER.people[0])
    found = judge_sequence(JournalView(tuple(wire.exchanges)), Environment()).findings
    assert not [f for f in found if f.check_id.startswith(("CD-", "INS-W-26", "INS-W-27"))]


def aged(minutes: int) -> set[str]:
    """Findings of an assertion of that age when it leaves."""
    issued = messages.NOW - timedelta(minutes=minutes)
    call = messages.exchange(messages.by_card(issued=issued.strftime("%Y-%m-%dT%H:%M:%SZ")), 1)
    judged = judge_reading(read(call), messages.context(exchange=call))
    return {f.check_id for f in judged.findings if f.check_id in ("CD-17", "INS-W-13")}


def test_an_assertion_is_renewed_after_twenty_minutes() -> None:
    assert aged(19) == set()
    assert aged(25) == {"CD-17"}
    assert aged(70) == {"INS-W-13"}


# CD-20


def test_an_identity_completed_by_what_was_typed_stays() -> None:
    wire = with_card(FAMILY)
    assert findings(wire.searched(FAMILY, BABY, patient=state(), beneficiaire=2)) == ()


@pytest.mark.parametrize(
    "taken",
    [
        {"nom_naissance": "TESTMAI"},
        {"prenoms_naissance": "CAMILLE"},
        {"date_naissance": "2014-12-31"},
    ],
)
def test_a_trait_taken_from_the_card(taken: dict[str, str]) -> None:
    wire = with_card(FAMILY).searched(FAMILY, BABY, patient=state(**taken), beneficiaire=2)
    [found] = findings(wire)
    assert found.check_id == "CD-20"
    assert next(iter(taken.values())) in found.found


# Public files, for a product that reads the chip itself


def template(who: Person) -> bytes:
    values = {
        0x93: who.insured,
        0x80: who.family,
        0x81: who.given,
        0x82: who.date,
        0xDF01: who.nir,
        0xDF02: who.rank,
        0xDF03: who.quality,
        0xDF04: who.birth,
    }
    return tlv(0x65, *(tlv(tag, v.encode("latin-1")) for tag, v in values.items() if v))


def test_the_public_files_say_the_same_as_the_api() -> None:
    files = {
        "2010": b"".join(template(person) for person in FAMILY.people),
        "2011": tlv(0x66, tlv(0xDF21, b"T"), tlv(0xDF22, FAMILY.serial.encode())),
    }
    chip = Cps(FAMILY.serial, "", "Vitale", files)

    def judged(sent: Person) -> set[str]:
        wire = with_card(FAMILY)
        begun = wire.begin()
        for path in files:
            wire.read(chip, path, reader=READER)
        wire.put(vitale_search(sent.sought()))
        wire.ended(begun, beneficiaire=2)
        return ids(wire)

    assert judged(BABY) == set()
    assert judged(replace(BABY, date="20140101")) == {"CD-15"}

"""Random identities, Corsica and NIA included, come back as they went."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from reference_impl.identity.carried import read_received
from reference_impl.identity.rows import patient_of, patient_row
from reference_impl.identity.traits import normalised
from reference_impl.insi.answer import key_of, read_answer
from reference_impl.people import (
    Alert,
    Attribute,
    Channel,
    Evidence,
    Individual,
    Ins,
    PastIns,
    Patient,
    Status,
    Traits,
)
from tests.reference_impl.insi.messages import answer
from tests.reference_impl.story import written

OIDS = tuple(f"1.2.250.1.213.1.4.{last}" for last in (8, 9, 10, 11))
_word = st.text(alphabet=string.ascii_uppercase, min_size=1, max_size=8)
_given = st.builds("".join, st.tuples(_word, st.sampled_from(["", "-LEA", "'H"]))).filter(
    lambda name: name[-1] not in "-'"
)
names = st.lists(_word, min_size=1, max_size=3).flatmap(
    lambda words: st.sampled_from([" ", "-", "'", "--"]).map(lambda join: join.join(words))
)
given_names = st.lists(_given, min_size=1, max_size=4).map(" ".join)
departments = st.one_of(
    st.sampled_from(["2A", "2B", "99", "97"]), st.integers(1, 95).map("{:02}".format)
)


@st.composite
def inses(draw: st.DrawFn) -> Ins:
    """A matricule that INSEE could have given, under any authority."""
    year, month = draw(st.integers(0, 99)), draw(st.integers(1, 12))
    matricule = (
        f"{draw(st.sampled_from('12'))}{year:02}{month:02}{draw(departments)}"
        f"{draw(st.integers(0, 999)):03}{draw(st.integers(1, 999)):03}"
    )
    return Ins(matricule, key_of(matricule), draw(st.sampled_from(OIDS)))


identities = st.builds(
    Traits,
    birth_name=names,
    birth_given_names=given_names,
    sex=st.sampled_from("MF"),
    birth_date=st.dates(date(1900, 1, 1), date(2030, 1, 1)).map(str),
    birth_place=st.one_of(
        st.none(), st.integers(0, 999).map("{:03}".format).map("2B".__add__), st.just("99350")
    ),
    used_name=st.one_of(st.none(), _word),
    used_given_name=st.one_of(st.none(), _word),
    first_birth_given_name=st.one_of(st.none(), _word),
)
past = st.builds(
    PastIns, inses(), st.sampled_from([None, "2019-03-01"]), st.sampled_from([None, "2019-02-28"])
)
individuals = st.builds(Individual, inses(), st.lists(past, max_size=2).map(tuple), identities)
patients = st.builds(
    Patient,
    id=st.just("p1"),
    traits=identities,
    status=st.sampled_from(Status),
    ins=st.one_of(st.none(), inses()),
    attributes=st.frozensets(st.sampled_from(Attribute)),
    history=st.lists(past, max_size=3).map(tuple),
    evidence=st.one_of(st.none(), st.builds(Evidence, _word, st.just("haut"), _word, _word)),
    channel=st.sampled_from(Channel),
    uncertain_date=st.booleans(),
    proposed=st.one_of(st.none(), individuals),
    asked_at=st.one_of(st.none(), st.just("2026-03-12T09:00:00+00:00")),
    alerts=st.lists(st.builds(Alert, _word, _word), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(inses())
def test_the_key_completes_a_multiple_of_97(ins: Ins) -> None:
    digits = ins.matricule.replace("2A", "19").replace("2B", "18")
    assert (int(digits) + int(ins.key)) % 97 == 0
    assert 1 <= int(ins.key) <= 97


@settings(deadline=None)
@given(inses(), st.integers(0, 12), st.integers(1, 9))
def test_the_key_shows_any_wrong_digit(ins: Ins, at: int, shift: int) -> None:
    if ins.matricule[at].isdigit():
        wrong = str((int(ins.matricule[at]) + shift) % 10)
        mistyped = f"{ins.matricule[:at]}{wrong}{ins.matricule[at + 1 :]}"
        assert key_of(mistyped) != ins.key


@settings(deadline=None)
@given(patients)
def test_a_patient_kept_comes_back_equal(patient: Patient) -> None:
    row = SimpleNamespace(id=patient.id, **patient_row(patient))
    assert patient_of(row) == patient  # type: ignore[arg-type]


@settings(deadline=None)
@given(identities)
def test_what_is_already_written_as_rniv_wants_is_not_changed(traits: Traits) -> None:
    assert normalised(traits) == traits


@settings(deadline=None)
@given(individuals)
def test_what_insi_returns_is_read_letter_for_letter(individual: Individual) -> None:
    read = read_answer(200, _returned(individual)).individual
    expected = tuple(
        dict.fromkeys(past for past in individual.history if past.ins != individual.ins)
    )
    bare = replace(
        individual.traits, used_name=None, used_given_name=None, first_birth_given_name=None
    )
    assert read == Individual(individual.ins, expected, bare)


@settings(max_examples=15, deadline=None)
@given(identities, inses())
def test_the_identity_of_a_document_is_read_back(traits: Traits, ins: Ins) -> None:
    patient = Patient("p1", replace(traits, first_birth_given_name=None), Status.QUALIFIED, ins)
    carried = read_received(written(patient=patient).content).carried
    assert carried is not None
    assert (carried.ins.matricule, carried.ins.key) == (ins.matricule, ins.key)
    read, kept = carried.traits, patient.traits
    assert replace(read, used_name=None, used_given_name=None) == replace(
        kept, used_name=None, used_given_name=None
    )


def _returned(individual: Individual) -> bytes:
    traits = individual.traits
    place = f"<LieuNaissance>{traits.birth_place}</LieuNaissance>" if traits.birth_place else ""
    history = "".join(
        f"<INSHISTO>{_number(each.ins)}{_dates(each)}</INSHISTO>" for each in individual.history
    )
    return answer(
        "<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU>"
        f"<INSACTIF>{_number(individual.ins)}</INSACTIF>{history}<TIQ>"
        f"<NomNaissance>{traits.birth_name}</NomNaissance>"
        f"<ListePrenom>{traits.birth_given_names}</ListePrenom><Sexe>{traits.sex}</Sexe>"
        f"<DateNaissance>{traits.birth_date}</DateNaissance>{place}</TIQ></INDIVIDU>"
    )


def _number(ins: Ins) -> str:
    return (
        f"<IdIndividu><NumIdentifiant>{ins.matricule}</NumIdentifiant><Cle>{ins.key}</Cle>"
        f"</IdIndividu><OID>{ins.oid}</OID>"
    )


def _dates(each: PastIns) -> str:
    begin = f"<DateDeb>{each.begin}</DateDeb>" if each.begin else ""
    return begin + (f"<DateFin>{each.end}</DateFin>" if each.end else "")

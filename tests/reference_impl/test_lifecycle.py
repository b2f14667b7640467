from __future__ import annotations

from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from reference_impl.errors import ForbiddenGestureError
from reference_impl.identity.lifecycle import (
    TRANSITIONS,
    Event,
    after,
    require_qualified,
    require_reliable,
    with_attribute,
)
from reference_impl.people import Attribute, Ins, Patient, Status
from tests.reference_impl.house import CAMILLE, CAMILLE_INS

OTHER_INS = Ins("2850733063117", "30", "1.2.250.1.213.1.4.9")


def make_patient(status: Status) -> Patient:
    holds = status in (Status.QUALIFIED, Status.RETRIEVED)
    return Patient("p1", CAMILLE, status, CAMILLE_INS if holds else None)


def test_every_event_is_foreseen_for_every_status() -> None:
    assert set(TRANSITIONS) == set(product(Status, Event))


@pytest.mark.parametrize(
    ("status", "event", "to"),
    [
        (Status.PROVISIONAL, Event.INSI_EQUAL, Status.RETRIEVED),
        (Status.PROVISIONAL, Event.HIGH_TRUST, Status.VALIDATED),
        (Status.PROVISIONAL, Event.LOW_TRUST, Status.PROVISIONAL),
        (Status.RETRIEVED, Event.HIGH_TRUST, Status.QUALIFIED),
        (Status.VALIDATED, Event.INSI_EQUAL, Status.QUALIFIED),
        (Status.VALIDATED, Event.INSI_COMPLETING, Status.VALIDATED),
        (Status.VALIDATED, Event.INSI_ACCEPTED, Status.QUALIFIED),
        (Status.PROVISIONAL, Event.INSI_ACCEPTED, Status.RETRIEVED),
        (Status.QUALIFIED, Event.TRAIT_EDITED, Status.VALIDATED),
        (Status.RETRIEVED, Event.TRAIT_EDITED, Status.PROVISIONAL),
        (Status.QUALIFIED, Event.VERIFICATION_FAILED, Status.PROVISIONAL),
        (Status.PROVISIONAL, Event.VITALE_APP, Status.QUALIFIED),
        (Status.RETRIEVED, Event.ATTESTED, Status.QUALIFIED),
        (Status.PROVISIONAL, Event.VERIFIED, Status.RETRIEVED),
        (Status.PROVISIONAL, Event.VERIFIED_TRUSTED, Status.QUALIFIED),
        (Status.RETRIEVED, Event.VERIFICATION_FAILED, Status.PROVISIONAL),
        (Status.QUALIFIED, Event.EVIDENCE_WITHDRAWN, Status.RETRIEVED),
    ],
)
def test_transitions_of_the_sheet(status: Status, event: Event, to: Status) -> None:
    assert after(make_patient(status), event, CAMILLE_INS).status is to


def test_an_ins_replaced_goes_to_the_history_once() -> None:
    patient = make_patient(Status.QUALIFIED)
    patient = after(patient, Event.INSI_EQUAL, OTHER_INS)
    assert patient.ins == OTHER_INS
    assert [past.ins for past in patient.history] == [CAMILLE_INS]
    patient = after(patient, Event.INSI_EQUAL, OTHER_INS)
    assert [past.ins for past in patient.history] == [CAMILLE_INS]


@pytest.mark.parametrize("attribute", [Attribute.DOUBTFUL, Attribute.FICTITIOUS])
@pytest.mark.parametrize("status", list(Status))
def test_an_unreliable_identity_loses_its_ins_and_is_searched_no_more(
    status: Status, attribute: Attribute
) -> None:
    patient = with_attribute(make_patient(status), attribute, True)
    assert (patient.status, patient.ins) == (Status.PROVISIONAL, None)
    with pytest.raises(ForbiddenGestureError, match=str(attribute)):
        require_reliable(patient, "L’appel")
    require_reliable(with_attribute(patient, attribute, False), "L’appel")


def test_a_homonym_keeps_everything() -> None:
    patient = with_attribute(make_patient(Status.QUALIFIED), Attribute.HOMONYM, True)
    assert patient.qualified
    require_reliable(patient, "L’appel")


@pytest.mark.parametrize("status", [Status.PROVISIONAL, Status.RETRIEVED, Status.VALIDATED])
def test_only_a_qualified_identity_transmits_its_ins(status: Status) -> None:
    with pytest.raises(ForbiddenGestureError, match=status.value):
        require_qualified(make_patient(status), "Le dépôt")
    assert require_qualified(make_patient(Status.QUALIFIED), "Le dépôt") == CAMILLE_INS


_LOWERING = {
    Event.EVIDENCE_WITHDRAWN,
    Event.TRAIT_EDITED,
    Event.VERIFICATION_FAILED,
    Event.MADE_UNRELIABLE,
}


class IdentityMachine(RuleBasedStateMachine):
    """Whatever happens, the four statuses keep their meaning."""

    def __init__(self) -> None:
        super().__init__()
        self.patient = make_patient(Status.PROVISIONAL)

    @rule(event=st.sampled_from(Event), found=st.sampled_from([CAMILLE_INS, OTHER_INS]))
    def happens(self, event: Event, found: Ins) -> None:
        unreliable = self.patient.attributes & {Attribute.DOUBTFUL, Attribute.FICTITIOUS}
        if unreliable and event not in _LOWERING:
            return  # the gestures refuse these: require_reliable
        self.patient = after(self.patient, event, found)

    @rule(attribute=st.sampled_from(Attribute), present=st.booleans())
    def marked(self, attribute: Attribute, present: bool) -> None:
        weak = {Attribute.DOUBTFUL, Attribute.FICTITIOUS}
        if present and self.patient.attributes | {attribute} >= weak:
            with pytest.raises(ForbiddenGestureError, match="à la fois"):
                with_attribute(self.patient, attribute, present)
        else:
            self.patient = with_attribute(self.patient, attribute, present)

    @invariant()
    def an_ins_is_held_by_retrieved_and_qualified_only(self) -> None:
        holds = self.patient.status in (Status.RETRIEVED, Status.QUALIFIED)
        assert (self.patient.ins is not None) == holds

    @invariant()
    def an_unreliable_identity_is_provisional(self) -> None:
        weak = self.patient.attributes & {Attribute.DOUBTFUL, Attribute.FICTITIOUS}
        assert len(weak) < 2
        assert not weak or self.patient.status is Status.PROVISIONAL

    @invariant()
    def the_active_ins_is_not_in_its_history(self) -> None:
        assert self.patient.ins not in [past.ins for past in self.patient.history]


TestIdentityMachine = IdentityMachine.TestCase
TestIdentityMachine.settings = settings(max_examples=40, stateful_step_count=15, deadline=None)

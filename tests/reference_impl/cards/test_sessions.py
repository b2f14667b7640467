"""Finding, opening and leaving the CPS of a professional (CD-01 to CD-14 on the LGC's side)."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256, SHA384

from reference_impl.cards.errors import CardAbsentError, CardError
from reference_impl.cards.sessions import Cards
from reference_impl.cards.values import CpsCard
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError, LgcError
from reference_impl.people import Environment, Professional
from simulators.cards.cps import Cps
from simulators.cards.issue import issue
from tests.reference_impl.cards.readers import InProcess, card_of_louise, pki, places
from tests.reference_impl.house import LOUISE, ManualClock

VERIFY, READ, SELECT = 0x20, 0xB0, 0xA4
HUGO = 1
MESSAGE = b"<SignedInfo>" + bytes(700)


@dataclass
class Typed:
    """A pin pad: what the user types, and how many times he was asked."""

    says: str | None = "1234"
    asked: int = 0

    def code(self, national_id: str) -> str | None:
        self.asked += 1
        return self.says


@dataclass
class Desk:
    """Readers, a user, and the cards of one installation."""

    environment: Environment
    reader: InProcess = field(default_factory=lambda: InProcess(card=card_of_louise()))
    other: InProcess = field(default_factory=lambda: InProcess("Autre lecteur"))
    user: Typed = field(default_factory=Typed)
    clock: ManualClock = field(default_factory=ManualClock)

    def __post_init__(self) -> None:
        spots = places(InProcess("Lecteur vide"), self.other, self.reader)
        self.cards = Cards(self.environment, self.clock, spots, self.user)

    @property
    def louise(self) -> Professional:
        found = self.environment.professional(LOUISE)
        assert found is not None
        return found

    def insert(self, variant: str) -> Cps:
        """Put a variant of the card of Louise in the reader."""
        self.reader.card = card = card_of_louise(variant)
        return card

    def sign(self) -> bytes:
        return self.cards.signer(self.louise).key.sign(MESSAGE, PKCS1v15(), SHA256())

    def verifications(self) -> int:
        return self.reader.instructions().count(VERIFY)


@pytest.fixture
def desk(environment: Environment) -> Desk:
    return Desk(environment)


def refusal(desk: Desk, code: str | None = None) -> LgcError:
    with pytest.raises(LgcError) as refused:
        desk.cards.read(LOUISE, code)
    return refused.value


def test_the_card_is_read_whole(desk: Desk) -> None:
    view = desk.cards.read(LOUISE)
    card = view.card
    assert isinstance(card, CpsCard)
    assert (card.family, card.issuer, card.kind, card.test) == ("CPS3", "8025000001", "CPS", True)
    assert (card.national_id, card.family_name, card.given_name) == (
        LOUISE,
        "TESTMEDECIN",
        "LOUISE",
    )
    assert (card.profession, card.speciality) == ("10", "SM54")
    assert card.number == desk.reader.card.serial
    (situation,) = card.situations
    assert (situation.structure_id, situation.sector) == ("1330999004", "SA07")
    assert (situation.billing_id, situation.mode) == ("331999011", "00")
    assert (view.situation, view.tries_left) == (1, 3)


@pytest.mark.parametrize("slot", ["reader", "other"])
def test_the_card_is_found_in_any_reader_beside_that_of_another(desk: Desk, slot: str) -> None:
    hugo = issue(pki(), pki().world.professionals[HUGO])
    desk.reader.card = desk.other.card = hugo
    getattr(desk, slot).card = card_of_louise()
    assert desk.cards.read(LOUISE).card.national_id == LOUISE


def test_both_families_sign_what_their_certificate_verifies(desk: Desk) -> None:
    families = set()
    for who in pki().world.professionals:
        desk.reader.card = issue(pki(), who)
        professional = replace(desk.louise, national_id=who.national_id)
        signer = desk.cards.signer(professional)
        signature = signer.key.sign(MESSAGE, PKCS1v15(), SHA256())
        signer.certificate.public_key().verify(signature, MESSAGE, PKCS1v15(), SHA256())
        expected = pki().credential(f"cps-{who.national_id}-sign").certificate
        assert signer.certificate == expected
        families.add(desk.cards.read(who.national_id).card.family)
    assert families == {"CPS3", "CPS4"}


def test_the_code_is_asked_once_for_many_signatures_of_few_commands(desk: Desk) -> None:
    desk.sign()
    opened = len(desk.reader.sent)
    for _ in range(5):
        desk.sign()
    assert (desk.user.asked, desk.verifications()) == (1, 1)
    assert len(desk.reader.sent) - opened == 5 * 4


def test_nothing_is_sent_to_a_card_at_rest(desk: Desk) -> None:
    desk.sign()
    sent = len(desk.reader.sent)
    desk.cards.professional(desk.louise)
    desk.cards.signer(desk.louise)
    assert len(desk.reader.sent) == sent


def test_the_card_signs_in_no_other_way_and_never_shows_its_key(desk: Desk) -> None:
    key = desk.cards.signer(desk.louise).key
    assert key.key_size == key.public_key().key_size == 2048
    with pytest.raises(NotImplementedError):
        key.sign(MESSAGE, PKCS1v15(), SHA384())
    with pytest.raises(NotImplementedError, match="reste dans la carte"):
        key.private_numbers()


def test_the_code_is_kept_in_no_attribute_and_no_log(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    code = "80573142"
    with caplog.at_level(logging.DEBUG):
        desk.cards.unblock(LOUISE, "12345678", code)
        desk.cards.read(LOUISE, code)
    session = desk.cards._sessions[LOUISE]
    # The reader of these tests remembers the commands: that is its job.
    chip = {name: value for name, value in vars(session._chip).items() if name != "_connection"}
    seen = repr([vars(desk.cards), vars(session) | {"_chip": None}, chip])
    assert session.card.number in seen
    assert code not in seen
    assert code not in caplog.text


# Cards that are refused


@pytest.mark.parametrize(
    ("variant", "code"),
    [
        ("expiree", "CARTE_EXPIREE"),
        ("certificat-expire", "CARTE_EXPIREE"),
        ("pas-encore-valide", "CARTE_PAS_ENCORE_VALIDE"),
        ("actua-tronque", "CARTE_INCOHERENTE"),
        ("actua-vide", "CARTE_INCOHERENTE"),
        ("certificats-intervertis", "CARTE_INCOHERENTE"),
        ("reelle", "CARTE_REELLE"),
        ("nom-absent", "CARTE_ILLISIBLE"),
        ("info-absente", "CARTE_ILLISIBLE"),
        ("tlv-vide", "CARTE_ILLISIBLE"),
        ("longueur-fausse", "CARTE_ILLISIBLE"),
        ("numero-court", "CARTE_ILLISIBLE"),
        ("sans-contact", "CARTE_SANS_CONTACT"),
        ("code-bloque", "CARTE_BLOQUEE"),
    ],
)
def test_a_card_that_may_not_serve_is_refused_before_its_code(
    desk: Desk, variant: str, code: str
) -> None:
    desk.insert(variant)
    assert refusal(desk).code == code
    assert desk.verifications() == 0


def test_a_test_card_is_refused_in_production(desk: Desk) -> None:
    production = Desk(replace(desk.environment, production=True))
    assert refusal(production).code == "CARTE_DE_TEST"
    production.insert("reelle")
    assert production.cards.read(LOUISE).card.test is False


def test_a_card_without_ef_actua_is_good(desk: Desk) -> None:
    desk.insert("actua-absent")
    assert desk.cards.read(LOUISE).card.national_id == LOUISE


def test_the_clock_of_the_lgc_decides_of_the_dates(desk: Desk) -> None:
    desk.clock.instant = datetime(2031, 1, 1, tzinfo=UTC)
    assert refusal(desk).code == "CARTE_EXPIREE"


def test_long_values_and_accents_are_read_whole(desk: Desk) -> None:
    desk.insert("valeurs-longues")
    card = desk.cards.read(LOUISE).card
    assert len(card.family_name) == 27
    assert card.given_name.endswith("JOSÉPHINE")
    assert card.situations[0].structure_name == "MAISON DE SANTÉ PLURIPROFESSIONNELLE ÉTÉ"


def test_another_card_in_the_reader_is_no_card_of_louise(desk: Desk) -> None:
    desk.reader.card = issue(pki(), pki().world.professionals[HUGO])
    error = refusal(desk)
    assert (error.code, error.http_status) == ("CARTE_ABSENTE", 409)
    assert desk.verifications() == 0


def test_a_silent_or_foreign_chip_is_no_cps(desk: Desk) -> None:
    desk.reader.card.getATR = lambda: bytes.fromhex("3B6500002063CB6800")  # type: ignore[union-attr]
    assert refusal(desk).code == "CARTE_ABSENTE"


@pytest.mark.parametrize("sw", ["6982", "6985", "6A88", "6F00"])
def test_a_refused_signature_ends_the_session_and_is_not_tried_again(desk: Desk, sw: str) -> None:
    desk.sign()
    desk.reader.before = lambda c: bytes.fromhex(sw) if c[1:4] == b"\x2a\x9e\x9a" else None
    with pytest.raises(CardError, match=sw):
        desk.sign()
    assert desk.reader.instructions().count(0x2A) == 4
    desk.reader.before = lambda _command: None
    desk.sign()
    assert desk.user.asked == 2


# The code porteur


def test_a_wrong_code_tells_what_is_left_and_is_not_tried_again(desk: Desk) -> None:
    desk.user.says = "9999"
    error = refusal(desk)
    assert (error.code, error.message) == (
        "CODE_FAUX",
        "Le code porteur est faux. Il reste 2 essais.",
    )
    for _ in range(3):
        assert refusal(desk).code == "CODE_A_TAPER"
    assert desk.verifications() == 1
    desk.cards.read(LOUISE, "1234")
    assert desk.verifications() == 2


def test_the_last_try_is_left_to_who_types(desk: Desk) -> None:
    desk.insert("essai-unique")
    error = refusal(desk)
    assert (error.code, desk.verifications()) == ("CODE_A_TAPER", 0)
    assert "il reste 1 essai" in error.message
    assert desk.cards.read(LOUISE, "1234").tries_left == 3


@pytest.mark.parametrize("code", ["", "123", "123456789", "12a4", "１２３４"])
def test_a_code_that_is_none_costs_no_try(desk: Desk, code: str) -> None:
    with pytest.raises(InvalidRequestError):
        desk.cards.read(LOUISE, code)
    assert desk.verifications() == 0


def test_nobody_types_without_a_pin_pad_that_knows(desk: Desk) -> None:
    desk.user.says = None
    assert refusal(desk).code == "CODE_A_TAPER"


def test_three_wrong_codes_block_and_the_unblocking_code_helps(desk: Desk) -> None:
    told = [refusal(desk, "9999").message for _ in range(3)]
    assert [message[-9:] for message in told[:2]] == ["2 essais.", "e 1 essai."[-9:]]
    assert refusal(desk).code == "CARTE_BLOQUEE"
    assert "déblocage" in told[2]
    assert desk.verifications() == 3
    assert desk.cards.unblock(LOUISE, "12345678", "4321").tries_left == 3
    assert desk.cards.read(LOUISE, "4321").card.situations


def test_a_wrong_unblocking_code_is_told_until_the_card_is_dead(desk: Desk) -> None:
    desk.insert("code-bloque")
    codes = []
    for _ in range(3):
        with pytest.raises(CardError) as refused:
            desk.cards.unblock(LOUISE, "00000000", "4321")
        codes.append(refused.value.code)
    assert codes == ["CODE_DEBLOCAGE_FAUX", "CODE_DEBLOCAGE_FAUX", "CARTE_INUTILISABLE"]


def test_a_typed_code_opens_another_session(desk: Desk) -> None:
    desk.cards.read(LOUISE)
    assert refusal(desk, "9999").code == "CODE_FAUX"
    assert LOUISE not in desk.cards._sessions


# Situations d'exercice


def test_the_only_situation_is_taken_by_itself(desk: Desk) -> None:
    holder = desk.cards.professional(replace(desk.louise, billing_id="", speciality="SM54"))
    assert (holder.structure.structure_id, holder.structure.sector) == ("1330999004", "SA07")
    assert (holder.structure.finess, holder.billing_id) == ("330999004", "331999011")


def test_among_several_the_user_chooses_for_the_session(desk: Desk) -> None:
    desk.insert("situations-eparses")
    view = desk.cards.read(LOUISE)
    assert [s.number for s in view.card.situations] == [1, 4, 9]
    assert view.situation is None
    with pytest.raises(CardError) as refused:
        desk.cards.professional(desk.louise)
    assert refused.value.code == "SITUATION_A_CHOISIR"
    assert desk.cards.choose(LOUISE, 9).situation == 9
    holder = desk.cards.professional(desk.louise)
    assert (holder.structure.sector, holder.billing_id) == ("SA08", "331999698")
    desk.cards.close(LOUISE)
    assert desk.cards.read(LOUISE).situation is None


def test_a_situation_that_the_card_has_not_cannot_be_chosen(desk: Desk) -> None:
    with pytest.raises(CardError) as refused:
        desk.cards.choose(LOUISE, 2)
    assert refused.value.code == "SITUATION_INCONNUE"


def test_sixteen_situations_are_read(desk: Desk) -> None:
    desk.insert("seize-situations")
    numbers = [s.number for s in desk.cards.read(LOUISE).card.situations]
    assert numbers == list(range(1, 17))


def test_without_situation_the_card_is_read_and_the_calls_are_not_made(desk: Desk) -> None:
    desk.insert("sans-situation")
    assert desk.cards.read(LOUISE).card.situations == ()
    with pytest.raises(CardError) as refused:
        desk.cards.professional(desk.louise)
    assert refused.value.code == "SITUATION_ABSENTE"


def test_a_remplacant_is_recognised(desk: Desk) -> None:
    desk.insert("remplacant")
    assert [s.substitute for s in desk.cards.read(LOUISE).card.situations] == [True]


def test_a_cpe_neither_deposits_nor_consults(desk: Desk) -> None:
    desk.cards.require_full_rights(desk.louise)
    desk.cards.close(LOUISE)
    desk.insert("cpe")
    assert desk.cards.read(LOUISE).card.kind == "CPE"
    with pytest.raises(ForbiddenGestureError) as refused:
        desk.cards.require_full_rights(desk.louise)
    assert refused.value.code == "CARTE_SANS_DROIT"


# Cards that leave


def test_a_card_taken_out_closes_its_session_and_what_it_protects(desk: Desk) -> None:
    signer = desk.cards.signer(desk.louise)
    session = desk.cards._sessions[LOUISE]
    desk.reader.card = None
    assert refusal(desk).code == "CARTE_ABSENTE"
    assert session.card.situations == ()
    with pytest.raises(CardAbsentError):
        signer.key.sign(MESSAGE, PKCS1v15(), SHA256())


def test_a_card_taken_out_while_it_signs(desk: Desk) -> None:
    desk.sign()

    def taken_out(command: bytes) -> None:
        if command[1:4] == b"\x2a\x9e\x9a":
            desk.reader.card = None

    desk.reader.before = taken_out
    with pytest.raises(CardAbsentError, match="retirée"):
        desk.sign()
    assert not desk.cards._sessions[LOUISE].alive()


def test_a_card_put_back_asks_for_its_code_again(desk: Desk) -> None:
    desk.sign()
    card, desk.reader.card = desk.reader.card, None
    assert refusal(desk).code == "CARTE_ABSENTE"
    desk.reader.card = card
    desk.sign()
    assert (desk.user.asked, desk.verifications()) == (2, 2)


def test_a_swapped_card_is_never_taken_for_the_one_before(desk: Desk) -> None:
    desk.sign()
    desk.reader.card = issue(pki(), pki().world.professionals[HUGO])
    with pytest.raises(CardAbsentError):
        desk.sign()
    found = desk.cards.read(None)
    assert found.card.national_id == pki().world.professionals[HUGO].national_id


def test_a_closed_session_is_opened_again_on_demand(desk: Desk) -> None:
    desk.sign()
    closed = desk.cards.close(LOUISE)
    assert closed.card.number == desk.reader.card.serial
    assert LOUISE not in desk.cards._sessions
    desk.sign()
    assert desk.user.asked == 2


def test_closing_a_card_that_was_not_open_shows_its_public_part(desk: Desk) -> None:
    assert desk.cards.close(LOUISE).card.situations == ()
    assert desk.user.asked == 0


def test_many_threads_share_a_card(desk: Desk) -> None:
    public = desk.cards.signer(desk.louise).certificate.public_key()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            for _ in range(3):
                public.verify(desk.sign(), MESSAGE, PKCS1v15(), SHA256())
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert desk.verifications() == 1

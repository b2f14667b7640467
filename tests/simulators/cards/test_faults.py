"""Faults of an instant (fact sheet ``cards.md`` §12), each met on the wire and journaled."""

from __future__ import annotations

import hashlib
import time

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, utils

from rules.exchange import Exchange, Outcome
from simulators.cards import faults
from simulators.platform import Platform
from simulators.testing import exchanges
from tests.simulators.cards.reader_side import CPS_READER, LOUISE, SELECT_MF, ReaderSide

READ_SERIAL = "00B09C00 0C"
CODE = "00200001 04 31323334"
APPLICATION = "00A4090C 04 3F000001"
AUTHENTICATION = "002241A4 06 800102 840102"
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def last(platform: Platform, operation: str) -> Exchange:
    return [e for e in exchanges(platform, "cards") if e.operation == operation][-1]


def add(platform: Platform, operation: str | None, name: str, **options: object) -> None:
    platform.kernel.faults.add("cards", operation, fault=name, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(faults.REFUSALS))
def test_a_card_answers_the_status_word_asked_for_once(platform: Platform, name: str) -> None:
    add(platform, "SELECT", name)
    with ReaderSide(platform) as reader:
        reader.power_on()
        assert reader.ask(SELECT_MF) == faults.REFUSALS[name]
        assert reader.ask(SELECT_MF) == b"\x90\x00"
    spoilt = next(e for e in exchanges(platform, "cards") if e.operation == "SELECT")
    assert (spoilt.fault, spoilt.outcome) == (name, Outcome.REFUSED)
    assert spoilt.error_code == name.removeprefix("sw-").upper()


def test_a_refused_code_costs_no_try(platform: Platform) -> None:
    add(platform, "VERIFY", "sw-6f00")
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask("00200001 04 39393939") == b"\x6f\x00"
        assert reader.ask("00200001") == b"\x63\xc3"


def test_power_is_lost_during_a_signature(platform: Platform) -> None:
    add(platform, "INTERNAL AUTHENTICATE", faults.POWER_LOSS)
    with ReaderSide(platform) as reader:
        assert authenticate(reader, b"message") == b""
    told = exchanges(platform, "cards")
    spoilt = last(platform, "INTERNAL AUTHENTICATE")
    assert (spoilt.outcome, spoilt.fault) == (Outcome.UNANSWERED, faults.POWER_LOSS)
    assert told[-1].operation == "mise hors tension"
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask("00200001") == b"\x63\xc3"


def test_an_answer_comes_drop_by_drop(platform: Platform) -> None:
    add(platform, "READ BINARY", faults.STORM)
    with ReaderSide(platform) as reader:
        reader.power_on().ask("00A4090C 04 3F00D003")
        assert reader.ask(READ_SERIAL) == b"\x61\x01"
        assert reader.ask("00C0000001") == b"\x5a\x61\x01"
        rest = reader.read("00C0000001")
    assert rest[-2:] == b"\x90\x00"
    assert len(rest) - 2 == 11
    drops = [e for e in exchanges(platform, "cards") if e.operation == "GET RESPONSE"]
    assert len(drops) == 12
    assert {e.fault for e in drops[:-1]} == {faults.STORM}


def test_another_command_ends_the_drops(platform: Platform) -> None:
    add(platform, "READ BINARY", faults.STORM)
    with ReaderSide(platform) as reader:
        reader.power_on().ask(READ_SERIAL)
        assert reader.ask(SELECT_MF) == b"\x90\x00"
        assert reader.ask("00C0000001") != b"\x5a\x61\x01"


def test_a_slow_card_takes_the_time_asked_for(platform: Platform) -> None:
    add(platform, "SELECT", "lent", delay=0.2)
    with ReaderSide(platform) as reader:
        reader.power_on()
        began = time.monotonic()
        assert reader.ask(SELECT_MF) == b"\x90\x00"
        assert time.monotonic() - began >= 0.2


def test_a_mute_card_holds_the_line(platform: Platform) -> None:
    add(platform, "SELECT", "muet")
    with ReaderSide(platform, timeout=0.3) as reader:
        reader.power_on()
        with pytest.raises(TimeoutError):
            reader.ask(SELECT_MF)
    assert last(platform, "SELECT").outcome is Outcome.UNANSWERED


@pytest.mark.parametrize(("name", "done"), [("couper", False), ("couper-apres-traitement", True)])
def test_a_cut_line_says_nothing(platform: Platform, name: str, *, done: bool) -> None:
    add(platform, "VERIFY", name)
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask("00200001 04 39393939") == b""
    left = platform.state()["cards"]["cartes"][f"cps-{LOUISE}"]["essais_porteur"]
    assert left == (2 if done else 3)


def test_a_refused_connection_is_reset(platform: Platform) -> None:
    add(platform, None, "refuser")
    with pytest.raises(ConnectionError):
        knock(platform)
    with ReaderSide(platform) as reader:
        assert reader.atr()


def knock(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        if not reader.atr():
            raise ConnectionResetError


@pytest.mark.parametrize(
    ("name", "left"),
    [
        (faults.WITHDRAWN, {"carte": None, "branche": True}),
        (faults.UNPLUGGED, {"carte": f"cps-{LOUISE}", "branche": False}),
    ],
)
def test_a_card_or_a_reader_goes_during_a_command(
    platform: Platform, name: str, left: object
) -> None:
    add(platform, "VERIFY", name)
    with ReaderSide(platform) as reader:
        assert reader.power_on().ask(CODE) == b""
    assert platform.state()["cards"]["lecteurs"][CPS_READER] == left
    gone = last(platform, "retrait")
    assert gone.fault == name


# Signatures over something else (F15)


def authenticate(reader: ReaderSide, message: bytes) -> bytes:
    reader.power_on()
    for command in (APPLICATION, CODE, AUTHENTICATION):
        assert reader.ask(command) == b"\x90\x00"
    info = DIGEST_INFO + hashlib.sha256(message).digest()
    return reader.read(b"\0\x88\0\0" + bytes([len(info)]) + info + b"\0")


def sign(reader: ReaderSide, message: bytes) -> bytes:
    """As CryptoLib CPS does: the card finishes the digest and keeps it (§3.4)."""
    reader.power_on()
    for command in (APPLICATION, CODE, "002241AA 03 800140"):
        assert reader.ask(command) == b"\x90\x00"
    state = bytes.fromhex("6a09e667bb67ae853c6ef372a54ff53a510e527f9b05688c1f83d9ab5be0cd19")
    data = b"\x90\x28" + state + bytes(8) + b"\x80" + bytes([len(message)]) + message
    assert reader.ask(b"\0\x2a\x90\xa0" + bytes([len(data)]) + data) == b"\x90\x00"
    assert reader.ask("002241B6 06 800142 840101") == b"\x90\x00"
    return reader.read("002A9E9A00")


def is_signed(platform: Platform, role: str, answer: bytes, message: bytes) -> bool:
    assert answer[-2:] == b"\x90\x00"
    key = platform.kernel.pki.credential(f"cps-{LOUISE}-{role}").key.public_key()
    digest = hashlib.sha256(message).digest()
    prehashed = utils.Prehashed(hashes.SHA256())
    try:
        key.verify(answer[:-2], digest, padding.PKCS1v15(), prehashed)
    except InvalidSignature:
        return False
    return True


def test_the_authentication_signs_another_digest(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        assert is_signed(platform, "auth", authenticate(reader, b"message"), b"message")
    add(platform, "INTERNAL AUTHENTICATE", faults.WRONG_DIGEST)
    with ReaderSide(platform) as reader:
        answer = authenticate(reader, b"message")
    assert len(answer) == 258
    assert not is_signed(platform, "auth", answer, b"message")


def test_the_signature_signs_another_digest(platform: Platform) -> None:
    with ReaderSide(platform) as reader:
        assert is_signed(platform, "sign", sign(reader, b"message"), b"message")
    add(platform, "SIGN", faults.WRONG_DIGEST)
    with ReaderSide(platform) as reader:
        answer = sign(reader, b"message")
    assert len(answer) == 258
    assert not is_signed(platform, "sign", answer, b"message")
    assert is_signed(platform, "sign", answer, b"messagd")


def test_faults_are_told_in_french(platform: Platform) -> None:
    known = platform.kernel.faults.known("cards")
    assert set(faults.FAULTS) <= set(known)
    assert "débranché" in known["lecteur-debranche"]
    for described in (faults.IN_SIGNATURE, faults.IN_CALL):
        assert set(described) <= set(known)

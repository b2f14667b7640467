"""The CPS4 on its logical channel, and the CPS2ter inside both generations."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from simulators.cards.issue import issue
from tests.simulators.cards.talk import pki, professional, send, status, with_data

AID = bytes.fromhex("8025000001FF0100")
PIN = "0120000104" + b"1234".hex()
WRONG = "0120000104" + b"0000".hex()
PUK = "0120000208" + b"12345678".hex()


@pytest.fixture
def card():
    made = issue(pki(), professional(1))
    made.powerUp()
    assert made.family == "CPS4"
    send(made, with_data("01A4040C", AID))
    return made


def public(kind):
    credential = pki().credential(f"cps-{professional(1).national_id}-{kind}")
    return credential.certificate.public_key()


def test_the_answer_to_reset_ends_with_its_check(card):
    atr = card.getATR()
    assert atr.hex().upper() == "3B9B188001001225006480040100009044"
    check = 0
    for octet in atr[1:]:
        check ^= octet
    assert check == 0


def test_files_are_selected_under_the_root_and_answered_at_once(card):
    assert send(card, "01A4080002D00300").hex() == "6f0e8002000c8201018302d0038a0105"
    assert send(card, "01B000000C").hex() == "5a0a8025000001" + card.serial
    assert send(card, "01A4080402000100")[:1] == b"\x6f"
    assert status(card, "01A4080C02EEEE") == 0x6A82


def test_channels_have_their_own_selection(card):
    send(card, "01A4080C02D003")
    assert status(card, "00B0000004") == 0x6986
    send(card, "00A4080C022F00")
    assert send(card, "00B0000001") == b"\x61"
    assert send(card, "01B0000001") == b"\x5a"
    assert send(card, "0070000001") == b"\x01"
    send(card, "00708001")
    assert status(card, "01B0000001") == 0x6986
    assert status(card, "02B0000001") == 0x6881
    assert status(card, "00700005") == 0x6A86


@pytest.mark.parametrize(
    "name", ["A0000001510000", "8025000001FF0002", "E828BD080F8025000001FF0010"]
)
def test_every_application_has_its_name(card, name):
    assert status(card, with_data("01A4040C", bytes.fromhex(name))) == 0x9000


@pytest.mark.parametrize(
    ("algorithm", "digest", "hash_"),
    [("0A", "sha1", hashes.SHA1()), ("28", "sha256", hashes.SHA256())],
)
def test_signatures_of_a_digest(card, algorithm, digest, hash_):
    message = b"ordonnance"
    send(card, PIN)
    send(card, f"012281B6049102{algorithm}90")
    made = send(card, with_data("012A9E9A", hashlib.new(digest, message).digest(), "00"))
    public("sign").verify(made, message, padding.PKCS1v15(), hash_)


@pytest.mark.parametrize(
    ("algorithm", "digest", "hash_"),
    [("15", "sha1", hashes.SHA1()), ("2C", "sha256", hashes.SHA256())],
)
def test_probabilistic_signatures(card, algorithm, digest, hash_):
    message = b"ordonnance"
    send(card, PIN)
    send(card, f"012281B6049102{algorithm}90")
    made = send(card, with_data("012A9E9A", hashlib.new(digest, message).digest(), "00"))
    scheme = padding.PSS(padding.MGF1(hash_), hash_.digest_size)
    public("sign").verify(made, message, scheme, hash_)
    assert status(card, with_data("012A9E9A", b"court", "00")) == 0x6A80


def test_authentication_is_a_raw_operation(card):
    message = b"defi"
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    content = info + hashlib.sha256(message).digest()
    block = b"\x00\x01" + b"\xff" * (253 - len(content)) + b"\x00" + content
    send(card, PIN)
    send(card, "012241B803830120")
    send(card, with_data("112A8086", block[:255]))
    made = send(card, with_data("012A8086", block[255:], "00"))
    public("auth").verify(made, message, padding.PKCS1v15(), hashes.SHA256())
    cryptogram = public("auth").encrypt(b"secret", padding.PKCS1v15())
    send(card, with_data("112A8086", cryptogram[:255]))
    plain = send(card, with_data("012A8086", cryptogram[255:], "00"))
    assert plain.endswith(b"\x00secret")
    assert plain[:2] == b"\x00\x02"
    send(card, with_data("112A8086", b"\xff" * 255))
    assert status(card, with_data("012A8086", b"\xff", "00")) == 0x6A80  # above the modulus


def test_the_counter_is_told_even_when_verified(card):
    assert status(card, "01200001") == 0x63C3
    send(card, PIN)
    assert status(card, "01200001") == 0x63C3
    assert [status(card, WRONG) for _ in range(3)] == [0x63C2, 0x63C1, 0x6983]
    assert status(card, "01200001") == 0x6983


def test_unblocking_then_a_new_code(card):
    for _ in range(3):
        status(card, WRONG)
    assert status(card, "012C0381") == 0x6982
    send(card, PUK)
    send(card, "012C0381")
    send(card, "0124010104" + b"4321".hex())
    send(card, "0120000104" + b"4321".hex())
    assert status(card, PIN) == 0x63C2


def test_a_code_is_not_changed_without_one(card):
    assert status(card, "0124010104" + b"4321".hex()) == 0x6982


def test_keys_ask_for_the_code_and_for_an_environment(card):
    digest = bytes(32)
    assert status(card, with_data("012A9E9A", digest, "00")) == 0x6985
    send(card, "012281B60491022890")
    assert status(card, with_data("012A9E9A", digest, "00")) == 0x6982
    assert status(card, with_data("012A8086", bytes(16), "00")) == 0x6985
    send(card, PIN)
    send(card, "012281B604910228A0")  # the authentication key signs nothing
    assert status(card, with_data("012A9E9A", digest, "00")) == 0x6985


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("012281B60491029990", 0x6A80),
        ("012281B60491022811", 0x6A88),
        ("012241B803830199", 0x6A88),
        ("012241B80283 00".replace(" ", ""), 0x6A80),
        ("0122F3B6", 0x6A86),
        ("012A0000", 0x6A86),
        ("01CB3FFF", 0x6D00),
        ("40A40000", 0x6E00),
        ("04A40000", 0x6882),
    ],
)
def test_what_makes_no_sense_has_its_status_word(card, command, sw):
    assert status(card, command) == sw


def test_power_closes_channels_and_environment(card):
    send(card, PIN)
    send(card, "012281B60491022890")
    send(card, "01A4080C02D003")
    card.reset()
    assert status(card, "01B0000004") == 0x6986
    assert status(card, with_data("012A9E9A", bytes(32), "00")) == 0x6985


@pytest.mark.parametrize("rank", [0, 1, 2])
def test_situations_are_also_in_the_cps2ter(rank):
    card = issue(pki(), professional(rank))
    more = 0x9F07 if rank != 1 else 0x9000
    assert status(card, "A0A4000002" + "4010") & 0xFF00 == more & 0xFF00
    control = send(card, "A0A4000002" + "4010" + "00")
    size = int.from_bytes(control[2:4])
    assert control.hex() == f"8505{size:04x}401004"
    assert status(card, "A0B0000010") == 0x9804
    send(card, ("01" if rank == 1 else "00") + PIN[2:])
    activity = send(card, f"A0B00000{size:02X}")
    assert activity[:1] == b"\xee"
    for identifier in ("3F00", "7F01", "4000"):
        send(card, "A0A4000002" + identifier)
    assert send(card, "A0B0000010")[:1] == b"\xe0"
    assert status(card, "A0A4000002" + "4011") == (0x9F07 if rank == 2 else 0x9404)
    assert len(professional(rank).practices) == (2 if rank == 2 else 1)


def test_the_cps2ter_has_words_of_its_own_for_codes():
    card = issue(pki(), professional(0))
    assert [status(card, "A020000104" + b"0000".hex()) for _ in range(3)] == [
        0x9804,
        0x9804,
        0x9840,
    ]
    assert status(card, "A0200001") == 0x9840
    assert status(card, "00200001") == 0x6983
    fresh = issue(pki(), professional(0))
    send(fresh, "A020000104" + b"1234".hex())
    assert status(fresh, "00200001") == 0x9000
    assert status(fresh, "A0200001") == 0x9000
    assert status(fresh, "A0A40100023F00") == 0x6A86
    assert status(fresh, "A0200501") == 0x6A86
    assert status(fresh, "A1A40000023F00") == 0x6E00

"""The CPS3: what CryptoLib and OpenSC ask of it, what it refuses, what outlives its power."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from simulators.cards.issue import issue
from simulators.cards.sha import SHA1, SHA256
from tests.simulators.cards.talk import (
    PIN,
    PUK,
    WRONG,
    pki,
    professional,
    read,
    send,
    status,
    with_data,
)

PROTECTED = "3F000001D120"
DIGEST_INFO = {
    SHA1: bytes.fromhex("3021300906052b0e03021a05000414"),
    SHA256: bytes.fromhex("3031300d060960864801650304020105000420"),
}
ENVIRONMENTS = {SHA1: ("10", "12", hashes.SHA1()), SHA256: ("40", "42", hashes.SHA256())}
CODE_COUNTER = "00CB3FFF0A4D087006BF8101 02A08000".replace(" ", "")


@pytest.fixture
def card():
    made = issue(pki(), professional(0))
    made.powerUp()
    return made


def public(kind):
    credential = pki().credential(f"cps-{professional(0).national_id}-{kind}")
    return credential.certificate.public_key()


def partial_hash(hash_, message):
    """The command CryptoLib sends: intermediate state, bit count, last block."""
    cut = (max(len(message) - 1, 0)) // 64 * 64
    begun = hash_.advance(hash_.initial, message[:cut]) + (8 * cut).to_bytes(8)
    last = message[cut:]
    return bytes((0x90, len(begun))) + begun + bytes((0x80, len(last))) + last


def test_the_session_of_cryptolib(card):
    """The trace of the fact sheet: counters, code, hash, signature, each with its selections."""
    assert status(card, "00A40904043F00D003") == 0x6115
    control = send(card, "00A40904043F00D003")
    assert control.hex() == "62138002000c8201018302d0038a01058c0303ff00"
    serial = send(card, "00B000000C")
    assert serial.hex() == "5a0a8025000001" + card.serial
    for reference in ("01", "02"):
        send(card, "00A40900023F00")
        counter = send(card, f"00CB3FFF0A4D087006BF81{reference}02A08000")
        assert bytes.fromhex("9a01039b01039c02ffff9d02ffff") in counter
    send(card, PIN)
    send(card, "00A4090C043F000001")
    send(card, "002241AA03800140")
    message = b"ordonnance" * 30
    send(card, with_data("002A90A0", partial_hash(SHA256, message)))
    send(card, "00A4090C043F000001")
    send(card, "002241B606800142840101")
    signature = send(card, "002A9E9A00")
    public("sign").verify(signature, message, padding.PKCS1v15(), hashes.SHA256())


@pytest.mark.parametrize("hash_", [SHA1, SHA256], ids=lambda one: one.name)
@pytest.mark.parametrize("size", [0, 5, 64, 65, 200])
def test_the_card_ends_a_hash_and_signs_it(card, hash_, size):
    environment, signature_environment, algorithm = ENVIRONMENTS[hash_]
    message = bytes(range(size))
    send(card, PIN)
    send(card, f"002241AA038001{environment}")
    send(card, with_data("002A90A0", partial_hash(hash_, message)))
    send(card, f"002241B6068001{signature_environment}840181")  # bit 80: OpenSC
    signature = send(card, "002A9E9A00")
    public("sign").verify(signature, message, padding.PKCS1v15(), algorithm)
    assert status(card, "002A9E9A00") == 0x6985  # the digest serves once


def test_other_ways_to_give_what_is_signed(card):
    message, algorithm = b"dispensation", hashes.SHA256()
    digest = hashlib.sha256(message).digest()
    send(card, PIN)
    for environment, data in (("42", digest), ("42", DIGEST_INFO[SHA256] + digest)):
        send(card, f"002241B6068001{environment}840101")
        signature = send(card, with_data("002A9E9A", data, "00"))
        public("sign").verify(signature, message, padding.PKCS1v15(), algorithm)
    send(card, "002241B606800102840101")
    signature = send(card, with_data("002A9E9A", DIGEST_INFO[SHA256] + digest, "00"))
    public("sign").verify(signature, message, padding.PKCS1v15(), algorithm)
    send(card, "002241AA03800140")
    for way in (with_data("002A9080", message), with_data("002A90A0", b"\x90\x20" + digest)):
        send(card, way)
        send(card, "002241B606800142840101")
        signature = send(card, "002A9E9A00")
        public("sign").verify(signature, message, padding.PKCS1v15(), algorithm)
    assert status(card, with_data("002A9E9A", digest[:-1], "00")) == 0x6A80


def test_authentication_and_deciphering(card):
    message = b"defi"
    content = DIGEST_INFO[SHA256] + hashlib.sha256(message).digest()
    send(card, PIN)
    send(card, "002241A406800102840102")
    signature = send(card, with_data("00880000", content, "00"))
    public("auth").verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    secret = b"cle de session"
    cryptogram = b"\x81" + public("auth").encrypt(secret, padding.PKCS1v15())
    send(card, "002241B80680011A840102")
    send(card, with_data("102A8086", cryptogram[:200]))
    assert send(card, with_data("002A8086", cryptogram[200:], "00")) == secret
    send(card, with_data("102A8086", cryptogram[:200]))
    assert status(card, with_data("002A8086", bytes(57), "00")) == 0x6A80


def test_each_key_does_only_what_it_is_for(card):
    send(card, PIN)
    send(card, "002241B606800142840102")
    assert status(card, with_data("002A9E9A", bytes(32), "00")) == 0x6985
    send(card, "002241A406800102840101")
    assert status(card, with_data("00880000", bytes(32), "00")) == 0x6985
    send(card, "002241B80680011A840101")
    assert status(card, with_data("002A8086", b"\x81" + bytes(32), "00")) == 0x6985


def test_nothing_private_without_the_code(card):
    send(card, with_data("00A4090C", bytes.fromhex(PROTECTED)))
    assert status(card, "00B0000010") == 0x6982
    for environment, operation in (
        ("002241B606800142840101", with_data("002A9E9A", bytes(32), "00")),
        ("002241A406800102840102", with_data("00880000", bytes(32), "00")),
        ("002241B80680011A840102", with_data("002A8086", b"\x81" + bytes(32), "00")),
    ):
        send(card, environment)
        assert status(card, operation) == 0x6982
    send(card, PIN)
    assert read(card, PROTECTED)[:1] == b"\xee"


def test_three_wrong_codes_lock_the_card(card):
    assert [status(card, WRONG) for _ in range(4)] == [0x63C2, 0x63C1, 0x6983, 0x6983]
    assert status(card, PIN) == 0x6983
    assert status(card, "00200001") == 0x6983
    assert bytes.fromhex("9b0100") in send(card, CODE_COUNTER)
    card.powerDown()
    card.powerUp()
    assert status(card, PIN) == 0x6983


def test_the_counter_is_told_without_a_try(card):
    assert status(card, "00200001") == 0x63C3
    assert status(card, "0020000100") == 0x63C3
    status(card, WRONG)
    assert status(card, "00200001") == 0x63C2
    send(card, PIN)
    assert status(card, "00200001") == 0x9000
    assert bytes.fromhex("9b0103") in send(card, CODE_COUNTER)
    send(card, "0020FF01")  # the reader closes the session of the code
    assert status(card, "00200001") == 0x63C3


@pytest.mark.parametrize(
    "unblock",
    [
        [PUK, "002C020104" + b"4321".hex()],
        ["002C00010C" + b"123456784321".hex()],
        [PUK, "002C0301", "0024010104" + b"4321".hex()],
        ["002C010108" + b"12345678".hex(), PUK, "0024010104" + b"4321".hex()],
    ],
    ids=["verify-puis-reset", "en-une-fois", "compteur-puis-code", "compteur-seul"],
)
def test_the_unblocking_code_gives_a_new_code(card, unblock):
    for _ in range(3):
        status(card, WRONG)
    for command in unblock:
        send(card, command)
    assert status(card, "00200001") == 0x63C3
    assert status(card, PIN) == 0x63C2
    send(card, "0020000104" + b"4321".hex())


def test_unblocking_asks_for_its_code_and_for_digits(card):
    new = "002C020104" + b"4321".hex()
    assert status(card, new) == 0x6982
    assert [status(card, "0020000208" + b"00000000".hex()) for _ in range(3)] == [
        0x63C2,
        0x63C1,
        0x6983,
    ]
    assert status(card, PUK) == 0x6983
    fresh = issue(pki(), professional(0))
    send(fresh, PUK)
    for wrong in (b"abcd", b"123", b"123456789"):
        assert status(fresh, with_data("002C0201", wrong)) == 0x6A80
    assert status(fresh, "002C0202") == 0x6A88
    assert status(fresh, "002C0501") == 0x6A86


@pytest.mark.parametrize("padded", [False, True])
def test_the_code_is_changed_by_its_holder(card, padded):
    def code(text):
        return text.ljust(8, b"\xff") if padded else text

    assert status(card, with_data("00240001", code(b"0000") + code(b"98765"))) == 0x63C2
    send(card, with_data("00240001", code(b"1234") + code(b"98765")))
    assert status(card, PIN) == 0x63C2
    send(card, "0020000105" + b"98765".hex())


def test_power_clears_what_was_verified_and_selected(card):
    send(card, PIN)
    send(card, with_data("00A4090C", bytes.fromhex(PROTECTED)))
    send(card, "002241B606800142840101")
    status(card, "00A40904043F00D003")  # an answer waits
    for clear in (card.reset, card.powerDown, card.powerUp):
        send(card, PIN)
        clear()
        assert status(card, "00200001") == 0x63C3
        assert status(card, "00B0000010") == 0x6986
        assert status(card, "00C0000010") == 0x6985
    send(card, PIN)
    assert status(card, with_data("002A9E9A", bytes(32), "00")) == 0x6985


def test_the_free_area_is_written_and_kept(card):
    path = bytes.fromhex("3F000001D107")
    send(card, with_data("00A4090C", path))
    send(card, with_data("00D60004", b"essai"))
    assert read(card, path.hex())[:10] == bytes(4) + b"essai" + bytes(1)
    assert status(card, with_data("00D6003E", b"xyz")) == 0x6A84
    assert status(card, with_data("00D60040", b"x")) == 0x6B00
    send(card, "00A4090C043F00D003")
    assert status(card, with_data("00D60000", b"x")) == 0x6982
    other = issue(pki(), professional(0))
    other.restore(card.state())
    assert read(other, path.hex())[4:9] == b"essai"


def test_counters_and_codes_are_restored(card):
    send(card, with_data("00240001", b"12344321"))
    status(card, WRONG)
    other = issue(pki(), professional(0))
    other.restore(card.state())
    assert status(other, "00200001") == 0x63C2
    send(other, "0020000104" + b"4321".hex())


@pytest.mark.parametrize(
    "change",
    [
        {"numero": "2800000000"},
        {"porteur": {"valeur": "abcd", "essais_restants": 3}},
        {"porteur": {"valeur": "1234", "essais_restants": 4}},
        {"deblocage": None},
        {"fichiers": {"3F00D003": "00"}},
        {"fichiers": {"3F000001D107": "zz"}},
        {"fichiers": {"3F000001D107": "00"}},
    ],
)
def test_a_state_that_is_not_this_card_s_is_refused_whole(card, change):
    before = card.state()
    with pytest.raises(ValueError, match=r"carte"):
        card.restore({**before, "porteur": {"valeur": "9999", "essais_restants": 1}, **change})
    assert card.state() == before


def test_opensc_finds_what_it_asks_for(card):
    assert send(card, "00B09C00C0")[:2].hex() == "5a0a"  # EF.SN by its short identifier
    attributes = send(card, "00A40904063F000001C010")
    assert attributes[-5:].hex() == "8c0303ff00"
    protected = send(card, with_data("00A40904", bytes.fromhex(PROTECTED)))
    assert protected[-5:].hex() == "8c0303ff11"
    folder = send(card, with_data("00A40904", bytes.fromhex("3F000001")))
    name = "840de828bd080f8025000001ff0010"
    assert folder.hex() == "621d82013883020001" + name + "8a01058c020100"
    sizes = send(card, "00CB3FFF0B4D097007BF8101037F418000")
    assert sizes.hex() == "700dbf810109" + "7f4106" + "800108810104"
    code = send(card, CODE_COUNTER)
    assert bytes.fromhex("a10a8c087f00000000ffff00") in code
    for reference, rules in (("01", "7f11ffffffffff00"), ("02", "7fff1111ffffff00")):
        key = send(card, f"00CB3FFF0A4D087006BF90{reference}02A08000")
        assert bytes.fromhex("80020100a10a8c08" + rules) in key
    assert status(card, "00CB3FFF0B4D097007BF9001037F488000") == 0x6A80
    assert status(card, "00CB3FFF0A4D087006BF810902A08000") == 0x6A88
    send(card, "0022F301")


def test_an_answer_too_long_comes_in_pieces(card):
    send(card, PIN)
    send(card, "002241A406800102840102")
    command = with_data("00880000", b"x" * 20, "00")
    assert status(card, command) == 0x6100  # 256 octets wait
    first = card.execute(bytes.fromhex("00C0000064"))
    assert first[-2:].hex() == "619c"
    rest = card.execute(bytes.fromhex("00C000009C"))
    assert rest[-2:].hex() == "9000"
    assert len(first) + len(rest) - 4 == 256


def test_a_chain_is_of_one_command(card):
    assert status(card, "102A80860481010203") == 0x9000
    assert status(card, "00A4090C043F00D003") == 0x6883
    assert status(card, "00A4090C043F00D003") == 0x9000


@pytest.mark.parametrize(
    ("command", "sw"),
    [
        ("00", 0x6700),
        ("00A40904", 0x6700),
        ("00A4090404", 0x6700),
        ("00A4090C043F00EEEE", 0x6A82),
        ("00A4070C023F00", 0x6A86),
        ("00A40902023F00", 0x6A86),
        ("00B0FF0010", 0x6A86),
        ("00B0810010", 0x6A82),
        ("00B0000010", 0x6986),
        ("0020050104", 0x6A86),
        ("0020000904" + "31323334", 0x6A88),
        ("00FF0000", 0x6D00),
        ("80A40904", 0x6E00),
        ("01A40904", 0x6E00),
        ("0CA40904", 0x6882),
        ("002241B603800199", 0x6A80),
        ("002241B606800142840109", 0x6A88),
        ("002241B602FFFF", 0x6A80),
        ("0022FFB603800142", 0x6A86),
        ("002A000000", 0x6A86),
        ("002A90A0028000", 0x6985),
        ("00CB000000", 0x6A86),
        ("00CB3FFF02FFFF", 0x6A80),
        ("0084000108", 0x6A86),
        ("00C0000108", 0x6A86),
        ("00D60000", 0x6986),
        ("002A9E9A00", 0x6985),
    ],
)
def test_what_makes_no_sense_has_its_status_word(card, command, sw):
    assert status(card, command) == sw


def test_reading_beyond_the_end(card):
    send(card, "00A4090C043F00D003")
    assert status(card, "00B0000C01") == 0x6B00
    assert send(card, "00B0000A10").hex() == card.serial[-4:]


def test_challenges_are_drawn(card):
    first, second = (send(card, "0084000010") for _ in range(2))
    assert len(first) == 16
    assert first != second


def test_the_card_that_errs_signs_something_else():
    card = issue(pki(), professional(0), "signature-fausse")
    send(card, PIN)
    send(card, "002241B606800142840101")
    message = b"ordonnance"
    signature = send(card, with_data("002A9E9A", hashlib.sha256(message).digest(), "00"))
    with pytest.raises(InvalidSignature):
        public("sign").verify(signature, message, padding.PKCS1v15(), hashes.SHA256())

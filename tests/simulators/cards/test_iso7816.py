"""Command APDUs of every case, and their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.iso7816 import Command, StatusError, instruction_name, parse

HEAD = bytes.fromhex("00A40904")


@pytest.mark.parametrize(
    ("body", "data", "le"),
    [
        ("", b"", None),
        ("0C", b"", 12),
        ("00", b"", 256),
        ("023F00", b"\x3f\x00", None),
        ("023F0000", b"\x3f\x00", 256),
        ("000000", b"", 65536),
        ("000100", b"", 256),
        ("0000023F00", b"\x3f\x00", None),
        ("0000023F000010", b"\x3f\x00", 16),
    ],
    ids=["1", "2", "2-256", "3", "4", "2-étendu-65536", "2-étendu", "3-étendu", "4-étendu"],
)
def test_each_case_is_read(body, data, le):
    assert parse(HEAD + bytes.fromhex(body)) == Command(0x00, 0xA4, 0x09, 0x04, data, le)


@pytest.mark.parametrize(
    "raw", ["", "00A409", "00A40904023F", "00A40904023F000000", "00A40904000000AA"]
)
def test_lengths_that_disagree_are_refused(raw):
    with pytest.raises(StatusError, match="6700"):
        parse(bytes.fromhex(raw))


@given(st.binary(max_size=300))
def test_reading_gives_a_command_or_a_refusal(raw):
    try:
        command = parse(raw)
    except StatusError:
        return
    assert bytes((command.cla, command.ins, command.p1, command.p2)) == raw[:4]
    assert command.data in raw
    assert command.le is None or 1 <= command.le <= 65536


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("00A40904043F00D003", "SELECT"),
        ("00B000000C", "READ BINARY"),
        ("00D60000", "UPDATE BINARY"),
        ("00CB3FFF", "GET DATA"),
        ("00C0000016", "GET RESPONSE"),
        ("00200001", "VERIFY"),
        ("002C0201", "RESET RETRY COUNTER"),
        ("00240001", "CHANGE REFERENCE DATA"),
        ("002241B6", "MANAGE SECURITY ENVIRONMENT"),
        ("002A90A0", "HASH"),
        ("002A9080", "HASH"),
        ("002A9E9A", "SIGN"),
        ("102A8086", "DECIPHER"),
        ("002A0000", "?"),
        ("00880000", "INTERNAL AUTHENTICATE"),
        ("0084000008", "GET CHALLENGE"),
        ("00FF0000", "?"),
        ("00A4", "?"),
    ],
)
def test_instructions_have_their_iso_name(raw, name):
    assert instruction_name(bytes.fromhex(raw)) == name

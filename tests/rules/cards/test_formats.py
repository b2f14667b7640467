"""Reading APDUs, TLV, data objects of a CPS and PKCS#15 directories."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.artefact import MalformedError
from rules.exchange import Message
from rules.formats import cps_data as cps
from rules.formats.apdu import ApiCall, CardCommand, CardEvent
from rules.formats.pkcs15 import read_directory
from rules.formats.tlv import TlvError, read_tlvs
from rules.judge import read
from tests.rules.cards.journal import Cps, Wire, actua, tlv

LAB = {
    "identity": "E31D8005802500000181052800811112820180830420201215840420231215",
    "info": "ED2E800100810C" + b"899700296140".hex() + "82010A8412"
    + b"MED-CS RPPS0029614".hex() + "8504" + b"SM26".hex(),
    "activity": "EE318001008301018412" + b"CABINET M TESTBANC".hex() + "850F"
    + b"499700296141008".hex() + "8604" + b"SA07".hex(),
    "billing": "E019A01780010181050123456789820301000183030000008401" + "03",
    "serial": "5A0A80250000012800811112",
}  # fmt: skip
"""Example values of the sheet (§3.3 and appendix)."""
PRKDF = (
    "304130150C0C4350535F505249565F534947030207800401013018040EE828BD080F8025000001FF0010100303"
    "060040020101A10E300C300604043F00000102020800304030150C0C4350535F505249565F4155540302078004"
    "01013017040EE828BD080F8025000001FF00102003020264020102A10E300C300604043F00000102020800"
)


def hexed(name: str) -> bytes:
    return bytes.fromhex(LAB[name])


def test_the_examples_of_the_sheet() -> None:
    identity = cps.read_identity(hexed("identity"))
    assert (identity.issuer, identity.number, identity.test) == ("8025000001", "2800811112", True)
    assert f"{identity.begins} {identity.ends}" == "2020-12-15 2023-12-15"
    info = cps.read_info(hexed("info"))
    assert (info.national_id, info.profession, info.speciality) == ("899700296140", "10", "SM26")
    situation = cps.read_situation(hexed("activity"))
    assert (situation.structure_id, situation.sector) == ("499700296141008", "SA07")
    assert not situation.substitute
    assert cps.read_billing(hexed("billing")) == (cps.BillingSituation(1, "123456789"),)
    assert cps.read_serial(hexed("serial")) == ("8025000001", "2800811112")


def test_the_bounds_of_a_card_leave_its_time_zone_open() -> None:
    summer = cps.read_validity(actua("20260701000000", "20270731235959"))
    assert summer.begins == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert summer.ends == datetime(2027, 7, 31, 23, 59, 59, tzinfo=UTC)


def test_the_private_keys_of_the_appendix() -> None:
    found = [(e.label, e.key_reference) for e in read_directory(bytes.fromhex(PRKDF))]
    assert found == [("CPS_PRIV_SIG", 1), ("CPS_PRIV_AUT", 2)]


def test_what_is_no_directory_lists_nothing() -> None:
    assert read_directory(b"\x30\x05\x01") == ()
    assert read_directory(hexed("identity")) == ()


@pytest.mark.parametrize(
    ("reader", "data", "place"),
    [
        (cps.read_identity, b"", "CPS_ID_CARD, octet 0"),
        (cps.read_identity, hexed("info"), "CPS_ID_CARD, octet 0"),
        (cps.read_identity, hexed("identity")[:-1], "CPS_ID_CARD, octet 0"),
        (cps.read_validity, b"\xec\x00", "EF_ACTUA, étiquette 81"),
        (cps.read_validity, tlv(0xEC, tlv(0x81, b"\x20\x26")), "EF_ACTUA, étiquette 81"),
        (cps.read_serial, tlv(0x5A, b"\x80\x25"), "EF.SN, octet 0"),
        (cps.read_situation, b"\xee\x82\x01", "CPS_ACTIVITY_PS, octet 1"),
    ],
)
def test_a_data_object_that_cannot_be_read(reader: object, data: bytes, place: str) -> None:
    assert callable(reader)
    with pytest.raises(MalformedError) as error:
        reader(data)
    assert error.value.finding.place == place
    assert error.value.finding.check_id.startswith("CD-")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    offsets: list[int] = []
    try:
        offsets = [each.offset for each in read_tlvs(data)]
    except TlvError as error:
        offsets = [error.offset]
    assert all(0 <= offset <= len(data) for offset in offsets)


@given(st.integers(0, 0x7F), st.binary(max_size=600))
def test_an_object_is_read_as_written(tag: int, value: bytes) -> None:
    wanted = 0x80 | (tag & 0x5E)
    [found] = read_tlvs(tlv(wanted, value))
    assert (found.tag, found.value) == (wanted, value)


def command(text: str, status: int = 0x9000) -> CardCommand:
    made = Wire().apdu(Cps.of(), text, status)
    found = read(made).first(CardCommand)
    assert found is not None
    return found


def test_commands_are_what_iso_7816_says() -> None:
    assert command("00A4090C043F00D003").data == bytes.fromhex("3F00D003")
    assert command("00B00000E7").data == b""
    assert command("00C0000000").data == b""
    assert command("002A9E9A00").signs
    assert command("112A8086020001").deciphers
    assert command("00200001").presents_code is False
    assert command("002000010431323334", 0x63C2).tries == 2
    assert command("002000010431323334", 0x6983).tries == 0
    assert command("002000010431323334").tries is None
    assert str(command("00A40000023F00")) == "00 A4 00 00"


def test_a_code_is_never_read() -> None:
    assert command("002000010431323334").data == b"****"


@pytest.mark.parametrize("cut", ["00A4", "00A4090C043F00"])
def test_a_command_cut_short(cut: str) -> None:
    reading = read(Wire().apdu(Cps.of(), cut))
    [found] = reading.problems
    assert found.check_id == "CD-14"


def test_events_and_calls_of_the_reading_api() -> None:
    wire = Wire()
    wire.insert(Cps.of())
    event = read(wire.exchanges[0]).first(CardEvent)
    assert event is not None
    assert (event.name, event.family) == ("insertion", "CPS3")
    call = wire.add(
        "cards",
        "Hn_Init",
        Message("API Hn_Init", (("Lecteur", "Banc Vitale 00"),)),
        response=Message("CODE 13"),
    )
    found = read(call).first(ApiCall)
    assert found is not None
    assert (found.function, found.code, found.reader) == ("Hn_Init", 13, "Banc Vitale 00")

"""Every file of the appendix of the fact sheet, octet for octet."""

from __future__ import annotations

import pytest

from simulators.cards.issue import issue, make_card
from simulators.cards.pkcs15 import CPS3_ALGORITHMS, card_info
from simulators.cards.tlv import objects
from tests.simulators.cards.talk import PIN, image, lab_image, pki, professional, read, send

APPENDIX = {
    "3F00D003": "5A0A80250000012800811112",
    "3F002F00": "611D4F0DE828BD080F8025000001FF0010500643505333763351043F000001",
    "3F002F01": "804301B8460404B0ECC14703940180E010020200E7020200E7020200E7020200E782029000",
    "3F0000015031": "A80A300804063F0000017001A00A300804063F0000017002A40A300804063F0000017003"
    "A70A300804063F0000017004",
    "3F0000017001": "303330120C0C436F646520706F7274657572030207803003040101A11830160302030"
    "80A01010201040201080201088001010401FF303830170C11436F6465206465206465626C6F6361676503"
    "0207803003040102A11830160302001B0A01010201080201080201088001020401FF",
    "3F0000017002": "304130150C0C4350535F505249565F534947030207800401013018040EE828BD080F80"
    "25000001FF0010100303060040020101A10E300C300604043F00000102020800304030150C0C4350535F50"
    "5249565F415554030207800401013017040EE828BD080F8025000001FF00102003020264020102A10E300C"
    "300604043F00000102020800",
}


@pytest.mark.parametrize("path", APPENDIX)
def test_files_of_the_appendix(path):
    assert read(make_card(lab_image()), path).hex().upper() == APPENDIX[path]


def test_beginnings_the_appendix_gives():
    card = make_card(lab_image())
    info = read(card, "3F0000015032").hex().upper()
    assert info.startswith(
        "308197020100040528008111120C0A415349502053414E544580114350533376332D3238303038"
        "313131313203020430A268"
    )
    assert len(info) == 2 * 0x9A
    certificates = read(card, "3F0000017003").hex().upper()
    assert certificates.startswith("303F301D0C1B4365727469666963617420646520")
    assert "A10C300A300804063F000001C010" in certificates
    data = read(card, "3F0000017004").hex().upper()
    assert data.startswith("3023300E0C084350535F44415441" + "03020640" + "30050C03435053")
    assert "A10A300804063F000001D107" in data
    protected = "30301B0C124350535F41435449564954595F30315F505303020780040101" + "3005"
    assert "30" + protected in data
    assert data.count("435053A10A3008") == 6


def test_algorithms_are_those_of_the_sheet():
    info = next(iter(objects(card_info("2800811112", "CPS3v3-2800811112", CPS3_ALGORITHMS))))
    lines = next(one for one in objects(info.value) if one.tag == 0xA2)
    told = [[part.value.hex() for part in objects(line.value)] for line in objects(lines.value)]
    assert told == [
        ["01", "0220", "", "0102", "10"],
        ["02", "0250", "", "0102", "40"],
        ["03", "01", "", "0640", "02"],
        ["04", "06", "", "0640", "12"],
        ["05", "40", "", "0640", "42"],
        ["06", "01", "", "0204", "1a"],
    ]


def test_every_path_of_the_directories_leads_to_a_file():
    card = issue(pki(), professional(2))
    send(card, PIN)
    paths = [one.value.hex().upper() for one in walk(read(card, "3F0000015031"))]
    assert paths == ["3F0000017001", "3F0000017002", "3F0000017003", "3F0000017004"]
    found = {}
    for directory in paths[2:]:
        for entry in objects(read(card, directory)):
            label = next(one.value.decode() for one in walk(entry.value, 0x0C))
            path = [one.value.hex() for one in walk(entry.value) if one.value[:2] == b"\x3f\x00"]
            found[label] = read(card, path[-1])
    assert found["Certificat de Signature CPS"] == image(2).sign.der
    assert found["Certificat d'Authentification CPS"] == image(2).auth.der
    assert {label for label in found if label.startswith("CPS_ACTIVITY")} == {
        "CPS_ACTIVITY_01_PS",
        "CPS_ACTIVITY_02_PS",
    }
    assert all(found.values())


def walk(content, tag=0x04):
    for one in objects(content):
        if one.tag == tag:
            yield one
        elif one.constructed:
            yield from walk(one.value, tag)

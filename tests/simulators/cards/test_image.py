"""The card of a professional, from its image to a document and back."""

from __future__ import annotations

import json

import pytest
from cryptography import x509

from simulators.cards.image_file import FORMAT, read_image, write_image
from simulators.cards.issue import image_of, issue
from simulators.pki import KeyCache, Pki
from tests.simulators.cards.talk import PIN, WRONG, image, pki, professional, read, send, status


@pytest.mark.parametrize(("rank", "family"), [(0, "CPS3"), (1, "CPS4"), (2, "CPS3")])
def test_the_card_is_that_of_its_certificates(rank, family):
    made = image(rank)
    for credential in (made.sign, made.auth):
        oid = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")
        written = credential.certificate.extensions.get_extension_for_oid(oid).value.value
        assert written[2:] == f"8025000001/{made.number}".encode()
    assert made.family == family
    assert (made.kind, made.category) == ("CPS", 0x80)
    assert made.begins.year == pki().year - 1
    assert (made.ends.year, made.ends.month, made.ends.day) == (pki().year + 2, 12, 31)
    assert len(made.situations) == len(professional(rank).practices)
    assert made.token_label.startswith({"CPS3": "CPS3v3-28", "CPS4": "CPS4v1-28"}[family])


def test_the_number_changes_with_the_keys(tmp_path):
    again = Pki(seed=1, world=pki().world)
    assert image_of(again, professional(0)).number == image(0).number
    other = Pki(seed=1, cache=KeyCache(tmp_path), world=pki().world)
    number = image_of(other, professional(0)).number
    assert number[:8] != image(0).number[:8]
    assert Pki(seed=2).card_number(professional(0)) != image(0).number


def test_the_second_situation_is_elsewhere():
    first, second = image(2).situations
    assert (first.number, second.number) == (1, 2)
    assert first.structure_id != second.structure_id
    assert (second.mode, second.sector) == (1, "SA05")


@pytest.mark.parametrize("rank", [0, 1])
def test_a_card_is_written_and_read_back_whole(rank):
    card = issue(pki(), professional(rank))
    cla = "01" if rank else "00"
    status(card, cla + WRONG[2:])
    document = json.loads(json.dumps(write_image(card)))
    again = read_image(document)
    assert write_image(again) == write_image(card)
    assert again.serial == card.serial
    assert again.getATR() == card.getATR()
    assert status(again, cla + "200001") == 0x63C2
    send(again, cla + PIN[2:])


def test_the_card_read_back_is_another_one():
    card = issue(pki(), professional(0))
    again = read_image(write_image(card))
    status(again, WRONG)
    assert status(card, "00200001") == 0x63C3
    assert read(again, "3F000001C010") == image(0).sign.der


@pytest.mark.parametrize(
    "change",
    [
        {"format": "autre"},
        {"famille": "CPS9"},
        {"atr": "zz"},
        {"cles": {"01": {"usages": ["signature"], "pem": "rien"}}},
        {"cles": {"01": {"usages": ["danser"], "pem": "rien"}}},
        {"fichiers": {}},
        {"fichiers": {"3F00D003": {"contenu": "", "lecture": "toujours", "ecriture": "jamais"}}},
        {"codes": {"porteur": {}}},
        {"cps2ter": []},
    ],
)
def test_a_document_that_is_no_card_is_said_in_french(change):
    document = write_image(issue(pki(), professional(0)))
    with pytest.raises(ValueError, match=r"image de carte|Image de carte illisible"):
        read_image({**document, **change})
    assert document["format"] == FORMAT

"""Each variant differs from the conformant card by what its name says."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from simulators.cards import layout
from simulators.cards.issue import issue, make_card
from simulators.cards.tlv import objects
from simulators.cards.variants import VARIANTS, varied
from simulators.pki.revocation import revocation_list
from tests.simulators.cards.talk import PIN, image, lab_image, pki, professional, read, send, status

NOW = datetime(pki().year, 6, 1, tzinfo=UTC)


def card(name, rank=0):
    return issue(pki(), professional(rank), name)


def content(name, label):
    made = card(name)
    send(made, PIN)
    return read(made, layout.path_of(label).hex())


def fields(octets):
    (template,) = objects(octets)
    return {one.tag: one.value for one in objects(template.value)}


@pytest.mark.parametrize("rank", [0, 1], ids=["CPS3", "CPS4"])
@pytest.mark.parametrize("name", VARIANTS)
def test_every_variant_makes_a_card_that_answers(name, rank):
    made = card(name, rank)
    cla = "01" if rank else "00"
    assert made.serial == image(rank).number
    assert send(made, cla + "A40000023F0000")[0] == (0x6F if rank else 0x62)
    locked = name in {"code-bloque", "carte-morte"}
    assert status(made, cla + PIN[2:]) == (0x6983 if locked else 0x9000)
    description = VARIANTS[name][0]
    assert description
    assert not description.endswith(".")


def test_no_variant_but_the_conformant_is_the_conformant_card():
    plain = varied(image(), "conforme")
    assert plain == image()
    assert [name for name in VARIANTS if varied(image(2), name) == image(2)] == ["conforme"]


def test_an_unknown_variant_is_said_in_french():
    with pytest.raises(ValueError, match=r"« perdue » n'est pas une variante.*expiree"):
        varied(image(), "perdue")
    with pytest.raises(ValueError, match="campagne"):
        varied(lab_image(), "certificat-expire")


@pytest.mark.parametrize(
    ("name", "begun", "ended"),
    [("conforme", True, False), ("expiree", True, True), ("pas-encore-valide", False, False)],
)
def test_dates_of_the_card(name, begun, ended):
    identity = fields(content(name, "CPS_ID_CARD"))
    actua = fields(content(name, "EF_ACTUA"))
    today = f"{NOW:%Y%m%d}"
    for begins, ends in (
        (identity[0x83].hex(), identity[0x84].hex()),
        (actua[0x81].hex()[:8], actua[0x82].hex()[:8]),
    ):
        assert (begins <= today) is begun
        assert (ends < today) is ended


def test_validity_file_cut_empty_or_absent():
    with pytest.raises(ValueError, match="annonce"):
        fields(content("actua-tronque", "EF_ACTUA"))
    assert content("actua-vide", "EF_ACTUA") == b""
    assert status(card("actua-absent"), "00A4090C043F00D010") == 0x6A82


def test_certificates():
    plain = image()

    def certificate(name):
        made = x509.load_der_x509_certificate(content(name, "CERT_SIG"))
        assert made.public_key() == plain.sign.certificate.public_key()
        return made

    assert certificate("certificat-expire").not_valid_after_utc < NOW
    assert "ETRANGERE" in certificate("certificat-autre-ac").issuer.rfc4514_string()
    assert "ELEMENTAIRE" in certificate("certificat-autre-gamme").issuer.rfc4514_string()
    revoked = certificate("certificat-revoque").serial_number
    crl = revocation_list(pki(), "personnes")
    assert crl.get_revoked_certificate_by_serial_number(revoked) is not None
    purposes = certificate("certificat-mauvais-usage").extensions.get_extension_for_class(
        x509.ExtendedKeyUsage
    )
    assert set(purposes.value) == {ExtendedKeyUsageOID.CODE_SIGNING}
    assert content("certificats-intervertis", "CERT_SIG") == plain.auth.der


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("sans-situation", []),
        ("situation-unique", [1]),
        ("situations-eparses", [1, 4, 9]),
        ("seize-situations", [*range(1, 17)]),
    ],
)
def test_situations(name, numbers):
    made = card(name, rank=2)
    send(made, PIN)
    found = [
        number
        for number in range(1, 17)
        if status(made, f"00A4090C063F000001D1{0x1F + number:02X}") == 0x9000
    ]
    assert found == numbers
    structures = {fields(read(made, f"3F000001D1{0x1F + number:02X}"))[0x85] for number in numbers}
    assert len(structures) == len(numbers)


def test_a_substitute_says_so_in_every_situation():
    assert {one.mode for one in varied(image(2), "remplacant").situations} == {0x04}


@pytest.mark.parametrize(("name", "kind"), [("cpf", 1), ("cpe", 2), ("cpa", 3)])
def test_types_of_card(name, kind):
    made = x509.load_der_x509_certificate(content(name, "CERT_SIG"))
    oid = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")
    assert made.extensions.get_extension_for_oid(oid).value.value == bytes((2, 1, kind))
    names = made.subject.get_attributes_for_oid(x509.NameOID.SURNAME)
    assert bool(names) is (name != "cpe")
    if name == "cpe":
        (common,) = made.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        assert "/" in common.value


def test_a_real_card_is_real_on_card_and_certificate():
    assert fields(content("reelle", "CPS_ID_CARD"))[0x82] == b"\x00"
    made = x509.load_der_x509_certificate(content("reelle", "CERT_SIG"))
    oid = x509.ObjectIdentifier("1.2.250.1.71.1.2.5")
    assert made.extensions.get_extension_for_oid(oid).value.value == b"\x04\x01\x00"


def test_objects_missing_empty_or_cut():
    assert status(card("nom-absent"), "00A4090C063F000001D102") == 0x6A82
    assert b"CPS_NAME_PS" not in read(card("nom-absent"), "3F0000017004")
    assert b"CPS_INFO_PS" not in read(card("info-absente"), "3F0000017004")
    assert content("tlv-vide", "CPS_INFO_PS") == b"\xed\x00"
    with pytest.raises(ValueError, match="annonce"):
        fields(content("longueur-fausse", "CPS_NAME_PS"))


def test_codes_of_no_table():
    assert fields(content("profession-inconnue", "CPS_INFO_PS"))[0x82] == b"\xef"
    assert fields(content("specialite-inconnue", "CPS_INFO_PS"))[0x85] == b"ZZ99"


def test_long_and_accented_values():
    name = content("valeurs-longues", "CPS_NAME_PS")
    assert name[1] == 0x81
    assert len(fields(name)[0x81]) == 27
    assert "É".encode("latin-1") in name


def test_codes_almost_or_wholly_locked():
    assert status(card("essai-unique"), "00200001") == 0x63C1
    assert status(card("code-bloque"), "00200001") == 0x6983
    assert status(card("code-bloque"), "00200002") == 0x63C3
    assert status(card("carte-morte"), "00200002") == 0x6983


def test_numbers_labels_and_answers_to_reset():
    assert len(content("numero-court", "EF.SN")) == 11
    assert card("sans-contact").getATR()[:2] == b"\x3b\x8f"
    assert card("autre-atr").getATR() != card("conforme").getATR()
    assert card("autre-atr", rank=1).getATR()[-1] == card("conforme", rank=1).getATR()[-1]
    assert b"CPS9v9-" in content("etiquette-changee", "CIAInfo")


def test_variants_show_in_the_validity_file():
    """What makes CryptoLib drop the files it keeps of the same number."""
    images = [varied(image(), name) for name in ("conforme", "certificat-expire", "remplacant")]
    stamps = [read(make_card(one), "3F00D010") for one in images]
    assert len({*stamps}) == 3

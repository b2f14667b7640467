"""Reading the signature certificate of a card."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from reference_impl.dmp.credentials import load_signer
from reference_impl.errors import ConfigurationError
from tests.reference_impl.story import card


def test_the_holder_and_its_authority():
    signer = load_signer(card())
    assert signer.subject == "GIVENNAME=LOUISE+SURNAME=TESTMEDECIN+CN=810999990012,T=Médecin,C=FR"
    assert [i.subject.rfc4514_string() for i in signer.issuers] == ["CN=AC ESSAI,C=FR"]


def test_a_certificate_renewed_in_place_is_read_again(tmp_path):
    copied = replace(card(), cert_path=tmp_path / "c.pem", key_path=tmp_path / "k.pem")
    shutil.copy(card().cert_path, copied.cert_path)
    shutil.copy(card().key_path, copied.key_path)
    assert load_signer(copied) is load_signer(copied)
    copied.cert_path.write_bytes(card().chain_path.read_bytes())
    assert load_signer(copied).subject == "CN=AC ESSAI,C=FR"


@pytest.mark.parametrize("content", [b"", b"rien", b"-----BEGIN CERTIFICATE-----\n"])
def test_an_unreadable_card_is_told_by_its_name(tmp_path, content):
    broken = tmp_path / "c.pem"
    broken.write_bytes(content)
    with pytest.raises(ConfigurationError, match="cps-810999990012-sign"):
        load_signer(replace(card(), cert_path=broken))
    with pytest.raises(ConfigurationError, match="cps-810999990012-sign"):
        load_signer(replace(card(), key_path=tmp_path / "absent.pem"))

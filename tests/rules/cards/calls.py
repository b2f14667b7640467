"""Calls signed by a card, on the other wires, and what the card saw of them.

The DMP deposit is the golden one; INSi searches are those of the tests of INSi.
"""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from rules.checks.card_assertions import CARD_TYPE
from rules.exchange import Exchange
from tests.rules.cards.journal import Cps, Wire
from tests.rules.certificates import END, START, Holder, authority
from tests.rules.dmp import golden
from tests.rules.dmp.signing import resigned_vihf, signer
from tests.rules.insi import messages

SIGNED_AT = golden.exchange(golden.T04).started_at
BEFORE = SIGNED_AT - timedelta(minutes=5)
CERTIFICATE = "0001C010"
_VALUE = re.compile(rb"SignatureValue>([^<]+)<")
_CERTIFICATE = re.compile(rb"X509Certificate>([^<]+)<")
SET_SIGNATURE_KEY, SET_OTHER_KEY = "002241B606800142840101", "002241B606800142840102"


def deposit() -> Exchange:
    """The golden deposit, its VIHF signed by the card of Louise."""
    return golden.exchange(golden.T04, operation="TD2.1")


def search(at: datetime = SIGNED_AT, holder: Holder | None = None, **options: Any) -> Exchange:
    """An INSi search by traits, its assertion signed by the card of Louise."""
    xml = messages.by_card(
        holder=holder or signer(), issued=at.strftime("%Y-%m-%dT%H:%M:%SZ"), **options
    )
    return messages.exchange(xml, 1)


def vitale_search(body: str, at: datetime = SIGNED_AT) -> Exchange:
    """An INSi search by carte Vitale whose body is given."""
    return messages.exchange(
        messages.envelope(body, action=messages.CARD_ACTION),
        1,
        operation="rechercherInsAvecCarteVitale",
        started_at=at,
    )


def value_of(call: Exchange) -> bytes:
    """Octets of the first SignatureValue of a call."""
    found = _VALUE.search(call.request.body)
    assert found is not None
    return base64.b64decode(found[1])


def certificate_of(call: Exchange) -> bytes:
    """The first certificate of a call, DER."""
    found = _CERTIFICATE.search(call.request.body)
    assert found is not None
    return base64.b64decode(found[1])


@cache
def cpe(common_name: str = "810999990012") -> Holder:
    """The signature certificate of a CPE: type 2 in its extension (sheet §4.1)."""
    plain = signer(common_name)
    builder = (
        x509.CertificateBuilder()
        .subject_name(plain.certificate.subject)
        .issuer_name(plain.certificate.issuer)
        .public_key(plain.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(START)
        .not_valid_after(END)
        .add_extension(x509.UnrecognizedExtension(CARD_TYPE, b"\x02\x01\x02"), critical=False)
    )
    for extension in plain.certificate.extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return Holder(builder.sign(authority().key, hashes.SHA256()), plain.key)


def deposit_by(holder: Holder) -> Exchange:
    """The golden deposit, its VIHF signed again by another card."""
    return golden.edited(deposit(), lambda text: resigned_vihf(text, holder))


def card_of(call: Exchange, **files: bytes) -> Cps:
    """The card of Louise with the signature certificate of a call."""
    return Cps.of(**{f"f{CERTIFICATE}": certificate_of(call), **files})


def signed(wire: Wire, card: Cps, call: Exchange, key: str = SET_SIGNATURE_KEY) -> None:
    """The card makes the signature of a call: MSE, PSO, GET RESPONSE."""
    value = value_of(call)
    wire.apdu(card, key)
    wire.apdu(card, "002A9E9A00", 0x6100)
    wire.apdu(card, "00C0000000", answer=value)


def opened(card: Cps, **changes: Any) -> Wire:
    """The card inserted and read shortly before the calls."""
    wire = Wire(BEFORE)
    wire.insert(card)
    wire.session(card, **changes)
    wire.now = SIGNED_AT - timedelta(seconds=10)
    return wire


def acted(wire: Wire, card: Cps, call: Exchange, *, by_card: bool = True) -> None:
    """A gesture in which the card signs and the call leaves."""
    begun = wire.begin()
    if by_card:
        signed(wire, card, call)
    wire.put(call)
    wire.gesture("dmp.deposit", {}, begun)

"""What leaves with the signature of a card: VIHF in mode DIRECTE, assertions of the teleservices.

Facts only: which card, what it says, and the user's choice of situation at that instant.
"""

from __future__ import annotations

import base64
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from lxml import etree

from rules.checks.card_facts import CardStory, story
from rules.checks.card_presence import Presence
from rules.exchange import Exchange
from rules.formats.certificate import Certificate
from rules.formats.soap import NS_DS
from rules.formats.tlsi_assertion import TlsiAssertion
from rules.formats.vihf import Vihf
from rules.formats.xmldsig import XmlSignature
from rules.judge import JournalView

CARD_NUMBER = x509.ObjectIdentifier("1.2.250.1.71.1.2.3")
"""Extension ``issuer/number`` of the certificates of a card (sheet of cards §4.1)."""
CARD_TYPE = x509.ObjectIdentifier("1.2.250.1.71.1.2.2")
TYPES = ("CPS", "CPF", "CPE", "CPA")
"""TRE_G02, by code; 2 and 3 are named CDE and CDA too."""
_DIRECT = "DIRECTE"
_TLSI = ("insi", "apcv", "prescription")
_OF_A_PHARMACY = "EP1"
"""The pharmacist's card is in another reader than those of the bench."""


@dataclass(frozen=True)
class CardAssertion:
    """One signed assertion. ``None`` is what it does not say, or says unreadably."""

    exchange: Exchange
    label: str
    place: str
    issued_at: datetime | None
    issuer: str | None
    name_id: str | None
    certificate: Certificate | None
    value: bytes | None
    """Octets of SignatureValue."""
    structure: str | None
    sector: str | None
    billing: str | None

    @property
    def number(self) -> str | None:
        """Number of the card, as its certificate says it."""
        return card_number(self.certificate) if self.certificate else None


def assertions(view: JournalView) -> tuple[CardAssertion, ...]:
    """Every assertion signed by a card, in order: use :meth:`JournalView.derived`."""
    return tuple(_assertions(view))


def _assertions(view: JournalView) -> Iterator[CardAssertion]:
    for exchange in view.exchanges:
        if exchange.service in _TLSI and exchange.operation != _OF_A_PHARMACY:
            yield from (_of_tlsi(exchange, a) for a in view.reading(exchange).every(TlsiAssertion))
        elif exchange.service == "dmp":
            yield from (_of_vihf(exchange, v) for v in view.reading(exchange).every(Vihf))


def _of_tlsi(exchange: Exchange, read: TlsiAssertion) -> CardAssertion:
    saml = read.saml
    return CardAssertion(
        exchange,
        read.label,
        saml.place,
        saml.issue_instant,
        saml.issuer,
        saml.name_id,
        *_signed(None if read.psc else saml.signature),
        None,
        saml.value("secteurActivite"),
        saml.value("identifiantFacturation"),
    )


def _of_vihf(exchange: Exchange, vihf: Vihf) -> CardAssertion:
    return CardAssertion(
        exchange,
        Vihf.label,
        vihf.place,
        vihf.issue_instant,
        vihf.issuer,
        vihf.name_id,
        *_signed(vihf.proof if vihf.mode == _DIRECT else None),
        vihf.structure_id,
        vihf.sector,
        None,
    )


def _signed(signature: XmlSignature | None) -> tuple[Certificate | None, bytes | None]:
    if signature is None:
        return None, None
    return signature.certificate, _value(signature.element)


def _value(element: etree._Element) -> bytes | None:
    text = element.findtext(f"{{{NS_DS}}}SignatureValue")
    try:
        return base64.b64decode(text or "", validate=False) or None
    except ValueError:  # not base64, or not even ASCII
        return None


def card_number(certificate: Certificate) -> str | None:
    """Number of the card that holds a certificate, None when it does not say."""
    value = _extension(certificate, CARD_NUMBER)
    return value[2:].decode("ascii", "replace").rpartition("/")[2] if value else None


def card_type(certificate: Certificate) -> str | None:
    """``CPS``, ``CPF``, ``CPE`` or ``CPA``, None when the certificate does not say."""
    value = _extension(certificate, CARD_TYPE)
    code = value[-1] if value else len(TYPES)
    return TYPES[code] if code < len(TYPES) else None


def _extension(certificate: Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    try:
        found = certificate.x509.extensions.get_extension_for_oid(oid).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    return found.value if isinstance(found, x509.UnrecognizedExtension) else None


@dataclass(frozen=True)
class Use:
    """An assertion with the card it claims to come from, as last seen before it."""

    assertion: CardAssertion
    presence: Presence

    @property
    def removed(self) -> bool:
        """Whether the card had left the reader."""
        end = self.presence.end
        return end is not None and end <= self.assertion.exchange.position


def uses(view: JournalView) -> tuple[Use, ...]:
    """Assertions of cards that this journal knows: use :meth:`JournalView.derived`."""
    told = view.derived(story)
    found: list[Use] = []
    for assertion in view.derived(assertions):
        presence = _origin(told, assertion)
        if presence is not None and assertion.value is not None:
            found.append(Use(assertion, presence))
    return tuple(found)


def _origin(told: CardStory, assertion: CardAssertion) -> Presence | None:
    position = assertion.exchange.position
    by_number = told.latest(assertion.number, position) if assertion.number else None
    return by_number or (told.latest_of(assertion.name_id, position) if assertion.name_id else None)


@dataclass(frozen=True)
class Choices:
    """What the user chose among the situations of each card, gesture after gesture."""

    entries: dict[str, list[tuple[int, int | None]]]

    def at(self, number: str, position: int) -> tuple[bool, int | None]:
        """Whether anything was said of a card before a position, and the situation chosen."""
        said = self.entries.get(number, [])
        rank = bisect_left(said, position, key=lambda entry: entry[0])
        return (True, said[rank - 1][1]) if rank else (False, None)


def choices(view: JournalView) -> Choices:
    """Situations chosen, as gestures ``card.*`` answered them."""
    entries: dict[str, list[tuple[int, int | None]]] = {}
    for act in view.derived(story).acts:
        number, chosen = act.card.get("numero"), act.card.get("situation")
        if isinstance(number, str) and "situation" in act.card:
            value = chosen if isinstance(chosen, int) else None
            entries.setdefault(number, []).append((act.position, value))
    return Choices(entries)

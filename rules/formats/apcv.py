"""Appli carte Vitale: what the phone shows, and the messages of services AUTH and SIGN.

The encrypted block of the code is opaque to everyone but the service: only its frame is
read here. Prefixes never matter.

Source: sheet ``apcv`` §2 to §4 (requests and answer seen on the qualification platform).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from lxml import etree

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange, Message
from rules.formats import base45
from rules.formats.apcv_answer import ApcvAnswer, ApcvFault, answer_of
from rules.formats.apcv_names import ACTIONS, NS_AUTH, NS_SIGN, OPERATIONS
from rules.formats.insi import NS_LPS, SiramContext
from rules.formats.saml import SamlAssertion
from rules.formats.soap import SoapMessage
from rules.formats.tlsi_assertion import TlsiAssertion, TlsiSigner
from rules.xml import place_of, text_of

MAGIC = b"APCV0101"
START = "PB83N8746746*98"
"""What every text begins with: :data:`MAGIC`, the length and the mark of the point."""
_POINT = 65
_FRAME = len(MAGIC) + 1 + _POINT
_SEEN = 515
"""Octets of the only content ever seen, 773 characters of Base45."""


@dataclass(frozen=True, slots=True)
class DataFlaw:
    """What is wrong in a text; ``expected`` and ``found`` are French."""

    place: str
    expected: str
    found: str
    sure: bool = True
    """False when only another length than the one seen tells it."""


@dataclass(frozen=True)
class ApcvData(Artefact):
    """What a scanner types, or what NFC gives: Base45 of a frame and an encrypted block."""

    label: ClassVar[str] = "Contenu scanné de l'appli carte Vitale"
    text: str
    place: str = "texte"

    @cached_property
    def flaw(self) -> DataFlaw | None:
        """The first thing that no phone could have shown, or None."""
        try:
            octets = base45.decode(self.text)
        except base45.Base45Error as error:
            where = f"caractère {error.position}"
            return DataFlaw(where, "du Base45 (RFC 9285)", str(error))
        return _flaw_of(octets)

    @property
    def likely(self) -> bool:
        """Whether it looks like one at all, in whatever case."""
        return self.text[:12].upper() == START[:12]


def _flaw_of(octets: bytes) -> DataFlaw | None:
    if octets[: len(MAGIC)] != MAGIC:
        return DataFlaw("octets 0 à 7", MAGIC.decode(), repr(octets[: len(MAGIC)])[2:-1])
    if len(octets) <= _FRAME or octets[len(MAGIC)] != _POINT:
        found = f"{len(octets)} octets"
        return DataFlaw("octets 8 et suivants", "un point de 65 octets, puis le bloc", found)
    try:
        EllipticCurvePublicKey.from_encoded_point(SECP256R1(), octets[len(MAGIC) + 1 : _FRAME])
    except ValueError:
        return DataFlaw("octets 9 à 73", "un point de la courbe P-256", "un autre contenu")
    if len(octets) != _SEEN:
        return DataFlaw("longueur", f"{_SEEN} octets", f"{len(octets)} octets", sure=False)
    return None


class ApcvSigner(TlsiSigner):
    """The certificate found in the signature of an assertion to AUTH or SIGN."""


class ApcvAssertion(TlsiAssertion):
    """The professional's assertion to AUTH or SIGN; that of a PSC session is a placeholder."""

    signer = ApcvSigner


@dataclass(frozen=True, eq=False)
class ApcvContexteLps(SiramContext):
    """``ctx:ContexteLPS`` (sheet §3.3)."""

    label: ClassVar[str] = "ContexteLPS"


@dataclass(frozen=True, eq=False)
class ApcvRequest(Artefact):
    """A request to AUTH or SIGN. ``http`` is None when only the SOAP octets are known."""

    label: ClassVar[str] = "Requête appli carte Vitale"
    soap: SoapMessage
    http: Message | None = None

    @property
    def operation(self) -> str | None:
        """Operation of the body's element; None when it is unknown."""
        payload = self.soap.payload
        return None if payload is None else OPERATIONS.get(str(payload.tag))

    @property
    def expected_action(self) -> str | None:
        """URN that goes with the body."""
        return ACTIONS.get(self.operation or "")

    @cached_property
    def assertion(self) -> ApcvAssertion | None:
        """The professional's assertion."""
        found = next(iter(self.soap.assertions), None)
        return None if found is None else ApcvAssertion(SamlAssertion(found))

    @cached_property
    def lps(self) -> ApcvContexteLps | None:
        """The ContexteLPS block."""
        block = self.soap.header_block(NS_LPS, "ContexteLPS")
        return None if block is None else ApcvContexteLps(block)

    @property
    def billing_id(self) -> str | None:
        """ProfessionnelSante/IdentifiantFacturation."""
        return self.text("ProfessionnelSante", "IdentifiantFacturation")

    @property
    def speciality(self) -> str | None:
        """ProfessionnelSante/CodeSpecialiteAMO."""
        return self.text("ProfessionnelSante", "CodeSpecialiteAMO")

    @property
    def context_id(self) -> str | None:
        """ContexteApCV/Identifiant, of a destruction or a signature."""
        return self.text("ContexteApCV", "Identifiant")

    @cached_property
    def data(self) -> ApcvData | None:
        """Donnees, exactly as written."""
        element = self.find("Donnees")
        if element is None:
            return None
        # A comment is no part of the text.
        return ApcvData(str(element.xpath("string()")), place_of(element))

    def find(self, *path: str) -> etree._Element | None:
        """A descendant of the payload by local names, in its namespace."""
        payload = self.soap.payload
        if payload is None:
            return None
        namespace = etree.QName(payload).namespace
        return payload.find("/".join(f"{{{namespace}}}{name}" for name in path))

    def text(self, *path: str) -> str | None:
        """Text of such a descendant."""
        return text_of(self.find(*path))

    def parts(self) -> Iterable[Artefact]:
        """Context, assertion, scanned content: each has checks of its own."""
        return [part for part in (self.lps, self.assertion, self.data) if part is not None]


def read_request(message: Message) -> ApcvRequest:
    """Read a request; raises MalformedError (AV-02) when it is no envelope."""
    soap = SoapMessage.parse(message.body, message.header("Content-Type"), check_id="AV-02")
    return ApcvRequest(soap, message if message.start_line else None)


def read_answer(message: Message) -> ApcvAnswer | ApcvFault | None:
    """Read an answer; None when it is none of this service (HTML page, cut connection)."""
    try:
        soap = SoapMessage.parse(message.body, message.header("Content-Type"), check_id="AV-02")
    except MalformedError:
        return None
    return answer_of(soap)


def is_apcv(body: bytes) -> bool:
    """Whether the octets of a SOAP message are of this service."""
    return NS_AUTH.encode() in body or NS_SIGN.encode() in body


@parses("apcv")
def read_exchange(exchange: Exchange) -> Iterable[Artefact]:
    """Read an exchange: request, then answer; the phone's page and the WSDL give nothing."""
    if (
        exchange.operation in ("TLS", "telephone", "ecran", "wsdl")
        or exchange.error_code == "corps-incomplet"
    ):
        return
    if exchange.request.method not in ("GET", "HEAD"):
        request = read_request(exchange.request)
        yield answer_of(request.soap) or request
    answer = read_answer(exchange.response) if exchange.response else None
    if answer is not None:
        yield answer

"""Messages of the INSi teleservice: searches (answers are in ``insi_answer``).

Prefixes, order of the header blocks and presence of a Header in the answer vary
between real products and real servers: nothing here depends on them.

References: WSDL 1.5.0 ``ServiceIdentiteCertifiee`` and its schemas, SEL-MP-043
(second hand); sheet ``ins-insi`` §2.4–2.12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange, Message
from rules.formats.insi_answer import InsiAnswer, InsiFault, answer_of
from rules.formats.insi_verification import PAYLOADS as VERIFICATIONS
from rules.formats.insi_verification import Verification, verification_of
from rules.formats.saml import SamlAssertion, instant_of
from rules.formats.soap import SoapMessage
from rules.formats.tlsi_assertion import TlsiAssertion, TlsiSigner
from rules.xml import place_of, text_of

NS_RECSANS = "http://www.cnamts.fr/INSiRecSans"
NS_RECVIT = "http://www.cnamts.fr/INSiRecVit"
NS_BAM = "urn:siram:bam:ctxbam"
NS_LPS = "urn:siram:lps:ctxlps"

ACTION_PREFIX = "urn:ServiceIdentiteCertifiee:1.0.0:"
SEARCH_BY_TRAITS = "rechercherInsAvecTraitsIdentite"
SEARCH_BY_CARD = "rechercherInsAvecCarteVitale"
PAYLOADS = {
    f"{{{NS_RECSANS}}}RECSANSVITALE": SEARCH_BY_TRAITS,
    f"{{{NS_RECVIT}}}RECVITALE": SEARCH_BY_CARD,
}


@dataclass(frozen=True, eq=False)
class SiramContext(Artefact):
    """What ContexteBAM and ContexteLPS have in common."""

    element: etree._Element

    @property
    def namespace(self) -> str:
        """Namespace of the block."""
        return etree.QName(self.element).namespace or ""

    @property
    def place(self) -> str:
        """XPath of the block."""
        return place_of(self.element)

    @property
    def version(self) -> str | None:
        """Attribute Version."""
        return self.element.get("Version")

    @property
    def id(self) -> str | None:
        """Id, new at each call."""
        return self.text("Id")

    @property
    def time_text(self) -> str | None:
        """Temps as written."""
        return self.text("Temps")

    @cached_property
    def time(self) -> datetime | None:
        """Temps as an aware instant; None when absent or unreadable."""
        return instant_of(self.time_text)

    @property
    def sender(self) -> str | None:
        """Emetteur."""
        return self.text("Emetteur")

    def text(self, *path: str) -> str | None:
        """Text of a descendant named by a path of local names."""
        return text_of(self.find(*path))

    def find(self, *path: str) -> etree._Element | None:
        """A descendant named by a path of local names, in the block's namespace."""
        return self.element.find("/".join(f"{{{self.namespace}}}{name}" for name in path))


@dataclass(frozen=True, eq=False)
class ContexteBam(SiramContext):
    """``ctxbam:ContexteBAM`` (sheet §2.5)."""

    label: ClassVar[str] = "ContexteBAM"

    @property
    def coverage(self) -> etree._Element | None:
        """COUVERTURE, which may be empty."""
        return self.find("COUVERTURE")


@dataclass(frozen=True, eq=False)
class ContexteLps(SiramContext):
    """``ctxlps:ContexteLPS`` (sheet §2.6)."""

    label: ClassVar[str] = "ContexteLPS"

    @property
    def idam(self) -> str | None:
        """LPS/IDAM: authorisation number of the software."""
        return self.text("LPS", "IDAM")

    @property
    def idam_type(self) -> str | None:
        """LPS/IDAM/@R."""
        element = self.find("LPS", "IDAM")
        return None if element is None else element.get("R")

    @property
    def software_version(self) -> str | None:
        """LPS/Version."""
        return self.text("LPS", "Version")

    @property
    def instance(self) -> str | None:
        """LPS/Instance: UUID of the installation."""
        return self.text("LPS", "Instance")

    @property
    def name(self) -> str | None:
        """LPS/Nom."""
        return self.text("LPS", "Nom")


class AssertionSigner(TlsiSigner):
    """The certificate found in the signature of an assertion to INSi."""


class InsiAssertion(TlsiAssertion):
    """The professional's assertion to INSi."""

    signer = AssertionSigner


@dataclass(frozen=True, eq=False)
class TraitsSearch(Artefact):
    """Body RECSANSVITALE: values as written, None when the element is absent."""

    label: ClassVar[str] = "Recherche sur traits"
    element: etree._Element

    @property
    def birth_names(self) -> tuple[str, ...]:
        """Every NomNaissance (the schema admits one)."""
        return _texts(self.element, "NomNaissance")

    @property
    def birth_name(self) -> str | None:
        """NomNaissance."""
        return next(iter(self.birth_names), None)

    @property
    def given_names(self) -> tuple[str, ...]:
        """Every Prenom, in order."""
        return _texts(self.element, "Prenom")

    @property
    def joined_given_names(self) -> str:
        """Prénoms as one value: repeated elements and spaces mean the same."""
        return " ".join(" ".join(self.given_names).split())

    @property
    def sex(self) -> str | None:
        """Sexe."""
        return next(iter(_texts(self.element, "Sexe")), None)

    @property
    def birth_date(self) -> str | None:
        """DateNaissance as written."""
        return next(iter(_texts(self.element, "DateNaissance")), None)

    @property
    def birth_place(self) -> str | None:
        """LieuNaissance (COG)."""
        return next(iter(_texts(self.element, "LieuNaissance")), None)

    def place(self, name: str) -> str:
        """XPath of a field, present or not."""
        return _place(self.element, name)


@dataclass(frozen=True, eq=False)
class CardSearch(Artefact):
    """Body RECVITALE: what was read on the card."""

    label: ClassVar[str] = "Recherche par carte Vitale"
    element: etree._Element

    @property
    def individual(self) -> str | None:
        """MatriculeIndividu/NumIdentifiant: certified NIR of the beneficiary."""
        return self._matricule("MatriculeIndividu")

    @property
    def insured(self) -> str | None:
        """MatriculeOD/NumIdentifiant: NIR of the ouvrant droit."""
        return self._matricule("MatriculeOD")

    @property
    def birth_name(self) -> str | None:
        """NomNaissance."""
        return next(iter(_texts(self.element, "NomNaissance")), None)

    @property
    def birth_date(self) -> str | None:
        """DateNaissance as read on the card (may be lunar)."""
        return next(iter(_texts(self.element, "DateNaissance")), None)

    @property
    def birth_rank(self) -> str | None:
        """RangNaissance."""
        return next(iter(_texts(self.element, "RangNaissance")), None)

    def place(self, name: str) -> str:
        """XPath of a field, present or not."""
        return _place(self.element, name)

    def _matricule(self, name: str) -> str | None:
        ns = etree.QName(self.element).namespace
        return text_of(self.element.find(f"{{{ns}}}{name}/{{{ns}}}NumIdentifiant"))


@dataclass(frozen=True, eq=False)
class InsiRequest(Artefact):
    """A request to INSi. ``http`` is None when only the SOAP bytes are known."""

    label: ClassVar[str] = "Requête INSi"
    soap: SoapMessage
    http: Message | None = None

    @property
    def operation(self) -> str | None:
        """Operation asked for, from the body element; None when it is unknown."""
        payload = self.soap.payload
        if payload is None:
            return None
        return PAYLOADS.get(str(payload.tag)) or VERIFICATIONS.get(str(payload.tag))

    @cached_property
    def bam(self) -> ContexteBam | None:
        """The ContexteBAM block."""
        block = self.soap.header_block(NS_BAM, "ContexteBAM")
        return None if block is None else ContexteBam(block)

    @cached_property
    def lps(self) -> ContexteLps | None:
        """The ContexteLPS block."""
        block = self.soap.header_block(NS_LPS, "ContexteLPS")
        return None if block is None else ContexteLps(block)

    @cached_property
    def assertion(self) -> InsiAssertion | None:
        """The professional's assertion; None for a call by organisation certificate.

        Another one may stand beside it, made from the carte Vitale (sheet §2.8 D).
        """
        found = [InsiAssertion(SamlAssertion(each)) for each in self.soap.assertions]
        named = (one for one in found if one.saml.name_qualifier in ("CPS", "PSC"))
        return next(named, next(iter(found), None))

    @cached_property
    def search(self) -> TraitsSearch | CardSearch | None:
        """What is searched; None when the body is no search."""
        payload = self.soap.payload
        if payload is None or self.operation not in (SEARCH_BY_TRAITS, SEARCH_BY_CARD):
            return None
        return TraitsSearch(payload) if self.operation == SEARCH_BY_TRAITS else CardSearch(payload)

    @cached_property
    def verification(self) -> Verification | None:
        """What is verified, on the bench's own wire; None for a search."""
        return None if self.soap.payload is None else verification_of(self.soap.payload)

    def parts(self) -> Iterable[Artefact]:
        """Contexts, assertion, search or verification: each has checks of its own."""
        found = (self.bam, self.lps, self.assertion, self.search, self.verification)
        return [part for part in found if part is not None]


def read_request(message: Message) -> InsiRequest:
    """Read a request; raises MalformedError (INS-W-01) when it is no envelope."""
    soap = SoapMessage.parse(message.body, message.header("Content-Type"), check_id="INS-W-01")
    return InsiRequest(soap, message if message.start_line else None)


def read_answer(message: Message) -> InsiAnswer | InsiFault | None:
    """Read an answer; None when it is no INSi message (HTML page, cut connection)."""
    try:
        soap = SoapMessage.parse(message.body, message.header("Content-Type"), check_id="INS-W-01")
    except MalformedError:
        return None
    return answer_of(soap)


@parses("insi")
def read_exchange(exchange: Exchange) -> Iterable[Artefact]:
    """Read an INSi exchange. A lone answer (no request) is read as what it is.

    A failed handshake and a request whose sender left before its end give nothing.
    """
    if exchange.operation == "TLS" or exchange.error_code == "corps-incomplet":
        return
    if exchange.request.method != "GET":
        request = read_request(exchange.request)
        yield answer_of(request.soap) or request
    answer = read_answer(exchange.response) if exchange.response else None
    if answer is not None:
        yield answer


def _texts(element: etree._Element, name: str) -> tuple[str, ...]:
    namespace = etree.QName(element).namespace
    found = element.findall(f"{{{namespace}}}{name}")
    # Not trimmed: a space before a name is part of what the service would compare.
    return tuple("".join(each.itertext()) for each in found)


def _place(element: etree._Element, name: str) -> str:
    found = element.find(f"{{{etree.QName(element).namespace}}}{name}")
    return f"{place_of(element)}/{name}" if found is None else place_of(found)

"""One call to the DMP: SOAP envelope, VIHF and business body, then the answer.

Source: sheet dmp.md §2 (transactions, paths, actions), §5 (transport).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar
from urllib.parse import urlsplit

from lxml import etree

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange, Message
from rules.formats.habilitations import (
    HABILITATIONS,
    SetAuthorization,
    SetAuthorizationAnswer,
)
from rules.formats.hl7v3 import (
    ADMINISTRATIVE_DATA,
    ANSWER_NAME,
    HL7,
    QUERY_NAME,
    ExistenceAnswer,
    ExistenceQuery,
)
from rules.formats.multipart import Multipart, split
from rules.formats.registry import LCM, QUERY, RS
from rules.formats.soap import MediaType, SoapMessage
from rules.formats.vihf import SAML, Vihf
from rules.formats.xds import XDSB, MetadataUpdate, RegistryAnswer, Submission
from rules.formats.xds_query import (
    RetrieveAnswer,
    RetrieveRequest,
    StoredQuery,
    StoredQueryAnswer,
)

SERVICE_PATH = "/si-dmp-server/v2/services/"


@dataclass(frozen=True, slots=True)
class Transaction:
    """A DMP transaction: its number, its path, its WS-Addressing actions."""

    number: str
    path: str
    """Last segment of the URL."""
    action: str
    answer_action: str


TRANSACTIONS: dict[str, Transaction] = {
    t.number: t
    for t in (
        Transaction("TD0.2", "patients", f"{HL7}:PRPA_IN201307UV02", f"{HL7}:PRPA_IN201308UV02"),
        Transaction("TD1.3", "patients", f"{HL7}:PRPA_IN201307UV02", f"{HL7}:PRPA_IN201308UV02"),
        Transaction(
            "TD0.3",
            "habilitations",
            f"{HABILITATIONS}:HabilitationsEndPoint:setAuthorization",
            f"{HABILITATIONS}:HabilitationsEndPoint:setAuthorizationResponse",
        ),
        Transaction(
            "TD2.1",
            "repository",
            "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-b",
            "urn:ihe:iti:2007:ProvideAndRegisterDocumentSet-bResponse",
        ),
        Transaction(
            "TD3.1",
            "registry",
            "urn:ihe:iti:2007:RegistryStoredQuery",
            "urn:ihe:iti:2007:RegistryStoredQueryResponse",
        ),
        Transaction(
            "TD3.2",
            "repository",
            "urn:ihe:iti:2007:RetrieveDocumentSet",
            "urn:ihe:iti:2007:RetrieveDocumentSetResponse",
        ),
        Transaction(
            "TD3.3",
            "registry",
            "urn:ihe:iti:2010:UpdateDocumentSet",
            "urn:ihe:iti:2010:UpdateDocumentSet-Response",
        ),
    )
}
"""By number; the one of a call is told by its body."""

_BODIES: dict[str, str] = {
    f"{{{HABILITATIONS}}}setAuthorization": "TD0.3",
    f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest": "TD2.1",
    f"{{{QUERY}}}AdhocQueryRequest": "TD3.1",
    f"{{{XDSB}}}RetrieveDocumentSetRequest": "TD3.2",
    f"{{{LCM}}}SubmitObjectsRequest": "TD3.3",
}

_Reader = Callable[[etree._Element, "Multipart | None"], Artefact]
_READERS: dict[str, _Reader] = {
    f"{{{HL7}}}{QUERY_NAME}": lambda e, _: ExistenceQuery(e),
    f"{{{HABILITATIONS}}}setAuthorization": lambda e, _: SetAuthorization.read(e),
    f"{{{XDSB}}}ProvideAndRegisterDocumentSetRequest": Submission.read,
    f"{{{QUERY}}}AdhocQueryRequest": lambda e, _: StoredQuery.read(e),
    f"{{{XDSB}}}RetrieveDocumentSetRequest": lambda e, _: RetrieveRequest.read(e),
    f"{{{LCM}}}SubmitObjectsRequest": lambda e, _: MetadataUpdate.read(e),
    f"{{{HL7}}}{ANSWER_NAME}": lambda e, _: ExistenceAnswer(e),
    f"{{{HABILITATIONS}}}setAuthorizationResponse": lambda e, _: SetAuthorizationAnswer.read(e),
    f"{{{RS}}}RegistryResponse": lambda e, _: RegistryAnswer.read(e),
    f"{{{QUERY}}}AdhocQueryResponse": lambda e, _: StoredQueryAnswer.read(e),
    f"{{{XDSB}}}RetrieveDocumentSetResponse": RetrieveAnswer.read,
}


@dataclass(frozen=True, eq=False)
class _Envelope(Artefact):
    soap: SoapMessage
    multipart: Multipart | None
    """The parts, when the message came as MTOM."""

    @cached_property
    def body(self) -> Artefact | None:
        """The business body; None when Body is empty or its element is unknown."""
        payload = self.soap.payload
        reader = None if payload is None else _READERS.get(str(payload.tag))
        return None if payload is None or reader is None else reader(payload, self.multipart)


@dataclass(frozen=True, eq=False)
class DmpRequest(_Envelope):
    """A request to the DMP."""

    label: ClassVar[str] = "Requête DMP"
    message: Message

    @property
    def path(self) -> str:
        """Last segment of the URL called: ``patients``, ``repository`` …"""
        return urlsplit(self.message.target).path.rstrip("/").rsplit("/", 1)[-1]

    @cached_property
    def vihfs(self) -> tuple[Vihf, ...]:
        """Assertions that are children of wsse:Security."""
        return tuple(map(Vihf.read, self.soap.assertions))

    @property
    def vihf(self) -> Vihf | None:
        """The one VIHF (the first if there are several)."""
        return self.vihfs[0] if self.vihfs else None

    @property
    def assertions_elsewhere(self) -> int:
        """Number of assertions in the header that are not children of wsse:Security."""
        header = self.soap.header
        everywhere = 0 if header is None else sum(1 for _ in header.iter(f"{{{SAML}}}Assertion"))
        return everywhere - len(self.soap.assertions)

    @property
    def transaction(self) -> Transaction | None:
        """What the body asks for; None when it is no DMP body."""
        payload = self.soap.payload
        if payload is None:
            return None
        if isinstance(self.body, ExistenceQuery):
            return TRANSACTIONS["TD1.3" if self.body.reason == ADMINISTRATIVE_DATA else "TD0.2"]
        return TRANSACTIONS.get(_BODIES.get(str(payload.tag), ""))

    def parts(self) -> Iterable[Artefact]:
        """Envelope, VIHF, body."""
        yield self.soap
        yield from self.vihfs
        if self.body is not None:
            yield self.body


@dataclass(frozen=True, eq=False)
class DmpAnswer(_Envelope):
    """An answer of the DMP: a body, or a SOAP fault."""

    label: ClassVar[str] = "Réponse DMP"

    def parts(self) -> Iterable[Artefact]:
        """The body, when there is one."""
        return () if self.body is None else (self.body,)


def read_request(message: Message) -> DmpRequest:
    """Read a request. Raises MalformedError (DMP-SOAP-01, or DMP-21-01 for MTOM)."""
    soap, multipart = _opened(message)
    return DmpRequest(soap, multipart, message)


def read_answer(message: Message) -> DmpAnswer:
    """Read an answer. Raises MalformedError when it is no SOAP (an HTML 503)."""
    return DmpAnswer(*_opened(message))


def _opened(message: Message) -> tuple[SoapMessage, Multipart | None]:
    content_type = message.header("Content-Type") or ""
    if not MediaType.parse(content_type).name.startswith("multipart/"):
        return SoapMessage.parse(message.body, content_type, check_id="DMP-SOAP-01"), None
    multipart = split(content_type, message.body)
    root = multipart.root
    soap = SoapMessage.parse(root.body, root.header("Content-Type"), check_id="DMP-SOAP-01")
    return soap, multipart


@parses("dmp")
def read_exchange(exchange: Exchange) -> Iterable[Artefact]:
    """The request, then the answer when it is a SOAP message."""
    if exchange.operation == "TLS":
        return
    yield read_request(exchange.request)
    if exchange.response is not None:
        try:
            yield read_answer(exchange.response)
        except MalformedError:
            # A cut or an HTML 503 is the bench's own doing: nothing to hold against the LPS.
            return

"""Calls of the ordonnance numérique, on whatever wire an adapter tells.

Facts: the paths of the published component (Dev Box santé) and the operations
EP1 to EP4. Hors spécification: the keys of JSON bodies and everything SOAP, as
:mod:`rules.formats.prescription_adapter` says them.

Source: e-prescription.md §2.1, §2.2; apcv.md §3.2, §3.3 for the headers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, cast

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange, Message
from rules.formats.insi import NS_LPS, SiramContext
from rules.formats.keyed import parts
from rules.formats.prescription import (
    CHECK_ID,
    Execution,
    Ordonnance,
    read_keyed,
)
from rules.formats.prescription_adapter import SOAP, Adapter, Call, adapter_of, adapters
from rules.formats.prescription_messages import IDENTIFIER, MESSAGES, Searching
from rules.formats.prescription_number import CarriedNumber
from rules.formats.saml import SamlAssertion
from rules.formats.soap import SoapMessage
from rules.formats.tlsi_assertion import TlsiAssertion, TlsiSigner

CREATION, CANCELLATION = "EP4", "EP4-annulation"
NO_ORDONNANCE = ("traces", IDENTIFIER)
"""Operations about no ordonnance: nothing of them is read."""

Content = Mapping[str, Any]


class EpSigner(TlsiSigner):
    """The certificate found in the signature of an assertion to EP1 … EP4."""


class EpAssertion(TlsiAssertion):
    """The professional's assertion to EP1 … EP4."""

    signer = EpSigner


@dataclass(frozen=True, eq=False)
class EpContexteLps(SiramContext):
    """``ctx:ContexteLPS``."""

    label: ClassVar[str] = "ContexteLPS"

    @property
    def software_version(self) -> str | None:
        """LPS/Version."""
        return self.text("LPS", "Version")

    @property
    def name(self) -> str | None:
        """LPS/Nom, ``urn:lps:<NOM>:<version>``."""
        return self.text("LPS", "Nom")


@dataclass(frozen=True, eq=False)
class EpRequest(Artefact):
    """A request, read into the neutral model; ``body`` holds only what the operation says."""

    label: ClassVar[str] = "Requête ordonnance numérique"
    call: Call
    body: Ordonnance
    search: Searching
    """What an EP2 or an EP3 asks for; absent criteria do not count."""
    message: Message

    @property
    def operation(self) -> str:
        """``EP1`` to ``EP4``, or ``EP4-annulation``."""
        return self.call.name

    @property
    def soap(self) -> SoapMessage | None:
        """The envelope of a SOAP call."""
        return self.call.soap

    @property
    def created(self) -> Ordonnance | None:
        """The ordonnance that an EP4 registers."""
        return self.body if self.operation == CREATION else None

    @property
    def number(self) -> str | None:
        """The number it is about; None for a search."""
        return self.body.id

    @cached_property
    def assertion(self) -> EpAssertion | None:
        """The assertion of a SOAP call."""
        found = self.soap.assertions if self.soap else ()
        return EpAssertion(SamlAssertion(found[0])) if found else None

    @cached_property
    def lps(self) -> EpContexteLps | None:
        """The ContexteLPS of a SOAP call."""
        block = self.soap.header_block(NS_LPS, "ContexteLPS") if self.soap else None
        return None if block is None else EpContexteLps(block)

    def parts(self) -> Iterable[Artefact]:
        """What it registers, else its number; assertion and context of a SOAP call."""
        if self.created is not None:
            yield self.created
        elif self.number is not None:
            yield CarriedNumber(self.number, "id")
        for part in (self.assertion, self.lps):
            if part is not None:
                yield part


@dataclass(frozen=True, eq=False)
class EpAnswer(Artefact):
    """An answer of the service: nothing in it is judged, sequences read it."""

    label: ClassVar[str] = "Réponse ordonnance numérique"
    content: Content = field(repr=False)
    error: str | None
    """Code of the refusal, None when it is accepted."""

    @cached_property
    def ordonnance(self) -> Ordonnance | None:
        """What an EP3 gave back; None when it is absent or unreadable."""
        return _ordonnance(self.content.get("ordonnance"))

    @cached_property
    def found(self) -> tuple[Ordonnance, ...]:
        """Those an EP2 found; unreadable ones are left out."""
        held: object = self.content.get("resultats")
        several = cast("list[object]", held) if isinstance(held, list) else [held]
        read = (_ordonnance(each) for each in several)
        return tuple(each for each in read if each is not None)


def read_request(message: Message) -> EpRequest | None:
    """Read a request; None when no wire has such a call, and for traces.

    Raises MalformedError (EP-00) when its body cannot be read.
    """
    adapter = adapter_of(message)
    return request_of(adapter.read_request(message), message) if adapter else None


def request_of(call: Call, message: Message) -> EpRequest | None:
    """The same of a call that its adapter has read. Raises MalformedError (EP-00)."""
    if call.operation is None or call.name in NO_ORDONNANCE:
        return None
    # The lines of an EP1 are those of an execution: read by who needs them.
    held = call.content if call.name != "EP1" else {"id": call.content.get("id")}
    return EpRequest(call, read_keyed(Ordonnance, held), read_keyed(Searching, held), message)


def execution_of(request: EpRequest) -> Execution | None:
    """What an EP1 says was done; None for any other request, and when it is unreadable."""
    if request.operation != "EP1":
        return None
    try:
        return read_keyed(Execution, request.call.content)
    except MalformedError:
        return None


def read_answer(
    message: Message, adapter: Adapter | None = None, operation: str = ""
) -> EpAnswer | None:
    """Read an answer by the wire of its request, else by the one that knows most of it.

    None when it is no message of the service (HTML page, cut connection).
    """
    read: list[EpAnswer] = []
    for each in (adapter,) if adapter else adapters():
        try:
            read.append(_answer(message, each, operation))
        except MalformedError:
            continue
    return max(read, key=_known, default=None)


@parses("prescription")
def read_exchange(exchange: Exchange) -> Iterable[Artefact]:
    """Read a call; traces, the WSDL and failed handshakes give nothing."""
    if exchange.operation == "TLS" or exchange.error_code == "corps-incomplet":
        return
    if exchange.error_code == "http-illisible":
        raise MalformedError(
            CHECK_ID,
            "ligne de requête",
            "une requête HTTP/1.1",
            repr(exchange.request.start_line)[:60],
            "Écrire une requête HTTP bien formée, après le TLS : méthode, chemin, en-têtes.",
        )
    request = read_request(exchange.request) if exchange.request.start_line else None
    if request is not None:
        yield request
    adapter = request.call.adapter if request else None
    operation = request.operation if request else ""
    answer = read_answer(exchange.response, adapter, operation) if exchange.response else None
    if answer is not None:
        yield answer


KNOWN = {part.key for _, answered in MESSAGES.values() for part in parts(answered)}
"""Every key that an answer may have."""


def _known(answer: EpAnswer) -> int:
    """How much of an answer its wire knew: ours read any JSON."""
    told = answer.error is not None and not answer.error.isdigit()
    return told + len(KNOWN & answer.content.keys())


def _answer(message: Message, adapter: Adapter, operation: str) -> EpAnswer:
    refused = (message.status or 200) >= 400
    if adapter.form == SOAP:
        kind = message.header("Content-Type")
        soap = SoapMessage.parse(message.body, kind, check_id=CHECK_ID)
        if soap.fault is not None:
            return EpAnswer({}, adapter.fault_of(soap.fault))
        code = None
    else:
        code = adapter.error_of(message)
    content = adapter.read_answer(message, operation)
    return EpAnswer(content, str(code or message.status) if refused or code else None)


def _ordonnance(held: object) -> Ordonnance | None:
    try:
        return None if held is None else read_keyed(Ordonnance, held)
    except MalformedError:
        return None

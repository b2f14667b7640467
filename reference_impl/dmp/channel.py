"""One call to the DMP and its answer: VIHF, envelope, mutual TLS, faults.

The card signs the VIHF; each call has its own assertion and its own MessageID. The
connection is authenticated with the key file of the same person: Python's ``ssl``
cannot use a key that stays in a card.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

import httpx
from lxml import etree

from reference_impl.cards.sessions import Cards
from reference_impl.cards.signer import Signer
from reference_impl.dmp import errors, soap, vihf
from reference_impl.errors import (
    ConfigurationError,
    OutcomeUnknownError,
    RefusedError,
    ServiceError,
    UnavailableError,
)
from reference_impl.people import Environment, Professional
from reference_impl.ports import Clock, IdSource
from reference_impl.transport import Transport
from reference_impl.xmltree import UnreadableXmlError

_SERVICE = "Le DMP"
_MAX_REDIRECTIONS = 3
_REDIRECTIONS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Transaction:
    """A path of the service and the WS-Addressing Action that goes with it."""

    path: str
    action: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and about whom: ``resource_id`` is the CX of the patient's INS."""

    professional: Professional
    resource_id: str


class DmpChannel:
    """Sends what :mod:`reference_impl.dmp.client` builds."""

    def __init__(
        self,
        environment: Environment,
        transport: Transport,
        ids: IdSource,
        clock: Clock,
        cards: Cards,
    ) -> None:
        self._environment = environment
        self._cards = cards
        self._transport = transport
        self._ids = ids
        self._clock = clock

    def signer(self, professional: Professional) -> Signer:
        """The signature key of the professional's card."""
        return self._cards.signer(professional)

    def body(
        self,
        transaction: Transaction,
        caller: Caller,
        body: etree._Element,
        parts: Sequence[soap.Part] = (),
    ) -> etree._Element:
        """Call, and give the first element of the answer's Body."""
        found = self.reply(transaction, caller, body, parts).body
        if found is None:
            raise _unreadable("elle est vide")
        return found

    def reply(
        self,
        transaction: Transaction,
        caller: Caller,
        body: etree._Element,
        parts: Sequence[soap.Part] = (),
    ) -> soap.Reply:
        """Call, and give the answer when it is one to this very message and no fault.

        Raises RefusedError, UnavailableError or OutcomeUnknownError.
        """
        message_id = f"urn:uuid:{self._ids.uuid()}"
        url = self._url(transaction.path)
        content = soap.envelope(transaction.action, message_id, url, self._assertion(caller), body)
        response = self._post(url, self._request(transaction, content, parts), caller)
        reply = _read(response)
        found = reply.body
        if found is not None and found.tag == f"{{{soap.SOAP}}}Fault":
            raise errors.fault(found)
        if response.status_code != 200:
            raise _http_error(response.status_code)
        if reply.relates_to not in {None, message_id}:
            raise _unreadable("elle répond à un autre message")
        return reply

    def _assertion(self, caller: Caller) -> etree._Element:
        assertion = vihf.Assertion(
            id=self._ids.uuid(),
            issued_at=self._clock.now(),
            professional=self._cards.professional(caller.professional),
            software=self._environment.software,
            resource_id=caller.resource_id,
        )
        return vihf.build(assertion, self.signer(caller.professional))

    def _request(
        self, transaction: Transaction, content: bytes, parts: Sequence[soap.Part]
    ) -> soap.Request:
        if not parts:
            return soap.plain(content, transaction.action)
        boundary = f"uuid:{self._ids.uuid()}"
        return soap.multipart(content, transaction.action, parts, boundary)

    def _post(self, url: str, request: soap.Request, caller: Caller) -> httpx.Response:
        """POST, and again where an HTTPS redirection says so (EX_0.X-1055)."""
        response = self._once(url, request, caller)
        for _ in range(_MAX_REDIRECTIONS):
            location = response.headers.get("location")
            if response.status_code not in _REDIRECTIONS or location is None:
                break
            url = urljoin(url, location)
            if not url.startswith("https://"):
                break
            response = self._once(url, request, caller)
        return response

    def _once(self, url: str, request: soap.Request, caller: Caller) -> httpx.Response:
        return self._transport.send(
            _SERVICE,
            "POST",
            url,
            headers={"Content-Type": request.content_type},
            content=request.content,
            credential_name=caller.professional.auth_credential,
        )

    def _url(self, path: str) -> str:
        base = self._environment.dmp_base
        if base is None:
            raise ConfigurationError(
                "DMP_NON_CONFIGURE", "Le descripteur d’environnement ne décrit pas le DMP.", "dmp"
            )
        return base.rstrip("/") + "/" + path


def _read(response: httpx.Response) -> soap.Reply:
    try:
        return soap.read(response.headers.get("content-type", ""), response.content)
    except UnreadableXmlError as error:
        if response.status_code != 200:
            raise _http_error(response.status_code) from error
        raise _unreadable(str(error)) from error


def _http_error(status: int) -> ServiceError:
    """A status without a SOAP answer: a gateway that gave up may have passed the request on."""
    if status in {429, 503}:
        return UnavailableError(
            f"HTTP_{status}", "Le DMP est momentanément indisponible : réessayez plus tard."
        )
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return OutcomeUnknownError(
            f"HTTP_{status}",
            "Le DMP a répondu par une erreur technique : vérifiez avant de renvoyer.",
        )
    return RefusedError(f"HTTP_{status}", f"Le DMP a refusé la demande (HTTP {status}).")


def _unreadable(why: str) -> OutcomeUnknownError:
    return OutcomeUnknownError(
        "REPONSE_ILLISIBLE", f"La réponse du DMP n’a pas pu être lue : {why}."
    )

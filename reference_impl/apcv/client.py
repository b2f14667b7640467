"""Calling the service AUTH, under the card of the professional or their PSC session.

Source: sheet ApCV §3.2 and §8. Without a card the form is the bench's, as for INSi:
an assertion that nobody signs, and the token in Authorization.
"""

from __future__ import annotations

from typing import Literal

from lxml import etree

from reference_impl.apcv.answer import read_answer
from reference_impl.apcv.request import Request, envelope
from reference_impl.apcv.values import Reading
from reference_impl.cards.sessions import Cards
from reference_impl.errors import ConfigurationError
from reference_impl.insi.assertion import common_name, signed_assertion
from reference_impl.insi.psc_assertion import psc_assertion
from reference_impl.insi.request import Header
from reference_impl.people import Environment, Professional
from reference_impl.ports import Clock, IdSource, Tokens
from reference_impl.transport import Transport

Way = Literal["cps", "psc"]

_SERVICE = "Le service de l’appli carte Vitale"
_CONTENT_TYPE = "application/soap+xml"


class ApcvClient:
    """The client of one installation."""

    def __init__(
        self,
        environment: Environment,
        transport: Transport,
        ids: IdSource,
        clock: Clock,
        cards: Cards,
        tokens: Tokens,
    ) -> None:
        self._environment = environment
        self._transport = transport
        self._ids = ids
        self._clock = clock
        self._cards = cards
        self._tokens = tokens

    def practising(self, professional: Professional, way: Way) -> Professional:
        """The professional as they work now: the situation of the card when there is one."""
        return self._cards.professional(professional) if way == "cps" else professional

    def call(self, request: Request, professional: Professional, way: Way) -> Reading | None:
        """One call under new identifiers. Raises ServiceError, ConfigurationError, CardError."""
        url = self._environment.apcv_auth
        if url is None:
            raise ConfigurationError(
                "ADRESSE_ABSENTE",
                "L’adresse « apcv.auth » manque dans le descripteur d’environnement.",
                "apcv.auth",
            )
        sender, assertion, more = self._proof(professional, way)
        body = envelope(request, url, self._header(sender), self._environment.software, assertion)
        kind = content_type(request)
        response = self._transport.send(
            _SERVICE, "POST", url, headers={"Content-Type": kind, **more}, content=body
        )
        return read_answer(response.status_code, response.content)

    def _proof(
        self, professional: Professional, way: Way
    ) -> tuple[str, etree._Element, dict[str, str]]:
        """Who sends, the assertion, and the headers that go with it."""
        at, identifier = self._clock.now(), f"_{self._ids.uuid()}"
        if way == "psc":
            token = self._tokens.access_token(professional)
            assertion = psc_assertion(professional, identifier, at)
            return professional.national_id, assertion, {"Authorization": f"Bearer {token}"}
        signer = self._cards.signer(professional)
        holder = self._cards.professional(professional)
        attributes = [
            ("codeSpecialite", holder.speciality or ""),
            ("secteurActivite", holder.structure.sector),
            ("identifiantFacturation", holder.billing_id),
        ]
        assertion = signed_assertion(holder, signer, identifier, at, attributes)
        return common_name(signer.certificate), assertion, {}

    def _header(self, sender: str) -> Header:
        return Header(
            message_id=f"urn:uuid:{self._ids.uuid()}",
            bam_id="",
            lps_id=self._ids.uuid(),
            instance=self._ids.instance,
            sender=sender,
            at=self._clock.now(),
        )


def content_type(request: Request) -> str:
    """Content-Type of a call: it says the action again."""
    return f'{_CONTENT_TYPE}; action="{request.action}"'

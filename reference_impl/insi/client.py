"""Searching an INS by traits: the sequence of calls, and the three ways to authenticate.

Source: sheet INS §2.15 (CNDA 2.06 and 2.07). Every call has new identifiers;
no fault is retried.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import NameOID

from reference_impl.cards.sessions import Cards
from reference_impl.errors import ConfigurationError, ServiceError
from reference_impl.insi.answer import AMBIGUOUS, FOUND, NOT_FOUND, Answer, read_answer
from reference_impl.insi.assertion import common_name, signed_assertion
from reference_impl.insi.psc_assertion import psc_assertion
from reference_impl.insi.request import CONTENT_TYPE, Asked, Criteria, Header, envelope
from reference_impl.people import Environment, Professional, Traits
from reference_impl.ports import Clock, IdSource, Tokens
from reference_impl.transport import Transport

Way = Literal["organisation", "cps", "psc"]

ORGANISATION_CREDENTIAL = "org-insi-manu"
"""INSI-MANU: the search is asked by a person."""

_SERVICE = "Le téléservice INSi"
_UNKNOWN_PLACE = "99999"


_Plan = Generator[Criteria, Answer, None]
"""Gives the calls to make one by one, and is sent the answer of each."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call made: what it searched, what came back (INS-L-01)."""

    message_id: str
    criteria: Asked
    answer: Answer

    @property
    def operation(self) -> str:
        """Name of the operation called."""
        return self.criteria.operation


Kept = Callable[[Call], None]
"""What keeps a trace of a call as soon as it is answered."""


@dataclass(frozen=True, slots=True)
class Search:
    """A whole search; ``calls`` has at least one call, the last one decides.

    ``searched`` has the traits, with the given names as the last call sent them.
    """

    calls: tuple[Call, ...]
    searched: Traits

    @property
    def last(self) -> Call:
        """The call whose answer is that of the search."""
        return self.calls[-1]


class InsiClient:
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
        self._cards = cards
        self._tokens = tokens
        self._transport = transport
        self._ids = ids
        self._clock = clock

    @property
    def verifies(self) -> bool:
        """Whether the unitary verification may be called here."""
        return self._environment.insi_verification

    def search(
        self, traits: Traits, way: Way, professional: Professional, kept: Kept = lambda _call: None
    ) -> Search:
        """Search these traits, never more calls than §2.15 allows.

        A failure of the network is an answer whose code says so: the LGC goes
        on without INS. Raises ConfigurationError when the way is not set up.
        """
        calls: list[Call] = []
        plan = _plan(traits)
        criteria = next(plan)
        while True:
            call = self.ask(criteria, way, professional)
            kept(call)
            calls.append(call)
            try:
                following = plan.send(call.answer)
            except StopIteration:
                searched = replace(criteria.traits, birth_given_names=criteria.given_names)
                return Search(tuple(calls), searched)
            criteria = following

    def ask(self, criteria: Asked, way: Way, professional: Professional) -> Call:
        """One call, under new identifiers."""
        message_id = f"uuid:{self._ids.uuid()}"
        try:
            answer = self._exchange(criteria, message_id, way, professional)
        except ServiceError as error:
            answer = Answer(error.code, error.message, fault=True, retry_later=True)
        return Call(message_id, criteria, answer)

    def _exchange(
        self, criteria: Asked, message_id: str, way: Way, professional: Professional
    ) -> Answer:
        ways = {
            "organisation": self._by_organisation,
            "cps": self._by_card,
            "psc": self._by_psc,
        }
        response = ways[way](criteria, message_id, professional)
        return read_answer(*response, individual=criteria.returns_individual)

    def _by_organisation(
        self, criteria: Asked, message_id: str, professional: Professional
    ) -> tuple[int, bytes]:
        url = _configured(self._environment.insi_organisation, "insi.organisation")
        credential = self._transport.credential(ORGANISATION_CREDENTIAL)
        certificate = x509.load_pem_x509_certificate(credential.cert_path.read_bytes())
        sender = _organisation(certificate) or professional.structure.structure_id
        body = envelope(criteria, self._header(message_id, sender), self._environment.software)
        return self._post(url, criteria.action, body, credential.name)

    def _by_card(
        self, criteria: Asked, message_id: str, professional: Professional
    ) -> tuple[int, bytes]:
        url = _configured(self._environment.insi_cpx, "insi.cpx")
        signer = self._cards.signer(professional)
        assertion = signed_assertion(
            self._cards.professional(professional),
            signer,
            f"_{self._ids.uuid()}",
            self._clock.now(),
        )
        header = self._header(message_id, common_name(signer.certificate))
        body = envelope(criteria, header, self._environment.software, assertion)
        return self._post(url, criteria.action, body, None)

    def _by_psc(
        self, criteria: Asked, message_id: str, professional: Professional
    ) -> tuple[int, bytes]:
        """Where the token travels is in no document seen: Authorization is the bench's form."""
        url = _configured(self._environment.insi_cpx, "insi.cpx")
        token = self._tokens.access_token(professional)
        assertion = psc_assertion(professional, f"_{self._ids.uuid()}", self._clock.now())
        header = self._header(message_id, professional.national_id)
        body = envelope(criteria, header, self._environment.software, assertion)
        return self._post(url, criteria.action, body, None, {"Authorization": f"Bearer {token}"})

    def _header(self, message_id: str, sender: str) -> Header:
        return Header(
            message_id=message_id,
            bam_id=self._ids.uuid(),
            lps_id=self._ids.uuid(),
            instance=self._ids.instance,
            sender=sender,
            at=self._clock.now(),
        )

    def _post(
        self,
        url: str,
        action: str,
        body: bytes,
        credential_name: str | None,
        more: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        content_type = f'{CONTENT_TYPE}; action="{action}"'
        response = self._transport.send(
            _SERVICE,
            "POST",
            url,
            headers={
                "Content-Type": content_type,
                "Accept": "application/soap+xml",
                **(more or {}),
            },
            content=body,
            credential_name=credential_name,
        )
        return response.status_code, response.content


def _plan(traits: Traits) -> _Plan:
    """The calls to make, from the answers that come."""
    names = traits.birth_given_names.split()
    # Not found: each given name in turn, then all of them in one value; never the same twice.
    attempts = dict.fromkeys([*names, " ".join(names)])
    for given_names in attempts:
        answer = yield Criteria(traits, given_names)
        if answer.code == AMBIGUOUS:
            yield from _narrowed(traits, given_names)
            return
        if answer.code != NOT_FOUND:
            return


def _narrowed(traits: Traits, given_names: str) -> _Plan:
    """Several found: more given names, then the place of birth; never one picked at random."""
    everything = traits.birth_given_names
    if given_names != everything:
        answer = yield Criteria(traits, everything)
        if answer.code == FOUND or answer.fault:
            return
        if answer.code == AMBIGUOUS:
            given_names = everything
    if traits.birth_place not in (None, _UNKNOWN_PLACE):
        yield Criteria(traits, given_names, traits.birth_place)


def _organisation(certificate: x509.Certificate) -> str | None:
    """The OU that identifies the structure: ``1`` + FINESS or ``3`` + SIRET."""
    units = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)
    return next((str(u.value) for u in units if str(u.value)[:1] in ("1", "3")), None)


def _configured(url: str | None, key: str) -> str:
    if url is None:
        raise ConfigurationError(
            "ADRESSE_ABSENTE",
            f"L’adresse « {key} » manque dans le descripteur d’environnement.",
            key,
        )
    return url

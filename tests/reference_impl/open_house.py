"""A reference LGC whose clients are the real ones, and whose network is a record.

What would leave is built to the last byte (SOAP, VIHF, lots, MIME, archives); services
answer from a script, and nothing reaches a socket.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from reference_impl.cards.sessions import Cards
from reference_impl.cards.signer import Signer
from reference_impl.dmp.client import DmpClient
from reference_impl.documents.writer import CdaWriter
from reference_impl.errors import OutcomeUnknownError
from reference_impl.lgc import Lgc, Outside, assemble, lay_base
from reference_impl.mss import message
from reference_impl.people import Credential, Environment, Mail, Professional
from reference_impl.ports import ReceivedMail, SendResult
from rules.exchange import Message
from rules.formats.texts import texts_of, texts_of_mail
from tests.reference_impl.house import ManualClock
from tests.reference_impl.story import card, signer_of

DMP = "https://dmp.test/si-dmp-server/v2/services/"
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_EXISTS = (
    '<PRPA_IN201308UV02 xmlns="urn:hl7-org:v3"><acknowledgement typeCode="AA"/><attentionLine>'
    '<keyWordText code="AUTORISATION"/><value code="VALIDE"/></attentionLine><controlActProcess>'
    '<subject1><patient><statusCode code="active"/></patient></subject1><queryAck>'
    '<queryResponseCode code="OK"/></queryAck></controlActProcess></PRPA_IN201308UV02>'
)
_REGISTERED = (
    '<RegistryResponse xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:rs:3.0" '
    'status="urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"/>'
)


class SignedCards(Cards):
    """A card that signs with a key drawn for the tests."""

    def professional(self, professional: Professional) -> Professional:
        return professional

    def require_full_rights(self, professional: Professional) -> None:
        """Everybody may everything."""

    def signer(self, professional: Professional) -> Signer:
        return signer_of(card())


@dataclass
class Network:
    """The transport of the LGC: keeps what leaves, answers what the test prepared for INSi."""

    credentials: Mapping[str, Credential]
    insi: list[bytes] = field(default_factory=list)
    insi_calls: list[bytes] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)
    """Each text to search in what left for somebody else than INSi, with its place."""

    def credential(self, name: str) -> Credential:
        return self.credentials[name]

    def send(
        self, service: str, method: str, url: str, *, headers: Any, content: bytes, **_rest: Any
    ) -> httpx.Response:
        if "insi" in url:
            self.insi_calls.append(content)
            body = self.insi.pop(0)
            return httpx.Response(500 if b"Fault" in body else 200, content=body)
        self.sent += texts_of(Message(f"{method} {url}", tuple(headers.items()), content))
        answer = _EXISTS if url.endswith("patients") else _REGISTERED
        envelope = f'<s:Envelope xmlns:s="{_SOAP}"><s:Body>{answer}</s:Body></s:Envelope>'
        return httpx.Response(
            200, headers={"Content-Type": "application/soap+xml"}, content=envelope.encode()
        )


@dataclass
class Operator:
    """A mail operator: builds the whole message as it would go through SMTP."""

    environment: Environment
    network: Network
    down: bool = False

    def send(self, mail: Mail) -> SendResult:
        patient = mail.patient
        oid = self.environment.document_oid(patient.ins) if patient and patient.ins else None
        archive_id = message.archive_id(mail.message_id)
        envelope = message.build(mail, self.environment.software, archive_id, oid)
        self.network.sent += texts_of_mail(envelope.content)
        self.network.sent += [("RCPT TO", address.encode()) for address in envelope.recipients]
        if self.down:
            raise_unknown()
        return SendResult(mail.message_id)

    def inbox(self, professional: Professional) -> tuple[ReceivedMail, ...]:
        return ()


def raise_unknown() -> None:
    """The connection is lost after the final dot."""
    raise OutcomeUnknownError("REPONSE_NON_LUE", "Pas de réponse.")


class OpenHouse:
    """One installation; ``reopen`` starts again on the same folder."""

    def __init__(self, environment: Environment) -> None:
        self.environment = replace(environment, dmp_base=DMP)
        self.network = Network(environment.credentials)
        self.operator = Operator(self.environment, self.network)
        self.clock = ManualClock()
        self._folder = tempfile.TemporaryDirectory(prefix="lgc-")
        self.lgc = self._open()

    def reopen(self) -> None:
        self.lgc.store.close()
        self.lgc = self._open()

    def close(self) -> None:
        self.lgc.store.close()
        self._folder.cleanup()

    def departures(self) -> Iterator[tuple[str, bytes]]:
        """What left since the last time, then forgotten."""
        sent, self.network.sent = self.network.sent, []
        yield from sent

    def _open(self) -> Lgc:
        laid = lay_base(self.environment, Path(self._folder.name), 7, self.clock)
        base: Any = replace(
            laid, transport=self.network, cards=SignedCards(self.environment, self.clock)
        )
        lgc = assemble(
            base,
            Outside(
                dmp=DmpClient(self.environment, base.transport, base.ids, self.clock, base.cards),
                mailer=self.operator,
                writer=CdaWriter(self.environment),
            ),
        )
        lgc.sessions = _OpenSessions()  # type: ignore[assignment]
        return lgc


class _OpenSessions:
    def access_token(self, professional: Professional) -> str:
        return "jeton"

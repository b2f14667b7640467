"""What the rooms of the LGC ask of one another.

Errors are those of :mod:`reference_impl.errors`. A gateway that cannot tell
whether its request was acted upon raises ``OutcomeUnknownError``; the outbox
then finds out before it sends again (DMP-ERR-02).

They are made by :mod:`reference_impl.wiring`: ``DmpClient(environment, transport,
ids, clock, cards)``, ``MssClient(environment, tokens)``, ``CdaWriter(environment)``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from reference_impl.people import Document, Mail, Patient, Professional, Visibility

DmpState = Literal["actif", "absent", "fermé"]
AuthorizationAction = Literal["AJOUT", "SUPPRESSION"]


class IdSource(Protocol):
    """Identifiers drawn from the seed and a durable counter: never twice the same."""

    @property
    def instance(self) -> str:
        """UUID of this installation, constant."""
        ...

    def uuid(self) -> str:
        """A UUID, lower case."""
        ...

    def oid(self, kind: str) -> str:
        """An OID under the product's root; ``kind`` is ``document``, ``lot``, ``entree`` …"""
        ...

    def message_id(self, domain: str) -> str:
        """A Message-ID with its angle brackets."""
        ...


class Clock(Protocol):
    """The time of the LGC."""

    def now(self) -> datetime:
        """Aware instant, UTC."""
        ...


class Tokens(Protocol):
    """Pro Santé Connect tokens of the open sessions."""

    def access_token(self, professional: Professional) -> str:
        """A token still valid, refreshed when needed.

        Raises ForbiddenGestureError when no session is open.
        """
        ...

    def renewed_token(self, professional: Professional) -> str:
        """A fresh token after a service refused the last one: to be tried once."""
        ...


@dataclass(frozen=True, slots=True)
class DmpStatus:
    """Answer of TD0.2. ``authorization`` is the code of the service (``VALIDE`` …) or None."""

    state: DmpState
    authorization: str | None = None


@dataclass(frozen=True, slots=True)
class DepositResult:
    """The service registered the document. ``warnings`` are codes it added."""

    unique_id: str
    warnings: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class DmpEntry:
    """A document as the DMP lists it. ``state`` is ``Approved`` or ``Deprecated``."""

    unique_id: str
    title: str
    type_code: str
    state: str
    entry_uuid: str | None = None
    repository_unique_id: str | None = None


class DmpGateway(Protocol):
    """The DMP, professional access."""

    def existence(self, patient: Patient, professional: Professional) -> DmpStatus:
        """TD0.2."""
        ...

    def authorize(
        self, patient: Patient, professional: Professional, action: AuthorizationAction
    ) -> DmpStatus:
        """TD0.3, then the state that follows."""
        ...

    def deposit(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        visibility: Visibility,
        replaces: str | None = None,
    ) -> DepositResult:
        """TD2.1 of a document already written, under its own uniqueId.

        ``replaces`` is the current entryUUID of the version before, which it makes obsolete.
        Raises RefusedError with the code of the service, UnavailableError when
        nothing left, OutcomeUnknownError when no answer was read.
        """
        ...

    def remove(
        self, entry_uuid: str, document: Document, patient: Patient, professional: Professional
    ) -> None:
        """TD3.3c: delete a document of one's own, for ever. Raises like :meth:`deposit`."""
        ...

    def find(self, unique_id: str, patient: Patient, professional: Professional) -> DmpEntry | None:
        """TD3.1b, GetDocuments by uniqueId; None when the DMP does not hold it."""
        ...

    def search(self, patient: Patient, professional: Professional) -> tuple[DmpEntry, ...]:
        """TD3.1a, the documents of the record."""
        ...

    def read(self, patient: Patient, professional: Professional, unique_id: str) -> bytes:
        """TD3.2, the bytes of one document."""
        ...


@dataclass(frozen=True, slots=True)
class SendResult:
    """250 was read. ``refused`` maps recipients refused one by one to the server's words."""

    message_id: str
    refused: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ReceivedMail:
    """A message of the inbox."""

    subject: str
    sender: str
    message_id: str


class Mailer(Protocol):
    """The MSSanté mailbox of a professional."""

    def send(self, mail: Mail) -> SendResult:
        """One SMTP transaction, under the Message-ID of the mail.

        Raises RefusedError on 5xx, UnavailableError on 4xx or before DATA,
        OutcomeUnknownError when the connection is lost after the final dot.
        """
        ...

    def inbox(self, professional: Professional) -> tuple[ReceivedMail, ...]:
        """The messages of INBOX."""
        ...


class DocumentWriter(Protocol):
    """Writes the CDA R2 N1 of a document."""

    def write(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        replaces: str | None = None,
    ) -> bytes:
        """The CDA. Same arguments, same bytes; ``replaces`` is the version before."""
        ...

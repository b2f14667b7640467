"""The MSSanté client of the LGC: one mailbox per professional, sessions by PSC token.

A refused token is renewed and tried once more, never twice; tokens are never
kept nor written anywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from typing import TypeVar

from reference_impl.errors import ConfigurationError, RefusedError
from reference_impl.mss import bounces, imap, message, smtp
from reference_impl.mss.smtp import TokenRefusedError
from reference_impl.people import Environment, Mail, MssSettings, Professional
from reference_impl.ports import ReceivedMail, SendResult, Tokens
from reference_impl.transport import tls_context

Result = TypeVar("Result")


class MssClient:
    """The Mailer of one installation. ``timeout`` is in seconds, for each answer."""

    def __init__(
        self,
        environment: Environment,
        tokens: Tokens,
        timeout: float = 30.0,
    ) -> None:
        self._environment = environment
        self._tokens = tokens
        self._timeout = timeout

    def send(self, mail: Mail) -> SendResult:
        """One SMTP transaction, under the Message-ID of the mail."""
        patient = mail.patient
        oid = self._environment.document_oid(patient.ins) if patient and patient.ins else None
        archive_id = message.archive_id(mail.message_id)
        envelope = message.build(mail, self._environment.software, archive_id, oid)
        server, tls = self._settings().smtp, tls_context(self._environment)
        refused = self._with_token(
            mail.sender,
            lambda token: smtp.submit(server, tls, token, envelope, self._timeout),
        )
        return SendResult(mail.message_id, refused)

    def inbox(self, professional: Professional) -> tuple[ReceivedMail, ...]:
        """The messages of INBOX; the prefix of the subject is for machines and is hidden."""
        return tuple(
            ReceivedMail(
                subject=str(mail.get("Subject", "")).removeprefix(message.PREFIX),
                sender=str(mail.get("From", "")),
                message_id=str(mail.get("Message-ID", "")).strip(),
            )
            for mail in self._read(professional)
        )

    def bounces(self, professional: Professional) -> tuple[bounces.Bounce, ...]:
        """What did not arrive, as the inbox tells."""
        read = (bounces.recognise(mail) for mail in self._read(professional, whole=True))
        return tuple(bounce for bounce in read if bounce is not None)

    def _read(self, professional: Professional, *, whole: bool = False) -> tuple[EmailMessage, ...]:
        server, tls = self._settings().imap, tls_context(self._environment)
        return self._with_token(
            professional,
            lambda token: imap.read_inbox(
                server, tls, professional.mailbox, token, self._timeout, whole=whole
            ),
        )

    def _with_token(self, professional: Professional, session: Callable[[str], Result]) -> Result:
        try:
            return session(self._tokens.access_token(professional))
        except TokenRefusedError:
            pass
        try:
            return session(self._tokens.renewed_token(professional))
        except TokenRefusedError as error:
            raise RefusedError(
                "JETON_REFUSE",
                "La messagerie refuse votre session Pro Santé Connect : reconnectez-vous.",
            ) from error

    def _settings(self) -> MssSettings:
        settings = self._environment.mss
        if settings is None:
            raise ConfigurationError(
                "MSSANTE_NON_CONFIGUREE",
                "Le descripteur d’environnement ne décrit pas la messagerie.",
                "mssante",
            )
        return settings

"""TLS and HTTP towards the services: the trust of the descriptor and nothing else.

A connection is made for each call, so that a certificate is judged each time.
Failures become errors that tell whether the service may have acted.
"""

from __future__ import annotations

import ssl
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from reference_impl.errors import ConfigurationError, OutcomeUnknownError, UnavailableError
from reference_impl.people import Credential, Environment
from reference_impl.revocation import RevokedError, checked_sockets, revocations_of

_LIMITS = httpx.Limits(max_keepalive_connections=0)
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


_SUITES = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-SHA384"
"""TLS 1.2 suites that both MSSanté (ECO.1.1.3) and the DMP (§5.1 of its sheet) authorise."""


def tls_context(environment: Environment, credential: Credential | None = None) -> ssl.SSLContext:
    """A client context: TLS ≥ 1.2, host name and revocation checked.

    The credential is presented when given. Raises ConfigurationError.
    """
    try:
        context = ssl.create_default_context(cafile=str(environment.trust_path))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(_SUITES)
        context.sslsocket_class = checked_sockets(revocations_of(environment.trust_path))
        if credential is not None:
            _present(context, credential)
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            "CERTIFICAT_ILLISIBLE", f"Un certificat de l’environnement est illisible : {error}."
        ) from error
    return context


def _present(context: ssl.SSLContext, credential: Credential) -> None:
    """Load the certificate followed by its authorities: a server may know only the root."""
    chain = x509.load_pem_x509_certificates(credential.cert_path.read_bytes())
    if credential.chain_path is not None:
        issuers = x509.load_pem_x509_certificates(credential.chain_path.read_bytes())
        chain += [c for c in issuers if c not in chain]
    pem = b"".join(certificate.public_bytes(Encoding.PEM) for certificate in chain)
    with tempfile.TemporaryDirectory() as folder:
        together = Path(folder) / "chain.pem"
        together.write_bytes(pem)
        context.load_cert_chain(together, credential.key_path)


class Transport:
    """HTTPS calls of the LGC. ``timeout`` is in seconds, for connecting and for each read."""

    def __init__(self, environment: Environment, timeout: float = 30.0) -> None:
        self._environment = environment
        self._timeout = timeout
        self._contexts: dict[str | None, ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def credential(self, name: str) -> Credential:
        """A credential of the descriptor by its name."""
        found = self._environment.credentials.get(name)
        if found is None:
            raise ConfigurationError(
                "CERTIFICAT_ABSENT",
                f"Le certificat « {name} » manque dans le descripteur d’environnement.",
                f"certificats.{name}",
            )
        return found

    def context(self, credential_name: str | None = None) -> ssl.SSLContext:
        """The TLS context of a credential, read once."""
        with self._lock:
            if credential_name not in self._contexts:
                credential = self.credential(credential_name) if credential_name else None
                self._contexts[credential_name] = tls_context(self._environment, credential)
            return self._contexts[credential_name]

    def send(
        self,
        service: str,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        form: Mapping[str, str] | None = None,
        credential_name: str | None = None,
    ) -> httpx.Response:
        """One request, its whole answer; redirections are never followed.

        ``service`` is the French name shown in errors. Raises UnavailableError
        when nothing was sent, OutcomeUnknownError when no answer was read.
        """
        client = httpx.Client(
            verify=self.context(credential_name),
            timeout=self._timeout,
            limits=_LIMITS,
            trust_env=False,
        )
        with client:
            try:
                return client.request(method, url, headers=headers, content=content, data=form)
            except httpx.TransportError as error:
                raise _explained(service, error) from error


def _explained(service: str, error: httpx.TransportError) -> Exception:
    tls = _tls_cause(error)
    if tls is not None:
        return UnavailableError(
            "TLS_REFUSE", f"La connexion sécurisée avec {service} a échoué : {tls}."
        )
    if isinstance(error, _NOT_SENT):
        return UnavailableError("SERVICE_INJOIGNABLE", f"{service} est injoignable.")
    return OutcomeUnknownError(
        "REPONSE_NON_LUE", f"{service} n’a pas répondu : la demande a peut-être été traitée."
    )


def _tls_cause(error: BaseException) -> str | None:
    """The reason of a failed handshake. In TLS 1.3 the alert may come at the first read."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError | RevokedError):
            return f"certificat du serveur refusé ({cause.verify_message})"
        if isinstance(cause, ssl.SSLError) and "ALERT" in (cause.reason or ""):
            return f"refus du serveur ({cause.reason})"
        cause = cause.__cause__ or cause.__context__
    return None

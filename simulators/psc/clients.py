"""Clients registered at Pro Santé Connect, and whether a request comes from one of them."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from cryptography import x509

from rules.exchange import TlsPeer
from rules.formats.client_authentication import ClientAuthentication
from simulators.errors import SettingsError
from simulators.kernel import Kernel
from simulators.psc.errors import INVALID_CLIENT, JsonRefusalError
from simulators.psc.settings import psc_settings


@dataclass(frozen=True, slots=True)
class Client:
    """What an editor declares: secret, return addresses, DN of its mutual TLS certificate."""

    client_id: str
    secret: str | None = field(repr=False)
    redirect_uris: tuple[str, ...]
    logout_uris: tuple[str, ...]
    certificate: str = "org-auth-cli"
    """Name of the certificate of the bench whose DN is registered."""
    public: bool = False


class Clients:
    """The declared clients: that of the fixtures, and those of the setting ``psc.clients``."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        software = kernel.world.software
        first = Client(
            software.psc_client_id,
            software.psc_client_secret,
            (software.psc_redirect_uri,),
            (software.psc_redirect_uri,),
        )
        declared = [_declared(each) for each in psc_settings(kernel).get("clients") or ()]
        self._clients = {c.client_id: c for c in (first, *declared)}

    def all(self) -> Sequence[Client]:
        """Every client, that of the fixtures first."""
        return tuple(self._clients.values())

    def find(self, client_id: str | None) -> Client | None:
        """The client of that identifier."""
        return self._clients.get(client_id or "")

    def authenticate(self, claimed: ClientAuthentication, tls: TlsPeer | None) -> Client:
        """The client that makes a request: Basic, form, or mutual TLS (fiche §2.2).

        A secret in the form is accepted, as the discovery document says, and
        reported by PSC-09. Raises JsonRefusalError.
        """
        client = self.find(claimed.client_id)
        if client is None or not (
            (client.public and claimed.secret is None)
            or _same(client.secret, claimed.secret)
            or (claimed.secret is None and self._certified(client, tls))
        ):
            raise JsonRefusalError(INVALID_CLIENT)
        return client

    def _certified(self, client: Client, tls: TlsPeer | None) -> bool:
        if tls is None or tls.certificate is None:
            return False
        expected = self._kernel.pki.credential(client.certificate).certificate
        return x509.load_der_x509_certificate(tls.certificate).subject == expected.subject


def _same(expected: str | None, given: str | None) -> bool:
    return bool(expected and given) and hmac.compare_digest(
        cast("str", expected).encode(), cast("str", given).encode()
    )


def _declared(value: Mapping[str, Any]) -> Client:
    try:
        uris = tuple(map(str, value["redirect_uris"]))
        return Client(
            str(value["client_id"]),
            value.get("client_secret"),
            uris,
            tuple(map(str, value.get("post_logout_redirect_uris", uris))),
            str(value.get("certificat", "org-auth-cli")),
            bool(value.get("public", False)),
        )
    except (KeyError, TypeError) as error:
        raise SettingsError(
            "Réglage psc.clients : chaque client donne client_id et redirect_uris."
        ) from error

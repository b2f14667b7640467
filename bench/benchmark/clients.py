"""Clients of the measures: the standard library's, the same for every server.

Connections are opened, and authenticated, before anything is timed.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import imaplib
import json
import secrets
import smtplib
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, urlsplit

import httpx

from bench.benchmark.capture import HttpCall, Mail
from bench.benchmark.plan import WAIT
from bench.errors import BenchEnvironmentError

Item_contra = TypeVar("Item_contra", contravariant=True)


class Client(Protocol[Item_contra]):
    """One open connection."""

    def send(self, item: Item_contra) -> None:
        """Send and wait for the answer; raises BenchEnvironmentError unless it is a success."""
        ...

    def close(self) -> None:
        """Leave."""
        ...


@dataclass(frozen=True)
class Bench:
    """The simulators under measure, as their descriptor tells them."""

    folder: Path
    descriptor: dict[str, Any]

    @classmethod
    def in_folder(cls, folder: Path) -> Bench:
        """Read the descriptor the platform wrote."""
        text = (folder / "environnement.json").read_text(encoding="utf-8")
        return cls(folder, json.loads(text))

    @property
    def doctor(self) -> dict[str, Any]:
        """The professional who wrote the messages: the first one."""
        return dict(self.descriptor["professionnels"][0])

    def trust(self, certificate: str | None = None) -> ssl.SSLContext:
        """A client context that trusts the test hierarchy, with a client certificate if named."""
        authorities = self.folder / self.descriptor["confiance"]["pem"]
        context = ssl.create_default_context(cafile=str(authorities))
        context.set_ciphers("ECDHE+aRSA+AESGCM")  # what a product may offer (ECO.1.1.3)
        if certificate is not None:
            files = self.descriptor["certificats"][certificate]
            context.load_cert_chain(self.folder / files["chaine"], self.folder / files["cle"])
        return context

    @property
    def card(self) -> str:
        """Name of the doctor's authentication certificate."""
        return str(self.doctor["carte"]["authentification"])

    def port(self, url: str) -> int:
        """Port of an address of the descriptor."""
        port = urlsplit(url).port
        assert port is not None
        return port

    def administer(self, path: str, body: Any = None) -> None:
        """``POST`` to the administration."""
        address = self.descriptor["banc"]["administration"]
        answer = httpx.post(f"{address}{path}", json=body, timeout=WAIT, trust_env=False)
        answer.raise_for_status()


class HttpClient:
    """HTTPS on a kept connection, with http.client."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._connection = http.client.HTTPSConnection(
            "localhost", port, timeout=WAIT, context=context
        )
        self._connection.connect()

    def send(self, item: HttpCall) -> None:
        """Post or get; a refusal said in a 200 is a refusal too."""
        connection = self._connection
        connection.putrequest(item.method, item.path, skip_host=True, skip_accept_encoding=True)
        for name, value in item.headers:
            connection.putheader(name, value)
        connection.endheaders(item.body)
        response = connection.getresponse()
        body = response.read()
        if response.status != 200 or b"ResponseStatusType:Failure" in body:
            said = body[:500].decode("utf-8", "replace")
            raise BenchEnvironmentError(f"La mesure est fausse : {item.path} a répondu {said}")

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class SmtpClient:
    """SMTP with smtplib; STARTTLS then XOAUTH2 when a context and a token are given.

    ``nagle`` leaves the socket as smtplib makes it. Its Nagle meets the delayed
    acknowledgement of a server that is not careful, and a rate would show only that.
    """

    def __init__(
        self,
        port: int,
        context: ssl.SSLContext | None = None,
        login: tuple[str, str] | None = None,
        *,
        nagle: bool = False,
    ) -> None:
        host = "localhost" if context else "127.0.0.1"
        self._session = smtplib.SMTP(host, port, local_hostname="[127.0.0.1]", timeout=WAIT)
        if not nagle:
            assert self._session.sock is not None
            self._session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._session.starttls(context=context)
        self._session.ehlo()
        if login is not None:
            said = f"user={login[0]}\x01auth=Bearer {login[1]}\x01\x01"
            self._session.auth("XOAUTH2", lambda _challenge=None: said)

    def send(self, item: Mail) -> None:
        """One transaction."""
        try:
            refused = self._session.sendmail(item.sender, item.recipients, item.content)
        except smtplib.SMTPException as error:
            raise BenchEnvironmentError(
                f"La mesure est fausse : courriel refusé, {error}"
            ) from error
        if refused:
            raise BenchEnvironmentError(f"La mesure est fausse : destinataires refusés, {refused}")

    def nothing(self) -> None:
        """``NOOP``."""
        code, said = self._session.noop()
        if code != 250:
            raise BenchEnvironmentError(f"La mesure est fausse : NOOP a reçu {code} {said!r}")

    def close(self) -> None:
        """Leave without waiting for a word."""
        self._session.close()


class ImapClient:
    """IMAP with imaplib, STARTTLS then XOAUTH2."""

    def __init__(self, port: int, context: ssl.SSLContext, login: tuple[str, str]) -> None:
        self._session = imaplib.IMAP4("localhost", port, timeout=WAIT)
        self._session.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._session.starttls(context)
        said = f"user={login[0]}\x01auth=Bearer {login[1]}\x01\x01".encode()
        self._session.authenticate("XOAUTH2", lambda _challenge: said)
        self._session.select()

    def send(self, item: Mail | int) -> None:
        """Put a mail into the inbox (APPEND), or read one by its number (FETCH)."""
        if isinstance(item, int):
            answer, found = self._session.fetch(str(item), "(RFC822)")
            whole = answer == "OK" and isinstance(found[0], tuple)
        else:
            whole = self._session.append("INBOX", "", "", item.content)[0] == "OK"
        if not whole:
            raise BenchEnvironmentError("La mesure est fausse : commande IMAP refusée.")

    def nothing(self) -> None:
        """``NOOP``."""
        if self._session.noop()[0] != "OK":
            raise BenchEnvironmentError("La mesure est fausse : NOOP d'IMAP refusé.")

    def close(self) -> None:
        """Leave without waiting for a word."""
        self._session.shutdown()


def access_token(bench: Bench) -> tuple[str, str]:
    """Address of the doctor and an access token of Pro Santé Connect, by a whole login."""
    described = bench.descriptor["psc"]
    registered = described["clients"][0]
    verifier = secrets.token_urlsafe(32)
    digest = hashlib.sha256(verifier.encode()).digest()
    with httpx.Client(verify=bench.trust(), trust_env=False, timeout=WAIT) as client:
        known = client.get(described["decouverte"]).json()
        asked = {
            "response_type": "code",
            "client_id": registered["client_id"],
            "redirect_uri": registered["redirect_uris"][0],
            "scope": "openid scope_all",
            "acr_values": "eidas1",
            "state": secrets.token_hex(32),
            "nonce": secrets.token_hex(32),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "login_hint": bench.doctor["identifiant_national"],
        }
        sent_back = client.get(known["authorization_endpoint"], params=asked)
        given = dict(parse_qsl(urlsplit(sent_back.headers.get("location", "")).query))
        form = {
            "grant_type": "authorization_code",
            "code": given.get("code", ""),
            "redirect_uri": asked["redirect_uri"],
            "code_verifier": verifier,
        }
        secret = (registered["client_id"], registered["client_secret"])
        answer = client.post(known["token_endpoint"], data=form, auth=secret)
    if answer.status_code != 200:
        raise BenchEnvironmentError(f"La mesure est fausse : pas de jeton ({answer.text[:200]})")
    return str(bench.doctor["bal"]), str(answer.json()["access_token"])

"""Sessions of Pro Santé Connect: authorization code with PKCE, refresh, logout.

The LGC is headless: ``login_hint`` names the professional, and the redirection
comes back at once. Tokens live in memory only (MSSanté ECO.1.2.5, PSC-14).
Source: sheet PSC §2, 3, 6.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
from joserfc.jwk import KeySet

from reference_impl import oidc
from reference_impl.errors import (
    ConfigurationError,
    RefusedError,
    SessionRequiredError,
    UnavailableError,
)
from reference_impl.people import Environment, Professional, PscClientSettings
from reference_impl.ports import Clock
from reference_impl.transport import Transport

_SERVICE = "Pro Santé Connect"

# Seconds left under which a token is renewed rather than sent: it must outlive the call.
_MARGIN = timedelta(seconds=20)
_DEFAULT_LIFETIME = 60


@dataclass(frozen=True, slots=True)
class Session:
    """An open session. Its tokens never leave this process but towards services."""

    professional: str
    opened_at: datetime
    access_token: str
    expires_at: datetime
    id_token: str
    refresh_token: str | None

    def __repr__(self) -> str:
        """Without the tokens: a log must not hold them."""
        return f"Session(professional={self.professional!r})"


class PscSessions:
    """The sessions of one installation, by idNat_PS."""

    def __init__(self, environment: Environment, transport: Transport, clock: Clock) -> None:
        self._environment = environment
        self._transport = transport
        self._clock = clock
        self._sessions: dict[str, Session] = {}
        self._lock = threading.RLock()

    def open(self, professional: Professional) -> Session:
        """Log a professional in. Raises RefusedError or UnavailableError."""
        with self._lock:
            provider = self._provider()
            session = self._log_in(provider, professional)
            self._sessions[professional.national_id] = session
            return session

    def close(self, professional: Professional) -> Session:
        """Log out of the LGC and of Pro Santé Connect (EXI PSC 20).

        The local session is closed even when the provider does not answer.
        """
        with self._lock:
            session = self._sessions.pop(professional.national_id, None)
            if session is None:
                raise _no_session(professional)
            self._end(session)
            return session

    def access_token(self, professional: Professional) -> str:
        """A token still valid, refreshed when needed."""
        with self._lock:
            session = self._session(professional)
            if session.expires_at - self._clock.now() > _MARGIN:
                return session.access_token
            return self._refresh(professional, session).access_token

    def renewed_token(self, professional: Professional) -> str:
        """A fresh token after a service refused the last one."""
        with self._lock:
            return self._refresh(professional, self._session(professional)).access_token

    def _session(self, professional: Professional) -> Session:
        session = self._sessions.get(professional.national_id)
        if session is None:
            raise _no_session(professional)
        return session

    def _settings(self) -> PscClientSettings:
        settings = self._environment.psc
        if settings is None:
            raise ConfigurationError(
                "PSC_ABSENT",
                "Pro Santé Connect manque dans le descripteur d’environnement.",
                "psc",
            )
        return settings

    def _provider(self) -> oidc.Provider:
        settings = self._settings()
        response = self._transport.send(_SERVICE, "GET", settings.discovery)
        return oidc.read_provider(response, settings.issuer)

    def _keys(self, provider: oidc.Provider) -> KeySet:
        # Read at each login: keys rotate (PSC-06).
        return oidc.read_keys(self._transport.send(_SERVICE, "GET", provider.jwks))

    def _log_in(self, provider: oidc.Provider, professional: Professional) -> Session:
        settings = self._settings()
        nonce, verifier = secrets.token_hex(32), secrets.token_urlsafe(32)
        code = self._authorize(provider, professional, nonce, verifier)
        answer = self._token(
            provider,
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": settings.redirect_uri,
                "code_verifier": verifier,
            },
        )
        keys = self._keys(provider)
        session = self._new_session(professional, answer)
        oidc.read_id_token(session.id_token, keys, settings, nonce, self._clock)
        userinfo = self._transport.send(
            _SERVICE,
            "GET",
            provider.userinfo,
            headers={"Authorization": f"Bearer {session.access_token}"},
        )
        oidc.require_same_person(oidc.read_userinfo(userinfo, keys), professional.national_id)
        return session

    def _authorize(
        self, provider: oidc.Provider, professional: Professional, nonce: str, verifier: str
    ) -> str:
        """The code, after the state came back unchanged."""
        state = secrets.token_hex(32)
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings().client_id,
                "redirect_uri": self._settings().redirect_uri,
                "scope": "openid scope_all",
                "acr_values": oidc.REQUESTED_ACR,
                "state": state,
                "nonce": nonce,
                "code_challenge": _challenge(verifier),
                "code_challenge_method": "S256",
                "login_hint": professional.national_id,
            },
            quote_via=quote,
        )
        response = self._transport.send(_SERVICE, "GET", f"{provider.authorization}?{query}")
        return _code(response, self._settings().redirect_uri, state)

    def _token(self, provider: oidc.Provider, form: Mapping[str, str]) -> Mapping[str, Any]:
        settings = self._settings()
        basic = base64.b64encode(f"{settings.client_id}:{settings.client_secret}".encode()).decode()
        response = self._transport.send(
            _SERVICE,
            "POST",
            provider.token,
            headers={"Authorization": f"Basic {basic}", "Accept": "application/json"},
            form=form,
        )
        if 400 <= response.status_code < 500 and response.status_code != 429:
            raise RefusedError("PSC_JETON_REFUSE", _refusal(response))
        return oidc.json_object(response)

    def _new_session(self, professional: Professional, answer: Mapping[str, Any]) -> Session:
        now = self._clock.now()
        access, identity = answer.get("access_token"), answer.get("id_token")
        if not isinstance(access, str) or not isinstance(identity, str):
            raise UnavailableError(
                "PSC_REPONSE_INCOMPLETE", "Pro Santé Connect n’a pas rendu tous les jetons."
            )
        return Session(
            professional=professional.national_id,
            opened_at=now,
            access_token=access,
            expires_at=now + timedelta(seconds=_lifetime(answer)),
            id_token=identity,
            refresh_token=answer.get("refresh_token"),
        )

    def _refresh(self, professional: Professional, session: Session) -> Session:
        if session.refresh_token is None:
            raise self._expired(professional)
        form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
        try:
            answer = self._token(self._provider(), form)
        except RefusedError as error:
            raise self._expired(professional) from error
        kept = {"id_token": session.id_token, "refresh_token": session.refresh_token}
        fresh = self._new_session(professional, {**kept, **answer})
        fresh = replace(fresh, opened_at=session.opened_at)
        self._sessions[professional.national_id] = fresh
        return fresh

    def _expired(self, professional: Professional) -> SessionRequiredError:
        """Four hours, or thirty minutes of inactivity: the professional logs in again."""
        self._sessions.pop(professional.national_id, None)
        return SessionRequiredError(
            "SESSION_EXPIREE",
            "La session Pro Santé Connect a expiré : reconnectez-vous.",
            "professionnel",
        )

    def _end(self, session: Session) -> None:
        query = urlencode(
            {
                "id_token_hint": session.id_token,
                "post_logout_redirect_uri": self._settings().redirect_uri,
                "state": secrets.token_hex(32),
            }
        )
        url = f"{self._provider().end_session}?{query}"
        response = self._transport.send(_SERVICE, "GET", url)
        if response.status_code >= 400:
            raise UnavailableError(
                "PSC_DECONNEXION",
                "Vous êtes déconnecté du logiciel, mais Pro Santé Connect n’a pas fermé sa "
                f"session (HTTP {response.status_code}).",
            )


def _challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _code(response: httpx.Response, redirect_uri: str, state: str) -> str:
    location = response.headers.get("location", "")
    if response.status_code not in (302, 303) or not _is_ours(location, redirect_uri):
        raise UnavailableError(
            "PSC_INDISPONIBLE",
            f"Pro Santé Connect n’a pas renvoyé vers le logiciel (HTTP {response.status_code}).",
        )
    answer = dict(parse_qsl(urlsplit(location).query))
    if not secrets.compare_digest(answer.get("state", ""), state):
        raise RefusedError(
            "PSC_STATE", "Le retour de Pro Santé Connect ne répond pas à notre demande."
        )
    if "code" not in answer:
        reason = answer.get("error_description") or answer.get("error") or "sans motif"
        raise RefusedError("PSC_REFUSE", f"Pro Santé Connect a refusé la connexion : {reason}.")
    return answer["code"]


def _is_ours(location: str, redirect_uri: str) -> bool:
    found, ours = urlsplit(location), urlsplit(redirect_uri)
    return (found.scheme, found.netloc, found.path) == (ours.scheme, ours.netloc, ours.path)


def _lifetime(answer: Mapping[str, Any]) -> int:
    seconds = answer.get("expires_in")
    return seconds if isinstance(seconds, int) else _DEFAULT_LIFETIME


def _refusal(response: httpx.Response) -> str:
    try:
        answer = response.json()
    except ValueError:
        answer = {}
    reason = answer.get("error", "sans motif") if isinstance(answer, dict) else "sans motif"
    return f"Pro Santé Connect a refusé de donner un jeton : {reason}."


def _no_session(professional: Professional) -> SessionRequiredError:
    return SessionRequiredError(
        "SESSION_FERMEE",
        f"Aucune session Pro Santé Connect n’est ouverte pour {professional.national_id} : "
        "connectez-vous d’abord.",
        "professionnel",
    )

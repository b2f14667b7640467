"""Pro Santé Connect as a service of the bench: routes, state, descriptor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

from rules.formats.psc import REFRESH_GRANT
from simulators.http import (
    ClientCertificate,
    Endpoint,
    HttpListener,
    HttpRequest,
    HttpResponse,
    Route,
)
from simulators.kernel import Kernel
from simulators.psc import faults, tokens
from simulators.psc.backchannel import Backchannel
from simulators.psc.browser import AUTHORIZE_PATH, CHOICE_PATH, Browser
from simulators.psc.clients import Clients
from simulators.psc.errors import RefusalError
from simulators.psc.people import VARIANTS
from simulators.psc.settings import CHOICES, DEFAULTS, psc_settings, verify_choice
from simulators.psc.state import PscState
from simulators.psc.wire import discovery, json_answer, refusal
from simulators.store import Unit

OIDC = f"{tokens.REALM}/protocol/openid-connect"
DISCOVERY = f"{tokens.REALM}/.well-known/wallet-openid-configuration"
HOSTNAMES = (
    "auth.bas.psc.esante.gouv.fr",
    "wallet.bas.psc.esante.gouv.fr",
    "auth.esw.esante.gouv.fr",
    "wallet.esw.esante.gouv.fr",
)
"""Sandbox and production (fiche §1): one listener answers for issuer and wallet."""


class PscService:
    """The simulator. Its listener is named ``psc``."""

    name = "psc"
    faults: Mapping[str, str] = faults.catalogue()

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._clients = Clients(kernel)
        self._browser = Browser(kernel, self._clients)
        self._back = Backchannel(kernel, self._clients)

    def listeners(self) -> Sequence[HttpListener]:
        """One HTTPS address; a client certificate is asked for, never demanded."""
        return (
            HttpListener(
                "psc",
                self._routes(),
                HOSTNAMES,
                ClientCertificate.OPTIONAL,
                max_body=1024 * 1024,
            ),
        )

    def _routes(self) -> tuple[Route, ...]:
        browser, back = self._browser, self._back
        declared: tuple[tuple[str, str, Endpoint, str | Callable[[HttpRequest], str]], ...] = (
            ("GET", DISCOVERY, self.discovery, "decouverte"),
            ("GET POST", AUTHORIZE_PATH, browser.authorize, "authorize"),
            ("POST", CHOICE_PATH, browser.choose, "choix"),
            ("POST", f"{OIDC}/token", back.token, _token_operation),
            ("GET POST", f"{OIDC}/userinfo", back.userinfo, "userinfo"),
            ("GET", f"{OIDC}/certs", self.jwks, "jwks"),
            ("POST", f"{OIDC}/token/introspect", back.introspect, "introspect"),
            ("GET POST", f"{OIDC}/logout", browser.logout, "logout"),
            ("POST", f"{OIDC}/revoke", back.revoke, "revoke"),
            ("POST", f"{OIDC}/ext/ciba/auth", back.closed_option, "ciba"),
            ("POST", f"{OIDC}/ext/par/request", back.closed_option, "par"),
            ("POST", f"{OIDC}/auth/device", back.closed_option, "device"),
        )
        return tuple(
            Route(tuple(methods.split()), path, self._answering(endpoint), operation)
            for methods, path, endpoint, operation in declared
        )

    def _answering(self, endpoint: Endpoint) -> Endpoint:
        def answer(request: HttpRequest, unit: Unit) -> HttpResponse:
            try:
                return endpoint(request, unit)
            except RefusalError as refused:
                return refusal(refused, tokens.issuer(self._kernel).rpartition("/")[2])

        return answer

    def discovery(self, _request: HttpRequest, _unit: Unit) -> HttpResponse:
        """``wallet-openid-configuration`` (fiche §1.1)."""
        issuer = tokens.issuer(self._kernel)
        return json_answer(discovery(issuer, self._authorization_url(issuer)))

    def jwks(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Public keys; without the one in force when the fault ``jwks-perime`` says so."""
        rotation = self._state(unit).switch(tokens.ROTATION) or 0
        keys = tokens.public_keys(self._kernel, rotation)
        if request.fault == "jwks-perime":
            keys = (tokens.signing_key(self._kernel, "perimee").as_dict(private=False),)
        return json_answer({"keys": keys})

    def public_keys(self) -> tuple[Mapping[str, object], ...]:
        """Public JWK now published, for ``Environment.psc_keys``."""
        return tokens.public_keys(self._kernel, tokens.current_rotation(self._kernel))

    @property
    def issuer(self) -> str:
        """``iss`` of the tokens, for ``Environment.psc_issuer``."""
        return tokens.issuer(self._kernel)

    def prepare(self, unit: Unit) -> None:
        """Switches take their value from the settings the first time only."""
        state, settings = self._state(unit), psc_settings(self._kernel)
        for name, default in DEFAULTS.items():
            if state.switch(name) is None:
                state.set_switch(name, verify_choice(name, settings.get(name, default)))

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor.

        ``psc_keys`` is for the platform alone: it goes to ``Environment``.
        """
        address = self._kernel.addresses["psc"]
        issuer = tokens.issuer(self._kernel)
        return {
            "emetteur": issuer,
            "decouverte": address.url(DISCOVERY),
            "autorisation": self._authorization_url(issuer),
            "psc_keys": self.public_keys(),
            "clients": [
                {
                    "client_id": client.client_id,
                    "client_secret": client.secret,
                    "redirect_uris": list(client.redirect_uris),
                    "post_logout_redirect_uris": list(client.logout_uris),
                    "certificat": client.certificate,
                    "public": client.public,
                }
                for client in self._clients.all()
            ],
        }

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Switches, and sessions without their random identifiers."""
        state, now = self._state(unit), self._kernel.clock.now()
        return {
            "reglages": dict(state.switches()),
            "sessions": [
                {
                    "professionnel": session.national_id,
                    "etat": session.state(now).value,
                    "ouverte_le": session.opened_at.isoformat(),
                    "vue_le": session.seen_at.isoformat(),
                }
                for session in state.sessions()
            ],
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Set switches, rotate the key, close sessions, change professionals.

        ``{"acr": "eidas2", "mode": "MOBILE", "userinfo": "jwt", "cle": "tourner",
        "sessions": {"<idNat>": "fermée"},
        "professionnels": {"<idNat>": {"revoque": true, "profil": "deux-exercices"}}}``
        """
        state = self._state(unit)
        for name, value in change.items():
            if name in CHOICES:
                state.set_switch(name, verify_choice(name, value))
            elif name == "cle" and value == "tourner":
                self._rotate(state)
            elif name == "sessions" and isinstance(value, Mapping):
                self._close_sessions(state, cast("Mapping[str, object]", value))
            elif name == "professionnels" and isinstance(value, Mapping):
                self._change_people(state, cast("Mapping[str, object]", value))
            else:
                raise ValueError(
                    f"Pro Santé Connect : « {name} » : {value!r} ne veut rien dire. États connus : "
                    "acr, mode, userinfo, cle (« tourner »), sessions, professionnels."
                )

    def _rotate(self, state: PscState) -> None:
        rotation = (state.switch(tokens.ROTATION) or 0) + 1
        state.set_switch(tokens.ROTATION, rotation)
        known = self._kernel.environment
        new = tokens.public_keys(self._kernel, rotation)[:1]
        self._kernel.environment = replace(known, psc_keys=(*new, *known.psc_keys))

    def _close_sessions(self, state: PscState, wanted: Mapping[str, object]) -> None:
        for who, value in wanted.items():
            if value != "fermée":
                raise ValueError(f"Session de {who} : seul l'état « fermée » peut être posé.")
            for session in state.sessions():
                if session.national_id == who and session.closed_at is None:
                    state.close_session(session, self._kernel.clock.now())

    def _change_people(self, state: PscState, wanted: Mapping[str, object]) -> None:
        for who, value in wanted.items():
            if self._kernel.world.professional(who) is None:
                raise ValueError(f"Aucun professionnel du banc ne porte l'identifiant {who}.")
            changes = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
            profile = changes.get("profil")
            if not changes or set(changes) - {"revoque", "profil"}:
                raise ValueError(f"Professionnel {who} : « revoque » ou « profil » sont attendus.")
            if profile is not None and profile not in VARIANTS:
                raise ValueError(f"Profil inconnu : « {profile} », choisir {', '.join(VARIANTS)}.")
            state.set_profile(who, changes)

    def _authorization_url(self, issuer: str) -> str:
        # Another host than the issuer on the real service; here they share a listener.
        chosen = psc_settings(self._kernel).get("autorisation")
        return str(chosen) if chosen else issuer.removesuffix(tokens.REALM) + AUTHORIZE_PATH

    def _state(self, unit: Unit) -> PscState:
        return PscState(unit.connection, self._kernel.campaign)


def _token_operation(request: HttpRequest) -> str:
    return "refresh" if request.form.get("grant_type") == REFRESH_GRANT else "token"

"""What the software's server asks of Pro Santé Connect: tokens, userinfo, introspection."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, TypeVar

from fixtures.world import ProfessionalFixture
from rules.artefact import Artefact, MalformedError
from rules.formats.jwt import Jwt
from rules.formats.psc import (
    CODE_GRANT,
    REFRESH_GRANT,
    BearerRequest,
    IntrospectionRequest,
    RevocationRequest,
    TokenRequest,
)
from rules.formats.psc_reading import read_request
from simulators.http import HttpRequest, HttpResponse
from simulators.kernel import Kernel
from simulators.psc import errors, faults, people
from simulators.psc.clients import Client, Clients
from simulators.psc.errors import BearerRefusalError, JsonRefusalError, TokenRefusedError
from simulators.psc.settings import DEFAULTS
from simulators.psc.state import (
    ACCESS_LIFETIME,
    Authorization,
    Code,
    PscState,
    RefreshState,
    Session,
    SessionState,
)
from simulators.psc.tokens import Grant, Minter, verified
from simulators.psc.wire import json_answer
from simulators.store import Unit

A = TypeVar("A", bound=Artefact)


class Backchannel:
    """The endpoints that no browser calls."""

    def __init__(self, kernel: Kernel, clients: Clients) -> None:
        self._kernel = kernel
        self._clients = clients

    def token(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Code or refresh token against tokens (fiche §2.2, §2.3)."""
        asked = _read(request, TokenRequest)
        client = self._clients.authenticate(asked.client, request.tls)
        if refused := faults.TOKEN.get(request.fault or ""):
            raise JsonRefusalError(refused[1])
        state = PscState(unit.connection, self._kernel.campaign)
        if asked.grant_type == CODE_GRANT:
            session, authorization = self._redeem(asked, client, state, request.at)
        elif asked.grant_type == REFRESH_GRANT:
            session, authorization = self._renew(asked, client, state, request.at)
        else:
            known = errors.GRANT_UNSUPPORTED if asked.grant_type else errors.GRANT_MISSING
            raise JsonRefusalError(known)
        person = self._alive(session, state, request.at)
        state.touch(session, request.at)
        grant = self._grant(session, authorization, person, state, request)
        members = _members(grant, Minter(self._kernel, state), state, request.fault)
        return json_answer(members, professional=session.national_id)

    def userinfo(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Claims of the professional whose access token is presented (fiche §3.4)."""
        tokens = _read(request, BearerRequest).tokens
        if not tokens:
            raise BearerRefusalError(errors.BEARER_MISSING)
        if request.fault == "userinfo-401":
            raise BearerRefusalError(errors.BEARER_INVALID)
        state = PscState(unit.connection, self._kernel.campaign)
        try:
            jwt = verified(self._kernel, state, tokens[0][1], request.at)
            person = self._active(jwt, state, request.at)
        except TokenRefusedError as refused:
            raise BearerRefusalError(errors.BEARER_INVALID) from refused
        claims = people.userinfo(person, str(jwt.claims["authMode"]))
        profile = state.profile(person.national_id)
        for variant in (profile.get("profil"), request.fault):
            if known := people.VARIANTS.get(variant or ""):
                known[1](claims)
        return self._present(claims, jwt, state, person)

    def introspect(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Whether a token is active, and what it says (fiche §5.1)."""
        asked = _read(request, IntrospectionRequest)
        self._clients.authenticate(asked.client, request.tls)
        if not asked.token:
            raise JsonRefusalError(errors.TOKEN_MISSING)
        state = PscState(unit.connection, self._kernel.campaign)
        claims = self._active_claims(asked.token, state, request.at)
        who = str(claims["username"]) if claims else None
        return json_answer(claims or {"active": False}, professional=who)

    def revoke(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """Give up a token; an unknown one is answered alike (RFC 7009 §2.2)."""
        asked = _read(request, RevocationRequest)
        client = self._clients.authenticate(asked.client, request.tls)
        if not asked.token:
            raise JsonRefusalError(errors.TOKEN_MISSING)
        state = PscState(unit.connection, self._kernel.campaign)
        refresh = Minter(self._kernel, state).open_refresh(asked.token)
        if refresh is not None and refresh.claim("azp") == client.client_id:
            state.revoke_refresh_tokens(refresh.claim("sid") or "")
            return HttpResponse()
        try:
            access = verified(self._kernel, state, asked.token, request.at)
        except TokenRefusedError:
            return HttpResponse()
        if access.claim("azp") == client.client_id:
            state.revoke(access.claim("jti") or "")
        return HttpResponse()

    def closed_option(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        """CIBA, PAR and device: advertised, opened client by client, not opened here."""
        asked = next(iter(read_request(request.message)), None)
        client = getattr(asked, "client", None)
        if client is not None:
            self._clients.authenticate(client, request.tls)
        raise JsonRefusalError(errors.OPTION_CLOSED)

    def _redeem(
        self, asked: TokenRequest, client: Client, state: PscState, at: datetime
    ) -> tuple[Session, Authorization]:
        if not asked.code:
            raise JsonRefusalError(errors.CODE_MISSING)
        code = state.code(asked.code)
        if code is None:
            raise JsonRefusalError(errors.CODE_NOT_VALID)
        if code.used:
            # RFC 6749 §4.1.2: a code presented twice betrays its tokens.
            state.revoke_refresh_tokens(code.sid)
            raise JsonRefusalError(errors.CODE_NOT_VALID)
        state.use_code(code)
        if code.expired(at):
            raise JsonRefusalError(errors.CODE_NOT_VALID)
        _match(asked, client, code)
        session = state.session(code.sid)
        if session is None:
            raise JsonRefusalError(errors.SESSION_NOT_ACTIVE)
        return session, code.request

    def _renew(
        self, asked: TokenRequest, client: Client, state: PscState, at: datetime
    ) -> tuple[Session, Authorization]:
        text = asked.parameters.get("refresh_token")
        if not text:
            raise JsonRefusalError(errors.REFRESH_MISSING)
        jwt = Minter(self._kernel, state).open_refresh(text)
        token = state.refresh(jwt.claim("jti") or "") if jwt else None
        if jwt is None or token is None or token.request.client_id != client.client_id:
            raise JsonRefusalError(errors.REFRESH_INVALID)
        if token.state is RefreshState.USED:
            raise JsonRefusalError(errors.REFRESH_REUSED)
        if jwt.expired(at):
            raise JsonRefusalError(errors.TOKEN_NOT_ACTIVE)
        session = state.session(token.sid)
        if session is None or token.state is RefreshState.REVOKED:
            raise JsonRefusalError(errors.SESSION_NOT_ACTIVE)
        state.use_refresh(token)
        return session, token.request

    def _alive(self, session: Session, state: PscState, at: datetime) -> ProfessionalFixture:
        if session.state(at) is not SessionState.OPEN:
            raise JsonRefusalError(errors.SESSION_NOT_ACTIVE)
        person = self._kernel.world.professional(session.national_id)
        if person is None or state.profile(person.national_id).get("revoque"):
            raise JsonRefusalError(errors.USER_DISABLED)
        return person

    def _active(self, jwt: Jwt, state: PscState, at: datetime) -> ProfessionalFixture:
        """Who an access token still speaks for; raises TokenRefusedError."""
        session = state.session(jwt.claim("sid"))
        if session is None or session.state(at) is not SessionState.OPEN:
            raise TokenRefusedError("session Pro Santé Connect fermée")
        if state.revoked(jwt.claim("jti") or ""):
            raise TokenRefusedError("jeton révoqué")
        person = self._kernel.world.professional(session.national_id)
        if person is None or state.profile(person.national_id).get("revoque"):
            raise TokenRefusedError("professionnel révoqué")
        return person

    def _active_claims(self, token: str, state: PscState, at: datetime) -> dict[str, Any] | None:
        refresh = Minter(self._kernel, state).open_refresh(token)
        try:
            jwt = refresh or verified(self._kernel, state, token, at)
            person = self._active(jwt, state, at)
        except TokenRefusedError:
            return None
        if refresh is not None:
            known = state.refresh(refresh.claim("jti") or "")
            if known is None or known.state is not RefreshState.ACTIVE or refresh.expired(at):
                return None
        who = person.national_id
        extra = {"client_id": jwt.claim("azp"), "username": who, "preferred_username": who}
        return {**jwt.claims, **extra, "active": True}

    def _grant(
        self,
        session: Session,
        authorization: Authorization,
        person: ProfessionalFixture,
        state: PscState,
        request: HttpRequest,
    ) -> Grant:
        short = request.fault == faults.SHORT_LIFE
        return Grant(
            session,
            authorization,
            person,
            faults.ACR.get(request.fault or "") or state.switch("acr") or DEFAULTS["acr"],
            state.switch("mode") or DEFAULTS["mode"],
            request.at,
            timedelta(seconds=30) if short else ACCESS_LIFETIME,
        )

    def _present(
        self, claims: dict[str, Any], jwt: Jwt, state: PscState, person: ProfessionalFixture
    ) -> HttpResponse:
        answer = json_answer(claims, professional=person.national_id)
        if state.switch("userinfo") != "jwt":
            return answer
        signed = {"iss": jwt.claims["iss"], "aud": jwt.claims["azp"], **claims}
        return HttpResponse(
            headers=(("Content-Type", "application/jwt"), ("Cache-Control", "no-store")),
            body=Minter(self._kernel, state).sign(signed).encode(),
            correlation=answer.correlation,
        )


def _read(request: HttpRequest, kind: type[A]) -> A:
    """The artefact of a request; MalformedError is answered as invalid_request."""
    try:
        artefact = next(iter(read_request(request.message)), None)
    except MalformedError as error:
        raise JsonRefusalError(errors.UNREADABLE) from error
    assert isinstance(artefact, kind)
    return artefact


def _members(grant: Grant, minter: Minter, state: PscState, fault: str | None) -> dict[str, Any]:
    """The body of a 200 of the token endpoint, in Keycloak's order, faults applied."""
    access = minter.sign(minter.access_claims(grant))
    jti = state.issue_refresh(grant.session.sid, grant.request)
    refresh, refresh_life = minter.refresh_token(grant, jti)
    members: dict[str, Any] = {
        "access_token": access,
        "expires_in": int(grant.lifetime.total_seconds()),
        "refresh_expires_in": refresh_life,
        "refresh_token": refresh,
        "token_type": "Bearer",
        "id_token": _id_token(grant, access, minter, fault),
        "not-before-policy": 0,
        "session_state": grant.session.sid,
        "scope": grant.request.scope,
    }
    if "openid" not in grant.request.scope.split():
        del members["id_token"]
    if left_out := faults.MEMBERS.get(fault or ""):
        members.pop(left_out[1], None)
    return members


def _id_token(grant: Grant, access: str, minter: Minter, fault: str | None) -> str:
    claims = minter.id_claims(grant, access)
    if changed := faults.ID_CLAIMS.get(fault or ""):
        changed[1](claims)
    forged = faults.SIGNATURES.get(fault or "")
    return forged[1](claims, minter) if forged else minter.sign(claims)


def _match(asked: TokenRequest, client: Client, code: Code) -> None:
    """The code belongs to this client, this address and this verifier."""
    if code.request.client_id != client.client_id:
        raise JsonRefusalError(errors.CODE_OF_ANOTHER)
    if asked.parameters.get("redirect_uri") != code.request.redirect_uri:
        raise JsonRefusalError(errors.REDIRECT_MISMATCH)
    challenge = code.request.challenge
    if challenge is None:
        return
    verifier = asked.parameters.get("code_verifier")
    if not verifier:
        raise JsonRefusalError(errors.VERIFIER_MISSING)
    if code.request.challenge_method == "S256":
        digest = hashlib.sha256(verifier.encode()).digest()
        verifier = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    if not hmac.compare_digest(verifier.encode(), challenge.encode()):
        raise JsonRefusalError(errors.VERIFIER_WRONG)

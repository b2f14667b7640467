"""What a browser sees of Pro Santé Connect: authorization, the page to choose, logout."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from fixtures.world import ProfessionalFixture
from rules.exchange import Correlation
from rules.formats.psc import AuthorizationRequest
from simulators.http import HttpRequest, HttpResponse
from simulators.kernel import Kernel
from simulators.psc import faults
from simulators.psc.clients import Client, Clients
from simulators.psc.errors import (
    HINT_INVALID,
    HINT_MISSING,
    INVALID_REQUEST,
    INVALID_SCOPE,
    LOGIN_REQUIRED,
    REQUEST_LOST,
    RESPONSE_TYPE_UNSUPPORTED,
    UNKNOWN_CLIENT,
    UNKNOWN_LOGOUT_REDIRECT,
    UNKNOWN_REDIRECT,
    OAuthError,
    PageRefusalError,
    RedirectRefusalError,
)
from simulators.psc.state import Authorization, PscState, Session, SessionState
from simulators.psc.tokens import issuer, verified_hint
from simulators.psc.wire import SCOPES, page, read_cookie, redirect, session_cookie
from simulators.store import Unit

AUTHORIZE_PATH = "/auth"
CHOICE_PATH = "/auth/choix"


@dataclass(frozen=True)
class _Demand:
    """A valid request, with what is needed to answer it."""

    request: AuthorizationRequest
    client: Client
    redirect_uri: str
    fault: str | None

    @property
    def fragment(self) -> bool:
        return self.request.get("response_mode") == "fragment"


class Browser:
    """The front-channel endpoints."""

    def __init__(self, kernel: Kernel, clients: Clients) -> None:
        self._kernel = kernel
        self._clients = clients

    def authorize(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """GET or POST of the authorization endpoint.

        A ``login_hint`` that names a professional of the bench stands for the
        card or the e-CPS: the answer is immediate. Without it, a live SSO
        session gives a silent code, else a page lists the professionals.
        """
        parameters = request.query if request.method == "GET" else request.form
        demand = self._demand(AuthorizationRequest(parameters), request.fault)
        try:
            return self._answer(demand, request, PscState(unit.connection, self._kernel.campaign))
        except RedirectRefusalError as refused:
            return self._send_back(demand, refused.error)

    def choose(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """POST of the page: the request is carried by the form and judged again."""
        form = request.form
        carried = dict(parse_qsl(form.get("demande", ""), keep_blank_values=True))
        if not carried:
            raise PageRefusalError(REQUEST_LOST)
        demand = self._demand(
            AuthorizationRequest(carried), request.fault or form.get("defaut") or None
        )
        person = self._kernel.world.professional(form.get("professionnel", ""))
        if "refus" in form or person is None:
            return self._send_back(demand, faults.AUTHORIZE["acces-refuse"][1])
        state = PscState(unit.connection, self._kernel.campaign)
        try:
            self._validate(demand)
            return self._log_in(demand, person, state, request)
        except RedirectRefusalError as refused:
            return self._send_back(demand, refused.error)

    def logout(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """End of session (fiche §6): closes the session that id_token_hint names."""
        asked = request.query if request.method == "GET" else {**request.query, **request.form}
        if not asked.get("id_token_hint"):
            raise PageRefusalError(HINT_MISSING)
        state = PscState(unit.connection, self._kernel.campaign)
        hint = verified_hint(self._kernel, state, asked["id_token_hint"])
        client = self._clients.find(hint.claim("azp") if hint else None)
        if hint is None or client is None:
            raise PageRefusalError(HINT_INVALID)
        target = asked.get("post_logout_redirect_uri")
        if target and target not in client.logout_uris:
            raise PageRefusalError(UNKNOWN_LOGOUT_REDIRECT)
        session = state.session(hint.claim("sid"))
        if session is not None:
            state.close_session(session, request.at)
        who = hint.claim("SubjectNameID")
        return _logged_out(target, asked, request.fault, who)

    def _demand(self, request: AuthorizationRequest, fault: str | None) -> _Demand:
        client = self._clients.find(request.client_id)
        if client is None:
            raise PageRefusalError(UNKNOWN_CLIENT)
        uri = request.redirect_uri
        if uri is None or uri not in client.redirect_uris:
            raise PageRefusalError(UNKNOWN_REDIRECT)
        return _Demand(request, client, uri, fault)

    def _answer(self, demand: _Demand, request: HttpRequest, state: PscState) -> HttpResponse:
        self._validate(demand)
        asked, world = demand.request, self._kernel.world
        hint = asked.get("login_hint")
        person = world.professional(hint) if hint else None
        session = state.session_of_cookie(read_cookie(request))
        live = session is not None and session.state(request.at) is SessionState.OPEN
        prompts = (asked.get("prompt") or "").split()
        if live and session and not {"login", "select_account"} & set(prompts):
            known = world.professional(session.national_id)
            if known and person in (None, known):
                return self._grant(demand, session, state, request)
        if "none" in prompts:
            raise RedirectRefusalError(LOGIN_REQUIRED)
        if person is not None:
            return self._log_in(demand, person, state, request)
        return page(
            "choix.html",
            client_id=demand.client.client_id,
            action=CHOICE_PATH,
            request=urlencode(asked.parameters),
            fault=demand.fault,
            unknown=hint,
            professionals=world.professionals,
        )

    def _validate(self, demand: _Demand) -> None:
        if refused := faults.AUTHORIZE.get(demand.fault or ""):
            raise RedirectRefusalError(refused[1])
        asked = demand.request
        if asked.get("response_type") is None:
            raise RedirectRefusalError(INVALID_REQUEST.saying("Missing parameter: response_type"))
        if asked.get("response_type") != "code":
            raise RedirectRefusalError(RESPONSE_TYPE_UNSUPPORTED)
        # form_post and the .jwt forms are advertised by the real document; the
        # bench answers by redirection only.
        if asked.get("response_mode") not in (None, "query", "fragment"):
            raise RedirectRefusalError(INVALID_REQUEST.saying("Unsupported response_mode"))
        if unknown := asked.scopes - set(SCOPES.split()):
            raise RedirectRefusalError(
                INVALID_SCOPE.saying(f"Invalid scopes: {' '.join(sorted(unknown))}")
            )
        _validate_pkce(asked, demand.client)

    def _log_in(
        self, demand: _Demand, person: ProfessionalFixture, state: PscState, request: HttpRequest
    ) -> HttpResponse:
        if state.profile(person.national_id).get("revoque"):
            raise RedirectRefusalError(faults.AUTHORIZE["acces-refuse"][1])
        session = state.open_session(person.national_id, request.at)
        return self._grant(demand, session, state, request)

    def _grant(
        self, demand: _Demand, session: Session, state: PscState, request: HttpRequest
    ) -> HttpResponse:
        asked = demand.request
        state.touch(session, request.at)
        authorization = Authorization(
            demand.client.client_id,
            demand.redirect_uri,
            _granted(asked),
            asked.nonce,
            asked.get("code_challenge"),
            asked.get("code_challenge_method") or "plain",
        )
        code = state.issue_code(session, authorization, request.at)
        answer = {"session_state": session.sid, "iss": issuer(self._kernel), "code": code}
        return redirect(
            demand.redirect_uri,
            {"state": _returned_state(demand), **answer},
            fragment=demand.fragment,
            professional=session.national_id,
            headers=(session_cookie(session.cookie),),
        )

    def _send_back(self, demand: _Demand, error: OAuthError) -> HttpResponse:
        return redirect(
            demand.redirect_uri,
            {
                "error": error.error,
                "error_description": error.description,
                "state": _returned_state(demand),
                "iss": issuer(self._kernel),
            },
            fragment=demand.fragment,
        )


def _validate_pkce(asked: AuthorizationRequest, client: Client) -> None:
    challenge, method = asked.get("code_challenge"), asked.get("code_challenge_method")
    if challenge is None:
        if client.public or method:
            raise RedirectRefusalError(INVALID_REQUEST.saying("Missing parameter: code_challenge"))
    elif method not in (None, "plain", "S256"):
        raise RedirectRefusalError(
            INVALID_REQUEST.saying("Invalid parameter: code_challenge_method")
        )


def _returned_state(demand: _Demand) -> str | None:
    if demand.fault == "sans-etat":
        return None
    return uuid.uuid4().hex if demand.fault == "etat-falsifie" else demand.request.state


def _granted(asked: AuthorizationRequest) -> str:
    """``openid profile scope_all identity`` for the usual request (fiche §3.1)."""
    wanted = (asked.get("scope") or "").split()
    others = [s for s in dict.fromkeys(wanted) if s not in ("openid", "profile", "identity")]
    return " ".join([*(["openid"] if "openid" in wanted else []), "profile", *others, "identity"])


def _logged_out(
    target: str | None, asked: Mapping[str, str], fault: str | None, professional: str | None
) -> HttpResponse:
    gone = session_cookie("", gone=True)
    if not target:
        shown = page("deconnecte.html")
        return HttpResponse(
            shown.status,
            (*shown.headers, gone),
            shown.body,
            correlation=Correlation(professional=professional),
        )
    returned = None if fault == "retour-sans-etat" else asked.get("state")
    return redirect(target, {"state": returned}, professional=professional, headers=(gone,))

"""Reading Pro Santé Connect exchanges: which artefact is in which HTTP message.

Endpoints are told by the end of their path, so that a lone captured message is
read as an exchange of the bench is.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from rules.artefact import Artefact, MalformedError, parses
from rules.exchange import Exchange, Message
from rules.formats.client_authentication import ClientAuthentication, client_authentication
from rules.formats.jwt import read_jwt
from rules.formats.psc import (
    AuthorizationAnswer,
    AuthorizationRequest,
    BearerRequest,
    CibaAnswer,
    CibaRequest,
    ErrorAnswer,
    IntrospectionAnswer,
    IntrospectionRequest,
    JsonDocument,
    LogoutAnswer,
    LogoutRequest,
    ProfessionalChoice,
    RevocationRequest,
    TokenAnswer,
    TokenRequest,
    UserInfo,
)

Parameters = Mapping[str, str]


@parses("psc")
def read_psc(exchange: Exchange) -> Iterable[Artefact]:
    """Request first, answer next; a failed handshake and an HTML page give nothing."""
    if exchange.operation == "TLS":
        return
    yield from read_request(exchange.request)
    if exchange.response is not None:
        yield from read_answer(exchange.response)


def read_request(message: Message) -> Iterator[Artefact]:
    """Read one request; raises MalformedError when its parameters cannot be read."""
    path, query = _target(message)
    for ending, reader in _READERS:
        if path.endswith(ending):
            yield from reader(message, query)
            return
    if "code" in query or ("error" in query and "state" in query):
        yield AuthorizationAnswer(path, query)
    else:
        yield from _bearer(message, query)


def read_answer(message: Message) -> Iterator[Artefact]:
    """Read one answer: a redirection, or JSON told by its members, or signed userinfo."""
    location = message.header("Location")
    if location is not None and message.status in (302, 303):
        yield _redirection(location)
        return
    kind = (message.header("Content-Type") or "").partition(";")[0].strip().lower()
    if kind == "application/jwt":
        jwt = read_jwt(message.body.decode("ascii", "replace"))
        if jwt is not None:
            yield UserInfo(jwt.claims, jwt)
    elif kind == "application/json":
        yield from read_json(message.body, message.status)


def read_json(body: bytes, status: int | None = None) -> Iterator[Artefact]:
    """Read a JSON answer; what is not one of ours, or is cut short, gives nothing."""
    try:
        value = json.loads(body)
    except ValueError:
        return
    if not isinstance(value, dict):
        return
    members = cast("dict[str, Any]", value)
    if "error" in members:
        description = members.get("error_description")
        yield ErrorAnswer(status, str(members["error"]), description and str(description))
        return
    for member, kind in _ANSWERS:
        if member in members:
            yield kind(members)
            return


_ANSWERS: tuple[tuple[str, Callable[[Mapping[str, Any]], Artefact]], ...] = (
    ("access_token", TokenAnswer),
    ("active", IntrospectionAnswer),
    ("auth_req_id", CibaAnswer),
    ("keys", JsonDocument),
    ("authorization_endpoint", JsonDocument),
    ("sub", UserInfo),
)


def _redirection(location: str) -> Artefact:
    try:
        parts = urlsplit(location)
    except ValueError:
        return LogoutAnswer(location)
    parameters = dict(parse_qsl(parts.query or parts.fragment, keep_blank_values=True))
    if "code" in parameters or "error" in parameters:
        bare = urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
        return AuthorizationAnswer(bare, parameters)
    return LogoutAnswer(location)


def _authorization(message: Message, query: Parameters) -> Iterator[Artefact]:
    # OIDC Core §3.1.2.1: GET with a query or POST with a form.
    yield AuthorizationRequest(query if message.method == "GET" else _form(message))


def _choice(message: Message, _query: Parameters) -> Iterator[Artefact]:
    form = _form(message)
    request = dict(parse_qsl(form.get("demande", ""), keep_blank_values=True))
    yield ProfessionalChoice(AuthorizationRequest(request), form.get("professionnel"))


def _token(message: Message, query: Parameters) -> Iterator[Artefact]:
    form = _form(message)
    yield TokenRequest(form, _client(message, query, form))


def _ciba(message: Message, query: Parameters) -> Iterator[Artefact]:
    form = _form(message)
    yield CibaRequest(form, _client(message, query, form))


def _introspection(message: Message, query: Parameters) -> Iterator[Artefact]:
    form = _form(message)
    yield IntrospectionRequest(form.get("token", ""), _client(message, query, form))


def _revocation(message: Message, query: Parameters) -> Iterator[Artefact]:
    form = _form(message)
    yield RevocationRequest(form.get("token", ""), _client(message, query, form))


def _logout(message: Message, query: Parameters) -> Iterator[Artefact]:
    yield LogoutRequest(query if message.method == "GET" else {**query, **_form(message)})


def _bearer(message: Message, query: Parameters) -> Iterator[Artefact]:
    header = message.header("Authorization") or ""
    scheme, _, value = header.partition(" ")
    posted = message.method == "POST" and _is_form(message)
    form: Parameters = _form(message) if posted else {}
    found = (
        ("en-tête", value.strip() if scheme.lower() == "bearer" else None),
        ("url", query.get("access_token")),
        ("corps", form.get("access_token")),
    )
    operation = _target(message)[0].rpartition("/")[2]
    yield BearerRequest(operation, tuple((place, token) for place, token in found if token))


def _nothing(_message: Message, _query: Parameters) -> Iterator[Artefact]:
    return iter(())


_READERS: tuple[tuple[str, Callable[[Message, Parameters], Iterator[Artefact]]], ...] = (
    ("/ext/ciba/auth", _ciba),
    ("/auth/choix", _choice),
    ("/token/introspect", _introspection),
    ("/token", _token),
    ("/userinfo", _bearer),
    ("/logout", _logout),
    ("/revoke", _revocation),
    ("/certs", _nothing),
    ("-configuration", _nothing),
    ("/auth", _authorization),
)


def _client(message: Message, query: Parameters, form: Parameters) -> ClientAuthentication:
    return client_authentication(message.header("Authorization"), query, form)


def _target(message: Message) -> tuple[str, Parameters]:
    path, _, query = message.target.partition("#")[0].partition("?")
    return path, dict(parse_qsl(query, keep_blank_values=True))


def _is_form(message: Message) -> bool:
    kind = (message.header("Content-Type") or "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


def _form(message: Message) -> Parameters:
    if message.body and not _is_form(message):
        raise MalformedError(
            "PSC-00",
            "en-tête Content-Type",
            "application/x-www-form-urlencoded",
            message.header("Content-Type") or "absent",
            "Envoyer les paramètres à Pro Santé Connect sous forme de formulaire, jamais en JSON "
            "(RFC 6749 §4.1.3, EXI PSC 15).",
            artefact="Requête OpenID Connect",
        )
    try:
        return dict(parse_qsl(message.body.decode("utf-8"), keep_blank_values=True))
    except (UnicodeDecodeError, ValueError) as error:
        raise MalformedError(
            "PSC-00",
            "corps",
            "formulaire en UTF-8",
            str(error),
            "Encoder le formulaire en UTF-8 puis en pourcents (RFC 6749 annexe B).",
            artefact="Requête OpenID Connect",
        ) from error

"""Pro Santé Connect on the wire: the discovery document, answers, redirections, pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from rules.exchange import Correlation, Outcome
from simulators.http import HttpRequest, HttpResponse
from simulators.psc.errors import (
    BearerRefusalError,
    OAuthError,
    PageRefusalError,
    RefusalError,
)

COOKIE = "KEYCLOAK_IDENTITY"
REALM_NAME = "esante-wallet"
_NO_STORE = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))
_HASHES = ("256", "384", "512")
_SIGNATURES = [f"{family}{size}" for family in ("PS", "RS", "ES", "HS") for size in _HASHES]
_RESPONSE_TYPES = (
    "code",
    "none",
    "id_token",
    "token",
    "id_token token",
    "code id_token",
    "code token",
    "code id_token token",
)
_MODES = ("query", "fragment", "form_post")
_CLIENT_AUTHENTICATION = (
    "private_key_jwt",
    "client_secret_basic",
    "client_secret_post",
    "tls_client_auth",
    "client_secret_jwt",
)
SCOPES = (
    "openid microprofile-jwt rpps referentiel web-origins basic identity acr offline_access "
    "eidas1 profile roles email scope_all phone interop scope_1 address scope_2 eidas2"
)
_CLAIMS = "aud sub iss auth_time name given_name family_name preferred_username email acr"


def discovery(issuer: str, authorization: str) -> dict[str, Any]:
    """The document of ``wallet-openid-configuration`` (fiche §1.1), addresses replaced."""
    base = f"{issuer}/protocol/openid-connect"
    endpoints = {
        "token_endpoint": f"{base}/token",
        "introspection_endpoint": f"{base}/token/introspect",
        "userinfo_endpoint": f"{base}/userinfo",
        "end_session_endpoint": f"{base}/logout",
        "revocation_endpoint": f"{base}/revoke",
        "device_authorization_endpoint": f"{base}/auth/device",
        "pushed_authorization_request_endpoint": f"{base}/ext/par/request",
        "backchannel_authentication_endpoint": f"{base}/ext/ciba/auth",
    }
    return {
        "issuer": issuer,
        "authorization_endpoint": authorization,
        **endpoints,
        "jwks_uri": f"{base}/certs",
        "mtls_endpoint_aliases": endpoints,
        **_capabilities(),
        **_algorithms(),
    }


def _capabilities() -> dict[str, Any]:
    return {
        "grant_types_supported": [
            "authorization_code",
            "implicit",
            "refresh_token",
            "password",
            "client_credentials",
            "urn:openid:params:grant-type:ciba",
            "urn:ietf:params:oauth:grant-type:device_code",
        ],
        "acr_values_supported": ["0", "0"],
        "response_types_supported": list(_RESPONSE_TYPES),
        "response_modes_supported": [*_MODES, *(f"{mode}.jwt" for mode in _MODES), "jwt"],
        "subject_types_supported": ["public", "pairwise"],
        "scopes_supported": SCOPES.split(),
        "claims_supported": _CLAIMS.split(),
        "code_challenge_methods_supported": ["plain", "S256"],
        "tls_client_certificate_bound_access_tokens": True,
        "require_pushed_authorization_requests": False,
        "require_request_uri_registration": True,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_token_delivery_modes_supported": ["poll", "ping"],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": True,
    }


def _algorithms() -> dict[str, Any]:
    signing = [*_SIGNATURES, "EdDSA"]
    encryption = ["RSA-OAEP", "RSA-OAEP-256", "RSA1_5"]
    contents = ["A256GCM", "A192GCM", "A128GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"]
    return {
        "token_endpoint_auth_methods_supported": list(_CLIENT_AUTHENTICATION),
        "introspection_endpoint_auth_methods_supported": list(_CLIENT_AUTHENTICATION),
        "revocation_endpoint_auth_methods_supported": list(_CLIENT_AUTHENTICATION),
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "id_token_signing_alg_values_supported": signing,
        "id_token_encryption_alg_values_supported": encryption,
        "id_token_encryption_enc_values_supported": contents,
        "userinfo_signing_alg_values_supported": [*signing, "none"],
        "userinfo_encryption_alg_values_supported": encryption,
        "userinfo_encryption_enc_values_supported": contents,
        "request_object_signing_alg_values_supported": [*signing, "none"],
    }


def json_answer(
    value: Mapping[str, Any],
    status: int = 200,
    *,
    professional: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    error: str | None = None,
) -> HttpResponse:
    """A JSON answer that nothing caches."""
    return HttpResponse(
        status,
        (("Content-Type", "application/json"), *_NO_STORE, *headers),
        json.dumps(value, ensure_ascii=False).encode(),
        error_code=error,
        correlation=Correlation(professional=professional),
    )


def refusal(raised: RefusalError, realm_url: str) -> HttpResponse:
    """The answer of a refusal that does not go through the browser's address."""
    error = raised.error
    if isinstance(raised, PageRefusalError):
        return page("erreur.html", error.status, error=error.error, description=error.description)
    body = {"error": error.error}
    if error.description:
        body["error_description"] = error.description
    headers: tuple[tuple[str, str], ...] = ()
    if isinstance(raised, BearerRefusalError):
        headers = (("WWW-Authenticate", _challenge(error, realm_url)),)
    return json_answer(body, error.status, headers=headers, error=error.error)


def _challenge(error: OAuthError, realm: str) -> str:
    detail = f', error="{error.error}", error_description="{error.description}"'
    return f'Bearer realm="{realm}"' + (detail if error.error == "invalid_token" else "")


def redirect(
    uri: str,
    parameters: Mapping[str, str | None],
    *,
    fragment: bool = False,
    professional: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> HttpResponse:
    """A 302 with parameters added to the query (or put in the fragment)."""
    added = urlencode({name: value for name, value in parameters.items() if value is not None})
    parts = urlsplit(uri)
    if fragment:
        target = parts._replace(fragment=added)
    else:
        target = parts._replace(query="&".join(filter(None, (parts.query, added))))
    error = parameters.get("error")
    return HttpResponse(
        302,
        (("Location", urlunsplit(target)), *_NO_STORE, *headers),
        outcome=Outcome.REFUSED if error else None,
        error_code=error,
        correlation=Correlation(professional=professional),
    )


def page(name: str, status: int = 200, *, error: str | None = None, **values: Any) -> HttpResponse:
    """A page of the bench; every value is escaped."""
    text = _templates().get_template(name).render(**values)
    headers = (("Content-Type", "text/html; charset=utf-8"), *_NO_STORE)
    return HttpResponse(status, headers, text.encode(), error_code=error)


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
    )


def session_cookie(value: str, *, gone: bool = False) -> tuple[str, str]:
    """The SSO cookie; the server decides of its end, the browser forgets it at closing."""
    end = "; Max-Age=0" if gone else ""
    return ("Set-Cookie", f"{COOKIE}={value}; Path=/auth; Secure; HttpOnly; SameSite=None{end}")


def read_cookie(request: HttpRequest) -> str | None:
    """The SSO cookie of a browser; an unreadable header is no cookie."""
    jar: SimpleCookie = SimpleCookie()
    try:
        jar.load(request.header("Cookie") or "")
    except CookieError:
        return None
    found = jar.get(COOKIE)
    return found.value if found else None

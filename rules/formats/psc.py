"""Pro Santé Connect messages: OpenID Connect requests, answers, tokens, userinfo.

Source: OpenID Connect Core 1.0, RFC 6749, RFC 7662, CIBA Core 1.0, in the shapes
of the fact sheet « Pro Santé Connect » §2 to §6.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from rules.artefact import Artefact
from rules.formats.client_authentication import ClientAuthentication
from rules.formats.jwt import Jwt, read_jwt

CODE_GRANT = "authorization_code"
REFRESH_GRANT = "refresh_token"
EXCHANGE_GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"


@dataclass(frozen=True)
class AuthorizationRequest(Artefact):
    """The browser's request to the authorization endpoint (§2.1)."""

    label: ClassVar[str] = "Demande d'autorisation"
    parameters: Mapping[str, str]

    def get(self, name: str) -> str | None:
        """A parameter, or None when it is absent or empty."""
        return self.parameters.get(name) or None

    @property
    def client_id(self) -> str | None:
        """Client registered at Pro Santé Connect."""
        return self.get("client_id")

    @property
    def redirect_uri(self) -> str | None:
        """Where the answer is to be sent."""
        return self.get("redirect_uri")

    @property
    def state(self) -> str | None:
        """Opaque value that ties the return to the browser (RFC 6749 §10.12)."""
        return self.get("state")

    @property
    def nonce(self) -> str | None:
        """Opaque value that ties the id_token to the request (OIDC Core §3.1.2.1)."""
        return self.get("nonce")

    @property
    def scopes(self) -> frozenset[str]:
        """``scope`` split on spaces."""
        return frozenset(self.parameters.get("scope", "").split())

    @property
    def acr_values(self) -> tuple[str, ...]:
        """``acr_values`` split on spaces, in order."""
        return tuple(self.parameters.get("acr_values", "").split())


@dataclass(frozen=True)
class AuthorizationAnswer(Artefact):
    """The redirection to the software, by query or fragment: a code or an error."""

    label: ClassVar[str] = "Retour d'autorisation"
    redirect_uri: str
    parameters: Mapping[str, str]

    @property
    def code(self) -> str | None:
        """Authorization code, single use."""
        return self.parameters.get("code")

    @property
    def state(self) -> str | None:
        """The state as the service gave it back."""
        return self.parameters.get("state")

    @property
    def error(self) -> str | None:
        """``access_denied``, ``login_required`` …"""
        return self.parameters.get("error")


@dataclass(frozen=True)
class ProfessionalChoice(Artefact):
    """What a person chose on the bench's own login page, for a pending request."""

    label: ClassVar[str] = "Choix sur la mire"
    request: AuthorizationRequest
    professional: str | None


@dataclass(frozen=True)
class TokenRequest(Artefact):
    """Any request to the token endpoint: code, refresh, CIBA poll, exchange (§2.2, §4, §5)."""

    label: ClassVar[str] = "Demande de jeton"
    parameters: Mapping[str, str]
    client: ClientAuthentication

    @property
    def grant_type(self) -> str:
        """``authorization_code``, ``refresh_token``, or a URN; ``""`` when absent."""
        return self.parameters.get("grant_type", "")

    @property
    def client_id(self) -> str | None:
        """The client, from the Authorization header, else from the form."""
        return self.client.client_id or self.parameters.get("client_id")

    @property
    def code(self) -> str | None:
        """The authorization code to change for tokens."""
        return self.parameters.get("code")

    @property
    def subject_token(self) -> PresentedToken | None:
        """The access token to exchange (RFC 8693)."""
        return present_token(self.parameters.get("subject_token"), "paramètre subject_token")

    def parts(self) -> Iterable[Artefact]:
        """The token presented for exchange, if any."""
        return (self.subject_token,) if self.subject_token else ()


@dataclass(frozen=True)
class PresentedToken(Artefact):
    """An access token of Pro Santé Connect that a client presents to a service.

    Formats of other wires (XOAUTH2 of MSSanté) give it among their parts.
    """

    label: ClassVar[str] = "Jeton d'accès présenté"
    jwt: Jwt
    place: str


@dataclass(frozen=True)
class IssuedToken(Artefact):
    """A token in an answer; subclasses say which."""

    jwt: Jwt


@dataclass(frozen=True)
class AccessToken(IssuedToken):
    """The access token of an answer (§3.1)."""

    label: ClassVar[str] = "Jeton d'accès"


@dataclass(frozen=True)
class IdToken(IssuedToken):
    """The id_token of an answer (§3.3)."""

    label: ClassVar[str] = "Jeton d'identité"


@dataclass(frozen=True)
class TokenAnswer(Artefact):
    """A 200 of the token endpoint (§2.2)."""

    label: ClassVar[str] = "Réponse de jeton"
    members: Mapping[str, Any]

    def text(self, name: str) -> str | None:
        """A member that is a text, or None."""
        value = self.members.get(name)
        return value if isinstance(value, str) else None

    @property
    def access_token(self) -> AccessToken | None:
        """The access token when it is a readable JWS."""
        jwt = read_jwt(self.text("access_token"))
        return AccessToken(jwt) if jwt else None

    @property
    def id_token(self) -> IdToken | None:
        """The id_token when there is one and it is a readable JWS."""
        jwt = read_jwt(self.text("id_token"))
        return IdToken(jwt) if jwt else None

    def parts(self) -> Iterable[Artefact]:
        """The tokens that can be opened."""
        return tuple(t for t in (self.access_token, self.id_token) if t)


@dataclass(frozen=True)
class ErrorAnswer(Artefact):
    """An OAuth error as JSON (RFC 6749 §5.2)."""

    label: ClassVar[str] = "Erreur OAuth"
    status: int | None
    error: str
    description: str | None


@dataclass(frozen=True)
class BearerRequest(Artefact):
    """A call that carries an access token: userinfo, or an API (RFC 6750)."""

    label: ClassVar[str] = "Appel avec jeton"
    operation: str
    tokens: tuple[tuple[str, str], ...]
    """(place, token): place is ``en-tête``, ``corps`` or ``url``."""

    def parts(self) -> Iterable[Artefact]:
        """The tokens that can be opened."""
        found = (present_token(text, place) for place, text in self.tokens)
        return tuple(token for token in found if token)


@dataclass(frozen=True)
class UserInfo(Artefact):
    """Claims of a professional (§3.4), from JSON or from a signed answer."""

    label: ClassVar[str] = "Userinfo"
    claims: Mapping[str, Any]
    jwt: Jwt | None = None

    @property
    def national_id(self) -> str | None:
        """SubjectNameID: idNat_PS, ``8`` + RPPS."""
        value = self.claims.get("SubjectNameID")
        return value if isinstance(value, str) else None

    @property
    def exercises(self) -> tuple[Mapping[str, Any], ...]:
        """Exercices of SubjectRefPro; none for a user without exercise."""
        reference = self.claims.get("SubjectRefPro")
        if not isinstance(reference, dict):
            return ()
        found = cast("dict[str, Any]", reference).get("exercices")
        listed = cast("list[object]", found) if isinstance(found, list) else []
        return tuple(cast("dict[str, Any]", e) for e in listed if isinstance(e, dict))

    @property
    def activities(self) -> tuple[Mapping[str, Any], ...]:
        """Every activity of every exercice, in order."""
        return tuple(
            cast("dict[str, Any]", a)
            for e in self.exercises
            for a in cast("list[object]", e.get("activities") or [])
            if isinstance(a, dict)
        )


@dataclass(frozen=True)
class IntrospectionRequest(Artefact):
    """A question about a token (§5.1, RFC 7662)."""

    label: ClassVar[str] = "Demande d'introspection"
    token: str
    client: ClientAuthentication


@dataclass(frozen=True)
class IntrospectionAnswer(Artefact):
    """Its answer; ``{"active": false}`` says nothing more."""

    label: ClassVar[str] = "Réponse d'introspection"
    members: Mapping[str, Any]


@dataclass(frozen=True)
class RevocationRequest(Artefact):
    """A token the client gives up (RFC 7009)."""

    label: ClassVar[str] = "Demande de révocation"
    token: str
    client: ClientAuthentication


@dataclass(frozen=True)
class LogoutRequest(Artefact):
    """End of session (§6)."""

    label: ClassVar[str] = "Demande de déconnexion"
    parameters: Mapping[str, str]

    @property
    def id_token_hint(self) -> Jwt | None:
        """The id_token of the session to close, when it can be opened."""
        return read_jwt(self.parameters.get("id_token_hint"))


@dataclass(frozen=True)
class LogoutAnswer(Artefact):
    """The redirection after a logout."""

    label: ClassVar[str] = "Retour de déconnexion"
    location: str


@dataclass(frozen=True)
class CibaRequest(Artefact):
    """A backchannel authentication request (§4)."""

    label: ClassVar[str] = "Demande CIBA"
    parameters: Mapping[str, str]
    client: ClientAuthentication


@dataclass(frozen=True)
class CibaAnswer(Artefact):
    """Its answer: auth_req_id, expires_in and interval in seconds."""

    label: ClassVar[str] = "Réponse CIBA"
    members: Mapping[str, Any]


@dataclass(frozen=True)
class JsonDocument(Artefact):
    """The discovery document or the key set."""

    label: ClassVar[str] = "Document OpenID Connect"
    members: Mapping[str, Any]

    @property
    def keys(self) -> tuple[Mapping[str, object], ...]:
        """Public keys of a key set; none for the discovery document."""
        found = self.members.get("keys")
        listed = cast("list[object]", found) if isinstance(found, list) else []
        return tuple(cast("dict[str, object]", key) for key in listed if isinstance(key, dict))


def present_token(text: str | None, place: str) -> PresentedToken | None:
    """An access token as presented to a service; None when it cannot be opened."""
    jwt = read_jwt(text)
    return PresentedToken(jwt, place) if jwt else None


def read_token(text: str) -> Artefact | None:
    """A lone compact JWS: id_token, signed userinfo or access token, told by its claims."""
    jwt = read_jwt(text)
    if jwt is None:
        return None
    if jwt.claims.get("typ") == "ID":
        return IdToken(jwt)
    if "exp" not in jwt.claims and "SubjectNameID" in jwt.claims:
        return UserInfo(jwt.claims, jwt)
    return AccessToken(jwt)

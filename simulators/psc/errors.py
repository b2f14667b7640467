"""What Pro Santé Connect answers when it refuses, with the source of each answer.

PSC is a Keycloak realm: wherever its own texts were not seen, those of Keycloak
stand for them (fact sheet « Pro Santé Connect », head and §2.1) and are marked
``hors_specification``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_KEYCLOAK = "Keycloak, texte non vu sur Pro Santé Connect"
_SHEET = "Fiche PSC"


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An OAuth error: HTTP status (of a JSON answer), code, sentence, provenance."""

    status: int
    error: str
    description: str | None
    source: str
    hors_specification: bool = True

    def saying(self, description: str) -> OAuthError:
        """The same error with another sentence."""
        return replace(self, description=description)


# Token, introspection and revocation endpoints: JSON bodies.
CODE_NOT_VALID = OAuthError(400, "invalid_grant", "Code not valid", _KEYCLOAK)
REDIRECT_MISMATCH = OAuthError(400, "invalid_grant", "Incorrect redirect_uri", _KEYCLOAK)
CODE_OF_ANOTHER = OAuthError(400, "invalid_grant", "Auth error", _KEYCLOAK)
VERIFIER_MISSING = OAuthError(400, "invalid_grant", "PKCE code verifier not specified", _KEYCLOAK)
VERIFIER_WRONG = OAuthError(400, "invalid_grant", "PKCE verification failed", _KEYCLOAK)
TOKEN_NOT_ACTIVE = OAuthError(400, "invalid_grant", "Token is not active", _SHEET + " §2.4", False)
SESSION_NOT_ACTIVE = OAuthError(400, "invalid_grant", "Session not active", _KEYCLOAK)
REFRESH_INVALID = OAuthError(400, "invalid_grant", "Invalid refresh token", _KEYCLOAK)
REFRESH_REUSED = OAuthError(
    400, "invalid_grant", "Maximum allowed refresh token reuse exceeded", _KEYCLOAK
)
USER_DISABLED = OAuthError(400, "invalid_grant", "User disabled", _KEYCLOAK)
INVALID_CLIENT = OAuthError(
    401, "invalid_client", "Invalid client or Invalid client credentials", _KEYCLOAK
)
UNREADABLE = OAuthError(400, "invalid_request", "Invalid request", _KEYCLOAK)
GRANT_MISSING = OAuthError(400, "invalid_request", "Missing form parameter: grant_type", _KEYCLOAK)
CODE_MISSING = OAuthError(400, "invalid_request", "Missing parameter: code", _KEYCLOAK)
REFRESH_MISSING = OAuthError(400, "invalid_request", "No refresh token", _KEYCLOAK)
TOKEN_MISSING = OAuthError(400, "invalid_request", "Token not provided", _KEYCLOAK)
GRANT_UNSUPPORTED = OAuthError(
    400, "unsupported_grant_type", "Unsupported grant_type", "RFC 6749 §5.2 ; " + _KEYCLOAK
)
OPTION_CLOSED = OAuthError(
    400, "unauthorized_client", "Client not allowed", "RFC 6749 §5.2 ; option par client (fiche §4)"
)

# Userinfo: JSON body and WWW-Authenticate (RFC 6750 §3).
BEARER_MISSING = OAuthError(401, "invalid_request", "Token not provided", _KEYCLOAK)
BEARER_INVALID = OAuthError(401, "invalid_token", "Token verification failed", _KEYCLOAK)

# Authorization endpoint: parameters of the redirection, no sentence in most cases.
ACCESS_DENIED = OAuthError(302, "access_denied", None, _SHEET + " §2.1")
LOGIN_REQUIRED = OAuthError(302, "login_required", None, _SHEET + " §2.1")
UNAVAILABLE = OAuthError(302, "temporarily_unavailable", "authentication_expired", _SHEET + " §2.1")
INVALID_SCOPE = OAuthError(302, "invalid_scope", "Invalid scopes", _SHEET + " §2.1 ; Keycloak")
INVALID_REQUEST = OAuthError(302, "invalid_request", None, _SHEET + " §2.1 ; Keycloak")
RESPONSE_TYPE_UNSUPPORTED = OAuthError(
    302, "unsupported_response_type", "Unsupported response type", "RFC 6749 §4.1.2.1"
)

# Pages: no redirection to an address nobody registered (fiche §2.1, RFC 6749 §4.1.2.1).
UNKNOWN_CLIENT = OAuthError(400, "client_not_found", "Client inconnu.", _SHEET + " §2.1")
UNKNOWN_REDIRECT = OAuthError(
    400, "invalid_redirect_uri", "Paramètre invalide : redirect_uri.", _SHEET + " §2.1"
)
UNKNOWN_LOGOUT_REDIRECT = OAuthError(
    400, "invalid_redirect_uri", "Paramètre invalide : post_logout_redirect_uri.", _KEYCLOAK
)
HINT_MISSING = OAuthError(
    400, "invalid_request", "Paramètre manquant : id_token_hint.", "Fiche PSC §6 ; " + _KEYCLOAK
)
HINT_INVALID = OAuthError(400, "invalid_token", "Paramètre invalide : id_token_hint.", _KEYCLOAK)
REQUEST_LOST = OAuthError(400, "invalid_request", "Demande de connexion illisible.", "page du banc")


class RefusalError(Exception):
    """A refusal on its way to the wire."""

    def __init__(self, error: OAuthError) -> None:
        super().__init__(error.description or error.error)
        self.error = error


class JsonRefusalError(RefusalError):
    """Answered as JSON to the software."""


class BearerRefusalError(RefusalError):
    """Answered as JSON with WWW-Authenticate."""


class RedirectRefusalError(RefusalError):
    """Answered to the software through the browser."""


class PageRefusalError(RefusalError):
    """Shown to the person: there is no safe address to go back to."""


class TokenRefusedError(Exception):
    """A token that a service must not accept; the message says why, in French."""

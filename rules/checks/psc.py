"""Pro Santé Connect, one message at a time: what the software asks and how it proves itself.

Source: fact sheet « Pro Santé Connect » §2, §7.1 (référentiel PSC v1.8.4) and §8.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.psc import (
    CODE_GRANT,
    AuthorizationRequest,
    BearerRequest,
    CibaRequest,
    LogoutRequest,
    PresentedToken,
    TokenRequest,
)

WEB_LOGIN = ("SC.PSC.01", "PSC/va1.01")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_OLD_TLS = frozenset({"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"})


@check(
    "PSC-02",
    title="La demande d'autorisation suit le flux par code, avec state et nonce",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.1 ; OpenID Connect Core 1.0 §3.1.2.1 ; EXI PSC 09, 10",
)
def code_flow_requested(request: AuthorizationRequest, _context: Context) -> Iterator[Finding]:
    """response_type, scope, state, nonce. ``acr_values`` is judged by PSC-34 alone."""
    if request.get("response_type") != "code":
        yield Finding(
            "paramètre response_type",
            "code",
            request.get("response_type") or "absent",
            "Demander response_type=code : Pro Santé Connect n'ouvre que le flux par code.",
        )
    if missing := {"openid", "scope_all"} - request.scopes:
        yield Finding(
            "paramètre scope",
            "openid scope_all",
            request.get("scope") or "absent",
            f"Ajouter {' et '.join(sorted(missing))} au paramètre scope.",
        )
    for name, role in (("state", "le retour au navigateur"), ("nonce", "l'id_token à la demande")):
        if request.get(name) is None:
            yield Finding(
                f"paramètre {name}",
                "une valeur aléatoire",
                "absent",
                f"Ajouter {name}, tiré au hasard à chaque demande : il lie {role}.",
            )


@check(
    "PSC-34",
    title="acr_values vaut eidas1",
    severity=Severity.BLOCKING,
    exigences=("SC.PSC.08",),
    source="Fiche PSC §2.1, §3.2, §7.1 ; EXI PSC 16",
)
def acr_requested(request: AuthorizationRequest, _context: Context) -> Iterator[Finding]:
    """eidas2 and eidas3 are accepted by auditors with a remark."""
    if request.acr_values == ("eidas1",):
        return
    remark = set(request.acr_values) <= {"eidas1", "eidas2", "eidas3"} and request.acr_values
    yield Finding(
        "paramètre acr_values",
        "eidas1",
        " ".join(request.acr_values) or "absent",
        "Envoyer acr_values=eidas1, quel que soit le niveau rendu ensuite par Pro Santé Connect.",
        severity=Severity.INFO if remark else None,
    )


@check(
    "PSC-08",
    title="PKCE S256 pour un client public",
    severity=Severity.MAJOR,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.1, §8 ; RFC 7636 §4.2",
)
def pkce_requested(request: AuthorizationRequest, context: Context) -> Iterator[Finding]:
    """Owed by a client declared public; a remark for any other."""
    challenge = request.get("code_challenge")
    method = request.get("code_challenge_method") or "plain"
    if challenge and method == "S256":
        return
    clients = context.environment.psc_clients
    public = any(c.client_id == request.client_id and c.public for c in clients)
    yield Finding(
        "paramètre code_challenge" if not challenge else "paramètre code_challenge_method",
        "S256",
        method if challenge else "absent",
        "Envoyer code_challenge (SHA-256 du code_verifier, base64url) et "
        "code_challenge_method=S256, puis code_verifier dans la demande de jeton.",
        severity=None if public else Severity.INFO,
    )


@check(
    "PSC-10",
    title="L'adresse de retour est en TLS",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.1, §8 ; RFC 8252 §7.3 pour la boucle locale d'un client lourd",
)
def redirect_uri_in_tls(request: AuthorizationRequest, _context: Context) -> Iterator[Finding]:
    """A loopback address of a desktop client never leaves the machine."""
    uri = request.redirect_uri
    try:
        parts = urlsplit(uri or "")
    except ValueError:
        parts = urlsplit("")
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    yield Finding(
        "paramètre redirect_uri",
        "une adresse https enregistrée",
        uri or "absent",
        "Enregistrer et envoyer une adresse de retour en https.",
    )


@check(
    "PSC-09",
    title="Le client s'authentifie (Basic ou TLS mutuel), sans secret dans l'URL ni dans le corps",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.2, §8 ; RFC 6749 §2.3.1 ; EXI PSC 15",
)
def client_authenticated(request: TokenRequest, context: Context) -> Iterator[Finding]:
    """Absence is only said when the handshake is known, or the client has no way left."""
    yield from _client_authentication(request, context)


@check(
    "PSC-09",
    title="Le client s'authentifie (Basic ou TLS mutuel), sans secret dans l'URL ni dans le corps",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §4, §8 ; RFC 6749 §2.3.1",
)
def ciba_client_authenticated(request: CibaRequest, context: Context) -> Iterator[Finding]:
    """The same rule for a backchannel request."""
    yield from _client_authentication(request, context)


def _client_authentication(
    request: TokenRequest | CibaRequest, context: Context
) -> Iterator[Finding]:
    client = request.client
    for method, place in (("url", "URL"), ("body", "corps")):
        if method in client.methods:
            yield Finding(
                f"paramètre client_secret ({place})",
                "en-tête Authorization: Basic, ou certificat client",
                f"secret dans {'l’URL' if method == 'url' else 'le corps'}",
                "Retirer client_secret des paramètres et l'envoyer dans Authorization: Basic.",
            )
    if client.broken:
        yield Finding(
            "en-tête Authorization",
            "Basic base64(client_id:client_secret)",
            client.broken,
            "Encoder « client_id:client_secret » en base64, sans retour à la ligne.",
        )
    if client.methods or client.broken or context.tls is None or context.tls.certificate:
        return
    client_id = client.client_id
    if any(c.client_id == client_id and c.public for c in context.environment.psc_clients):
        return
    yield Finding(
        "en-tête Authorization",
        "Basic, ou un certificat client ORG AUTH_CLI",
        "ni en-tête ni certificat",
        "Authentifier le client à chaque demande de jeton : Authorization: Basic ou TLS mutuel.",
    )


@check(
    "PSC-10",
    title="La demande de jeton répète l'adresse de retour",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.2, §8 ; RFC 6749 §4.1.3",
)
def redirect_uri_repeated(request: TokenRequest, _context: Context) -> Iterator[Finding]:
    """Equality with the first request is judged over the journal."""
    if request.grant_type == CODE_GRANT and not request.parameters.get("redirect_uri"):
        yield Finding(
            "paramètre redirect_uri",
            "celui de la demande d'autorisation",
            "absent",
            "Répéter redirect_uri, à l'identique, dans la demande de jeton.",
        )


@check(
    "PSC-11",
    title="Un jeton d'accès n'est plus présenté après son expiration",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.28",),
    source="Fiche PSC §2.3, §8 : le jeton d'accès vit 2 minutes",
    needs=("observed_at",),
)
def token_still_valid(token: PresentedToken, context: Context) -> Iterator[Finding]:
    """``exp`` against the instant observed on the bench clock, without tolerance."""
    assert context.observed_at is not None
    end = token.jwt.instant("exp")
    if end is not None and token.jwt.expired(context.observed_at):
        late = int((context.observed_at - end).total_seconds())
        yield Finding(
            token.place,
            "un jeton dont exp n'est pas atteint",
            f"expiré depuis {late} s ({end:%H:%M:%S} UTC)",
            "Rafraîchir le jeton d'accès avant l'appel dès que ses 120 secondes sont écoulées.",
        )


@check(
    "PSC-15",
    title="Le jeton d'accès voyage dans l'en-tête Authorization: Bearer",
    severity=Severity.MAJOR,
    exigences=WEB_LOGIN,
    source="Fiche PSC §3.4, §8 ; RFC 6750 §2",
)
def bearer_in_header(request: BearerRequest, _context: Context) -> Iterator[Finding]:
    """A token in a URL ends in logs and histories; in a body it is out of the profile."""
    for place, _token in request.tokens:
        if place != "en-tête":
            yield Finding(
                f"paramètre access_token ({place})",
                "en-tête Authorization: Bearer",
                f"jeton dans {'l’URL' if place == 'url' else 'le corps'}",
                "Envoyer le jeton dans l'en-tête Authorization: Bearer et nulle part ailleurs.",
            )
    if not request.tokens:
        yield Finding(
            "en-tête Authorization",
            "Bearer suivi du jeton d'accès",
            "absent",
            "Appeler userinfo avec l'en-tête Authorization: Bearer et le jeton d'accès.",
        )


@check(
    "PSC-20",
    title="La déconnexion ferme la session PSC en la désignant par id_token_hint",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §6, §8 ; EXI PSC 20 ; OpenID Connect RP-Initiated Logout 1.0 §2",
)
def logout_names_its_session(request: LogoutRequest, _context: Context) -> Iterator[Finding]:
    """Without the hint the service cannot tell which session to close."""
    if request.id_token_hint is None:
        yield Finding(
            "paramètre id_token_hint",
            "l'id_token reçu à la connexion",
            "illisible" if request.parameters.get("id_token_hint") else "absent",
            "Joindre id_token_hint, le dernier id_token reçu, à la demande de déconnexion.",
        )


@check(
    "PSC-30",
    title="TLS 1.2 au moins vers Pro Santé Connect",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC (en-tête, §5, §8) : TLS 1.3 recommandé, 1.2 admis, 1.0 et 1.1 interdits",
    needs=("tls",),
    services=("psc",),
)
def modern_tls(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """The version negotiated, or the best one offered when the handshake failed.

    Offering an old version beside a good one is only a remark: the ClientHello
    of TLS 1.2 cannot tell a minimum.
    """
    tls = exchange.tls or context.tls
    assert tls is not None
    offered = tls.offered_versions
    good = [v for v in offered if v not in _OLD_TLS]
    if tls.version in _OLD_TLS or (offered and not good):
        yield Finding(
            "ClientHello",
            "TLSv1.2 ou TLSv1.3",
            tls.version or ", ".join(offered),
            "Activer TLS 1.2 et 1.3 dans le client HTTP et désactiver les versions antérieures.",
        )
    elif len(good) < len(offered):
        yield Finding(
            "ClientHello",
            "TLSv1.2 et TLSv1.3 seulement",
            ", ".join(offered),
            "Désactiver TLS 1.0 et 1.1, que le client propose encore.",
            severity=Severity.INFO,
        )

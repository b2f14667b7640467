"""Mistakes made with Pro Santé Connect."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from bench.defects import Injection
from reference_impl.errors import SessionRequiredError

from .mistakes import around, broken, nothing, put

_PSC = "reference_impl.psc"
_URLENCODE = f"{_PSC}:urlencode"
_TOKEN = f"{_PSC}:PscSessions._token"
_SEND = "reference_impl.transport:Transport.send"


def _parameters(**changes: str | None) -> Any:
    """Other parameters in the addresses that the browser is sent to."""

    def encode(original: Any, query: Any, **options: Any) -> str:
        kept = {k: changes.get(k, v) for k, v in query.items()}
        return original({k: v for k, v in kept.items() if v is not None}, **options)

    return around(_URLENCODE, encode)


def _form_without(name: str) -> Any:
    def ask(original: Any, sessions: Any, provider: Any, form: Any) -> Any:
        return original(sessions, provider, {k: v for k, v in form.items() if k != name})

    return around(_TOKEN, ask)


def _secret_in_body(original: Any, transport: Any, service: str, method: str, url: str, **o: Any):
    form = o.get("form")
    if form is not None:
        secret = {"client_id": "logiciel-essai", "client_secret": "secret-de-banc"}
        o = {**o, "form": {**form, **secret}, "headers": {"Accept": "application/json"}}
    return original(transport, service, method, url, **o)


def _token_in_address(original: Any, transport: Any, service: str, method: str, url: str, **o: Any):
    bearer = (o.get("headers") or {}).get("Authorization", "")
    if bearer.startswith("Bearer "):
        url, o = f"{url}?access_token={bearer[7:]}", {**o, "headers": {}}
    return original(transport, service, method, url, **o)


def _any_state(original: Any, response: Any, redirect_uri: str, _state: str) -> str:
    query = parse_qs(urlsplit(response.headers.get("location", "")).query)
    return original(response, redirect_uri, query.get("state", [""])[0])


def _without_nonce(original: Any, token: Any, keys: Any, settings: Any, _nonce: Any, clock: Any):
    return original(token, keys, settings, None, clock)


def _session_kept(_original: Any, _sessions: Any, _professional: Any) -> Exception:
    return SessionRequiredError("SESSION_EXPIREE", "La session a expiré.", "professionnel")


DEFECTS = (
    broken(
        "psc-nonce-oublie",
        "La demande d'autorisation n'a pas de nonce",
        "connexion",
        "PSC-02",
        _parameters(nonce=None),
    ),
    broken(
        "psc-state-constant",
        "state vaut toujours 1",
        "connexion",
        "PSC-02",
        _parameters(state="1"),
    ),
    broken(
        "psc-state-non-compare",
        "Le retour est accepté quel que soit son state",
        "connexion-refusee",
        "PSC-03",
        around(f"{_PSC}:_code", _any_state),
        injection=Injection("psc", "etat-falsifie", "authorize"),
    ),
    broken(
        "psc-nonce-non-compare",
        "Le nonce de l'id_token n'est pas comparé à celui de la demande",
        "connexion-refusee",
        "PSC-04",
        around("reference_impl.oidc:read_id_token", _without_nonce),
        injection=Injection("psc", "nonce-falsifie", "token"),
    ),
    broken(
        "psc-signature-du-jeton-non-verifiee",
        "L'id_token est décodé sans en vérifier la signature",
        "connexion-refusee",
        "PSC-05",
        nothing("reference_impl.oidc:read_id_token"),
        injection=Injection("psc", "signature-falsifiee", "token"),
    ),
    broken(
        "psc-code-verifier-oublie",
        "code_challenge est envoyé, code_verifier ne l'est pas",
        "connexion",
        "PSC-08",
        _form_without("code_verifier"),
    ),
    broken(
        "psc-secret-dans-le-corps",
        "client_secret est mis dans le corps de la demande de jeton",
        "connexion",
        "PSC-09",
        around(_SEND, _secret_in_body),
    ),
    broken(
        "psc-adresse-de-retour-en-clair",
        "L'adresse de retour est en http",
        "connexion",
        "PSC-10",
        _parameters(redirect_uri="http://logiciel.example/retour-psc"),
    ),
    broken(
        "psc-adresse-de-retour-non-repetee",
        "La demande de jeton ne répète pas redirect_uri",
        "connexion",
        "PSC-10",
        _form_without("redirect_uri"),
    ),
    broken(
        "psc-jeton-perime-presente",
        "Le jeton d'accès n'est jamais rafraîchi avant d'être présenté à la messagerie",
        "session-longue",
        "PSC-11 MSS-A02",
        put(f"{_PSC}:PscSessions.access_token", lambda s, who: s._session(who).access_token),
    ),
    broken(
        "psc-rafraichissement-refuse-rejoue",
        "Après invalid_grant, le logiciel rejoue le même refresh_token",
        "session-expiree",
        "PSC-12",
        around(f"{_PSC}:PscSessions._expired", _session_kept),
        injection=Injection("psc", "invalid-grant", "refresh", times=2),
    ),
    broken(
        "psc-jeton-dans-l-adresse",
        "Le jeton d'accès est mis dans l'adresse de userinfo",
        "connexion",
        "PSC-15",
        around(_SEND, _token_in_address),
    ),
    broken(
        "psc-deconnexion-locale-seulement",
        "La déconnexion ferme la session du logiciel et non celle de Pro Santé Connect",
        "connexion",
        "PSC-20",
        nothing(f"{_PSC}:PscSessions._end"),
    ),
    broken(
        "psc-deconnexion-sans-id-token",
        "La demande de déconnexion n'a pas id_token_hint",
        "connexion",
        "PSC-20",
        _parameters(id_token_hint=None),
    ),
    broken(
        "psc-niveau-eidas2",
        "acr_values demande eidas2",
        "connexion",
        "PSC-34",
        put("reference_impl.oidc:REQUESTED_ACR", "eidas2"),
    ),
    broken(
        "mss-jeton-refuse-rejoue",
        "Le jeton que la messagerie a refusé lui est présenté de nouveau",
        "envoi-confrere",
        "MSS-A03",
        put(f"{_PSC}:PscSessions.renewed_token", lambda s, who: s._session(who).access_token),
        injection=Injection("mssante", "401-535", "SMTP-AUTH"),
    ),
)

"""Pro Santé Connect over a journal: what a software does with what it was answered.

Some rules only show when the service lies: a falsified state, a token for
another client. The bench then looks for a use of what should have been refused.
Source: fact sheet « Pro Santé Connect » §2.4, §6, §8.
"""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

from rules.checking import check
from rules.checks.psc import WEB_LOGIN
from rules.context import Context, Environment
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.formats.jwt import signed_by
from rules.formats.psc import (
    CODE_GRANT,
    REFRESH_GRANT,
    AuthorizationAnswer,
    AuthorizationRequest,
    ErrorAnswer,
    IdToken,
    JsonDocument,
    PresentedToken,
    ProfessionalChoice,
    TokenAnswer,
    TokenRequest,
)
from rules.judge import JournalView

_INACTIVITY = timedelta(minutes=30)
_GUESSABLE_BITS = 64
"""RFC 6749 §10.10 asks for 128 bits; below 64 no doubt is left. The threshold is ours."""


@dataclass(frozen=True, slots=True)
class _Login:
    exchange: Exchange
    request: AuthorizationRequest
    answer: AuthorizationAnswer


@dataclass(frozen=True, slots=True)
class _Grant:
    exchange: Exchange
    request: TokenRequest
    answer: TokenAnswer | None
    error: ErrorAnswer | None


def _logins(view: JournalView) -> tuple[_Login, ...]:
    """Authorizations that ended with a code, in order."""
    found: list[_Login] = []
    for exchange in view.of("psc", "authorize", "choix"):
        reading = view.reading(exchange)
        choice = reading.first(ProfessionalChoice)
        request = choice.request if choice else reading.first(AuthorizationRequest)
        answer = reading.first(AuthorizationAnswer)
        if request and answer and answer.code:
            found.append(_Login(exchange, request, answer))
    return tuple(found)


def _grants(view: JournalView, *grant_types: str) -> tuple[_Grant, ...]:
    """Requests to the token endpoint with their answers, in order."""
    return tuple(
        _Grant(e, r, view.reading(e).first(TokenAnswer), view.reading(e).first(ErrorAnswer))
        for e, r in view.artefacts(TokenRequest, "psc")
        if not grant_types or r.grant_type in grant_types
    )


@check(
    "PSC-02",
    title="state et nonce sont imprévisibles et ne servent qu'une fois",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.1, §8 ; RFC 6749 §10.10 et §10.12 ; OpenID Connect Core 1.0 §15.5.2",
)
def fresh_state_and_nonce(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Over the authorizations that ended with a code: a reloaded page is no reuse."""
    for name in ("state", "nonce"):
        seen: list[str] = []
        for login in _logins(view):
            value = login.request.get(name)
            if value is None:
                continue
            yield from _judge_random(name, value, seen, login.exchange)
            seen.append(value)


def _judge_random(name: str, value: str, seen: list[str], exchange: Exchange) -> Iterator[Finding]:
    place = f"paramètre {name}"
    advice = f"Tirer {name} d'un générateur cryptographique (128 bits ou plus) à chaque demande."
    if value in seen:
        yield Finding(
            place,
            "une valeur jamais servie",
            f"{value} déjà servi",
            advice,
            exchange_id=exchange.id,
        )
    elif _bits(value) < _GUESSABLE_BITS:
        yield Finding(
            place,
            f"au moins {_GUESSABLE_BITS} bits",
            f"{len(value)} caractères, {_bits(value):.0f} bits au plus",
            advice,
            exchange_id=exchange.id,
        )
    elif seen and _alike(value, seen[-1]):
        yield Finding(
            place,
            "une valeur sans rapport avec la précédente",
            f"{value} après {seen[-1]}",
            advice,
            severity=Severity.REVIEW,
            exchange_id=exchange.id,
        )


def _bits(value: str) -> float:
    """Most bits a text can hold, from the smallest usual alphabet that has all of it."""
    alphabets = (string.digits, string.hexdigits[:16], string.ascii_letters + string.digits)
    size = next((len(a) for a in alphabets if set(value) <= set(a)), 94)
    return len(value) * math.log2(size)


def _alike(one: str, other: str) -> bool:
    """More than half of the positions equal: random values share far fewer."""
    same = sum(a == b for a, b in zip(one, other, strict=False))
    return len(one) == len(other) and same * 2 > len(one)


@check(
    "PSC-03",
    title="Un retour dont le state n'est pas celui de la demande est refusé",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §8 ; RFC 6749 §10.12",
)
def state_checked(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Seen when the bench falsified or dropped the state and the code was changed all the same."""
    wrong = {
        login.answer.code: login
        for login in _logins(view)
        if login.request.state and login.answer.state != login.request.state
    }
    for grant in _grants(view, CODE_GRANT):
        if login := wrong.get(grant.request.code):
            yield Finding(
                "paramètre state du retour",
                f"retour refusé : la demande portait {login.request.state}",
                f"code échangé malgré {login.answer.state or 'un retour sans state'}",
                "Comparer le state du retour à celui gardé pour ce navigateur, et abandonner la "
                "connexion s'il diffère, avant toute demande de jeton.",
                exchange_id=grant.exchange.id,
            )


@check(
    "PSC-08",
    title="Le code_verifier suit le code_challenge",
    severity=Severity.MAJOR,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.2, §8 ; RFC 7636 §4.5",
)
def verifier_sent(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A challenge without verifier protects nothing and is refused."""
    by_code = {login.answer.code: login.request for login in _logins(view)}
    for grant in _grants(view, CODE_GRANT):
        request = by_code.get(grant.request.code)
        challenged = request is not None and request.get("code_challenge") is not None
        if challenged and not grant.request.parameters.get("code_verifier"):
            yield Finding(
                "paramètre code_verifier",
                "la valeur dont code_challenge est le condensé",
                "absent",
                "Envoyer code_verifier dans la demande de jeton.",
                exchange_id=grant.exchange.id,
            )


@check(
    "PSC-10",
    title="L'adresse de retour est la même dans les deux demandes",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §2.2, §8 ; RFC 6749 §4.1.3",
)
def same_redirect_uri(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Compared octet by octet, as the service does."""
    by_code = {login.answer.code: login.request for login in _logins(view)}
    for grant in _grants(view, CODE_GRANT):
        request = by_code.get(grant.request.code)
        repeated = grant.request.parameters.get("redirect_uri")
        if request is not None and repeated and repeated != request.redirect_uri:
            yield Finding(
                "paramètre redirect_uri",
                request.redirect_uri or "absent",
                repeated,
                "Répéter dans la demande de jeton l'adresse de retour de la demande "
                "d'autorisation, à l'octet près.",
                exchange_id=grant.exchange.id,
            )


@check(
    "PSC-04",
    title="Un id_token dont le nonce n'est pas celui de la demande est refusé",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §3.3, §8 ; OpenID Connect Core 1.0 §3.1.3.7 point 11",
)
def nonce_checked(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Seen when the bench falsified the nonce and the tokens were used all the same."""
    by_code = {login.answer.code: login.request for login in _logins(view)}
    for grant in _grants(view, CODE_GRANT):
        request = by_code.get(grant.request.code)
        token = grant.answer.id_token if grant.answer else None
        if request is None or token is None or token.jwt.claims.get("nonce") == request.nonce:
            continue
        if use := _use(view, grant):
            yield Finding(
                "claim nonce de l'id_token",
                f"jetons abandonnés : la demande portait {request.nonce}",
                f"jetons employés malgré {token.jwt.claims.get('nonce', 'son absence')}",
                "Comparer le nonce de l'id_token à celui de la demande, et abandonner la connexion "
                "s'il diffère.",
                exchange_id=use.id,
            )


@check(
    "PSC-05",
    title="Un id_token dont signature, iss, aud ou exp ne vont pas est refusé",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §3.3, §8 ; OpenID Connect Core 1.0 §3.1.3.7",
)
def id_token_checked(view: JournalView, context: Context) -> Iterator[Finding]:
    """Seen when the bench tampered with the id_token and the tokens were used all the same."""
    keys = (*context.environment.psc_keys, *_published_keys(view))
    for grant in _grants(view, CODE_GRANT, REFRESH_GRANT):
        token = grant.answer.id_token if grant.answer else None
        wrong = token and _wrong(token, grant, context.environment, keys)
        if wrong and (use := _use(view, grant)):
            yield Finding(
                "id_token",
                "jetons abandonnés : l'id_token n'est pas valide",
                f"jetons employés malgré {wrong}",
                "Vérifier signature, iss, aud et exp de l'id_token avant d'employer les jetons qui "
                "l'accompagnent.",
                exchange_id=use.id,
            )


def _wrong(
    token: IdToken,
    grant: _Grant,
    environment: Environment,
    keys: tuple[Mapping[str, object], ...],
) -> str | None:
    """Why a client must refuse an id_token, or None."""
    jwt, client_id = token.jwt, grant.request.client_id
    if environment.psc_issuer and jwt.claim("iss") != environment.psc_issuer:
        return f"iss = {jwt.claim('iss')}"
    if client_id and client_id not in jwt.audience:
        return f"aud = {', '.join(jwt.audience) or 'absent'}"
    if jwt.expired(grant.exchange.started_at - environment.clock_tolerance):
        return "exp dépassé"
    if keys and not signed_by(jwt, keys):
        return f"une signature invalide (alg {jwt.header.get('alg')}, kid {jwt.header.get('kid')})"
    return None


def _published_keys(view: JournalView) -> tuple[Mapping[str, object], ...]:
    """Keys the service published in this journal: rotation may have changed them."""
    return tuple(
        key for _, document in view.artefacts(JsonDocument, "psc") for key in document.keys
    )


def _use(view: JournalView, grant: _Grant) -> Exchange | None:
    """The first later exchange that uses tokens of an answer, or None."""
    assert grant.answer is not None
    access, refresh = grant.answer.text("access_token"), grant.answer.text("refresh_token")
    for exchange in view.exchanges:
        if exchange.position <= grant.exchange.position:
            continue
        reading = view.reading(exchange)
        if any(token.jwt.text == access for token in reading.every(PresentedToken)):
            return exchange
        request = reading.first(TokenRequest)
        if refresh and request and request.parameters.get("refresh_token") == refresh:
            return exchange
    return None


@check(
    "PSC-12",
    title="Après un refus invalid_grant, le logiciel revient à la mire",
    severity=Severity.BLOCKING,
    source="Fiche PSC §2.3, §2.4 (cas 1b.2), §8",
)
def refused_refresh_abandoned(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A refresh token that was refused is never presented again."""
    refused: set[str] = set()
    for grant in _grants(view, REFRESH_GRANT):
        token = grant.request.parameters.get("refresh_token", "")
        if token and token in refused:
            yield Finding(
                "paramètre refresh_token",
                "une nouvelle connexion par la mire",
                "le jeton déjà refusé par invalid_grant",
                "Sur invalid_grant, oublier les jetons et proposer de se reconnecter avec Pro "
                "Santé Connect au lieu de rejouer le rafraîchissement.",
                exchange_id=grant.exchange.id,
            )
        if grant.error and grant.error.error == "invalid_grant":
            refused.add(token)


@check(
    "PSC-20",
    title="La déconnexion de l'utilisateur ferme aussi la session PSC",
    severity=Severity.BLOCKING,
    exigences=WEB_LOGIN,
    source="Fiche PSC §6, §8 ; EXI PSC 20",
)
def logout_closes_psc(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Each accepted gesture ``session.close`` of someone whose PSC session was alive."""
    tokens = [e for e in view.of("psc", "token", "refresh") if e.accepted]
    logouts = [e for e in view.of("psc", "logout") if e.accepted]
    for exchange, gesture in view.artefacts(Gesture, "lgc"):
        if gesture.name != "session.close" or gesture.status != 200:
            continue
        who = str(gesture.parameters.get("professionnel"))
        alive = [
            e.started_at
            for e in tokens
            if e.correlation.professional == who
            and timedelta(0) <= exchange.started_at - e.started_at < _INACTIVITY
        ]
        closed = (e.started_at for e in logouts if e.correlation.professional == who)
        if alive and not any(at >= max(alive) for at in closed):
            yield Finding(
                "geste session.close",
                "une demande de déconnexion à Pro Santé Connect",
                "aucune : la session PSC reste ouverte",
                "Quand l'utilisateur se déconnecte, appeler end_session avec id_token_hint en plus "
                "de fermer la session locale.",
                exchange_id=exchange.id,
            )

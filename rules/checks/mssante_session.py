"""Sessions with the operator: TLS, STARTTLS before authentication, XOAUTH2.

MSS-T01 to T03 and MSS-A01 to A03 of the sheet mssante.md §11. TLS is judged once per
connection, on the exchange of its authentication.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange, Outcome, TlsPeer
from rules.findings import Finding, Severity
from rules.formats.jwt import Jwt, signed_by
from rules.formats.mssante import AUTH_OPERATIONS, mechanism_of
from rules.formats.xoauth2 import Xoauth2
from rules.judge import JournalView

ALLOWED_SUITES = {
    0xC030: "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
    0xC02F: "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
    0xC028: "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384",
    0xC027: "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256",
    0x009F: "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384",
    0x009E: "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
}
"""SC.MSS/CONF.03; the suites of TLS 1.3 are not listed and never faulted."""
_TLS13_SUITES = range(0x1301, 0x1306)
_SIGNALLING = (0x00FF, 0x5600)
"""Renegotiation info and fallback are signals, not suites (RFC 5746, RFC 7507)."""
_MODERN = ("TLSV1.2", "TLSV1.3")
RETRY_WINDOW = timedelta(minutes=1)


@check(
    "MSS-T01",
    title="Le client n'offre que TLS 1.2 ou plus",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.01", "MSS/va1.03"),
    source="Ref#2 v1.0.1 ECO.1.1.1",
    needs=("tls",),
    services=("mssante",),
)
def tls_versions(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """ClientHello when it was seen, otherwise the version agreed on."""
    if not _opens(exchange) or context.tls is None:
        return
    old = [version for version in _versions(context.tls) if not _modern(version)]
    if old:
        yield Finding(
            "ClientHello",
            "TLS 1.2 ou 1.3",
            ", ".join(old),
            "Désactiver SSL, TLS 1.0 et TLS 1.1 pour les connexions SMTP et IMAP.",
        )


@check(
    "MSS-T02",
    title="Le client n'offre que les suites autorisées",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.03", "MSS/va1.10"),
    source="Ref#2 v1.0.1 ECO.1.1.3",
    needs=("tls.offered_ciphers",),
    services=("mssante",),
)
def tls_suites(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """GREASE values (RFC 8701) and signalling values are no suites."""
    if not _opens(exchange) or context.tls is None:
        return
    foreign = [suite for suite in context.tls.offered_ciphers if not _allowed(suite)]
    if foreign:
        yield Finding(
            "ClientHello",
            ", ".join(f"0x{suite:04X}" for suite in ALLOWED_SUITES),
            ", ".join(f"0x{suite:04X}" for suite in foreign),
            "Restreindre les suites TLS 1.2 du client de messagerie à la liste de ECO.1.1.3.",
        )


@check(
    "MSS-T03",
    title="STARTTLS avant toute authentification",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.05", "SC.MSS/CONF.06", "SC.MSS/CONF.07"),
    source="Ref#2 v1.0.1 ECO.1.0.1, ECO.1.0.2, ECO.1.2.1 ; RFC 3207",
    services=("mssante",),
    rejects="530",
)
def starttls_first(exchange: Exchange, _context: Context) -> Iterator[Finding]:
    """An authentication or a transaction on a clear connection."""
    if exchange.operation in (*AUTH_OPERATIONS, "SMTP") and exchange.tls is None:
        yield Finding(
            exchange.request.start_line.split(" ")[0],
            "STARTTLS d'abord",
            "une connexion en clair",
            "Envoyer STARTTLS, terminer la négociation TLS, puis seulement s'authentifier.",
        )


@check(
    "MSS-A01",
    title="XOAUTH2 avec la BAL et un jeton d'accès de Pro Santé Connect",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.07",),
    source="Ref#2 v1.0.1 ECO.1.2.1",
    rejects="535",
    needs=("environment.psc_keys",),
)
def psc_token(credentials: Xoauth2, context: Context) -> Iterator[Finding]:
    """Issuer and signature of the token, holder of the mailbox."""
    environment = context.environment
    token = credentials.presented.jwt if credentials.presented else None
    if token is None:
        yield _token("un jeton d'accès PSC (JWT signé)", "une valeur qui n'est pas un JWT")
    elif environment.psc_issuer and token.claim("iss") != environment.psc_issuer:
        yield _token(environment.psc_issuer, token.claim("iss") or "aucun émetteur")
    elif not signed_by(token, environment.psc_keys):
        yield _token("une signature de Pro Santé Connect", "une signature qui n'est pas la sienne")
    else:
        yield from _holder(credentials.user, token, context)


@check(
    "MSS-A01",
    title="XOAUTH2 avec la BAL et un jeton d'accès de Pro Santé Connect",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.07",),
    source="Ref#2 v1.0.1 ECO.1.2.1",
    services=("mssante",),
)
def xoauth2_used(exchange: Exchange, _context: Context) -> Iterator[Finding]:
    """PLAIN is for a BAL APP, whose client certificate is its proof (SC.MSS/CONF.12)."""
    if exchange.operation not in AUTH_OPERATIONS:
        return
    mechanism = mechanism_of(exchange)
    applicative = mechanism == "PLAIN" and exchange.tls and exchange.tls.certificate
    if mechanism != "XOAUTH2" and not applicative:
        yield Finding(
            exchange.request.start_line.split(" ")[0],
            "XOAUTH2",
            mechanism or "aucun mécanisme",
            "S'authentifier par SASL XOAUTH2 avec le jeton d'accès PSC du professionnel.",
        )


@check(
    "MSS-A02",
    title="Le jeton présenté n'a pas expiré",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.07",),
    source="Fiche MSSanté §3.3 ; Ref#2 v1.0.1 ECO.1.2.1",
    rejects="535",
    needs=("observed_at",),
)
def token_alive(credentials: Xoauth2, context: Context) -> Iterator[Finding]:
    """The token lives two minutes: it is refreshed before each connection."""
    token = credentials.presented.jwt if credentials.presented else None
    if token is None or context.observed_at is None:
        return
    end = token.instant("exp")
    if end is None or token.expired(context.observed_at):
        yield Finding(
            "jeton de la réponse XOAUTH2, exp",
            f"après {context.observed_at.isoformat()}",
            end.isoformat() if end else "absent",
            "Rafraîchir le jeton d'accès auprès de Pro Santé Connect avant d'ouvrir la session.",
        )


@check(
    "MSS-A03",
    title="Après un refus, un seul nouvel essai, avec un autre jeton",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.08",),
    source="Fiche MSSanté §3.3 (politique de reprise)",
)
def one_retry(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Refusals of one mailbox on one protocol, until it is accepted or a minute passes."""
    refused: dict[tuple[str, str], list[tuple[Exchange, str]]] = {}
    for exchange, credentials in view.artefacts(Xoauth2, "mssante"):
        key = (exchange.operation, credentials.user.lower())
        earlier = [e for e in refused.get(key, []) if _soon(e[0], exchange)]
        if earlier and earlier[-1][1] == credentials.token:
            yield _retry(exchange, "un autre jeton", "le jeton déjà refusé")
        elif len(earlier) > 1:
            yield _retry(exchange, "un seul nouvel essai", f"{len(earlier)} nouveaux essais")
        if exchange.accepted:
            refused[key] = []
        elif exchange.outcome is Outcome.REFUSED:  # silence refuses nothing
            refused[key] = [*earlier, (exchange, credentials.token)]


def _opens(exchange: Exchange) -> bool:
    return exchange.operation in (*AUTH_OPERATIONS, "TLS")


def _versions(tls: TlsPeer) -> tuple[str, ...]:
    return tls.offered_versions or ((tls.version,) if tls.version else ())


def _modern(version: str) -> bool:
    """GREASE values are written in hexadecimal by those who see the ClientHello."""
    name = version.upper().replace(" ", "")
    name = name if name.startswith("TLSV") else name.replace("TLS", "TLSV")
    return name in _MODERN or _grease(version)


def _grease(version: str) -> bool:
    return len(version) == 6 and version[2:4] == version[4:6] and version[3:4].upper() == "A"


def _allowed(suite: int) -> bool:
    grease = suite & 0x0F0F == 0x0A0A and suite >> 8 == suite & 0xFF
    return suite in ALLOWED_SUITES or suite in _TLS13_SUITES or suite in _SIGNALLING or grease


def _holder(user: str, token: Jwt, context: Context) -> Iterator[Finding]:
    owner = context.environment.owner_of(user)
    holder = token.claim("SubjectNameID") or token.claim("preferred_username")
    if owner is not None and holder != owner.national_id:
        yield _token(f"un jeton de {owner.national_id}", f"un jeton de {holder}")


def _token(expected: str, found: str) -> Finding:
    return Finding(
        "jeton de la réponse XOAUTH2",
        expected,
        found,
        "Présenter le jeton d'accès PSC du titulaire de la BAL, tel que PSC l'a délivré.",
    )


def _soon(earlier: Exchange, later: Exchange) -> bool:
    return later.started_at - earlier.started_at <= RETRY_WINDOW


def _retry(exchange: Exchange, expected: str, found: str) -> Finding:
    return Finding(
        exchange.operation,
        expected,
        found,
        "Après un refus, obtenir un nouveau jeton PSC, réessayer une fois, puis prévenir "
        "l'utilisateur et garder le brouillon.",
        exchange_id=exchange.id,
    )

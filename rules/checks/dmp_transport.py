"""DMP transport: TLS, SOAP 1.2, WS-Addressing, one VIHF (DMP-TLS-*, DMP-SOAP-*).

Sources: PDT-INF-579 v4 (TLS), GUIDE SEL-MP-037 v2.10 by sheet dmp.md §2 and §5,
CNDA test book 2.10c (memento). Fault names of WS-Addressing are those of WS-Addressing
1.0 – SOAP Binding §6.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange, Outcome
from rules.findings import Finding, Severity
from rules.formats.certificate import Certificate
from rules.formats.dmp import SERVICE_PATH, DmpRequest
from rules.formats.soap import MEDIA_TYPE_SOAP12, NS_WSA, WSA_ANONYMOUS, MediaType
from rules.judge import JournalView

TRANSPORT = ("SC.DMP/CONF.10", "SC.DMP/UX.02")
ANY_DMP = ("DMP/va1.01",)

_SUITES = {
    "ECDHE-RSA-AES256-GCM-SHA384": 0xC030,
    "ECDHE-RSA-AES128-GCM-SHA256": 0xC02F,
    "ECDHE-RSA-AES256-SHA384": 0xC028,
    "ECDHE-RSA-CHACHA20-POLY1305": 0xCCA8,
}
"""The suites of the LPS list (PDT-INF-579 v4), OpenSSL name → IANA number."""

_UUID = re.compile(r"(?:urn:uuid:|uuid:)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.I)


@check(
    "DMP-TLS-01",
    title="TLS 1.2 au moins, une suite admise par le DMP, nom du serveur annoncé (SNI)",
    severity=Severity.BLOCKING,
    exigences=TRANSPORT,
    source="PDT-INF-579 v4 ; EX_0.X-1031",
    needs=("tls",),
    services=("dmp",),
)
def tls_of_the_call(exchange: Exchange, _context: Context) -> Iterator[Finding]:
    """What the handshake shows; nothing is said of what the listener could not see."""
    tls = exchange.tls
    if tls is None:
        return
    versions = (*tls.offered_versions, *((tls.version,) if tls.version else ()))
    if versions and not any(v.endswith(("1.2", "1.3")) for v in versions):
        yield Finding(
            "négociation TLS",
            "TLS 1.2",
            ", ".join(versions),
            "Activer TLS 1.2 dans le client : le DMP refuse les versions antérieures.",
        )
    if tls.offered_ciphers and not set(tls.offered_ciphers) & set(_SUITES.values()):
        yield Finding(
            "ClientHello, suites proposées",
            f"l'une de {', '.join(_SUITES)}",
            ", ".join(f"0x{number:04X}" for number in tls.offered_ciphers[:12]),
            "Proposer au moins une des suites ECDHE_RSA que le DMP admet.",
        )
    # RFC 6066 §3: SNI carries qualified names only; Java sends none to "localhost".
    if tls.offered_ciphers and tls.sni is None and _qualified(exchange):
        yield Finding(
            "ClientHello, extension server_name",
            "le nom d'hôte appelé",
            "absente",
            "Envoyer le nom du serveur (SNI) : les frontaux du DMP choisissent par lui.",
        )


def _qualified(exchange: Exchange) -> bool:
    """True when the host called is a DNS name with a domain, not an address."""
    host = exchange.host or (exchange.request.header("Host") or "").rsplit(":", 1)[0]
    return "." in host and ":" not in host and not host.replace(".", "").isdigit()


@check(
    "DMP-TLS-02",
    title="Le certificat client TLS est celui du mode d'authentification, et il est valide",
    severity=Severity.BLOCKING,
    exigences=TRANSPORT,
    source="EX_GEN-1450 ; fiche DMP §5.1 ; cahier CNDA 0.1-110 à 0.1-160",
    needs=("tls",),
)
def client_certificate(request: DmpRequest, context: Context) -> Iterator[Finding]:
    """A card for a direct call, an organisation for an indirect one; dates and chain."""
    der = None if context.tls is None else context.tls.certificate
    try:
        certificate = None if der is None else Certificate.from_der(der)
    except ValueError:
        certificate = None
    if certificate is None:
        yield Finding(
            "négociation TLS",
            "un certificat client CPS ou ORG_AUTH_CLI",
            "aucun",
            "Présenter le certificat d'authentification de la carte ou de la structure.",
        )
        return
    yield from _trust(certificate, context)
    yield from _kind(certificate, request)


def _trust(certificate: Certificate, context: Context) -> Iterator[Finding]:
    if not certificate.for_tls_client:
        yield Finding(
            "certificat client TLS",
            "un certificat d'authentification (clientAuth)",
            certificate.subject,
            "Utiliser la clé d'authentification pour TLS ; celle de signature signe le VIHF.",
        )
    if not context.environment.anchors:
        return
    problem = certificate.chain_problem(context.environment.anchors, context.observed_at)
    if problem is not None:
        yield Finding(
            "certificat client TLS",
            problem.expected,
            problem.found,
            "Renouveler le certificat ou la carte, ou prendre celui de l'IGC de l'environnement.",
        )


def _kind(certificate: Certificate, request: DmpRequest) -> Iterator[Finding]:
    vihf = request.vihf
    # With a PSC bearer the certificate of the structure carries a direct call (package 2.10).
    if vihf is None or request.message.header("Authorization"):
        return
    of_structure = bool(certificate.organizational_units)
    if vihf.mode == "DIRECTE" and of_structure:
        yield Finding(
            "certificat client TLS",
            "le certificat d'authentification de la CPS",
            certificate.subject,
            "En authentification directe, ouvrir la connexion TLS avec la carte du professionnel.",
        )
    elif (vihf.mode or "").startswith("INDIRECTE") and not of_structure:
        yield Finding(
            "certificat client TLS",
            "un certificat ORG_AUTH_CLI de la structure",
            certificate.subject,
            "En authentification indirecte, ouvrir la connexion TLS avec le certificat de la "
            "structure.",
        )


@check(
    "DMP-TLS-04",
    title="Une redirection HTTPS est suivie : même demande à la nouvelle adresse",
    severity=Severity.MAJOR,
    exigences=TRANSPORT,
    source="EX_0.X-1055 par la fiche DMP §2",
)
def redirections_followed(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A POST again, body and method kept: a GET would lose the SOAP message.

    ``To`` may stay the first address or become the new one: nothing says which.
    """
    calls = view.of("dmp")
    followed: set[str] = set()
    for rank, call in enumerate(calls):
        answer = call.response
        if answer is None or not call.redirected:
            continue
        location = answer.header("Location") or ""
        if not location.lower().startswith("https://"):
            continue
        later = (each for each in calls[rank + 1 :] if each.id not in followed)
        again = next((each for each in later if _at(location, call.operation, each)), None)
        if again is not None:
            followed.add(again.id)
        else:
            yield Finding(
                f"après la réponse {answer.status} à {call.operation}",
                f"la même demande, en POST, à {location}",
                _instead(calls[rank + 1 :]),
                "Suivre les redirections HTTPS du DMP en renvoyant le même corps en POST à "
                "l'adresse de l'en-tête Location : beaucoup de bibliothèques HTTP ne le font pas "
                "d'elles-mêmes, ou passent en GET.",
                exchange_id=call.id,
            )


def _at(location: str, operation: str, exchange: Exchange) -> bool:
    """Whether a call is a POST of that operation to the path and query of a Location."""
    wanted = urlsplit(location)
    path = f"{wanted.path}?{wanted.query}" if wanted.query else wanted.path
    request = exchange.request
    return (request.method, request.target, exchange.operation) == ("POST", path, operation)


def _instead(later: Sequence[Exchange]) -> str:
    if not later:
        return "aucun autre appel"
    return f"ensuite {later[0].request.start_line}"


@check(
    "DMP-SOAP-01",
    title="SOAP 1.2 ; action, adresse appelée et corps désignent la même transaction",
    severity=Severity.BLOCKING,
    exigences=ANY_DMP,
    source="GUIDE §2 par la fiche DMP §2 et §5.2 ; EX_2.1-1260",
    rejects="ActionNotSupported",
)
def one_transaction(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """Envelope, media types, action of header and of HTTP, path, body."""
    yield from _envelope(request)
    transaction = request.transaction
    if transaction is None:
        payload = request.soap.payload
        yield Finding(
            "/Envelope/Body",
            "le corps d'une transaction du DMP",
            "vide" if payload is None else str(payload.tag),
            "Placer dans Body l'élément de la transaction appelée (TD0.2, TD2.1, …).",
        )
        return
    if request.soap.action not in (None, transaction.action):
        yield Finding(
            "/Envelope/Header/Action",
            transaction.action,
            str(request.soap.action),
            f"Écrire l'action de la transaction {transaction.number}, celle du corps envoyé.",
        )
    if request.message.target and request.path != transaction.path:
        yield Finding(
            "ligne de requête",
            f"{SERVICE_PATH}{transaction.path}",
            request.message.target,
            f"Envoyer {transaction.number} au service « {transaction.path} ».",
        )
    announced = MediaType.parse(request.message.header("Content-Type")).parameter("action")
    if announced not in (None, "", transaction.action):
        yield Finding(
            "en-tête Content-Type, paramètre action",
            transaction.action,
            str(announced),
            "Répéter la même action dans Content-Type et dans l'en-tête SOAP.",
        )


def _envelope(request: DmpRequest) -> Iterator[Finding]:
    if request.soap.version != "1.2":
        yield Finding(
            "/Envelope",
            "l'espace de noms de SOAP 1.2",
            f"SOAP {request.soap.version}",
            "Construire l'enveloppe en SOAP 1.2.",
            rejects="VersionMismatch",
        )
    media = MediaType.parse(request.message.header("Content-Type"))
    if request.multipart is None and media.name not in ("", MEDIA_TYPE_SOAP12):
        yield Finding(
            "en-tête Content-Type",
            f'{MEDIA_TYPE_SOAP12}; action="…"',
            media.name,
            "Annoncer application/soap+xml, le type de SOAP 1.2.",
        )
    if request.multipart is not None and media.parameter("type") != "application/xop+xml":
        yield Finding(
            "en-tête Content-Type, paramètre type",
            "application/xop+xml",
            str(media.parameter("type")),
            'Annoncer un message MTOM : multipart/related; type="application/xop+xml".',
        )


@check(
    "DMP-SOAP-02",
    title="En-têtes d'adressage : Action, MessageID, To = adresse appelée, ReplyTo anonyme",
    severity=Severity.BLOCKING,
    exigences=ANY_DMP,
    source="cahier CNDA 2.10c, mémento ; WS-Addressing 1.0 ; fiche DMP §5.2",
    rejects="MessageAddressingHeaderRequired",
)
def addressing(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """Presence and value of each header; an empty To is tolerated."""
    soap = request.soap
    for name, value in (("Action", soap.action), ("MessageID", soap.message_id)):
        if not value:
            yield Finding(
                f"/Envelope/Header/{name}",
                "présent",
                "absent",
                f"Ajouter l'en-tête WS-Addressing {name}.",
            )
        elif len(soap.header_blocks_named(NS_WSA, name)) > 1:
            yield Finding(
                f"/Envelope/Header/{name}", "un seul", "plusieurs", f"N'écrire {name} qu'une fois."
            )
    if soap.message_id and not _UUID.fullmatch(soap.message_id):
        yield Finding(
            "/Envelope/Header/MessageID",
            "urn:uuid:<uuid>",
            soap.message_id,
            "Tirer un UUID pour chaque message et l'écrire sous la forme urn:uuid:….",
        )
    if soap.reply_to != WSA_ANONYMOUS:
        yield Finding(
            "/Envelope/Header/ReplyTo/Address",
            WSA_ANONYMOUS,
            soap.reply_to or "absent",
            "Demander la réponse sur la même connexion : ReplyTo anonyme.",
        )
    yield from _to(request)


def _to(request: DmpRequest) -> Iterator[Finding]:
    if not request.soap.to:
        yield Finding(
            "/Envelope/Header/To",
            "l'adresse appelée",
            "vide ou absent",
            "Écrire dans To l'adresse du service appelé.",
            Severity.MINOR,
        )
        return
    try:
        to = urlsplit(request.soap.to)
        to_host = to.hostname or ""
    except ValueError:
        to, to_host = urlsplit(""), ""
    host = (request.message.header("Host") or "").rsplit(":", 1)[0]
    called = urlsplit(request.message.target).path
    if (called and to.path != called) or (host and to_host != host.lower()):
        yield Finding(
            "/Envelope/Header/To",
            f"https://{host}{called}",
            request.soap.to,
            "Écrire dans To l'adresse réellement appelée.",
            rejects="InvalidAddressingHeader",
        )


@check(
    "DMP-SOAP-02",
    title="Chaque message a son propre MessageID",
    severity=Severity.BLOCKING,
    exigences=ANY_DMP,
    source="WS-Addressing 1.0 §3.2 ; cahier CNDA 2.10c, mémento",
)
def message_ids_differ(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A message sent again because its answer was lost may keep its id."""
    answered: set[str] = set()
    for exchange, request in view.artefacts(DmpRequest, "dmp"):
        message_id = request.soap.message_id
        if message_id is None:
            continue
        if message_id in answered:
            yield Finding(
                "/Envelope/Header/MessageID",
                "un identifiant neuf",
                message_id,
                "Tirer un nouveau MessageID pour chaque appel.",
                exchange_id=exchange.id,
                artefact=DmpRequest.label,
            )
        if exchange.outcome in (Outcome.ACCEPTED, Outcome.REFUSED):
            answered.add(message_id)


@check(
    "DMP-SOAP-03",
    title="Un VIHF et un seul, dans wsse:Security",
    severity=Severity.BLOCKING,
    exigences=ANY_DMP,
    source="GUIDE §6 par la fiche DMP §5.2",
    rejects="DMPInvalidData",
)
def one_vihf(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """Number of assertions in the header, and where they are."""
    if len(request.vihfs) != 1:
        yield Finding(
            "/Envelope/Header/Security",
            "une saml2:Assertion",
            str(len(request.vihfs)),
            "Placer un VIHF, et un seul, dans l'en-tête wsse:Security.",
        )
    if request.assertions_elsewhere > 0:
        yield Finding(
            "/Envelope/Header",
            "aucune assertion hors de wsse:Security",
            str(request.assertions_elsewhere),
            "Ne laisser d'assertion SAML que dans wsse:Security.",
        )

"""X-07, X-08, X-09, X-11: TLS seen, bad certificates refused, clocks, encodings.

Source: bench.md (transversal checks). Each service has its own, finer rules on
TLS and dates: these hold for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.insi import InsiRequest
from rules.formats.mail import MssMessage
from rules.formats.soap import MediaType
from rules.formats.vihf import Vihf
from rules.judge import JournalView

TLS_OPERATION = "TLS"
_WIRES = ("insi", "dmp", "mssante", "psc", "prescription", "apcv")
_OLD = ("SSL", "TLSv1.0", "TLSv1.1", "TLS 1.0", "TLS 1.1")
_WEAK = ("RC4", "DES", "NULL", "EXP", "MD5", "ADH", "AECDH")
_BOM = b"\xef\xbb\xbf"
_DECLARED = re.compile(rb"""\A<\?xml[^>]*encoding=["']([A-Za-z0-9._-]+)["']""")


@check(
    "X-07",
    title="L'échange passe en TLS 1.2 ou plus, sous une suite sûre",
    severity=Severity.BLOCKING,
    source="bench.md X-07",
    exigences=("SC.SSI/GEN.12",),
    needs=("tls", "tls.version"),
    services=_WIRES,
)
def handshake(exchange: Exchange, context: Context) -> Iterator[Finding]:
    """What was agreed on; each service judges what the client offered."""
    tls = context.tls
    if tls is None or exchange.operation == TLS_OPERATION:
        return
    version, cipher = tls.version or "", (tls.cipher or "").upper()
    if version == "TLSv1" or version.startswith(_OLD):
        yield Finding(
            "poignée de main TLS",
            "TLS 1.2 ou 1.3",
            version,
            "Désactiver SSL, TLS 1.0 et TLS 1.1 dans le client.",
        )
    elif any(word in cipher for word in _WEAK):
        yield Finding(
            "poignée de main TLS",
            "une suite sans RC4, DES, NULL, EXPORT, MD5 ni anonyme",
            tls.cipher or "",
            "Retirer les suites faibles de la configuration TLS du client.",
        )


@check(
    "X-08",
    title="Rien n'est envoyé à un serveur dont le certificat est mauvais",
    severity=Severity.BLOCKING,
    source="bench.md X-08",
    exigences=("SC.MSS/CONF.27", "MSS/va1.04", "MSS/va1.05", "MSS/va1.06"),
)
def no_data_to_bad_servers(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Every service but the DMP, whose sheet has an id of its own: DMP-TLS-03."""
    yield from talks_to_bad_servers(e for e in view.exchanges if e.service != "dmp")


@check(
    "DMP-TLS-03",
    title="Rien n'est envoyé à un DMP dont le certificat est mauvais",
    severity=Severity.BLOCKING,
    source="EX_0.X-1070, CDT 0.1-050 (dmp.md §5.1, §17)",
)
def no_deposit_to_bad_servers(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Untrusted, expired, revoked or misnamed server: no HTTP on the connection."""
    yield from talks_to_bad_servers(view.of("dmp"))


def talks_to_bad_servers(exchanges: Iterable[Exchange]) -> Iterator[Finding]:
    """An exchange under a ``tls-…`` fault exists only when the client went on."""
    for exchange in exchanges:
        fault = exchange.fault or ""
        if fault.startswith("tls-") and exchange.operation != TLS_OPERATION:
            yield Finding(
                "poignée de main TLS",
                "une connexion refusée par le logiciel",
                f"{exchange.operation} envoyé malgré le défaut {fault}",
                "Vérifier la chaîne, les dates, le nom et la révocation du certificat du serveur "
                "avant d'envoyer quoi que ce soit.",
                exchange_id=exchange.id,
                artefact=f"{exchange.service} {exchange.operation}",
            )


@check(
    "X-09",
    title="Les horodatages du message suivent l'horloge du banc",
    severity=Severity.MINOR,
    source="bench.md X-09",
    needs=("observed_at",),
)
def assertion_clock(vihf: Vihf, context: Context) -> Iterator[Finding]:
    """IssueInstant of a VIHF: not in the future."""
    yield from _future(f"{vihf.place}/@IssueInstant", vihf.issue_instant, context)


@check(
    "X-09",
    title="Les horodatages du message suivent l'horloge du banc",
    severity=Severity.MINOR,
    source="bench.md X-09",
    needs=("observed_at",),
)
def search_clock(request: InsiRequest, context: Context) -> Iterator[Finding]:
    """Temps of ContexteBAM and ContexteLPS: not in the future."""
    for block in (request.bam, request.lps):
        if block:
            yield from _future(f"{block.place}/Temps", block.time, context)


@check(
    "X-09",
    title="Les horodatages du message suivent l'horloge du banc",
    severity=Severity.MINOR,
    source="bench.md X-09",
    needs=("observed_at",),
)
def mail_clock(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Date of a mail: not in the future; an outbox may well send it late."""
    text = message.value("Date")
    try:
        date = parsedate_to_datetime(text) if text else None
    except (ValueError, OverflowError):
        date = None
    yield from _future("en-tête Date", date if date and date.tzinfo else None, context)


def _future(place: str, found: datetime | None, context: Context) -> Iterator[Finding]:
    now = context.observed_at
    if found and now and found > now + context.environment.clock_tolerance:
        yield Finding(
            place,
            f"au plus tard {now.isoformat()}",
            found.isoformat(),
            "Synchroniser l'horloge du poste (NTP) et vérifier le décalage horaire écrit.",
        )


@check(
    "X-11",
    title="UTF-8 sans BOM, et l'encodage annoncé est le vrai",
    severity=Severity.MINOR,
    source="bench.md X-11",
    services=("insi", "dmp"),
)
def encodings(exchange: Exchange, _context: Context) -> Iterator[Finding]:
    """XML bodies: byte order mark, Content-Type charset, XML declaration."""
    body = exchange.request.body
    media = MediaType.parse(exchange.request.header("Content-Type"))
    if not media.name.endswith("xml"):
        return
    if body.startswith(_BOM):
        yield _encoding("octet 0", "aucune marque d'ordre des octets", "BOM UTF-8")
    declared = _DECLARED.match(body.removeprefix(_BOM))
    said = [("en-tête Content-Type", media.parameter("charset"))]
    said.append(("prologue XML", declared[1].decode() if declared else None))
    for place, charset in said:
        if charset and charset.lower() not in ("utf-8", "utf8"):
            yield _encoding(place, "UTF-8", charset)


@check(
    "X-11",
    title="UTF-8 sans BOM, et l'encodage annoncé est le vrai",
    severity=Severity.BLOCKING,
    source="bench.md X-11",
)
def document_bom(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """A mark before the XML declaration breaks readers that compare bytes."""
    if document.has_bom:
        yield _encoding("octet 0", "aucune marque d'ordre des octets", "BOM UTF-8")


def _encoding(place: str, expected: str, found: str) -> Finding:
    return Finding(place, expected, found, "Écrire le XML en UTF-8 sans BOM, et l'annoncer ainsi.")

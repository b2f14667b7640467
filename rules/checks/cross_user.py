"""X-05 and X-06: one user, one product, in everything that leaves.

Source: bench.md (transversal checks), dmp.md §6.2, §8.3, mssante.md §4.4.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.certificate import peer_certificate
from rules.formats.insi import InsiRequest
from rules.formats.mail import MssMessage
from rules.formats.registry import SubmissionSet
from rules.formats.vihf import Vihf
from rules.formats.xds import Submission
from rules.judge import JournalView

_AUTHOR_ADVICE = "Écrire comme auteur du lot le professionnel dont la session l'envoie."


@check(
    "X-05",
    title="Un seul utilisateur : certificat, VIHF, auteur du lot, adresse d'envoi",
    severity=Severity.BLOCKING,
    source="bench.md X-05",
    exigences=("SC.DMP/AIRS.06",),
)
def same_user(view: JournalView, context: Context) -> Iterator[Finding]:
    """Deposits, then mails that are no answer to another mail."""
    for exchange, vihf in view.artefacts(Vihf, "dmp"):
        yield from _certificate(exchange, vihf)
        sent = view.reading(exchange).first(Submission)
        if sent and vihf.mode == "DIRECTE":
            yield from _author(exchange, sent.objects.submission_set, vihf.name_id)
    for exchange, message in view.artefacts(MssMessage, "mssante"):
        answers = message.automatic or message.header("In-Reply-To") or message.header("References")
        if not answers and message.from_professional and message.sender:
            owner = context.environment.owner_of(message.sender.address)
            lots = message.archive.submission_sets if message.archive else ()
            for lot in lots if owner else ():
                yield from _author(exchange, lot, owner.national_id if owner else None)


def _certificate(exchange: Exchange, vihf: Vihf) -> Iterator[Finding]:
    """A card names its bearer: a certificate of organisation says nothing here."""
    certificate = peer_certificate(exchange.tls)
    if certificate is None or vihf.name_id is None:
        return
    holder = certificate.common_name or ""
    if holder[:1].isdigit() and len(holder) == len(vihf.name_id) and holder != vihf.name_id:
        yield _finding(
            exchange,
            f"{vihf.place}/Subject/NameID",
            f"{holder} (certificat de la connexion)",
            vihf.name_id,
            "Ouvrir la connexion et signer le VIHF avec la carte de l'utilisateur connecté.",
        )


def _author(exchange: Exchange, lot: SubmissionSet | None, user: str | None) -> Iterator[Finding]:
    names = [person.id for author in lot.authors for person in author.persons] if lot else []
    if lot and user and names and user not in names:
        place = f"{lot.place} authorPerson"
        yield _finding(exchange, place, user, ", ".join(names), _AUTHOR_ADVICE)


def _finding(exchange: Exchange, place: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        place,
        expected,
        found,
        advice,
        exchange_id=exchange.id,
        artefact=f"{exchange.service} {exchange.operation}",
    )


@dataclass(frozen=True, slots=True)
class Saying:
    """What a message says of the product that sent it."""

    exchange: Exchange
    place: str
    version: str | None


@check(
    "X-06",
    title="Le produit se dit le même partout : une seule version",
    severity=Severity.MINOR,
    source="bench.md X-06",
)
def same_product(view: JournalView, context: Context) -> Iterator[Finding]:
    """Against the declared product, else against the first message."""
    software = context.environment.software
    expected = software.version if software else None
    for saying in _sayings(view):
        if not saying.version:
            continue
        expected = expected or saying.version
        if saying.version != expected:
            yield _finding(
                saying.exchange,
                saying.place,
                expected,
                saying.version,
                "Lire partout le nom et la version du produit à un seul endroit.",
            )


def _sayings(view: JournalView) -> Iterator[Saying]:
    for exchange in view.of("insi"):
        for request in view.reading(exchange).every(InsiRequest):
            if request.lps:
                yield Saying(exchange, "ContexteLPS/LPS/Version", request.lps.software_version)
    for exchange, vihf in view.artefacts(Vihf, "dmp"):
        yield Saying(exchange, f"{vihf.place} LPS_Version", vihf.text("LPS_Version"))

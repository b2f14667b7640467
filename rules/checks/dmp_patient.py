"""What must be known of a record before touching it (DMP-02-01 to 03).

Sources: GUIDE SEL-MP-037 v2.10 by sheet dmp.md §3.1, §3.2, §3.8; CNDA test book
2.10c 0.2-040 to 0.2-080; EX_0.3-1010, EX_0.3-1030.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from rules.checking import check
from rules.context import OID_INS_NIA, Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.dmp import DmpRequest
from rules.formats.habilitations import ADD, SetAuthorization
from rules.formats.hl7v3 import ExistenceAnswer, ExistenceQuery
from rules.judge import JournalView

BEFORE_FEEDING = ("SC.DMP/CONF.01", "DMP/va1.01")
BEFORE_READING = ("SC.DMP/CONF.02", "SC.DMP/UX.08", "DMP/va1.19")
SESSION = timedelta(hours=12)
"""A test older than this belongs to another working session (bound of the bench)."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the DMP, with what it is about."""

    exchange: Exchange
    request: DmpRequest
    transaction: str
    """``TD0.2``, ``TD2.1`` …; ``?`` when the body is unknown."""
    patient: str | None
    """INS of the VIHF."""
    professional: str | None
    """NameID of the VIHF."""


def calls(view: JournalView) -> Iterator[Call]:
    """Every readable call to the DMP, in order."""
    for exchange, request in view.artefacts(DmpRequest, "dmp"):
        vihf, transaction = request.vihf, request.transaction
        yield Call(
            exchange,
            request,
            "?" if transaction is None else transaction.number,
            None if vihf is None or vihf.patient is None else vihf.patient.id,
            None if vihf is None else vihf.name_id,
        )


def reads_or_feeds(call: Call) -> bool:
    """Whether a call deposits, searches, reads or changes documents."""
    return call.transaction.startswith(("TD2.", "TD3."))


@dataclass(slots=True)
class _Tests:
    """The last answered existence test of each patient, by professional."""

    found: dict[tuple[str | None, str | None], tuple[Exchange, ExistenceAnswer]]

    def note(self, view: JournalView, call: Call) -> None:
        answer = view.reading(call.exchange).first(ExistenceAnswer)
        asked = isinstance(call.request.body, ExistenceQuery)
        if asked and answer is not None and answer.acknowledgement == "AA":
            self.found[(call.patient, call.professional)] = (call.exchange, answer)

    def before(self, call: Call) -> ExistenceAnswer | None:
        """The answer known in the session of this call."""
        exchange, answer = self.found.get((call.patient, call.professional), (None, None))
        if exchange is None or call.exchange.started_at - exchange.started_at > SESSION:
            return None
        return answer

    def close(self, professional: str | None) -> None:
        """Forget what a professional learnt: the session is over."""
        for key in [key for key in self.found if key[1] == professional]:
            del self.found[key]


def _with_tests(view: JournalView) -> Iterator[tuple[Call, ExistenceAnswer | None]]:
    """Each call with the last answer of TD0.2 known before it in its session."""
    by_exchange = {call.exchange.id: call for call in calls(view)}
    tests = _Tests({})
    for exchange in view.exchanges:
        if exchange.service == "lgc" and exchange.operation == "session.close":
            tests.close(exchange.correlation.professional)
        call = by_exchange.get(exchange.id)
        if call is not None:
            yield call, tests.before(call)
            tests.note(view, call)


@check(
    "DMP-02-01",
    title="Un test d'existence (TD0.2) précède chaque dépôt et chaque consultation",
    severity=Severity.BLOCKING,
    exigences=(*BEFORE_FEEDING, *BEFORE_READING),
    source="cahier CNDA 0.2-040 ; fiche DMP §3.8",
)
def tested_first(view: JournalView, _context: Context) -> Iterator[Finding]:
    """In the session of the same professional, for the same patient."""
    for call, answer in _with_tests(view):
        if reads_or_feeds(call) and answer is None:
            yield Finding(
                "séquence des appels",
                f"un TD0.2 répondu avant {call.transaction}",
                "aucun dans la session",
                "Appeler TD0.2 avant chaque alimentation ou consultation, même si l'état du DMP "
                "est déjà connu.",
                exchange_id=call.exchange.id,
                artefact=DmpRequest.label,
            )


@check(
    "DMP-02-02",
    title="Rien n'est tenté sur un DMP absent, fermé ou interdit",
    severity=Severity.BLOCKING,
    exigences=(*BEFORE_FEEDING, *BEFORE_READING, "SC.DMP/ALI/PROG.01"),
    source="cahier CNDA 0.2-010 à 0.2-070 ; fiche DMP §3.1, §3.2",
)
def nothing_on_closed(view: JournalView, _context: Context) -> Iterator[Finding]:
    """INTERDIT forbids consultation; whether it forbids feeding is not clear in the sources."""
    for call, answer in _with_tests(view):
        if answer is None or not reads_or_feeds(call):
            continue
        blocked = answer.authorization == "INTERDIT"
        if answer.open and not blocked:
            continue
        feeding = call.transaction.startswith("TD2.")
        yield Finding(
            "séquence des appels",
            f"pas de {call.transaction} après cette réponse de TD0.2",
            _state(answer),
            "Ne rien envoyer quand TD0.2 dit que le DMP est absent, fermé ou interdit ; garder le "
            "document « à envoyer » et le dire à l'utilisateur.",
            Severity.REVIEW if blocked and answer.open and feeding else None,
            exchange_id=call.exchange.id,
            artefact=DmpRequest.label,
        )


def _state(answer: ExistenceAnswer) -> str:
    if answer.response_code == "NF":
        return "DMP absent (NF)"
    if answer.status != "active":
        return f"DMP fermé ({answer.status})"
    return f"autorisation {answer.authorization}"


@check(
    "DMP-02-02",
    title="Aucun appel pour un patient identifié par un NIA",
    severity=Severity.BLOCKING,
    exigences=BEFORE_FEEDING,
    source="cahier CNDA 0.2-080",
    rejects="DMPInvalidData",
)
def no_call_for_nia(request: DmpRequest, _context: Context) -> Iterator[Finding]:
    """The software refuses access by itself, before any call."""
    vihf = request.vihf
    if vihf is not None and vihf.patient is not None and vihf.patient.authority == OID_INS_NIA:
        yield Finding(
            f"{vihf.place} (resource-id)",
            "aucun appel",
            vihf.patient.text,
            "Refuser l'accès au DMP pour un patient dont l'INS est un NIA.",
        )


@check(
    "DMP-02-03",
    title="L'autorisation n'est ajoutée que lorsqu'elle manque",
    severity=Severity.BLOCKING,
    exigences=("SC.DMP/CONF.05", "SC.DMP/UX.50", "DMP/va1.19"),
    source="EX_0.3-1010, EX_0.3-1030 ; fiche DMP §3.2",
)
def authorization_when_missing(view: JournalView, _context: Context) -> Iterator[Finding]:
    """TD0.3 AJOUT after a TD0.2 that says NON_EXISTE or EXPIRE."""
    for call, answer in _with_tests(view):
        body = call.request.body
        if not isinstance(body, SetAuthorization) or body.action != ADD:
            continue
        known = None if answer is None else answer.authorization
        if known not in ("NON_EXISTE", "EXPIRE"):
            yield Finding(
                "séquence des appels",
                "TD0.3 AJOUT après un TD0.2 qui dit NON_EXISTE ou EXPIRE",
                "aucun TD0.2 dans la session" if answer is None else f"autorisation {known}",
                "N'ajouter l'autorisation que si TD0.2 dit qu'elle manque ou qu'elle a expiré.",
                exchange_id=call.exchange.id,
                artefact=DmpRequest.label,
            )

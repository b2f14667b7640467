"""Counting the « mise en ordre de marche »: deposits, MSS Pro sends, MSS citoyenne.

The text of the AF annex is unknown: the counting rules are the placeholders of
segur-requirements.md §6.1, each a switch of :class:`MomRules` printed in
reports. Thresholds (10, 10, 1) come from the manual of a referenced product.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from rules.checks.mom_facts import Transaction, deletions, non_deliveries, transactions
from rules.context import Environment
from rules.identities import holders
from rules.judge import JournalView

THRESHOLDS: Mapping[str, int] = {"dmp": 10, "mss_pro": 10, "mss_citoyenne": 1}
"""Transactions that each professional must have done, by counter."""


@dataclass(frozen=True, slots=True)
class MomRules:
    """Counting rules that the bench chose, the official text being unknown."""

    same_document_counts_once: bool = True
    deletion_subtracts: bool = True
    non_delivery_subtracts: bool = True
    lost_answer_counts_when_proved: bool = True
    """A deposit whose answer was lost counts once the registry shows it."""
    unknown_status_counts: bool = False
    """Count when the bench was never told the status of the identity."""

    def described(self) -> tuple[str, ...]:
        """The rules applied, in French, for reports."""
        return (
            "Règles de comptage du banc : le texte officiel n'est pas public.",
            "Par professionnel (RPPS) : 10 dépôts DMP, 10 envois MSS Pro, 1 envoi MSS citoyenne.",
            "L'identité du patient est qualifiée au moment de l'envoi"
            + _when(self.unknown_status_counts, " ou son statut est inconnu du banc")
            + ".",
            "Dépôt : accepté par le DMP"
            + _when(self.deletion_subtracts, ", et non supprimé depuis")
            + _when(
                self.lost_answer_counts_when_proved,
                " ; une réponse perdue compte si le registre montre le document",
            )
            + ".",
            "MSS Pro : accepté par l'opérateur, CDA dans IHE_XDM.zip, X-MSS-INS: O, à un autre "
            "professionnel que l'expéditeur.",
            "MSS citoyenne : adresse <INS>@patient.mssante.fr du patient qualifié.",
            *(("Un même document compte une fois.",) if self.same_document_counts_once else ()),
            *(("Un avis de non-remise lu retire l'envoi.",) if self.non_delivery_subtracts else ()),
        )


def _when(switch: bool, text: str) -> str:
    return text if switch else ""


@dataclass(frozen=True, slots=True)
class MomCount:
    """Counters of one professional, with the exchanges that count or do not."""

    dmp: int = 0
    mss_pro: int = 0
    mss_citoyenne: int = 0
    counted: tuple[str, ...] = ()
    """Exchange ids, in journal order."""
    refused: tuple[tuple[str, str], ...] = ()
    """Exchange id and the French reason why it does not count."""

    @property
    def complete(self) -> bool:
        """Whether every threshold is reached."""
        return all(getattr(self, name) >= floor for name, floor in THRESHOLDS.items())

    def plus(self, counter: str, exchange_id: str) -> MomCount:
        """One more transaction; an exchange is listed once."""
        listed = self.counted if exchange_id in self.counted else (*self.counted, exchange_id)
        return replace(self, **{counter: getattr(self, counter) + 1}, counted=listed)

    def without(self, exchange_id: str, reason: str) -> MomCount:
        """The same, with a transaction that does not count."""
        return replace(self, refused=(*self.refused, (exchange_id, reason)))


def count(
    view: JournalView, environment: Environment, rules: MomRules | None = None
) -> Mapping[str, MomCount]:
    """Counters by idNat_PS: every declared professional, then any other seen."""
    applied = rules or MomRules()
    counts = {p.national_id: MomCount() for p in environment.professionals}
    seen: set[tuple[str, str, str]] = set()
    judges = _judges(view, applied)
    for each in transactions(view, environment):
        current = counts.get(each.professional, MomCount())
        reason = next((r for judge in judges if (r := judge(each))), None)
        if reason is None and applied.same_document_counts_once:
            reason = _already(each, seen)
        if reason is None:
            seen.update((each.professional, each.counter, d) for d in each.documents)
            counts[each.professional] = current.plus(each.counter, each.exchange_id)
        else:
            counts[each.professional] = current.without(each.exchange_id, reason)
    return counts


_Judge = Callable[[Transaction], str | None]


def _judges(view: JournalView, rules: MomRules) -> tuple[_Judge, ...]:
    """Reasons not to count, in the order in which they are said."""
    deleted = deletions(view) if rules.deletion_subtracts else frozenset[str]()
    returned = non_deliveries(view) if rules.non_delivery_subtracts else frozenset[str]()

    def identity(each: Transaction) -> str | None:
        return _identity(view, each, rules)

    def later(each: Transaction) -> str | None:
        if each.counter == "dmp" and each.documents and deleted.issuperset(each.documents):
            return "document supprimé du DMP depuis"
        return "avis de non-remise reçu" if each.message_id in returned else None

    def accepted(each: Transaction) -> str | None:
        proved = each.proved_later and rules.lost_answer_counts_when_proved
        return None if each.accepted or proved else each.refusal or "refusé par le service"

    return (accepted, lambda each: each.flaw, identity, later)


def _identity(view: JournalView, each: Transaction, rules: MomRules) -> str | None:
    if not each.patient:
        return "aucun INS : le patient n'est pas identifié"
    held = holders(view, each.position).get(each.patient, ())
    if not held:
        unknown = "statut de l'identité inconnu du banc : à vérifier"
        return None if rules.unknown_status_counts else unknown
    if any(i.qualified for i in held):
        return None
    return f"identité {held[0].status}, non qualifiée au moment de l'envoi"


def _already(each: Transaction, seen: set[tuple[str, str, str]]) -> str | None:
    keys = [(each.professional, each.counter, d) for d in each.documents]
    return "document déjà compté" if keys and seen.issuperset(keys) else None


def unqualified(view: JournalView, environment: Environment) -> Iterator[tuple[Transaction, str]]:
    """Accepted transactions whose identity was known and not qualifiée, with its status."""
    for each in transactions(view, environment):
        held = holders(view, each.position).get(each.patient or "", ())
        if each.accepted and held and not any(i.qualified for i in held):
            yield each, held[0].status

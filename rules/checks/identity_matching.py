"""INS-S-09, INS-T-08, BANC-INS.01 to .05: identities from outside, and their verification.

Sources: sheet ``ins-insi`` §1.6, §7 and §8 (N11, N12, N21, N26); règles 11, 12, 30, 49, 51
to 53 and R21, R24, R25 of ``segur-requirements`` §8.1 and §10. The wire of the verification
(WS_INS3) is unknown: any call to INSi made for the identity received counts as one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from rules.checking import check
from rules.context import Context, Identity
from rules.findings import Finding, Severity
from rules.identities import (
    PROVISIONAL,
    QUALIFIED,
    RETRIEVED,
    VALIDATED,
    Act,
    acts,
    contradictions,
    strict,
    unusable,
)
from rules.incoming import Incoming, incoming
from rules.judge import JournalView

_OUTSIDE = ("identity.receive", "identity.scan_datamatrix")
_KO, _OK = "KO", "OK"


@check(
    "INS-S-09",
    title="Une INS n'est pas tenue par deux dossiers sans refus ni alerte",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.6, §8 N21 ; CNDA 3.05 cas 3",
    exigences=("INS/va1.52",),
)
def one_file_per_ins(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The second file that takes the INS must say so, or the software refuses."""
    held: dict[str, Identity] = {}
    for act in view.derived(acts):
        after, patient = act.after, act.patient
        if after is None or patient is None:
            continue
        twins = [
            other
            for other, known in held.items()
            if other != patient and known.ins and (known.ins, known.oid) == (after.ins, after.oid)
        ]
        new = act.before is None or act.before.ins != after.ins
        if twins and new and not after.alerts:
            yield _about(
                act,
                "un refus ou une alerte",
                f"l'INS du dossier {twins[0]}, sans alerte",
                "Avant d'attribuer une INS, chercher si un autre dossier la porte : refuser, ou "
                "alerter d'un doublon possible.",
            )
        held[patient] = after


@check(
    "INS-T-08",
    title="Rapprochement automatique d'une identité reçue seulement si les traits s'accordent",
    severity=Severity.MAJOR,
    source="guide INS EXI REC 02 ; ins-insi.md §7 INS-T-08",
    exigences=("INS/va1.13",),
)
def match_by_agreeing_traits(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The traits received against those the software held before."""
    for act in view.derived(acts):
        received = _received(act)
        automatic = act.gesture.answer.get("rapprochement") == "automatique"
        if received is None or act.before is None or not automatic:
            continue
        apart = contradictions(act.before.traits, received.traits)
        if apart:
            yield _about(
                act,
                "un rapprochement manuel",
                f"un rapprochement automatique malgré : {', '.join(apart)}",
                "Ne rapprocher sans l'opérateur que si l'INS et tous les traits s'accordent.",
            )


@check(
    "BANC-INS.01",
    title="Une identité reçue avec une INS inconnue est vérifiée à l'arrivée",
    severity=Severity.BLOCKING,
    source="règle 53 (R21) ; segur-requirements.md §8.1",
    exigences=("INS/va1.11",),
)
def verified_on_arrival(view: JournalView, _context: Context) -> Iterator[Finding]:
    """No call, no verification: unless the INS is already récupérée or qualifiée here."""
    for act, received, known in _arrivals(view):
        if received.ins is None or known or act.calls:
            continue
        found = _about(
            act,
            "un appel à INSi",
            "aucun appel",
            "Vérifier auprès d'INSi, dès l'arrivée, l'INS reçue d'un tiers et inconnue ici.",
        )
        # The wire of the verification is unknown: a software may say it cannot call it.
        unserved = act.gesture.told("verification", "resultat") == "indisponible"
        yield replace(found, severity=Severity.REVIEW) if unserved else found


@check(
    "BANC-INS.02",
    title="Une INS déjà connue n'est pas vérifiée de nouveau",
    severity=Severity.MINOR,
    source="règle 53 (R21) ; segur-requirements.md §8.1",
    exigences=("INS/va1.11",),
)
def known_not_verified(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Known: held by a local identity récupérée or qualifiée, with the same traits."""
    for act, _, known in _arrivals(view):
        if known and act.calls:
            yield _about(
                act,
                "aucun appel à INSi",
                f"{len(act.calls)} appel(s)",
                "Ne pas appeler INSi pour une INS déjà récupérée ou qualifiée dans le logiciel.",
            )


@check(
    "BANC-INS.03",
    title="Une vérification KO retire l'INS et abaisse le statut",
    severity=Severity.BLOCKING,
    source="règles 49 et 51 (R24) ; ins-insi.md §8 N26",
    exigences=("INS/va1.08",),
)
def failed_verification(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Provisoire, or validée for an identity that was qualifiée: the sheets differ.

    At reception: a new identity has no INS, a known one is not updated.
    """
    for act in view.derived(acts):
        before, after = act.before, act.after
        if act.gesture.told("verification", "resultat") != _KO or after is None:
            continue
        if act.gesture.name in _OUTSIDE and before is not None:
            good = strict(before.traits) == strict(after.traits) and (
                after.ins in (None, before.ins) and _rank(after) <= _rank(before)
            )
            expected = "l'identité connue sans changement"
        else:
            lowered = {PROVISIONAL}
            if before is not None and before.status in (QUALIFIED, VALIDATED):
                lowered.add(VALIDATED)
            good = after.ins is None and after.status in lowered
            expected = f"{' ou '.join(sorted(lowered))}, sans INS"
        if not good:
            yield _about(
                act,
                expected,
                f"{after.status}, {'avec' if after.ins else 'sans'} INS",
                "Après une vérification KO, retirer matricule et OID, abaisser le statut et "
                "placer le patient dans la liste de travail ; ne rien reprendre d'une identité "
                "reçue.",
            )


@check(
    "BANC-INS.04",
    title="Une identité reçue est au mieux récupérée, sauf contrat de confiance",
    severity=Severity.BLOCKING,
    source="règles 29 et 30 ; segur-requirements.md §8.1",
    exigences=("INS/va1.13", "INS/va1.57", "INS/va1.04"),
)
def status_not_inherited(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Trusted senders are those that ``identity.trust_sender`` named so far."""
    trusted: frozenset[str] = frozenset()
    for act in view.derived(acts):
        after, before = act.after, act.before
        if act.gesture.name == "identity.trust_sender" and act.gesture.done:
            trusted = _trusted(act, trusted)
        if act.gesture.name not in _OUTSIDE or after is None:
            continue
        sender = str(act.gesture.parameters.get("emetteur") or "").lower()
        risen = before is None or _rank(before) < _rank(after)
        if after.status == QUALIFIED and risen and sender not in trusted:
            if before is not None and before.status == VALIDATED:
                continue  # proven here, its INS now verified by INSi
            yield _about(
                act,
                RETRIEVED,
                QUALIFIED,
                "Ne pas reprendre le statut de l'émetteur : l'identité reçue est au mieux "
                "récupérée, sauf contrat de confiance enregistré avec lui.",
            )


def _trusted(act: Act, former: frozenset[str]) -> frozenset[str]:
    told = act.gesture.answer.get("emetteurs")
    if isinstance(told, list):
        return frozenset(str(each).lower() for each in told)
    sender = str(act.gesture.parameters.get("emetteur") or "").lower()
    present = bool(act.gesture.parameters.get("present"))
    return former | {sender} if present else former - {sender}


@check(
    "BANC-INS.05",
    title="Une réponse INSi incomplète n'est pas reprise",
    severity=Severity.BLOCKING,
    source="règles 11 et 12 (R25) ; ins-insi.md §8 N11, N12, N18",
    exigences=("INS/va1.28", "INS/va1.31"),
)
def incomplete_answer(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A date with 00, an empty name, list of given names or sex, an unknown authority."""
    for act in view.derived(acts):
        before, after, found = act.before, act.after, act.found
        if after is None or found is None or act.gesture.name in _OUTSIDE:
            continue
        reasons = unusable(found)
        taken = after.ins is not None and after.ins[:13] == found.active.number
        had = before is not None and before.ins == after.ins
        if reasons and taken and not had:
            yield _about(
                act,
                "l'INS n'est pas reprise",
                f"INS reprise malgré : {', '.join(reasons)}",
                "Refuser la réponse INSi et le dire à l'utilisateur : l'identité garde son "
                "statut, sans INS.",
            )


_RANKS: Mapping[str, int] = {PROVISIONAL: 0, RETRIEVED: 1, VALIDATED: 1, QUALIFIED: 2}


def _rank(identity: Identity) -> int:
    return _RANKS.get(identity.status, 0)


def _received(act: Act) -> Incoming | None:
    return incoming(act.gesture) if act.gesture.done else None


def _arrivals(view: JournalView) -> Iterator[tuple[Act, Incoming, bool]]:
    """Each identity received, and whether its INS was récupérée or qualifiée here."""
    held: dict[str, Identity] = {}
    for act in view.derived(acts):
        # A datamatrix only prefills a file, that the user then searches (EXI REC 02).
        received = _received(act) if act.gesture.name == "identity.receive" else None
        if received is not None:
            known = any(
                identity.ins == received.ins and identity.status in (RETRIEVED, QUALIFIED)
                for identity in held.values()
                if received.ins
            )
            yield act, received, known
        if act.after is not None and act.patient is not None:
            held[act.patient] = act.after


def _about(act: Act, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}, patient {act.patient}",
        expected,
        found,
        advice,
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )

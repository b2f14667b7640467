"""INS-S-01, 02, 04, 05, 12: what becomes of the status of an identity.

Sources: RNIV EXI SI 07 to 10, guide INS EXI ID 19, 24, 26 (second hand); sheet
``ins-insi`` §1.6 to §1.8; règles 19, 20, 21, 25, 27 as ``segur-requirements`` §8.1
reads them. Where the two sheets give two statuses after an event, both are taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from rules.checking import check
from rules.context import Context, Identity
from rules.findings import Finding, Severity
from rules.formats.insi_answer import Individual, InsiAnswer
from rules.identities import (
    PROVISIONAL,
    QUALIFIED,
    RETRIEVED,
    VALIDATED,
    Act,
    acts,
    contradictions,
    returned_traits,
    strict,
    unusable,
)
from rules.judge import JournalView

HIGH_TRUST = frozenset({"CN", "PA", "CS", "eCN", "IN", "AV", "LECV", "ANCV"})
LOW_TRUST = frozenset({"PC", "CV"})
"""Others depend on the age of the person or on the settings of the site: not judged."""
DOCUMENTS = HIGH_TRUST | LOW_TRUST | {"AN", "LE", "LEP", "CC", "CE", "CM"}
UNRELIABLE = frozenset({"douteuse", "fictive"})

_PROVEN = {PROVISIONAL: VALIDATED, RETRIEVED: QUALIFIED, VALIDATED: VALIDATED, QUALIFIED: QUALIFIED}


@check(
    "INS-S-01",
    title="La réponse INSi mène au statut que prévoit le référentiel",
    severity=Severity.BLOCKING,
    source="RNIV EXI SI 07 ; ins-insi.md §1.6, §1.9",
    exigences=("INS/va1.40", "INS/va1.54"),
)
def status_after_search(view: JournalView, _context: Context) -> Iterator[Finding]:
    """00: provisoire → récupérée, validée → qualifiée if traits are equal; 01, 02: unchanged."""
    for act in view.derived(acts):
        before, after = act.before, act.after
        if act.gesture.name != "identity.search_insi" or before is None or after is None:
            continue
        allowed = _after_search(before, act)
        if allowed and after.status not in allowed:
            yield _status(act, " ou ".join(sorted(allowed)), after.status, _SEARCH_ADVICE)
        elif act.found is not None and not _told_of_difference(before, after, act.found, act):
            yield _status(
                act,
                "une alerte ou les écarts entre les traits",
                "rien de signalé",
                "Montrer à l'opérateur les traits rendus par INSi qui diffèrent, et attendre sa "
                "décision avant de les reprendre.",
            )


_SEARCH_ADVICE = (
    "Après une réponse 00 : provisoire devient récupérée, validée devient qualifiée si tous les "
    "traits sont égaux et le reste sinon ; après 01 ou 02, le statut ne change pas."
)


def _after_search(before: Identity, act: Act) -> frozenset[str]:
    """Statuses allowed; empty when another check judges it (fault, unusable answer)."""
    last = act.answers[-1] if act.answers else None
    if not isinstance(last, InsiAnswer) or not act.gesture.done:
        return frozenset()
    if last.code in ("01", "02"):
        return frozenset({before.status})
    found = act.found
    return frozenset() if found is None or unusable(found) else _after_found(before, found)


def _after_found(before: Identity, found: Individual) -> frozenset[str]:
    equal = _equal(before, found)
    apart = contradictions(before.traits, returned_traits(found))
    if before.status == PROVISIONAL:
        return frozenset({RETRIEVED} if equal else {RETRIEVED, PROVISIONAL})
    if before.status == VALIDATED:
        other = {VALIDATED, PROVISIONAL} if apart else {VALIDATED, QUALIFIED}
        return frozenset({QUALIFIED} if equal else other)
    return frozenset({RETRIEVED, PROVISIONAL} if before.status == RETRIEVED else ())


def _equal(identity: Identity, found: Individual) -> bool:
    """Trait by trait; a place that INSi does not give is no difference (§1.9)."""
    mine, theirs = strict(identity.traits), strict(returned_traits(found))
    return mine[:4] == theirs[:4] and theirs[4] in (None, mine[4])


def _told_of_difference(before: Identity, after: Identity, found: Individual, act: Act) -> bool:
    if unusable(found) or not act.gesture.done:
        return True
    if not contradictions(before.traits, returned_traits(found)):
        return True
    insi = act.gesture.part("insi")
    return bool(after.alerts or insi.get("ecarts") or insi.get("propose"))


@check(
    "INS-S-02",
    title="Seul un justificatif à haut niveau de confiance fait monter le statut",
    severity=Severity.BLOCKING,
    source="guide INS EXI ID 19, RNIV §3.3.2 ; ins-insi.md §1.7",
    exigences=("INS/va1.43", "INS/va1.54"),
)
def status_after_evidence(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The code decides; the site may not raise a permis de conduire to a high trust."""
    for act in view.derived(acts):
        before, after = act.before, act.after
        if act.gesture.name != "identity.record_evidence" or before is None or after is None:
            continue
        code = str(act.gesture.parameters.get("justificatif"))
        if not act.gesture.done or before.attributes & UNRELIABLE:
            continue
        expected = _PROVEN.get(before.status) if code in HIGH_TRUST else before.status
        if code in HIGH_TRUST | LOW_TRUST and expected and after.status != expected:
            yield _status(
                act,
                expected,
                after.status,
                "Après un justificatif à haut niveau de confiance : provisoire devient validée, "
                "récupérée devient qualifiée ; un autre justificatif ne change rien.",
            )


@check(
    "INS-S-04",
    title="Modifier un trait strict retire l'INS et abaisse le statut",
    severity=Severity.BLOCKING,
    source="règle 27 ; ins-insi.md §1.6",
    exigences=("INS/va1.60",),
)
def status_after_edit(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The sheets say provisoire, or one level lower: both are taken. Unlocking comes first."""
    for act in view.derived(acts):
        before, after = act.before, act.after
        if act.gesture.name != "identity.edit_traits" or before is None or after is None:
            continue
        if not act.gesture.done or strict(before.traits) == strict(after.traits):
            continue
        if before.ins is not None and not act.gesture.parameters.get("deverrouille"):
            yield _status(
                act,
                "un refus tant que l'identité n'est pas déverrouillée",
                "un trait strict modifié",
                "Mettre en lecture seule les traits stricts d'une identité récupérée ou "
                "qualifiée, jusqu'à un déverrouillage explicite.",
            )
        allowed = {PROVISIONAL, VALIDATED} if _validated(before) else {PROVISIONAL}
        if after.status not in allowed or after.ins is not None:
            yield _status(
                act,
                f"{' ou '.join(sorted(allowed))}, sans INS",
                _told(after),
                "Retirer matricule et OID et abaisser le statut dès qu'un trait strict est "
                "modifié à la main.",
            )


def _validated(identity: Identity) -> bool:
    return identity.status in (VALIDATED, QUALIFIED)


@check(
    "INS-S-05",
    title="Une identité douteuse ou fictive est provisoire et sans INS",
    severity=Severity.BLOCKING,
    source="RNIV EXI SI 09 ; guide INS EXI ID 24, 26 ; ins-insi.md §1.6",
    exigences=("INS/va1.44",),
)
def status_of_unreliable(view: JournalView, _context: Context) -> Iterator[Finding]:
    """In every answer of the software; the two attributes together are forbidden."""
    for act in view.derived(acts):
        after = act.after
        weak = after.attributes & UNRELIABLE if after else frozenset[str]()
        if after is None or not weak:
            continue
        if weak == UNRELIABLE:
            yield _status(
                act,
                "un seul des deux attributs",
                "douteuse et fictive",
                "Refuser de poser l'attribut douteuse sur une identité fictive, et l'inverse.",
            )
        if after.status != PROVISIONAL or after.ins is not None:
            yield _status(
                act,
                "provisoire, sans INS",
                _told(after),
                "Ramener au statut provisoire et retirer matricule et OID dès qu'une identité "
                "devient douteuse ou fictive.",
            )


@check(
    "INS-S-12",
    title="La procédure d'exception est le fait du professionnel, et se distingue d'une pièce",
    severity=Severity.MAJOR,
    source="ins-insi.md §1.8 (manuels de LGC)",
    exigences=("INS/va1.23",),
)
def exception_procedure(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The secretariat is refused; what is recorded names the professional and no document."""
    for act in view.derived(acts):
        after = act.after
        if act.gesture.name != "identity.attest" or not act.gesture.done:
            continue
        if act.gesture.parameters.get("auteur") != "professionnel":
            yield _status(
                act,
                "un refus",
                "une attestation par le secrétariat",
                "Réserver « j'atteste connaître ce patient » au professionnel qui le connaît.",
            )
        elif after is not None and "justificatif" in after.announced:
            yield from _attestation(act, after)


def _attestation(act: Act, after: Identity) -> Iterator[Finding]:
    evidence = after.evidence
    professional = act.gesture.parameters.get("professionnel")
    if evidence is None or evidence.code in DOCUMENTS:
        yield _status(
            act,
            "un code propre à la procédure d'exception",
            evidence.code if evidence else "aucun justificatif",
            "Enregistrer l'attestation sous un code à elle : ce n'est pas une pièce d'identité.",
        )
    elif not evidence.at or evidence.by != professional:
        yield _status(
            act,
            f"la date et le professionnel {professional}",
            f"{evidence.at or 'sans date'}, {evidence.by or 'sans auteur'}",
            "Tracer qui a attesté connaître le patient, et quand.",
        )


def _told(identity: Identity) -> str:
    return f"{identity.status}, {'avec' if identity.ins else 'sans'} INS"


def _status(act: Act, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}, identité du patient {act.patient}",
        expected,
        found,
        advice,
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )

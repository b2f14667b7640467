"""INS-S-03, 06, 07, 08, 10, 11: what the software records of an identity.

Sources: guide INS EXI REC 08, EXI ID 10, 11, RNIV EXI SI 10, 23 and EXI PP 19 (second
hand); sheet ``ins-insi`` §1.3 to §1.5, §1.7. What the answer of INSi says is read on the
wire. What a driver does not announce (``justificatif``, ``historique``…) is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from rules.checking import check
from rules.context import OID_INS_NIA, Context, Identity, PastIns
from rules.findings import Finding, Severity
from rules.formats.insi_answer import Individual, InsEntry
from rules.identities import Act, acts, returned_traits, words
from rules.judge import JournalView

_TAKING = ("identity.search_insi", "identity.accept_insi", "identity.attest")
_PROVING = ("identity.record_evidence", "identity.attest", "identity.receive")
_PARTIAL = re.compile(r"(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2}))?", re.ASCII)


@check(
    "INS-S-03",
    title="Aucun justificatif par défaut ; celui qu'on enregistre l'est avec sa nature et sa date",
    severity=Severity.MAJOR,
    source="RNIV EXI SI 10, EXI SI 23 ; ins-insi.md §1.7",
    exigences=("INS/va1.23",),
)
def evidence_recorded(view: JournalView, _context: Context) -> Iterator[Finding]:
    """An identity has no evidence that no gesture recorded, save by Appli carte Vitale."""
    for act in view.derived(acts):
        after = act.after
        if after is None or "justificatif" not in after.announced or after.channel == "AV":
            continue
        held = act.before.evidence if act.before else None
        if act.gesture.name == "identity.record_evidence" and act.gesture.done:
            yield from _recorded(act, after)
        elif after.evidence and held is None and _followed(act):
            yield _about(
                act,
                "justificatif",
                "aucun",
                after.evidence.code,
                "Ne présélectionner aucun justificatif : l'utilisateur choisit celui qu'il a eu "
                "en main.",
            )


def _followed(act: Act) -> bool:
    """Whether every gesture that could have recorded an evidence was seen."""
    seen = act.before is not None or act.gesture.name == "patient.create"
    return seen and act.gesture.name not in _PROVING


def _recorded(act: Act, identity: Identity) -> Iterator[Finding]:
    asked = str(act.gesture.parameters.get("justificatif"))
    evidence = identity.evidence
    if evidence is None or evidence.code != asked or _instant(evidence.at) is None:
        found = f"{evidence.code}, {evidence.at or 'sans date'}" if evidence else "aucun"
        yield _about(
            act,
            "justificatif",
            f"{asked} et la date de l'enregistrement",
            found,
            "Enregistrer la nature du justificatif présenté et la date.",
        )


def _instant(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text or "")
    except ValueError:
        return None


@check(
    "INS-S-06",
    title="Matricule, clé, OID, traits et historique sont conservés tels qu'INSi les a rendus",
    severity=Severity.BLOCKING,
    source="guide INS EXI REC 08 ; ins-insi.md §1.4, CNDA 2.08 cas 2",
    exigences=("INS/va1.52",),
)
def stored_as_answered(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A key that does not compute is kept too. Judged once per answer taken."""
    offered: dict[str, Individual] = {}
    taken: dict[str, Individual] = {}
    for act in view.derived(acts):
        after, patient = act.after, act.patient
        if patient is None:
            continue
        if act.gesture.name == "identity.edit_traits":
            taken.pop(patient, None)
        if act.gesture.name == "identity.search_insi" and act.found is not None:
            offered[patient] = act.found
        told = offered.get(patient)
        if after is not None and told is not None and _takes(act, after, told):
            taken[patient] = told
        told = taken.get(patient)
        if after is None or told is None or after.ins is None:
            continue
        for finding in _unlike(act, after, told):
            taken.pop(patient, None)
            yield finding


def _takes(act: Act, identity: Identity, told: Individual) -> bool:
    """Whether the gesture made the software hold what INSi offered."""
    if act.gesture.name not in _TAKING or (identity.ins or "")[:13] != told.active.number:
        return False
    insi = act.gesture.part("insi")
    return not (insi.get("propose") or (insi.get("ecarts") and act.before and act.before.ins))


def _unlike(act: Act, identity: Identity, told: Individual) -> Iterator[Finding]:
    """What differs between an identity and the answer it was taken from."""
    mine, theirs = identity.traits, returned_traits(told)
    pairs = [
        ("matricule et clé", identity.ins, told.active.ins if told.active.key else None),
        ("OID", identity.oid, told.active.oid),
        ("nom de naissance", mine.birth_name, theirs.birth_name),
        ("prénoms de naissance", mine.birth_given_names, theirs.birth_given_names),
        ("sexe", mine.sex, theirs.sex),
        ("date de naissance", mine.birth_date, theirs.birth_date),
        ("lieu de naissance", mine.birth_place, theirs.birth_place),
    ]
    for label, found, expected in pairs:
        if expected and found != expected:
            yield _about(
                act,
                label,
                expected,
                found or "vide",
                f"Conserver sans le changer ce qu'INSi a rendu : {label}.",
            )
            return
    if "historique" in identity.announced:
        yield from _lost(act, identity, told)


def _lost(act: Act, identity: Identity, told: Individual) -> Iterator[Finding]:
    held = {(past.number, past.oid) for past in identity.history}
    wanted = [e for e in told.history if _pair(e) != _pair(told.active)]
    for entry in wanted:
        if _pair(entry) not in held:
            yield _about(
                act,
                "historique",
                f"{entry.ins} ({entry.oid})",
                f"{len(identity.history)} entrée(s), sans celle-là",
                "Conserver chaque entrée INSHISTO, même seule et même sans dates.",
            )
            return


def _pair(entry: InsEntry | PastIns) -> tuple[str, str]:
    return entry.number, entry.oid


@check(
    "INS-S-07",
    title="La nature du matricule, NIR ou NIA, vient de l'OID",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.2, §1.3 ; CNDA 1.10, 2.05",
    exigences=("INS/va1.36",),
)
def nature_of_number(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Never from the first digit."""
    for act in view.derived(acts):
        after = act.after
        if after is None or after.nature is None or after.oid is None:
            continue
        expected = "NIA" if after.oid == OID_INS_NIA else "NIR"
        if after.nature != expected:
            yield _about(
                act,
                f"nature du matricule, OID {after.oid}",
                expected,
                after.nature,
                "Afficher NIA quand l'OID est 1.2.250.1.213.1.4.9, NIR sinon : le premier "
                "chiffre n'en dit rien.",
            )


@check(
    "INS-S-08",
    title="L'historique ne répète ni l'INS active ni une de ses entrées",
    severity=Severity.MAJOR,
    source="ins-insi.md §1.5 ; CNDA 2.08 cas 1",
    exigences=("INS/va1.52",),
)
def history_without_duplicate(view: JournalView, _context: Context) -> Iterator[Finding]:
    """INSi may return the active INS as history: it is not shown twice."""
    seen: set[str | None] = set()
    for act in view.derived(acts):
        after = act.after
        if after is None or act.patient in seen:
            continue
        active = ((after.ins or "")[:13], after.oid or "")
        for past in after.history:
            if _pair(past) == active or after.history.count(past) > 1:
                seen.add(act.patient)
                yield _about(
                    act,
                    "historique",
                    "une fois chaque INS passée",
                    f"{past.number} ({past.oid}) en double",
                    "Écarter de l'historique l'entrée égale à l'INS active, et les répétitions.",
                )
                break


@check(
    "INS-S-10",
    title="Une alerte quand le premier prénom n'est pas le début de la liste rendue",
    severity=Severity.MAJOR,
    source="guide INS EXI ID 10 ; règle 6 ; ins-insi.md §1.4",
    exigences=("INS/va1.51",),
)
def first_given_name(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Hyphens and apostrophes count as spaces: JEAN-CHRISTOPHE begins JEAN CHRISTOPHE PIERRE."""
    for act in view.derived(acts):
        before, after, found = act.before, act.after, act.found
        if act.gesture.name != "identity.search_insi" or not (before and after and found):
            continue
        first = words(before.first_name or before.traits.first_given_name)
        returned = words(returned_traits(found).birth_given_names)
        if not act.gesture.done or not returned or returned[: len(first)] == first:
            continue
        insi = act.gesture.part("insi")
        if not (after.alerts or insi.get("ecarts") or insi.get("propose")):
            yield _about(
                act,
                "premier prénom de naissance",
                f"une alerte : {' '.join(first)} ne commence pas {' '.join(returned)}",
                "rien de signalé",
                "Comparer le premier prénom à la liste rendue par INSi et alerter s'il n'en est "
                "pas le début.",
            )


@check(
    "INS-S-11",
    title="Une date de naissance incomplète est complétée, et marquée incertaine",
    severity=Severity.MAJOR,
    source="guide INS EXI ID 11, RNIV EXI PP 19 ; ins-insi.md §1.4",
)
def partial_date(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Day unknown: the first; day and month unknown: 31 December."""
    for act in view.derived(acts):
        after, traits = act.after, act.gesture.parameters.get("traits") or {}
        if after is None or act.gesture.name not in ("patient.create", "identity.edit_traits"):
            continue
        asked = _PARTIAL.fullmatch(str(traits.get("date_naissance") or ""))
        if asked is None or not act.gesture.done:
            continue
        expected = f"{asked['year']}-{asked['month']}-01" if asked["month"] else ""
        expected = expected or f"{asked['year']}-12-31"
        marked = after.uncertain_date or "date_incertaine" not in after.announced
        if after.traits.birth_date != expected or not marked:
            found = after.traits.birth_date if marked else f"{after.traits.birth_date}, sans marque"
            yield _about(
                act,
                "date de naissance",
                f"{expected}, marquée incertaine",
                found,
                "Compléter une date partielle (jour inconnu : le 1er ; jour et mois inconnus : "
                "le 31 décembre) et garder à part qu'elle est incertaine.",
            )


def _about(act: Act, what: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        f"geste {act.gesture.name}, patient {act.patient}, {what}",
        expected,
        found,
        advice,
        exchange_id=act.exchange.id,
        artefact=act.gesture.label,
    )

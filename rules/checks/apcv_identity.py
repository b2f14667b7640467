"""Appli carte Vitale: what becomes of an identity (AV-12 to AV-15).

The holder's INS and traits come with the answer and qualify without INSi; whoever else is
on the application is looked for in INSi.

Source: sheet ``apcv`` §6.1, §8, §9; sheet ``ins-insi`` §1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from rules.checking import check
from rules.checks.apcv_facts import EXIGENCES, Qualification, gestures, opened_for, qualifications
from rules.context import OID_INS_NIA, Context, Identity, Traits
from rules.findings import Finding, Severity
from rules.formats.apcv_answer import ApcvPerson
from rules.formats.numbers import ins_key
from rules.identities import INS_OIDS, QUALIFIED, contradictions, strict
from rules.judge import JournalView

CHANNEL = EVIDENCE = "AV"
_QUALIFICATION = ("INS/va1.40", *EXIGENCES)


def _holder(one: Qualification) -> ApcvPerson | None:
    people = one.profile.people
    return people[0] if people and people[0].ins and people[0].traits else None


def _traits(holder: ApcvPerson) -> Traits:
    told = holder.traits
    return Traits(
        birth_name=told.get("NomNaissance", ""),
        birth_given_names=holder.given_names,
        sex=told.get("Sexe", ""),
        birth_date=told.get("DateNaissance", ""),
        birth_place=told.get("LieuNaissance"),
    )


def _sound(holder: ApcvPerson) -> bool:
    """Whether nothing forbids to take it: a product that is wary of the rest is right."""
    number, traits = holder.matricule or "", _traits(holder)
    try:
        date.fromisoformat(traits.birth_date)
    except ValueError:
        return False
    key = (holder.ins or "")[len(number) :]
    named = traits.birth_name.strip() and traits.birth_given_names.strip()
    known = holder.oid in INS_OIDS and traits.sex in ("M", "F")
    return bool(named) and known and ins_key(number) == key


def _about(one: Qualification, name: str, expected: str, found: str, advice: str) -> Finding:
    return Finding(
        f"geste apcv.qualify, {name}",
        expected,
        found,
        advice,
        exchange_id=one.act.exchange.id,
        artefact=one.act.gesture.label,
    )


@check(
    "AV-12",
    title="Le titulaire qui a une INS est qualifié sans INSi : INS et traits exacts, canal et "
    "justificatif AV",
    severity=Severity.BLOCKING,
    exigences=_QUALIFICATION,
    source="Fiche ApCV §6.1, §9 ; fiche INSi §1.6",
)
def holder_qualified(view: JournalView, _context: Context) -> Iterator[Finding]:
    """When the local record does not contradict the application, and may be qualified."""
    for one in view.derived(qualifications):
        holder, after = _holder(one), one.act.after
        if holder is None or one.rank or after is None or not one.act.gesture.done:
            continue
        if _sound(holder) and not _contradicted(one, holder) and not _set_apart(one.act.before):
            yield from _unlike(one, holder, after)


def _set_apart(before: Identity | None) -> bool:
    """Whether the user marked the record as one that is not to be qualified."""
    return before is not None and bool(before.attributes & {"douteuse", "fictive"})


def _contradicted(one: Qualification, holder: ApcvPerson) -> bool:
    """Whether the local record says somebody else, or is not known."""
    before = one.act.before
    if before is None:
        return one.act.gesture.parameters.get("patient") is not None
    # A NIA gives way to the NIR of the same person; a key may be wrong.
    held = None if before.ins is None or before.oid == OID_INS_NIA else before.ins[:13]
    return held not in (None, holder.matricule) or bool(
        contradictions(before.traits, _traits(holder))
    )


def _unlike(one: Qualification, holder: ApcvPerson, after: Identity) -> Iterator[Finding]:
    wanted, before = _traits(holder), one.act.before
    pairs = [
        ("statut", after.status, QUALIFIED),
        ("matricule et clé", after.ins, holder.ins),
        ("OID", after.oid, holder.oid),
        ("nom de naissance", after.traits.birth_name, wanted.birth_name),
        ("prénoms de naissance", after.traits.birth_given_names, wanted.birth_given_names),
        ("sexe", after.traits.sex, wanted.sex),
        ("date de naissance", after.traits.birth_date, wanted.birth_date),
        ("lieu de naissance", after.traits.birth_place, wanted.birth_place),
    ]
    # What already had the INS, or a justificatif, may keep saying where it came from.
    if "canal" in after.announced and (before is None or before.ins is None):
        pairs.append(("canal", after.channel, CHANNEL))
    if "justificatif" in after.announced and (before is None or before.evidence is None):
        code = after.evidence.code if after.evidence else None
        pairs.append(("justificatif", code, EVIDENCE))
    for name, found, expected in pairs:
        if expected and found != expected:
            yield _about(
                one,
                name,
                expected,
                found or "absent",
                "Reprendre l'INS et les traits de l'appli carte Vitale tels quels, et qualifier "
                "l'identité avec le canal et le justificatif AV.",
            )
            return


@check(
    "AV-13",
    title="L'INS d'un ayant droit vient d'INSi, et n'est jamais celle du titulaire",
    severity=Severity.BLOCKING,
    exigences=_QUALIFICATION,
    source="Fiche ApCV §4.2, §6.1, §9",
)
def dependent_searched(view: JournalView, _context: Context) -> Iterator[Finding]:
    """The answer has no INS for anybody but the holder, as far as was seen."""
    for one in view.derived(qualifications):
        after, before, holder = one.act.after, one.act.before, _holder(one)
        people = one.profile.people
        own = people[one.rank].ins if one.rank < len(people) else None
        if not one.rank or after is None or after.ins in (None, own):
            continue
        if holder is not None and after.ins == holder.ins:
            yield _about(
                one,
                "INS",
                "celle de l'ayant droit",
                "celle du titulaire",
                "Ne jamais donner à un ayant droit l'INS du titulaire : chercher la sienne dans "
                "INSi.",
            )
        elif (before is None or before.ins != after.ins) and not _searched(view, one):
            yield _about(
                one,
                "INS",
                "un appel à INSi",
                "aucun",
                "Appeler INSi pour un ayant droit : l'appli carte Vitale ne rend pas son INS.",
            )


def _searched(view: JournalView, one: Qualification) -> bool:
    """Whether INSi was called since the application was read: then, or for everybody at once."""
    first, last = one.source.exchange.position, one.act.exchange.position
    return any(first < call.position < last for call in view.of("insi"))


@check(
    "AV-14",
    title="Des traits qui contredisent le dossier donnent une alerte, et rien n'est écrasé",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §6.1, §9 (usage d'un client réel)",
)
def disagreement_told(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A refused gesture is an alert too."""
    for one in view.derived(qualifications):
        holder, before, after = _holder(one), one.act.before, one.act.after
        if holder is None or one.rank or before is None or after is None:
            continue
        if not _contradicted(one, holder):
            continue
        if strict(after.traits) != strict(before.traits) or after.ins != before.ins:
            yield _about(
                one,
                "traits et INS",
                "ceux du dossier",
                "ceux de l'appli carte Vitale",
                "Ne pas écraser un dossier que l'appli contredit : laisser l'utilisateur décider.",
            )
        elif one.act.gesture.done and not after.alerts:
            told = "alertes" in after.announced
            silent = _about(
                one,
                "alertes",
                "une alerte sur l'identité qui diffère",
                "aucune" if told else "le pilote ne dit pas ce que l'écran montre",
                "Montrer à l'utilisateur ce que l'appli dit et qui n'est pas dans le dossier.",
            )
            yield silent if told else replace(silent, severity=Severity.REVIEW)


@check(
    "AV-15",
    title="Une appli de test ou de démonstration est refusée en production",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §5, §8 (EX_GEN-1430)",
)
def real_in_production(view: JournalView, context: Context) -> Iterator[Finding]:
    """Only where the bench was told that the product is set for production."""
    if context.environment.rules_profile != "production":
        return
    for exchange, gesture in gestures(view, "apcv.read", "apcv.qualify"):
        professional = gesture.parameters.get("professionnel")
        source = opened_for(view, professional, exchange.position)
        kind = source.opened.kind if source and source.opened else None
        if gesture.done and kind in ("T", "D"):
            yield Finding(
                f"geste {gesture.name}",
                "un refus",
                f"un profil de type {kind} accepté",
                "Refuser en production les applis de type T (test) et D (démonstration).",
                exchange_id=exchange.id,
                artefact=gesture.label,
            )

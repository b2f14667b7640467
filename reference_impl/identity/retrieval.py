"""What an identity becomes with what INSi returned, and what a person must be told of it.

Sources: sheet INS §1.4 (EXI REC 08, EXI ID 10), §1.9; faults N12 to N19 of §8.
"""

from __future__ import annotations

from dataclasses import replace

from reference_impl.identity.given_names import begins, coherent
from reference_impl.identity.lifecycle import Event, after
from reference_impl.identity.traits import (
    contradictions,
    differences,
    transliterated,
    with_strict_traits_of,
)
from reference_impl.insi.answer import key_of
from reference_impl.people import Channel, Individual, Ins, Patient, Traits

DIVERGENCE, COLLISION, REFUTED = "divergence", "collision", "ins-ko"

_SPOKEN = {
    "nom_naissance": "nom de naissance",
    "prenoms_naissance": "prénoms de naissance",
    "sexe": "sexe",
    "date_naissance": "date de naissance",
    "lieu_naissance": "lieu de naissance",
}
_TEST_OIDS = {"1.2.250.1.213.1.4.10": "de test", "1.2.250.1.213.1.4.11": "de démonstration"}


def event_of(local: Traits, searched: Traits, found: Individual) -> Event:
    """How what was returned stands to what is known here."""
    if not differences(local, found.traits):
        return Event.INSI_EQUAL
    if contradictions(searched, found.traits):
        return Event.INSI_DIVERGENT
    return Event.INSI_COMPLETING


def answered(
    patient: Patient, event: Event, found: Individual, channel: Channel, at: str
) -> Patient:
    """The identity after an answer 00: taken, or proposed to the operator. ``at`` is ISO."""
    changed = after(patient, event, found.ins, at[:10])
    if changed.ins == found.ins:
        return _taken(changed, found, channel).alerted("matricule", _replaced(patient, found))
    gaps = differences(patient.traits, found.traits)
    return replace(changed, proposed=found if gaps else None).alerted(
        DIVERGENCE, _divergence(gaps) if gaps else None
    )


def attestable(local: Traits, returned: Traits) -> bool:
    """The perfect match of the procédure d'exception: name, first given name, date, sex."""
    mine = (local.birth_name, local.birth_date, local.sex)
    theirs = (returned.birth_name, returned.birth_date, returned.sex)
    return mine == theirs and begins(local.first_given_name, returned.birth_given_names)


def first_name_alert(patient: Patient) -> Patient:
    """The alert of EXI ID 10, when the premier prénom does not begin the list."""
    traits = patient.traits
    sentence = (
        f"Le premier prénom de naissance « {traits.first_given_name} » n’est pas le début de la "
        f"liste des prénoms « {traits.birth_given_names} » : corrigez-le."
    )
    return patient.alerted("premier-prenom", None if coherent(traits) else sentence)


def collision_alert(ins_holder: Patient) -> str:
    """What to tell when another local file holds the INS."""
    return (
        f"Cette INS est déjà celle du dossier {ins_holder.id} : vérifiez s’il s’agit d’un doublon "
        "avant de l’attribuer."
    )


def _taken(changed: Patient, found: Individual, channel: Channel) -> Patient:
    """Traits and history unchanged (EXI REC 08), the alerts they raise, no proposal left."""
    traits = with_strict_traits_of(changed.traits, found.traits)
    completed = changed.uncertain_date and traits.birth_date == changed.traits.birth_date
    kept = (p for p in changed.history if all(p.ins != other.ins for other in found.history))
    taken = replace(
        changed,
        traits=traits,
        history=(*found.history, *kept),
        channel=channel,
        uncertain_date=completed,
        proposed=None,
    )
    for kind in (DIVERGENCE, COLLISION, REFUTED):
        taken = taken.alerted(kind, None)
    for kind, sentence in _oddities(found).items():
        taken = taken.alerted(kind, sentence)
    return first_name_alert(taken)


def _replaced(patient: Patient, found: Individual) -> str | None:
    """An INS that changes is announced by the history returned (N14); otherwise look twice."""
    former = patient.ins
    announced = {past.ins.matricule for past in found.history}
    if former is None or found.ins.same_person(former) or former.matricule in announced:
        return None
    return (
        f"INSi rend une autre INS que {former.value}, sans la citer dans son historique : vérifiez "
        "qu’il s’agit de la même personne."
    )


def _oddities(found: Individual) -> dict[str, str | None]:
    """What is kept as received and yet deserves a look (N16, N17, N19)."""
    ins, traits = found.ins, found.traits
    names = f"{traits.birth_name} {traits.birth_given_names} {traits.sex}"
    return {
        "cle": _key_sentence(ins),
        "oid-de-test": (
            f"L’INS rendue porte l’OID {_TEST_OIDS[ins.oid]} {ins.oid} : elle ne vaut pas en "
            "production."
            if ins.oid in _TEST_OIDS
            else None
        ),
        "ecriture": (
            "Les traits rendus par INSi ont des minuscules ou des accents : ils sont gardés tels "
            "quels, signalez-le au support du téléservice."
            if transliterated(names) != names
            else None
        ),
    }


def _key_sentence(ins: Ins) -> str | None:
    expected = key_of(ins.matricule)
    if ins.key == expected:
        return None
    return (
        f"La clé {ins.key} du matricule n’est pas conforme ({expected} attendue) : elle est gardée "
        "telle que reçue."
    )


def _divergence(gaps: tuple[str, ...]) -> str:
    names = ", ".join(_SPOKEN[gap] for gap in gaps)
    return (
        f"INSi rend une identité qui diffère ({names}) : comparez avec la personne, puis acceptez "
        "ou refusez les traits rendus."
    )


def without_ins(patient: Patient, event: Event, at: str) -> Patient:
    """The identity after an event that takes its INS away; no proposal is left."""
    return replace(after(patient, event, at=at[:10]), proposed=None)

"""Short sequences of gestures about the life of an identity in the software."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.letters import letter_about
from bench.people import invent, make_known, set_state
from fixtures.world import PatientFixture

from .stimuli import Bench, stimulus


def _evidence(bench: Bench, patient: str, code: str = "CN") -> None:
    bench.scenario.must(
        "identity.record_evidence",
        patient=patient,
        justificatif=code,
        professionnel=bench.doctor,
    )


def _receive(bench: Bench, who: PatientFixture, number: int, ins: str | None = None) -> None:
    """A document comes from a third party."""
    bench.scenario.must(
        "identity.receive",
        contenu=letter_about(who, bench.turn * 10 + number, ins=ins),
        emetteur="service.medecine@hopital.banc.mssante.fr",
        professionnel=bench.doctor,
    )


def _with_names(bench: Bench, given_names: str, **changes: Any) -> str:
    """A file of a known person, under other given names."""
    who = bench.named()
    traits: Mapping[str, Any] = {
        "nom_naissance": who.birth_name,
        "prenoms_naissance": given_names.format(*who.birth_given_names.split()),
        "sexe": who.sex,
        "date_naissance": who.birth_date,
        "lieu_naissance": who.birth_place,
        **changes,
    }
    return str(bench.scenario.must("patient.create", traits=traits)["patient"]["id"])


@stimulus("identite-validee-recherchee")
def validated_then_searched(bench: Bench) -> None:
    """The document first, INSi next."""
    patient = bench.create(bench.someone())
    _evidence(bench, patient)
    bench.search(patient)


@stimulus("justificatifs")
def evidences(bench: Bench) -> None:
    """An identity card for one, a driving licence for another."""
    for code in ("CN", "PC"):
        patient = bench.create(bench.someone())
        bench.search(patient)
        _evidence(bench, patient, code)


@stimulus("trait-strict-modifie")
def strict_trait_edited(bench: Bench) -> None:
    """The name of a qualified identity is corrected, first without unlocking it."""
    patient = bench.qualified()
    traits = {"nom_naissance": "TESTCORRIGE"}
    bench.forbidden("identity.edit_traits", patient=patient, traits=traits, deverrouille=False)
    bench.scenario.must("identity.edit_traits", patient=patient, traits=traits, deverrouille=True)


@stimulus("identite-declaree-douteuse")
def declared_doubtful(bench: Bench) -> None:
    """A qualified identity turns out to be doubtful; then somebody calls it fictitious."""
    patient = bench.qualified()
    bench.scenario.must(
        "identity.set_attribute", patient=patient, attribut="douteuse", present=True
    )
    bench.forbidden("identity.set_attribute", patient=patient, attribut="fictive", present=True)


@stimulus("deux-dossiers")
def two_files(bench: Bench) -> None:
    """A second file is opened for the same person, and searched."""
    who = bench.someone()
    bench.search(bench.create(who))
    second = bench.create(who)
    bench.forbidden(
        "identity.search_insi", patient=second, voie="organisation", professionnel=bench.doctor
    )


@stimulus("second-prenom-d-abord")
def second_name_first(bench: Bench) -> None:
    """The usual given name, which is the second one, was typed first."""
    bench.search(_with_names(bench, "{1} {0}"))


@stimulus("date-de-naissance-partielle")
def partial_birth_date(bench: Bench) -> None:
    """Only the month and the year of birth are known, then only the year."""
    for partial in ("1951-03", "1951"):
        _with_names(bench, "{0}", date_naissance=partial, nom_naissance="TESTPARTIEL")


@stimulus("attestation")
def attestation(bench: Bench) -> None:
    """The secretariat tries to attest, then the professional does."""
    patient = bench.create(bench.someone())
    bench.search(patient)
    asked = {"patient": patient, "professionnel": bench.doctor}
    bench.forbidden("identity.attest", auteur="secretariat", **asked)
    bench.scenario.must("identity.attest", auteur="professionnel", **asked)


@stimulus("reponse-insi-incomplete")
def incomplete_answer(bench: Bench) -> None:
    """INSi answers 00 with something missing (injection)."""
    bench.search(bench.create(bench.someone()))


@stimulus("panne-insi")
def failure(bench: Bench) -> None:
    """INSi fails once (injection), and the software goes on."""
    patient = bench.create(bench.someone())
    bench.search(patient)
    bench.scenario.must("patient.read", patient=patient)


@stimulus("journal-insi")
def log_read(bench: Bench) -> None:
    """A search, then the log of the file is read."""
    patient = bench.create(bench.someone())
    bench.search(patient)
    bench.scenario.must("identity.log", patient=patient)


@stimulus("document-recu")
def received(bench: Bench) -> None:
    """A third party sends a document about somebody who has no file here, then again."""
    who = bench.someone()
    for number in (1, 2):
        _receive(bench, who, number)


@stimulus("document-recu-ins-contredite")
def received_refuted(bench: Bench) -> None:
    """INSi knows under another INS the person whom a document received is about."""
    who = bench.someone()
    patient = bench.create(who)
    _evidence(bench, patient)
    _receive(bench, who, 1, ins=bench.someone().ins)


@stimulus("document-recu-autres-traits")
def received_with_other_traits(bench: Bench) -> None:
    """A document carries the INS of a file, and the traits of somebody else."""
    who = bench.someone()
    bench.search(bench.create(who))
    _receive(bench, bench.someone(), 1, ins=who.ins)


@stimulus("verification-demandee")
def verified(bench: Bench) -> None:
    """The INS of a qualified file is verified, when INSi finds nobody any more."""
    who = invent(bench.scenario)
    make_known(bench.scenario, who)
    patient = bench.qualified(who)
    set_state(bench.scenario, "insi", {"personnes": {who.ins: None}})
    bench.about("identity.verify", patient)

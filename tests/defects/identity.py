"""Mistakes made with identities: their status, what is kept of INSi's answers, their log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.gestures.identity import attest
from reference_impl.identity.evidence import Trust
from reference_impl.identity.lifecycle import TRANSITIONS, Event, Transition
from reference_impl.insi.verification import Verification, verify
from reference_impl.people import Evidence, PastIns, Status

from . import stimuli_identity as stimuli
from .mistakes import Patch, action, around, broken, changed, nothing, put

assert stimuli  # its sequences are declared by being imported

_LIFE = "reference_impl.identity.lifecycle"
_GESTURES = "reference_impl.gestures.identity"
_FILES = "reference_impl.gestures.patients"
_RETRIEVAL = "reference_impl.identity.retrieval"
_ANSWER = "reference_impl.insi.answer"
_RECEPTION = "reference_impl.gestures.reception"
_USER = "810999990012"


def _moves(start: Status, event: Event, to: Status, ins: str) -> Patch:
    """One cell of the state machine, wrong."""
    table = {**TRANSITIONS, (start, event): Transition(to, ins)}
    return put(f"{_LIFE}:TRANSITIONS", table)


def _insi(fault: str) -> Injection:
    return Injection("insi", fault)


def _preselected(original: Any, **fields: Any) -> Any:
    """The list of documents opens on its first line."""
    return original(**fields, evidence=Evidence("CN", "haut", "2026-01-01T00:00:00+00:00"))


def _active_first(original: Any, element: Any) -> Any:
    found = original(element)
    return replace(found, history=(PastIns(found.ins), *found.history))


def _for_anybody(lgc: Any, asked: Any) -> Any:
    return attest(lgc, asked.model_copy(update={"auteur": "professionnel"}))


def _completed_in_january(text: str) -> tuple[str, bool]:
    return f"{text}-01-01"[:10], True


def _by_the_desk(original: Any, log: Any, patient: Any, professional: Any, *rest: Any) -> None:
    original(log, patient, replace(professional, national_id="poste-accueil"), *rest)


def _verified_again(original: Any, lgc: Any, patient: Any, carried: Any) -> Any:
    user = lgc.publisher.professional(_USER)
    verify(lgc.insi, carried, user, lambda _call: None)
    return original(lgc, patient, carried)


def _called_anyway(original: Any, *arguments: Any) -> Any:
    return replace(original(*arguments), result="OK")


def _told_ko(original: Any, verification: Any) -> Any:
    return original(replace(verification, result="KO"))


DEFECTS = (
    broken(
        "identite-validee-qui-le-reste",
        "Une identité validée prend l'INS rendue par INSi et reste validée",
        "identite-validee-recherchee",
        "INS-S-01",
        _moves(Status.VALIDATED, Event.INSI_EQUAL, Status.VALIDATED, "prend"),
    ),
    broken(
        "identite-qualifiee-par-insi-seul",
        "Une réponse 00 vaut qualification, sans pièce d'identité",
        "recherche-insi",
        "INS-S-01",
        _moves(Status.PROVISIONAL, Event.INSI_EQUAL, Status.QUALIFIED, "prend"),
    ),
    broken(
        "identite-traits-rendus-non-compares",
        "Les traits rendus par INSi ne sont pas comparés à ceux du dossier",
        "identite-validee-recherchee",
        "INS-S-01",
        put(f"{_GESTURES}:event_of", lambda *_every: Event.INSI_EQUAL),
        injection=_insi("traits-differents"),
    ),
    broken(
        "identite-permis-de-conduire-de-confiance",
        "Toute pièce vaut justificatif à haut niveau de confiance",
        "justificatifs",
        "INS-S-02",
        put(f"{_GESTURES}:trust_of", lambda *_every: Trust.HIGH),
    ),
    broken(
        "identite-justificatif-preselectionne",
        "La carte d'identité est choisie d'avance à l'ouverture du dossier",
        "recherche-insi",
        "INS-S-03",
        around(f"{_FILES}:Patient", _preselected),
    ),
    broken(
        "identite-trait-modifie-sans-suite",
        "Corriger le nom d'une identité qualifiée lui laisse son statut et son INS",
        "trait-strict-modifie",
        "INS-S-04",
        _moves(Status.QUALIFIED, Event.TRAIT_EDITED, Status.QUALIFIED, "garde"),
    ),
    broken(
        "identite-traits-jamais-verrouilles",
        "Les traits d'une identité qualifiée se corrigent sans être déverrouillés",
        "trait-strict-modifie",
        "INS-S-04",
        nothing(f"{_FILES}:_require_unlocked"),
    ),
    broken(
        "identite-douteuse-et-qualifiee",
        "L'attribut douteuse n'abaisse pas le statut",
        "identite-declaree-douteuse",
        "INS-S-05",
        _moves(Status.QUALIFIED, Event.MADE_UNRELIABLE, Status.QUALIFIED, "garde"),
    ),
    broken(
        "identite-cle-recalculee",
        "La clé du matricule est recalculée au lieu d'être gardée",
        "recherche-insi",
        "INS-S-06",
        changed(f"{_ANSWER}:_ins", key=lambda _key: "97"),
    ),
    broken(
        "identite-historique-oublie",
        "L'historique rendu par INSi n'est pas enregistré",
        "recherche-insi",
        "INS-S-06",
        changed(f"{_ANSWER}:individual_of", history=()),
        injection=_insi("nir-apres-nia"),
    ),
    broken(
        "identite-nature-par-le-premier-chiffre",
        "NIR ou NIA se décide au premier chiffre du matricule",
        "recherche-insi",
        "INS-S-07",
        put("reference_impl.people:Ins.is_nia", property(lambda ins: ins.matricule[0] in "78")),
        injection=_insi("nia"),
    ),
    broken(
        "identite-ins-active-en-historique",
        "L'INS active rendue aussi en historique est affichée deux fois",
        "recherche-insi",
        "INS-S-08",
        around(f"{_ANSWER}:individual_of", _active_first),
        injection=_insi("historique-double"),
    ),
    broken(
        "identite-deux-dossiers-une-ins",
        "Une INS est attribuée sans regarder si un autre dossier la porte",
        "deux-dossiers",
        "INS-S-09",
        nothing(f"{_GESTURES}:require_alone"),
    ),
    broken(
        "identite-premier-prenom-non-compare",
        "Le premier prénom n'est pas comparé à la liste rendue par INSi",
        "second-prenom-d-abord",
        "INS-S-10",
        put(f"{_RETRIEVAL}:first_name_alert", lambda patient: patient),
    ),
    broken(
        "identite-annee-completee-au-premier-janvier",
        "Une année de naissance seule est complétée par le 1er janvier",
        "date-de-naissance-partielle",
        "INS-S-11",
        put(f"{_FILES}:completed_date", _completed_in_january),
    ),
    broken(
        "identite-attestee-par-le-secretariat",
        "Le secrétariat peut attester connaître le patient",
        "attestation",
        "INS-S-12",
        action("identity.attest", _for_anybody),
    ),
    broken(
        "identite-attestation-notee-carte-d-identite",
        "La procédure d'exception s'enregistre comme une carte d'identité",
        "attestation",
        "INS-S-12",
        put(f"{_GESTURES}:ATTESTATION", "CN"),
    ),
    broken(
        "insi-reponse-incomplete-reprise",
        "Une date de naissance aux jour et mois 00 est reprise d'INSi",
        "reponse-insi-incomplete",
        "BANC-INS.05",
        put(f"{_ANSWER}:missing_traits", lambda _traits: ""),
        put(f"{_GESTURES}:event_of", lambda *_every: Event.INSI_EQUAL),
        injection=_insi("date-incomplete"),
    ),
    broken(
        "insi-faute-montree-brute",
        "L'utilisateur lit le nom technique de l'erreur",
        "panne-insi",
        "INS-E-01",
        changed(f"{_ANSWER}:_fault", label="soap:Receiver desir_1020"),
        injection=_insi("desir_1020"),
    ),
    broken(
        "insi-code-de-faute-pris-a-soap",
        "Le code annoncé est celui de l'enveloppe SOAP et non celui de siram:Erreur",
        "panne-insi",
        "INS-E-02",
        changed(f"{_ANSWER}:_fault", code="soap:Sender"),
        injection=_insi("desir_1020"),
    ),
    broken(
        "insi-appels-non-traces",
        "Les appels à INSi ne laissent aucune trace dans le dossier",
        "journal-insi",
        "INS-L-01",
        nothing("reference_impl.insi.log:InsiLog.add"),
    ),
    broken(
        "insi-trace-anonyme",
        "La trace d'un appel nomme le compte du poste et non le professionnel",
        "journal-insi",
        "INS-L-01",
        around("reference_impl.insi.log:InsiLog.add", _by_the_desk),
    ),
    broken(
        "identite-recue-rapprochee-par-l-ins-seule",
        "Un document reçu se range par son INS, sans regarder les traits",
        "document-recu-autres-traits",
        "INS-T-08",
        put(f"{_RECEPTION}:agree", lambda *_every: True),
    ),
    broken(
        "identite-recue-crue-sur-parole",
        "L'INS d'un document reçu est tenue pour vérifiée par l'émetteur",
        "document-recu",
        "BANC-INS.01",
        put(f"{_RECEPTION}:verify", lambda *_every: Verification("OK", "00", "OK", 0)),
    ),
    broken(
        "identite-recue-verifiee-a-chaque-fois",
        "Chaque document reçu interroge INSi, même pour une INS déjà récupérée",
        "document-recu",
        "BANC-INS.02",
        around(f"{_RECEPTION}:_known", _verified_again),
    ),
    broken(
        "identite-verification-ko-sans-suite",
        "Une vérification KO s'affiche, et l'identité reste qualifiée",
        "verification-demandee",
        "BANC-INS.03",
        _moves(Status.QUALIFIED, Event.VERIFICATION_FAILED, Status.QUALIFIED, "garde"),
    ),
    broken(
        "identite-recue-qualifiee-d-office",
        "Une identité reçue et vérifiée est qualifiée, quel que soit l'émetteur",
        "document-recu",
        "BANC-INS.04",
        _moves(Status.PROVISIONAL, Event.VERIFIED, Status.QUALIFIED, "prend"),
    ),
    broken(
        "identite-recue-ko-reprise",
        "Une INS reçue et contredite par INSi complète quand même le dossier",
        "document-recu-ins-contredite",
        "BANC-INS.03",
        around(f"{_RECEPTION}:verify", _called_anyway),
        around(f"{_RECEPTION}:verification_view", _told_ko),
    ),
    broken(
        "identite-recherche-sensible-aux-accents",
        "Le nom se cherche tel que tapé, accents et apostrophes compris",
        "recherche-insi",
        "",
        put("reference_impl.identity.lookup:folded", lambda text: text.upper()),
        scenario="Recherche par le nom utilisé sans accent",
    ),
)

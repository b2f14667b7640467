"""Mistakes made when the service of ordonnances is down, slow, or says no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.errors import ForbiddenGestureError, RefusedError, UnavailableError
from reference_impl.prescriptions.records import State

from .mistakes import around, broken, put
from .prescription_mistakes import SEND

_SENDER = "reference_impl.prescriptions.sending:Sender"
_OUTAGE = Injection("prescription", "couper", "EP4", 9)
_TWICE = Injection("prescription", "couper", "EP4", 2)
_LOST = Injection("prescription", "couper-apres-traitement", "EP4", 2)
_USED = Injection("prescription", "nom-refuse", "EP4", 9)


def _silent(original: Any, *arguments: Any, **options: Any) -> Any:
    kept = original(*arguments, **options)
    return arguments[0]._records.save(replace(kept, alerts=()))


def _as_if_recorded(original: Any, sender: Any, kept: Any, professional: Any) -> Any:
    """Whatever the service does, the page leaves with its Code 2D."""
    kept = original(sender, kept, professional)
    return sender._records.save(replace(kept, state=State.RECORDED))


def _refusal_swallowed(original: Any, sender: Any, kept: Any, professional: Any) -> Any:
    kept = sender._about_to_send(kept)
    try:
        return original(sender, kept, professional)
    except RefusedError:
        return sender._records.save(replace(kept, state=State.RECORDED))


def _unsent(_original: Any, sender: Any, kept: Any, _professional: Any) -> Any:
    kept = sender._about_to_send(kept)
    return sender._without_code(kept, UnavailableError("PANNE", "Panne."), in_doubt=False)


def _again_under_another(original: Any, sender: Any, kept: Any, professional: Any) -> Any:
    """The answer is lost: the ordonnance is created again, at once."""
    sent = original(sender, kept, professional)
    if not sent.in_doubt:
        return sent
    return original(sender, _blank(sent), professional)


def _blank(kept: Any) -> Any:
    content = replace(kept.ordonnance, number=None)
    draft = replace(kept, state=State.DRAFT, number=None, in_doubt=False, ordonnance=content)
    return replace(draft, alerts=())


def _left_to_the_user(original: Any, sender: Any, kept: Any, professional: Any) -> Any:
    """The answer is lost: the draft is as it was, and the user is asked to try again."""
    sent = original(sender, kept, professional)
    if not sent.in_doubt:
        return sent
    sender._records.save(_blank(sent))
    raise UnavailableError("PANNE", "Le service ne répond pas : recommencez.")


def _by_unique_id(_shipper: Any, document: Any, _patient: Any, _professional: Any) -> Any:
    return document.replaces


def _hidden_again(original: Any, client: Any, *told: Any) -> Any:
    *rest, visibility, replaces = told
    if replaces is not None:
        visibility = replace(visibility, hidden_from_patient=True)
    return original(client, *rest, visibility, replaces)


def _removed_by_unique_id(original: Any, client: Any, _entry: str, document: Any, *rest: Any):
    return original(client, document.unique_id, document, *rest)


def _no_identity(_patient: Any) -> None:
    raise ForbiddenGestureError("DMP", "Le dépôt automatique n'est pas prévu.", "patient")


DEFECTS = (
    broken(
        "ordonnance-jamais-envoyee",
        "L'ordonnance validée n'est pas envoyée au service",
        "ordonnance",
        "EP-01",
        around(SEND, _unsent),
    ),
    broken(
        "ordonnance-panne-tue",
        "Le service ne répond pas et l'utilisateur n'en sait rien",
        "ordonnance",
        "EP-29",
        around(f"{_SENDER}._without_code", _silent),
        injection=_OUTAGE,
    ),
    broken(
        "ordonnance-code-2d-malgre-la-panne",
        "Le Code 2D est imprimé et déposé sans attendre la réponse du service",
        "ordonnance",
        "EP-29",
        around(SEND, _as_if_recorded),
        injection=_OUTAGE,
    ),
    broken(
        "ordonnance-code-2d-malgre-le-refus",
        "Le refus du service est ignoré : l'ordonnance est remise avec son Code 2D",
        "ordonnance-refusee",
        "EP-29 EP-29b",
        around(SEND, _refusal_swallowed),
        injection=_USED,
    ),
    broken(
        "ordonnance-sans-document-structure",
        "Seul le PDF est déposé à la validation",
        "ordonnance",
        "EP-29c",
        put("reference_impl.documents.ordonnance:structurable", lambda _: False),
    ),
    broken(
        "ordonnance-depot-a-la-main",
        "Le dépôt dans le DMP attend un geste de l'utilisateur",
        "ordonnance",
        "EP-29c",
        put("reference_impl.gestures.ordonnance_documents:require_dmp_identity", _no_identity),
    ),
    broken(
        "ordonnance-recreee-a-l-aveugle",
        "La réponse perdue, l'ordonnance est recréée sous un nouveau numéro",
        "ordonnance",
        "EP-30",
        around(SEND, _again_under_another),
        injection=_LOST,
    ),
    broken(
        "ordonnance-revalidee-sous-un-autre-numero",
        "La réponse perdue, le brouillon perd son numéro et l'utilisateur valide encore",
        "ordonnance-sans-reponse",
        "EP-30",
        around(SEND, _left_to_the_user),
        injection=_LOST,
    ),
    broken(
        "ordonnance-remplacee-par-son-identifiant-unique",
        "Le document remplacé est désigné par son uniqueId, sans demander son entryUUID",
        "ordonnance-rattrapee",
        "DMP-21-18 X-04",
        put("reference_impl.shipping:DmpShipper._current_version", _by_unique_id),
        injection=_TWICE,
    ),
    broken(
        "ordonnance-cachee-au-patient-en-la-remplacant",
        "La version qui remplace est cachée au patient, qui voyait la première",
        "ordonnance-rattrapee",
        "DMP-21-11",
        around("reference_impl.dmp.client:DmpClient.deposit", _hidden_again),
        injection=_TWICE,
    ),
    broken(
        "ordonnance-supprimee-par-son-identifiant-unique",
        "Le document d'une ordonnance annulée est désigné par son uniqueId",
        "ordonnance-annulee",
        "DMP-33-01",
        around("reference_impl.dmp.client:DmpClient.remove", _removed_by_unique_id),
    ),
    broken(
        "ordonnance-supprimee-sous-un-autre-statut",
        "La suppression dit le document soumis, et non publié",
        "ordonnance-annulee",
        "DMP-33-01",
        put(
            "reference_impl.dmp.submission:_APPROVED",
            "urn:oasis:names:tc:ebxml-regrep:StatusType:Submitted",
        ),
    ),
)

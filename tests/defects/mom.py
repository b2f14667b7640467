"""Mistakes that only a whole rehearsal of the mise en ordre de marche shows.

Each message is good, or good for its identity: what is wrong is the count.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from reference_impl.errors import ServiceError
from reference_impl.people import Visibility
from reference_impl.ports import DepositResult, SendResult

from .mistakes import around, broken, put

_numbers = count(1)


def _tenth_forgotten(original: Any, box: Any, shipment: Any) -> Any:
    """The list of deposits to send was made for a screen of nine lines."""
    listed = [s for s in box.all() if s.kind == "dmp"]
    full = shipment.kind == "dmp" and len(listed) >= 9
    return shipment if full else original(box, shipment)


def _once_more(original: Any, shipper: Any, shipment: Any) -> Any:
    """A copy of the document leaves with it, under an identifier of its own."""
    receipt = original(shipper, shipment)
    gateway, records, publisher = shipper._gateway, shipper._records, shipper._publisher
    patient = records.patient(shipment.patient_id)
    author = publisher.professional(shipment.professional_id)
    document = publisher.ready(shipment.content["document"], patient)
    title = f"{document.title} (copie)"
    copied = replace(document, unique_id=f"{document.unique_id}.{next(_numbers)}", title=title)
    copied = replace(copied, content=publisher.write(copied, patient))
    gateway.existence(patient, author)
    gateway.deposit(copied, patient, author, Visibility(**shipment.content["visibilite"]))
    return receipt


def _refusal_taken_for_an_answer(original: Any, gateway: Any, *arguments: Any) -> Any:
    try:
        return original(gateway, *arguments)
    except ServiceError:
        return DepositResult(arguments[0].unique_id)


def _new_version_at_each_send(original: Any, publisher: Any, document_id: str, patient: Any) -> Any:
    document = original(publisher, document_id, patient)
    fresh = replace(document, unique_id=f"{document.unique_id}.{next(_numbers)}")
    return replace(fresh, content=publisher.write(fresh, patient))


def _with_a_copy(original: Any, patient: Any, asked: Any) -> Any:
    recipients, to_patient = original(patient, asked)
    if to_patient:
        return recipients, to_patient
    return [*recipients, "hugo.testcardio@cardio.banc.mssante.fr"], to_patient


def _unsent(_mailer: Any, mail: Any) -> Any:
    return SendResult(mail.message_id, ())


DEFECTS = (
    broken(
        "mom-dixieme-depot-oublie",
        "La file des dépôts s'arrête au neuvième, et l'écran n'en dit rien",
        "depot",
        "",
        around("reference_impl.outbox:Outbox.send_now", _tenth_forgotten),
        scenario="Les trois seuils sont atteints",
    ),
    broken(
        "mom-copie-deposee-en-plus",
        "Chaque dépôt en cache un second : une copie du document sous un autre identifiant",
        "depot",
        "",
        around("reference_impl.shipping:DmpShipper.ship", _once_more),
        scenario="Neuf dépôts ne suffisent pas",
    ),
    broken(
        "mom-refus-pris-pour-un-accuse",
        "Toute réponse du DMP vaut accusé de réception : un dépôt refusé n'est jamais refait",
        "depot",
        "",
        around("reference_impl.dmp.client:DmpClient.deposit", _refusal_taken_for_an_answer),
        scenario="Un dépôt refusé par le DMP ne compte pas",
    ),
    broken(
        "mom-document-renumerote-a-chaque-envoi",
        "Un document envoyé de nouveau reçoit un nouvel identifiant",
        "envoi-confrere",
        "",
        around("reference_impl.shipping:Publisher.ready", _new_version_at_each_send),
        scenario="Le même document envoyé deux fois",
    ),
    broken(
        "mom-copie-au-correspondant-habituel",
        "Une copie de chaque message part au correspondant habituel, sans que rien ne le montre",
        "envoi-confrere",
        "",
        around("reference_impl.gestures.exchanges:_recipients", _with_a_copy),
        scenario="Un message à soi-même ne compte pas",
    ),
    broken(
        "mom-envoi-annonce-sans-partir",
        "Le message est annoncé envoyé alors qu'il n'a pas quitté le poste",
        "envoi-usager",
        "X-01",
        put("reference_impl.mss.client:MssClient.send", _unsent),
        scenario="Un envoi citoyen ne compte qu'à l'adresse INS",
    ),
)

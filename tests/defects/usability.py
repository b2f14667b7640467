"""Mistakes that only slow services show, over the whole of LGC.DMP/UX.10."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reference_impl.gestures import ordonnance_documents
from reference_impl.gestures.prescriptions import validate
from reference_impl.prescriptions.records import State

from .mistakes import action, broken, put

_REHEARSAL = "chaque service répondant en trois secondes"


async def _on_the_spot(perform: Any, *arguments: Any) -> Any:
    """The thread of the screen waits for the network."""
    return perform(*arguments)


def _deposited_first(lgc: Any, asked: Any) -> Any:
    """The documents leave at the click, before the service of ordonnances was asked."""
    records, sender = lgc.prescriptions.records, lgc.prescriptions._sender
    numbered = sender._about_to_send(records.get(asked.ordonnance))
    without = records.save(replace(numbered, state=State.WITHOUT_CODE))
    patient = lgc.records.patient(numbered.patient_id)
    written, _ = ordonnance_documents.publish(lgc, without, patient)
    records.save(replace(written, state=State.DRAFT))
    return validate(lgc, asked)


DEFECTS = (
    broken(
        "utilisable-ecran-gele",
        "Un seul fil : tout le logiciel attend la réponse des services",
        "ordonnance",
        "",
        put("reference_impl.app:run_in_threadpool", _on_the_spot),
        scenario=_REHEARSAL,
    ),
    broken(
        "utilisable-dmp-avant-le-service",
        "Le DMP est alimenté sans attendre l'enregistrement de l'ordonnance",
        "ordonnance",
        "",
        action("prescription.validate", _deposited_first),
        scenario=_REHEARSAL,
    ),
)

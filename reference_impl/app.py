"""The driver contract over HTTP: ``POST /actions/<name>`` on the loopback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from reference_impl import contract, contract_apcv, contract_cards
from reference_impl import contract_identity as asking
from reference_impl import contract_prescriptions as prescribing
from reference_impl.errors import InvalidRequestError, LgcError
from reference_impl.gestures import (
    apcv,
    cards,
    exchanges,
    identity,
    patients,
    prescriptions,
    reception,
    sessions,
    verification,
)
from reference_impl.lgc import Lgc
from reference_impl.openapi import describe


@dataclass(frozen=True, slots=True)
class Action:
    """One gesture of the contract: its models, and the function that does it."""

    parameters: type[BaseModel]
    answer: type[BaseModel]
    perform: Callable[[Lgc, Any], BaseModel]


ACTIONS: Mapping[str, Action] = {
    "session.open": Action(
        contract.ProfessionalOnly, contract.SessionAnswer, sessions.open_session
    ),
    "session.close": Action(
        contract.ProfessionalOnly, contract.SessionAnswer, sessions.close_session
    ),
    "patient.create": Action(
        contract.PatientCreate, contract.PatientAnswer, patients.create_patient
    ),
    "patient.read": Action(contract.PatientOnly, contract.PatientAnswer, patients.read_patient),
    "patient.search": Action(
        asking.SearchPatients, asking.PatientsAnswer, patients.search_patients
    ),
    "identity.search_insi": Action(asking.SearchInsi, asking.SearchAnswer, identity.search_insi),
    "identity.accept_insi": Action(asking.AcceptInsi, contract.PatientAnswer, identity.accept_insi),
    "identity.edit_traits": Action(asking.EditTraits, contract.PatientAnswer, patients.edit_traits),
    "identity.record_evidence": Action(
        asking.RecordEvidence, contract.PatientAnswer, identity.record_evidence
    ),
    "identity.withdraw_evidence": Action(
        contract.PatientOnly, contract.PatientAnswer, identity.withdraw_evidence
    ),
    "identity.attest": Action(asking.Attest, contract.PatientAnswer, identity.attest),
    "identity.set_attribute": Action(
        asking.SetAttribute, contract.PatientAnswer, identity.set_attribute
    ),
    "identity.scan_datamatrix": Action(
        asking.ScanDatamatrix, asking.ScanAnswer, reception.scan_datamatrix
    ),
    "identity.receive": Action(asking.Receive, asking.ReceiveAnswer, reception.receive),
    "identity.verify": Action(asking.Verify, asking.VerifyAnswer, verification.verify_patient),
    "identity.trust_sender": Action(
        asking.TrustSender, asking.SendersAnswer, verification.trust_sender
    ),
    "identity.log": Action(contract.PatientOnly, asking.LogAnswer, verification.read_log),
    "worklist.read": Action(
        contract.NoParameters, asking.WorklistAnswer, verification.read_worklist
    ),
    "document.write": Action(
        contract.WriteDocument, contract.DocumentAnswer, exchanges.write_document
    ),
    "document.print": Action(
        contract.PrintDocument, contract.PrintAnswer, exchanges.print_document
    ),
    "dmp.access": Action(contract.PatientAndProfessional, contract.DmpAnswer, exchanges.dmp_access),
    "dmp.authorize": Action(contract.Authorize, contract.DmpAnswer, exchanges.dmp_authorize),
    "dmp.deposit": Action(contract.Deposit, contract.ShipmentAnswer, exchanges.dmp_deposit),
    "dmp.search": Action(
        contract.PatientAndProfessional, contract.DmpSearchAnswer, exchanges.dmp_search
    ),
    "dmp.read": Action(contract.ReadDmp, contract.DmpReadAnswer, exchanges.dmp_read),
    "mss.send": Action(contract.SendMail, contract.ShipmentAnswer, exchanges.send_mail),
    "mss.read_inbox": Action(contract.ProfessionalOnly, contract.InboxAnswer, exchanges.read_inbox),
    "card.read_cps": Action(contract_cards.ReadCps, contract_cards.CpsAnswer, cards.read_cps),
    "card.choose_situation": Action(
        contract_cards.ChooseSituation, contract_cards.CpsAnswer, cards.choose_situation
    ),
    "card.unblock": Action(contract_cards.UnblockCps, contract_cards.CpsAnswer, cards.unblock),
    "card.close": Action(contract_cards.CloseCps, contract_cards.CpsAnswer, cards.close),
    "card.read_vitale": Action(
        contract.NoParameters, contract_cards.VitaleAnswer, cards.read_vitale
    ),
    "drug.search": Action(
        prescribing.SearchDrugs, prescribing.DrugsAnswer, prescriptions.search_drugs
    ),
    "prescription.create": Action(
        prescribing.CreatePrescription, prescribing.PrescriptionAnswer, prescriptions.create
    ),
    "prescription.validate": Action(
        prescribing.ValidatePrescription,
        prescribing.ValidatedAnswer,
        prescriptions.validate,
    ),
    "prescription.print": Action(
        prescribing.PrintPrescription, contract.PrintAnswer, prescriptions.print_page
    ),
    "prescription.search": Action(
        prescribing.SearchPrescriptions, prescribing.PrescriptionsAnswer, prescriptions.search
    ),
    "prescription.consult": Action(
        prescribing.ConsultPrescription, prescribing.PrescriptionAnswer, prescriptions.consult
    ),
    "prescription.cancel": Action(
        prescribing.PrescriptionAndProfessional,
        prescribing.ValidatedAnswer,
        prescriptions.cancel,
    ),
    "prescription.list": Action(
        prescribing.ListPrescriptions,
        prescribing.LocalPrescriptionsAnswer,
        prescriptions.list_local,
    ),
    "prescription.traces": Action(
        contract.NoParameters, prescribing.TracesAnswer, prescriptions.read_traces
    ),
    "prescription.renew": Action(
        prescribing.PrescriptionAndProfessional,
        prescribing.PrescriptionAnswer,
        prescriptions.renew,
    ),
    "apcv.read": Action(contract_apcv.ReadApcv, contract_apcv.ApcvAnswer, apcv.read),
    "apcv.qualify": Action(contract_apcv.QualifyApcv, contract_apcv.QualifyAnswer, apcv.qualify),
    "apcv.close": Action(contract_apcv.CloseApcv, contract_apcv.ApcvAnswer, apcv.close),
    "outbox.read": Action(contract.NoParameters, contract.OutboxAnswer, exchanges.read_outbox),
    "outbox.flush": Action(contract.NoParameters, contract.OutboxAnswer, exchanges.flush_outbox),
    "dashboard.read": Action(
        contract.ProfessionalOnly, contract.DashboardAnswer, exchanges.read_dashboard
    ),
}


def create_app(lgc: Lgc) -> Starlette:
    """The application of an installation."""

    async def act(request: Request) -> Response:
        name = request.path_params["name"]
        action = ACTIONS.get(name)
        if action is None:
            return _error(501, "ACTION_INCONNUE", f"Ce logiciel n’a pas le geste « {name} ».")
        asked = _parameters(action.parameters, await request.body())
        answer = await run_in_threadpool(action.perform, lgc, asked)
        return JSONResponse(answer.model_dump(mode="json"))

    async def poll(request: Request) -> Response:
        action_id = request.path_params["action_id"]
        return _error(404, "ACTION_INCONNUE", f"Aucune action « {action_id} » n’est en cours.")

    async def health(_request: Request) -> Response:
        software = lgc.environment.software
        return JSONResponse({"etat": "ok", "logiciel": software.name, "version": software.version})

    async def openapi(_request: Request) -> Response:
        models = {name: (a.parameters, a.answer) for name, a in ACTIONS.items()}
        return JSONResponse(describe(lgc.environment.software, models))

    return Starlette(
        routes=[
            Route("/actions/{name}", act, methods=["POST"]),
            Route("/actions/{action_id}", poll, methods=["GET"]),
            Route("/health", health),
            Route("/openapi.json", openapi),
        ],
        exception_handlers={
            LgcError: _lgc_error,
            HTTPException: _http_error,
            Exception: _unexpected,
        },
    )


def _parameters(model: type[BaseModel], body: bytes) -> BaseModel:
    """Read the parameters. Raises InvalidRequestError with a French sentence."""
    try:
        return model.model_validate_json(body or b"{}")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise InvalidRequestError(
            "PARAMETRE_INVALIDE", _sentence(first["type"], place), place or None
        ) from error


def _sentence(kind: str, place: str) -> str:
    if kind == "json_invalid":
        return "Le corps de la demande n’est pas du JSON."
    if kind == "missing":
        return f"Le paramètre « {place} » est obligatoire."
    if kind == "extra_forbidden":
        return f"Le paramètre « {place} » est inconnu."
    if kind.endswith("too_short"):
        return f"Le paramètre « {place} » est vide."
    return f"Le paramètre « {place} » n’a pas la forme attendue (voir /openapi.json)."


async def _lgc_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, LgcError)
    return JSONResponse({"erreur": error.as_json()}, error.http_status)


async def _http_error(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return _error(error.status_code, "ADRESSE_INCONNUE", "Cette adresse n’existe pas.")


async def _unexpected(_request: Request, error: Exception) -> Response:
    return _error(500, "ERREUR_INTERNE", f"Erreur du logiciel ({type(error).__name__}).")


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"erreur": {"code": code, "message": message, "champ": None}}, status)

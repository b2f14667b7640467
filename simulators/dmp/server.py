"""The DMP as a service of the bench: one mutual-TLS address, five SOAP paths.

Order of the controls (sheet dmp.md §19): TLS, envelope, VIHF, rights, metadata,
documents, signature. The rules say what is wrong, :mod:`simulators.dmp.errors`
how the service says it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, TypeVar

from lxml import etree
from lxml.builder import ElementMaker

from rules.artefact import MalformedError
from rules.context import Context
from rules.exchange import Correlation, Outcome
from rules.formats.dmp import SERVICE_PATH, TRANSACTIONS, DmpRequest, read_request
from rules.formats.habilitations import ADD, HABILITATIONS, OK, SetAuthorization
from rules.formats.hl7v3 import ExistenceQuery
from rules.formats.xds import XDSB, MetadataUpdate, Submission
from rules.formats.xds_query import RetrieveRequest, StoredQuery
from rules.judge import rejection
from simulators.dmp import queries, soap
from simulators.dmp.deposit import deposit
from simulators.dmp.errors import (
    CATALOGUE,
    UNREADABLE,
    DmpError,
    DmpRefusalError,
    Shape,
)
from simulators.dmp.existence import ODDITIES, existence_answer
from simulators.dmp.registry_xml import REPOSITORY, failure, found, success
from simulators.dmp.state import Authorization, DmpState, RecordState
from simulators.http import ClientCertificate, HttpListener, HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel
from simulators.reading import ReadOnce
from simulators.store import Unit

HOSTNAMES = ("lps2.dmp.gouv.fr", "lps.dmp.gouv.fr", "lps.dev1.dmp.gouv.fr", "lps.de2.dmp.gouv.fr")
PATHS = ("patients", "habilitations", "repository", "registry")
REDIRECTIONS: Mapping[str, int] = {
    f"redirection-{code}": code for code in (301, 302, 303, 307, 308)
}
"""Faults that send the call to another address of the DMP, which serves it."""

Member = TypeVar("Member", bound=StrEnum)

_HAB = ElementMaker(namespace=HABILITATIONS, nsmap={"hab": HABILITATIONS})
_X = ElementMaker(namespace=XDSB, nsmap={"xdsb": XDSB})


@dataclass(frozen=True)
class Call:
    """One request being served: the message, who speaks, about whom."""

    request: DmpRequest
    http: HttpRequest
    number: str
    """Transaction: ``TD2.1`` …, ``?`` when the body is unknown."""
    ins: str
    professional: str

    @property
    def correlation(self) -> Correlation:
        """Business keys for the journal."""
        submission = self.request.body
        document = None
        if isinstance(submission, Submission) and submission.objects.documents:
            document = submission.objects.documents[0].unique_id
        return Correlation(patient=self.ins or None, professional=self.professional or None,
                           document=document)  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A payload and what travels beside it."""

    payload: etree._Element
    attachments: tuple[soap.Attachment, ...] = ()


class DmpService:
    """The simulator. Its listener is named ``dmp``."""

    name = "dmp"
    faults: Mapping[str, str] = {
        **{code: f"refus {code} : {error.text}" for code, error in CATALOGUE.items()},
        **{
            name: f"réponse {code} vers une autre adresse du DMP, sans traiter la demande"
            for name, code in REDIRECTIONS.items()
        },
        **ODDITIES,
    }

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._requests = ReadOnce(read_request)
        self._handlers: dict[type, Callable[[Any, Call, DmpState], Answer]] = {
            ExistenceQuery: self._existence,
            SetAuthorization: self._authorize,
            Submission: self._deposit,
            StoredQuery: self._search,
            RetrieveRequest: self._retrieve,
            MetadataUpdate: self._update,
        }

    def listeners(self) -> Sequence[HttpListener]:
        """One address; a client certificate of the test hierarchy is demanded."""
        routes = tuple(
            Route(("POST",), f"{SERVICE_PATH}{path}", self._serve, self._operation)
            for path in PATHS
        )
        return (HttpListener("dmp", routes, HOSTNAMES, ClientCertificate.REQUIRED),)

    def prepare(self, unit: Unit) -> None:
        """Give each test patient the record the world says, the first time only."""
        state = DmpState(unit, self._kernel.campaign)
        if not state.has_records():
            wanted = {p.ins: RecordState(p.dmp) for p in self._kernel.world.patients}
            state.open_records(wanted, at=self._kernel.clock.now())

    def describe(self) -> Mapping[str, Any]:
        """Base URL of the web services."""
        return {"base": self._kernel.addresses["dmp"].url(SERVICE_PATH)}

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Records, authorisations, documents."""
        return DmpState(unit, self._kernel.campaign).dump()

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """``{"dossiers": {ins: "actif"|"absent"|"fermé"},
        "autorisations": [{"ins", "professional", "state", "attending"}]}``.

        Raises ValueError with a French sentence.
        """
        state = DmpState(unit, self._kernel.campaign)
        for ins, name in dict(change.get("dossiers", {})).items():
            state.set_record(
                ins, _member(RecordState, name, "dossiers"), at=self._kernel.clock.now()
            )
        for row in change.get("autorisations", ()):
            state.authorize(
                row["ins"],
                row["professional"],
                _member(Authorization, row["state"], "autorisations"),
                attending=bool(row.get("attending")),
            )

    # Serving -----------------------------------------------------------------

    def _operation(self, http: HttpRequest) -> str:
        """Transaction of a request, told by its body; ``?`` when it cannot be read."""
        try:
            transaction = self._requests.first(http).transaction
        except MalformedError:
            return "?"
        return transaction.number if transaction else "?"

    def _serve(self, http: HttpRequest, unit: Unit) -> HttpResponse:
        moved = REDIRECTIONS.get(http.fault or "")
        if moved is not None:
            return self._moved(http, moved)
        try:
            request = self._requests.again(http)
            number = request.transaction.number if request.transaction else "?"
        except MalformedError as error:
            return _unreadable(error.finding.found)
        call = _call(request, http, number)
        try:
            answer = self._judged_and_done(call, unit)
        except DmpRefusalError as refusal:
            unit.abandon()
            return _refused(call, refusal)
        return _accepted(call, answer)

    def _moved(self, http: HttpRequest, status: int) -> HttpResponse:
        """Send the call to the same path of another node (EX_0.X-1055)."""
        path = http.target.partition("?")[0].removeprefix(SERVICE_PATH)
        location = f"{self._kernel.addresses['dmp'].url(SERVICE_PATH)}{path}?noeud=2"
        return HttpResponse(
            status,
            (("Location", location),),
            operation=self._operation(http),
            outcome=Outcome.FAILED,
            error_code=f"http-{status}",
        )

    def _judged_and_done(self, call: Call, unit: Unit) -> Answer:
        if call.http.fault and call.http.fault not in ODDITIES:
            raise DmpRefusalError(call.http.fault)
        handler = self._handlers.get(type(call.request.body))
        refused = rejection(call.request, self._context(call))
        if refused:
            raise DmpRefusalError(str(refused.rejects), f"{refused.advice} ({refused.place})")
        if handler is None:
            raise DmpRefusalError("DMPInvalidData", "Transaction inconnue")
        return handler(call.request.body, call, DmpState(unit, self._kernel.campaign))

    def _context(self, call: Call) -> Context:
        environment = self._kernel.environment
        return Context(
            environment=environment,
            observed_at=call.http.at,
            tls=call.http.tls,
            host=call.http.header("Host"),
            professional=environment.professional(call.professional),
        )

    def _existence(self, query: ExistenceQuery, call: Call, state: DmpState) -> Answer:
        ins = query.patient.extension if query.patient else ""
        return Answer(
            existence_answer(
                query,
                state.record(ins),
                self._kernel.world.patient(ins),
                state.authorization(ins, call.professional),
                call.http.at,
                call.http.fault,
            )
        )

    def _authorize(self, asked: SetAuthorization, call: Call, state: DmpState) -> Answer:
        present, attending = state.authorization(call.ins, call.professional)
        if present is Authorization.BLOCKED:
            raise DmpRefusalError("DMPAccessDeniedByRightsService")
        context = ""
        if asked.action == ADD and present is Authorization.VALID:
            context = "Autorisation déjà présente aucune action effectuée"
        wanted = Authorization.VALID if asked.action == ADD else Authorization.NONE
        state.authorize(call.ins, call.professional, wanted, attending=attending)
        output = _HAB.output(_HAB.status(OK), _HAB.context(context))
        return Answer(_HAB.setAuthorizationResponse(output))

    def _deposit(self, submission: Submission, call: Call, state: DmpState) -> Answer:
        deposit(submission, state, ins=call.ins, seed=self._kernel.seed, at=call.http.at)
        return Answer(success())

    def _search(self, query: StoredQuery, call: Call, state: DmpState) -> Answer:
        elements = queries.search(query, state, ins=call.ins, professional=call.professional)
        return Answer(found(elements))

    def _retrieve(self, asked: RetrieveRequest, call: Call, state: DmpState) -> Answer:
        payload = _X.RetrieveDocumentSetResponse(success())
        attachments: list[soap.Attachment] = []
        given = queries.retrieve(asked, state, ins=call.ins, professional=call.professional)
        for rank, document in enumerate(given, start=2):
            content_id = (
                f"{document.entry_uuid.removeprefix('urn:uuid:')}-{rank}@urn:ihe:iti:xds-b:2007"
            )
            attachments.append(
                soap.Attachment(content_id, document.mime_type, state.bytes_of(document))
            )
            payload.append(
                _X.DocumentResponse(
                    _X.RepositoryUniqueId(REPOSITORY),
                    _X.DocumentUniqueId(document.unique_id),
                    _X.mimeType(document.mime_type),
                    _X.Document(soap.include(content_id)),
                )
            )
        return Answer(payload, tuple(attachments))

    def _update(self, update: MetadataUpdate, call: Call, state: DmpState) -> Answer:
        queries.change_statuses(update, state, ins=call.ins, professional=call.professional)
        return Answer(success())


def _call(request: DmpRequest, http: HttpRequest, number: str) -> Call:
    vihf = request.vihf
    resource = vihf.patient if vihf else None
    return Call(
        request=request,
        http=http,
        number=number,
        ins=resource.id if resource else "",
        professional=(vihf.name_id or "") if vihf else "",
    )


def _accepted(call: Call, answer: Answer) -> HttpResponse:
    root = soap.envelope(_action(call), call.request.soap.message_id, answer.payload)
    content_type, body = soap.CONTENT_TYPE, root
    if isinstance(call.request.body, RetrieveRequest):
        content_type, body = soap.multipart(root, answer.attachments)
    return HttpResponse(
        200,
        (("Content-Type", content_type),),
        body,
        operation=call.number,
        outcome=Outcome.ACCEPTED,
        correlation=call.correlation,
    )


def _refused(call: Call, refusal: DmpRefusalError) -> HttpResponse:
    body = call.request.body
    as_fault = refusal.error.shape is Shape.FAULT or isinstance(
        body, (ExistenceQuery, SetAuthorization, type(None))
    )
    if as_fault:
        response = _fault(refusal.error, refusal.context, call)
    elif isinstance(body, RetrieveRequest):
        payload = _X.RetrieveDocumentSetResponse(failure(refusal))
        root = soap.envelope(_action(call), call.request.soap.message_id, payload)
        content_type, content = soap.multipart(root, ())
        response = HttpResponse(200, (("Content-Type", content_type),), content)
    else:
        payload = failure(refusal, query=isinstance(body, StoredQuery))
        root = soap.envelope(_action(call), call.request.soap.message_id, payload)
        response = HttpResponse(200, (("Content-Type", soap.CONTENT_TYPE),), root)
    return replace(
        response,
        operation=call.number,
        outcome=Outcome.REFUSED,
        error_code=refusal.error.code or None,
        correlation=call.correlation,
    )


def _fault(error: DmpError, text: str, call: Call | None = None) -> HttpResponse:
    action = _action(call) if call else "http://www.w3.org/2005/08/addressing/fault"
    relates_to = call.request.soap.message_id if call else None
    body = soap.envelope(action, relates_to, soap.fault(error, text))
    return HttpResponse(500, (("Content-Type", soap.CONTENT_TYPE),), body)


def _unreadable(reason: str) -> HttpResponse:
    response = _fault(UNREADABLE, f"{UNREADABLE.text} ({reason})")
    return replace(response, outcome=Outcome.REFUSED, error_code="message illisible")


def _action(call: Call | None) -> str:
    transaction = TRANSACTIONS.get(call.number) if call else None
    return (
        transaction.answer_action if transaction else "http://www.w3.org/2005/08/addressing/fault"
    )


def _member(kind: type[Member], name: object, field: str) -> Member:
    try:
        return kind(name)
    except ValueError:
        known = ", ".join(member.value for member in kind)
        raise ValueError(f"{field} : « {name} » n'est pas un état connu ({known}).") from None

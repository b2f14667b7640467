"""The DMP client of the LGC: card sessions, one VIHF per call.

A method is one transaction (``authorize`` reads the state again); the LGC
calls ``existence`` before each of them, as the service asks even when the
state is known. Sources: SEL-MP-037; test book CNDA 2.10.
"""

from __future__ import annotations

from datetime import timedelta

from reference_impl.cards.sessions import Cards
from reference_impl.dmp import patients, queries, submission
from reference_impl.dmp.channel import Caller, DmpChannel, Transaction
from reference_impl.documents.metadata import DocumentEntry, cx, read_entry
from reference_impl.errors import ForbiddenGestureError
from reference_impl.people import Document, Environment, Ins, Patient, Professional, Visibility
from reference_impl.ports import (
    AuthorizationAction,
    Clock,
    DepositResult,
    DmpEntry,
    DmpStatus,
    IdSource,
)
from reference_impl.transport import Transport

_EXISTENCE = Transaction("patients", patients.EXISTENCE_ACTION)
_AUTHORIZATION = Transaction("habilitations", patients.AUTHORIZATION_ACTION)
_SUBMISSION = Transaction("repository", submission.ACTION)
_QUERY = Transaction("registry", queries.QUERY_ACTION)
_UPDATE = Transaction("registry", submission.UPDATE_ACTION)
_RETRIEVE = Transaction("repository", queries.RETRIEVE_ACTION)

_SEARCHED = timedelta(days=730)
"""A first search looks two years back, and the user is told so."""


class DmpClient:
    """The DmpGateway of one installation."""

    def __init__(
        self,
        environment: Environment,
        transport: Transport,
        ids: IdSource,
        clock: Clock,
        cards: Cards,
    ) -> None:
        self._environment = environment
        self._channel = DmpChannel(environment, transport, ids, clock, cards)
        self._cards = cards
        self._ids = ids
        self._clock = clock

    def existence(self, patient: Patient, professional: Professional) -> DmpStatus:
        """TD0.2: does the record exist, and is the professional authorised."""
        ins = _record_ins(patient)
        query = patients.ExistenceQuery(
            message_id=self._ids.uuid(),
            query_id=self._ids.uuid(),
            created_at=self._clock.now(),
            ins=ins.value,
            ins_oid=self._environment.document_oid(ins),
            software=self._environment.software,
        )
        request = patients.existence_request(query)
        caller = self._caller(patient, professional)
        return patients.read_existence(self._channel.body(_EXISTENCE, caller, request))

    def authorize(
        self, patient: Patient, professional: Professional, action: AuthorizationAction
    ) -> DmpStatus:
        """TD0.3, then the state that follows."""
        request = patients.authorization_request(action)
        caller = self._caller(patient, professional)
        patients.read_authorization(self._channel.body(_AUTHORIZATION, caller, request))
        return self.existence(patient, professional)

    def deposit(
        self,
        document: Document,
        patient: Patient,
        professional: Professional,
        visibility: Visibility,
        replaces: str | None = None,
    ) -> DepositResult:
        """TD2.1, or 2.1b when it replaces. Each try carries one document under one uniqueId."""
        entry = self._own_entry(document, patient, professional)
        self._cards.require_full_rights(professional)
        # Refused before anything leaves.
        submission.confidentiality(entry, visibility)
        part = self._ids.uuid()
        parcel = submission.Deposit(
            entry=entry,
            content=document.content,
            visibility=visibility,
            lot_id=self._ids.oid("lot"),
            signature_id=self._ids.oid("entree"),
            part_ids=(f"{part}-1@{submission.XDSB}", f"{part}-2@{submission.XDSB}"),
            submitted_at=self._clock.now(),
            software=self._environment.software,
            replaces=replaces,
        )
        request, parts = submission.build(parcel, self._channel.signer(professional))
        caller = self._caller(patient, professional)
        answer = self._channel.body(_SUBMISSION, caller, request, parts)
        return DepositResult(entry.unique_id, queries.read_outcome(answer).warnings)

    def remove(
        self, entry_uuid: str, document: Document, patient: Patient, professional: Professional
    ) -> None:
        """TD3.3c, by the author of a document, with or without an authorisation."""
        entry = self._own_entry(document, patient, professional)
        self._cards.require_full_rights(professional)
        request = submission.removal(
            entry,
            entry_uuid,
            self._ids.oid("lot"),
            self._clock.now(),
            self._environment.software,
        )
        caller = self._caller(patient, professional)
        queries.read_outcome(self._channel.body(_UPDATE, caller, request))

    def find(self, unique_id: str, patient: Patient, professional: Professional) -> DmpEntry | None:
        """TD3.1b: only the technical identifier comes back; title, type and state are empty."""
        caller = self._caller(patient, professional)
        answer = self._channel.body(_QUERY, caller, queries.get_document(unique_id))
        entry_uuid = queries.read_reference(answer)
        if entry_uuid is None:
            return None
        return DmpEntry(unique_id, "", "", "", entry_uuid, queries.REPOSITORY)

    def search(self, patient: Patient, professional: Professional) -> tuple[DmpEntry, ...]:
        """TD3.1a: the documents up to date of the last two years."""
        self._cards.require_full_rights(professional)
        caller = self._caller(patient, professional)
        request = queries.find_documents(caller.resource_id, self._clock.now() - _SEARCHED)
        return queries.read_entries(self._channel.body(_QUERY, caller, request))

    def read(self, patient: Patient, professional: Professional, unique_id: str) -> bytes:
        """TD3.2 of one document, asked for by its uniqueId."""
        self._cards.require_full_rights(professional)
        caller = self._caller(patient, professional)
        reply = self._channel.reply(_RETRIEVE, caller, queries.retrieve(unique_id))
        return queries.read_document(reply, unique_id)

    def _caller(self, patient: Patient, professional: Professional) -> Caller:
        ins = _record_ins(patient)
        return Caller(professional, cx(ins.value, self._environment.document_oid(ins), "NH"))

    def _own_entry(
        self, document: Document, patient: Patient, professional: Professional
    ) -> DocumentEntry:
        """The metadata of a document this user wrote about this very patient."""
        ins = _record_ins(patient)
        entry = read_entry(document.content)
        if (entry.ins, entry.ins_oid) != (ins.value, self._environment.document_oid(ins)):
            raise ForbiddenGestureError(
                "DOCUMENT_SANS_INS",
                "Ce document ne porte pas l’INS qualifiée du patient : écrivez-le de nouveau.",
                "document",
            )
        if not entry.author.person.startswith(f"{professional.national_id}^"):
            raise ForbiddenGestureError(
                "AUTEUR_DIFFERENT", "Seul son auteur peut déposer ce document.", "professionnel"
            )
        return entry


def _record_ins(patient: Patient) -> Ins:
    """The INS of a patient whose record may be asked for."""
    if patient.ins is None or not patient.qualified:
        raise ForbiddenGestureError(
            "IDENTITE_NON_QUALIFIEE",
            "Le DMP n’est accessible que pour une identité qualifiée.",
            "patient",
        )
    if patient.ins.is_nia:
        raise ForbiddenGestureError(
            "INS_NIA", "Le DMP n’est pas accessible avec un NIA.", "patient"
        )
    return patient.ins

"""How a queued deposit or mail leaves: the rules are checked again at each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference_impl.errors import (
    ForbiddenGestureError,
    RefusedError,
    SessionRequiredError,
    UnavailableError,
    UnknownRecordError,
)
from reference_impl.identity.lifecycle import require_qualified, require_reliable
from reference_impl.outbox import Shipment
from reference_impl.people import Document, Environment, Mail, Patient, Professional, Visibility
from reference_impl.ports import DmpGateway, DmpStatus, DocumentWriter, Mailer, SendResult
from reference_impl.records import Records

TOKEN_REFUSED = "JETON_REFUSE"  # noqa: S105  the code of an error
"""Code by which the mailer says that no token of this session is accepted."""


class Publisher:
    """Makes documents ready to leave, with the INS of a qualified identity and no other."""

    def __init__(self, environment: Environment, records: Records, writer: DocumentWriter) -> None:
        self._environment = environment
        self._records = records
        self._writer = writer

    def ins_to_write(self, patient: Patient) -> str | None:
        """The INS that documents of this patient may carry, as ``matricule^oid``."""
        if not patient.qualified or patient.ins is None:
            return None
        return f"{patient.ins.value}^{self._environment.document_oid(patient.ins)}"

    def write(self, document: Document, patient: Patient) -> bytes:
        """The CDA of a document, signed by nobody but its author."""
        author = self.professional(document.author_id)
        return self._writer.write(document, patient, author, document.replaces)

    def ready(self, document_id: str, patient: Patient) -> Document:
        """A document about to leave: :meth:`current`, and fixed for ever."""
        document = self.current(document_id, patient)
        self._records.publish(document_id)
        return document

    def current(self, document_id: str, patient: Patient) -> Document:
        """A document whose CDA says what the identity is now.

        One that never left is written again under its identifiers; one that
        left is never changed. Raises ForbiddenGestureError.
        """
        stored = self._records.document(document_id)
        allowed = self.ins_to_write(patient)
        if stored.written_ins != allowed:
            if stored.published:
                raise ForbiddenGestureError(
                    "DOCUMENT_DEJA_DIFFUSE",
                    "Ce document est déjà parti avec une autre identité : écrivez-en un nouveau.",
                    "document",
                )
            content = self.write(stored.document, patient)
            stored = self._records.rewrite(stored, content, allowed)
        return stored.document

    def professional(self, national_id: str) -> Professional:
        """A user of the LGC. Raises UnknownRecordError."""
        found = self._environment.professional(national_id)
        if found is None:
            raise UnknownRecordError(
                "PROFESSIONNEL_INCONNU",
                f"Aucun professionnel n’a l’identifiant national « {national_id} ».",
                "professionnel",
            )
        return found


class _DmpErrand:
    """What goes to the record of a patient: nothing leaves before TD0.2 says that it is active."""

    def __init__(self, gateway: DmpGateway, records: Records, publisher: Publisher) -> None:
        self._gateway = gateway
        self._records = records
        self._publisher = publisher

    def _opened(self, shipment: Shipment) -> tuple[Patient, Professional]:
        """The patient and the user; raises what forbids the errand."""
        patient = self._records.patient(shipment.patient_id or "")
        professional = self._publisher.professional(shipment.professional_id)
        require_dmp_identity(patient)
        require_active(self._gateway.existence(patient, professional))
        return patient, professional


class DmpShipper(_DmpErrand):
    """Deposits in the DMP: TD0.2 first, and TD3.1b before sending again."""

    def ship(self, shipment: Shipment) -> Mapping[str, Any]:
        """One attempt of a deposit, under the uniqueId of the document."""
        patient, professional = self._opened(shipment)
        document = self._publisher.ready(shipment.content["document"], patient)
        if shipment.in_doubt and self._is_there(document, patient, professional):
            return {"retrouve": True}
        visibility = Visibility(**shipment.content["visibilite"])
        replaces = self._current_version(document, patient, professional)
        try:
            result = self._gateway.deposit(document, patient, professional, visibility, replaces)
        except RefusedError as error:
            # The first attempt had arrived after all: the DMP itself says so.
            doubled = shipment.in_doubt and "Duplicate" in error.code
            if doubled and self._is_there(document, patient, professional):
                return {"retrouve": True}
            raise
        return {"avertissements": list(result.warnings)}

    def _is_there(self, document: Document, patient: Patient, professional: Professional) -> bool:
        return self._gateway.find(document.unique_id, patient, professional) is not None

    def _current_version(
        self, document: Document, patient: Patient, professional: Professional
    ) -> str | None:
        """The entryUUID that a replacement designates, asked for just before (RG_2710)."""
        if document.replaces is None:
            return None
        found = self._gateway.find(document.replaces, patient, professional)
        if found is None:
            raise UnavailableError(
                "DOCUMENT_REMPLACE_ABSENT",
                "Le document que celui-ci remplace n’est pas encore dans le DMP.",
            )
        return found.entry_uuid


class DmpRemover(_DmpErrand):
    """Deletes one’s own deposits: TD0.2, TD3.1b just before, TD3.3c."""

    def ship(self, shipment: Shipment) -> Mapping[str, Any]:
        """One attempt; a document that the DMP does not hold has nothing to be deleted."""
        patient, professional = self._opened(shipment)
        document = self._records.document(shipment.content["document"]).document
        found = self._gateway.find(document.unique_id, patient, professional)
        if found is None or found.entry_uuid is None:
            return {"absent": True}
        try:
            self._gateway.remove(found.entry_uuid, document, patient, professional)
        except RefusedError as error:
            # The first attempt had arrived: its status is no longer the one to change.
            if shipment.in_doubt and error.code == "XDSMetadataUpdateError":
                return {"retrouve": True}
            raise
        return {}


class MailShipper:
    """Sends mails, always under the Message-ID they were given first."""

    def __init__(self, mailer: Mailer, records: Records, publisher: Publisher) -> None:
        self._mailer = mailer
        self._records = records
        self._publisher = publisher

    def ship(self, shipment: Shipment) -> Mapping[str, Any]:
        """One attempt of a mail. Receivers tell a second copy by its Message-ID."""
        content = shipment.content
        patient = self._records.patient(shipment.patient_id or "")
        if content["usager"]:
            require_qualified(patient, "L’envoi à l’usager")
        mail = Mail(
            message_id=shipment.message_id or "",
            sender=self._publisher.professional(shipment.professional_id),
            recipients=tuple(content["destinataires"]),
            patient=patient,
            documents=tuple(self._publisher.ready(d, patient) for d in content["documents"]),
            text=content["texte"],
            created_at=shipment.created_at,
            to_patient=content["usager"],
            end_of_conversation=content["fin_de_conversation"],
        )
        result = self._send(mail)
        refused = dict(result.refused)
        return {
            "qualifiee": patient.qualified,
            "refuses": sorted(refused),
            "erreur": _refused_recipients(refused) if refused else None,
        }

    def _send(self, mail: Mail) -> SendResult:
        try:
            return self._mailer.send(mail)
        except RefusedError as error:
            if error.code == TOKEN_REFUSED:
                # The mail is not at fault: it waits for the professional to log in again.
                raise SessionRequiredError(error.code, error.message, "professionnel") from error
            raise


def require_dmp_identity(patient: Patient) -> None:
    """Only a qualified NIR reaches the DMP (CDT 0.2-080 refuses the NIA)."""
    require_reliable(patient, "L’accès au DMP")
    ins = require_qualified(patient, "L’accès au DMP")
    if ins.is_nia:
        raise ForbiddenGestureError(
            "NIA_SANS_DMP",
            "Ce patient n’a qu’un numéro d’attente (NIA) : il n’a pas de DMP.",
            "patient",
        )


def require_active(status: DmpStatus) -> None:
    """No feed, no consultation of a DMP absent or closed (DMP-02-02)."""
    if status.state == "absent":
        raise ForbiddenGestureError("DMP_ABSENT", "Ce patient n’a pas de DMP.", "patient")
    if status.state == "fermé":
        raise ForbiddenGestureError("DMP_FERME", "Le DMP de ce patient est fermé.", "patient")


def _refused_recipients(refused: Mapping[str, str]) -> dict[str, str]:
    return {
        "code": "DESTINATAIRES_REFUSES",
        "message": "; ".join(f"{address} : {words}" for address, words in sorted(refused.items())),
    }

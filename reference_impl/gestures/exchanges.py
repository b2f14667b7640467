"""Documents, the DMP, MSSanté, and what waits to leave."""

from __future__ import annotations

from dataclasses import asdict, replace

from reference_impl import dashboard
from reference_impl.contract import (
    Authorize,
    CountersJson,
    DashboardAnswer,
    Deposit,
    DmpAnswer,
    DmpReadAnswer,
    DmpSearchAnswer,
    DocumentAnswer,
    InboxAnswer,
    NoParameters,
    OutboxAnswer,
    PatientAndProfessional,
    PrintAnswer,
    PrintDocument,
    ProfessionalOnly,
    ReadDmp,
    ReceivedMailJson,
    SendMail,
    ShipmentAnswer,
    WriteDocument,
)
from reference_impl.dashboard import USAGER_DOMAIN
from reference_impl.documents.metadata import encapsulated_pdf
from reference_impl.errors import (
    ForbiddenGestureError,
    InvalidRequestError,
    UnknownRecordError,
)
from reference_impl.gestures.views import (
    dmp_view,
    document_view,
    entry_view,
    patient_view,
    printed_view,
    shipment_view,
)
from reference_impl.identity.lifecycle import require_qualified, require_reliable
from reference_impl.lgc import Lgc
from reference_impl.outbox import Shipment, State
from reference_impl.people import Document, Patient, Professional, Visibility
from reference_impl.ports import DmpStatus
from reference_impl.records import StoredDocument
from reference_impl.shipping import require_active, require_dmp_identity


def write_document(lgc: Lgc, asked: WriteDocument) -> DocumentAnswer:
    """``document.write``: with the INS only when the identity is qualifiée."""
    patient = lgc.records.patient(asked.patient)
    author = lgc.publisher.professional(asked.professionnel)
    document = Document(
        id=lgc.ids.local("d"),
        unique_id=lgc.ids.oid("document"),
        set_id=lgc.ids.oid("version"),
        type_code=asked.type,
        title=asked.titre,
        text=asked.texte,
        patient_id=patient.id,
        author_id=author.national_id,
        created_at=lgc.clock.now().replace(microsecond=0),
    )
    content = lgc.publisher.write(document, patient)
    lgc.records.add_document(
        StoredDocument(
            replace(document, content=content),
            lgc.publisher.ins_to_write(patient),
            published=False,
        )
    )
    return DocumentAnswer(document=document_view(document), patient=patient_view(patient))


def print_document(lgc: Lgc, asked: PrintDocument) -> PrintAnswer:
    """``document.print``: the page as the identity stands now."""
    patient = lgc.records.patient(lgc.records.document(asked.document).document.patient_id)
    document = lgc.publisher.current(asked.document, patient)
    pdf = encapsulated_pdf(document.content)
    return PrintAnswer(document=printed_view(document, pdf), patient=patient_view(patient))


def dmp_access(lgc: Lgc, asked: PatientAndProfessional) -> DmpAnswer:
    """``dmp.access``: TD0.2."""
    patient, professional = _for_dmp(lgc, asked)
    status = lgc.dmp.existence(patient, professional)
    return DmpAnswer(dmp=dmp_view(status), patient=patient_view(patient))


def dmp_authorize(lgc: Lgc, asked: Authorize) -> DmpAnswer:
    """``dmp.authorize``: TD0.3, only when it changes something (DMP-02-03)."""
    patient, professional = _for_dmp(lgc, asked)
    status = lgc.dmp.existence(patient, professional)
    require_active(status)
    _require_not_blocked(status)
    if (status.authorization == "VALIDE") != (asked.action == "AJOUT"):
        status = lgc.dmp.authorize(patient, professional, asked.action)
    return DmpAnswer(dmp=dmp_view(status), patient=patient_view(patient))


def dmp_deposit(lgc: Lgc, asked: Deposit) -> ShipmentAnswer:
    """``dmp.deposit``: queued, then tried at once."""
    document = lgc.records.document(asked.document).document
    patient = lgc.records.patient(document.patient_id)
    professional = lgc.publisher.professional(asked.professionnel)
    require_dmp_identity(patient)
    visibility = Visibility(
        asked.visibilite.masque_ps,
        asked.visibilite.invisible_patient,
        asked.visibilite.invisible_representants,
    )
    _require_allowed(visibility)
    with lgc.patient_lock(patient.id):
        shipment = _earlier_deposit(lgc, document)
        if shipment is not None:
            shipment = lgc.outbox.attempt(shipment.id)
        else:
            shipment = lgc.outbox.send_now(
                Shipment(
                    id=lgc.ids.local("e"),
                    kind="dmp",
                    patient_id=patient.id,
                    professional_id=professional.national_id,
                    content={"document": document.id, "visibilite": asdict(visibility)},
                    created_at=lgc.clock.now(),
                    unique_id=document.unique_id,
                )
            )
    return ShipmentAnswer(envoi=shipment_view(shipment), patient=patient_view(patient))


def dmp_search(lgc: Lgc, asked: PatientAndProfessional) -> DmpSearchAnswer:
    """``dmp.search``: TD3.1, after TD0.2."""
    patient, professional = _for_consultation(lgc, asked)
    entries = lgc.dmp.search(patient, professional)
    return DmpSearchAnswer(
        documents=[entry_view(e) for e in entries], patient=patient_view(patient)
    )


def dmp_read(lgc: Lgc, asked: ReadDmp) -> DmpReadAnswer:
    """``dmp.read``: TD3.1 then TD3.2, after TD0.2."""
    patient, professional = _for_consultation(lgc, asked)
    entries = lgc.dmp.search(patient, professional)
    entry = next((e for e in entries if e.unique_id == asked.identifiant_unique), None)
    if entry is None:
        raise UnknownRecordError(
            "DOCUMENT_ABSENT_DU_DMP",
            f"Le DMP n’a pas de document « {asked.identifiant_unique} ».",
            "identifiant_unique",
        )
    content = lgc.dmp.read(patient, professional, asked.identifiant_unique)
    return DmpReadAnswer(document=entry_view(entry, content), patient=patient_view(patient))


def send_mail(lgc: Lgc, asked: SendMail) -> ShipmentAnswer:
    """``mss.send``: queued, then tried at once."""
    stored = [lgc.records.document(d).document for d in asked.documents]
    if len({d.patient_id for d in stored}) > 1:
        raise InvalidRequestError(
            "PLUSIEURS_PATIENTS", "Un message ne concerne qu’un patient.", "documents"
        )
    patient = lgc.records.patient(stored[0].patient_id)
    professional = lgc.publisher.professional(asked.professionnel)
    recipients, to_patient = _recipients(patient, asked)
    # No session: better said at once than found in the outbox.
    lgc.sessions.access_token(professional)
    domain = professional.mailbox.rpartition("@")[2]
    shipment = lgc.outbox.send_now(
        Shipment(
            id=lgc.ids.local("e"),
            kind="mss",
            patient_id=patient.id,
            professional_id=professional.national_id,
            content={
                "documents": asked.documents,
                "destinataires": recipients,
                "usager": to_patient,
                "fin_de_conversation": asked.fin_de_conversation,
                "texte": asked.texte,
            },
            created_at=lgc.clock.now().replace(microsecond=0),
            unique_id=stored[0].unique_id,
            message_id=lgc.ids.message_id(domain),
        )
    )
    return ShipmentAnswer(envoi=shipment_view(shipment), patient=patient_view(patient))


def read_inbox(lgc: Lgc, asked: ProfessionalOnly) -> InboxAnswer:
    """``mss.read_inbox``."""
    received = lgc.mailer.inbox(lgc.publisher.professional(asked.professionnel))
    return InboxAnswer(
        messages=[
            ReceivedMailJson(objet=m.subject, de=m.sender, message_id=m.message_id)
            for m in received
        ]
    )


def read_outbox(lgc: Lgc, _asked: NoParameters) -> OutboxAnswer:
    """``outbox.read``."""
    return OutboxAnswer(envois=[shipment_view(s) for s in lgc.outbox.all()])


def flush_outbox(lgc: Lgc, _asked: NoParameters) -> OutboxAnswer:
    """``outbox.flush``: tries at once all that waits, whatever its delay."""
    return OutboxAnswer(envois=[shipment_view(s) for s in lgc.outbox.flush()])


def read_dashboard(lgc: Lgc, asked: ProfessionalOnly) -> DashboardAnswer:
    """``dashboard.read``."""
    professional = lgc.publisher.professional(asked.professionnel)
    counters = dashboard.count(lgc.outbox.all(), professional)
    return DashboardAnswer(compteurs=CountersJson(**asdict(counters)))


def _for_dmp(lgc: Lgc, asked: PatientAndProfessional) -> tuple[Patient, Professional]:
    patient = lgc.records.patient(asked.patient)
    professional = lgc.publisher.professional(asked.professionnel)
    require_dmp_identity(patient)
    return patient, professional


def _for_consultation(lgc: Lgc, asked: PatientAndProfessional) -> tuple[Patient, Professional]:
    """Consulting wants an open DMP and an authorisation; feeding wants only the first."""
    patient, professional = _for_dmp(lgc, asked)
    status = lgc.dmp.existence(patient, professional)
    require_active(status)
    _require_not_blocked(status)
    if status.authorization != "VALIDE":
        raise ForbiddenGestureError(
            "AUTORISATION_ABSENTE",
            "L’accès à ce DMP n’est pas autorisé : recueillez le consentement du patient, puis "
            "ajoutez l’autorisation.",
            "professionnel",
        )
    return patient, professional


def _require_not_blocked(status: DmpStatus) -> None:
    if status.authorization == "INTERDIT":
        raise ForbiddenGestureError(
            "ACCES_BLOQUE",
            "Le patient a bloqué l’accès de ce professionnel à son DMP.",
            "professionnel",
        )


def _require_allowed(visibility: Visibility) -> None:
    if visibility.masked_to_professionals and visibility.hidden_from_patient:
        raise ForbiddenGestureError(
            "VISIBILITE_INTERDITE",
            "Un document ne peut pas être à la fois masqué aux professionnels et invisible au "
            "patient : choisissez l’un des deux.",
            "visibilite",
        )


def _earlier_deposit(lgc: Lgc, document: Document) -> Shipment | None:
    """A deposit of the same document that still waits (DMP-21-16: never sent twice)."""
    same = [s for s in lgc.outbox.all() if s.kind == "dmp" and s.unique_id == document.unique_id]
    if any(s.state is State.SENT for s in same):
        raise ForbiddenGestureError(
            "DOCUMENT_DEJA_DEPOSE", "Ce document est déjà dans le DMP, inchangé.", "document"
        )
    return next((s for s in same if s.state is State.PENDING), None)


def _recipients(patient: Patient, asked: SendMail) -> tuple[list[str], bool]:
    """Addresses of a mail, and whether it goes to the patient (ECO.2.2.6)."""
    require_reliable(patient, "L’envoi par MSSanté")
    to_usager = [a for a in asked.destinataires if a.lower().endswith(f"@{USAGER_DOMAIN}")]
    if not asked.usager and not to_usager:
        if not asked.destinataires:
            raise InvalidRequestError(
                "DESTINATAIRE_ABSENT", "Indiquez au moins un destinataire.", "destinataires"
            )
        return asked.destinataires, False
    ins = require_qualified(patient, "L’envoi à l’usager")
    own = f"{ins.value}@{USAGER_DOMAIN}"
    if set(asked.destinataires) - {own}:
        raise InvalidRequestError(
            "DESTINATAIRES_MELANGES",
            "Un message à l’usager va à sa seule adresse, celle de son INS.",
            "destinataires",
        )
    return [own], True

"""Header fields that every mail of MSSanté owes: MSS-H01 to MSS-H08, MSS-N01.

Sheet: mssante.md §4.1, §4.2, §4.4, §6.1. A bounce of an operator and a mail written
by an usager in Mon espace santé owe none of them: no client of ours made them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rules.checking import check
from rules.context import Context, Professional
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.mail import PATIENT_DOMAIN, MssMessage, patient_address
from rules.formats.mail_headers import Header, folded, is_message_id
from rules.judge import JournalView

_REPLY = re.compile(r"^\s*(re|rép|rep|aw)\s*:", re.IGNORECASE)


@check(
    "MSS-H01",
    title="X-MSS-NIL porte la référence produit sur chaque message",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.16",),
    source="Ref#2 v1.0.1 ECO.2.4.3",
)
def product_reference(message: MssMessage, context: Context) -> Iterator[Finding]:
    """The value is compared only for the mailboxes declared to the bench."""
    if not message.from_professional:
        return
    found = message.headers_named("X-MSS-NIL")
    if len(found) != 1 or not found[0].value:
        yield Finding(
            "en-tête X-MSS-NIL",
            "un en-tête, non vide",
            f"{len(found)} en-têtes" if len(found) != 1 else "un en-tête vide",
            "Ajouter à chaque message l'en-tête X-MSS-NIL avec la référence produit "
            "donnée par Convergence.",
        )
        return
    software, sender = context.environment.software, message.sender
    if software is None or software.nil is None or sender is None:
        return
    ours = context.environment.owner_of(sender.address) is not None
    if ours and not re.fullmatch(rf"{re.escape(software.nil)}([^0-9A-Za-z].*)?", found[0].value):
        yield Finding(
            found[0].place,
            software.nil,
            found[0].value,
            "Mettre dans X-MSS-NIL la référence produit donnée par Convergence à ce logiciel.",
        )


@check(
    "MSS-H02",
    title="X-MSS-CODECDA donne les codes des CDA de l'archive",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.15",),
    source="Ref#2 v1.0.1 ECO.2.4.1",
)
def cda_codes(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Same set, comma separated, no space; absent without CDA."""
    if _unknown_content(message) or not message.from_professional:
        return
    codes = message.archive.codes if message.archive else ()
    found = message.headers_named("X-MSS-CODECDA")
    expected = ",".join(codes) or "aucun en-tête"
    if not codes and not found:
        return
    if not codes or len(found) != 1 or sorted(found[0].value.split(",")) != sorted(codes):
        yield Finding(
            "en-tête X-MSS-CODECDA",
            expected,
            _shown(found),
            "Lister dans X-MSS-CODECDA les codes des CDA de IHE_XDM.zip, séparés par des virgules "
            "sans espace ; ne pas mettre l'en-tête quand l'archive n'a pas de CDA.",
        )


@check(
    "MSS-H03",
    title="X-MSS-INS dit si l'archive porte une INS qualifiée",
    severity=Severity.BLOCKING,
    exigences=("SC.MSS/CONF.14",),
    source="Ref#2 v1.0.1 ECO.2.4.2",
)
def ins_carried(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """``O`` when matricule, OID and the four traits are there; absent without CDA."""
    if _unknown_content(message) or not message.from_professional:
        return
    documents = message.documents
    found = message.headers_named("X-MSS-INS")
    expected = "aucun en-tête"
    if documents:
        expected = "O" if all(map(_complete_ins, documents)) else "N"
    elif not found:
        return
    if not documents or [each.raw for each in found] != [expected]:
        yield Finding(
            "en-tête X-MSS-INS",
            expected,
            _shown(found),
            "Mettre O quand l'archive porte une INS qualifiée complète (matricule, OID, nom de "
            "naissance, premier prénom, date de naissance, sexe), sinon N ; rien sans CDA.",
        )


@check(
    "MSS-H04",
    title="X-MSS-MES vaut FIN et ne s'adresse qu'à un usager",
    severity=Severity.MAJOR,
    exigences=("SC.MSS/CONF.21",),
    source="Ref#2 v1.0.1 ECO.2.2.8",
)
def end_of_conversation(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Recipients are those of the envelope, for Bcc is not shown."""
    for each in message.headers_named("X-MSS-MES"):
        if each.raw != "FIN":
            yield Finding(each.place, "FIN", each.raw or "vide", "Écrire exactement FIN.")
        elif not any(patient_address(a) for a in message.recipients(context)):
            yield Finding(
                each.place,
                f"un destinataire @{PATIENT_DOMAIN}",
                ", ".join(message.recipients(context)) or "aucun destinataire",
                "N'ajouter X-MSS-MES qu'aux messages adressés à un usager.",
            )


@check(
    "MSS-H05",
    title="Message-ID bien formé et unique",
    severity=Severity.MAJOR,
    exigences=("MSS/va1.12",),
    source="Ref#2 v1.0.1 ECO.2.2.1 ; RFC 5322 §3.6.4",
)
def message_id(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Form of the field."""
    found = message.headers_named("Message-ID")
    if len(found) != 1 or not is_message_id(found[0].raw):
        yield Finding(
            "en-tête Message-ID",
            "un identifiant <unique@domaine>",
            _shown(found),
            "Donner à chaque message un Message-ID <partie-unique@domaine> selon RFC 5322.",
        )


@check(
    "MSS-H05",
    title="Message-ID bien formé et unique",
    severity=Severity.MAJOR,
    exigences=("MSS/va1.12",),
    source="Ref#2 v1.0.1 ECO.2.2.1 ; RFC 5322 §3.6.4",
)
def message_id_unique(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Two different mails never share one; the same octets sent again may."""
    seen: dict[str, bytes] = {}
    for exchange, message in view.artefacts(MssMessage, "mssante"):
        identifier = message.message_id
        if exchange.operation != "SMTP" or identifier is None:
            continue
        if seen.setdefault(identifier, exchange.request.body) != exchange.request.body:
            yield Finding(
                "en-tête Message-ID",
                "un identifiant qui n'a pas servi",
                identifier,
                "Tirer un nouveau Message-ID pour chaque nouveau message.",
                exchange_id=exchange.id,
            )


@check(
    "MSS-H06",
    title="Une réponse porte In-Reply-To et References",
    severity=Severity.MAJOR,
    exigences=("MSS/va1.08",),
    source="Ref#2 v1.0.1 ECO.2.2.2 ; RFC 5322 §3.6.4",
)
def threading_fields(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """A reply is known by its subject or by one of the two fields."""
    answered, history = message.header("In-Reply-To"), message.header("References")
    if not message.from_professional:
        return
    if answered is None and history is None and not _REPLY.match(message.subject):
        return
    parents = answered.message_ids if answered else ()
    known = history.message_ids if history else ()
    if not parents:
        yield Finding(
            "en-tête In-Reply-To",
            "le Message-ID du message d'origine",
            answered.raw if answered else "absent",
            "Recopier dans In-Reply-To le Message-ID du message auquel on répond.",
        )
    elif not set(parents) <= set(known):
        yield Finding(
            "en-tête References",
            f"au moins {' '.join(parents)}",
            history.raw if history else "absent",
            "Mettre dans References les identifiants du fil, le message d'origine en dernier.",
        )


@check(
    "MSS-H07",
    title="Le libellé d'expéditeur est significatif",
    severity=Severity.MINOR,
    exigences=("MSS/va1.16",),
    source="Ref#2 v1.0.1 ECO.2.2.7, §3.5",
)
def sender_label(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Any label for a BAL whose kind is unknown; that of a BAL PER for its owner."""
    sender = message.sender
    if sender is None or not message.from_professional:
        return
    owner = context.environment.owner_of(sender.address)
    expected = f"Dr_{owner.given_name}_{owner.family_name.upper()}_…" if owner else "un libellé"
    if not sender.label or (owner and not _names(sender.label, owner)):
        yield Finding(
            "en-tête From",
            expected,
            sender.label or "adresse seule",
            "Écrire From: Titre_Prénom_NOM_Entité <adresse> (BAL PER, NOM en capitales) ou "
            "Entité <adresse> (BAL ORG, APP).",
        )


@check(
    "MSS-H08",
    title="MAIL FROM, From et BAL authentifiée sont une même adresse",
    severity=Severity.MAJOR,
    source="Fiche MSSanté §4.5 ; Ref#2 v1.0.1",
    needs=("envelope",),
)
def one_sender(message: MssMessage, context: Context) -> Iterator[Finding]:
    """The empty reverse path of a notification is compared no further."""
    envelope, sender = message.envelope or context.envelope, message.sender
    if envelope is None:
        return
    shown = sender.address if sender else "aucune"
    if envelope.mail_from and shown.lower() != envelope.mail_from.lower():
        yield Finding(
            "en-tête From",
            envelope.mail_from,
            shown,
            "Envoyer avec la même adresse dans MAIL FROM et dans From.",
        )
    elif envelope.authenticated and shown.lower() != envelope.authenticated.lower():
        yield Finding(
            "en-tête From",
            envelope.authenticated,
            shown,
            "Envoyer depuis la BAL dont la session SMTP est authentifiée.",
        )


@check(
    "MSS-N01",
    title="Disposition-Notification-To désigne la BAL émettrice",
    severity=Severity.MAJOR,
    exigences=("MSS/va1.14",),
    source="Fiche MSSanté §6.1 ; RFC 8098 §2.1",
)
def notification_address(message: MssMessage, _context: Context) -> Iterator[Finding]:
    """Only when an acknowledgment is asked."""
    asked, sender = message.header("Disposition-Notification-To"), message.sender
    if asked is None or sender is None:
        return
    if [box.address.lower() for box in asked.mailboxes] != [sender.address.lower()]:
        yield Finding(
            asked.place,
            sender.address,
            asked.value or "vide",
            "Demander l'accusé de lecture vers l'adresse de la BAL émettrice.",
        )


def _unknown_content(message: MssMessage) -> bool:
    """An archive is there and could not be opened: nothing can be said of its CDA."""
    return message.archive is None and bool(message.archives)


def _complete_ins(document: ClinicalDocument) -> bool:
    patient = document.patient
    if patient is None or patient.ins is None or not patient.ins.extension:
        return False
    traits = patient.traits
    return all((traits.birth_name, traits.birth_given_names, traits.birth_date, traits.sex))


def _names(label: str, owner: Professional) -> bool:
    return any(
        folded(given) == folded(owner.given_name)
        and folded(family) == folded(owner.family_name)
        and family == family.upper()
        for given, family in pairwise(label.split("_"))
    )


def _shown(found: tuple[Header, ...]) -> str:
    return " ; ".join(each.raw or "vide" for each in found) or "absent"

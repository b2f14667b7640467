"""What leaves for Mon espace santé, and the INS that must not leave.

MSS-C01 to C03 and MSS-C06 of the sheet mssante.md §11; rules of §7.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.mail import MssMessage, patient_address

MES_LIMIT = 25 * 1024 * 1024
"""25 Mo, message entier (ENS Messagerie 1.3 §6)."""
_INS = re.compile(r"[0-9]{5}[0-9][0-9AB][0-9]{8}")
_ADDRESS_FIELDS = ("to", "cc", "bcc", "received", "delivered-to")


@check(
    "MSS-C01",
    title="L'adresse d'un usager est l'INS d'une identité qualifiée",
    severity=Severity.BLOCKING,
    exigences=("MSS/va1.19", "INS/va1.53"),
    source="Ref#2 v1.0.1 ECO.2.2.6, §3.4.2",
)
def patient_addresses(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Form, agreement with the documents, status of the identity when it is known."""
    if not message.from_professional:
        return
    carried = {d.ins.extension for d in message.documents if d.ins and d.ins.extension}
    for address in filter(patient_address, message.recipients(context)):
        ins = address.partition("@")[0].upper()
        identity = (context.identities or {}).get(ins)
        if not valid_ins(ins):
            yield _address(address, "<INS de 15 caractères, clé juste>@patient.mssante.fr")
        elif carried and ins not in carried:
            yield _address(address, f"{min(carried)}@patient.mssante.fr")
        elif identity is not None and not identity.qualified:
            yield Finding(
                f"destinataire {address}",
                "une identité qualifiée",
                f"une identité {identity.status}",
                "N'écrire à un usager que si son identité est qualifiée "
                "(téléservice INSi et pièce d'identité).",
            )


@check(
    "MSS-C02",
    title="Pas d'INS d'une identité non qualifiée dans le message",
    severity=Severity.BLOCKING,
    exigences=("INS/va1.53",),
    source="Fiche MSSanté §4.1 ; Référentiel INS v2.0 §5.3.3 (EXI SI 08)",
    needs=("identities",),
)
def unqualified_ins(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Scans fields, texts, file names and every file of the archive."""
    held = {ins: i for ins, i in (context.identities or {}).items() if not i.qualified}
    if not held:
        return
    contents = tuple(_readable(message))
    for ins, identity in held.items():
        matricule = ins[:13].encode()
        for place, content in contents:
            if matricule in content:
                yield Finding(
                    place,
                    "aucun matricule INS",
                    f"l'INS d'une identité {identity.status}",
                    "Ne transmettre l'INS que d'une identité qualifiée : l'ôter du message et du "
                    "document.",
                )


@check(
    "MSS-C03",
    title="Un message à un usager ne dépasse pas 25 Mo",
    severity=Severity.MAJOR,
    source="ENS Messagerie 1.3 §6",
)
def size_for_patient(message: MssMessage, context: Context) -> Iterator[Finding]:
    """Whole message, base64 included."""
    if message.size > MES_LIMIT and any(map(patient_address, message.recipients(context))):
        yield Finding(
            "message entier",
            f"au plus {MES_LIMIT} octets",
            f"{message.size} octets",
            "Avertir l'utilisateur avant l'envoi : Mon espace santé refuse au-delà de 25 Mo.",
        )


@check(
    "MSS-C06",
    title="La fin de conversation par l'objet est exactement [FIN]",
    severity=Severity.MINOR,
    exigences=("SC.MSS/CONF.21",),
    source="ENS Messagerie 1.3 §7",
)
def end_by_subject(message: MssMessage, context: Context) -> Iterator[Finding]:
    """``[FIN]`` inside a longer subject ends nothing."""
    if "[FIN]" not in message.subject.upper() or message.subject == "[FIN]":
        return
    if any(map(patient_address, message.recipients(context))):
        yield Finding(
            "en-tête Subject",
            "[FIN] seul, ou X-MSS-MES: FIN",
            message.subject,
            "Ajouter l'en-tête X-MSS-MES: FIN : [FIN] dans un objet plus long n'a pas d'effet.",
        )


def valid_ins(ins: str) -> bool:
    """15 characters whose two last are the key (Corsica: 2A is 19, 2B is 18)."""
    if not _INS.fullmatch(ins):
        return False
    matricule = ins[:5] + ins[5:7].replace("2A", "19").replace("2B", "18") + ins[7:13]
    return matricule.isdigit() and 97 - int(matricule) % 97 == int(ins[13:])


def _address(address: str, expected: str) -> Finding:
    return Finding(
        f"destinataire {address}",
        expected,
        address,
        "Construire l'adresse de l'usager avec l'INS (matricule et clé) de son identité qualifiée.",
    )


def _readable(message: MssMessage) -> Iterator[tuple[str, bytes]]:
    """Places and octets where a matricule may hide; addresses belong to MSS-C01."""
    for each in message.headers:
        if each.name.lower() not in _ADDRESS_FIELDS:
            yield each.place, each.value.encode()
    for part in message.leaves:
        yield part.place, (part.filename or "").encode() + b"\0" + part.content
    for path, content in message.archive.files.items() if message.archive else ():
        yield f"IHE_XDM.zip, {path}", content

"""Mistakes made in MSSanté mails, their archives and their sessions."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bench.defects import Injection
from reference_impl.errors import RefusedError

from .mistakes import around, broken, entry, mail, put, written

_MESSAGE = "reference_impl.mss.message"
_SMTP = "reference_impl.mss.smtp"
_XDM = "reference_impl.documents.xdm"
_IDS = "reference_impl.ids:SeededIds"


def _files(edit: Callable[[dict[str, bytes]], dict[str, bytes]]) -> Any:
    """Other files in the archive."""

    def rebuild(original: Any, archive: Any) -> bytes:
        with zipfile.ZipFile(io.BytesIO(original(archive))) as former:
            files = {name: former.read(name) for name in former.namelist()}
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as changed_archive:
            for name, content in edit(files).items():
                changed_archive.writestr(name, content)
        return buffer.getvalue()

    return around(f"{_XDM}:build", rebuild)


def _without_readme(files: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != "README.TXT"}


def _reindented(files: dict[str, bytes]) -> dict[str, bytes]:
    return {n: c + b"\n" if n.endswith("DOC00001.XML") else c for n, c in files.items()}


def _long_name(files: dict[str, bytes]) -> dict[str, bytes]:
    long, short = "Compte-rendu.xml", "DOC00001.XML"
    return {
        name.replace(short, long): content.replace(short.encode(), long.encode())
        for name, content in files.items()
    }


def _two_lots(files: dict[str, bytes]) -> dict[str, bytes]:
    def twice(content: bytes) -> bytes:
        start = content.index(b"<RegistryPackage")
        end = content.index(b"</RegistryPackage>") + len(b"</RegistryPackage>")
        return content[:end] + content[start:end] + content[end:]

    return {n: twice(c) if n.endswith("METADATA.XML") else c for n, c in files.items()}


def _address_without_key(patient: Any) -> str:
    return f"{patient.ins.matricule}@patient.mssante.fr"


def _to_the_address_without_key(original: Any, patient: Any, asked: Any) -> Any:
    recipients, to_patient = original(patient, asked)
    return ([_address_without_key(patient)] if to_patient else recipients), to_patient


def _to_the_patient_opened_before(original: Any, message: Any, *arguments: Any) -> Any:
    envelope = original(message, *arguments)
    other = "285073306304208@patient.mssante.fr"
    own = f"{message.patient.ins.value}@patient.mssante.fr"
    content = envelope.content.replace(b"To: " + own.encode(), b"To: " + other.encode())
    return replace(envelope, recipients=(other,), content=content)


def _plain(session: Any, mailbox: str, token: str) -> None:
    blob = base64.b64encode(f"\0{mailbox}\0{token}".encode()).decode("ascii")
    code, _ = session.docmd("AUTH", f"PLAIN {blob}")
    if code != 235:
        raise RefusedError("JETON_REFUSE", "La messagerie refuse l'authentification.")


def _any_cipher(original: Any, *arguments: Any) -> Any:
    context = original(*arguments)
    context.set_ciphers("ALL")
    return context


def _subject_with(change: Callable[[str, Any], str]) -> Any:
    def write(original: Any, message: Any) -> str:
        return change(original(message), message.patient.traits)

    return around(f"{_MESSAGE}:subject", write)


def _in_lower_case(subject: str, traits: Any) -> str:
    return subject.replace(traits.birth_name, traits.birth_name.title())


def _own_pdf(original: Any, content: bytes) -> bytes:
    return original(content) + b"\n% imprime depuis l'ecran\n"


def _new_message_id(original: Any, shipper: Any, shipment: Any) -> Any:
    fresh = f"<{_next()}.{shipment.message_id.strip('<>')}>"
    return original(shipper, replace(shipment, message_id=fresh))


_numbers = iter(range(1, 10_000))


def _next() -> int:
    return next(_numbers)


DEFECTS = (
    broken(
        "mss-reference-produit-oubliee",
        "X-MSS-NIL manque",
        "envoi-confrere",
        "MSS-H01",
        mail("X-MSS-NIL: [^\r]*\r\n", ""),
    ),
    broken(
        "mss-reference-produit-d-exemple",
        "X-MSS-NIL est la valeur d'exemple du référentiel",
        "envoi-confrere",
        "MSS-H01",
        mail("X-MSS-NIL: [^\r]*", "X-MSS-NIL: 123456"),
    ),
    broken(
        "mss-code-du-document-du-logiciel",
        "X-MSS-CODECDA est le code du document dans le logiciel",
        "envoi-confrere",
        "MSS-H02",
        mail("X-MSS-CODECDA: [^\r]*", "X-MSS-CODECDA: CR-CONSULT"),
    ),
    broken(
        "mss-ins-non-annoncee",
        "X-MSS-INS reste à N alors que l'archive porte une INS",
        "envoi-confrere",
        "MSS-H03",
        mail("X-MSS-INS: O", "X-MSS-INS: N"),
    ),
    broken(
        "mss-fin-de-conversation-a-un-confrere",
        "X-MSS-MES: FIN est ajouté à tous les messages",
        "envoi-confrere",
        "MSS-H04",
        mail("X-MSS-NIL:", "X-MSS-MES: FIN\r\nX-MSS-NIL:"),
    ),
    broken(
        "mss-identifiant-de-message-sans-domaine",
        "Message-ID n'a pas de domaine",
        "envoi-confrere",
        "MSS-H05",
        mail("Message-ID: [^\r]*", "Message-ID: <message-1>"),
    ),
    broken(
        "mss-identifiant-de-message-fixe",
        "Message-ID est le même pour tous les messages",
        "deux-envois",
        "MSS-H05 X-10",
        around(f"{_IDS}.message_id", lambda _original, _ids, domain: f"<envoi@{domain}>"),
    ),
    broken(
        "mss-objet-de-reponse",
        "Une réponse n'a ni In-Reply-To ni References",
        "envoi-confrere",
        "MSS-H06 MSS-S01",
        mail("Subject:", "Subject: Re:"),
    ),
    broken(
        "mss-expediteur-sans-libelle",
        "L'expéditeur est son adresse seule",
        "envoi-confrere",
        "MSS-H07",
        mail("From:[^<]*<([^>]+)>", r"From: \1"),
    ),
    broken(
        "mss-expediteur-du-secretariat",
        "From est l'adresse du secrétariat et non celle de la boîte qui envoie",
        "envoi-confrere",
        "MSS-H08",
        mail("(From:[^<]*<)[^@]+", r"\1secretariat"),
    ),
    broken(
        "mss-objet-libre",
        "L'objet est celui que l'utilisateur a saisi",
        "envoi-confrere",
        "MSS-S01",
        put(f"{_MESSAGE}:subject", lambda _mail: "Compte rendu de votre patient"),
    ),
    broken(
        "mss-libelle-du-logiciel",
        "Le libellé de l'objet est celui du logiciel et non celui du document",
        "envoi-confrere",
        "MSS-S02",
        around(f"{_MESSAGE}:_type_label", lambda _original, _document: "Courrier"),
    ),
    broken(
        "mss-nombre-de-documents-oublie",
        "L'objet d'un message de deux documents dit le type du premier",
        "envoi-groupe",
        "MSS-S02",
        _subject_with(
            lambda subject, _traits: subject.replace("2 documents", "Lettre d'adressage")
        ),
    ),
    broken(
        "mss-nom-en-minuscules",
        "Le nom de l'objet n'est pas en capitales",
        "envoi-confrere",
        "MSS-S01 MSS-S03",
        _subject_with(_in_lower_case),
    ),
    broken(
        "mss-nom-utilise-dans-l-objet",
        "Le nom de l'objet est le nom utilisé",
        "envoi-nom-utilise",
        "MSS-S03",
        _subject_with(lambda subject, t: subject.replace(t.birth_name, t.used_name)),
    ),
    broken(
        "mss-corps-en-latin-1",
        "Le corps du message est en ISO-8859-1",
        "envoi-confrere",
        "MSS-B01",
        mail('text/plain; charset="utf-8"', 'text/plain; charset="iso-8859-1"'),
    ),
    broken(
        "mss-archive-renommee",
        "L'archive porte le nom du patient",
        "envoi-confrere",
        "MSS-X01 MSS-H02 MSS-H03",
        put(f"{_XDM}:FILE_NAME", "documents.zip"),
    ),
    broken(
        "mss-lisez-moi-oublie",
        "README.TXT manque à l'archive",
        "envoi-confrere",
        "MSS-X02",
        _files(_without_readme),
    ),
    broken(
        "mss-deux-lots",
        "METADATA.XML décrit deux lots",
        "envoi-confrere",
        "MSS-X03",
        _files(_two_lots),
    ),
    broken(
        "mss-document-reformate-apres-empreinte",
        "Le document est réindenté après le calcul de son empreinte",
        "envoi-confrere",
        "MSS-X04",
        _files(_reindented),
    ),
    broken(
        "mss-patient-local-dans-la-fiche",
        "patientId de la fiche est l'identifiant local, celui du lot est l'INS",
        "envoi-confrere",
        "MSS-X05",
        entry(patient_id="p1^^^&2.25.208769918343938067399439369971024257366.2&ISO^PI"),
    ),
    broken(
        "mss-nom-de-fichier-long",
        "Les fichiers de l'archive gardent leur nom long",
        "envoi-confrere",
        "MSS-X07",
        _files(_long_name),
    ),
    broken(
        "mss-titre-de-l-ecran",
        "Le titre des métadonnées de l'archive est celui de l'écran",
        "envoi-confrere",
        "CDA-29",
        entry(title="Courrier du logiciel"),
    ),
    broken(
        "mss-pdf-imprime-a-part",
        "Le PDF joint est imprimé de nouveau et n'est pas celui du CDA",
        "envoi-confrere",
        "MSS-P01",
        around(f"{_MESSAGE}:encapsulated_pdf", _own_pdf),
    ),
    broken(
        "mss-pdf-au-nom-du-fichier-temporaire",
        "Le PDF joint garde le nom du fichier temporaire",
        "envoi-confrere",
        "MSS-P02",
        put(f"{_MESSAGE}:pdf_name", lambda *_arguments: "impression-0001.pdf"),
    ),
    broken(
        "mss-pdf-ordinaire",
        "Le PDF du document ne déclare pas être un PDF/A",
        "envoi-confrere",
        "CDA-31 MSS-P03",
        written("reference_impl.documents.pdf:render", "pdfaid:part", "pdfxid:part"),
    ),
    broken(
        "mss-accuse-de-lecture-au-secretariat",
        "L'accusé de lecture est demandé pour une autre boîte",
        "envoi-confrere",
        "MSS-N01",
        mail(
            "X-MSS-NIL:",
            "Disposition-Notification-To: secretariat@medecin.banc.mssante.fr\r\nX-MSS-NIL:",
        ),
    ),
    broken(
        "mss-fin-dans-l-objet",
        "La fin de conversation est écrite [FIN] au bout de l'objet",
        "envoi-usager",
        "MSS-C06",
        _subject_with(lambda subject, _traits: f"{subject} [FIN]"),
    ),
    broken(
        "mss-adresse-de-l-usager-sans-cle",
        "L'adresse de l'usager est formée du matricule sans sa clé",
        "envoi-usager",
        "INS-T-07 MSS-C01",
        put(f"{_MESSAGE}:patient_address", _address_without_key),
        around("reference_impl.gestures.exchanges:_recipients", _to_the_address_without_key),
    ),
    broken(
        "mss-adresse-d-un-autre-usager",
        "Le message part à l'adresse du patient ouvert avant",
        "envoi-usager",
        "MSS-C01",
        around(f"{_MESSAGE}:build", _to_the_patient_opened_before),
    ),
    broken(
        "mss-ins-d-une-identite-recuperee",
        "Le document d'une identité récupérée part à un confrère avec son INS",
        "identite-recuperee",
        "INS-T-01 INS-T-09 MSS-C02",
        put(
            "reference_impl.people:Patient.qualified",
            property(lambda patient: patient.ins is not None),
        ),
    ),
    broken(
        "mss-horloge-en-avance",
        "Date est en avance de deux heures",
        "envoi-confrere",
        "X-09",
        mail(r"(Date: \w+, \d+ \w+ )(\d{4})", lambda f: f"{f[1]}{int(f[2]) + 1}"),
    ),
    broken(
        "mss-reprise-sous-un-autre-identifiant",
        "Après une réponse perdue, le message repart sous un nouveau Message-ID",
        "envoi-sans-reponse",
        "X-12",
        around("reference_impl.shipping:MailShipper.ship", _new_message_id),
        injection=Injection("mssante", "couper-apres-data", "SMTP"),
    ),
    broken(
        "mss-starttls-oublie",
        "L'authentification part avant STARTTLS",
        "envoi-confrere",
        "MSS-T03",
        put(f"{_SMTP}:smtplib.SMTP.starttls", lambda _session, **_options: (220, b"")),
    ),
    broken(
        "mss-mot-de-passe",
        "L'authentification est PLAIN au lieu de XOAUTH2",
        "envoi-confrere",
        "MSS-A01",
        put(f"{_SMTP}:_authenticate", _plain),
    ),
    broken(
        "mss-suites-de-chiffrement-anciennes",
        "Le client propose aussi les suites TLS d'avant 2014",
        "envoi-confrere",
        "MSS-T02",
        around("reference_impl.mss.client:tls_context", _any_cipher),
    ),
)

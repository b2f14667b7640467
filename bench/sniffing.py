"""Telling what a captured file is: bytes to a message of a service, or to an artefact."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml import etree

from bench import psc_files
from bench.errors import UsageError
from rules.artefact import Artefact, MalformedError
from rules.context import Envelope
from rules.exchange import Message
from rules.formats import apcv, dmp, insi, prescription_wire, psc_reading
from rules.formats.apcv_traces import SoftwareTraces, is_traces
from rules.formats.cartouche import Cartouche, is_cartouche
from rules.formats.cda import ClinicalDocument
from rules.formats.code2d import Code2D, Code2DPicture, is_code2d
from rules.formats.datamatrix import InsDatamatrix, InsPicture, is_ins_text
from rules.formats.mail import parse_mail
from rules.formats.ordonnance_page import PrintedOrdonnance, is_ordonnance
from rules.formats.pdf import PdfDocument
from rules.formats.prescription import Ordonnance
from rules.formats.prescription_adapter import SOAP, adapter_of, adapters
from rules.formats.prescription_number import CarriedNumber
from rules.formats.symbols import PictureError, is_picture, read_picture
from rules.formats.vihf import Vihf
from rules.formats.xades import Xades
from rules.formats.xdm import XdmArchive
from rules.formats.xds import XOP
from rules.xml import parse_xml

REQUEST_LINE = re.compile(rb"^(GET|POST|PUT|DELETE|PATCH|HEAD|OPTIONS) \S+ HTTP/1\.[01]\r?\n")
STATUS_LINE = re.compile(rb"^HTTP/1\.[01] \d{3}[^\r\n]*\r?\n")
MAIL_HEADER = re.compile(rb"^[A-Za-z][A-Za-z0-9-]*:[ \t]")
BOUNDARY = re.compile(rb"^--([^\r\n]+)\r?\n")

_SHOWN = rb"(?:e-prescription\s+)?(?:N\s?(?:\xc2\xb0|\xb0)\s*)?"
NUMBER = re.compile(
    rb"\s*(?:" + _SHOWN + rb"([0-9A-Za-z]{16,20})|(?=e-|N)" + _SHOWN + rb"([0-9A-Za-z]{1,40}))\s*"
)
"""The number of an ordonnance: one character too few or too many, any count once it is named."""
_TYPED_DIGITS = 4
"""Digits that the name of a file that does not exist needs to be taken for a number."""

NAMES = {
    "insi": "INSi",
    "dmp": "DMP",
    "psc": "Pro Santé Connect",
    "prescription": "ordonnance numérique",
    "apcv": "appli carte Vitale",
}

ANSWERED = {"accesExecutions", "avertissements", "dejaEnregistree", "etat", "ordonnance"}
"""Neutral keys that only answers of the ordonnance numérique have."""

SOAP_NS = ("http://www.w3.org/2003/05/soap-envelope", "http://schemas.xmlsoap.org/soap/envelope/")
SOAP_12 = "application/soap+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """A file recognised: what it is in French, and its wire or its artefacts."""

    kind: str
    service: str = ""
    """Service of a request or an answer; empty for a document."""
    message: Message | None = None
    answer: bool = False
    parts_apart: bool = False
    """The envelope names parts (``xop:Include``) that the file does not hold."""
    read: Callable[[], Iterable[Artefact]] = tuple


def sniff(data: bytes, envelope: Envelope | None = None) -> Sniffed:
    """Recognise a file by its content. Raises UsageError when nothing fits."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    for recognised, read in _KINDS:
        if recognised(data, start):
            return read(data, start)
    if MAIL_HEADER.match(data):
        return Sniffed("courriel MSSanté", "mssante", read=lambda: [parse_mail(data, envelope)])
    if NUMBER.fullmatch(start):
        return _number(start)
    text = data.decode("utf-8", "replace")
    if is_traces(text):
        return Sniffed("traces du logiciel", read=lambda: [SoftwareTraces(text)])
    if is_ordonnance(text):
        return Sniffed("texte d'une ordonnance", read=lambda: [PrintedOrdonnance.of_text(text)])
    if is_cartouche(text):
        return Sniffed("texte d'un cartouche", read=lambda: [Cartouche(text)])
    raise UsageError(
        "contenu non reconnu. Le banc lit : IHE_XDM.zip, CDA, .eml, message SOAP, multipart, "
        "requête ou réponse HTTP, VIHF, XAdES, PDF, JSON et jetons de Pro Santé Connect, "
        "datamatrix INS, Code 2D d'ordonnance et code d'une appli carte Vitale (texte, PNG, JPEG, "
        "TIFF), numéro et texte d'une ordonnance, texte d'un cartouche, traces datées."
    )


def is_typed(argument: str) -> bool:
    """Whether an argument that is no file is what would be in one: a number, a Code 2D."""
    said = argument.encode("utf-8", "surrogateescape")
    digits = sum(map(str.isdigit, argument))
    return is_code2d(said) or (bool(NUMBER.fullmatch(said)) and digits >= _TYPED_DIGITS)


def parse_http(data: bytes) -> Message:
    """Split a captured HTTP message: start line, headers, body as it is."""
    head, separator, body = data.partition(b"\r\n\r\n")
    if not separator or b"\n\n" in head:
        head, _, body = data.partition(b"\n\n")
    lines = head.decode("utf-8", "surrogateescape").replace("\r\n", "\n").split("\n")
    headers = tuple(
        (name.strip(), value.strip())
        for name, colon, value in (line.partition(":") for line in lines[1:])
        if colon
    )
    return Message(lines[0].strip(), headers, body)


def _http(data: bytes) -> Sniffed:
    message = parse_http(data)
    answer = data.startswith(b"HTTP/")
    service = _service_of_body(message) if answer else _service_of_path(message)
    word = "réponse" if answer else "requête"
    return Sniffed(
        f"{word} {NAMES[service]}",
        service,
        message,
        answer,
        read=lambda: _artefacts(service, message, answer),
    )


def _service_of_path(message: Message) -> str:
    path = urlsplit(message.target).path
    if path.startswith("/wssoap/apcv/"):
        return "apcv"
    if adapter_of(message) is not None or "/epresc" in path:
        return "prescription"
    if "/si-dmp-server/" in path:
        return "dmp"
    if path.rstrip("/").endswith("/lps"):
        return "insi"
    return "psc"


def _service_of_body(message: Message) -> str:
    kind = (message.header("Content-Type") or "").lower()
    if kind.startswith("multipart/"):
        return "dmp"
    if "xml" in kind:
        return _service_of_xml(message.body)
    return "prescription" if _answers_of_ordonnance(message) else "psc"


def _answers_of_ordonnance(message: Message) -> bool:
    answer = prescription_wire.read_answer(message)
    told = answer is not None and bool(ANSWERED & set(answer.content))
    return told or (answer is not None and (answer.error or "").startswith("EP-"))


def _service_of_xml(body: bytes) -> str:
    if apcv.is_apcv(body):
        return "apcv"
    spaces = (space for a in adapters() for space in a.spaces)
    if any(space.encode() in body for space in spaces):
        return "prescription"
    marks = (b"cnamts.fr", b"urn:siram", b"ServiceIdentiteCertifiee")
    return "insi" if any(mark in body for mark in marks) else "dmp"


def _artefacts(service: str, message: Message, answer: bool) -> Iterable[Artefact]:
    if service == "psc":
        reader = psc_reading.read_answer if answer else psc_reading.read_request
        return list(reader(message))
    if service in ("prescription", "apcv"):
        wire = apcv if service == "apcv" else prescription_wire
        read = wire.read_answer if answer else wire.read_request
        called = read(message)
        return [] if called is None else [called]
    if service == "dmp":
        return [dmp.read_answer(message) if answer else dmp.read_request(message)]
    if answer:
        found = insi.read_answer(message)
        return [found] if found is not None else []
    request = insi.read_request(message)
    return [request]


def _xml(data: bytes) -> Sniffed:
    try:
        root = parse_xml(data, check_id="CDA-01")
    except MalformedError as error:
        found = error
        return Sniffed("document XML illisible", read=lambda: _raise(found))
    name = etree.QName(root)
    if name.localname == "Envelope" and name.namespace in SOAP_NS:
        return _soap(data, root)
    if name.localname == "Signature":
        return Sniffed("signature XAdES", read=lambda: [Xades.parse(data)])
    if name.localname == "Assertion":
        return Sniffed("jeton VIHF", read=lambda: [Vihf.parse(data)])
    if name.localname == "ClinicalDocument":
        return Sniffed("document CDA", read=lambda: [ClinicalDocument.parse(data)])
    raise UsageError(f"XML dont la racine <{name.localname}> n'est pas connue du banc.")


def _soap(data: bytes, root: etree._Element) -> Sniffed:
    service = _service_of_xml(data)
    body = next((e for e in root if etree.QName(e).localname == "Body"), None)
    payload = body[0] if body is not None and len(body) else None
    local = etree.QName(payload).localname if payload is not None else ""
    answer = local.endswith(("Response", "Result", "Rep")) or local in (
        "RESULTAT", "Fault", "PRPA_IN201308UV02", "setAuthorizationResponse",
    )  # fmt: skip
    if service == "prescription" and payload is not None:
        tag = str(payload.tag)
        answer = (answer or any(a.answered_by(tag) for a in adapters())) and not _asked(tag)
    if service == "apcv":
        # What its Content-Type said (the action) is unknown: nothing is made up.
        bare = Message("", (), data)
        return Sniffed(
            f"{'réponse' if answer else 'requête'} SOAP {NAMES[service]}",
            service,
            answer=answer,
            read=lambda: _artefacts(service, bare, answer),
        )
    if answer:
        message = Message("HTTP/1.1 200 OK", (("Content-Type", SOAP_12),), data)
    else:
        path = _soap_path(service, "" if payload is None else str(payload.tag), local)
        message = Message(f"POST {path} HTTP/1.1", (("Content-Type", SOAP_12),), data)
    word = "réponse" if answer else "requête"
    return Sniffed(
        f"{word} SOAP {NAMES[service]}",
        service,
        message,
        answer,
        parts_apart=next(root.iter(f"{{{XOP}}}Include"), None) is not None,
        read=lambda: _artefacts(service, message, answer),
    )


def _asked(tag: str) -> list[str]:
    """Paths of the calls of the ordonnance numérique that have this element."""
    return [a.asked_by(tag)[0].path for a in adapters() if a.asked_by(tag)]


def _soap_path(service: str, tag: str, local: str) -> str:
    if service == "prescription":
        return (_asked(tag) or [a.address for a in adapters() if a.form == SOAP])[-1]
    return "/lps" if service == "insi" else _dmp_path(local)


def _dmp_path(local: str) -> str:
    ends = {
        "PRPA_IN201307UV02": "patients",
        "setAuthorization": "habilitations",
        "AdhocQueryRequest": "registry",
        "SubmitObjectsRequest": "registry",
    }
    return dmp.SERVICE_PATH + ends.get(local, "repository")


def _multipart(start: bytes) -> Sniffed:
    match = BOUNDARY.match(start)
    boundary = match[1].decode("ascii", "replace").strip() if match else ""
    kind = f'multipart/related; type="application/xop+xml"; boundary="{boundary}"'
    answer = b"RegistryResponse" in start or b"RetrieveDocumentSetResponse" in start
    line = "HTTP/1.1 200 OK" if answer else f"POST {dmp.SERVICE_PATH}repository HTTP/1.1"
    message = Message(line, (("Content-Type", kind),), start)
    word = "réponse" if answer else "requête"
    return Sniffed(
        f"{word} DMP multipart",
        "dmp",
        message,
        answer,
        read=lambda: _artefacts("dmp", message, answer),
    )


def _datamatrix(data: bytes) -> Sniffed:
    text = data.rstrip(b"\r\n")
    return Sniffed("datamatrix INS (texte)", read=lambda: [InsDatamatrix.parse(text)])


def _number(start: bytes) -> Sniffed:
    """What a number says of date, time and rank is in its kind."""
    match = NUMBER.fullmatch(start)
    carried = CarriedNumber((match[1] or match[2]).decode() if match else "")
    said = f" : {carried.number.said()}" if carried.number else ""
    return Sniffed(f"numéro d'ordonnance{said}", read=lambda: [carried])


def _pdf(data: bytes) -> Sniffed:
    try:
        document = PdfDocument.parse(data)
    except MalformedError as error:
        found = error
        return Sniffed("document PDF", read=lambda: _raise(found))
    kind = "document PDF" if document.ordonnance is None else "ordonnance imprimée (PDF)"
    return Sniffed(kind, read=lambda: [document])


def _picture(data: bytes) -> Sniffed:
    """Every symbol the bench knows; what a picture shows is said before anything is judged."""
    try:
        symbols = read_picture(data)
    except PictureError as error:
        raise UsageError(f"{error}.") from error
    phones = [each for each in map(_phone, (s.data for s in symbols)) if each.likely]
    if phones:
        return Sniffed("image du code d'une appli carte Vitale", read=lambda: phones)
    codes, found = Code2DPicture.of(symbols), InsPicture.of(symbols)
    if codes.codes or codes.flaws:
        return Sniffed("image de Code 2D", read=lambda: [codes])
    if not found.datamatrices and not found.flaws:
        raise UsageError(_nothing_read(len(symbols)))
    return Sniffed("image de datamatrix INS", read=lambda: [found])


def _phone(data: bytes) -> apcv.ApcvData:
    """A scanner adds a line end; no code begins nor ends with a space."""
    return apcv.ApcvData(data.decode("latin-1").strip())


def _nothing_read(others: int) -> str:
    if others:
        return (
            "l'image porte un symbole, mais ce n'est pas un datamatrix INS (il commence par IS01), "
            "ni le Code 2D d'une ordonnance."
        )
    return (
        "aucun datamatrix lisible sur cette image, ni QR code : la prendre de plus près, à plat, "
        "nette et sans reflet, avec un peu de blanc autour du symbole."
    )


def _raise(error: MalformedError) -> Iterable[Artefact]:
    raise error


_KINDS: tuple[tuple[Callable[[bytes, bytes], bool], Callable[[bytes, bytes], Sniffed]], ...] = (
    (
        lambda data, _: data.startswith(b"PK\x03\x04"),
        lambda data, _: Sniffed("archive IHE_XDM", read=lambda: [XdmArchive.parse(data)]),
    ),
    (lambda data, _: data.startswith(b"%PDF-"), lambda data, _: _pdf(data)),
    (lambda data, _: is_picture(data), lambda data, _: _picture(data)),
    (lambda _, start: is_ins_text(start), lambda _, start: _datamatrix(start)),
    (
        lambda _, start: _phone(start[:64]).likely,
        lambda _, start: Sniffed(
            "code d'une appli carte Vitale (texte)", read=lambda: [_phone(start)]
        ),
    ),
    (
        lambda data, _: bool(REQUEST_LINE.match(data) or STATUS_LINE.match(data)),
        lambda data, _: _http(data),
    ),
    (lambda _, start: start.startswith(b"<"), lambda data, _: _xml(data)),
    (
        lambda _, start: start.startswith(b"--") and not start.startswith(b"-----BEGIN "),
        lambda _, start: _multipart(start),
    ),
    (
        lambda _, start: is_code2d(start),
        lambda _, start: Sniffed(
            "Code 2D (texte)", read=lambda: [Code2D.parse(start.rstrip(b"\r\n"))]
        ),
    ),
    (
        lambda _, start: start.startswith(b"{") and b'"eprescType"' in start,
        lambda data, _: Sniffed(
            "ordonnance (modèle du banc)", read=lambda: [Ordonnance.parse(data)]
        ),
    ),
    (
        lambda _, start: start.startswith((b"{", b"[")),
        lambda data, _: Sniffed("réponse JSON", "psc", read=lambda: psc_files.answers(data)),
    ),
    (
        lambda _, start: start.startswith(b"eyJ"),
        lambda data, _: Sniffed("jeton JWT", "psc", read=lambda: psc_files.token(data)),
    ),
)
"""How each kind of file is recognised from its bytes and their first significant ones."""

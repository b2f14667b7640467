"""Appli carte Vitale: scanned content, envelope, addressing and software (AV-01, 02, 03, 08).

Source: sheet ``apcv`` §2, §3 and §9 (exchange seen on the qualification platform).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from rules.checking import check
from rules.checks.apcv_facts import EXIGENCES
from rules.checks.insi import UUID, lps_fields
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.apcv import ApcvData, ApcvRequest
from rules.formats.apcv_names import (
    AUTHENTICATE,
    DESTROY,
    ELEMENTS,
    PATH_AUTH,
    PATH_SIGN,
    SIGN,
)
from rules.formats.insi import ContexteLps
from rules.formats.soap import MEDIA_TYPE_SOAP12, WSA_ANONYMOUS

_MESSAGE_ID = re.compile(rf"urn:uuid:{UUID}")


@check(
    "AV-01",
    title="Le contenu scanné est transmis entier : Base45, en-tête APCV0101, point P-256, bloc",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §2 (échange observé)",
)
def data_whole(data: ApcvData, context: Context) -> Iterator[Finding]:
    """For a file; in a journal, what the scanner typed is known and compared instead."""
    if context.before is None:
        yield from damaged(data)


@check(
    "AV-01",
    title="La demande d'authentification porte le contenu scanné",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §4.1 (échange observé)",
)
def data_present(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """Nothing else names the patient."""
    if request.operation == AUTHENTICATE and (request.data is None or not request.data.text):
        yield Finding(
            "/Envelope/Body//Donnees",
            "le texte du QR code ou du NFC",
            "absent" if request.data is None else "vide",
            "Mettre dans Donnees le texte du lecteur, tel quel.",
        )


def damaged(data: ApcvData) -> Iterator[Finding]:
    """What no phone could have shown."""
    flaw = data.flaw if data.text else None
    if flaw is not None:
        yield Finding(
            f"{data.place}, {flaw.place}",
            flaw.expected,
            flaw.found,
            "Transmettre le texte du lecteur sans y toucher : ni troncature, ni changement de "
            "casse, ni espaces réduites, et un clavier du lecteur réglé comme celui du poste.",
            severity=None if flaw.sure else Severity.REVIEW,
        )


@check(
    "AV-02",
    title="L'appel est un POST SOAP 1.2 dont l'action est celle de l'élément du corps",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.1 (échange observé)",
)
def soap12_with_action(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """Envelope, wsa:Action, parameter ``action`` of Content-Type when the head is known."""
    if request.soap.version != "1.2":
        yield Finding(
            "/Envelope",
            "l'espace de noms de SOAP 1.2",
            f"SOAP {request.soap.version}",
            "Construire l'enveloppe en SOAP 1.2.",
        )
    expected = request.expected_action
    if expected is None:
        payload = request.soap.payload
        yield Finding(
            "/Envelope/Body",
            " ou ".join(f"{stem}Req" for _, stem in ELEMENTS.values()),
            "corps vide" if payload is None else str(payload.tag),
            "Placer dans le corps l'élément de l'opération appelée, dans son espace de noms.",
            rejects="desir_9011",
        )
        return
    yield from _named(request)
    if request.soap.action != expected:
        yield Finding(
            "/Envelope/Header/Action",
            expected,
            request.soap.action or "absent",
            "Mettre dans wsa:Action l'URN de l'opération qui correspond au corps.",
        )
    if request.http is not None:
        yield from _head(request, expected)


def _named(request: ApcvRequest) -> Iterator[Finding]:
    if request.operation in (DESTROY, SIGN) and not request.context_id:
        yield Finding(
            "/Envelope/Body//ContexteApCV/Identifiant",
            "l'identifiant du contexte",
            "absent",
            "Nommer le contexte par l'identifiant rendu à l'authentification.",
        )


def _head(request: ApcvRequest, expected: str) -> Iterator[Finding]:
    assert request.http is not None
    path = urlsplit(request.http.target).path
    wanted = PATH_SIGN if ":ApCV_SIGN:" in expected else PATH_AUTH
    if request.http.method != "POST" or path != wanted:
        yield Finding(
            "ligne de requête",
            f"POST {wanted}",
            f"{request.http.method} {path}",
            "Envoyer chaque opération par POST à l'adresse de son service.",
        )
    kind = request.soap.media_type
    if kind.name != MEDIA_TYPE_SOAP12 or kind.parameter("action") != expected:
        yield Finding(
            "en-tête Content-Type",
            f'{MEDIA_TYPE_SOAP12}; action="{expected}"',
            request.http.header("Content-Type") or "absent",
            f"Annoncer {MEDIA_TYPE_SOAP12} et donner au paramètre action la valeur de wsa:Action.",
        )


@check(
    "AV-03",
    title="MessageID est urn:uuid:<UUID>, To est l'adresse appelée, la réponse revient par la même "
    "connexion",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.1 (échange observé)",
)
def addressed(request: ApcvRequest, _context: Context) -> Iterator[Finding]:
    """``To`` is compared with the Host header and the path when they are known.

    Without ReplyTo the answer comes back the same way (WS-Addressing 1.0 §3.2).
    """
    soap = request.soap
    if soap.message_id is None or not _MESSAGE_ID.fullmatch(soap.message_id):
        yield Finding(
            "/Envelope/Header/MessageID",
            "urn:uuid:<UUID>",
            soap.message_id or "absent",
            "Générer un UUID à chaque appel et l'écrire précédé de « urn:uuid: ».",
        )
    called = _called(request)
    if not soap.to or called not in (None, _plain(soap.to)):
        yield Finding(
            "/Envelope/Header/To",
            called or "l'adresse du service",
            soap.to or "absent",
            "Mettre dans wsa:To l'adresse à laquelle le message est envoyé.",
        )
    if soap.reply_to not in (None, WSA_ANONYMOUS):
        yield Finding(
            "/Envelope/Header/ReplyTo/Address",
            WSA_ANONYMOUS,
            soap.reply_to or "vide",
            "Mettre l'adresse anonyme de WS-Addressing dans wsa:ReplyTo.",
            severity=Severity.MINOR,
        )


def _called(request: ApcvRequest) -> str | None:
    host = request.http.header("Host") if request.http else None
    if host is None or request.http is None:
        return None
    return _plain(f"https://{host}{urlsplit(request.http.target).path}")


def _plain(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.lower().removesuffix(':443')}{parts.path}"


@check(
    "AV-08",
    title="ContexteLPS identifie le logiciel : IDAM de l'éditeur, version, instance, nom",
    severity=Severity.BLOCKING,
    exigences=EXIGENCES,
    source="Fiche ApCV §3.3 (échange observé)",
)
def lps_complete(request: ApcvRequest, context: Context) -> Iterator[Finding]:
    """The number and the version are compared with those declared to the bench."""
    place = "/Envelope/Header/ContexteLPS"
    block = None if request.lps is None else ContexteLps(request.lps.element)
    if block is None or not block.idam:
        yield Finding(
            f"{place}/LPS/IDAM",
            "le numéro d'autorisation CNDA du logiciel",
            "absent",
            "Envoyer ContexteLPS avec LPS/IDAM, le numéro d'autorisation remis par le CNDA.",
            rejects="desir_550",
        )
    if block is None:
        return
    yield from lps_fields(block, place)
    yield from _sender(request, block, place)
    declared = context.environment.software
    for name, found, expected in (
        ("IDAM", block.idam, declared.idam if declared else None),
        ("Version", block.software_version, declared.version if declared else None),
    ):
        if found and expected and found != expected:
            yield Finding(
                f"{place}/LPS/{name}",
                expected,
                found,
                f"Envoyer dans LPS/{name} la valeur déclarée par l'éditeur pour ce produit.",
            )


def _sender(request: ApcvRequest, block: ContexteLps, place: str) -> Iterator[Finding]:
    """Emetteur is the idNat of whoever calls: NameID, or the holder of the card."""
    saml = request.assertion.saml if request.assertion else None
    signer = saml.signature.certificate if saml and saml.signature else None
    callers = [saml.name_id if saml else None, signer.common_name if signer else None]
    known = [name for name in callers if name]
    if not block.sender or (known and block.sender not in known):
        yield Finding(
            f"{place}/Emetteur",
            known[0] if known else "l'identifiant national du professionnel",
            block.sender or "absent",
            "Mettre dans Emetteur l'identifiant national du professionnel qui appelle.",
            severity=Severity.MINOR if block.sender else None,
        )

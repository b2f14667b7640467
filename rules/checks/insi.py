"""INSi requests: envelope, addressing and the two SIRAM contexts (INS-W-01 … W-08).

Sources: WSDL 1.5.0 ``ServiceIdentiteCertifiee`` and its schemas; SEL-MP-043 (second
hand); sheet ``ins-insi`` §2.3–2.7 and §7. What the real service does not enforce is
still judged: the schema asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rules.checking import check
from rules.context import Context
from rules.findings import Finding, Severity
from rules.formats.certificate import peer_certificate
from rules.formats.insi import (
    ACTION_PREFIX,
    PAYLOADS,
    ContexteBam,
    ContexteLps,
    InsiAssertion,
    InsiRequest,
)
from rules.formats.soap import MEDIA_TYPE_SOAP12
from rules.judge import JournalView

SEARCH = ("INS/va1.34",)
"""Recherche INSi par traits et par carte Vitale: what a wrong request puts at stake."""

UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
_MESSAGE_ID = re.compile(rf"(urn:uuid:|uuid:)?{UUID}")


@check(
    "INS-W-01",
    title="L'appel est un POST SOAP 1.2 sur /lps, en application/soap+xml",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="WSDL DESIR_ICIR_EXP 1.5.0 ; fiche INSi §2.1 et §2.3",
    rejects="desir_9010",
)
def soap12_on_lps(request: InsiRequest, _context: Context) -> Iterator[Finding]:
    """Envelope namespace; method, path and content type when the HTTP head is known."""
    if request.soap.version != "1.2":
        yield Finding(
            "/Envelope",
            "l'espace de noms de SOAP 1.2",
            f"SOAP {request.soap.version}",
            "Construire l'enveloppe en SOAP 1.2 : la liaison du WSDL n'en admet pas d'autre.",
        )
    if request.http is None:
        return
    path = request.http.target.partition("?")[0]
    if request.http.method != "POST" or path != "/lps":
        yield Finding(
            "ligne de requête",
            "POST /lps",
            f"{request.http.method} {path}",
            "Envoyer chaque opération par POST à l'adresse /lps.",
        )
    if request.soap.media_type.name != MEDIA_TYPE_SOAP12:
        yield Finding(
            "en-tête Content-Type",
            f"{MEDIA_TYPE_SOAP12}; charset=utf-8",
            request.http.header("Content-Type") or "absent",
            f"Annoncer {MEDIA_TYPE_SOAP12} : text/xml est le type de SOAP 1.1.",
        )


@check(
    "INS-W-02",
    title="wsa:Action et l'élément du corps désignent la même opération",
    severity=Severity.BLOCKING,
    exigences=SEARCH,
    source="WSDL DESIR_ICIR_EXP 1.5.0, soapAction ; fiche INSi §2.1, §2.2",
)
def action_names_operation(request: InsiRequest, _context: Context) -> Iterator[Finding]:
    """The body decides the operation; the action must be its URN."""
    if request.operation is None:
        payload = request.soap.payload
        yield Finding(
            "/Envelope/Body",
            " ou ".join(name.rpartition("}")[2] for name in PAYLOADS),
            "corps vide" if payload is None else str(payload.tag),
            "Placer dans le corps l'élément de l'opération appelée, dans son espace de noms.",
            rejects="desir_9011",
        )
        return
    expected = ACTION_PREFIX + request.operation
    if request.soap.action != expected:
        yield Finding(
            "/Envelope/Header/Action",
            expected,
            request.soap.action or "absent",
            "Mettre dans wsa:Action l'URN de l'opération qui correspond au corps.",
        )
    parameter = request.soap.media_type.parameter("action")
    if parameter is not None and parameter != expected:
        yield Finding(
            "en-tête Content-Type, paramètre action",
            expected,
            parameter,
            "Donner au paramètre action la valeur de wsa:Action, ou ne pas l'envoyer.",
            severity=Severity.MINOR,
        )


@check(
    "INS-W-03",
    title="Chaque appel porte un wsa:MessageID de forme uuid:<UUID>",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Fiche INSi §2.7",
)
def message_id_present(request: InsiRequest, _context: Context) -> Iterator[Finding]:
    """Bare UUID are tolerated: the official example of 2021 has one."""
    value = request.soap.message_id
    if value is None or not _MESSAGE_ID.fullmatch(value):
        yield Finding(
            "/Envelope/Header/MessageID",
            "uuid:<UUID>",
            value or "absent",
            "Générer un UUID à chaque appel et l'écrire précédé de « uuid: » dans wsa:MessageID.",
        )


@check(
    "INS-W-03",
    title="Un wsa:MessageID ne sert qu'une fois",
    severity=Severity.MINOR,
    exigences=SEARCH,
    source="Fiche INSi §2.7, §2.15 étape 8",
)
def message_id_unique(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Reuse is not refused by the service, but two calls can no longer be told apart."""
    seen: dict[str, str] = {}
    for exchange, request in view.artefacts(InsiRequest, "insi"):
        value = request.soap.message_id
        if value is None:
            continue
        if value in seen:
            yield Finding(
                "/Envelope/Header/MessageID",
                "un identifiant nouveau à chaque appel",
                f"{value}, déjà vu dans l'échange {seen[value]}",
                "Tirer un nouvel UUID pour chaque appel, y compris lors d'une nouvelle tentative.",
                exchange_id=exchange.id,
            )
        seen.setdefault(value, exchange.id)


@check(
    "INS-W-04",
    title="ContexteBAM est présent, en version 01_02, avec Id, Temps et COUVERTURE",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="ROOT_ctxbam_CTXBAM_V01_02.xsd ; fiche INSi §2.5",
)
def bam_complete(request: InsiRequest, _context: Context) -> Iterator[Finding]:
    """COUVERTURE may be empty for a search on traits, never absent."""
    bam = request.bam
    place = "/Envelope/Header/ContexteBAM"
    if bam is None:
        yield Finding(place, "présent", "absent", "Ajouter le bloc ContexteBAM à l'en-tête SOAP.")
        return
    if bam.version != "01_02":
        yield Finding(
            f"{place}/@Version",
            "01_02",
            bam.version or "absent",
            'Écrire Version="01_02" : c\'est la version du schéma de ContexteBAM.',
        )
    if not bam.id:
        yield _absent(f"{place}/Id", "un identifiant propre à l'appel")
    if not bam.time_text:
        yield _absent(f"{place}/Temps", "la date et l'heure de l'appel")
    if bam.coverage is None:
        yield _absent(f"{place}/COUVERTURE", "l'élément, vide pour une recherche sur traits")


@check(
    "INS-W-04",
    title="ContexteBAM/Temps est l'heure de l'appel, à 5 minutes près",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="ROOT_ctxbam_CTXBAM_V01_02.xsd ; fiche INSi §2.5, §7",
    needs=("observed_at",),
)
def bam_time(bam: ContexteBam, context: Context) -> Iterator[Finding]:
    """An xsd:dateTime, UTC or with its offset."""
    at = context.observed_at
    if at is None or not bam.time_text:
        return
    if bam.time is None or abs(bam.time - at) > context.environment.clock_tolerance:
        yield Finding(
            f"{bam.place}/Temps",
            f"{at:%Y-%m-%dT%H:%M:%SZ} à 5 minutes près",
            bam.time_text,
            "Dater Temps de l'instant de l'appel (UTC avec « Z », ou avec le décalage horaire).",
        )


@check(
    "INS-W-05",
    title="ContexteLPS identifie le logiciel : IDAM, version, instance, nom",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Schéma ctxlps ; fiche INSi §2.6",
)
def lps_complete(request: InsiRequest, _context: Context) -> Iterator[Finding]:
    """Without a usable IDAM the gateway lets nothing through (desir_550)."""
    lps = request.lps
    place = "/Envelope/Header/ContexteLPS"
    if lps is None or not lps.idam:
        yield Finding(
            f"{place}/LPS/IDAM",
            "le numéro d'autorisation CNDA du logiciel",
            "absent",
            "Envoyer ContexteLPS avec LPS/IDAM, le numéro d'autorisation remis par le CNDA.",
            severity=Severity.BLOCKING,
            rejects="desir_550",
        )
    if lps is not None:
        yield from lps_fields(lps, place)


def lps_fields(lps: ContexteLps, place: str) -> Iterator[Finding]:
    """What ContexteLPS must say besides the IDAM itself, in any service that takes it."""
    if lps.idam and lps.idam_type != "4":
        yield Finding(
            f"{place}/LPS/IDAM/@R",
            "4",
            lps.idam_type or "absent",
            "Écrire R=\"4\" sur IDAM : c'est le type du numéro d'autorisation.",
            severity=Severity.BLOCKING,
        )
    if lps.version != "01_00":
        yield Finding(
            f"{place}/@Version",
            "01_00",
            lps.version or "absent",
            'Écrire Version="01_00" : c\'est la version du schéma de ContexteLPS.',
        )
    for name, value, expected in (
        ("Id", lps.id, "un identifiant propre à l'appel"),
        ("Temps", lps.time_text, "la date et l'heure de l'appel"),
        ("LPS/Version", lps.software_version, "la version du logiciel"),
        ("LPS/Nom", lps.name, "urn:lps:<nom>:<version>"),
    ):
        if not value:
            yield _absent(f"{place}/{name}", expected)
    if not re.fullmatch(UUID, lps.instance or ""):
        yield Finding(
            f"{place}/LPS/Instance",
            "un UUID propre à l'installation",
            lps.instance or "absent",
            "Tirer un UUID à l'installation du logiciel et l'envoyer dans LPS/Instance.",
        )


@check(
    "INS-W-06",
    title="LPS/Instance ne change pas d'un appel à l'autre d'une installation",
    severity=Severity.MAJOR,
    exigences=SEARCH,
    source="Fiche INSi §2.6",
)
def instance_stable(view: JournalView, _context: Context) -> Iterator[Finding]:
    """One finding per new value: the first one seen is taken as the right one."""
    first: dict[str, str] = {}
    told: set[str] = set()
    for exchange, request in view.artefacts(InsiRequest, "insi"):
        lps = request.lps
        if lps is None or not lps.instance:
            continue
        expected = first.setdefault(lps.idam or "", lps.instance)
        if lps.instance != expected and lps.instance not in told:
            told.add(lps.instance)
            yield Finding(
                f"{lps.place}/LPS/Instance",
                expected,
                lps.instance,
                "Conserver l'identifiant d'instance : il est tiré à l'installation, pas à l'appel.",
                exchange_id=exchange.id,
                artefact=lps.label,
            )


@check(
    "INS-W-07",
    title="LPS/Nom est de la forme urn:lps:<nom>:<version>",
    severity=Severity.MINOR,
    exigences=SEARCH,
    source="Fiche INSi §2.6",
)
def software_name(lps: ContexteLps, _context: Context) -> Iterator[Finding]:
    """``urn:lps:<nom>`` is seen too; a version, when there, equals LPS/Version."""
    if not lps.name:
        return
    if not re.fullmatch(r"urn:lps:[^:]+(:[^:]+)?", lps.name):
        yield Finding(
            f"{lps.place}/LPS/Nom",
            "urn:lps:<nom>:<version>",
            lps.name,
            "Écrire le nom du logiciel sous la forme urn:lps:<nom>:<version>.",
        )
        return
    version = lps.name.split(":")[3:]
    if version and lps.software_version and version[0] != lps.software_version:
        yield Finding(
            f"{lps.place}/LPS/Nom",
            f"la version {lps.software_version} de LPS/Version",
            version[0],
            "Construire LPS/Nom et LPS/Version avec la même version du logiciel.",
        )


@check(
    "INS-W-08",
    title="Emetteur est l'organisation (OU) du certificat client",
    severity=Severity.MINOR,
    source="Fiche INSi §2.5 (le service réel ne le vérifie pas)",
    needs=("tls.certificate",),
)
def organisation_sender(request: InsiRequest, context: Context) -> Iterator[Finding]:
    """For a call by organisation certificate; the card's case is on the assertion."""
    certificate = peer_certificate(context.tls)
    if request.assertion is not None or certificate is None:
        return
    if certificate.organizational_units:
        yield from _senders(request, certificate.organizational_units)


@check(
    "INS-W-08",
    title="Emetteur est l'identifiant national du professionnel (NameID)",
    severity=Severity.MINOR,
    source="Fiche INSi §2.5 (le service réel ne le vérifie pas)",
)
def professional_sender(assertion: InsiAssertion, context: Context) -> Iterator[Finding]:
    """For a call under a professional's assertion."""
    request = context.within(InsiRequest)
    if isinstance(request, InsiRequest) and assertion.saml.name_id:
        yield from _senders(request, (assertion.saml.name_id,))


def _senders(request: InsiRequest, expected: tuple[str, ...]) -> Iterator[Finding]:
    for block in (request.bam, request.lps):
        if block is not None and block.sender is not None and block.sender not in expected:
            yield Finding(
                f"{block.place}/Emetteur",
                " ou ".join(expected),
                block.sender,
                "Mettre dans Emetteur l'identifiant de celui qui s'authentifie.",
                artefact=block.label,
            )


def _absent(place: str, expected: str) -> Finding:
    name = place.rpartition("/")[2]
    return Finding(place, expected, "absent", f"Renseigner {name} : le schéma l'exige.")

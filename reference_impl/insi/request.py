"""SOAP 1.2 requests of INSi: headers and ``RECSANSVITALE``.

The other requests are in :mod:`reference_impl.insi.card_request` and
:mod:`reference_impl.insi.verification`; all of them are :class:`Asked`.

Source: WSDL ``DESIR_ICIR_EXP_1.5.0`` and its schemas; sheet INS §2.4 to 2.9.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.clock import wire_instant
from reference_impl.people import SoftwareIdentity, Traits

SOAP = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
CTXBAM = "urn:siram:bam:ctxbam"
CTXLPS = "urn:siram:lps:ctxlps"
REC_SANS = "http://www.cnamts.fr/INSiRecSans"

OPERATION = "rechercherInsAvecTraitsIdentite"
ACTION_PREFIX = "urn:ServiceIdentiteCertifiee:1.0.0:"
ACTION = f"{ACTION_PREFIX}{OPERATION}"
CONTENT_TYPE = "application/soap+xml; charset=utf-8"

_soap = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_wsa = ElementMaker(namespace=WSA, nsmap={"wsa": WSA})
_wsse = ElementMaker(namespace=WSSE, nsmap={"wsse": WSSE})
bam = ElementMaker(namespace=CTXBAM, nsmap={"ctxbam": CTXBAM})
_lps = ElementMaker(namespace=CTXLPS, nsmap={"ctxlps": CTXLPS})
_ins = ElementMaker(namespace=REC_SANS, nsmap={"ins": REC_SANS})


class Asked(Protocol):
    """What one call asks, whatever its operation."""

    returns_individual: ClassVar[bool]
    """Whether a 00 comes with an identity."""

    @property
    def operation(self) -> str:
        """Name of the operation, the end of ``wsa:Action``."""
        ...

    @property
    def action(self) -> str:
        """``wsa:Action``."""
        ...

    def body(self) -> etree._Element:
        """The element of the Body."""
        ...

    def coverage(self) -> etree._Element:
        """COUVERTURE of ContexteBAM."""
        ...


@dataclass(frozen=True, slots=True)
class Criteria:
    """What one call searches: given names as sent, with the COG place or without."""

    traits: Traits
    given_names: str
    birth_place: str | None = None
    returns_individual: ClassVar[bool] = True

    @property
    def operation(self) -> str:
        """WS_INS2."""
        return OPERATION

    @property
    def action(self) -> str:
        """URN of WS_INS2."""
        return ACTION

    def body(self) -> etree._Element:
        """RECSANSVITALE."""
        return _search(self)

    def coverage(self) -> etree._Element:
        """Mandatory in the schema, and empty when no carte Vitale is read."""
        return bam.COUVERTURE()


@dataclass(frozen=True, slots=True)
class Header:
    """What the headers of one call carry; every identifier is new at each call.

    ``sender`` is the OU of the organisation certificate, or the NameID of the
    assertion. ``message_id`` is ``uuid:`` + UUID.
    """

    message_id: str
    bam_id: str
    lps_id: str
    instance: str
    sender: str
    at: datetime


def envelope(
    criteria: Asked,
    header: Header,
    software: SoftwareIdentity,
    assertion: etree._Element | None = None,
) -> bytes:
    """The request as sent, UTF-8. Without assertion there is no ``wsse:Security``."""
    blocks = [
        context_lps(header, software),
        _wsa.MessageID(header.message_id),
        _context_bam(header, criteria.coverage()),
        _wsa.Action(criteria.action),
    ]
    if assertion is not None:
        blocks.insert(0, _wsse.Security(assertion))
    document = _soap.Envelope(_soap.Header(*blocks), _soap.Body(criteria.body()))
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _search(criteria: Criteria) -> etree._Element:
    """Several given names go in one ``Prenom``, separated by spaces."""
    traits = criteria.traits
    search = _ins.RECSANSVITALE(
        _ins.NomNaissance(traits.birth_name),
        _ins.Prenom(criteria.given_names),
        _ins.Sexe(traits.sex),
        _ins.DateNaissance(traits.birth_date),
    )
    if criteria.birth_place is not None:
        search.append(_ins.LieuNaissance(criteria.birth_place))
    return search


def _context_bam(header: Header, coverage: etree._Element) -> etree._Element:
    return bam.ContexteBAM(
        bam.Id(header.bam_id),
        bam.Temps(wire_instant(header.at)),
        bam.Emetteur(header.sender),
        coverage,
        Version="01_02",
        Nature="CTXBAM",
    )


def context_lps(header: Header, software: SoftwareIdentity) -> etree._Element:
    """ContexteLPS, the same for every service of the family."""
    return _lps.ContexteLPS(
        _lps.Id(header.lps_id),
        _lps.Temps(wire_instant(header.at)),
        _lps.Emetteur(header.sender),
        _lps.LPS(
            _lps.IDAM(software.idam, R="4"),
            _lps.Version(software.version),
            _lps.Instance(header.instance),
            _lps.Nom(f"urn:lps:{software.name}:{software.version}"),
        ),
        Version="01_00",
        Nature="CTXLPS",
    )

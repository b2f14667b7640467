"""SOAP 1.2 requests of the service AUTH.

Source: sheet ApCV §3 and §4 (exchange seen on the qualification platform). The text of
the scanner goes as it is: the LGC cannot read it.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.insi.assertion import am_speciality
from reference_impl.insi.request import SOAP, WSA, WSSE, Header, context_lps
from reference_impl.people import Professional, SoftwareIdentity

AUTH = "http://www.sesam-vitale.fr/apcv/auth/1/0"
ANONYMOUS = "http://www.w3.org/2005/08/addressing/anonymous"
AUTHENTICATE = "authentifierUtilisateurProximite"
RESTORE = "restituerContexteApCV"
DESTROY = "detruireContexteApCV"
_VERSION = "1.0"

_soap = ElementMaker(namespace=SOAP, nsmap={"soap": SOAP})
_wsa = ElementMaker(namespace=WSA, nsmap={"wsa": WSA})
_wsse = ElementMaker(namespace=WSSE, nsmap={"wsse": WSSE})
_auth = ElementMaker(namespace=AUTH, nsmap={None: AUTH})


@dataclass(frozen=True, slots=True)
class Request:
    """One call: its operation and the element of its body."""

    operation: str
    body: etree._Element

    @property
    def action(self) -> str:
        """``wsa:Action``, and the parameter of Content-Type."""
        return f"urn:ApCV_AUTH:1.0.0:{self.operation}"


def authentication(professional: Professional, text: str) -> Request:
    """Open a context. ``text`` is what the scanner typed, or what NFC gave."""
    body = _auth.AuthentifierUtilisateurProximiteReq(
        _practice(professional), _auth.Donnees(text), version=_VERSION
    )
    return Request(AUTHENTICATE, body)


def restitution(professional: Professional) -> Request:
    """Ask for the context that this professional still has."""
    return Request(
        RESTORE, _auth.RestituerContexteApCVReq(_practice(professional), version=_VERSION)
    )


def destruction(context_id: str) -> Request:
    """End a context."""
    named = _auth.ContexteApCV(_auth.Identifiant(context_id))
    return Request(DESTROY, _auth.DetruireContexteApCVReq(named, version=_VERSION))


def envelope(
    request: Request,
    to: str,
    header: Header,
    software: SoftwareIdentity,
    assertion: etree._Element,
) -> bytes:
    """The message as sent, UTF-8."""
    document = _soap.Envelope(
        _soap.Header(
            _wsa.Action(request.action),
            _wsa.MessageID(header.message_id),
            _wsa.To(to),
            _wsa.ReplyTo(_wsa.Address(ANONYMOUS)),
            _wsse.Security(assertion),
            context_lps(header, software),
        ),
        _soap.Body(request.body),
    )
    return etree.tostring(document, xml_declaration=True, encoding="UTF-8")


def _practice(professional: Professional) -> etree._Element:
    return _auth.ProfessionnelSante(
        _auth.IdentifiantFacturation(professional.billing_id),
        _auth.CodeSpecialiteAMO(am_speciality(professional)),
    )

"""The SAML assertion of a user authenticated by Pro Santé Connect: it is not signed.

Source: sheet INS §2.8 C (guide SEL-MP-043 v05.00.01, second hand). What Issuer holds was
not seen: the identifier of the user, as in the Subject.
"""

from __future__ import annotations

from datetime import datetime

from lxml import etree
from lxml.builder import ElementMaker

from reference_impl.clock import wire_instant
from reference_impl.insi.assertion import PHYSICIAN, SAML, am_speciality
from reference_impl.people import Professional

_saml = ElementMaker(namespace=SAML, nsmap={"saml": SAML})


def psc_assertion(professional: Professional, assertion_id: str, at: datetime) -> etree._Element:
    """The assertion of a professional; ``assertion_id`` is an NCName (``_`` + UUID)."""
    values = {
        "identifiantFacturation": professional.billing_id,
        "secteurActivite": professional.structure.sector,
    }
    if professional.profession == PHYSICIAN:
        values["codeSpecialiteAMO"] = am_speciality(professional)
    return _saml.Assertion(
        _saml.Issuer(professional.national_id),
        _saml.Subject(_saml.NameID(professional.national_id, NameQualifier="PSC")),
        _saml.AttributeStatement(
            *(_saml.Attribute(_saml.AttributeValue(v), Name=n) for n, v in values.items())
        ),
        ID=assertion_id,
        IssueInstant=wire_instant(at),
        Version="2.0",
    )

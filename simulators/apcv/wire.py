"""Answers of AUTH and SIGN as elements, then as octets (sheet ``apcv`` §3.4 and §4).

What answers to a destruction and to a signature is the bench's: never seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

from lxml import etree

from fixtures.apcv import ApcvFixture, MemberFixture
from fixtures.identifiers import nir_key
from fixtures.world import PatientFixture
from rules.formats.apcv_names import ELEMENTS
from rules.formats.soap import NS_SOAP12, NS_WSA
from simulators.apcv.errors import Code

CONTENT_TYPE = "application/soap+xml;charset=UTF-8"
INS_SINCE, INS_UNTIL = "2022-01-10", "2027-01-10"
_PARIS = ZoneInfo("Europe/Paris")


@dataclass(frozen=True, slots=True)
class Opened:
    """A context to give: its identifier is the token too, as seen."""

    id: str
    ends: datetime


def report(operation: str, code: Code, at: datetime) -> etree._Element:
    """The element of an answer with its CodeStatut, nothing more yet."""
    namespace, stem = ELEMENTS[operation]
    root = etree.Element(f"{{{namespace}}}{stem}Rep", nsmap={None: namespace})
    root.set("version", "1.0")
    root.set("horodatage", local(at))
    root.set("ID", f"_{uuid4()}")
    add(root, "CodeStatut", code)
    return root


def give(root: etree._Element, opened: Opened, kind: str, told: ApcvFixture) -> None:
    """Add the context and the profile."""
    context = add(root, "ContexteApCV")
    add(context, "DateFinValidite", utc(opened.ends))
    add(context, "Identifiant", opened.id)
    add(context, "TokenApCV", opened.id)
    profile = add(root, "ProfilApCV")
    add(profile, "Identification", attributes={"numSerie": told.serial, "type": kind})
    holder = add(profile, "Utilisateur")
    _identity(add(holder, "IdentitePatient"), told.holder)
    _card(holder, told.members[0])
    for member in told.members[1:]:
        _card(add(profile, "Individu"), member)


def add(
    parent: etree._Element,
    name: str,
    text: str | None = None,
    attributes: Mapping[str, str] | None = None,
) -> etree._Element:
    """A new child in the space of its parent."""
    namespace = etree.QName(parent).namespace
    child = etree.SubElement(parent, f"{{{namespace}}}{name}")
    child.text = text
    for key, value in (attributes or {}).items():
        child.set(key, value)
    return child


def _identity(parent: etree._Element, who: PatientFixture) -> None:
    active = add(parent, "INSACTIF")
    individual = add(active, "IdIndividu")
    add(individual, "NumIdentifiant", who.matricule)
    add(individual, "Cle", who.key)
    add(active, "OID", who.oid)
    add(active, "DateDeb", INS_SINCE)
    add(active, "DateFin", INS_UNTIL)
    traits = add(parent, "TIQ")
    add(traits, "NomNaissance", who.birth_name)
    add(traits, "Prenom", who.first_given_name)
    add(traits, "ListePrenom", who.birth_given_names)
    add(traits, "Sexe", who.sex)
    add(traits, "DateNaissance", who.birth_date)
    add(traits, "LieuNaissance", who.birth_place)


def _card(parent: etree._Element, member: MemberFixture) -> None:
    who = member.patient
    amo = add(add(parent, "CarteVitaleIndividu"), "IdentiteAMO")
    add(amo, "NomFamille", who.birth_name)
    add(amo, "NomUsage", who.used_name or who.birth_name)
    add(amo, "Prenom", who.first_given_name)
    add(amo, "Qualite", member.quality)
    add(amo, "DateNaissance", who.birth_date, {"rang": who.rank})
    add(amo, "NIRCertifie", who.matricule, {"cle": who.key})
    contract = add(amo, "ContratAMO")
    insured = who.insured or who.matricule
    add(contract, "NIRAssure", insured, {"cle": nir_key(insured)})
    fund = {"codeRegime": "01", "codeCaisse": "331", "codeCentre": "9999"}
    add(contract, "OrganismeAMO", attributes=fund)


def envelope(root: etree._Element, message_id: str | None) -> bytes:
    """The message; its header only echoes the MessageID of the request (sheet §3.4)."""
    whole = etree.Element(f"{{{NS_SOAP12}}}Envelope", nsmap={"soap": NS_SOAP12})
    header = etree.SubElement(whole, f"{{{NS_SOAP12}}}Header")
    if message_id is not None:
        echo = etree.SubElement(header, f"{{{NS_WSA}}}MessageID", nsmap={None: NS_WSA})
        echo.text = message_id
    etree.SubElement(whole, f"{{{NS_SOAP12}}}Body").append(root)
    return etree.tostring(whole, encoding="UTF-8", xml_declaration=False)


def utc(at: datetime) -> str:
    """ISO with milliseconds and ``Z``."""
    return at.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S.") + _milliseconds(at) + "Z"


def local(at: datetime) -> str:
    """ISO with milliseconds and the offset of Paris."""
    return at.astimezone(_PARIS).isoformat(timespec="milliseconds")


def _milliseconds(at: datetime) -> str:
    return f"{at.microsecond // 1000:03d}"

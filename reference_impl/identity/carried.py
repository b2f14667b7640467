"""The identity that a document received carries: ``recordTarget`` of a CDA, alone or in XDM.

Sources: CI-SIS structuration minimale (sheet INS §4.4), IHE XDM. What is received is
foreign matter: sizes are bounded, and two patients in one archive are refused.
"""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass

from lxml import etree

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.people import CarriedIdentity, Ins, Traits
from reference_impl.xmltree import UnreadableXmlError, parse

_CDA = {"h": "urn:hl7-org:v3"}
_ROOT = "{urn:hl7-org:v3}ClinicalDocument"
_INS_OIDS = frozenset(f"1.2.250.1.213.1.4.{last}" for last in (8, 9, 10, 11))
_INS = re.compile(r"(\d{6}[\dAB]\d{6})(\d{2})")
_MAX_MEMBER = 40_000_000
_MAX_MEMBERS = 200


@dataclass(frozen=True, slots=True)
class Received:
    """What documents received say of their patient: an INS when they carry one."""

    carried: CarriedIdentity | None


def read_received(content: bytes) -> Received:
    """Read a CDA, or every CDA of an archive. Raises InvalidRequestError."""
    found = {_identity(root) for root in _documents(content)}
    if not found:
        raise _refused("DOCUMENT_ILLISIBLE", "l’archive n’a aucun document CDA")
    if len(found) > 1:
        raise _refused("PLUSIEURS_PATIENTS", "ses documents ne sont pas tous du même patient")
    return Received(found.pop())


def _documents(content: bytes) -> list[etree._Element]:
    if not content.startswith(b"PK"):
        root = _parsed(content)
        if root.tag != _ROOT:
            raise _refused("DOCUMENT_ILLISIBLE", "ce n’est ni un CDA ni une archive IHE_XDM")
        return [root]
    roots = (_parsed(member) for member in _members(content))
    return [root for root in roots if root.tag == _ROOT]


def _members(content: bytes) -> list[bytes]:
    """The XML members under IHE_XDM, in order."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [
                info
                for info in archive.infolist()
                if info.filename.upper().startswith("IHE_XDM/")
                and info.filename.upper().endswith(".XML")
            ]
            if len(names) > _MAX_MEMBERS or any(i.file_size > _MAX_MEMBER for i in names):
                raise _refused("DOCUMENT_TROP_GROS", "l’archive est trop volumineuse")
            return [archive.read(info) for info in names]
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError) as error:
        raise _refused("DOCUMENT_ILLISIBLE", "l’archive est abîmée") from error


def _parsed(content: bytes) -> etree._Element:
    try:
        return parse(content)
    except UnreadableXmlError as error:
        raise _refused("DOCUMENT_ILLISIBLE", f"le XML est illisible ({error})") from error


def _identity(document: etree._Element) -> CarriedIdentity | None:
    roles = document.findall("h:recordTarget/h:patientRole", _CDA)
    if len(roles) != 1:
        raise _refused("DOCUMENT_ILLISIBLE", "il n’a pas un patient et un seul")
    role = roles[0]
    numbers = [i for i in role.findall("h:id", _CDA) if i.get("root") in _INS_OIDS]
    if not numbers:
        return None
    if len(numbers) > 1:
        raise _refused("DOCUMENT_ILLISIBLE", "il porte plusieurs INS")
    match = _INS.fullmatch(numbers[0].get("extension", ""))
    if match is None:
        raise _refused("DOCUMENT_ILLISIBLE", "son INS n’a pas 15 caractères")
    return CarriedIdentity(Ins(match[1], match[2], numbers[0].get("root", "")), _traits(role))


def _traits(role: etree._Element) -> Traits:
    """Traits as written; all of them come with an INS, but the place may be missing."""
    sex = role.find("h:patient/h:administrativeGenderCode", _CDA)
    birth = role.find("h:patient/h:birthTime", _CDA)
    traits = Traits(
        birth_name=_name(role, "family[@qualifier='BR']"),
        birth_given_names=_name(role, "given[not(@qualifier)]") or _name(role, "given"),
        sex=(sex.get("code") if sex is not None else None) or "",
        birth_date=_iso(birth.get("value", "") if birth is not None else ""),
        birth_place=_text(role, "h:patient/h:birthplace/h:place/h:addr/h:county") or None,
        used_name=_name(role, "family[@qualifier='CL']") or None,
        used_given_name=_name(role, "given[@qualifier='CL']") or None,
    )
    if not (traits.birth_name and traits.birth_given_names and traits.sex and traits.birth_date):
        raise _refused("IDENTITE_INCOMPLETE", "son INS n’est pas accompagnée de tous les traits")
    return traits


def _name(role: etree._Element, part: str) -> str:
    found = role.xpath(f"h:patient/h:name/h:{part}", namespaces=_CDA)
    return " ".join(" ".join(str(e.xpath("string()")).split()) for e in found)


def _text(role: etree._Element, path: str) -> str:
    found = role.find(path, _CDA)
    return str(found.xpath("string()")).strip() if found is not None else ""


def _iso(time: str) -> str:
    """``19850712`` (and more) → ``1985-07-12``; empty when it is no date."""
    date = f"{time[:4]}-{time[4:6]}-{time[6:8]}"
    return date if is_calendar_date(date) else ""


def _refused(code: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(code, f"Le document reçu est refusé : {what}.", "contenu")

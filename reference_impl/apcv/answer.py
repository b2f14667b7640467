"""Reading the answers of AUTH, whatever their prefixes and what they add.

Source: sheet ApCV §4.2 and §10 (N07 to N22). Dates come with ``Z`` or an offset; names may
be missing; an INS whose date of end has passed is taken all the same (N08).
"""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from reference_impl.apcv.values import Member, Reading
from reference_impl.errors import RefusedError, ServiceError, UnavailableError
from reference_impl.insi.answer import individual_of
from reference_impl.people import Individual
from reference_impl.xmltree import UnreadableXmlError, parse

OK = "0"
_SAID = {
    "1": "le code lu est illisible : présentez-le de nouveau au lecteur",
    "2": "le code est périmé ou a servi ailleurs : demandez au patient d’en afficher un nouveau",
    "3": "cette appli carte Vitale n’est pas active",
    "4": "la spécialité du professionnel n’est pas reconnue",
    "5": "le numéro de facturation du professionnel n’est pas reconnu",
    "6": "le contexte de lecture n’existe plus : relisez l’appli",
    "7": "la lecture a expiré : relisez l’appli",
}


def read_answer(status: int, body: bytes) -> Reading | None:
    """The context of an answer, None for an answer that gives none.

    Raises RefusedError with the CodeStatut (``APCV_2``) or the code of the fault,
    UnavailableError for what cannot be read.
    """
    root = _parse(status, body)
    fault = _first(root, "Fault")
    if fault is not None:
        raise _refused(fault)
    code = _text(root, "CodeStatut")
    if code is None:
        raise _unreadable(status)
    if code != OK:
        said = _SAID.get(code, "erreur du service")
        raise RefusedError(f"APCV_{code}", f"Appli carte Vitale : {said}.", "donnees")
    return _reading(root, status)


def _parse(status: int, body: bytes) -> etree._Element:
    try:
        return parse(body)
    except UnreadableXmlError as error:
        raise _unreadable(status) from error


def _reading(root: etree._Element, status: int) -> Reading | None:
    context, profile = _first(root, "ContexteApCV"), _first(root, "ProfilApCV")
    if context is None or profile is None:
        return None
    identifier, ends = _text(context, "Identifiant"), _instant(_text(context, "DateFinValidite"))
    identification = _first(profile, "Identification")
    if not identifier or ends is None or identification is None:
        raise _unreadable(status)
    people = [e for e in profile if _local(e) in ("Utilisateur", "Individu")]
    return Reading(
        context_id=identifier,
        ends=ends,
        serial=identification.get("numSerie", ""),
        kind=identification.get("type", ""),
        members=tuple(_member(rank, person) for rank, person in enumerate(people)),
    )


def _member(rank: int, person: etree._Element) -> Member:
    amo = _first(person, "IdentiteAMO")
    date = None if amo is None else _first(amo, "DateNaissance")
    fund = None if amo is None else _first(amo, "OrganismeAMO")
    found = _individual(person)
    return Member(
        rank=rank,
        family_name=_in(amo, "NomFamille"),
        used_name=_in(amo, "NomUsage"),
        given_name=_in(amo, "Prenom"),
        quality=_in(amo, "Qualite"),
        birth_date=_in(amo, "DateNaissance"),
        birth_rank="1" if date is None else date.get("rang", "1"),
        certified_nir=_nir(amo, "NIRCertifie"),
        insured_nir=_nir(amo, "NIRAssure"),
        regime=None if fund is None else fund.get("codeRegime"),
        fund=None if fund is None else fund.get("codeCaisse"),
        center=None if fund is None else fund.get("codeCentre"),
        ins=found.ins if found else None,
        traits=found.traits if found else None,
    )


def _individual(person: etree._Element) -> Individual | None:
    """INS and traits; None when one of them is missing (N07)."""
    identity = _first(person, "IdentitePatient")
    wanted = ("INSACTIF", "TIQ")
    if identity is None or any(_first(identity, name) is None for name in wanted):
        return None
    try:
        return individual_of(identity)
    except UnavailableError as error:
        raise UnavailableError(
            "REPONSE_INVALIDE",
            "L’INS rendue par l’appli carte Vitale n’a pas la forme attendue : rien n’a été "
            "enregistré.",
        ) from error


def _nir(amo: etree._Element | None, name: str) -> str | None:
    element = None if amo is None else _first(amo, name)
    if element is None or not element.text:
        return None
    return element.text.strip() + element.get("cle", "")


def _instant(text: str | None) -> datetime | None:
    try:
        read = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _refused(fault: etree._Element) -> ServiceError:
    error = _first(fault, "Erreur")
    code = error.get("code", "") if error is not None else ""
    reason = _text(fault, "Text") or "Le service de l’appli carte Vitale a refusé la demande."
    subcodes = [str(v.xpath("string()")) for v in fault.iterfind(".//{*}Subcode/{*}Value")]
    later = any(s.rpartition(":")[2] == "siram_40" for s in subcodes)
    kind = UnavailableError if later else RefusedError
    return kind(code or "APCV_FAUTE", reason)


def _unreadable(status: int) -> UnavailableError:
    return UnavailableError(
        "REPONSE_ILLISIBLE",
        f"La réponse du service de l’appli carte Vitale est illisible (HTTP {status}) : "
        "réessayez, ou identifiez le patient autrement.",
    )


def _first(element: etree._Element, name: str) -> etree._Element | None:
    return next(element.iter(f"{{*}}{name}"), None)


def _in(element: etree._Element | None, name: str) -> str | None:
    return None if element is None else _text(element, name)


def _text(element: etree._Element, name: str) -> str | None:
    found = _first(element, name)
    return None if found is None else str(found.xpath("string()")).strip() or None


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""

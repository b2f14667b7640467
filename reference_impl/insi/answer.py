"""Reading the answers of INSi whatever their prefixes, order and extra elements.

Source: sheet INS §2.11 to 2.13, and its faults N10 to N20. Serialisation of
the service changed over the years: only local names are looked at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from reference_impl.errors import UnavailableError
from reference_impl.identity.dates import is_calendar_date
from reference_impl.people import Individual, Ins, PastIns, Traits
from reference_impl.xmltree import UnreadableXmlError, parse

FOUND, NOT_FOUND, AMBIGUOUS = "00", "01", "02"

INCOMPLETE = "INS_INCOMPLETE"
"""Our code for a 00 whose traits cannot be used."""

_REFUSAL = "L’identité rendue par INSi est refusée : {}. Rien n’a été enregistré."
_MATRICULE = re.compile(r"\d{6}[\dAB]\d{6}")

_CORSICA = {"A": 1_000_000, "B": 2_000_000}
_INS_OIDS = frozenset(f"1.2.250.1.213.1.4.{last}" for last in (8, 9, 10, 11))


@dataclass(frozen=True, slots=True)
class Answer:
    """``code`` is 00, 01 or 02, or the code of a fault (``desir_550``); ``label`` is French.

    ``retry_later`` tells an unavailability (siram_40) from a refusal. ``refused`` is an
    identity returned that cannot be used: the log keeps it, nobody takes it.
    """

    code: str
    label: str
    individual: Individual | None = None
    fault: bool = False
    retry_later: bool = False
    refused: Individual | None = None


def read_answer(status: int, body: bytes, *, individual: bool = True) -> Answer:
    """Read an HTTP answer. Raises UnavailableError when it is no answer of INSi.

    ``individual`` says whether a 00 has to come with an identity.
    """
    root = _parse(status, body)
    fault = _first(root, "Fault")
    if fault is not None:
        return _fault(fault)
    result = _first(root, "RESULTAT")
    if result is None or status != 200:
        raise _unreadable(status)
    return _result(result, individual)


def key_of(matricule: str) -> str:
    """Key of a matricule: ``97 − N mod 97``, with 2A read 19 and 2B read 18."""
    letter = matricule[6].upper()
    number = (
        int(matricule.upper().replace(letter, "0", 1)) if letter in _CORSICA else int(matricule)
    )
    return f"{97 - (number - _CORSICA.get(letter, 0)) % 97:02d}"


def _parse(status: int, body: bytes) -> etree._Element:
    try:
        return parse(body)
    except UnreadableXmlError as error:
        raise _unreadable(status) from error


def _result(result: etree._Element, individual_expected: bool) -> Answer:
    code, label = _text(result, "CodeCR"), _text(result, "LibelleCR")
    if code not in (FOUND, NOT_FOUND, AMBIGUOUS):
        raise _invalid(f"code de retour « {code} » inconnu")
    if code != FOUND or not individual_expected:
        return Answer(code, label or "")
    individual = _first(result, "INDIVIDU")
    if individual is None:
        raise _invalid("le code 00 n’est accompagné d’aucune identité")
    found = individual_of(individual)
    missing = missing_traits(found.traits)
    if missing:
        return Answer(INCOMPLETE, _REFUSAL.format(missing), fault=True, refused=found)
    return Answer(code, label or "OK", found)


def missing_traits(traits: Traits) -> str:
    """What forbids to take these traits (INS/va1.28 and va1.31); empty when nothing does."""
    wants = {
        "le nom de naissance est vide": traits.birth_name,
        "la liste des prénoms est vide": traits.birth_given_names,
        "le sexe n’est ni M ni F": traits.sex.upper() in ("M", "F"),
        f"la date de naissance « {traits.birth_date} » n’est pas une date complète": (
            is_calendar_date(traits.birth_date)
        ),
    }
    return ", ".join(sentence for sentence, there in wants.items() if not there)


def individual_of(element: etree._Element) -> Individual:
    """INSACTIF, INSHISTO and TIQ under an element. Raises UnavailableError."""
    active, traits = _first(element, "INSACTIF"), _first(element, "TIQ")
    if active is None or traits is None:
        raise _invalid("l’INS actif ou les traits manquent")
    ins = _ins(active)
    former = (
        PastIns(_ins(past), _text(past, "DateDeb"), _text(past, "DateFin"))
        for past in element.iter("{*}INSHISTO")
    )
    # Neither an entry equal to the active INS (CNDA 2.08 cas 1) nor the same one twice.
    history = tuple(dict.fromkeys(past for past in former if past.ins != ins))
    return Individual(ins, history, _traits(traits))


def _ins(element: etree._Element) -> Ins:
    matricule, oid = _text(element, "NumIdentifiant"), _text(element, "OID")
    if not matricule or not _MATRICULE.fullmatch(matricule):
        raise _invalid("le matricule n’a pas la forme attendue (13 caractères)")
    if oid not in _INS_OIDS:
        raise _invalid(f"l’OID « {oid} » n’est pas celui d’un INS")
    # The key is kept as received, even wrong (CNDA 2.08 cas 2); only a missing one is computed.
    return Ins(matricule, _text(element, "Cle") or key_of(matricule), oid)


def _traits(element: etree._Element) -> Traits:
    return Traits(
        birth_name=_text(element, "NomNaissance") or "",
        birth_given_names=_text(element, "ListePrenom") or _text(element, "Prenom") or "",
        sex=_text(element, "Sexe") or "",
        birth_date=_text(element, "DateNaissance") or "",
        birth_place=_text(element, "LieuNaissance"),
    )


def _fault(fault: etree._Element) -> Answer:
    """Both producers of faults: the gateway DESIR and the application ICIR."""
    error = _first(fault, "Erreur")
    subcode = next(
        (_content(v).rpartition(":")[2] for v in fault.iterfind(".//{*}Subcode/{*}Value")), ""
    )
    reason = _text(fault, "Text") or ""
    label = _content(error) if error is not None else reason
    code = error.get("code", "") if error is not None else ""
    return Answer(
        code=code or subcode or "faute",
        label=label or "Erreur du téléservice INSi.",
        fault=True,
        retry_later=subcode == "siram_40",
    )


def _first(element: etree._Element, name: str) -> etree._Element | None:
    return next(element.iter(f"{{*}}{name}"), None)


def _text(element: etree._Element, name: str) -> str | None:
    found = _first(element, name)
    return (_content(found) or None) if found is not None else None


def _content(element: etree._Element) -> str:
    # string() leaves comments out, and joins the text around them.
    return str(element.xpath("string()")).strip()


def _unreadable(status: int) -> UnavailableError:
    return UnavailableError(
        "REPONSE_ILLISIBLE",
        f"La réponse du téléservice INSi est illisible (HTTP {status}) ; "
        "réessayez plus tard ou poursuivez sans INS.",
    )


def _invalid(what: str) -> UnavailableError:
    return UnavailableError(
        "REPONSE_INVALIDE",
        f"La réponse du téléservice INSi est invalide : {what}. Rien n’a été enregistré.",
    )

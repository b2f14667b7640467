"""The XML that the reading API returns (fact sheet ``cards.md`` §6).

Known elements: ``listeBenef/benef``, ``ident`` and ``amo``. Hors spécification, because
the public sources do not tell: the format of dates (``AAAAMMJJ``; ``date`` is left out
when the card's is no date of the calendar), ``nir`` written as ``nirCertifie`` (13 digits,
a space, the key), and the element ``banc``, which gives the nature and the serial number.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from lxml import etree

from simulators.cards import faults
from simulators.cards.vitale import BeneficiaryImage, VitaleImage

LATIN_1 = "ISO-8859-1"
UTF_8 = "UTF-8"


def document(image: VitaleImage, fault: str | None = None) -> bytes:
    """The XML of a card, spoilt by a fault of F17 or F18 if there is one."""
    root = etree.Element("t_AsnDonneesVitale")
    people = etree.SubElement(root, "listeBenef")
    for who in image.beneficiaries:
        _beneficiary(people, _spoilt(who, fault))
    ours = etree.SubElement(root, "banc")
    _leaf(ours, "type", image.kind)
    _leaf(ours, "numeroSerie", image.serial)
    return _encoded(root, fault)


def _spoilt(who: BeneficiaryImage, fault: str | None) -> BeneficiaryImage:
    if fault == faults.NO_NIR:
        return replace(who, certified=None)
    return replace(who, given_name="") if fault == faults.EMPTY_GIVEN_NAME else who


def _beneficiary(people: etree._Element, who: BeneficiaryImage) -> None:
    one = etree.SubElement(people, "benef")
    ident = etree.SubElement(one, "ident")
    _leaf(ident, "nomUsuel", who.used_name)
    _leaf(ident, "nomPatronymique", who.birth_name)
    _leaf(ident, "prenomUsuel", who.given_name)
    birth = etree.SubElement(ident, "naissance")
    if _is_date(who.birth_date):
        _leaf(birth, "date", who.birth_date)
    _leaf(birth, "dateEnCarte", who.birth_date)
    _leaf(ident, "nir", _spaced(who.insured))
    if who.certified is not None:
        _leaf(ident, "nirCertifie", _spaced(who.certified))
    _leaf(ident, "rangDeNaissance", who.rank)
    amo = etree.SubElement(one, "amo")
    _leaf(amo, "qualBenef", who.quality)
    _leaf(amo, "codeRegime", who.regime)
    _leaf(amo, "caisse", who.fund)
    _leaf(amo, "centreGestion", who.center)


def _leaf(parent: etree._Element, name: str, text: str) -> None:
    etree.SubElement(parent, name).text = text


def _spaced(nir: str) -> str:
    return f"{nir[:13]} {nir[13:]}"


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(f"{text[:4]}-{text[4:6]}-{text[6:]}")
    except ValueError:
        return False
    return True


def _encoded(root: etree._Element, fault: str | None) -> bytes:
    declared = UTF_8 if fault == faults.UTF8 else LATIN_1
    text = etree.tostring(root, encoding="unicode", pretty_print=True)
    told = f'<?xml version="1.0" encoding="{declared}"?>\n{text}'
    written = UTF_8 if fault in (faults.UTF8, faults.WRONG_ENCODING) else LATIN_1
    return told.encode(written, "xmlcharrefreplace")

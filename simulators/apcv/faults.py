"""Failures and lies a tester may ask of the appli carte Vitale (sheet ``apcv`` §10).

Those of the connection (slow, cut, 503, expired certificate …) are common to every service.
N01 to N03, N25 and N26 need no fault: the service refuses of its own accord.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta

from lxml import etree

from fixtures.identifiers import nir_key
from simulators.apcv.errors import LABELS, Code
from simulators.apcv.wire import add, local, utc
from simulators.insi.errors import CATALOGUE

STATUS = {f"statut-{code}": code for code in Code if code is not Code.OK}
"""N04: the CodeStatut to answer whatever the request."""
SOAP_FAULTS = ("desir_550", "desir_1020")
"""N05: Sender, then Receiver."""
HTML = "page-html"

Lie = Callable[[etree._Element], None]


def _all(root: etree._Element, name: str) -> list[etree._Element]:
    return list(root.iter(f"{{{etree.QName(root).namespace}}}{name}"))


def _written(name: str, text: str | Callable[[str], str]) -> Lie:
    def lie(root: etree._Element) -> None:
        for element in _all(root, name):
            element.text = text(element.text or "") if callable(text) else text

    return lie


def _without(*names: str) -> Lie:
    def lie(root: etree._Element) -> None:
        for name in names:
            for element in _all(root, name):
                parent = element.getparent()
                if parent is not None:
                    parent.remove(element)

    return lie


def _copied(*changes: Mapping[str, str]) -> Lie:
    """More ayants droit: copies of the last person, each with other fields."""

    def lie(root: etree._Element) -> None:
        profile = _all(root, "ProfilApCV")
        card = _all(root, "CarteVitaleIndividu")
        for change in changes if profile and card else ():
            made = add(profile[0], "Individu")
            made.append(deepcopy(card[-1]))
            _rewrite(made, change)

    return lie


def _rewrite(made: etree._Element, change: Mapping[str, str]) -> None:
    for name, text in change.items():
        for element in _all(made, name):
            element.text = text
    for date in _all(made, "DateNaissance"):
        date.set("rang", change["rang"])
    for nir in _all(made, "NIRCertifie"):
        nir.set("cle", nir_key(change["NIRCertifie"]))


def _child(given: str, born: str, order: str, rank: str = "1") -> dict[str, str]:
    number = f"1{born[2:4]}{born[5:7]}33063{order}"
    told = {"Prenom": given, "Qualite": "6", "DateNaissance": born, "NIRCertifie": number}
    return told | {"rang": rank, "NomUsage": "TESTFRATRIE", "NomFamille": "TESTFRATRIE"}


def _lunar(date: str) -> str:
    return f"{date[:5]}19{date[7:]}"


def _lunar_amo(root: etree._Element) -> None:
    for amo in _all(root, "IdentiteAMO"):
        _written("DateNaissance", _lunar)(amo)


def _wrong_key(key: str) -> str:
    return f"{int(key or 0) % 97 + 1:02d}"


def _short(root: etree._Element) -> None:
    stamp = datetime.fromisoformat(root.get("horodatage", ""))
    _written("DateFinValidite", utc(stamp + timedelta(seconds=30)))(root)


def _unknown(root: etree._Element) -> None:
    root.set("attributInconnu", "1")
    for element in _all(root, "ProfilApCV"):
        add(element, "ElementInconnu", "1")


def _prefixed(root: etree._Element) -> None:
    parent = root.getparent()
    made = etree.Element(root.tag, nsmap={"a": etree.QName(root).namespace or ""})
    for name, value in root.items():
        made.set(name, value)
    made.extend(list(root))
    etree.cleanup_namespaces(made)
    if parent is not None:
        parent.replace(root, made)


LIES: Mapping[str, tuple[str, Lie]] = {
    "sans-ins": ("N07 : titulaire sans INSACTIF", _without("INSACTIF")),
    "ins-perimee": ("N08 : INSACTIF dont DateFin est passée", _written("DateFin", "2023-03-25")),
    "oid-test": ("N09 : OID de test (.10)", _written("OID", "1.2.250.1.213.1.4.10")),
    "nia": ("N10 : matricule d'attente", _written("OID", "1.2.250.1.213.1.4.9")),
    "sans-nom-famille": ("N11 : sans NomFamille", _without("NomFamille")),
    "sans-nom-usage": ("N12 : sans NomUsage", _without("NomUsage")),
    "jumeaux": (
        "N13 : des jumeaux, rangs 1 et 2",
        _copied(
            _child("TOM", "2020-02-02", "910"),
            _child("TIM", "2020-02-02", "911", "2"),
        ),
    ),
    "date-lunaire": (
        "N14 : date lunaire dans IdentiteAMO",
        _lunar_amo,
    ),
    "famille": (
        "N15 : cinq ayants droit, dont deux de même prénom",
        _copied(
            *(
                _child(given, f"201{rank}-06-1{rank}", f"92{rank}")
                for rank, given in enumerate(("JADE", "ALIX", "ALIX", "NOA", "SACHA"))
            )
        ),
    ),
    "cle-fausse": ("N16 : clé de l'INS fausse", _written("Cle", _wrong_key)),
    "contexte-court": ("N17 : contexte de 30 secondes", _short),
    "fuseau": (
        "N18 : DateFinValidite avec le décalage horaire",
        _written("DateFinValidite", lambda text: local(datetime.fromisoformat(text))),
    ),
    "inconnus": ("N19 : un élément et un attribut de plus", _unknown),
    "sexe-indetermine": ("N21 : sexe I", _written("Sexe", "I")),
    "sexe-vide": ("N21 : sexe vide", _written("Sexe", "")),
    "ne-a-l-etranger": ("N22 : lieu de naissance 99xxx", _written("LieuNaissance", "99350")),
    "traits-differents": (
        "TIQ autre que le dossier (AV-14)",
        _written("NomNaissance", lambda name: f"{name} AUTRE"),
    ),
    "prefixes": ("N20 : un autre préfixe", _prefixed),
}

FAULTS: Mapping[str, str] = {
    **{name: f"N04 : CodeStatut {code} (du banc), {LABELS[code]}" for name, code in STATUS.items()},
    **{name: f"N05 : faute {CATALOGUE[name].text}" for name in SOAP_FAULTS},
    HTML: "N06 : une page HTML, en HTTP 502",
    **{name: title for name, (title, _) in LIES.items()},
}
"""Every fault of the service: name to French description."""


def spoil(root: etree._Element, name: str | None) -> None:
    """Apply a lie to an answer; nothing for any other name."""
    if name is not None and name in LIES:
        LIES[name][1](root)

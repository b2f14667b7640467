"""Failures and lies a tester may ask of the appli carte Vitale (sheet ``apcv`` §10).

Those of the connection (slow, cut, 503, expired certificate …) are common to every service;
those of the code and of the scanner are drawn by the operation ``telephone``. Which case each
one plays is in :mod:`.negatives`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta

from lxml import etree

from fixtures.identifiers import nir_key
from rules.formats.soap import NS_SOAP12, NS_WSA
from simulators.apcv.errors import LABELS, Code
from simulators.apcv.wire import add, local
from simulators.insi.errors import CATALOGUE, Producer, ServiceError

STATUS = {f"statut-{code}": code for code in Code if code is not Code.OK}
"""N04: the CodeStatut to answer whatever the request."""
_TECHNICAL = "Erreur technique du service de l'appli carte Vitale."
_RECEIVER = ServiceError(
    "apcv_8", "siram_40", "fatale", _TECHNICAL, _TECHNICAL, Producer.APPLICATION, placeholder=True
)
SOAP_FAULTS: Mapping[str, ServiceError] = {
    **{name: CATALOGUE[name] for name in ("desir_550", "desir_1020")},
    "faute-technique": _RECEIVER,
}
"""N05: two of the gateway, that say Sender, and one of the application, Receiver (ours)."""
HTML = "page-html"
DOUBLE = "  "
_ELSEWHERE = "urn:banc:extension"

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


def _family(*changes: Mapping[str, str]) -> Lie:
    """Other ayants droit: copies of the last person, each with other fields."""

    def lie(root: etree._Element) -> None:
        profile = _all(root, "ProfilApCV")
        card = _all(root, "CarteVitaleIndividu")
        _without("Individu")(root)
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


def _unknown(root: etree._Element) -> None:
    root.set("attributInconnu", "1")
    root.insert(0, etree.Element(f"{{{_ELSEWHERE}}}Extension"))
    for name in ("ProfilApCV", "TIQ", "IdentiteAMO"):
        for element in _all(root, name):
            add(element, "ElementInconnu", "1")


LIES: Mapping[str, tuple[str, Lie]] = {
    "sans-ins": ("N07 : titulaire sans INSACTIF", _without("INSACTIF")),
    "ins-perimee": ("N08 : INSACTIF dont DateFin est passée", _written("DateFin", "2023-03-25")),
    "oid-test": ("N09 : OID de test (.10)", _written("OID", "1.2.250.1.213.1.4.10")),
    "nia": ("N10 : matricule d'attente", _written("OID", "1.2.250.1.213.1.4.9")),
    "sans-nom-famille": ("N11 : sans NomFamille", _without("NomFamille")),
    "sans-nom-usage": ("N12 : sans NomUsage", _without("NomUsage")),
    "jumeaux": (
        "N13 : des jumeaux, rangs 1 et 2",
        _family(
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
        _family(
            *(
                _child(given, f"201{rank}-06-1{rank}", f"92{rank}")
                for rank, given in enumerate(("JADE", "ALIX", "ALIX", "NOA", "SACHA"))
            )
        ),
    ),
    "cle-fausse": ("N16 : clé de l'INS fausse", _written("Cle", _wrong_key)),
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
}
"""What an answer says that is odd: name to French description, and how."""

SPELLINGS = {
    "prefixes": ("N20 : d'autres préfixes partout", {NS_SOAP12: "env", NS_WSA: "adr"}, "a"),
    "sans-prefixe": ("N20 : des espaces de noms par défaut, sans préfixe", {}, None),
}
"""The same answer written otherwise: prefixes of the envelope, then of the body."""

SHORT = "contexte-court"
SHORT_LIFE = timedelta(seconds=30)
"""N17: a context that truly lasts so."""

OLD_CODE, SPENT_CODE = "code-perime", "code-rejoue"
_CODES = {
    OLD_CODE: "N01 : le téléphone montre un code trop vieux",
    SPENT_CODE: "N02 : le téléphone montre un code déjà lu par un autre professionnel",
}
_CUT = 512
_US, _FR = (
    "1234567890AQWZM$%*-./:",
    "&é\"'(-è_çàQAZW?458):!M",
)
_AZERTY = str.maketrans(_US, _FR)
SCANNERS: Mapping[str, tuple[str, Callable[[str], str]]] = {
    "lecteur-tronque": (f"N03 : lecteur qui coupe à {_CUT} caractères", lambda t: t[:_CUT]),
    "lecteur-minuscules": ("N03 : lecteur qui tape en minuscules", str.lower),
    "lecteur-espace": ("N03 : espace double réduite", lambda t: t.replace(DOUBLE, " ", 1)),
    "lecteur-azerty": ("N03 : clavier américain lu en AZERTY", lambda t: t.translate(_AZERTY)),
}
"""What a scanner types instead of the code; ``lecteur-espace`` needs one with a double space."""

FAULTS: Mapping[str, str] = {
    **{name: f"N04 : CodeStatut {code} (du banc), {LABELS[code]}" for name, code in STATUS.items()},
    **{name: f"N05 : faute {error.text}" for name, error in SOAP_FAULTS.items()},
    HTML: "N06 : une page HTML, en HTTP 502",
    **{name: title for name, (title, _) in LIES.items()},
    **{name: title for name, (title, *_) in SPELLINGS.items()},
    SHORT: "N17 : contexte de 30 secondes",
    **_CODES,
    **{name: title for name, (title, _) in SCANNERS.items()},
}
"""Every fault of the service: name to French description."""


def spoil(body: bytes, name: str | None) -> bytes:
    """An answer as a lie makes it; as it was for any other name."""
    name = name or ""
    if name in SPELLINGS:
        _, prefixes, own = SPELLINGS[name]
        return etree.tostring(_respelt(etree.fromstring(body), prefixes, own), encoding="UTF-8")
    if name not in LIES:
        return body
    whole = etree.fromstring(body)
    LIES[name][1](whole[-1][0])
    return etree.tostring(whole, encoding="UTF-8", xml_declaration=False)


def _respelt(
    element: etree._Element, prefixes: Mapping[str, str], own: str | None
) -> etree._Element:
    """The same element, each space declared where it is first met under its new prefix."""
    space = etree.QName(element).namespace or ""
    made = etree.Element(element.tag, nsmap={prefixes.get(space, own): space})
    made.text, made.tail = element.text, element.tail
    for name, value in element.items():
        made.set(name, value)
    made.extend([_respelt(child, prefixes, own) for child in element])
    return made

"""The carte Vitale by the reading library of the GIE (API de lecture, ``api_lec``).

The library is loaded for one reading and left at once: it owns the card meanwhile.
Source: sheet of cards §6 (prototypes seen in a client, names of the XML elements) and §6.1
(error codes). The nature of the card (``banc/type``) and its serial number are elements of
the bench's library, hors spécification: a card without nature is taken for a real one.
"""

from __future__ import annotations

import ctypes
import re
import threading
from pathlib import Path

from lxml import etree

from reference_impl.cards.errors import CardAbsentError, CardError, unreadable
from reference_impl.cards.values import Beneficiary, VitaleCard
from reference_impl.errors import ConfigurationError
from reference_impl.xmltree import UnreadableXmlError, parse

MEANS = "api_lec"
READER = "API de lecture Vitale"
_ROOM = 65536
_FUNCTIONS = ("Hn_Init", "Hn_LectureVitaleDonneesIdentification", "Hn_Finir")
_WAIT = 0
"""Seconds the library waits for a card: the user sees at once that there is none."""

_KINDS = frozenset("TDR")
_ABSENT = 11
_ERRORS = {
    10: "erreur inconnue de l’API de lecture",
    12: "la carte Vitale est dans un état qui ne permet pas de la lire",
    13: "le lecteur ne répond pas : vérifiez qu’il est branché",
    15: "la carte insérée est inconnue : insérez la carte Vitale dans le bon sens",
    17: "la carte n’est plus alimentée : réinsérez-la",
    18: "erreur logicielle : fermez la session de la carte CPS, puis recommencez",
    20: "le gestionnaire de ressources ne répond pas",
    21: "une lecture est déjà en cours",
    23: "le lecteur est employé par un autre logiciel : fermez-le",
    25: "aucune carte n’a été présentée à temps : recommencez",
    26: "la session de lecture n’est pas ouverte",
    30: "la carte CPS a été retirée : réinsérez-la",
    31: "le lecteur Vitale n’est pas configuré (api_lec.ini)",
    32: "un fichier de configuration de l’API de lecture manque",
    33: "le mode demandé à l’API de lecture est refusé",
    34: "la minuterie de l’API de lecture n’a pas démarré",
    35: "le lecteur CPS n’est pas configuré (api_lec.ini)",
    36: "la carte CPS n’est plus valable",
    37: "la carte insérée n’est pas une carte Vitale",
    38: "la carte Vitale est invalide : adressez le patient à sa caisse",
    39: "la carte CPS est bloquée : débloquez-la",
    40: "la carte Vitale est saturée",
    41: "le code porteur de la CPS est inactif : saisissez-le",
    42: "une carte de test et une carte réelle ne se lisent pas ensemble",
    43: "une table de l’API de lecture manque",
    44: "une table de l’API de lecture est illisible",
    45: "une table de l’API de lecture n’a pas la bonne version",
    47: "les tables de l’API de lecture ne se chargent pas",
    48: "une table de l’API de lecture est illisible",
    50: "le module cryptographique a échoué",
    51: "le module cryptographique n’est pas chargé : installez la Cryptolib CPS",
    52: "un paramètre de l’appel manque",
    53: "un paramètre de l’appel a une mauvaise adresse",
    54: "un paramètre de l’appel a une mauvaise valeur",
    55: "la carte contient plus de données que prévu",
    56: "la table d’habilitation ne se charge pas",
    57: "la table d’habilitation n’a pas la bonne version",
    58: "la table d’habilitation est illisible",
    60: "la session de la carte CPS a expiré : saisissez de nouveau le code porteur",
    61: "la lecture a duré trop longtemps : recommencez",
    70: "aucun lecteur, ou plusieurs cartes : laissez une seule carte Vitale dans les lecteurs",
    72: "le module cryptographique n’est pas détecté",
}
"""What the user may do about each error of the library (sheet §6.1)."""

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_one_at_a_time = threading.Lock()


def read(library: Path, configuration: Path | None) -> VitaleCard:
    """Read the card through the library of this path. Raises CardError, ConfigurationError."""
    if configuration is None:
        raise ConfigurationError(
            "API_LECTURE_SANS_CONFIGURATION",
            "Le dossier de configuration de l’API de lecture manque dans le descripteur.",
            "cartes.api_lecture.configuration",
        )
    with _one_at_a_time:
        return read_document(_called(_loaded(library), configuration))


def _loaded(library: Path) -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL(str(library))
        for name in _FUNCTIONS:
            getattr(loaded, name).restype = ctypes.c_ushort
    except (OSError, AttributeError) as error:
        raise ConfigurationError(
            "API_LECTURE_ABSENTE",
            f"L’API de lecture Vitale {library.name} ne se charge pas.",
            "cartes.api_lec",
        ) from error
    return loaded


def _called(library: ctypes.CDLL, configuration: Path) -> bytes:
    code = ctypes.c_ushort(0)
    mode = ctypes.c_ushort(0)
    folder = str(configuration).encode()
    _require(library.Hn_Init(folder, ctypes.byref(mode), ctypes.byref(code)), code)
    try:
        room = ctypes.create_string_buffer(_ROOM)
        size = ctypes.c_uint(_ROOM)
        state = ctypes.c_short(0)
        done = library.Hn_LectureVitaleDonneesIdentification(
            ctypes.c_short(_WAIT),
            room,
            ctypes.byref(size),
            ctypes.byref(state),
            ctypes.byref(code),
        )
        _require(done, code)
        return room.raw[: min(size.value, _ROOM)].rstrip(b"\0")
    finally:
        library.Hn_Finir(ctypes.byref(ctypes.c_ushort(0)))


def _require(returned: int, code: ctypes.c_ushort) -> None:
    number = code.value or returned
    if number == 0:
        return
    if number == _ABSENT:
        raise CardAbsentError("Aucune carte Vitale dans le lecteur : insérez celle du patient.")
    sentence = _ERRORS.get(number, "erreur inconnue de l’API de lecture")
    raise CardError(
        f"API_LECTURE_{number}",
        f"La carte Vitale n’a pas été lue : {sentence} ({number}).",
        "carte",
    )


def read_document(content: bytes) -> VitaleCard:
    """The card that an XML of the library describes. Raises CardError."""
    try:
        root = parse(_in_utf8(content))
    except UnreadableXmlError as error:
        raise unreadable(f"réponse de l’API de lecture ({error})") from error
    kind = _text(root, "banc/type")
    people = [e for e in root.iter("benef") if isinstance(e.tag, str)]
    return VitaleCard(
        reader=READER,
        means=MEANS,
        kind=kind if kind in _KINDS else "R",
        serial=_text(root, "banc/numeroSerie"),
        beneficiaries=tuple(_beneficiary(n, one) for n, one in enumerate(people, 1)),
    )


def _in_utf8(content: bytes) -> bytes:
    """Without its declaration: some libraries declare ISO-8859-1 and write UTF-8."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("iso-8859-1")
    return _DECLARATION.sub("", text.lstrip("\ufeff")).encode()


def _beneficiary(position: int, one: etree._Element) -> Beneficiary:
    # The date as on the card, lunar or not; « date » is that of the calendar, when there is one.
    birth = _text(one, "ident/naissance/dateEnCarte") or _text(one, "ident/naissance/date")
    insured = _nir(_text(one, "ident/nir"))
    if not insured:
        raise unreadable(f"le bénéficiaire {position} n’a pas de NIR")
    return Beneficiary(
        position=position,
        used_name=_text(one, "ident/nomUsuel"),
        given_name=_text(one, "ident/prenomUsuel"),
        birth_date=birth,
        insured_nir=insured,
        birth_name=_text(one, "ident/nomPatronymique") or None,
        certified_nir=_nir(_text(one, "ident/nirCertifie")) or None,
        rank=_text(one, "ident/rangDeNaissance") or "1",
        quality=_text(one, "amo/qualBenef") or "0",
        regime=_text(one, "amo/codeRegime") or None,
        fund=_text(one, "amo/caisse") or None,
        center=_text(one, "amo/centreGestion") or None,
    )


def _text(element: etree._Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _nir(written: str) -> str:
    """13 digits, a space and the key: 15 characters without it."""
    return written.replace(" ", "")

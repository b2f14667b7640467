"""How each negative case of the sheet is played: N01 to N26 (``apcv`` §10).

A case is played by faults to ask for under the operation it is met at, or by what the
service refuses of its own accord to a call that deserves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules.formats.apcv_names import AUTHENTICATE, DESTROY, SIGN
from simulators.apcv.errors import Code
from simulators.apcv.faults import HTML, OLD_CODE, SCANNERS, SHORT, SOAP_FAULTS, SPENT_CODE, STATUS

PHONE = "telephone"
"""Operation of what the phone shows, and of the scanner that types it."""


@dataclass(frozen=True, slots=True)
class Negative:
    """One case, and every way the bench has to play it."""

    title: str
    faults: tuple[str, ...] = ()
    operation: str | None = AUTHENTICATE
    """Where to ask for the faults; None for those of the handshake."""
    delay: float | None = None
    """Seconds, for ``lent``."""
    refusals: tuple[Code, ...] = ()
    """CodeStatut answered without any fault."""


NEGATIVES: Mapping[str, Negative] = {
    "N01": Negative("code trop vieux", (OLD_CODE,), PHONE, refusals=(Code.OUTDATED,)),
    "N02": Negative("code déjà lu par un autre", (SPENT_CODE,), PHONE, refusals=(Code.OUTDATED,)),
    "N03": Negative(
        "texte abîmé par le lecteur", tuple(SCANNERS), PHONE, refusals=(Code.UNREADABLE,)
    ),
    "N04": Negative("CodeStatut autre que 0, en HTTP 200", tuple(STATUS)),
    "N05": Negative("faute SOAP Sender ou Receiver", tuple(SOAP_FAULTS)),
    "N06": Negative("HTTP 500 ou 502, page HTML", ("http-500", "http-502", HTML)),
    "N07": Negative("titulaire sans INSACTIF", ("sans-ins",)),
    "N08": Negative("INSACTIF dont DateFin est passée", ("ins-perimee",)),
    "N09": Negative("OID de test", ("oid-test",)),
    "N10": Negative("matricule d'attente", ("nia",)),
    "N11": Negative("sans NomFamille", ("sans-nom-famille",)),
    "N12": Negative("sans NomUsage", ("sans-nom-usage",)),
    "N13": Negative("jumeaux, rangs 1 et 2", ("jumeaux",)),
    "N14": Negative("date de naissance lunaire dans IdentiteAMO", ("date-lunaire",)),
    "N15": Negative("cinq ayants droit, dont deux de même prénom", ("famille",)),
    "N16": Negative("clé fausse", ("cle-fausse",)),
    "N17": Negative("contexte de 30 secondes", (SHORT,)),
    "N18": Negative("DateFinValidite avec un autre fuseau", ("fuseau",)),
    "N19": Negative("élément et attribut inconnus", ("inconnus",)),
    "N20": Negative("autres préfixes, ou aucun", ("prefixes", "sans-prefixe")),
    "N21": Negative("sexe I ou vide", ("sexe-indetermine", "sexe-vide")),
    "N22": Negative("lieu de naissance 99xxx", ("ne-a-l-etranger",)),
    "N23": Negative("réponse après 60 secondes", ("lent",), delay=60),
    "N24": Negative("certificat TLS expiré", ("tls-expire",), None),
    "N25": Negative(
        "contexte détruit deux fois", ("statut-6",), DESTROY, refusals=(Code.UNKNOWN_CONTEXT,)
    ),
    "N26": Negative(
        "signature sous un contexte expiré", ("statut-7",), SIGN, refusals=(Code.EXPIRED_CONTEXT,)
    ),
}
"""Every case of the sheet, in its order."""

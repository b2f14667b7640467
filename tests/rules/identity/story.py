"""Journals of gestures about one identity, with the calls to INSi they caused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import count
from typing import Any

from rules.exchange import Exchange, Message, Outcome
from rules.findings import Finding
from tests.rules.insi.messages import envelope, exchange
from tests.rules.journals import LOUISE, findings

MINE = ("INS-S-", "INS-T-08", "INS-L-", "INS-E-", "BANC-INS.")
NIR, NIA = "1.2.250.1.213.1.4.8", "1.2.250.1.213.1.4.9"
NUMBER, KEY = "2850733063042", "08"
PAST = {"matricule": "2850733063099", "cle": "48", "oid": NIR, "debut": None, "fin": None}
TRAITS: dict[str, Any] = {
    "nom_naissance": "TESTAVRIL",
    "prenoms_naissance": "CAMILLE ANNE",
    "sexe": "F",
    "date_naissance": "1985-07-12",
    "lieu_naissance": "33063",
}
CARD = {
    "code": "CN",
    "libelle": "Carte nationale d'identité",
    "niveau": "haut",
    "le": "2026-03-12T09:30:00+00:00",
    "par": LOUISE,
}
ATTESTED = {**CARD, "code": "PS", "libelle": "Patient connu du professionnel"}
DOWN = "Le téléservice INSi est indisponible : réessayez plus tard, le dossier reste utilisable."
_SOAP = "http://www.w3.org/2003/05/soap-envelope"
_ranks = count(1)


def ins(number: str = NUMBER, key: str = KEY, oid: str = NIR, **more: Any) -> dict[str, Any]:
    return {"matricule": number, "cle": key, "oid": oid, **more}


def patient(status: str = "provisoire", held: Any = None, **changes: Any) -> dict[str, Any]:
    """A patient of the driver contract that announces everything."""
    told = {
        "id": "p1",
        "statut": status,
        "attributs": [],
        "traits": {**TRAITS, **changes.pop("traits", {})},
        "ins": held,
        "justificatif": None,
        "historique": [],
        "date_incertaine": False,
        "alertes": [],
        "canal": "SM",
    }
    return {**told, **changes}


def gesture(
    name: str, parameters: Mapping[str, Any], answer: Mapping[str, Any], status: int = 200
) -> Exchange:
    return exchange(
        "",
        next(_ranks),
        id=f"g{next(_ranks)}",
        service="lgc",
        operation=name,
        request=Message(f"POST /actions/{name} HTTP/1.1", (), json.dumps(parameters).encode()),
        response=Message(f"HTTP/1.1 {status} .", (), json.dumps(answer).encode()),
        outcome=Outcome.ACCEPTED if status < 300 else Outcome.REFUSED,
    )


def about(name: str, state: Mapping[str, Any] | None, /, **more: Any) -> Exchange:
    """A gesture about a patient; ``more`` holds parameters, and ``answer`` for what it adds."""
    answer = {"patient": state, **more.pop("answer", {})}
    identifier = state["id"] if state else "p1"
    return gesture(name, {"patient": identifier, "professionnel": LOUISE, **more}, answer)


def refusal(name: str, message: str, /, code: str = "REFUS", **parameters: Any) -> Exchange:
    told = {"erreur": {"code": code, "message": message}}
    return gesture(name, {"patient": "p1", "professionnel": LOUISE, **parameters}, told, 409)


def created(**changes: Any) -> Exchange:
    state = patient(**changes)
    return gesture("patient.create", {"traits": state["traits"]}, {"patient": state})


def searched(
    state: Mapping[str, Any], code: str = "00", label: str = "OK", **insi: Any
) -> Exchange:
    told = {"code": code, "libelle": label, "appels": 1, "ecarts": [], "propose": None, **insi}
    return about("identity.search_insi", state, voie="organisation", answer={"insi": told})


def number_of(row: Mapping[str, Any]) -> str:
    dates = "".join(
        f"<{tag}>{row[key]}</{tag}>"
        for key, tag in (("debut", "DateDeb"), ("fin", "DateFin"))
        if row.get(key)
    )
    return (
        f"<IdIndividu><NumIdentifiant>{row['matricule']}</NumIdentifiant><Cle>{row['cle']}</Cle>"
        f"</IdIndividu><OID>{row['oid']}</OID>{dates}"
    )


def found(
    active: Mapping[str, Any] | None = None, *history: Mapping[str, Any], **traits: Any
) -> str:
    """A RESULTAT 00; a trait given as None is left out."""
    told = {**TRAITS, **traits}
    tags = {
        "nom_naissance": "NomNaissance",
        "prenoms_naissance": "ListePrenom",
        "sexe": "Sexe",
        "date_naissance": "DateNaissance",
        "lieu_naissance": "LieuNaissance",
    }
    tiq = "".join(f"<{tag}>{told[n]}</{tag}>" for n, tag in tags.items() if told[n] is not None)
    past = "".join(f"<INSHISTO>{number_of(row)}</INSHISTO>" for row in history)
    return _result(
        "00",
        f"<INDIVIDU><INSACTIF>{number_of(active or ins())}</INSACTIF>{past}<TIQ>{tiq}</TIQ>"
        "</INDIVIDU>",
    )


def nobody(code: str = "01") -> str:
    return _result(code, "")


def _result(code: str, individual: str) -> str:
    return (
        f'<s:Envelope xmlns:s="{_SOAP}"><s:Body><RESULTAT xmlns="http://www.cnamts.fr/INSiResultat">'
        f"<CR><CodeCR>{code}</CodeCR><LibelleCR>.</LibelleCR></CR>{individual}</RESULTAT></s:Body>"
        "</s:Envelope>"
    )


def fault(code: str = "desir_1020") -> str:
    return (
        f'<z:Envelope xmlns:z="{_SOAP}"><z:Body><z:Fault>'
        "<z:Code><z:Value>z:Sender</z:Value></z:Code>"
        '<z:Reason><z:Text xml:lang="fr">.</z:Text></z:Reason><z:Detail>'
        f'<q:Erreur xmlns:q="urn:siram" severite="fatale" code="{code}">.</q:Erreur></z:Detail>'
        "</z:Fault></z:Body></z:Envelope>"
    )


def call(answer: str | None, message_id: str = "uuid:1", **changes: Any) -> Exchange:
    """A call to INSi; None for an answer that never came."""
    response = None
    if answer is not None:
        head = (("Content-Type", "application/soap+xml; charset=utf-8"),)
        response = Message("HTTP/1.1 200 OK", head, answer.encode())
    outcome = Outcome.ACCEPTED if response else Outcome.UNANSWERED
    made = exchange(envelope(message_id=message_id), 0, response=response, outcome=outcome)
    return replace(made, id=f"i{next(_ranks)}", **changes)


def mine(*story: Exchange) -> tuple[Finding, ...]:
    """Findings about identities."""
    return tuple(f for f in findings(*story) if f.check_id.startswith(MINE))


def ids(*story: Exchange) -> list[str]:
    return [f.check_id for f in mine(*story)]


def retrieved(**changes: Any) -> Iterator[Exchange]:
    """Created, then searched with success."""
    yield created()
    yield call(found())
    yield searched(patient("récupérée", ins(), canal="INSI", **changes))

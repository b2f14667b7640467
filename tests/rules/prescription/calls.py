"""Ordonnances and calls made for the tests, on each wire of ours."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

from lxml import etree

from rules.context import Context, Environment, Software
from rules.exchange import Exchange, Message, Outcome
from rules.findings import Finding
from rules.formats.prescription_adapter import Adapter, adapters
from rules.formats.prescription_wire import EpRequest, read_request
from rules.judge import JournalView, judge_artefact, judge_sequence, rejection
from tests.rules.certificates import authority
from tests.rules.insi.messages import assertion

SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
ADAPTERS: dict[str, Adapter] = {a.form: a for a in adapters()}
NOW = datetime(2026, 3, 12, 9, 21, 8, tzinfo=UTC)
LPS = (
    '<c:ContexteLPS xmlns:c="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00">'
    "<c:Id>{id}</c:Id><c:Temps>2026-03-12T09:21:07.500Z</c:Temps>"
    '<c:Emetteur>810999990012</c:Emetteur><c:LPS><c:IDAM R="4">TSTBANC00042</c:IDAM>'
    "<c:Version>4.2.0</c:Version><c:Instance>6c1bb4e5-08a3-4b3e-a7b0-95d1f0f1a001</c:Instance>"
    "<c:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</c:Nom></c:LPS></c:ContexteLPS>"
)
DRUG: dict[str, Any] = {
    "n": 1,
    "idLigne": "431764e3-dc5a-5a84-9b9b-93a0671d0fe0",
    "eprescType": "medicament",
    "cis": "63107752",
    "cip13": "3400933516390",
    "libelle": "PARACETAMOL 500 mg comprimé, voie orale",
    "posologieTexte": "1 comprimé 3 fois par jour si douleur",
    "dureeJours": 5,
    "quantite": {"valeur": 1, "unite": "30009000"},
    "renouvellements": 0,
    "substitution": {"code": "G"},
    "ald": False,
}
ORDONNANCE: dict[str, Any] = {
    "id": "04B5BBY113H9WH0035",
    "type": "PRODUITS_SANTE",
    "sousType": "STD",
    "consentement": True,
    "horodatage": "2026-03-12T10:21:07+01:00",
    "validite": ["2026-03-12", "2026-06-12"],
    "prescripteur": {"rpps": "10999990012", "am": "331999011", "finess": "330999004"},
    "patient": {
        "ins": {"matricule": "285073306304208", "oid": "1.2.250.1.213.1.4.10"},
        "nomNaissance": "TESTAVRIL",
        "prenoms": ["CAMILLE", "ANNE"],
        "naissance": "1985-07-12",
        "sexe": "F",
    },
    "flags": [],
    "lps": {"nom": "LOGICIEL ESSAI", "version": "4.2.0"},
    "lignes": [DRUG],
}
"""A conformant one; the number says 12/03/2026 10:21:07,345."""


def ordonnance(**changes: Any) -> dict[str, Any]:
    """ORDONNANCE with some keys changed; None removes one. Lines take ranks of their own."""
    made = {**deepcopy(ORDONNANCE), **deepcopy(changes)}
    for rank, each in enumerate(made["lignes"] or (), start=1):
        if isinstance(each, dict) and each.get("n") == 1:
            each["n"] = rank
    return {name: value for name, value in made.items() if value is not None}


def line(**changes: Any) -> dict[str, Any]:
    """DRUG with some keys changed; None removes one."""
    made = {**deepcopy(DRUG), **changes}
    return {name: value for name, value in made.items() if value is not None}


def message(operation: str, content: dict[str, Any], form: str = "json", **soap: str) -> Message:
    """A call; ``soap`` are ``security`` and ``lps``, XML of header blocks."""
    adapter = ADAPTERS[form]
    named = adapter.operation(operation)
    assert named is not None
    if form == "json":
        body = json.dumps(content, ensure_ascii=False).encode()
        return Message(f"POST {named.path} HTTP/1.1", (("Content-Type", "application/json"),), body)
    payload = etree.tostring(adapter.write_element(named.request, content)).decode()
    xml = (
        f'<e:Envelope xmlns:e="{SOAP12}" xmlns:w="http://www.w3.org/2005/08/addressing">'
        f"<e:Header><w:Action>{named.action}</w:Action>{soap.get('security', assertion())}"
        f"{soap.get('lps', LPS.format(id='a1'))}</e:Header><e:Body>{payload}</e:Body></e:Envelope>"
    )
    headers = (("Content-Type", f'application/soap+xml; action="{named.action}"'),)
    return Message(f"POST {named.path} HTTP/1.1", headers, xml.encode())


def request(operation: str, content: dict[str, Any], form: str = "json", **soap: str) -> EpRequest:
    """A call as it is read."""
    read = read_request(message(operation, content, form, **soap))
    assert read is not None
    return read


def context(**changes: Any) -> Context:
    """Circumstances of a call, a second after it was made."""
    environment = Environment(
        software=Software("LOGICIEL ESSAI", "4.2.0"), anchors=(authority().der,)
    )
    return Context(**{"environment": environment, "observed_at": NOW, "identities": {}, **changes})


def found(artefact: Any, circumstances: Context | None = None) -> tuple[Finding, ...]:
    """What the checks say of an artefact."""
    return judge_artefact(artefact, circumstances or context()).findings


def ids(artefact: Any, circumstances: Context | None = None) -> list[str]:
    """Ids of the checks that are not met, each once."""
    return sorted({f.check_id for f in found(artefact, circumstances)})


def created(form: str = "json", **changes: Any) -> list[str]:
    """Ids of the checks that an EP4 does not meet."""
    return ids(request("EP4", ordonnance(**changes), form))


def refused(artefact: Any) -> str | None:
    """The code that the service answers."""
    finding = rejection(artefact, context())
    return finding.rejects if finding else None


def exchange(sent: Message, position: int = 1, **changes: Any) -> Exchange:
    """A call in a journal."""
    told: dict[str, Any] = {
        "id": f"x{position}",
        "campaign": "essai",
        "position": position,
        "service": "prescription",
        "operation": "EP4",
        "started_at": NOW,
        "answered_at": NOW,
        "peer": "127.0.0.1:1",
        "request": sent,
        "response": None,
        "outcome": Outcome.ACCEPTED,
    }
    return Exchange(**{**told, **changes})


def sequence(*exchanges: Exchange) -> tuple[Finding, ...]:
    """What the checks of sequences say of a journal."""
    return judge_sequence(JournalView(exchanges), context().environment).findings

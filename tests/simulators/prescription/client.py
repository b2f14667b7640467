"""A small LGC, and a small LGO, that speak to the ordonnance numérique over real sockets."""

from __future__ import annotations

import uuid
from copy import deepcopy
from datetime import datetime
from itertools import count
from typing import Any

import httpx
from lxml import etree

from rules.exchange import Exchange, Message
from rules.formats.prescription_adapter import SOAP, Adapter, adapters
from rules.formats.prescription_number import ZONE, encode
from rules.formats.prescription_wire import EpAnswer, read_answer
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges
from tests.rules.certificates import Holder
from tests.rules.insi.messages import assertion

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
DOCTOR, PHARMACIST, OTHER_PHARMACIST = "810999990012", "810999993032", "810999993040"
DRUG: dict[str, Any] = {
    "n": 1,
    "idLigne": "431764e3-dc5a-5a84-9b9b-93a0671d0fe0",
    "eprescType": "medicament",
    "cis": "63107752",
    "cip13": "3400933516390",
    "libelle": "PARACETAMOL 500 mg comprimé, voie orale",
    "posologieTexte": "1 comprimé 3 fois par jour si douleur",
    "dureeJours": 5,
    "quantite": {"valeur": 2, "unite": "30009000"},
    "renouvellements": 0,
    "substitution": {"code": "G"},
    "ald": False,
}
_ranks = count()


def line(n: int, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(DRUG), "n": n, "idLigne": str(uuid.uuid4()), **changes}


def ordonnance(at: datetime, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A conformant one, numbered and dated now."""
    local = at.astimezone(ZONE)
    return {
        "id": str(encode(at, next(_ranks))),
        "type": "PRODUITS_SANTE",
        "sousType": "STD",
        "consentement": True,
        "horodatage": local.isoformat(timespec="seconds"),
        "validite": [f"{local:%Y-%m-%d}", f"{local.replace(year=local.year + 1, day=1):%Y-%m-%d}"],
        "prescripteur": {
            "rpps": DOCTOR[1:],
            "am": "331999011",
            "finess": "330999004",
            "nom": "TESTMEDECIN",
            "prenom": "LOUISE",
        },
        "patient": {
            "ins": {"matricule": "285073306304208", "oid": "1.2.250.1.213.1.4.10"},
            "nomNaissance": "TESTAVRIL",
            "prenoms": ["CAMILLE", "ANNE"],
            "naissance": "1985-07-12",
            "sexe": "F",
        },
        "lps": {"nom": "LOGICIEL ESSAI", "version": "4.2.0"},
        "lignes": list(lines) or [line(1)],
        **changes,
    }


def pharmacist(rank: int = 0) -> dict[str, str]:
    return (
        {"rpps": PHARMACIST[1:], "nom": "TESTPHARMA", "finess": "330999400"},
        {"rpps": OTHER_PHARMACIST[1:], "nom": "TESTOFFICINE", "finess": "330999418"},
    )[rank]


class Caller:
    """Calls by REST with the card of a professional, or by SOAP under its assertion."""

    def __init__(self, platform: Platform, who: str = DOCTOR, wire: str = "dbx-rest") -> None:
        self.platform = platform
        self.who = who
        self.adapter: Adapter = next(a for a in adapters() if a.name == wire)

    @property
    def now(self) -> datetime:
        return self.platform.kernel.clock.now()

    def url(self, path: str) -> str:
        return self.platform.kernel.addresses["prescription"].url(path)

    def call(self, operation: str, content: dict[str, Any]) -> EpAnswer:
        """Call, and read what is answered."""
        response = self.post(operation, content)
        headers = tuple(response.headers.items())
        message = Message(f"HTTP/1.1 {response.status_code} x", headers, response.content)
        answer = read_answer(message, self.adapter)
        assert answer is not None
        return answer

    def post(self, operation: str, content: dict[str, Any], **options: Any) -> httpx.Response:
        told = self.adapter.operation(operation)
        assert told is not None
        if told.when:
            content = {**told.when, **content}
        if self.adapter.form != SOAP:
            body = self.adapter.write_request(told, content)
            return self.send(told.path, body, "application/json", **options)
        payload = etree.tostring(self.adapter.write_element(told.request, content)).decode()
        if self.adapter.soap_version == "1.1":
            kind, options = "text/xml; charset=utf-8", {"SOAPAction": f'"{told.action}"', **options}
        else:
            kind = f'application/soap+xml; charset=utf-8; action="{told.action}"'
        return self.send(told.path, self.envelope(payload, told.action), kind, **options)

    def send(
        self, path: str, body: bytes | str, kind: str, certificate: str | None = "", **headers: str
    ) -> httpx.Response:
        """Post octets; the certificate is that of the card unless another is told."""
        shown = f"cps-{self.who}-auth" if certificate == "" else certificate
        content = body if isinstance(body, bytes) else body.encode()
        with client(self.platform, shown) as http:
            return http.post(
                self.url(path), content=content, headers={"Content-Type": kind, **headers}
            )

    def envelope(self, payload: str, action: str | None, **told: Any) -> str:
        credential = self.platform.kernel.pki.credential(f"cps-{self.who}-sign")
        holder = Holder(credential.certificate, credential.key)  # type: ignore[arg-type]
        told.setdefault("issued", stamp(self.now))
        told.setdefault("name_id", self.who)
        security = assertion(holder=holder, **told)
        w = "http://www.w3.org/2005/08/addressing"
        soap = SOAP12 if self.adapter.soap_version == "1.2" else SOAP11
        return (
            f'<e:Envelope xmlns:e="{soap}" xmlns:w="{w}"><e:Header><w:Action>{action}</w:Action>'
            f"<w:MessageID>urn:uuid:{uuid.uuid4()}</w:MessageID>"
            f"<w:To>{self.url(self.adapter.address)}</w:To><w:ReplyTo><w:Address>{w}/anonymous"
            f"</w:Address></w:ReplyTo>{security}"
            '<c:ContexteLPS xmlns:c="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00">'
            f"<c:Id>{uuid.uuid4()}</c:Id><c:Temps>{stamp(self.now)}</c:Temps>"
            f'<c:Emetteur>{self.who}</c:Emetteur><c:LPS><c:IDAM R="4">TSTBANC00042</c:IDAM>'
            "<c:Version>4.2.0</c:Version>"
            "<c:Instance>6c1bb4e5-08a3-4b3e-a7b0-95d1f0f1a001</c:Instance>"
            "<c:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</c:Nom></c:LPS></c:ContexteLPS>"
            f"</e:Header><e:Body>{payload}</e:Body></e:Envelope>"
        )

    def last(self) -> Exchange:
        return exchanges(self.platform, "prescription")[-1]

    def findings(self) -> list[str]:
        """Check ids found in the journal so far."""
        view = JournalView(exchanges(self.platform, "prescription"))
        judged = judge_journal(view, self.platform.kernel.environment)
        return [f"{f.check_id} {f.place} {f.found}" for f in judged.findings]


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

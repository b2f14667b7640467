"""A very small LPS that speaks to AUTH and SIGN over their real sockets."""

from __future__ import annotations

import uuid
from typing import Any
from xml.sax.saxutils import escape

import httpx

from rules.exchange import Exchange, Message
from rules.formats.apcv import read_answer
from rules.formats.apcv_answer import ApcvAnswer, ApcvFault
from rules.formats.apcv_names import ACTIONS, AUTHENTICATE, DESTROY, ELEMENTS, RESTORE, SIGN
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges
from tests.rules.certificates import Holder
from tests.rules.insi.messages import assertion
from tests.simulators.insi.lps import stamp

FAMILY, ALONE, NAMES, WAITING, DEMO, REVOKED = (
    f"0004999000{end}" for end in ("12", "20", "38", "46", "53", "61")
)
LOUISE, HUGO = "810999990012", "810999990178"
ATTRIBUTES = {
    "codeSpecialite": "SM54",
    "secteurActivite": "SA07",
    "identifiantFacturation": "331999011",
}
WSA = "http://www.w3.org/2005/08/addressing"


class Lps:
    """Calls under an assertion signed by a card."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    @property
    def phone(self) -> str:
        return self.platform.descriptor["apcv"]["telephone"]

    def code(self, serial: str = FAMILY) -> str:
        """What the phone shows now."""
        with client(self.platform) as http:
            return http.get(f"{self.phone}/texte", params={"profil": serial}).text

    def security(self, who: str = LOUISE, **told: Any) -> str:
        card = self.platform.kernel.pki.credential(f"cps-{who}-sign")
        person = next(p for p in self.platform.kernel.world.professionals if p.national_id == who)
        told.setdefault("issued", stamp(self.platform.kernel.clock.now()))
        told.setdefault(
            "attributes",
            ATTRIBUTES
            | {
                "identifiantFacturation": person.billing_id,
                "codeSpecialite": person.speciality or "",
            },
        )
        return assertion(holder=Holder(card.certificate, card.key), name_id=who, **told)

    def envelope(self, operation: str, body: str, **told: Any) -> tuple[str, str]:
        """The address and the message of a call."""
        namespace, stem = ELEMENTS[operation]
        who = told.pop("who", LOUISE)
        security = told.pop("security", None) or self.security(who)
        address = self.platform.descriptor["apcv"]["sign" if operation == SIGN else "auth"]
        at = stamp(self.platform.kernel.clock.now())
        idam = told.pop("idam", "TSTBANC00042")
        return address, (
            '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header>'
            f'<w:Action xmlns:w="{WSA}">{ACTIONS[operation]}</w:Action>'
            f'<w:MessageID xmlns:w="{WSA}">urn:uuid:{uuid.uuid4()}</w:MessageID>'
            f'<w:To xmlns:w="{WSA}">{address}</w:To><w:ReplyTo xmlns:w="{WSA}"><w:Address>{WSA}'
            f"/anonymous</w:Address></w:ReplyTo>{security}"
            '<l:ContexteLPS xmlns:l="urn:siram:lps:ctxlps" Nature="CTXLPS" Version="01_00">'
            f"<l:Id>{uuid.uuid4()}</l:Id><l:Temps>{at}</l:Temps><l:Emetteur>{who}</l:Emetteur>"
            f'<l:LPS><l:IDAM R="4">{idam}</l:IDAM><l:Version>4.2.0</l:Version>'
            "<l:Instance>d3119009-340f-4651-b660-6dc245ebd83b</l:Instance>"
            "<l:Nom>urn:lps:LOGICIEL ESSAI:4.2.0</l:Nom></l:LPS></l:ContexteLPS></s:Header>"
            f'<s:Body><{stem}Req xmlns="{namespace}" version="1.0">{body}</{stem}Req></s:Body>'
            "</s:Envelope>"
        )

    def post(self, operation: str, body: str, **told: Any) -> httpx.Response:
        headers = told.pop("headers", {})
        address, content = self.envelope(operation, body, **told)
        kind = f'application/soap+xml; action="{ACTIONS[operation]}"'
        with client(self.platform) as http:
            return http.post(
                address, content=content.encode(), headers={"Content-Type": kind, **headers}
            )

    def call(self, operation: str, body: str = "", **told: Any) -> ApcvAnswer | ApcvFault | None:
        response = self.post(operation, body, **told)
        headers = tuple(response.headers.items())
        return read_answer(Message(f"HTTP/1.1 {response.status_code} x", headers, response.content))

    def authenticate(self, text: str | None = None, **told: Any) -> ApcvAnswer:
        """The answer to an authentication; ``text`` is what the scanner typed."""
        asked = {name: told.pop(name) for name in ("billing", "am") if name in told}
        body = self.practice(told.get("who", LOUISE), **asked)
        body += self.scanned(self.code() if text is None else text)
        answer = self.call(AUTHENTICATE, body, **told)
        assert isinstance(answer, ApcvAnswer), answer
        return answer

    def practice(self, who: str = LOUISE, **told: str) -> str:
        """ProfessionnelSante of a request."""
        person = next(p for p in self.platform.kernel.world.professionals if p.national_id == who)
        billing = told.get("billing", person.billing_id)
        am = told.get("am", "03" if person.speciality == "SM04" else "01")
        return (
            f"<ProfessionnelSante><IdentifiantFacturation>{billing}</IdentifiantFacturation>"
            f"<CodeSpecialiteAMO>{am}</CodeSpecialiteAMO></ProfessionnelSante>"
        )

    def scanned(self, text: str) -> str:
        """Donnees of a request."""
        return f"<Donnees>{escape(text)}</Donnees>"

    def destroy(self, identifier: str | None, **told: Any) -> ApcvAnswer:
        body = f"<ContexteApCV><Identifiant>{identifier}</Identifiant></ContexteApCV>"
        answer = self.call(DESTROY, body, **told)
        assert isinstance(answer, ApcvAnswer)
        return answer

    def restore(self, **told: Any) -> ApcvAnswer:
        answer = self.call(RESTORE, **told)
        assert isinstance(answer, ApcvAnswer)
        return answer

    def sign(self, identifier: str | None, **told: Any) -> ApcvAnswer:
        body = f"<ContexteApCV><Identifiant>{identifier}</Identifiant></ContexteApCV>"
        answer = self.call(SIGN, body, **told)
        assert isinstance(answer, ApcvAnswer)
        return answer

    def last(self) -> Exchange:
        return exchanges(self.platform, "apcv")[-1]

    def findings(self) -> list[tuple[str, str]]:
        """Check ids found in the journal so far, with what was found."""
        view = JournalView(exchanges(self.platform, "apcv"))
        judged = judge_journal(view, self.platform.kernel.environment)
        return [(f.check_id, f.found) for f in judged.findings]

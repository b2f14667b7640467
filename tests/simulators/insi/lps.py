"""A very small LPS that speaks to INSi over its real sockets."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import httpx

from rules.exchange import Exchange, Message
from rules.formats.insi import read_answer
from rules.formats.insi_answer import InsiAnswer, InsiFault
from rules.judge import JournalView, judge_journal
from simulators.platform import Platform
from simulators.testing import client, exchanges
from tests.rules.certificates import Holder
from tests.rules.insi.messages import CARD_ACTION, assertion, envelope

SOAP = "application/soap+xml; charset=utf-8"


def traits(
    name: str = "TESTAVRIL",
    given: str | tuple[str, ...] = "CAMILLE",
    sex: str = "F",
    birth: str = "1985-07-12",
    place: str | None = None,
) -> str:
    names = (given,) if isinstance(given, str) else given
    where = f"<r:LieuNaissance>{place}</r:LieuNaissance>" if place is not None else ""
    return (
        f'<r:RECSANSVITALE xmlns:r="http://www.cnamts.fr/INSiRecSans"><r:NomNaissance>{name}'
        f"</r:NomNaissance>{''.join(f'<r:Prenom>{n}</r:Prenom>' for n in names)}"
        f"<r:Sexe>{sex}</r:Sexe><r:DateNaissance>{birth}</r:DateNaissance>{where}"
        "</r:RECSANSVITALE>"
    )


def card(individual: str = "", insured: str = "", birth: str = "", rank: str = "1") -> str:
    def matricule(name: str, number: str) -> str:
        inside = f"<v:NumIdentifiant>{number}</v:NumIdentifiant>"
        return f"<v:{name}>{inside}</v:{name}>" if number else ""

    return (
        '<v:RECVITALE xmlns:v="http://www.cnamts.fr/INSiRecVit">'
        f"{matricule('MatriculeIndividu', individual)}{matricule('MatriculeOD', insured)}"
        f"<v:DateNaissance>{birth}</v:DateNaissance><v:RangNaissance>{rank}</v:RangNaissance>"
        "</v:RECVITALE>"
    )


class Lps:
    """Calls by organisation certificate, or under an assertion signed by a card."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform

    def http(self, certificate: str | None) -> httpx.Client:
        return client(self.platform, certificate)

    def message(self, body: str, **options: Any) -> str:
        now = self.platform.kernel.clock.now()
        options.setdefault("message_id", f"uuid:{uuid.uuid4()}")
        return envelope(body, **options).replace("2026-03-12T08:50:00.000Z", stamp(now))

    def by_card(self, body: str, *, credential: str = "cps-810999990012-sign", **told: Any) -> str:
        now = self.platform.kernel.clock.now()
        issuer = self.platform.kernel.pki.credential(credential)
        told.setdefault("issued", stamp(now))
        security = assertion(holder=Holder(issuer.certificate, issuer.key), **told)
        return self.message(body, security=security, sender="810999990012")

    def post(
        self,
        xml: str | bytes,
        *,
        address: str = "organisation",
        certificate: str | None = "org-insi-manu",
        content_type: str = SOAP,
        **headers: str,
    ) -> httpx.Response:
        content = xml if isinstance(xml, bytes) else xml.encode()
        with self.http(certificate) as http:
            return http.post(
                self.platform.descriptor["insi"][address],
                content=content,
                headers={"Content-Type": content_type, **headers},
            )

    def search(self, body: str, **options: Any) -> InsiAnswer | InsiFault | None:
        action = {"action": CARD_ACTION} if "RECVITALE" in body else {}
        return read(self.post(self.message(body, **action), **options))

    def last(self) -> Exchange:
        return exchanges(self.platform, "insi")[-1]

    def findings(self) -> list[str]:
        """Check ids found in the journal so far."""
        view = JournalView(exchanges(self.platform, "insi"))
        return [f.check_id for f in judge_journal(view, self.platform.kernel.environment).findings]


def read(response: httpx.Response) -> InsiAnswer | InsiFault | None:
    headers = tuple(response.headers.items())
    return read_answer(Message(f"HTTP/1.1 {response.status_code} x", headers, response.content))


def stamp(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03d}Z"

"""A consultation with the golden appli carte Vitale, gesture by gesture, to be judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from rules.context import Environment
from rules.exchange import Exchange, Message
from rules.judge import JournalView, judge_journal
from tests.rules.apcv import story
from tests.rules.apcv.story import ENVIRONMENT
from tests.rules.insi.messages import security

LOUISE = {"professionnel": "810999990012"}
CONTEXT = "1ccca9a0-0795-5cac-9ca4-2dddf8080bb2"


def sequence(*exchanges: Exchange, environment: Environment = ENVIRONMENT) -> set[str]:
    return {f.check_id for f in judge_journal(JournalView(exchanges), environment).findings}


def read(
    position: int, text: str | None = None, asked: Mapping[str, Any] | None = None, **options: Any
) -> Exchange:
    told = {"donnees": text or story.text(), **LOUISE, **(asked or {})}
    return story.gesture(position, "apcv.read", told, {"apcv": {}}, **options)


def closed(position: int) -> Exchange:
    return story.gesture(position, "apcv.close", LOUISE, {"apcv": {}})


def again(position: int, **options: Any) -> Exchange:
    one = story.authentication(position, **options)
    assert one.response is not None
    answer = story.altered(one.response, CONTEXT, "2ccca9a0-0795-5cac-9ca4-2dddf8080bb2")
    return replace(one, request=story.renewed(one.request), response=answer)


TRAITS = {
    "nom_naissance": "TESTAVRIL",
    "prenoms_naissance": "CAMILLE ANNE",
    "sexe": "F",
    "date_naissance": "1985-07-12",
    "lieu_naissance": "33063",
}
INS = {"matricule": "2850733063042", "cle": "08", "oid": "1.2.250.1.213.1.4.10"}
QUALIFIED: dict[str, Any] = {
    "id": "p1",
    "statut": "qualifiée",
    "attributs": [],
    "traits": TRAITS,
    "ins": INS,
    "canal": "AV",
    "justificatif": {"code": "AV", "niveau": "haut", "le": "2026-03-12T09:12:33+00:00"},
    "alertes": [],
}


def qualified(
    position: int,
    held: Mapping[str, Any] = QUALIFIED,
    after: timedelta = timedelta(),
    **asked: Any,
) -> Exchange:
    told = {"contexte": {"identifiant": CONTEXT, "fin": "2026-03-12T09:32:32.549Z"}}
    answer = {"patient": dict(held), "apcv": told}
    return story.gesture(position, "apcv.qualify", LOUISE | asked, answer, after=after)


def opened() -> tuple[Exchange, Exchange]:
    return story.authentication(1), read(2)


def by_psc(message: Message) -> Message:
    """The same call by a user without card; its token is not joined yet."""
    text = message.body.decode()
    start, end = text.index("<wsse:Security"), text.index("</wsse:Security>") + 16
    values = {"secteurActivite": "SA07", "identifiantFacturation": "331999011"}
    attributes = "".join(
        f'<a:Attribute Name="{n}"><a:AttributeValue>{v}</a:AttributeValue></a:Attribute>'
        for n, v in values.items()
    )
    assertion = (
        '<a:Assertion xmlns:a="urn:oasis:names:tc:SAML:2.0:assertion" ID="_p" Version="2.0" '
        'IssueInstant="2026-03-12T09:12:31Z"><a:Issuer>810999990012</a:Issuer><a:Subject>'
        '<a:NameID NameQualifier="PSC">810999990012</a:NameID></a:Subject>'
        f"<a:AttributeStatement>{attributes}</a:AttributeStatement></a:Assertion>"
    )
    return replace(message, body=(text[:start] + security(assertion) + text[end:]).encode())


def with_token(message: Message) -> Message:
    return replace(message, headers=(*message.headers, ("Authorization", "Bearer jeton")))


def restored(position: int, **options: Any) -> Exchange:
    """The context asked again, and given."""
    one = story.authentication(position, **options)
    assert one.response is not None
    request = renamed(story.renewed(one.request))
    response = story.altered(one.response, STEM, "RestituerContexteApCV")
    return replace(one, request=request, response=response, operation="restituerContexteApCV")


STEM = "AuthentifierUtilisateurProximite"


def renamed(message: Message) -> Message:
    """A call of authentication turned into one of restitution."""
    body = message.body.decode().replace(STEM, "RestituerContexteApCV")
    body = body.replace("authentifierUtilisateurProximite", "restituerContexteApCV")
    start, end = body.index("<Donnees"), body.index("</Donnees>") + len("</Donnees>")
    headers = tuple((n, v.replace("authentifierUtilisateurProximite", "restituerContexteApCV"))
                    for n, v in message.headers)  # fmt: skip
    return replace(message, headers=headers, body=(body[:start] + body[end:]).encode())

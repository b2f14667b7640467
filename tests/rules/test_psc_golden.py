"""Third voice: the golden messages of Pro Santé Connect are read and raise nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from rules.context import Context, Environment, PscClient
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.formats.jwt import signed_by
from rules.formats.psc import (
    AccessToken,
    AuthorizationAnswer,
    AuthorizationRequest,
    BearerRequest,
    CibaAnswer,
    CibaRequest,
    ErrorAnswer,
    IdToken,
    IntrospectionAnswer,
    IntrospectionRequest,
    IssuedToken,
    LogoutAnswer,
    LogoutRequest,
    TokenAnswer,
    TokenRequest,
    UserInfo,
    read_token,
)
from rules.formats.psc_reading import read_answer, read_json, read_request
from rules.judge import JournalView, judge_artefact, judge_journal
from tests.shared_data import GOLDEN, needs_shared

FOLDER = GOLDEN / "psc"
pytestmark = needs_shared

HTTP = {
    "01-demande-autorisation.http": AuthorizationRequest,
    "02-retour-accepte.http": AuthorizationAnswer,
    "02-retour-appel.http": AuthorizationAnswer,
    "02b-retour-refuse.http": AuthorizationAnswer,
    "03-demande-jeton.http": TokenRequest,
    "04-reponse-jeton.http": TokenAnswer,
    "07-userinfo-demande.http": BearerRequest,
    "08-rafraichissement-demande.http": TokenRequest,
    "08-rafraichissement-refuse.http": ErrorAnswer,
    "08-rafraichissement-reponse.http": TokenAnswer,
    "09-ciba-demande.http": CibaRequest,
    "09-ciba-en-attente.http": ErrorAnswer,
    "09-ciba-interrogation.http": TokenRequest,
    "09-ciba-reponse.http": CibaAnswer,
    "09-ciba-succes.http": TokenAnswer,
    "10-introspection-active.http": IntrospectionAnswer,
    "10-introspection-demande.http": IntrospectionRequest,
    "10-introspection-inactive.http": IntrospectionAnswer,
    "11-deconnexion-demande.http": LogoutRequest,
    "11-deconnexion-reponse.http": LogoutAnswer,
    "12-appel-api.http": BearerRequest,
    "12-echange-demande.http": TokenRequest,
    "12-echange-refus-jeton-expire.http": ErrorAnswer,
    "12-echange-reponse.http": TokenAnswer,
}
TOKENS = {
    "05-access-token.jwt": AccessToken,
    "06-id-token.jwt": IdToken,
    "07-userinfo-signe.jwt": UserInfo,
    "12-jeton-echange.jwt": AccessToken,
}
JSON = {
    "04-reponse-jeton.json": TokenAnswer,
    "07-userinfo-deux-exercices-trois-activites.json": UserInfo,
    "07-userinfo-un-exercice.json": UserInfo,
}
STORY = (
    # operation, request, answer, instant on 12 March 2026 (README of the folder)
    ("authorize", "01-demande-autorisation", "02-retour-accepte", "09:15:15"),
    ("token", "03-demande-jeton", "04-reponse-jeton", "09:15:18"),
    ("userinfo", "07-userinfo-demande", None, "09:15:20"),
    ("introspect", "10-introspection-demande", "10-introspection-active", "09:16:00"),
    ("refresh", "08-rafraichissement-demande", "08-rafraichissement-reponse", "09:17:03"),
    ("token", "12-echange-demande", "12-echange-reponse", "09:17:13"),
    ("userinfo", "12-appel-api", None, "09:17:14"),
    ("logout", "11-deconnexion-demande", "11-deconnexion-reponse", "09:30:00"),
    ("ciba", "09-ciba-demande", "09-ciba-reponse", "10:15:00"),
    ("token", "09-ciba-interrogation", "09-ciba-en-attente", "10:15:05"),
    ("token", "09-ciba-interrogation", "09-ciba-succes", "10:15:14"),
)


def http(name: str) -> Message:
    head, _, body = (FOLDER / name).read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
    start, *lines = head.decode().split("\n")
    headers = tuple((k, v.strip()) for k, _, v in (line.partition(":") for line in lines))
    return Message(start, headers, body)


def keys() -> list[dict[str, object]]:
    return [
        key
        for name in ("jwks.json", "12-echange-jwks.json")
        for key in json.loads((FOLDER / name).read_text())["keys"]
    ]


def environment() -> Environment:
    return Environment(
        psc_clients=(PscClient("lgc-des-essais-bas", ("https://lgc.essais.example/psc/retour",)),),
        psc_keys=tuple(keys()),
        psc_issuer="https://auth.bas.psc.esante.gouv.fr/auth/realms/esante-wallet",
    )


def peer(name: str) -> TlsPeer:
    certificate = None
    if name.startswith("12-"):
        pem = (FOLDER / "12-certificat-client.pem").read_bytes()
        certificate = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return TlsPeer("TLSv1.3", certificate=certificate, offered_versions=("TLSv1.3", "TLSv1.2"))


def instant(name: str) -> datetime:
    hour = next((at for _, ask, reply, at in STORY if name in (f"{ask}.http", f"{reply}.http")), "")
    return datetime.fromisoformat(f"2026-03-12T{hour or '09:15:15'}+00:00").astimezone(UTC)


def test_every_file_of_the_folder_is_read_by_a_test() -> None:
    beside = {"README.md", "jwks.json", "12-cnf.json", "12-certificat-client.pem"}
    opened = {path.name for path in FOLDER.glob("*.decode.json")}
    known = {*HTTP, *TOKENS, *JSON, *beside, *opened, "12-echange-jwks.json"}
    assert {path.name for path in FOLDER.iterdir()} <= known


@pytest.mark.parametrize(("name", "kind"), sorted(HTTP.items()))
def test_a_message_is_read_and_raises_nothing(name: str, kind: type) -> None:
    message = http(name)
    reader = read_answer if message.start_line.startswith("HTTP/") else read_request
    artefacts = list(reader(message))
    assert [type(a) for a in artefacts] == [kind]
    context = Context(environment=environment(), observed_at=instant(name), tls=peer(name))
    assert judge_artefact(artefacts[0], context).findings == ()


@pytest.mark.parametrize(("name", "kind"), sorted(TOKENS.items()))
def test_a_token_is_opened_as_its_decoded_twin_and_verified(name: str, kind: type) -> None:
    artefact = read_token((FOLDER / name).read_text())
    assert type(artefact) is kind
    assert isinstance(artefact, IssuedToken | UserInfo)
    assert artefact.jwt is not None
    assert signed_by(artefact.jwt, keys())
    twin = Path(FOLDER / name.replace(".jwt", ".decode.json"))
    if twin.exists():
        decoded = json.loads(twin.read_text())
        assert decoded == {"header": artefact.jwt.header, "payload": artefact.jwt.claims}


@pytest.mark.parametrize(("name", "kind"), sorted(JSON.items()))
def test_a_json_answer_is_read_and_raises_nothing(name: str, kind: type) -> None:
    artefacts = list(read_json((FOLDER / name).read_bytes()))
    assert [type(a) for a in artefacts] == [kind]
    context = Context(environment=environment(), observed_at=instant(name))
    assert judge_artefact(artefacts[0], context).findings == ()


def test_activities_of_every_exercise_are_found() -> None:
    body = (FOLDER / "07-userinfo-deux-exercices-trois-activites.json").read_bytes()
    (info,) = read_json(body)
    assert isinstance(info, UserInfo)
    assert (info.national_id, len(info.exercises), len(info.activities)) == ("810999990012", 2, 3)


def test_the_whole_story_raises_nothing() -> None:
    exchanges: list[Exchange] = []
    for position, (operation, ask, reply, _) in enumerate(STORY, 1):
        at = instant(f"{reply or ask}.http")
        exchange = Exchange(
            id=f"e{position}",
            campaign="or",
            position=position,
            service="psc",
            operation=operation,
            started_at=at,
            answered_at=at,
            peer="127.0.0.1:1",
            request=http(f"{ask}.http"),
            response=http(f"{reply}.http") if reply else None,
            outcome=Outcome.ACCEPTED,
            tls=peer(ask),
        )
        exchanges.append(exchange)
    judgement = judge_journal(JournalView(tuple(exchanges)), environment())
    assert judgement.findings == ()
    assert {"PSC-02", "PSC-05", "PSC-11", "PSC-30"} <= judgement.evaluated
    late = tuple(replace(e, started_at=e.started_at.replace(hour=23)) for e in exchanges)
    found = judge_journal(JournalView(late), environment()).findings
    assert {f.check_id for f in found} == {"PSC-05", "PSC-11"}

"""The golden INSi story as exchanges and circumstances (third voice)."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from rules.context import Context, Environment, Professional, Software
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.formats.certificate import Certificate
from tests.shared_data import GOLDEN

FOLDER = GOLDEN / "insi"
NAMES = (
    "e01-traits-org-prenom2",
    "e02-traits-org-prenom1",
    "e03-traits-org-jaxws",
    "e04-traits-cpx",
    "e05-traits-cpx-homonymes",
    "e06-traits-cpx-homonymes-prenoms",
    "e07-vitale-cpx-assure",
    "e08-vitale-org-enfant",
    "e09-nia",
    "e10-faute-passerelle-idam",
    "e11-faute-passerelle-indisponible",
    "e12-faute-application-technique",
)


@cache
def story() -> dict[str, Any]:
    return json.loads((FOLDER / "story.json").read_text())


def environment() -> Environment:
    """What the bench would be told: software, professional, authorities."""
    software, person = story()["logiciel"], story()["professionnelle"]
    return Environment(
        software=Software(software["nom"], software["version"], idam=software["idam"]),
        professionals=(
            Professional(
                national_id=person["ps_idnat"],
                family_name=person["nom"],
                given_name=person["prenom"],
                profession=person["profession"],
                speciality=person["savoir_faire"],
                structure_id=person["structure_idnat"],
                sector=person["secteur"],
                billing_id=person["identifiant_facturation"],
            ),
        ),
        anchors=tuple(_der(path) for path in sorted((FOLDER / "certs").glob("ca-*.pem"))),
    )


def exchange(name: str, form: str = "http", position: int = 1) -> Exchange:
    """One exchange of the story, from its .http files or from its bare .xml files."""
    told = story()["echanges"][name]
    at = datetime.fromisoformat(told["observed_at"])
    answer = _message(FOLDER / f"{name}-reponse.{form}")
    return Exchange(
        id=name,
        campaign="golden",
        position=position,
        service="insi",
        operation=told["operation"],
        started_at=at,
        answered_at=at,
        peer="127.0.0.1:1",
        request=_message(FOLDER / f"{name}-requete.{form}"),
        response=answer,
        outcome=Outcome.ACCEPTED if told["http_status"] == 200 else Outcome.REFUSED,
        tls=TlsPeer(certificate=_der(FOLDER / told["tls_client_certificate"])),
        host=told["host"],
    )


def context(name: str) -> Context:
    """Circumstances of one exchange of the story."""
    observed = exchange(name)
    return Context(
        environment=environment(),
        observed_at=observed.started_at,
        tls=observed.tls,
        host=observed.host,
        exchange=observed,
        identities={},
    )


def request_body(name: str) -> bytes:
    return (FOLDER / f"{name}-requete.xml").read_bytes()


def _der(path: Path) -> bytes:
    return Certificate.from_pem(path.read_bytes()).der


def _message(path: Path) -> Message:
    data = path.read_bytes()
    if path.suffix == ".xml":
        return Message("", (), data)
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode().split("\r\n")
    headers = (line.partition(":") for line in lines)
    return Message(start, tuple((name, value.strip()) for name, _, value in headers), body)

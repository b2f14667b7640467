"""Calls the gestures of a reference LGC over HTTP, without socket."""

from __future__ import annotations

import json
from typing import Any

import anyio
import httpx
import respx

from reference_impl.app import create_app
from reference_impl.people import Status
from tests.reference_impl.house import CAMILLE_JSON, LOUISE, House


class Http:
    """A client of the application, without socket."""

    def __init__(self, house: House) -> None:
        self._transport = httpx.ASGITransport(create_app(house.lgc), raise_app_exceptions=False)

    def get(self, path: str) -> httpx.Response:
        return anyio.run(self._call, "GET", path, None)

    def post(self, path: str, content: bytes) -> httpx.Response:
        return anyio.run(self._call, "POST", path, content)

    async def _call(self, method: str, path: str, content: bytes | None) -> httpx.Response:
        client = httpx.AsyncClient(transport=self._transport, base_url="http://logiciel.test")
        async with client:
            return await client.request(method, path, content=content)


class Driver:
    """Calls gestures and reads their JSON."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.http = Http(house)

    def __call__(self, name: str, expected: int = 200, **parameters: Any) -> dict[str, Any]:
        answer = self.http.post(f"/actions/{name}", json.dumps(parameters).encode())
        assert answer.status_code == expected, answer.text
        return answer.json()

    def code(self, name: str, expected: int = 409, **parameters: Any) -> str:
        return self(name, expected, **parameters)["erreur"]["code"]

    def document(self, status: Status = Status.QUALIFIED, **changes: Any) -> tuple[str, str]:
        """A new document and its patient."""
        patient = self.house.patient(status, **changes).id
        return self.write(patient), patient

    def write(self, patient: str, **changes: Any) -> str:
        asked = {"type": "11488-4", "titre": "Lettre", "texte": "Bonjour"} | changes
        return self("document.write", patient=patient, professionnel=LOUISE, **asked)["document"][
            "id"
        ]


def insi(network: respx.MockRouter, *bodies: bytes) -> respx.Route:
    route = network.post("https://insi.test/lps")
    route.side_effect = [httpx.Response(500 if b"Fault" in b else 200, content=b) for b in bodies]
    return route


def create(driver: Driver, **changes: Any) -> str:
    return driver("patient.create", traits=CAMILLE_JSON | changes)["patient"]["id"]

"""Driver of a product that speaks the driver contract over HTTP."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httpx

from bench.drivers.base import ActionResult, DriverError

POLL_SECONDS = 0.2
"""Pause between two questions about a gesture answered 202."""


class HttpDriver:
    """``POST /actions/<name>`` to a product that is already running."""

    name = "http"
    concurrent = True

    def __init__(self, url: str, *, timeout: float = 120.0) -> None:
        """``timeout`` bounds one gesture, polling included, in seconds."""
        self.url = url.rstrip("/")
        self._timeout = timeout
        self._client = httpx.Client(base_url=self.url, timeout=timeout)

    def start(self, environment_file: str, seed: int) -> None:  # noqa: ARG002 - the product has its own
        """Check that the product answers; its configuration is its editor's affair."""
        try:
            self._client.get("/health").raise_for_status()
        except httpx.HTTPError as error:
            raise DriverError(
                f"Le logiciel ne répond pas à {self.url}/health ({error}). "
                "Démarrez son pilote, ou corrigez --adresse."
            ) from error

    def perform(self, action: str, parameters: Mapping[str, Any]) -> ActionResult:
        """Post the gesture; poll while the product answers 202."""
        try:
            response = self._client.post(f"/actions/{action}", json=dict(parameters))
            if response.status_code == 202:
                response = self._wait_for(response)
        except httpx.HTTPError as error:
            raise DriverError(f"Le geste « {action} » n'a pas abouti : {error}.") from error
        return ActionResult(action, response.status_code, _object(response, action))

    def stop(self) -> None:
        """Close the connections."""
        self._client.close()

    def _wait_for(self, accepted: httpx.Response) -> httpx.Response:
        identifier = _object(accepted, "202").get("action")
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline:
            response = self._client.get(f"/actions/{identifier}")
            if response.status_code != 202:
                return response
            time.sleep(POLL_SECONDS)
        raise DriverError(f"Le geste n° {identifier} n'a pas fini en {self._timeout:.0f} s.")


def _object(response: httpx.Response, action: str) -> Mapping[str, Any]:
    try:
        value = response.json()
    except ValueError:
        if response.status_code == 501:
            return {}
        raise DriverError(f"La réponse au geste « {action} » n'est pas du JSON.") from None
    if not isinstance(value, dict):
        raise DriverError(f"La réponse au geste « {action} » n'est pas un objet JSON.")
    return value

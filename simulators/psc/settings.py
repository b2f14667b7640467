"""The part ``psc`` of the bench's settings, and the switches they start from.

``{"psc": {"emetteur": url, "acr": "eidas2", "mode": "MOBILE", "userinfo": "jwt",
"clients": [{"client_id", "client_secret", "redirect_uris", "public", "certificat"}]}}``
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from simulators.kernel import Kernel

CHOICES: Mapping[str, tuple[str, ...]] = {
    "acr": ("eidas1", "eidas2", "eidas3"),
    "mode": ("CARD", "MOBILE"),
    "userinfo": ("json", "jwt"),
}
"""Switches with a closed list of values (fiche §3.2, §3.4)."""

DEFAULTS: Mapping[str, str] = {"acr": "eidas3", "mode": "CARD", "userinfo": "json"}
"""eidas3 with a card is what the sandbox answered in 2023 (fiche §3.1)."""


def psc_settings(kernel: Kernel) -> Mapping[str, Any]:
    """The settings of this service, empty when there are none."""
    return cast("Mapping[str, Any]", kernel.settings.get("psc") or {})


def verify_choice(name: str, value: object) -> str:
    """A value of a switch; raises ValueError with a French sentence."""
    if value not in CHOICES[name]:
        wanted = ", ".join(CHOICES[name])
        raise ValueError(f"psc.{name} : valeur « {value} » inconnue, choisir parmi {wanted}.")
    return str(value)

"""The checks' Environment as JSON: kept in the journal, read from context files.

A verdict must follow from the journal alone, so what the checks were told
(product, professionals, authorities, keys) is written there when a campaign
starts.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from rules.context import Environment, Professional, PscClient, Software


def to_json(environment: Environment) -> dict[str, Any]:
    """A JSON object from which :func:`from_json` builds an equal Environment."""
    return {
        "logiciel": asdict(environment.software) if environment.software else None,
        "professionnels": [asdict(p) for p in environment.professionals],
        "clients_psc": [asdict(c) for c in environment.psc_clients],
        "cles_psc": [dict(key) for key in environment.psc_keys],
        "emetteur_psc": environment.psc_issuer,
        "autorites": [base64.b64encode(der).decode("ascii") for der in environment.anchors],
        "domaines_mss": list(environment.mss_domains),
        "oid_ins": sorted(environment.ins_oids),
        "oid_equivalents": dict(environment.oid_equivalences),
        "tolerance_horloge_s": environment.clock_tolerance.total_seconds(),
        "profil": environment.rules_profile,
    }


def from_json(value: Mapping[str, Any]) -> Environment:
    """Build an Environment; absent keys keep their default."""
    default = Environment()
    software = value.get("logiciel")
    tolerance = value.get("tolerance_horloge_s")
    return Environment(
        software=Software(**software) if software else None,
        professionals=tuple(_professional(p) for p in value.get("professionnels", ())),
        psc_clients=tuple(
            PscClient(c["client_id"], tuple(c.get("redirect_uris", ())), c.get("public", False))
            for c in value.get("clients_psc", ())
        ),
        psc_keys=tuple(value.get("cles_psc", ())),
        psc_issuer=value.get("emetteur_psc"),
        anchors=tuple(base64.b64decode(der) for der in value.get("autorites", ())),
        mss_domains=tuple(value.get("domaines_mss", ())),
        ins_oids=frozenset(value.get("oid_ins", default.ins_oids)),
        oid_equivalences=dict(value.get("oid_equivalents", default.oid_equivalences)),
        clock_tolerance=timedelta(seconds=tolerance) if tolerance else default.clock_tolerance,
        rules_profile=value.get("profil", default.rules_profile),
    )


def _professional(value: Mapping[str, Any]) -> Professional:
    fields: dict[str, Any] = {**value, "mailboxes": tuple(value.get("mailboxes", ()))}
    return Professional(**fields)

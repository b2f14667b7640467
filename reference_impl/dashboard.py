"""Counters of the « mise en ordre de marche », of what services acknowledged.

10 deposits in the DMP, 10 mails to other professionals, 1 to a patient, each
about a qualified identity (sheet Ségur §6.1, MSSanté §10).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reference_impl.outbox import Kind, Shipment, State
from reference_impl.people import Professional

USAGER_DOMAIN = "patient.mssante.fr"


@dataclass(frozen=True, slots=True)
class Counters:
    """What one professional has to show."""

    dmp: int
    mss_pro: int
    mss_citoyenne: int


def count(shipments: Iterable[Shipment], professional: Professional) -> Counters:
    """Count the acknowledged shipments of a professional, oldest first."""
    mine = [
        s
        for s in shipments
        if s.professional_id == professional.national_id and s.state is State.SENT
    ]
    mails = [s for s in mine if s.kind == "mss" and s.content["accuse"]["qualifiee"]]
    to_others = (m for m in mails if _to_another(m, professional))
    return Counters(
        dmp=len(_documents(mine, "dmp") - _documents(mine, "dmp-retrait")),
        mss_pro=_with_new_document(to_others),
        mss_citoyenne=_with_new_document(m for m in mails if m.content["usager"]),
    )


def _documents(mine: Iterable[Shipment], kind: Kind) -> set[str | None]:
    return {s.unique_id for s in mine if s.kind == kind}


def _to_another(mail: Shipment, professional: Professional) -> bool:
    """A message to oneself, or refused for everyone else, does not count."""
    if mail.content["usager"]:
        return False
    reached = set(mail.content["destinataires"]) - set(mail.content["accuse"]["refuses"])
    return any(address.lower() != professional.mailbox.lower() for address in reached)


def _with_new_document(mails: Iterable[Shipment]) -> int:
    """Mails that carry a document not counted yet: sent twice, it counts once."""
    seen: set[str] = set()
    counted = 0
    for mail in mails:
        fresh = set(mail.content["documents"]) - seen
        counted += bool(fresh)
        seen |= fresh
    return counted

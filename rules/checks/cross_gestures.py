"""X-01 and X-02: what the software says it did is seen on the wires, and nothing else.

The gestures of the driver contract say what is expected; a gesture is journaled
after the exchanges it caused. Source: bench.md X-01 and X-02 (Platines
« Expected », WireMock near misses). The table is the bench's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rules.checking import check
from rules.context import Context
from rules.exchange import Exchange
from rules.findings import Finding, Severity
from rules.formats.gesture import Gesture
from rules.judge import JournalView

SENT = "envoyé"
FOUND = "00"

_PSC = frozenset(
    f"psc {name}"
    for name in ("decouverte", "authorize", "choix", "token", "refresh", "userinfo", "jwks",
                 "introspect", "logout", "revoke")
)  # fmt: skip
_SHIPPING = frozenset({"dmp TD0.2", "dmp TD2.1", "dmp TD3.1", "dmp TD3.3", "mssante SMTP",
                       "mssante SMTP-AUTH"})  # fmt: skip
"""What a queue may retry during any gesture."""
_SEARCHES = frozenset({"insi rechercherInsAvecTraitsIdentite", "insi rechercherInsAvecCarteVitale"})
_VERIFICATIONS = _SEARCHES | {"insi verifierIns"}
"""Where no verification is served, the traits are searched and the INS compared."""
_APCV = frozenset(
    f"apcv {name}"
    for name in ("authentifierUtilisateurProximite", "restituerContexteApCV",
                 "detruireContexteApCV")
)  # fmt: skip
_KEPT = frozenset({"apcv restituerContexteApCV", "apcv detruireContexteApCV"})
"""A context is asked again at a start, and destroyed when the user leaves a patient."""
_LOOKED_AT = frozenset({"apcv telephone", "apcv ecran", "prescription EP1"})
_ALWAYS = _PSC | _SHIPPING | _KEPT | _LOOKED_AT | {"mssante autoconfiguration"}
"""The page of the phone is looked at by whoever plays the patient; a pharmacy executes an
ordonnance when it will."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Operations of a gesture: one of ``needed`` must be accepted, ``also`` may be seen.

    ``instead`` shows that nothing was left to do, when no needed one was tried:
    an authorisation that stands (DMP-02-03), a deposit found after a lost answer, a
    session opened by the card instead of Pro Santé Connect.
    """

    needed: frozenset[str]
    also: frozenset[str] = frozenset()
    instead: frozenset[str] = frozenset()

    def met(self, caused: tuple[Exchange, ...]) -> bool:
        """Whether the exchanges of a gesture show that it is done."""
        tried = {_name(e) for e in caused}
        accepted = {_name(e) for e in caused if e.accepted}
        return bool(accepted & self.needed) or (
            bool(accepted & self.instead) and self.needed.isdisjoint(tried)
        )


def _expected(needed: str, *also: str, instead: str = "") -> Expected:
    return Expected(frozenset({needed}), frozenset(also), frozenset({instead} - {""}))


def _calls(*operations: str) -> frozenset[str]:
    """Calls of the ordonnance numérique: EP-01 and EP-33 say it when one is missing."""
    return frozenset(f"prescription {operation}" for operation in operations)


GESTURES: Mapping[str, Expected] = {
    "session.open": _expected("psc token", instead="cards VERIFY"),
    "identity.search_insi": Expected(_SEARCHES),
    "identity.verify": Expected(_VERIFICATIONS),
    "identity.receive": Expected(frozenset(), _VERIFICATIONS),
    "dmp.access": _expected("dmp TD0.2"),
    "dmp.authorize": _expected("dmp TD0.3", "dmp TD0.2", instead="dmp TD0.2"),
    "dmp.deposit": _expected("dmp TD2.1", "dmp TD0.2", "dmp TD3.1", instead="dmp TD3.1"),
    "dmp.search": _expected("dmp TD3.1", "dmp TD0.2"),
    "dmp.read": _expected("dmp TD3.2", "dmp TD0.2", "dmp TD3.1"),
    "mss.send": _expected("mssante SMTP", "mssante SMTP-AUTH"),
    "mss.read_inbox": _expected("mssante IMAP-AUTH"),
    "apcv.read": Expected(frozenset(), _APCV | _SEARCHES),
    "apcv.qualify": Expected(frozenset(), _APCV | _SEARCHES),
    "apcv.close": Expected(frozenset(), _APCV),
    "session.close": Expected(frozenset(), _APCV),
    "prescription.validate": Expected(frozenset(), _calls("EP4", "EP3", "traces")),
    "prescription.print": Expected(frozenset(), _calls("EP4", "EP3", "traces")),
    "prescription.search": Expected(frozenset(), _calls("EP2", "traces")),
    "prescription.consult": Expected(frozenset(), _calls("EP3", "traces")),
    "prescription.cancel": _expected("prescription EP4-annulation", "prescription traces"),
    "software.restart": Expected(frozenset(), _calls("EP4", "EP3", "traces")),
    "outbox.flush": Expected(frozenset(), _calls("EP4", "EP3", "traces")),
}
"""Gestures that speak to a service; the others are silent."""


@check(
    "X-01",
    title="Ce que le logiciel annonce avoir fait se voit sur le réseau",
    severity=Severity.BLOCKING,
    source="bench.md X-01",
)
def announced_is_seen(view: JournalView, _context: Context) -> Iterator[Finding]:
    """A gesture announced as done without its exchange accepted by the service."""
    for gesture, exchange, caused in gestures_and_calls(view):
        expected = GESTURES.get(gesture.name)
        if expected is None or not expected.needed or not _announced(gesture):
            continue
        if not expected.met(caused):
            yield Finding(
                f"geste {gesture.name}",
                f"{' ou '.join(sorted(expected.needed))} accepté par le service",
                ", ".join(sorted({_name(e) for e in caused})) or "aucun échange",
                "N'annoncer un envoi ou une lecture comme faits qu'une fois la réponse du service "
                "reçue ; vérifier aussi que le logiciel utilise les adresses du banc.",
                exchange_id=exchange.id,
                artefact=gesture.label,
            )


@check(
    "X-02",
    title="Aucun échange que le geste n'explique",
    severity=Severity.MINOR,
    source="bench.md X-02",
)
def nothing_unexpected(view: JournalView, _context: Context) -> Iterator[Finding]:
    """Exchanges with services during a gesture that has no use for them.

    Cards are apart: any gesture may have one sign, and they have checks of their own.
    """
    for gesture, _, caused in gestures_and_calls(view):
        expected = GESTURES.get(gesture.name, Expected(frozenset()))
        allowed = _ALWAYS | expected.needed | expected.also
        for each in caused:
            if each.service in ("lgc", "pki", "cards") or each.operation in ("TLS", "?"):
                continue
            if _name(each) not in allowed and not each.operation.startswith("IMAP"):
                yield Finding(
                    f"geste {gesture.name}",
                    ", ".join(sorted(expected.needed)) or "aucun échange",
                    _name(each),
                    "Ne solliciter un service que pour l'action demandée par l'utilisateur.",
                    exchange_id=each.id,
                    artefact=gesture.label,
                )


def _announced(gesture: Gesture) -> bool:
    """Whether the software says that the service took it."""
    if gesture.status is None or gesture.status >= 300:
        return False
    shipment = gesture.answer.get("envoi")
    if isinstance(shipment, Mapping):
        return shipment.get("etat") == SENT
    if gesture.name == "prescription.cancel":
        # A draft, or an ordonnance that the service never had, is cancelled by nobody else.
        return gesture.told("ordonnance", "numero") is not None
    verified = gesture.answer.get("verification")
    if isinstance(verified, Mapping):
        return verified.get("resultat") in ("OK", "KO")
    answer = gesture.answer.get("insi")
    return answer.get("code") == FOUND if isinstance(answer, Mapping) else True


def gestures_and_calls(
    view: JournalView,
) -> Iterator[tuple[Gesture, Exchange, tuple[Exchange, ...]]]:
    """Each gesture with the exchanges observed since the one before."""
    since: list[Exchange] = []
    for exchange in view.exchanges:
        gesture = view.reading(exchange).first(Gesture) if exchange.service == "lgc" else None
        if gesture is None:
            since.append(exchange)
        else:
            yield gesture, exchange, tuple(since)
            since = []


def _name(exchange: Exchange) -> str:
    return f"{exchange.service} {exchange.operation}"

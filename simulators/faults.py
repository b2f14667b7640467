"""Named faults injected on demand: which call gets which one.

Off by default, chosen by service, operation, patient, rank or probability, and
written in the journal. Three places apply them: the connection (``tls-…``,
``refuser`` without operation), the HTTP carrier, and the service itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from random import Random

TRANSPORT: Mapping[str, str] = {
    "refuser": "la connexion est coupée d'emblée, rien n'est traité",
    "muet": "la demande est lue et ne reçoit jamais de réponse",
    "couper": "la connexion est coupée après la demande, sans la traiter",
    "couper-apres-traitement": "la demande est traitée, puis la connexion est coupée sans réponse",
    "lent": "la réponse part après un délai (en secondes : « delay »)",
    "corps-tronque": "la demande est traitée, le corps de la réponse est coupé en chemin",
    "http-429": "réponse 429 avec Retry-After, sans traiter la demande",
    "http-500": "réponse 500, sans traiter la demande",
    "http-502": "réponse 502, sans traiter la demande",
    "http-503": "réponse 503, sans traiter la demande",
}
"""Faults of the carrier, common to every service."""

HANDSHAKE: Mapping[str, str] = {
    "tls-expire": "le serveur présente un certificat expiré",
    "tls-revoque": "le serveur présente un certificat révoqué",
    "tls-autre-ac": "le serveur présente un certificat d'une autorité étrangère",
    "tls-autre-gamme": "le serveur présente un certificat d'une autre gamme de l'IGC",
    "tls-mauvais-nom": "le serveur présente un certificat établi pour un autre nom",
}
"""Faults chosen when a connection opens, before any operation is known."""

TLS = "TLS"
"""Name of the operation of a handshake."""


@dataclass(frozen=True, slots=True)
class Fault:
    """The fault to apply to one call. ``delay`` is in seconds (``lent``)."""

    name: str
    delay: float = 5.0

    @property
    def variant(self) -> str:
        """Variant of the server certificate that a ``tls-…`` fault asks for, or ``""``."""
        return self.name.removeprefix("tls-") if self.name in HANDSHAKE else ""


@dataclass
class Rule:
    """A fault as a tester asked for it; ``seen`` counts the calls it was offered."""

    id: int
    service: str
    fault: Fault
    operation: str | None = None
    times: int | None = 1
    nth: int | None = None
    patient: str | None = None
    probability: float | None = None
    seen: int = 0
    applied: int = 0
    random: Random = field(default_factory=Random, repr=False)

    @property
    def exhausted(self) -> bool:
        """True when it has been applied as often as asked."""
        return self.times is not None and self.applied >= self.times

    def concerns(self, operation: str, patient: str | None, content: bytes) -> bool:
        """Whether a call is one of those this rule is about."""
        if self.operation is not None and self.operation != operation:
            return False
        at_handshake = self.fault.name in HANDSHAKE or (
            self.fault.name == "refuser" and self.operation in (None, TLS)
        )
        if at_handshake is not (operation == TLS):
            return False
        return self.patient is None or _about(self.patient, patient, content)

    def decides(self) -> bool:
        """Count one call and say whether it is hit."""
        self.seen += 1
        if self.nth is not None and self.seen != self.nth:
            return False
        hit = self.probability is None or self.random.random() < self.probability
        self.applied += hit
        return hit


def _about(wanted: str, patient: str | None, content: bytes) -> bool:
    # A message carries the matricule with its key or without it.
    return patient == wanted or wanted[:13].encode() in content


class Faults:
    """The faults now active, and what each service knows how to fail."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._services: dict[str, Mapping[str, str]] = {}
        self._next = 1
        self.at_handshake: Callable[[str], None] = lambda _service: None
        """Told of the service when a fault of the handshake is asked: a connection
        kept open would never meet it."""

    def reseed(self, seed: int) -> None:
        """Forget every rule and draw the next ones from another seed."""
        with self._lock:
            self._seed, self._next = seed, 1
            self._rules = []

    def declare(self, service: str, faults: Mapping[str, str]) -> None:
        """Tell the faults of a service's own: name to French description."""
        self._services[service] = faults

    def known(self, service: str) -> dict[str, str]:
        """Every fault a service can suffer: name to French description."""
        return {**TRANSPORT, **HANDSHAKE, **self._services.get(service, {})}

    def add(  # noqa: PLR0913 - what a tester may say of a fault
        self,
        service: str,
        operation: str | None = None,
        *,
        fault: str,
        times: int | None = 1,
        nth: int | None = None,
        patient: str | None = None,
        probability: float | None = None,
        delay: float = 5.0,
    ) -> Rule:
        """Ask for a fault; raises ValueError with a French sentence.

        ``times``: calls to hit, None for all until :meth:`clear`. ``nth``: only
        the n-th call concerned, from 1. ``patient``: 13- or 15-character
        matricule. ``probability``: 0 to 1, drawn from the seed. ``delay``:
        seconds, for ``lent``.
        """
        self._verify(service, operation, fault, patient)
        _verify_numbers(times, nth, probability, delay)
        with self._lock:
            rule = Rule(self._next, service, Fault(fault, delay), operation, times)
            rule.nth, rule.patient, rule.probability = nth, patient, probability
            rule.random = Random(f"{self._seed}|{self._next}|{service}|{fault}")  # noqa: S311
            self._next += 1
            self._rules.append(rule)
        if rule.concerns(TLS, None, b""):
            self.at_handshake(service)
        return rule

    def draw(
        self,
        service: str,
        operation: str,
        patient: str | None = None,
        content: bytes = b"",
        among: Collection[str] | None = None,
    ) -> Fault | None:
        """The fault to apply to this call, or None. The first rule that hits wins.

        ``content`` is the body of the request, where a patient may be named
        though the caller has not read it. ``among`` leaves alone, uncounted, the
        faults that mean nothing at this point of a dialogue.
        """
        with self._lock:
            for rule in self._rules:
                if rule.service != service or rule.exhausted:
                    continue
                if among is not None and rule.fault.name not in among:
                    continue
                if rule.concerns(operation, patient, content) and rule.decides():
                    return rule.fault
        return None

    def active(self) -> tuple[Rule, ...]:
        """Rules that can still hit, in the order they were added."""
        with self._lock:
            return tuple(rule for rule in self._rules if not rule.exhausted)

    def clear(self, service: str | None = None) -> None:
        """Forget every rule, or those of one service."""
        with self._lock:
            self._rules = [r for r in self._rules if service not in (None, r.service)]

    def remove(self, rule_id: int) -> bool:
        """Forget one rule; False when there is none of that number."""
        with self._lock:
            kept = [rule for rule in self._rules if rule.id != rule_id]
            found = len(kept) != len(self._rules)
            self._rules = kept
        return found

    def _verify(self, service: str, operation: str | None, fault: str, patient: str | None) -> None:
        if service not in self._services:
            names = ", ".join(sorted(self._services)) or "aucun"
            raise ValueError(f"Service inconnu : « {service} ». Services du banc : {names}.")
        known = self.known(service)
        if fault not in known:
            raise ValueError(
                f"Défaut inconnu : « {fault} ». Défauts de {service} : {', '.join(known)}."
            )
        if fault in HANDSHAKE and (operation not in (None, TLS) or patient is not None):
            raise ValueError(
                f"« {fault} » se décide à l'ouverture de la connexion : ne précisez ni opération "
                "ni patient."
            )


def _verify_numbers(
    times: int | None, nth: int | None, probability: float | None, delay: float
) -> None:
    if times is not None and times < 1:
        raise ValueError("« times » est un nombre d'appels, au moins 1 (ou null : sans fin).")
    if nth is not None and nth < 1:
        raise ValueError("« nth » est le rang d'un appel, à partir de 1.")
    if probability is not None and not 0 <= probability <= 1:
        raise ValueError("« probability » est comprise entre 0 et 1.")
    if not 0 <= delay <= 3600:
        raise ValueError("« delay » est un nombre de secondes entre 0 et 3600.")

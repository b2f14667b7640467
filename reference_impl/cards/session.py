"""The session of one card: open from the code porteur until the card leaves or is left."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from reference_impl.cards.chip import Chip
from reference_impl.cards.content import (
    read_card,
    read_situations,
    read_validity,
    require_coherent,
)
from reference_impl.cards.errors import CardError, removed, unreadable
from reference_impl.cards.signer import CardKey
from reference_impl.cards.values import CpsCard, Situation


@dataclass(frozen=True, slots=True)
class CardView:
    """A card as the user sees it. ``situation`` is a number, None while none is chosen."""

    card: CpsCard
    situation: int | None = None
    tries_left: int | None = None


class CardSession:
    """A card under power whose holder is known; ``enter`` opens what the code protects.

    One thread at a time talks to the card. Any refusal of the card ends the session:
    the code porteur has to be given again, and what it protected is forgotten.
    """

    def __init__(self, chip: Chip) -> None:
        self._chip: Chip | None = chip
        self._lock = threading.RLock()
        self._reader = chip.reader
        self._situation: int | None = None
        self.certificate = _certificate(chip)
        self._public = _public_key(self.certificate)
        self.card = read_card(chip, self.certificate)

    @property
    def key(self) -> CardKey:
        """The signature key."""
        return CardKey(self._public, self.sign)

    def require_usable(self, now: datetime, *, production: bool) -> None:
        """Refuse a card that is expired, not valid yet, inconsistent, or of another environment."""
        with self._in_use() as chip:
            require_coherent(chip, self.card, self.certificate)
            actua = chip.validity()
            bounds = [(self.certificate.not_valid_before_utc, self.certificate.not_valid_after_utc)]
            bounds += [read_validity(actua)] if actua is not None else []
            begins = max(self.card.begins, *(begin.date() for begin, _ in bounds))
            ends = min(self.card.ends, *(end.date() for _, end in bounds))
            early = now.date() < self.card.begins or any(now < begin for begin, _ in bounds)
            late = now.date() > self.card.ends or any(now > end for _, end in bounds)
            if late:
                raise _out_of_date("CARTE_EXPIREE", f"a expiré le {ends:%d/%m/%Y}")
            if early:
                raise _out_of_date("CARTE_PAS_ENCORE_VALIDE", f"vaut à partir du {begins:%d/%m/%Y}")
            if production is self.card.test:
                raise _of_another_world(test=self.card.test)

    def tries_left(self) -> int | None:
        """Tries of the code porteur left."""
        with self._in_use() as chip:
            return chip.tries_left()

    def enter(self, code: str) -> None:
        """Present the code porteur, once, and read the situations d'exercice."""
        with self._in_use() as chip:
            chip.verify(code)
            situations = read_situations(chip)
            self.card = replace(self.card, situations=situations)
            self._situation = situations[0].number if len(situations) == 1 else None

    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """Give the code porteur its tries back, and another value."""
        with self._in_use() as chip:
            chip.unblock(unblocking_code, new_code)

    def sign(self, message: bytes) -> bytes:
        """Have the card sign. Raises CardError; nothing is tried again.

        A signature that its certificate does not verify never leaves the software.
        """
        with self._in_use() as chip:
            signature = chip.sign(message)
            try:
                self._public.verify(signature, message, PKCS1v15(), SHA256())
            except InvalidSignature as error:
                raise CardError(
                    "SIGNATURE_FAUSSE",
                    "La signature faite par la carte n’est pas celle de son certificat : essayez "
                    "une autre carte, et signalez celle-ci.",
                    "carte",
                ) from error
            return signature

    def choose(self, number: int) -> None:
        """Take a situation of the card. Raises CardError."""
        if number not in [situation.number for situation in self.card.situations]:
            raise CardError(
                "SITUATION_INCONNUE",
                f"La carte n’a pas de situation d’exercice n° {number}.",
                "situation",
            )
        self._situation = number

    @property
    def situation(self) -> Situation:
        """The situation the professional works in. Raises CardError."""
        if not self.card.situations:
            raise CardError(
                "SITUATION_ABSENTE",
                "La carte n’a aucune situation d’exercice : elle ne permet pas d’appeler ce "
                "service. Faites mettre la carte à jour.",
                "carte",
            )
        for situation in self.card.situations:
            if situation.number == self._situation:
                return situation
        raise CardError(
            "SITUATION_A_CHOISIR",
            "La carte a plusieurs situations d’exercice : choisissez celle d’aujourd’hui.",
            "situation",
        )

    def view(self) -> CardView:
        """As the user sees it."""
        return CardView(self.card, self._situation)

    def alive(self) -> bool:
        """Whether the card never left its reader. Nothing is sent to it."""
        with self._lock:
            if self._chip is not None and not self._chip.present():
                self.close()
            return self._chip is not None

    def close(self) -> None:
        """Leave the card, forget what it protects."""
        with self._lock:
            chip, self._chip = self._chip, None
            self.card = replace(self.card, situations=())
            self._situation = None
            if chip is not None:
                chip.close()

    @contextmanager
    def _in_use(self) -> Generator[Chip]:
        with self._lock:
            if self._chip is None:
                raise removed(self._reader)
            try:
                yield self._chip
            except CardError:
                self.close()
                raise


def _certificate(chip: Chip) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(chip.certificate())
    except ValueError as error:
        raise unreadable("son certificat de signature") from error


def _public_key(certificate: x509.Certificate) -> RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise unreadable("sa clé de signature n’est pas RSA")
    return key


def _of_another_world(*, test: bool) -> CardError:
    if test:
        code, sentence = "CARTE_DE_TEST", "une carte de test ne sert pas en production"
    else:
        code, sentence = "CARTE_REELLE", "une carte réelle ne sert pas à des essais"
    return CardError(code, f"La carte est refusée : {sentence}.", "carte")


def _out_of_date(code: str, fact: str) -> CardError:
    return CardError(code, f"La carte est refusée : elle {fact}.", "carte")

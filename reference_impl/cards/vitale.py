"""Reading the carte Vitale: by the reading library when there is one, else by its public files.

Rights and exonérations need secure messaging, whose keys are not public: neither way
of ours shows them. Sources: sheet of cards §5 and §6.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from reference_impl.cards import vitale_apdu, vitale_library
from reference_impl.cards.errors import CardAbsentError, CardError
from reference_impl.cards.places import readers
from reference_impl.cards.reader import CardReader
from reference_impl.cards.values import VitaleCard
from reference_impl.people import Environment

_REAL = "R"


class VitaleReader:
    """The carte Vitale of this installation; nothing of it is kept between two readings."""

    def __init__(
        self, environment: Environment, in_use: Callable[[], Collection[str]] = tuple
    ) -> None:
        """``in_use`` names the readers whose card is a CPS held open by this installation."""
        self._environment = environment
        self._in_use = in_use

    def read(self) -> VitaleCard:
        """Read the card.

        Raises CardAbsentError when there is none, CardError when it cannot be read
        or is no real card in production (EX_GEN-1430), ConfigurationError.
        """
        card = self._read()
        if self._environment.production and card.kind != _REAL:
            raise CardError(
                "VITALE_DE_TEST",
                "Cette carte Vitale de test ou de démonstration est refusée en production.",
                "carte",
            )
        return card

    def _read(self) -> VitaleCard:
        settings = self._environment.cards
        if settings.reading_api is not None:
            return vitale_library.read(settings.reading_api, settings.configuration)
        refusals: list[CardError] = []
        in_use = self._in_use()
        for reader in readers(settings, "vitale"):
            if reader.name in in_use:
                continue  # asked again, it would only make its own session wait
            try:
                card = _found(reader)
            except CardAbsentError:
                continue
            except CardError as error:
                refusals.append(error)
                continue
            if card is not None:
                return card
        if refusals:
            raise refusals[0]
        raise CardAbsentError("Aucune carte Vitale dans les lecteurs : insérez celle du patient.")


def _found(reader: CardReader) -> VitaleCard | None:
    """The carte Vitale of a reader, None when it holds another card."""
    connection = reader.connect()
    try:
        if not vitale_apdu.is_vitale(connection.atr):
            return None
        return vitale_apdu.read(reader.name, connection)
    finally:
        connection.close()

"""Reading the carte Vitale: by the reading library when there is one, else by its public files."""

from __future__ import annotations

from reference_impl.cards.errors import CardAbsentError
from reference_impl.cards.values import VitaleCard
from reference_impl.people import Environment


class VitaleReader:
    """The carte Vitale of this installation; nothing of it is kept between two readings."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def read(self) -> VitaleCard:
        """Read the card.

        Raises CardAbsentError when there is none, CardError when it cannot be read
        or is a test card in production, ConfigurationError.
        """
        raise CardAbsentError("Aucune carte Vitale dans les lecteurs : insérez celle du patient.")

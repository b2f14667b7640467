"""Where cards may be, after the descriptor: readers of the bench or of the machine, or a module.

A reader is only a place: what is in it is known by powering the card and asking it.
"""

from __future__ import annotations

from collections.abc import Sequence

from reference_impl.cards.chip import Chip, Place
from reference_impl.cards.cps import contactless
from reference_impl.cards.cps3 import Cps3
from reference_impl.cards.cps4 import Cps4
from reference_impl.cards.errors import CardError
from reference_impl.cards.reader import CardReader, Connection, VpcdReader, pcsc_readers
from reference_impl.cards.settings import CardSettings
from reference_impl.errors import ConfigurationError

# Sheet §1.1. CryptoLib compares exactly, CPS3 under the mask of OpenSC.
_CPS3 = bytes.fromhex("3BAC00402A001225006480000310009000")
_CPS3_MASK = bytes.fromhex("FF00000000FFFFFFFFFFFF000000FFFFFF")
_CPS3_CONTACTLESS = bytes.fromhex("8F80010031B86404B0ECC1739401808290000E")
_CPS4 = frozenset(
    bytes.fromhex(atr)
    for atr in (
        "3B9B188001001225006480040100009044",
        "3B9B188001001225006480000401009044",
        "3BDC18FF00001225006480000401009000",
    )
)


class ReaderPlace:
    """A reader in which a CPS may be."""

    def __init__(self, reader: CardReader) -> None:
        self._reader = reader
        self.name = reader.name

    def open(self) -> Chip:
        """Power the card and recognise it by its ATR."""
        connection = self._reader.connect()
        try:
            return _recognised(self.name, connection)
        except CardError:
            connection.close()
            raise


def _recognised(reader: str, connection: Connection) -> Chip:
    atr = connection.atr
    if _matches(atr, _CPS3, _CPS3_MASK):
        return Cps3(reader, connection)
    if atr in _CPS4:
        return Cps4(reader, connection)
    # The first octet is 3B, or 2B as OpenSC lists it.
    if atr[1:] == _CPS3_CONTACTLESS:
        raise contactless()
    raise CardError(
        "CARTE_INCONNUE",
        f"La carte du lecteur « {reader} » n’est pas une carte CPS.",
        "carte",
    )


def _matches(atr: bytes, model: bytes, mask: bytes) -> bool:
    if len(atr) != len(model):
        return False
    return all((a ^ m) & k == 0 for a, m, k in zip(atr, model, mask, strict=True))


def cps_places(settings: CardSettings, holder: str | None = None) -> Sequence[Place]:
    """Where to look for a CPS, likely places first. Raises ConfigurationError."""
    if settings.access == "pkcs11":
        from reference_impl.cards.token import token_places  # noqa: PLC0415  an optional library

        return token_places(settings.pkcs11)
    return [ReaderPlace(reader) for reader in readers(settings, "cps", holder)]


def readers(settings: CardSettings, kind: str, holder: str | None = None) -> Sequence[CardReader]:
    """The readers, those that the descriptor gives to this kind and holder first."""
    if settings.access != "banc":
        return pcsc_readers()
    if not settings.readers:
        raise ConfigurationError(
            "CARTES_NON_CONFIGUREES",
            "Le descripteur d’environnement ne décrit aucun lecteur de cartes.",
            "cartes.lecteurs",
        )
    likely = sorted(
        settings.readers,
        key=lambda r: (r.kind != kind, holder is not None and r.holder != holder),
    )
    return [VpcdReader(address) for address in likely]

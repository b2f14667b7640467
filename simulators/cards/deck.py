"""The cards of a campaign as running chips, made from their images when first used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fixtures.world import ProfessionalFixture
from simulators.cards import vitale
from simulators.cards.card import Card
from simulators.cards.issue import issue
from simulators.cards.state import CardRow
from simulators.cards.vitale import VitaleCard, VitaleImage
from simulators.cards.vitale_changes import changed
from simulators.kernel import Kernel

CPS = "cps"
VITALE = "vitale"
PLAIN = "conforme"


@dataclass
class Chip:
    """A card that runs. ``memory`` is what the store has of it."""

    card: Card
    memory: Mapping[str, Any]
    made_from: tuple[str, str]


class Deck:
    """Gives the chip of a row; forgets it when its variant changes."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self._chips: dict[str, Chip] = {}

    def clear(self) -> None:
        """Forget every chip: the next ones start from what is stored."""
        self._chips.clear()

    def forget(self, name: str) -> None:
        """Forget one chip."""
        self._chips.pop(name, None)

    def chip(self, row: CardRow) -> Chip:
        """The chip of a card, with what it remembers; raises ValueError, PkiError."""
        made_from = (row.variant, repr(sorted(row.overrides.items())))
        known = self._chips.get(row.name)
        if known is None or known.made_from != made_from:
            card = self.make(row)
            if row.memory is not None:
                card.restore(row.memory)
            known = Chip(card, card.state(), made_from)
            self._chips[row.name] = known
        return known

    def make(self, row: CardRow) -> Card:
        """A new card of a row, without its memory."""
        if kind_of(row.name) == VITALE:
            return VitaleCard(self.vitale(row))
        return self._cps(row)

    def vitale(self, row: CardRow) -> VitaleImage:
        """The image of a carte Vitale; raises ValueError."""
        found = next((v for v in self._kernel.world.vitales if v.name == row.name), None)
        image = vitale.image_of(found) if found else VitaleImage("000000000000", "T", ())
        return vitale.variant_of(changed(image, row.overrides), row.variant)

    def holder(self, name: str) -> ProfessionalFixture | None:
        """The professional whose card it is."""
        return self._kernel.world.professional(name.removeprefix(f"{CPS}-"))

    def _cps(self, row: CardRow) -> Card:
        holder = self.holder(row.name)
        if holder is None:
            raise ValueError(f"« {row.name} » n'est la carte de personne dans cette campagne.")
        return issue(self._kernel.pki, holder, row.variant)


def kind_of(name: str) -> str:
    """``cps`` or ``vitale``, from the name of a card."""
    return VITALE if name.startswith(f"{VITALE}-") else CPS


def first_row(name: str) -> CardRow:
    """A card as it comes out of its envelope."""
    return CardRow(name, PLAIN, {}, None)


def with_variant(row: CardRow, variant: str) -> CardRow:
    """The card replaced by a variant of it: another chip, which remembers nothing."""
    return row if row.variant == variant else replace(row, variant=variant, memory=None)

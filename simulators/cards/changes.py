"""What a tester may change of readers and cards, in the French of the administration.

>>> {"lecteurs": {"Banc CPS 00": {"carte": "cps-810999990012", "variante": "expiree"}}}
>>> {"lecteurs": {"Banc CPS 00": None, "Banc CPS 01": {"branche": False}}}
>>> {"cartes": {"cps-810999990012": {"variante": "conforme", "essais_porteur": 1}}}
>>> {"vitales": {"vitale-00": {"type": "R", "beneficiaires": […]}}}

Every refusal is a ValueError with a French sentence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from simulators.cards.deck import VITALE, Deck, first_row, kind_of, with_variant
from simulators.cards.state import CardRow, CardStore, ReaderRow
from simulators.journal import new_id

_READER = ("carte", "variante", "branche")
_CODES = {"essais_porteur": "porteur", "essais_deblocage": "deblocage"}
_PARTS = ("lecteurs", "cartes", "vitales")


class Changes:
    """Applies a change to the store of a campaign."""

    def __init__(self, store: CardStore, deck: Deck) -> None:
        self._store = store
        self._deck = deck

    def apply(self, change: Mapping[str, Any]) -> None:
        """Apply every part of a change."""
        unknown = sorted(set(change) - set(_PARTS))
        if unknown:
            raise ValueError(
                f"« {unknown[0]} » ne veut rien dire pour les cartes : {', '.join(_PARTS)}."
            )
        for name, value in _objects(change, "vitales"):
            self._vitale(name, value)
        for name, value in _objects(change, "cartes"):
            self._card(name, value)
        for name, value in _objects(change, "lecteurs", nothing=True):
            self._reader(name, value)

    def _vitale(self, name: str, value: Mapping[str, Any]) -> None:
        if kind_of(name) != VITALE:
            raise ValueError(f"« {name} » : une carte Vitale se nomme « vitale-… ».")
        row = self._store.card(name) or first_row(name)
        row = replace(row, overrides=dict(value), memory=None)
        self._put(row)

    def _card(self, name: str, value: Mapping[str, Any]) -> None:
        unknown = sorted(set(value) - {"variante", *_CODES})
        if unknown:
            known = ", ".join(("variante", *_CODES))
            raise ValueError(f"« {unknown[0]} » ne se change pas sur une carte : {known}.")
        if "variante" in value:
            self._vary(name, str(value["variante"]))
        left = {code: value[field] for field, code in _CODES.items() if field in value}
        if left:
            self._put(self._with_tries(self._known(name), left))

    def _with_tries(self, row: CardRow, left: Mapping[str, Any]) -> CardRow:
        memory = dict(row.memory or self._deck.make(row).state())
        for code, tries in left.items():
            if code not in memory:
                raise ValueError(f"« {row.name} » n'a pas de code {code}.")
            memory[code] = {**memory[code], "essais_restants": tries}
        return replace(row, memory=memory)

    def _vary(self, name: str, variant: str) -> None:
        row = self._known(name)
        self._put(with_variant(row, variant))

    def _put(self, row: CardRow) -> None:
        """Write a card; whoever reads it meets it as a card just put in."""
        card = self._deck.make(row)  # a variant nobody knows is refused here
        if row.memory is not None:
            card.restore(row.memory)
        self._store.put_card(row)
        self._deck.forget(row.name)
        for reader in self._store.readers():
            if reader.card == row.name:
                # Even in the same place: whoever spoke to the chip before must notice.
                self._store.put_reader(replace(reader, insertion=new_id()))

    def _reader(self, name: str, value: Mapping[str, Any] | None) -> None:
        row = self._store.reader(name)
        if row is None:
            known = ", ".join(one.name for one in self._store.readers())
            raise ValueError(f"« {name} » n'est pas un lecteur du banc : {known}.")
        if value is None:
            self._place(row, None)
            return
        unknown = sorted(set(value) - set(_READER))
        if unknown or not isinstance(value.get("branche", True), bool):
            raise ValueError(
                f"Lecteur « {name} » : donnez {{carte, variante}}, {{branche: true ou false}}, "
                "ou null pour retirer la carte."
            )
        self._plug(row, value)

    def _plug(self, row: ReaderRow, value: Mapping[str, Any]) -> None:
        card = row.card
        if "carte" in value and value["carte"] is not None:
            card = self._known(str(value["carte"])).name
            self._withdraw_elsewhere(card, row.name)
        elif "carte" in value:
            card = None
        self._place(row, card, plugged=bool(value.get("branche", True)))
        if "variante" in value:
            if card is None:
                raise ValueError(f"Il n'y a pas de carte dans « {row.name} » : donnez « carte ».")
            self._vary(card, str(value["variante"]))

    def _withdraw_elsewhere(self, card: str, reader: str) -> None:
        for other in self._store.readers():
            if other.card == card and other.name != reader:
                self._place(other, None)

    def _place(self, row: ReaderRow, card: str | None, *, plugged: bool | None = None) -> None:
        after = replace(row, card=card, plugged=row.plugged if plugged is None else plugged)
        if after != row:
            self._store.put_reader(replace(after, insertion=new_id()))

    def _known(self, name: str) -> CardRow:
        row = self._store.card(name)
        if row is None:
            names = ", ".join(one.name for one in self._store.cards())
            raise ValueError(f"« {name} » n'est pas une carte du banc : {names}.")
        return row


def _objects(
    change: Mapping[str, Any], part: str, *, nothing: bool = False
) -> list[tuple[str, Any]]:
    told = change.get(part, {})
    if not isinstance(told, Mapping):
        raise ValueError(f"« {part} » est un objet JSON.")
    pairs = list(cast("Mapping[str, Any]", told).items())
    for name, value in pairs:
        if not isinstance(value, Mapping) and not (nothing and value is None):
            raise ValueError(f"« {part} » : « {name} » attend un objet JSON.")
    return pairs

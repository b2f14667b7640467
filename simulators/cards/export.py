"""Cards as files, so that another host may be them: one JSON document for each."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.cards.card import Card
from simulators.cards.cps import Cps
from simulators.cards.deck import Deck
from simulators.cards.errors import CardError
from simulators.cards.image_file import read_image, write_image
from simulators.cards.state import CardStore
from simulators.cards.vitale import VitaleCard, VitaleImage
from simulators.cards.vitale_changes import changed, described
from simulators.kernel import Kernel

VITALE_FORMAT = "segur-bench/carte-vitale/1"


def document_of(card: Card) -> dict[str, Any]:
    """A card as JSON, what it remembers included."""
    if isinstance(card, Cps):
        return write_image(card)
    if not isinstance(card, VitaleCard):
        raise CardError("Cette carte n'a pas de forme en fichier.")
    image = card.image
    return {
        "format": VITALE_FORMAT,
        "famille": card.family,
        "atr": image.atr.hex().upper(),
        "debut": image.begins,
        **described(image),
    }


def card_of(document: Mapping[str, Any]) -> Card:
    """The card of a :func:`document_of`; raises ValueError with a French sentence."""
    if document.get("format") != VITALE_FORMAT:
        return read_image(document)
    try:
        image = VitaleImage("0", "T", (), str(document["debut"]), bytes.fromhex(document["atr"]))
        told = {name: document[name] for name in ("type", "numero_serie", "beneficiaires")}
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"Image de carte Vitale illisible : {error}") from error
    return VitaleCard(changed(image, told))


def read_card(path: Path) -> Card:
    """The card of a file; raises CardError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("ce n'est pas un objet JSON")
        return card_of(document)
    except (OSError, ValueError) as error:
        raise CardError(f"{path} n'est pas une image de carte : {error}") from error


def write_card(card: Card, path: Path) -> None:
    """Write a card; the file is whole at every moment, whoever kills the writer.

    Raises CardError when it cannot be written.
    """
    content = json.dumps(document_of(card), ensure_ascii=False, indent=2) + "\n"
    draft = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(content, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise CardError(
            f"{path} ne peut pas être écrit ({error}) : donnez un dossier où vous pouvez écrire."
        ) from error


def export(kernel: Kernel, folder: Path) -> tuple[Path, ...]:
    """Write every card of a campaign as it is now; the paths, none without cards.

    Raises CardError when the folder cannot be written.
    """
    deck = Deck(kernel)
    with kernel.store.reading() as connection:
        rows = CardStore(connection, kernel.campaign).cards()
    paths: list[Path] = []
    for row in rows:
        path = folder / f"{row.name}.json"
        write_card(deck.chip(row).card, path)
        paths.append(path)
    return tuple(paths)

"""What stands between a user and a card. Each ``code`` is stable, each sentence says what to do.

::

    CardError            a card, its reader or its code prevents the gesture (409)
    ├── CardAbsentError  no card of this professional in any reader, or it was taken out
    └── CardRefusedError the card answered a status word other than success
"""

from __future__ import annotations

from reference_impl.errors import LgcError


class CardError(LgcError):
    """A card, its reader or its code prevents the gesture; it may be tried again later."""

    http_status = 409


class CardAbsentError(CardError):
    """No such card in any reader, or it was taken out."""

    def __init__(self, message: str) -> None:
        super().__init__("CARTE_ABSENTE", message)


class CardRefusedError(CardError):
    """The card refused a command. ``sw`` is its status word."""

    def __init__(self, sw: int, doing: str) -> None:
        super().__init__(
            "CARTE_REFUS", f"La carte a refusé une commande ({doing}) : {sw:04X}.", "carte"
        )
        self.sw = sw


def removed(reader: str) -> CardAbsentError:
    """The card went away while it was used."""
    return CardAbsentError(
        f"La carte a été retirée du lecteur « {reader} » : réinsérez-la, puis recommencez."
    )


def unreadable(what: str) -> CardError:
    """The chip answers, but its content means nothing."""
    return CardError("CARTE_ILLISIBLE", f"La carte est illisible : {what}.", "carte")


def inconsistent(what: str) -> CardError:
    """Two places of the card contradict one another."""
    return CardError("CARTE_INCOHERENTE", f"La carte est refusée : {what}.", "carte")


def blocked() -> CardError:
    """Three wrong codes: only the unblocking code helps."""
    return CardError(
        "CARTE_BLOQUEE",
        "Le code porteur est bloqué après trois codes faux. Débloquez la carte avec son code de "
        "déblocage (8 chiffres, remis avec la carte) et choisissez un nouveau code.",
        "code",
    )


def wrong_code(left: int | None) -> CardError:
    """A code porteur was refused; ``left`` tries remain, None when the card does not say."""
    if left == 0:
        return blocked()
    remaining = "" if left is None else f" Il reste {left} essai{'s' if left > 1 else ''}."
    return CardError("CODE_FAUX", f"Le code porteur est faux.{remaining}", "code")


def wrong_unblocking_code(left: int | None) -> CardError:
    """An unblocking code was refused."""
    if left == 0:
        return CardError(
            "CARTE_INUTILISABLE",
            "Le code de déblocage est bloqué lui aussi : la carte doit être remplacée.",
            "code_deblocage",
        )
    remaining = "" if left is None else f" Il reste {left} essai{'s' if left > 1 else ''}."
    return CardError(
        "CODE_DEBLOCAGE_FAUX", f"Le code de déblocage est faux.{remaining}", "code_deblocage"
    )

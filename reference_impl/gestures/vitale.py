"""The carte Vitale as a key to query INSi (WS_INS1)."""

from __future__ import annotations

from reference_impl.cards.values import Beneficiary
from reference_impl.errors import ForbiddenGestureError, InvalidRequestError
from reference_impl.lgc import Lgc


def read_beneficiary(lgc: Lgc, position: int | None) -> Beneficiary:
    """Read the card at this very moment (CD-17), and the beneficiary the user chose.

    Raises ForbiddenGestureError when several are on the card and none was chosen.
    """
    card = lgc.vitale.read()
    if position is None and len(card.beneficiaries) > 1:
        raise ForbiddenGestureError(
            "BENEFICIAIRE_A_CHOISIR",
            f"La carte Vitale a {len(card.beneficiaries)} bénéficiaires : choisissez celui qui "
            "consulte.",
            "beneficiaire",
        )
    wanted = position or 1
    found = next((b for b in card.beneficiaries if b.position == wanted), None)
    if position is None and card.beneficiaries:
        return card.beneficiaries[0]
    if found is None:
        raise InvalidRequestError(
            "BENEFICIAIRE_INCONNU",
            f"La carte Vitale n’a pas de bénéficiaire n° {wanted}.",
            "beneficiaire",
        )
    return found

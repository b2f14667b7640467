"""From an image to a card that runs."""

from __future__ import annotations

from fixtures.world import ProfessionalFixture
from simulators.cards import cps3, cps4
from simulators.cards.codes import SecretCode
from simulators.cards.cps import Chip, Cps, KeySlot, Use
from simulators.cards.crypto import CardKey
from simulators.cards.image import CpsImage, make_image
from simulators.cards.layout import build, build_inner
from simulators.cards.variants import varied
from simulators.pki import Credential, Pki


def issue(pki: Pki, who: ProfessionalFixture, variant: str = "conforme") -> Cps:
    """The card of a professional of the campaign; raises ValueError, PkiError.

    ``variant`` is a name of :data:`simulators.cards.variants.VARIANTS`.
    """
    return make_card(varied(image_of(pki, who), variant))


def image_of(pki: Pki, who: ProfessionalFixture) -> CpsImage:
    """The image of a professional's card, with the certificates of the campaign."""

    def pair(variant: str) -> tuple[Credential, Credential]:
        suffix = f".{variant}" if variant else ""
        sign, auth = (
            pki.credential(f"cps-{who.national_id}-{role}{suffix}") for role in ("sign", "auth")
        )
        return sign, auth

    return make_image(who, *pair(""), reissue=pair)


def make_card(image: CpsImage) -> Cps:
    """A card made from its image."""
    third = image.family == "CPS3"
    references = cps3.KEYS if third else cps4.KEYS
    chip = Chip(
        number=image.number,
        atr=image.atr or (cps3.ATR_CPS3 if third else cps4.ATR_CPS4),
        root=build(image, references),
        pin=SecretCode(image.pin, image.pin_left),
        puk=SecretCode(image.puk, image.puk_left, minimum=8),
        keys=dict(zip(references, _slots(image), strict=True)),
        inner=build_inner(image),
        wrong_digest=image.wrong_digest,
    )
    return cps3.Cps3(chip) if third else cps4.Cps4(chip)


def _slots(image: CpsImage) -> tuple[KeySlot, KeySlot]:
    return (
        KeySlot(CardKey(image.sign.key), frozenset((Use.SIGN,))),
        KeySlot(CardKey(image.auth.key), frozenset((Use.AUTHENTICATE, Use.DECIPHER))),
    )

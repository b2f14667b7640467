"""Speaking to a card in hexadecimal, and the card of the fact sheet's appendix."""

from __future__ import annotations

from datetime import date
from functools import cache

from fixtures.world import ProfessionalFixture
from simulators.cards.card import Card
from simulators.cards.image import CpsImage, Holder, Situation
from simulators.cards.issue import image_of
from simulators.pki import Pki

PIN = "0020000104" + b"1234".hex()
WRONG = "0020000104" + b"0000".hex()
PUK = "0020000208" + b"12345678".hex()


@cache
def pki() -> Pki:
    """One PKI for all tests: its keys are in the cache of the user."""
    return Pki(seed=1)


def professional(rank: int) -> ProfessionalFixture:
    """Ranks 0 and 2 have a CPS3, rank 1 a CPS4; rank 2 practises in two places."""
    return pki().world.professionals[rank]


def image(rank: int = 0) -> CpsImage:
    """The conformant image of a professional."""
    return image_of(pki(), professional(rank))


def lab_image() -> CpsImage:
    """The card of the appendix of the fact sheet; its data are those of §3.3."""
    ours = image()
    return CpsImage(
        family="CPS3",
        number="2800811112",
        begins=date(2020, 12, 15),
        ends=date(2023, 12, 15),
        holder=Holder(
            "899700296140", "MED-CS RPPS0029614", ("ANNE",), 22, profession=10, speciality="SM26"
        ),
        situations=(
            Situation(1, 0, "499700296141008", "CABINET M TESTBANC", "SA07", "0123456789"),
        ),
        sign=ours.sign,
        auth=ours.auth,
        overrides={"EF_ACTUA": None, "CPS_SIT_FACT": None},
    )


def send(card: Card, command: str, sw: int | None = 0x9000) -> bytes:
    """Send a command, fetch what waits, check the status word; gives the data."""
    answer = card.execute(bytes.fromhex(command))
    data, word = answer[:-2], int.from_bytes(answer[-2:])
    cla = command[:2]
    while word >> 8 in (0x61, 0x9F):
        answer = card.execute(bytes.fromhex(f"{cla}C00000{word & 0xFF:02X}"))
        data, word = data + answer[:-2], int.from_bytes(answer[-2:])
    assert sw is None or word == sw, f"{command} -> {word:04X}"
    return data


def status(card: Card, command: str) -> int:
    """The status word of a command, as it is."""
    return int.from_bytes(card.execute(bytes.fromhex(command))[-2:])


def with_data(head: str, data: bytes, le: str = "") -> str:
    """A short command with data."""
    return f"{head}{len(data):02X}{data.hex()}{le}"


def read(card: Card, path: str) -> bytes:
    """A whole file of a CPS3 by its absolute path."""
    send(card, with_data("00A4090C", bytes.fromhex(path)))
    content = b""
    while True:
        answer = card.execute(bytes.fromhex(f"00B0{len(content):04X}E7"))
        if answer[-2:] == b"\x6b\x00":
            return content
        assert answer[-2:] == b"\x90\x00", answer[-2:].hex()
        content += answer[:-2]
        if len(answer) < 0xE7 + 2:
            return content

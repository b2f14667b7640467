"""A card in the journal: APDUs by their ISO 7816-4 name, events, secrets as asterisks.

Shapes: ``docs/contracts.md``, « Words of the journal ».
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from rules.exchange import Correlation, Exchange, Message, Outcome
from simulators.cards.iso7816 import instruction_name
from simulators.journal import new_id
from simulators.kernel import Kernel

SERVICE = "cards"

_CODES = frozenset({0x20, 0x24, 0x2C})
"""Instructions whose data is a code porteur or an unblocking code."""
_HEADER = 4

INSERTED = "insertion"
REMOVED = "retrait"
POWERED = "mise sous tension"
UNPOWERED = "mise hors tension"
RESET = "réinitialisation"


@dataclass(frozen=True, slots=True)
class Place:
    """Which card answered in which reader, and who was at the other end."""

    reader: str
    card: str
    family: str
    holder: str | None = None
    peer: str = "banc"

    @property
    def headers(self) -> tuple[tuple[str, str], ...]:
        """Headers of every exchange of this card."""
        return (("Lecteur", self.reader), ("Carte", self.card), ("Famille", self.family))


def masked(command: bytes) -> bytes:
    """The command with a code porteur or an unblocking code as asterisks."""
    if len(command) <= _HEADER or command[1] not in _CODES:
        return command
    at = _data_at(command)
    return command[:at] + b"*" * (len(command) - at)


def _data_at(command: bytes) -> int:
    size = len(command)
    if size >= 7 and command[4] == 0 and size >= 7 + int.from_bytes(command[5:7]):
        return 7
    # Without a length that fits, the code may stand where the length should.
    return 5 if command[4] in (size - 5, size - 6) else _HEADER


def apdu(
    kernel: Kernel,
    place: Place,
    command: bytes,
    answer: bytes | None,
    started_at: datetime,
    fault: str | None = None,
) -> Exchange:
    """One command and what the card answered; None when it said nothing."""
    word = answer[-2:].hex().upper() if answer else ""
    good = word == "9000" or word[:2] in ("61", "9F")
    request = Message(f"APDU {command[:_HEADER].hex(' ').upper()}", place.headers, masked(command))
    return _exchange(
        kernel,
        place,
        instruction_name(command),
        started_at,
        request,
        Message(f"SW {word}", (), answer) if answer else None,
        error_code=None if good or not word else word,
        fault=fault,
    )


def event(
    kernel: Kernel,
    place: Place,
    name: str,
    extra: tuple[tuple[str, str], ...] = (),
    fault: str | None = None,
) -> Exchange:
    """Something that happened to a card without a command."""
    now = kernel.clock.now()
    request = Message(f"CARTE {name}", (*place.headers, *extra))
    return _exchange(kernel, place, name, now, request, Message("FAIT"), fault=fault)


def api_call(
    kernel: Kernel,
    place: Place,
    function: str,
    arguments: tuple[tuple[str, str], ...],
    told: tuple[int, bytes] | None,
    started_at: datetime,
    fault: str | None = None,
) -> Exchange:
    """One call of the reading API: its arguments as headers, its code and XML told back.

    ``told`` is None when nothing was.
    """
    code, content = told or (0, b"")
    return _exchange(
        kernel,
        place,
        function,
        started_at,
        Message(f"API {function}", (*place.headers, *arguments)),
        Message(f"CODE {code}", (), content) if told else None,
        error_code=str(code) if code else None,
        fault=fault,
    )


def _exchange(  # noqa: PLR0913 - one exchange, from the three shapes above
    kernel: Kernel,
    place: Place,
    operation: str,
    started_at: datetime,
    request: Message,
    response: Message | None,
    *,
    error_code: str | None = None,
    fault: str | None = None,
) -> Exchange:
    outcome = Outcome.REFUSED if error_code else Outcome.ACCEPTED
    return Exchange(
        id=new_id(),
        campaign=kernel.campaign,
        position=0,
        service=SERVICE,
        operation=operation,
        started_at=started_at,
        answered_at=kernel.clock.now() if response else None,
        peer=place.peer,
        request=request,
        response=response,
        outcome=outcome if response else Outcome.UNANSWERED,
        error_code=error_code,
        fault=fault,
        correlation=Correlation(professional=place.holder),
        step=kernel.step,
    )

"""Faults that a tester may ask of cards and readers (fact sheet ``cards.md`` §12).

Those of an instant are here, drawn with the ISO 7816-4 name of the command (or the name
of the API function). Those that are another image of a card — expired, wrong serial,
missing data object — are variants put by the state of the service.
"""

from __future__ import annotations

from simulators.cards.errors import API_CODES, STATUS_WORDS
from simulators.faults import Fault
from simulators.kernel import Kernel

SERVICE = "cards"
POWER_LOSS = "perte-alimentation"
STORM = "tempete-61xx"
WRONG_DIGEST = "autre-empreinte"
WITHDRAWN = "carte-retiree"
UNPLUGGED = "lecteur-debranche"
UTF8 = "api-utf-8"
WRONG_ENCODING = "api-encodage-faux"
NO_NIR = "api-sans-nir"
EMPTY_GIVEN_NAME = "api-prenom-vide"

REFUSALS = {f"sw-{word.lower()}": bytes.fromhex(word) for word in STATUS_WORDS}
CODES = {f"api-{code}": code for code in API_CODES}

FAULTS = {
    POWER_LOSS: "F1 : la carte perd l'alimentation pendant la commande, sans réponse",
    **{
        f"sw-{word.lower()}": f"F2 : la carte répond {word} ({meaning}) sans rien faire"
        for word, meaning in STATUS_WORDS.items()
    },
    STORM: "F3 : la réponse arrive octet par octet, chacun annoncé par 6101",
    WRONG_DIGEST: "F15 : la signature porte sur une autre empreinte que celle demandée",
    WITHDRAWN: "la carte est retirée du lecteur pendant la commande",
    UNPLUGGED: "F8 : le lecteur est débranché pendant la commande",
    **{
        name: f"F16 : l'API de lecture répond {code} ({API_CODES[code]})"
        for name, code in CODES.items()
    },
    NO_NIR: "F17 : l'API de lecture rend des bénéficiaires sans NIR certifié",
    UTF8: "F18 : l'API de lecture rend son XML en UTF-8, déclaré comme tel",
    WRONG_ENCODING: "F18 : l'API de lecture rend de l'UTF-8 déclaré ISO-8859-1",
    EMPTY_GIVEN_NAME: "F18 : l'API de lecture rend des prénoms vides",
}
"""Faults of this service's own; those of :mod:`simulators.faults` come with them."""

_WAITING = ("lent", "muet", "couper", "couper-apres-traitement")
AT_OPENING = ("refuser",)
IN_COMMAND = (*_WAITING, POWER_LOSS, STORM, WITHDRAWN, UNPLUGGED, *REFUSALS)
IN_SIGNATURE = (*IN_COMMAND, WRONG_DIGEST)
IN_CALL = ("lent", "muet", "couper", *CODES, NO_NIR, UTF8, WRONG_ENCODING, EMPTY_GIVEN_NAME)
_SIGNING = ("SIGN", "INTERNAL AUTHENTICATE")


def of_command(kernel: Kernel, operation: str, command: bytes) -> Fault | None:
    """The fault this command suffers."""
    among = IN_SIGNATURE if operation in _SIGNING else IN_COMMAND
    return kernel.faults.draw(SERVICE, operation, None, command, among)


def of_opening(kernel: Kernel) -> Fault | None:
    """The fault met when a reader side connects."""
    return kernel.faults.draw(SERVICE, "TLS", None, b"", AT_OPENING)


def of_call(kernel: Kernel, function: str) -> Fault | None:
    """The fault a call of the reading API suffers."""
    return kernel.faults.draw(SERVICE, function, None, b"", IN_CALL)


def with_another_digest(command: bytes, hashed: bytes | None) -> tuple[bytes, ...]:
    """Commands to run instead of this signature so that it signs something else.

    ``hashed`` is the last HASH command of the session: when the card keeps the digest
    itself, it is made to digest other octets first.
    """
    if len(command) > 5:
        last = 4 + command[4]
        return (command[:last] + bytes([command[last] ^ 1]) + command[last + 1 :],)
    if hashed is None or len(hashed) < 6:
        return (command,)
    last = min(4 + hashed[4], len(hashed) - 1)
    return (hashed[:last] + bytes([hashed[last] ^ 1]) + hashed[last + 1 :], command)

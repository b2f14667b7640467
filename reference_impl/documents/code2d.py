"""The Code 2D of an ordonnance: the JSON that its QR code holds.

``{"S":{"V":2},"D":{"ID":…,"P":{"N":…,"P":…,"D":…},"M":{"RPPS":…,"RPPS2":…,"AM":…}}}``:
keys in that order, no white space between tokens, names padded with spaces to 90
characters. It identifies the ordonnance and lets its integrity be checked against the
base; it says nothing of what is prescribed.

Source: picture published by the Dev Box santé, decoded (sheet e-prescription §5). That
RPPS is the titulaire and RPPS2 the remplaçant is hors spécification.
"""

from __future__ import annotations

import json

from reference_impl.errors import InvalidRequestError
from reference_impl.identity.traits import transliterated
from reference_impl.people import Traits
from reference_impl.prescriptions.model import Ordonnance

VERSION = 2
NAME_LENGTH = 90


def write_text(ordonnance: Ordonnance, traits: Traits) -> str:
    """The text of an ordonnance that the service registered.

    ``traits`` are those of the INS: nom de naissance and first given name. A name
    longer than 90 characters is cut here, and here only. Raises InvalidRequestError
    when there is no number or no RPPS.
    """
    prescriber, substitute = ordonnance.prescriber, ordonnance.substitute
    if ordonnance.number is None or prescriber is None or not prescriber.rpps:
        raise InvalidRequestError(
            "CODE_2D_IMPOSSIBLE",
            "Sans numéro d’e-prescription ni RPPS du prescripteur, il n’y a pas de Code 2D.",
            "ordonnance",
        )
    second = {"RPPS2": substitute.rpps} if substitute and substitute.rpps else {}
    billing = {"AM": prescriber.am} if prescriber.am else {}
    content = {
        "S": {"V": VERSION},
        "D": {
            "ID": ordonnance.number,
            "P": {
                "N": _padded(traits.birth_name),
                "P": _padded(traits.first_given_name),
                "D": traits.birth_date,
            },
            "M": {"RPPS": prescriber.rpps, **second, **billing},
        },
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _padded(name: str) -> str:
    # The apostrophe of word processors is no letter of the INS, nor of a QR without ECI.
    plain = transliterated(name).replace("’", "'")
    return plain[:NAME_LENGTH].ljust(NAME_LENGTH)

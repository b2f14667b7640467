"""TD0.3, mise à jour de l'autorisation: ``setAuthorization`` and its answer.

Source: GUIDE by sheet dmp.md §7.4; the patient and the professional are in the
VIHF only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lxml import etree

from rules.artefact import Artefact
from rules.xml import place_of, text_of

HABILITATIONS = "urn:si-dmp-habilitations"
ADD = "AJOUT"
REMOVE = "SUPPRESSION"
OK = "DMPOk"


@dataclass(frozen=True, eq=False)
class SetAuthorization(Artefact):
    """A TD0.3 request."""

    label: ClassVar[str] = "Mise à jour de l'autorisation"
    action: str
    """``AJOUT`` or ``SUPPRESSION``; ``""`` when absent."""
    role: str | None
    """``MEDECIN_TRAITANT`` to become or cease to be it."""
    place: str

    @classmethod
    def read(cls, element: etree._Element) -> SetAuthorization:
        """Read a ``setAuthorization`` element."""
        return cls(
            text_of(element.find(f"{{{HABILITATIONS}}}action")) or "",
            text_of(element.find(f"{{{HABILITATIONS}}}role")),
            place_of(element),
        )


@dataclass(frozen=True, eq=False)
class SetAuthorizationAnswer(Artefact):
    """A TD0.3 answer."""

    label: ClassVar[str] = "Réponse d'autorisation"
    status: str
    context: str

    @classmethod
    def read(cls, element: etree._Element) -> SetAuthorizationAnswer:
        """Read a ``setAuthorizationResponse`` element."""
        path = f"{{{HABILITATIONS}}}output/{{{HABILITATIONS}}}"
        return cls(
            text_of(element.find(f"{path}status")) or "",
            text_of(element.find(f"{path}context")) or "",
        )

    @property
    def succeeded(self) -> bool:
        """True for ``DMPOk``, whose case varies."""
        return self.status.lower() == OK.lower()

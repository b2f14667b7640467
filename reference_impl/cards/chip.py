"""A CPS under power, whatever the way to it: what reading, proving and signing ask of it."""

from __future__ import annotations

from typing import Protocol

SIGNATURE_KEY = "CPS_PRIV_SIG"
"""CKA_LABEL of the key that signs (sheet of cards §2)."""


class Chip(Protocol):
    """A CPS. Data are the raw bytes of its objects, by their PKCS#11 labels.

    Everything but ``present`` and ``close`` raises CardError, CardAbsentError when
    the card was taken out.
    """

    @property
    def reader(self) -> str:
        """Name of the reader."""
        ...

    @property
    def family(self) -> str:
        """``CPS3`` or ``CPS4``."""
        ...

    def number(self) -> str | None:
        """Card number of EF.SN, 10 digits; None when this way does not show it."""
        ...

    def validity(self) -> bytes | None:
        """EF_ACTUA, None when the card has none."""
        ...

    def labels(self) -> tuple[str, ...]:
        """Labels of the data objects that may be read now."""
        ...

    def data(self, label: str) -> bytes | None:
        """A data object, None when the card has none of this label."""
        ...

    def certificate(self) -> bytes:
        """DER of the certificate of the signature key."""
        ...

    def tries_left(self) -> int | None:
        """Tries of the code porteur left, None when this way does not tell."""
        ...

    def verify(self, code: str) -> None:
        """Present the code porteur. Raises CardError ``CODE_FAUX`` or ``CARTE_BLOQUEE``."""
        ...

    def unblock(self, unblocking_code: str, new_code: str) -> None:
        """Give the code porteur its tries back, and another value."""
        ...

    def sign(self, message: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 with SHA-256, by the signature key; the code was verified."""
        ...

    def present(self) -> bool:
        """Whether the card is still there; sends nothing to it."""
        ...

    def close(self) -> None:
        """Leave the card without power or session."""
        ...


class Place(Protocol):
    """Where a CPS may be: a reader, or a slot of a PKCS#11 module."""

    @property
    def name(self) -> str:
        """What the user sees."""
        ...

    def open(self) -> Chip:
        """The CPS there. Raises CardAbsentError when there is none, CardError for another card."""
        ...

"""The frozen description of a CPS, from which its files are written.

Source: fact sheet ``cards.md`` §1, §3.3, §4.1.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from types import MappingProxyType

from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from fixtures.world import ProfessionalFixture
from simulators.pki.credential import Credential
from simulators.pki.profiles import CARD_KINDS, CARD_NUMBER, CARD_TYPE, CATEGORY

TEST, REAL = 0x80, 0x00
"""Category of a card (table G01)."""

NUMBERS = frozenset(range(1, 17))
"""Numbers a situation d'exercice may have."""

_CIVILITIES = {"MME": 22, "MLLE": 23, "M": 31}
_VERSIONS = {"CPS3": "CPS3v3", "CPS4": "CPS4v1"}

Reissue = Callable[[str], tuple[Credential, Credential]]
"""Signature and authentication certificates of one more variant of the test PKI."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who the card names. ``civility`` is 22 Madame, 23 Mademoiselle, 31 Monsieur;
    ``profession`` a G15 code as a number; texts go to the card in Latin-1.
    """

    national_id: str
    family_name: str
    given_names: tuple[str, ...]
    civility: int
    profession: int
    speciality: str | None = None
    practice_name: str | None = None


@dataclass(frozen=True, slots=True)
class Situation:
    """A situation d'exercice. ``number`` (1–16) is also the lien logique of billing.

    ``mode`` is a G17 code as a number; ``convention`` and ``approvals`` have at most
    six digits, ``billing_id`` at most ten.
    """

    number: int
    mode: int
    structure_id: str
    structure_name: str
    sector: str
    billing_id: str = ""
    convention: str = "010001"
    approvals: str = "000000"
    authorisations: int = 0x03


@dataclass(frozen=True)
class CpsImage:
    """A CPS before it is made. ``overrides`` replaces a file by name, None removes it.

    Names of files are those of :data:`simulators.cards.layout.PLACES` and the labels
    of data objects; ``atr`` and ``label`` None give those of the family.
    """

    family: str
    number: str
    begins: date
    ends: date
    holder: Holder
    situations: tuple[Situation, ...]
    sign: Credential
    auth: Credential
    issuer: str = "8025000001"
    kind: str = "CPS"
    category: int = TEST
    pin: str = "1234"
    puk: str = "12345678"
    pin_left: int = 3
    puk_left: int = 3
    atr: bytes | None = None
    label: str | None = None
    wrong_digest: bool = False
    overrides: Mapping[str, bytes | None] = field(default_factory=lambda: MappingProxyType({}))
    reissue: Reissue | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        numbers = {one.number for one in self.situations}
        if not numbers <= NUMBERS or len(numbers) != len(self.situations):
            raise ValueError("Les situations d'une CPS portent des numéros distincts de 1 à 16.")
        if self.family not in _VERSIONS or self.kind not in CARD_KINDS:
            raise ValueError(f"Carte inconnue : {self.family}, {self.kind}.")

    @property
    def token_label(self) -> str:
        """Label PKCS#11 shows: family with its version, then the number."""
        return self.label or f"{_VERSIONS[self.family]}-{self.number}"

    @property
    def version(self) -> str:
        """Name of the application in EF.DIR."""
        return _VERSIONS[self.family]

    @property
    def stamp(self) -> time:
        """An hour of the day that follows from what the card holds.

        It goes in ``EF_ACTUA``: CryptoLib CPS drops the files it keeps on disk when
        that file changes, which a changed card needs.
        """
        told = repr((self.holder, self.situations, sorted(self.overrides), self.token_label))
        content = told.encode() + self.sign.der + self.auth.der
        second = int.from_bytes(hashlib.sha256(content).digest()[:4]) % 86400
        return time(second // 3600, second // 60 % 60, second % 60)


def make_image(
    who: ProfessionalFixture,
    sign: Credential,
    auth: Credential,
    *,
    family: str | None = None,
    reissue: Reissue | None = None,
) -> CpsImage:
    """The card of a professional. Number, type, category and dates are its certificates'."""
    certificate = sign.certificate
    issuer, _, number = _extension(certificate, CARD_NUMBER)[2:].decode("ascii").partition("/")
    return CpsImage(
        family=family or who.card_family,
        number=number,
        begins=certificate.not_valid_before_utc.date(),
        ends=(certificate.not_valid_after_utc - timedelta(seconds=1)).date(),
        holder=_holder(who),
        situations=_situations(who),
        sign=sign,
        auth=auth,
        issuer=issuer,
        kind=CARD_KINDS[_extension(certificate, CARD_TYPE)[-1]],
        category=_extension(certificate, CATEGORY)[-1],
        pin=who.pin,
        puk=who.puk,
        reissue=reissue,
    )


def _holder(who: ProfessionalFixture) -> Holder:
    return Holder(
        national_id=who.national_id,
        family_name=who.family_name.upper(),
        given_names=(who.given_name.upper(),),
        civility=_CIVILITIES.get(who.civility, 22),
        profession=int(who.profession),
        speciality=who.speciality,
    )


def _situations(who: ProfessionalFixture) -> tuple[Situation, ...]:
    return tuple(
        Situation(
            number=number,
            mode=int(practice.mode),
            structure_id=practice.structure.structure_id,
            structure_name=practice.structure.name.upper(),
            sector=practice.structure.sector,
            billing_id=practice.billing_id,
        )
        for number, practice in enumerate(who.practices, 1)
    )


def _extension(certificate: x509.Certificate, oid: str) -> bytes:
    """The DER value of an extension of the IGC-Santé."""
    extension = certificate.extensions.get_extension_for_oid(ObjectIdentifier(oid)).value
    assert isinstance(extension, x509.UnrecognizedExtension)
    return extension.value

"""What the LGC knows: people, identities, documents, and the world it is connected to.

Everything here is a frozen value. The environment descriptor is read into an
:class:`Environment` by :mod:`reference_impl.config`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from reference_impl.cards.settings import CardSettings
from reference_impl.prescriptions.settings import OrdonnanceSettings

NIA_OID = "1.2.250.1.213.1.4.9"


class Status(StrEnum):
    """The four exclusive statuses of an identity (RNIV, EXI SI 07)."""

    PROVISIONAL = "provisoire"
    RETRIEVED = "récupérée"
    VALIDATED = "validée"
    QUALIFIED = "qualifiée"


class Attribute(StrEnum):
    """Attributes that weaken an identity (RNIV, EXI SI 09)."""

    DOUBTFUL = "douteuse"
    FICTITIOUS = "fictive"
    HOMONYM = "homonyme"


@dataclass(frozen=True, slots=True)
class Traits:
    """Strict traits of birth, and the names in use.

    ``birth_given_names`` holds all of them, separated by spaces. ``birth_date``
    is ISO ``AAAA-MM-JJ``, ``birth_place`` a COG code of 5 characters, ``sex``
    ``M``, ``F`` or locally ``I``.
    """

    birth_name: str
    birth_given_names: str
    sex: str
    birth_date: str
    birth_place: str | None = None
    used_name: str | None = None
    used_given_name: str | None = None
    first_birth_given_name: str | None = None
    """« Premier prénom » when a person chose it; it may be ``JEAN-CHRISTOPHE`` (EXI ID 10)."""

    @property
    def first_given_name(self) -> str:
        """The « premier prénom »: as chosen, or else the first word of the given names."""
        return self.first_birth_given_name or self.birth_given_names.split(" ", 1)[0]


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule with its key and the OID of its authority, as INSi returned them."""

    matricule: str
    key: str
    oid: str

    @property
    def value(self) -> str:
        """Matricule and key, 15 characters."""
        return self.matricule + self.key

    @property
    def is_nia(self) -> bool:
        """A waiting number: the OID decides, never the first digit."""
        return self.oid == NIA_OID

    def same_person(self, other: Ins | None) -> bool:
        """Same matricule of the same authority: a key may be wrong (CNDA 2.08 cas 2)."""
        return other is not None and (self.matricule, self.oid) == (other.matricule, other.oid)


@dataclass(frozen=True, slots=True)
class PastIns:
    """A former INS (INSHISTO). Dates are ISO, or None when INSi gives none."""

    ins: Ins
    begin: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Individual:
    """An identity that INSi returned: active INS, former ones, traits exactly as written."""

    ins: Ins
    history: tuple[PastIns, ...]
    traits: Traits


@dataclass(frozen=True, slots=True)
class CarriedIdentity:
    """INS and traits that a document or a datamatrix carries; nobody has verified them."""

    ins: Ins
    traits: Traits


class Channel(StrEnum):
    """How the traits were obtained (FR Core ``methodCollection``, HL7 ZFD-5)."""

    TYPED = "SM"
    VITALE = "CV"
    INSI = "INSI"
    BARCODE = "CB"
    VITALE_APP = "AV"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proved an identity: a document, or the word of a professional (``PS``).

    ``level`` is ``haut``, ``moyen`` or ``bas``; ``by`` the idNat_PS, or the address
    of a trusted sender, None when nobody said; ``at`` is an ISO instant.
    """

    code: str
    level: str
    at: str
    by: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """What a person has to look at. One alert of a ``kind`` at a time; ``text`` is French."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Patient:
    """A patient of the LGC. ``id`` is local (``p1``) and serves as IPP.

    ``proposed`` is what INSi returned and nobody has accepted yet, ``asked_at`` the
    ISO instant of the last call, ``uncertain_date`` says that the date of birth was
    completed (EXI ID 12).
    """

    id: str
    traits: Traits
    status: Status = Status.PROVISIONAL
    ins: Ins | None = None
    attributes: frozenset[Attribute] = frozenset()
    history: tuple[PastIns, ...] = ()
    evidence: Evidence | None = None
    channel: Channel = Channel.TYPED
    uncertain_date: bool = False
    proposed: Individual | None = None
    asked_at: str | None = None
    alerts: tuple[Alert, ...] = ()

    @property
    def qualified(self) -> bool:
        """Only such an identity leaves with its INS (EXI SI 08)."""
        return self.status is Status.QUALIFIED and self.ins is not None

    def alerted(self, kind: str, text: str | None) -> Patient:
        """With this alert in place of the one of its kind; without any when ``text`` is None."""
        others = tuple(a for a in self.alerts if a.kind != kind)
        return replace(self, alerts=others if text is None else (*others, Alert(kind, text)))


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate with its key, PEM files. ``chain_path`` has the issuing authorities."""

    name: str
    cert_path: Path
    key_path: Path
    chain_path: Path | None = None


@dataclass(frozen=True, slots=True)
class Structure:
    """A cabinet. ``structure_id`` is the Struct_IdNat (``1`` + FINESS)."""

    structure_id: str
    name: str
    finess: str | None = None
    sector: str = "SA07"


@dataclass(frozen=True, slots=True)
class Professional:
    """A user of the LGC. ``national_id`` is ``8`` + RPPS; codes are of TRE_G15 and TRE_R38."""

    national_id: str
    rpps: str
    family_name: str
    given_name: str
    profession: str
    profession_label: str
    structure: Structure
    mailbox: str
    billing_id: str
    speciality: str | None = None
    speciality_label: str | None = None
    civility: str | None = None
    auth_credential: str = ""
    """Name in :attr:`Environment.credentials` of the card's authentication certificate."""
    sign_credential: str = ""
    """Id. for its signature certificate."""


@dataclass(frozen=True, slots=True)
class SoftwareIdentity:
    """How this product presents itself. ``oid`` is the root of the identifiers it makes."""

    name: str
    version: str
    nil: str
    idam: str
    dmp_homologation: str
    oid: str


@dataclass(frozen=True, slots=True)
class PscClientSettings:
    """Registration of this product at Pro Santé Connect."""

    issuer: str
    discovery: str
    client_id: str
    client_secret: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class HostPort:
    """A TCP address."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class MssSettings:
    """Mail operator: submission, reading, and its documents on the web."""

    smtp: HostPort
    imap: HostPort
    autoconfiguration: str
    whitelist: str
    domains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """The descriptor, parsed. All paths are absolute.

    ``ins_oid_in_documents`` maps the OID stored to the one written in documents
    and DMP messages (``reglages.oid_ins_de_test``); empty in production.
    ``insi_verification`` says that the unitary verification may be called;
    ``evidence_levels`` are the user's own levels of trust by code.
    ``production`` refuses test cards; ``source`` is the descriptor itself.
    """

    trust_path: Path
    credentials: Mapping[str, Credential]
    professionals: tuple[Professional, ...]
    software: SoftwareIdentity
    psc: PscClientSettings | None = None
    insi_organisation: str | None = None
    insi_cpx: str | None = None
    apcv_auth: str | None = None
    dmp_base: str | None = None
    mss: MssSettings | None = None
    insi_verification: bool = False
    evidence_levels: Mapping[str, str] = field(default_factory=dict)
    ins_oid_in_documents: Mapping[str, str] = field(default_factory=dict)
    cards: CardSettings = field(default_factory=CardSettings)
    ordonnance: OrdonnanceSettings = field(default_factory=OrdonnanceSettings)
    production: bool = False
    source: Path | None = None

    def professional(self, national_id: str) -> Professional | None:
        """The user of an idNat_PS."""
        return next((p for p in self.professionals if p.national_id == national_id), None)

    def document_oid(self, ins: Ins) -> str:
        """OID to write for an INS outside INSi."""
        return self.ins_oid_in_documents.get(ins.oid, ins.oid)

    def stored_oid(self, written: str) -> str:
        """OID by which INSi knows an INS read in a document: the way back."""
        back = {there: here for here, there in self.ins_oid_in_documents.items()}
        return back.get(written, written)


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a patient's record.

    ``unique_id`` is its OID (XDS uniqueId and CDA id), ``set_id`` the OID that
    its versions share, ``type_code`` the ``typeCode`` asked for. ``content`` is
    the CDA, empty until it is written; it never changes afterwards. ``replaces``
    is the uniqueId of the version before, None for version 1.
    """

    id: str
    unique_id: str
    set_id: str
    type_code: str
    title: str
    text: str
    patient_id: str
    author_id: str
    """idNat_PS of the author."""
    created_at: datetime
    version: int = 1
    content: bytes = b""
    replaces: str | None = None


@dataclass(frozen=True, slots=True)
class Visibility:
    """Masks asked for at deposit (confidentialityCode of the DMP)."""

    masked_to_professionals: bool = False
    hidden_from_patient: bool = False
    hidden_from_representatives: bool = False


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail to send. ``message_id`` has its angle brackets and never changes.

    ``to_patient`` is a message to the usager (MSSanté citoyenne);
    ``end_of_conversation`` forbids the answer. ``recipients`` are bare addresses.
    """

    message_id: str
    sender: Professional
    recipients: tuple[str, ...]
    patient: Patient | None
    documents: tuple[Document, ...]
    text: str
    created_at: datetime
    to_patient: bool = False
    end_of_conversation: bool = False

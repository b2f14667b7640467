"""What a check may need to know beyond the artefact it reads.

A :class:`Context` is complete in a campaign and partial in ``segur-bench
check``: a check names what it cannot do without (``needs=("tls", …)``) and is
reported as not evaluated when that is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from rules.exchange import Exchange, TlsPeer

OID_INS_NIR = "1.2.250.1.213.1.4.8"
OID_INS_NIA = "1.2.250.1.213.1.4.9"
OID_INS_NIR_TEST = "1.2.250.1.213.1.4.10"
OID_INS_NIR_DEMO = "1.2.250.1.213.1.4.11"


@dataclass(frozen=True, slots=True)
class Traits:
    """The five traits of an INS (RNIV). Dates are ISO ``AAAA-MM-JJ``."""

    birth_name: str
    birth_given_names: str
    """All given names of birth, separated by spaces."""
    sex: str
    birth_date: str
    birth_place: str | None = None
    """COG code, 5 characters."""
    used_name: str | None = None
    used_given_name: str | None = None

    @property
    def first_given_name(self) -> str:
        """First word of the list of given names."""
        return self.birth_given_names.split(" ", 1)[0]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proved an identity: ``PS`` stands for the procédure d'exception."""

    code: str
    """FR Core validationMode or table 9004: ``CN``, ``PA`` …"""
    level: str | None = None
    at: str | None = None
    """ISO instant, as the software wrote it."""
    by: str | None = None
    """idNat_PS of the user who recorded it."""


@dataclass(frozen=True, slots=True)
class PastIns:
    """An entry of the history of INS. Dates are ISO or absent."""

    number: str
    key: str | None
    oid: str
    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """A patient identity as the software holds it at an instant.

    ``announced`` names the keys of the driver contract the software gave: what it
    does not announce is not judged.
    """

    status: str
    """``provisoire``, ``récupérée``, ``validée`` or ``qualifiée`` (RNIV EXI SI 07)."""
    traits: Traits
    ins: str | None = None
    """15 characters, key included, when the software holds one."""
    oid: str | None = None
    attributes: frozenset[str] = frozenset()
    """``douteuse``, ``fictive``, ``homonyme``."""
    local_id: str | None = None
    first_name: str | None = None
    """« Premier prénom de naissance », when the software keeps it apart from the list."""
    channel: str | None = None
    """``SM``, ``CV``, ``INSI``, ``CB`` or ``AV``: where the identity came from."""
    nature: str | None = None
    """``NIR`` or ``NIA`` as shown with the matricule."""
    evidence: Evidence | None = None
    history: tuple[PastIns, ...] = ()
    uncertain_date: bool = False
    alerts: tuple[str, ...] = ()
    """Sentences shown to the user about this identity."""
    announced: frozenset[str] = frozenset()

    @property
    def qualified(self) -> bool:
        """Only such an identity may leave with its INS (EXI SI 08)."""
        return self.status == "qualifiée"


@dataclass(frozen=True, slots=True)
class Professional:
    """A professional who uses the software."""

    national_id: str
    """idNat_PS: ``8`` + RPPS for a RPPS professional."""
    family_name: str
    given_name: str
    profession: str = "10"
    """TRE_G15 code; 10 is médecin."""
    speciality: str | None = None
    structure_id: str | None = None
    """Struct_IdNat: ``1`` + FINESS, ``3`` + SIRET …"""
    sector: str | None = None
    mailboxes: tuple[str, ...] = ()
    billing_id: str | None = None


@dataclass(frozen=True, slots=True)
class Software:
    """The product as its editor declares it to the bench."""

    name: str
    version: str
    nil: str | None = None
    """Référence produit given by Convergence, value of X-MSS-NIL."""
    idam: str | None = None
    """CNDA authorisation number sent to INSi."""
    dmp_homologation: str | None = None
    oid: str | None = None


@dataclass(frozen=True, slots=True)
class PscClient:
    """A client registered at Pro Santé Connect."""

    client_id: str
    redirect_uris: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True, slots=True)
class Envelope:
    """SMTP envelope of a mail: return path, recipients, authenticated mailbox."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    authenticated: str | None = None


def envelope_of(exchange: Exchange) -> Envelope | None:
    """The envelope of an SMTP transaction, None for any other exchange.

    Read from the journal's shape: ``MAIL FROM:<…>``, one ``RCPT TO`` header per
    recipient, ``AUTH`` for the authenticated mailbox.
    """
    if not exchange.request.start_line.upper().startswith("MAIL FROM:"):
        return None
    return Envelope(
        mail_from=exchange.request.start_line.partition(":")[2].strip().strip("<>"),
        rcpt_to=tuple(value.strip("<>") for value in exchange.request.all("RCPT TO")),
        authenticated=exchange.request.header("AUTH"),
    )


@dataclass(frozen=True, slots=True)
class Environment:
    """What the bench was told about the product and its test world."""

    software: Software | None = None
    professionals: tuple[Professional, ...] = ()
    psc_clients: tuple[PscClient, ...] = ()
    psc_keys: tuple[Mapping[str, object], ...] = ()
    """Public JWK of the identity provider, to verify presented tokens."""
    psc_issuer: str | None = None
    anchors: tuple[bytes, ...] = ()
    """DER of the authorities a client certificate or a signature must chain to."""
    mss_domains: tuple[str, ...] = ()
    """White list of MSSanté domains."""
    ins_oids: frozenset[str] = frozenset({OID_INS_NIR_TEST, OID_INS_NIR_DEMO})
    """INS roots admitted in documents and DMP messages of a test environment."""
    oid_equivalences: Mapping[str, str] = field(
        default_factory=lambda: {OID_INS_NIR: OID_INS_NIR_TEST}
    )
    """INSi qualification answers .8 for people whose documents carry .10."""
    clock_tolerance: timedelta = timedelta(minutes=5)
    rules_profile: str = "test"

    def professional(self, national_id: str | None) -> Professional | None:
        """The declared professional with that idNat_PS."""
        return next((p for p in self.professionals if p.national_id == national_id), None)

    def owner_of(self, mailbox: str) -> Professional | None:
        """The declared professional who owns a mailbox, compared without case."""
        wanted = mailbox.lower()
        return next(
            (p for p in self.professionals if wanted in (m.lower() for m in p.mailboxes)), None
        )

    def same_oid(self, one: str, other: str) -> bool:
        """True when two INS roots name one identity in this environment."""
        same = self.oid_equivalences
        return same.get(one, one) == same.get(other, other)


@dataclass(frozen=True, slots=True)
class Context:
    """Circumstances in which one artefact is judged; None means not known.

    ``enclosing`` holds the artefacts around this one, outermost first: a
    ClinicalDocument found in an ITI-41 has its Submission there.
    ``identities`` maps a 15-character INS to the identity known to hold it.
    ``before`` holds earlier exchanges of the same campaign.
    """

    environment: Environment = field(default_factory=Environment)
    observed_at: datetime | None = None
    tls: TlsPeer | None = None
    host: str | None = None
    envelope: Envelope | None = None
    exchange: Exchange | None = None
    identities: Mapping[str, Identity] | None = None
    professional: Professional | None = None
    before: tuple[Exchange, ...] | None = None
    parts_apart: bool = False
    """The file judged is the root part of a multipart message, given without the others."""
    enclosing: tuple[object, ...] = ()

    def has(self, need: str) -> bool:
        """Whether a dotted path (``tls``, ``environment.software``) is known."""
        value: object = self
        for name in need.split("."):
            value = getattr(value, name)
            if value is None or value == ():
                return False
        return True

    def inside(self, artefact: object) -> Context:
        """The same circumstances for a part of the given artefact."""
        return replace(self, enclosing=(*self.enclosing, artefact))

    def within(self, kind: type) -> object | None:
        """The innermost enclosing artefact of a class, or None."""
        return next((a for a in reversed(self.enclosing) if isinstance(a, kind)), None)

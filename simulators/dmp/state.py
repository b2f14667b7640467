"""Records, authorisations and documents of the DMP, in tables; no wire.

States of a record and of an authorisation are those of sheet dmp.md §3.1–3.2,
the life cycle of a document is that of §3.7.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from simulators.journal import keep_body, read_bodies
from simulators.store import Unit, metadata

APPROVED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Approved"
DEPRECATED = "urn:oasis:names:tc:ebxml-regrep:StatusType:Deprecated"
ARCHIVED = "urn:asip:ci-sis:2010:StatusType:Archived"
DELETED = "urn:asip:ci-sis:2010:StatusType:Deleted"

STATUS_CHANGES = {
    (APPROVED, ARCHIVED),
    (ARCHIVED, APPROVED),
    (APPROVED, DELETED),
    (ARCHIVED, DELETED),
}
"""Changes that TD3.3c/d may ask for (JDV_J52, sheet §3.7)."""

records = sa.Table(
    "dmp_records",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("ins", sa.String(15), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("closed_on", sa.String(8)),
    sa.Column("closing_reason", sa.Text),
)
authorizations = sa.Table(
    "dmp_authorizations",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("ins", sa.String(15), primary_key=True),
    sa.Column("professional", sa.String(64), primary_key=True),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("attending", sa.Boolean, nullable=False, default=False),
)
lots = sa.Table(
    "dmp_lots",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("unique_id", sa.String(128), primary_key=True),
    sa.Column("ins", sa.String(15), nullable=False),
    sa.Column("submitted_at", sa.String(32), nullable=False),
)
documents = sa.Table(
    "dmp_documents",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("entry_uuid", sa.String(45), primary_key=True),
    sa.Column("unique_id", sa.String(128), nullable=False),
    sa.Column("lot", sa.String(128), nullable=False),
    sa.Column("ins", sa.String(15), nullable=False, index=True),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("status", sa.String(80), nullable=False),
    sa.Column("mime_type", sa.String(64), nullable=False),
    sa.Column("metadata", sa.LargeBinary, nullable=False),
    sa.Column("content", sa.String(64), nullable=False),
    sa.Column("signature", sa.Boolean, nullable=False),
    sa.Column("visibility", sa.Text, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.UniqueConstraint("campaign", "unique_id"),
)


class RecordState(StrEnum):
    """States of a record; ``absent`` has no row."""

    ABSENT = "absent"
    ACTIVE = "actif"
    CLOSED = "fermé"


class Authorization(StrEnum):
    """States of an authorisation to consult, as TD0.2 writes them."""

    NONE = "NON_EXISTE"
    VALID = "VALIDE"
    EXPIRED = "EXPIRE"
    BLOCKED = "INTERDIT"


@dataclass(frozen=True, slots=True)
class Record:
    """A patient's record. ``closed_on`` is ``yyyyMMdd``."""

    ins: str
    state: RecordState
    closed_on: str | None = None
    closing_reason: str | None = None


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A document of the registry, with the XML of its entry."""

    entry_uuid: str
    unique_id: str
    ins: str
    authors: tuple[str, ...]
    status: str
    mime_type: str
    metadata: bytes
    content: str
    """SHA-256 of its bytes, kept once in the store."""
    signature: bool
    visibility: frozenset[str]

    def visible_to(self, professional: str) -> bool:
        """A document masked to professionals is seen by its author only."""
        return "MASQUE_PS" not in self.visibility or professional in self.authors


class DmpState:
    """The DMP of one campaign, inside the unit of a request."""

    def __init__(self, unit: Unit, campaign: str) -> None:
        self._db = unit.connection
        self._unit = unit
        self._campaign = campaign

    # Records and authorisations ----------------------------------------------

    def record(self, ins: str) -> Record:
        """The record of an INS; absent when there is none."""
        row = self._one(records, records.c.ins == ins)
        if row is None:
            return Record(ins, RecordState.ABSENT)
        return Record(ins, RecordState(row["state"]), row["closed_on"], row["closing_reason"])

    def set_record(self, ins: str, state: RecordState, *, at: datetime) -> None:
        """Put a record in a state."""
        self._delete(records, records.c.ins == ins)
        self.open_records({ins: state}, at=at)

    def has_records(self) -> bool:
        """Whether any record was ever put."""
        return self._one(records) is not None

    def open_records(self, wanted: Mapping[str, RecordState], *, at: datetime) -> None:
        """Put records that are not there yet, all at once; an absent one has no row."""
        rows = [
            {
                "campaign": self._campaign,
                "ins": ins,
                "state": state.value,
                "closed_on": f"{at.astimezone(UTC):%Y%m%d}" if closed else None,
                "closing_reason": "Je ne veux plus de DMP" if closed else None,
            }
            for ins, state in wanted.items()
            if state is not RecordState.ABSENT
            for closed in (state is RecordState.CLOSED,)
        ]
        if rows:
            self._db.execute(records.insert(), rows)

    def authorization(self, ins: str, professional: str) -> tuple[Authorization, bool]:
        """The authorisation of a professional, and whether he is the attending doctor."""
        row = self._one(
            authorizations,
            authorizations.c.ins == ins,
            authorizations.c.professional == professional,
        )
        if row is None:
            return Authorization.NONE, False
        return Authorization(row["state"]), bool(row["attending"])

    def authorize(
        self, ins: str, professional: str, state: Authorization, *, attending: bool = False
    ) -> None:
        """Put an authorisation in a state."""
        self._delete(
            authorizations,
            authorizations.c.ins == ins,
            authorizations.c.professional == professional,
        )
        if state is not Authorization.NONE or attending:
            self._insert(
                authorizations,
                ins=ins,
                professional=professional,
                state=state.value,
                attending=attending,
            )

    # Documents ---------------------------------------------------------------

    def has_unique_id(self, unique_id: str) -> bool:
        """Whether a document or a lot already bears an identifier."""
        return (
            self._one(documents, documents.c.unique_id == unique_id) is not None
            or self._one(lots, lots.c.unique_id == unique_id) is not None
        )

    def add_lot(self, unique_id: str, ins: str, at: datetime) -> None:
        """Keep a submission set."""
        self._insert(lots, unique_id=unique_id, ins=ins, submitted_at=at.isoformat())

    def add_document(self, document: StoredDocument, lot: str, data: bytes) -> None:
        """Keep a document and its bytes."""
        self._insert(
            documents,
            entry_uuid=document.entry_uuid,
            unique_id=document.unique_id,
            lot=lot,
            ins=document.ins,
            author=" ".join(document.authors),
            status=document.status,
            mime_type=document.mime_type,
            metadata=document.metadata,
            content=keep_body(self._unit, data),
            signature=document.signature,
            visibility=" ".join(sorted(document.visibility)),
            rank=self._count(),
        )

    def document(self, entry_uuid: str) -> StoredDocument | None:
        """The document of an entryUUID."""
        row = self._one(documents, documents.c.entry_uuid == entry_uuid)
        return _stored(row) if row else None

    def by_unique_ids(self, unique_ids: Iterable[str]) -> tuple[StoredDocument, ...]:
        """Documents of uniqueIds, in order of deposit."""
        return self._documents(documents.c.unique_id.in_(list(unique_ids)))

    def by_entry_uuids(self, entry_uuids: Iterable[str]) -> tuple[StoredDocument, ...]:
        """Documents of entryUUIDs, in order of deposit."""
        return self._documents(documents.c.entry_uuid.in_(list(entry_uuids)))

    def of_patient(self, ins: str, statuses: Sequence[str]) -> tuple[StoredDocument, ...]:
        """Clinical documents of a patient in some statuses, in order of deposit."""
        return self._documents(
            documents.c.ins == ins,
            documents.c.status.in_(list(statuses)),
            documents.c.signature.is_(False),
        )

    def set_status(self, entry_uuid: str, status: str) -> None:
        """Change the availability status of a document."""
        self._db.execute(
            documents.update()
            .where(documents.c.campaign == self._campaign, documents.c.entry_uuid == entry_uuid)
            .values(status=status)
        )

    def bytes_of(self, document: StoredDocument) -> bytes:
        """The bytes deposited."""
        return read_bodies(self._db, [document.content])[document.content]

    def dump(self) -> Mapping[str, Any]:
        """Everything, as JSON."""
        return {
            "dossiers": {r["ins"]: r["state"] for r in self._all(records)},
            "autorisations": [
                {k: r[k] for k in ("ins", "professional", "state", "attending")}
                for r in self._all(authorizations)
            ],
            "documents": [
                {k: r[k] for k in ("unique_id", "entry_uuid", "ins", "status", "mime_type")}
                for r in self._all(documents)
                if not r["signature"]
            ],
        }

    def _documents(self, *where: sa.ColumnElement[bool]) -> tuple[StoredDocument, ...]:
        query = (
            sa.select(documents)
            .where(documents.c.campaign == self._campaign, *where)
            .order_by(documents.c.rank)
        )
        return tuple(map(_stored, self._db.execute(query).mappings()))

    def _count(self) -> int:
        query = sa.select(sa.func.count()).where(documents.c.campaign == self._campaign)
        return int(self._db.execute(query).scalar_one())

    def _one(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> sa.RowMapping | None:
        query = sa.select(table).where(table.c.campaign == self._campaign, *where)
        return self._db.execute(query).mappings().first()

    def _all(self, table: sa.Table) -> Sequence[sa.RowMapping]:
        query = sa.select(table).where(table.c.campaign == self._campaign)
        return self._db.execute(query.order_by(*table.primary_key.columns)).mappings().all()

    def _insert(self, table: sa.Table, **values: Any) -> None:
        self._db.execute(table.insert().values(campaign=self._campaign, **values))

    def _delete(self, table: sa.Table, *where: sa.ColumnElement[bool]) -> None:
        self._db.execute(table.delete().where(table.c.campaign == self._campaign, *where))


def entry_uuid_of(campaign_seed: int, unique_id: str) -> str:
    """The entryUUID the registry gives: it follows from the seed and the document."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_OID, f'{campaign_seed}/{unique_id}')}"


def _stored(row: sa.RowMapping) -> StoredDocument:
    return StoredDocument(
        entry_uuid=row["entry_uuid"],
        unique_id=row["unique_id"],
        ins=row["ins"],
        authors=tuple(row["author"].split()),
        status=row["status"],
        mime_type=row["mime_type"],
        metadata=bytes(row["metadata"]),
        content=row["content"],
        signature=bool(row["signature"]),
        visibility=frozenset(row["visibility"].split()),
    )

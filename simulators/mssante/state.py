"""Mailboxes, their folders and their messages; conversations of usagers.

Every function works on the connection of the unit of a request: what a command does
and its exchange are committed together. Contents are the bodies of the journal, kept
once however many readers a mail has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from simulators.journal import keep_body, read_bodies
from simulators.store import Unit, metadata

INBOX = "INBOX"
SPECIAL_FOLDERS = {
    INBOX: "",
    "Sent": "\\Sent",
    "Drafts": "\\Drafts",
    "Trash": "\\Trash",
}
"""Folders of a new mailbox and their use (RFC 6154)."""
FLAGS = ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft", "$MDNSent")

mailboxes = sa.Table(
    "mss_mailboxes",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("address", sa.String(254), primary_key=True),
    sa.Column("kind", sa.String(8), nullable=False),
    sa.Column("holder", sa.String(64), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)
folders = sa.Table(
    "mss_folders",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("mailbox", sa.String(254), nullable=False),
    sa.Column("name", sa.String(255), nullable=False),
    sa.Column("special_use", sa.String(16), nullable=False, default=""),
    sa.Column("subscribed", sa.Boolean, nullable=False, default=True),
    sa.Column("next_uid", sa.Integer, nullable=False, default=1),
    sa.UniqueConstraint("campaign", "mailbox", "name"),
    sqlite_autoincrement=True,  # an id is never given twice: it makes UIDVALIDITY
)
messages = sa.Table(
    "mss_messages",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("folder", sa.Integer, nullable=False, index=True),
    sa.Column("uid", sa.Integer, nullable=False),
    sa.Column("flags", sa.String(255), nullable=False),
    sa.Column("at", sa.String(32), nullable=False),
    sa.Column("trace", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.UniqueConstraint("folder", "uid"),
)
conversations = sa.Table(
    "mss_conversations",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("professional", sa.String(254), primary_key=True),
    sa.Column("patient", sa.String(254), primary_key=True),
    sa.Column("open", sa.Boolean, nullable=False),
    sa.Column("reply_to", sa.String(254), nullable=False),
    sa.Column("message_id", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """``kind`` is ``PER`` or ``MES``; ``holder`` an idNat_PS or an INS."""

    address: str
    kind: str
    holder: str
    state: str


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder; its id serves as UIDVALIDITY."""

    id: int
    name: str
    special_use: str
    subscribed: bool
    next_uid: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message of a folder without its content. ``flags`` are sorted."""

    id: int
    uid: int
    flags: tuple[str, ...]
    at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Stands for a unit where nothing is written: readers do not wait for the writer."""

    connection: sa.Connection


class MailStore:
    """The mailboxes of one campaign, seen from one unit (or only read)."""

    def __init__(self, unit: Unit | Reading, campaign: str) -> None:
        self._unit = unit
        self._campaign = campaign

    def _run(self, statement: Any) -> Any:
        return self._unit.connection.execute(statement)

    # Mailboxes

    def open_mailbox(self, box: Mailbox) -> None:
        """Create a mailbox with its folders, unless it is there."""
        if self.mailbox(box.address) is not None:
            return
        row = {"address": box.address.lower(), "kind": box.kind, "holder": box.holder}
        self._run(mailboxes.insert().values(campaign=self._campaign, state=box.state, **row))
        for name, use in SPECIAL_FOLDERS.items():
            self.create_folder(box.address, name, use)

    def mailbox(self, address: str) -> Mailbox | None:
        """The mailbox of an address, compared without case."""
        query = sa.select(mailboxes).where(
            mailboxes.c.campaign == self._campaign, mailboxes.c.address == address.lower()
        )
        row = self._run(query).mappings().first()
        return Mailbox(row["address"], row["kind"], row["holder"], row["state"]) if row else None

    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Every mailbox, by address."""
        query = sa.select(mailboxes).where(mailboxes.c.campaign == self._campaign)
        rows = self._run(query.order_by(mailboxes.c.address)).mappings().all()
        return tuple(Mailbox(r["address"], r["kind"], r["holder"], r["state"]) for r in rows)

    def set_mailbox_state(self, address: str, state: str) -> None:
        """``ouverte``, ``fermée`` or ``inconnue``."""
        self._run(
            mailboxes.update()
            .where(mailboxes.c.campaign == self._campaign, mailboxes.c.address == address.lower())
            .values(state=state)
        )

    # Folders

    def folders(self, address: str) -> tuple[Folder, ...]:
        """Folders of a mailbox, in order of creation."""
        query = sa.select(folders).where(
            folders.c.campaign == self._campaign, folders.c.mailbox == address.lower()
        )
        return tuple(_folder(row) for row in self._run(query.order_by(folders.c.id)).mappings())

    def folder(self, address: str, name: str) -> Folder | None:
        """A folder by its name; INBOX is compared without case."""
        wanted = INBOX if name.upper() == INBOX else name
        return next((f for f in self.folders(address) if f.name == wanted), None)

    def create_folder(self, address: str, name: str, special_use: str = "") -> None:
        """Create a folder, subscribed."""
        self._run(
            folders.insert().values(
                campaign=self._campaign,
                mailbox=address.lower(),
                name=name,
                special_use=special_use,
                subscribed=True,
                next_uid=1,
            )
        )

    def change_folder(self, folder: Folder, **values: Any) -> None:
        """Change ``name`` or ``subscribed``."""
        self._run(folders.update().where(folders.c.id == folder.id).values(**values))

    def delete_folder(self, folder: Folder) -> None:
        """Delete a folder and its messages."""
        self._run(messages.delete().where(messages.c.folder == folder.id))
        self._run(folders.delete().where(folders.c.id == folder.id))

    # Messages

    def append(
        self,
        folder: Folder,
        content: bytes,
        at: datetime,
        *,
        flags: Iterable[str] = (),
        trace: bytes = b"",
    ) -> int:
        """Add a mail; returns its UID. ``trace`` is put before its header fields."""
        if isinstance(self._unit, Reading):
            raise TypeError("rien ne s'écrit hors d'une unité")
        return self._add(
            folder,
            flags=_flags_text(flags),
            at=at.isoformat(),
            trace=trace,
            size=len(trace) + len(content),
            sha256=keep_body(self._unit, content),
        )

    def deliver(self, address: str, content: bytes, at: datetime, trace: bytes = b"") -> int:
        """Add a mail to an inbox; the mailbox exists."""
        inbox = self.folder(address, INBOX)
        if inbox is None:
            raise LookupError(address)
        return self.append(inbox, content, at, trace=trace)

    def list(self, folder_id: int) -> tuple[Stored, ...]:
        """Messages of a folder by ascending UID."""
        columns = (messages.c.id, messages.c.uid, messages.c.flags, messages.c.at, messages.c.size)
        query = sa.select(*columns).where(messages.c.folder == folder_id).order_by(messages.c.uid)
        return tuple(
            Stored(r.id, r.uid, tuple(r.flags.split()), datetime.fromisoformat(r.at), r.size)
            for r in self._run(query)
        )

    def contents(self, ids: Collection[int]) -> dict[int, bytes]:
        """Whole mails by message id."""
        query = sa.select(messages.c.id, messages.c.trace, messages.c.sha256).where(
            messages.c.id.in_(ids)
        )
        rows = self._run(query).all()
        held = read_bodies(self._unit.connection, (row.sha256 for row in rows))
        return {row.id: bytes(row.trace) + held[row.sha256] for row in rows}

    def set_flags(self, message: Stored, flags: Iterable[str]) -> None:
        """Replace the flags of a message."""
        text = _flags_text(flags)
        self._run(messages.update().where(messages.c.id == message.id).values(flags=text))

    def remove(self, ids: Sequence[int]) -> None:
        """Delete messages."""
        self._run(messages.delete().where(messages.c.id.in_(ids)))

    def copy(self, message: Stored, folder: Folder) -> int:
        """Copy a message, flags and date included; returns its new UID."""
        row = self._run(sa.select(messages).where(messages.c.id == message.id)).mappings().one()
        kept = {name: row[name] for name in ("flags", "at", "trace", "size", "sha256")}
        return self._add(folder, **kept)

    def _add(self, folder: Folder, **values: Any) -> int:
        uid: int = self._run(
            sa.select(folders.c.next_uid).where(folders.c.id == folder.id)
        ).scalar_one()
        self._run(folders.update().where(folders.c.id == folder.id).values(next_uid=uid + 1))
        self._run(
            messages.insert().values(campaign=self._campaign, folder=folder.id, uid=uid, **values)
        )
        return uid

    # Conversations

    def conversation(self, professional: str, patient: str) -> Any:
        """The row of a conversation, or None."""
        return self._run(
            sa.select(conversations).where(self._between(professional, patient))
        ).first()

    def set_conversation(self, professional: str, patient: str, **values: Any) -> None:
        """Open, change or close a conversation."""
        if self.conversation(professional, patient) is None:
            self._run(
                conversations.insert().values(
                    campaign=self._campaign,
                    professional=professional.lower(),
                    patient=patient.lower(),
                    **values,
                )
            )
        else:
            where = self._between(professional, patient)
            self._run(conversations.update().where(where).values(**values))

    def conversations(self) -> tuple[Any, ...]:
        """Every conversation."""
        query = sa.select(conversations).where(conversations.c.campaign == self._campaign)
        return tuple(
            self._run(query.order_by(conversations.c.professional, conversations.c.patient))
        )

    def _between(self, professional: str, patient: str) -> Any:
        return sa.and_(
            conversations.c.campaign == self._campaign,
            conversations.c.professional == professional.lower(),
            conversations.c.patient == patient.lower(),
        )


def _folder(row: Any) -> Folder:
    return Folder(
        row["id"], row["name"], row["special_use"], bool(row["subscribed"]), row["next_uid"]
    )


def _flags_text(flags: Iterable[str]) -> str:
    return " ".join(sorted(set(flags)))

"""Folders over IMAP: SELECT, LIST, STATUS and their family (RFC 3501 §6.3, RFC 6154)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from simulators.mssante.imap_fetch import Item, Mail, answer
from simulators.mssante.imap_syntax import (
    ImapSyntaxError,
    flag_list,
    listed,
    string,
    text_of,
    words_of,
)
from simulators.mssante.state import FLAGS, INBOX, Folder, MailStore, Stored

SEEN = "\\Seen"
DELETED = "\\Deleted"
_STATUS_ITEMS = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")
_MAX_NAME = 200


class NoError(Exception):
    """A command that is understood and cannot be done: NO and these words."""


@dataclass
class Result:
    """Untagged lines without their CRLF, and the words of the tagged answer."""

    lines: list[bytes] = field(default_factory=list[bytes])
    words: str = ""


class FolderSession:
    """A client, the folder it selected, and what it was told of it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.folder: Folder | None = None
        self._writable = False
        self._view: list[Stored] = []

    def news(self, store: MailStore, *, expunge: bool = True) -> list[bytes]:
        """What changed in the selected folder since the client was last told."""
        if self.folder is None:
            return []
        present = {message.uid: message for message in store.list(self.folder.id)}
        lines: list[bytes] = []
        if expunge:
            for position in range(len(self._view), 0, -1):
                if self._view[position - 1].uid not in present:
                    lines.append(b"* %d EXPUNGE" % position)
                    del self._view[position - 1]
        for position, known in enumerate(self._view, start=1):
            now = present.pop(known.uid, known)
            if now.flags != known.flags:
                self._view[position - 1] = now
                lines.append(answer(position, shown(now), [Item("UID"), Item("FLAGS")]))
        if present:
            self._view.extend(present.values())
            lines.append(b"* %d EXISTS" % len(self._view))
        return lines

    def _do_select(self, store: MailStore, arguments: Sequence[object]) -> Result:
        return self._select(store, arguments, writable=True)

    def _do_examine(self, store: MailStore, arguments: Sequence[object]) -> Result:
        return self._select(store, arguments, writable=False)

    def _select(self, store: MailStore, arguments: Sequence[object], *, writable: bool) -> Result:
        self.folder, self._view = None, []
        (name,) = arguments
        folder = self._folder(store, name)
        self.folder, self._writable = folder, writable
        self._view = list(store.list(folder.id))
        permanent = flag_list([*FLAGS, "\\*"] if writable else [])
        unseen = [n for n, m in enumerate(self._view, start=1) if SEEN not in m.flags]
        lines = [
            b"* %d EXISTS" % len(self._view),
            b"* 0 RECENT",
            b"* FLAGS " + flag_list(FLAGS),
            b"* OK [PERMANENTFLAGS " + permanent + b"] indicateurs conserves",
            b"* OK [UIDVALIDITY %d] UIDs valides" % folder.id,
            b"* OK [UIDNEXT %d] UID suivant prevu" % folder.next_uid,
        ]
        if unseen:
            lines.append(b"* OK [UNSEEN %d] premier message non lu" % unseen[0])
        verb, mode = ("SELECT", "READ-WRITE") if writable else ("EXAMINE", "READ-ONLY")
        return Result(lines, f"OK [{mode}] {verb} termine")

    def _do_list(self, store: MailStore, arguments: Sequence[object]) -> Result:
        return self._list(store, arguments, "LIST")

    def _do_lsub(self, store: MailStore, arguments: Sequence[object]) -> Result:
        return self._list(store, arguments, "LSUB")

    def _list(self, store: MailStore, arguments: Sequence[object], verb: str) -> Result:
        special = isinstance(arguments[0], list)
        reference, wanted = arguments[-2:] if not special else arguments[1:3]
        pattern = text_of(reference) + text_of(wanted)
        if not text_of(wanted):
            return Result([f'* {verb} (\\Noselect) "/" ""'.encode()])
        matches = _pattern(pattern)
        return Result(
            [
                f"* {verb} ({self._attributes(folder)}) ".encode() + b'"/" ' + string(folder.name)
                for folder in store.folders(self.address)
                if matches.fullmatch(folder.name)
                and (verb == "LIST" or folder.subscribed)
                and (not special or folder.special_use)
            ]
        )

    def _attributes(self, folder: Folder) -> str:
        return " ".join(word for word in ("\\HasNoChildren", folder.special_use) if word)

    def _do_status(self, store: MailStore, arguments: Sequence[object]) -> Result:
        name, asked = arguments
        folder = self._folder(store, name)
        messages = store.list(folder.id)
        values = {
            "MESSAGES": len(messages),
            "RECENT": 0,
            "UIDNEXT": folder.next_uid,
            "UIDVALIDITY": folder.id,
            "UNSEEN": sum(SEEN not in message.flags for message in messages),
        }
        wanted = [word.upper() for word in words_of(asked)]
        if not set(wanted) <= set(_STATUS_ITEMS):
            raise ImapSyntaxError("element de STATUS inconnu")
        items = listed(f"{word} {values[word]}".encode() for word in wanted)
        return Result([b"* STATUS " + string(folder.name) + b" " + items])

    def _do_create(self, store: MailStore, arguments: Sequence[object]) -> Result:
        name = text_of(arguments[0]).rstrip("/")
        if not name or len(name) > _MAX_NAME or not name.isascii() or not name.isprintable():
            raise NoError("NO [CANNOT] nom de dossier refuse")
        if store.folder(self.address, name) is not None:
            raise NoError("NO [ALREADYEXISTS] ce dossier existe")
        store.create_folder(self.address, name)
        return Result()

    def _do_delete(self, store: MailStore, arguments: Sequence[object]) -> Result:
        folder = self._folder(store, arguments[0])
        if folder.name == INBOX:
            raise NoError("NO [CANNOT] INBOX ne se supprime pas")
        store.delete_folder(folder)
        return Result()

    def _do_rename(self, store: MailStore, arguments: Sequence[object]) -> Result:
        folder, name = self._folder(store, arguments[0]), text_of(arguments[1])
        if store.folder(self.address, name) is not None or folder.name == INBOX:
            raise NoError("NO [CANNOT] renommage impossible")
        store.change_folder(folder, name=name)
        return Result()

    def _do_subscribe(self, store: MailStore, arguments: Sequence[object]) -> Result:
        store.change_folder(self._folder(store, arguments[0]), subscribed=True)
        return Result()

    def _do_unsubscribe(self, store: MailStore, arguments: Sequence[object]) -> Result:
        store.change_folder(self._folder(store, arguments[0]), subscribed=False)
        return Result()

    def _do_close(self, store: MailStore, _arguments: Sequence[object]) -> Result:
        folder = self._selected()
        if self._writable:
            store.remove([m.id for m in store.list(folder.id) if DELETED in m.flags])
        self.folder, self._view = None, []
        return Result()

    def _do_unselect(self, _store: MailStore, _arguments: Sequence[object]) -> Result:
        self._selected()
        self.folder, self._view = None, []
        return Result()

    def _do_check(self, _store: MailStore, _arguments: Sequence[object]) -> Result:
        self._selected()
        return Result()

    # Helpers

    def _folder(self, store: MailStore, name: object) -> Folder:
        folder = store.folder(self.address, text_of(name))
        if folder is None:
            raise NoError("NO [NONEXISTENT] dossier inconnu")
        return folder

    def _selected(self) -> Folder:
        if self.folder is None:
            raise ImapSyntaxError("aucun dossier ouvert")
        return self.folder

    def _may_write(self) -> Folder:
        folder = self._selected()
        if not self._writable:
            raise NoError("NO [READ-ONLY] dossier ouvert en lecture seule")
        return folder


def _pattern(pattern: str) -> re.Pattern[str]:
    """``*`` matches anything, ``%`` stops at the hierarchy delimiter; INBOX has no case."""
    if pattern.upper() == INBOX:
        return re.compile(INBOX)
    parts = (".*" if c == "*" else "[^/]*" if c == "%" else re.escape(c) for c in pattern)
    return re.compile("".join(parts))


def shown(message: Stored) -> Mail:
    """A mail whose flags alone are told: its content is not read."""
    return Mail(message, lambda: b"")

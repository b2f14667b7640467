"""IMAP4rev1 commands on stored mailboxes (RFC 3501 §6.3, §6.4; UIDPLUS, MOVE).

A session holds what its client has been told of the selected folder; each command
runs in the unit of its exchange and answers lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from simulators.kernel import Kernel
from simulators.mssante.imap_fetch import Item, Mail, answer, read_date, read_items
from simulators.mssante.imap_search import Criteria
from simulators.mssante.imap_syntax import (
    Command,
    ImapSyntaxError,
    flag_list,
    listed,
    number_set,
    string,
    text_of,
    words_of,
)
from simulators.mssante.state import FLAGS, INBOX, Folder, MailStore, Stored

_SEEN = "\\Seen"
_DELETED = "\\Deleted"
_CANONICAL = {flag.lower(): flag for flag in FLAGS}
_STATUS_ITEMS = ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")
_MAX_NAME = 200
_KEEPS_NUMBERS = ("FETCH", "STORE", "SEARCH")
"""Commands during which no EXPUNGE may be told (RFC 3501 §7.4.1)."""


class NoError(Exception):
    """A command that is understood and cannot be done: NO and these words."""


@dataclass
class Result:
    """Untagged lines without their CRLF, and the words of the tagged answer."""

    lines: list[bytes] = field(default_factory=list[bytes])
    words: str = ""


class Session:
    """An authenticated client: its mailbox, its folder, what it knows of it."""

    def __init__(self, kernel: Kernel, address: str) -> None:
        self._kernel = kernel
        self.address = address
        self.folder: Folder | None = None
        self._writable = False
        self._view: list[Stored] = []
        self.changed: set[str] = set()
        """Mailboxes that the last command changed."""

    def execute(self, store: MailStore, command: Command) -> Result:
        """Run a command; raises NoError, ImapSyntaxError."""
        self.changed = set()
        name = command.name.removeprefix("UID ")
        handler: Callable[..., Result] | None = getattr(self, f"_do_{name.lower()}", None)
        if not name.isalpha() or handler is None:
            raise ImapSyntaxError(f"commande inconnue : {command.name[:40]}")
        by_uid = command.name != name
        if by_uid and name not in ("FETCH", "STORE", "SEARCH", "COPY", "MOVE", "EXPUNGE"):
            raise ImapSyntaxError(f"commande inconnue : {command.name[:40]}")
        try:
            if by_uid:
                result = handler(store, command.arguments, by_uid=True)
            else:
                result = handler(store, command.arguments)
        except (IndexError, ValueError) as error:
            raise ImapSyntaxError("arguments manquants ou en trop") from error
        result.lines.extend(self.news(store, expunge=by_uid or name not in _KEEPS_NUMBERS))
        result.words = result.words or f"OK {command.name} termine"
        return result

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
                lines.append(answer(position, _unread(now), [Item("UID"), Item("FLAGS")]))
        if present:
            self._view.extend(present.values())
            lines.append(b"* %d EXISTS" % len(self._view))
        return lines

    # Folders

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
        unseen = [n for n, m in enumerate(self._view, start=1) if _SEEN not in m.flags]
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
            "UNSEEN": sum(_SEEN not in message.flags for message in messages),
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
            store.remove([m.id for m in store.list(folder.id) if _DELETED in m.flags])
        self.folder, self._view = None, []
        return Result()

    def _do_unselect(self, _store: MailStore, _arguments: Sequence[object]) -> Result:
        self._selected()
        self.folder, self._view = None, []
        return Result()

    def _do_check(self, _store: MailStore, _arguments: Sequence[object]) -> Result:
        self._selected()
        return Result()

    # Messages

    def _do_append(self, store: MailStore, arguments: Sequence[object]) -> Result:
        name, *options, content = arguments
        if not isinstance(content, bytes):
            raise ImapSyntaxError("un litteral est attendu")
        folder = store.folder(self.address, text_of(name))
        if folder is None:
            raise NoError("NO [TRYCREATE] dossier inconnu")
        flags: list[str] = []
        at = self._kernel.clock.now()
        for option in options:
            if isinstance(option, list):
                flags = _flags(words_of(option))
            else:
                at = read_date(text_of(option))
        uid = store.append(folder, content, at, flags=flags)
        self.changed.add(self.address)
        return Result(words=f"OK [APPENDUID {folder.id} {uid}] APPEND termine")

    def _do_fetch(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        numbers, asked = arguments
        items = read_items(asked)
        if by_uid and all(item.name != "UID" for item in items):
            items.insert(0, Item("UID"))
        chosen = self._chosen(numbers, by_uid=by_uid)
        wanted = [m.id for _, m in chosen if any(item.needs_content for item in items)]
        contents = store.contents(wanted) if wanted else {}
        marks = self._writable and any(item.section is not None and not item.peek for item in items)
        lines: list[bytes] = []
        for position, message in chosen:
            shown, told = message, items
            if marks and _SEEN not in message.flags:
                shown = self._mark(store, position, message, [*message.flags, _SEEN])
                told = items if Item("FLAGS") in items else [*items, Item("FLAGS")]
            lines.append(answer(position, Mail(shown, _given(contents.get(shown.id))), told))
        return Result(lines)

    def _do_store(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        self._may_write()
        numbers, action, *given = arguments
        flags = _flags([word for token in given for word in words_of(token)])
        found = re.fullmatch(r"([+-]?)FLAGS(\.SILENT)?", text_of(action).upper())
        if found is None:
            raise ImapSyntaxError("action de STORE inconnue")
        told = [Item("UID"), Item("FLAGS")] if by_uid else [Item("FLAGS")]
        lines: list[bytes] = []
        for position, message in self._chosen(numbers, by_uid=by_uid):
            kept = _changed(message.flags, found[1], flags)
            now = self._mark(store, position, message, kept)
            if not found[2]:
                lines.append(answer(position, _unread(now), told))
        return Result(lines)

    def _do_search(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        self._selected()
        uids = [message.uid for message in self._view]
        test = Criteria(arguments, uids, range(1, len(uids) + 1)).read()
        found = [
            message.uid if by_uid else position
            for position, message in enumerate(self._view, start=1)
            if test(position, Mail(message, _reading(store, message.id)))
        ]
        return Result([" ".join(["* SEARCH", *map(str, found)]).encode()])

    def _do_expunge(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        folder = self._may_write()
        gone = [m for m in store.list(folder.id) if _DELETED in m.flags]
        if by_uid:
            chosen = set(number_set(arguments[0]).chosen([m.uid for m in gone]))
            gone = [m for m in gone if m.uid in chosen]
        store.remove([m.id for m in gone])
        return Result()

    def _do_copy(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        numbers, name = arguments
        code = self._copy(store, self._chosen(numbers, by_uid=by_uid), name)
        return Result(words=f"OK {code}COPY termine")

    def _do_move(
        self, store: MailStore, arguments: Sequence[object], *, by_uid: bool = False
    ) -> Result:
        self._may_write()
        numbers, name = arguments
        chosen = self._chosen(numbers, by_uid=by_uid)
        code = self._copy(store, chosen, name)
        store.remove([message.id for _, message in chosen])
        lines = [f"* OK {code}deplace".encode()] if code else []
        return Result(lines, "OK MOVE termine")

    def _copy(self, store: MailStore, chosen: Sequence[tuple[int, Stored]], name: object) -> str:
        folder = store.folder(self.address, text_of(name))
        if folder is None:
            raise NoError("NO [TRYCREATE] dossier inconnu")
        if not chosen:
            return ""
        made = [store.copy(message, folder) for _, message in chosen]
        self.changed.add(self.address)
        taken = ",".join(str(message.uid) for _, message in chosen)
        return f"[COPYUID {folder.id} {taken} {','.join(map(str, made))}] "

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

    def _chosen(self, token: object, *, by_uid: bool) -> list[tuple[int, Stored]]:
        self._selected()
        numbers = [m.uid if by_uid else n for n, m in enumerate(self._view, start=1)]
        wanted = set(number_set(token).chosen(numbers))
        pairs = enumerate(self._view, start=1)
        return [(n, m) for n, m in pairs if (m.uid if by_uid else n) in wanted]

    def _mark(
        self, store: MailStore, position: int, message: Stored, flags: Sequence[str]
    ) -> Stored:
        now = replace(message, flags=tuple(sorted(set(flags))))
        if now.flags != message.flags:
            store.set_flags(message, now.flags)
            self._view[position - 1] = now
            self.changed.add(self.address)
        return now


def _flags(words: Sequence[str]) -> list[str]:
    for word in words:
        if not re.fullmatch(r"\\?[!#-&'+-\[\]^-z|~$]+", word):
            raise ImapSyntaxError("indicateur illisible")
    return [_CANONICAL.get(word.lower(), word) for word in words if word.lower() != "\\recent"]


def _changed(flags: Sequence[str], sign: str, given: Sequence[str]) -> list[str]:
    if sign == "+":
        return [*flags, *given]
    return [flag for flag in flags if flag not in given] if sign == "-" else list(given)


def _pattern(pattern: str) -> re.Pattern[str]:
    """``*`` matches anything, ``%`` stops at the hierarchy delimiter; INBOX has no case."""
    if pattern.upper() == INBOX:
        return re.compile(INBOX)
    parts = (".*" if c == "*" else "[^/]*" if c == "%" else re.escape(c) for c in pattern)
    return re.compile("".join(parts))


def _given(content: bytes | None) -> Callable[[], bytes]:
    return lambda: content or b""


def _reading(store: MailStore, message_id: int) -> Callable[[], bytes]:
    return lambda: store.contents([message_id]).get(message_id, b"")


def _unread(message: Stored) -> Mail:
    return Mail(message, _given(None))

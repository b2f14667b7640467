"""IMAP4rev1 commands on stored mailboxes (RFC 3501 §6.3, §6.4; UIDPLUS, MOVE).

A session holds what its client has been told of the selected folder; each command
runs in the unit of its exchange and answers lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import cast

from simulators.kernel import Kernel
from simulators.mssante.imap_fetch import Item, Mail, answer, read_date, read_items
from simulators.mssante.imap_folders import DELETED, SEEN, FolderSession, NoError, Result, shown
from simulators.mssante.imap_search import Criteria
from simulators.mssante.imap_syntax import (
    Command,
    ImapSyntaxError,
    number_set,
    text_of,
    words_of,
)
from simulators.mssante.state import FLAGS, MailStore, Stored

_CANONICAL = {flag.lower(): flag for flag in FLAGS}
_KEEPS_NUMBERS = ("FETCH", "STORE", "SEARCH")
"""Commands during which no EXPUNGE may be told (RFC 3501 §7.4.1)."""


class Session(FolderSession):
    """An authenticated client: runs its commands."""

    def __init__(self, kernel: Kernel, address: str) -> None:
        super().__init__(address)
        self._kernel = kernel
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
                flags = _flags(words_of(cast("object", option)))
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
            now, told = message, items
            if marks and SEEN not in message.flags:
                now = self._mark(store, position, message, [*message.flags, SEEN])
                told = items if Item("FLAGS") in items else [*items, Item("FLAGS")]
            lines.append(answer(position, Mail(now, _given(contents.get(now.id))), told))
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
                lines.append(answer(position, shown(now), told))
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
        gone = [m for m in store.list(folder.id) if DELETED in m.flags]
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


def _given(content: bytes | None) -> Callable[[], bytes]:
    return lambda: content or b""


def _reading(store: MailStore, message_id: int) -> Callable[[], bytes]:
    return lambda: store.contents([message_id]).get(message_id, b"")

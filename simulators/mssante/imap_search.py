"""SEARCH (RFC 3501 §6.4.4): criteria read into predicates on a mail."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from email.utils import parsedate_to_datetime

from rules.formats.mail_headers import decoded
from simulators.mssante.imap_fetch import MONTHS, Mail
from simulators.mssante.imap_syntax import ImapSyntaxError, NumberSet, number_set, text_of

Predicate = Callable[[int, Mail], bool]
_FLAGS = {
    "ANSWERED": "\\Answered",
    "DELETED": "\\Deleted",
    "DRAFT": "\\Draft",
    "FLAGGED": "\\Flagged",
    "SEEN": "\\Seen",
}
_FIELDS = ("BCC", "CC", "FROM", "SUBJECT", "TO")
_DATES = ("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE")


class Criteria:
    """Reads the arguments of SEARCH; ``uids`` and ``top`` resolve ``*``."""

    def __init__(self, tokens: Sequence[object], uids: Sequence[int], sequences: Sequence[int]):
        self._tokens = list(tokens)
        self._uids = uids
        self._sequences = sequences

    def read(self) -> Predicate:
        """All criteria must hold; raises ImapSyntaxError."""
        tests: list[Predicate] = []
        while self._tokens:
            tests.append(self._one())
        if not tests:
            raise ImapSyntaxError("SEARCH sans critere")
        return _all(tests)

    def _next(self) -> object:
        if not self._tokens:
            raise ImapSyntaxError("critere de SEARCH incomplet")
        return self._tokens.pop(0)

    def _one(self) -> Predicate:
        token = self._next()
        if isinstance(token, list):
            return Criteria(list(token), self._uids, self._sequences).read()  # type: ignore[reportUnknownArgumentType]
        key = text_of(token).upper()
        if key[:1].isdigit() or key.startswith("*"):
            return _numbered(number_set(token), self._sequences, of_uid=False)
        if key in ("NOT", "OR"):
            return self._combined(key)
        return self._flag(key) or self._text(key) or self._rest(key)

    def _combined(self, key: str) -> Predicate:
        first = self._one()
        if key == "NOT":
            return lambda sequence, mail: not first(sequence, mail)
        second = self._one()
        return lambda sequence, mail: first(sequence, mail) or second(sequence, mail)

    def _flag(self, key: str) -> Predicate | None:
        constant = {"ALL": True, "OLD": True, "RECENT": False, "NEW": False}
        if key in constant:
            return lambda _sequence, _mail: constant[key]
        positive = key.removeprefix("UN")
        if key in ("KEYWORD", "UNKEYWORD"):
            flag = text_of(self._next())
        elif positive in _FLAGS:
            flag = _FLAGS[positive]
        else:
            return None
        wanted = not key.startswith("UN")
        return lambda _sequence, mail: (flag in mail.stored.flags) is wanted

    def _text(self, key: str) -> Predicate | None:
        if key in _FIELDS:
            name, text = key, text_of(self._next()).lower()
            return lambda _sequence, mail: text in _field(mail, name)
        if key == "HEADER":
            name, text = text_of(self._next()), text_of(self._next()).lower()
            return lambda _sequence, mail: (
                mail.root.fields[name] is not None and (text in _field(mail, name))
            )
        if key in ("BODY", "TEXT"):
            sought = text_of(self._next()).lower().encode()
            whole = key == "TEXT"
            return lambda _sequence, mail: (
                sought in (mail.data if whole else mail.root.body).lower()
            )
        return None

    def _rest(self, key: str) -> Predicate:
        if key == "UID":
            return _numbered(number_set(self._next()), self._uids, of_uid=True)
        if key in ("LARGER", "SMALLER"):
            limit = self._number()
            larger = key == "LARGER"
            return lambda _sequence, mail: (
                mail.stored.size > limit if larger else mail.stored.size < limit
            )
        if key in _DATES:
            day = _day(text_of(self._next()))
            return lambda _sequence, mail: _dated(key, _date_of(key, mail), day)
        if key == "CHARSET":
            self._next()
            return lambda _sequence, _mail: True
        raise ImapSyntaxError(f"critere de SEARCH inconnu : {key[:40]}")

    def _number(self) -> int:
        text = text_of(self._next())
        if not text.isdigit():
            raise ImapSyntaxError("un nombre est attendu")
        return int(text)


def _all(tests: Sequence[Predicate]) -> Predicate:
    return lambda sequence, mail: all(test(sequence, mail) for test in tests)


def _numbered(numbers: NumberSet, known: Sequence[int], *, of_uid: bool) -> Predicate:
    chosen = set(numbers.chosen(known))
    return lambda sequence, mail: (mail.stored.uid if of_uid else sequence) in chosen


def _field(mail: Mail, name: str) -> str:
    values = mail.root.fields.get_all(name, [])
    return " ".join(decoded(re.sub(r"\r?\n(?=[ \t])", "", str(value))) for value in values).lower()


def _day(text: str) -> date:
    found = re.fullmatch(r"(\d{1,2})-([A-Za-z]{3})-(\d{4})", text)
    if found is None or found[2].title() not in MONTHS:
        raise ImapSyntaxError("date de SEARCH illisible")
    try:
        return date(int(found[3]), MONTHS.index(found[2].title()) + 1, int(found[1]))
    except ValueError as error:
        raise ImapSyntaxError("date de SEARCH illisible") from error


def _date_of(key: str, mail: Mail) -> date | None:
    if not key.startswith("SENT"):
        return mail.stored.at.date()
    try:
        return parsedate_to_datetime(str(mail.root.fields["Date"])).date()
    except ValueError:
        return None


def _dated(key: str, known: date | None, day: date) -> bool:
    if known is None:
        return False
    compared = key.removeprefix("SENT")
    if compared == "ON":
        return known == day
    return known < day if compared == "BEFORE" else known >= day

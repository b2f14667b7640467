"""Two campaigns side by side: what differs beyond the fields declared to vary.

Same seed, same identifiers, same report but for times: this is how it is
verified. Both journals are read as lines, the declared fields are masked, and
whatever differs still is shown with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import SequenceMatcher
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path

from bench.campaign import campaign_name, open_store
from bench.errors import UsageError
from bench.projection import project
from bench.restarts import until_end
from bench.unfolding import unfold
from bench.usability_expectations import played_meanwhile
from reports.events import FindingSeen, MomCounted, ScenarioFinished
from rules.exchange import Exchange, Message
from rules.formats.prescription_number import NumberError, decode
from simulators.journal import Journal

WINDOW = timedelta(days=2)
"""Around a campaign: an instant farther than that is data, and must be the same."""
_SHOWN = 5
"""Differences shown for one exchange."""

Mask = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Declared:
    """A field that may differ between two campaigns of one seed, and why."""

    name: str
    reason: str
    pattern: str
    kept: str = ""
    """What is left before the mask, with the groups of the pattern."""

    def mask(self, text: str) -> str:
        """The text without this field."""
        return re.sub(self.pattern, f"{self.kept}‹{self.name}›", text)


DECLARED = (
    Declared(
        "clé, signature ou empreinte",
        "les clés sont tirées au hasard, une signature et une empreinte suivent ce qui est signé",
        r"(<(?:\w+:)?(?:SignatureValue|DigestValue|Modulus|X509SerialNumber)\b[^>]*>)[^<]*",
        r"\1",
    ),
    Declared(
        "empreinte",
        "hachage d'un contenu qui porte des instants ; aléa de state et nonce",
        r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b",
    ),
    Declared(
        "port",
        "les ports libres sont donnés par le système",
        r"((?:localhost|127\.0\.0\.1)(?::|%3A)|\"port\": )\d+",
        r"\1",
    ),
    Declared(
        "UUID tiré",
        "UUID version 4 : sessions, jetons, réponses des simulateurs ; ceux qui suivent la graine "
        "sont de version 5",
        # The schemes of ebRIM are such UUIDs too: they are names, and must be the same.
        r"(?<!Scheme=\"urn:uuid:)(?<!Node=\"urn:uuid:)(?<!objectType=\"urn:uuid:)"
        r"(?<!AdhocQuery id=\"urn:uuid:)(?:\b|(?<=_))[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}"
        r"-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b",
    ),
    Declared(
        "aléa de sécurité",
        "PKCE, cookies et secrets de session ne se devinent pas, même avec la graine",
        r"((?:code_challenge|code_verifier|Set-Cookie|Cookie|\"at_hash\"|\"c_hash\")[=:]\s?)[^&\s]+",
        r"\1",
    ),
    Declared(
        "clé publique",
        "les clés sont tirées une fois par machine et gardées",
        r"(\"(?:n|kid|x|y)\": )\"[\w-]{20,}\"",
        r"\1",
    ),
    Declared(
        "code de l'appli carte Vitale",
        "chaque affichage a sa clé et son aléa ; ce que le service en fait est comparé",
        r"(PB83N8746746\*98)[0-9A-Z $%*+\-./:]+",
        r"\1",
    ),
    Declared("frontière MIME", "sépare les parties, sans rien dire", r'boundary="?[^";]+"?'),
    Declared(
        "longueur",
        "suit ce qui varie dans le corps, lui-même comparé",
        r"(?im)(^Content-Length: |size=|name=\"size\">(?:\s*<[\w:]*Value(?:List)?>)*)\d+",
        r"\1",
    ),
    Declared("file d'attente", "empreinte du courriel accepté", r"(queued as )[0-9A-F]{8}", r"\1"),
    Declared("durée", "mesurée", r"(\"seconds\": )[\d.]+", r"\1"),
)
"""Fields masked by their form."""

INSTANT = "instant"
LEFT_OUT = (
    (
        "numéro d'ordonnance",
        "un instant et un compteur qui part d'un rang tiré au hasard ; son ordre d'apparition est "
        "comparé",
    ),
    (INSTANT, "une campagne se joue à son heure ; une date hors de ses deux jours est comparée"),
    (
        "gestes joués pendant un geste qui dure",
        "autant que sa durée, mesurée, en laisse le temps ; LGC.DMP/UX.10 les compte",
    ),
    ("identifiant et position au journal", "UUID tiré ; la position suit l'ordre, qui est comparé"),
    ("suite TLS et port du client", "négociés à chaque connexion ; la version est comparée"),
    ("numéros révoqués d'une CRL", "ceux des serveurs suivent l'adresse, donc le port, de l'IGC"),
    ("tailles compressées, dates d'une archive", "les fichiers de l'archive sont comparés"),
)
"""What is not compared, and why: together with :data:`DECLARED`, all that may vary."""


class Instants:
    """Masks the instants that belong to a campaign, in every way they are written."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._first, self._last = start - WINDOW, end + WINDOW

    def mask(self, text: str) -> str:
        """The text without the instants of the campaign."""
        for pattern, read in _WRITTEN:
            text = pattern.sub(partial(self._replace, read), text)
        return text

    def _replace(self, read: Callable[[str], datetime], found: re.Match[str]) -> str:
        try:
            at = read(found[0])
        except (ValueError, OverflowError):
            return found[0]
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
        return f"‹{INSTANT}›" if self._first <= at <= self._last else found[0]


def _seconds(text: str) -> datetime:
    return datetime.fromtimestamp(float(text), UTC)


def _compact(text: str) -> datetime:
    return datetime.strptime(text[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _day(form: str, text: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)


_WRITTEN: tuple[tuple[re.Pattern[str], Callable[[str], datetime]], ...] = (
    (
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?"),
        datetime.fromisoformat,
    ),
    (re.compile(r"\b\d{14}(?:[+-]\d{4}\b|[+-]\d\d'\d\d'?|Z)?(?!\d)"), _compact),
    (
        re.compile(r"[A-Z][a-z]{2}, \d\d? [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT)"),
        parsedate_to_datetime,
    ),
    (re.compile(r"(?<![\w.-])[12]\d{9}(?:\.\d+)?(?![\w-])"), _seconds),
    (re.compile(r"(?<!\d)\d{8}(?!\d)"), partial(_day, "%Y%m%d")),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), partial(_day, "%Y-%m-%d")),
    (
        re.compile(r"\b\d\d/\d\d/\d{4}\b(?: (?:à )?\d\d[:h]\d\d)?"),
        lambda t: _day("%d/%m/%Y", t[:10]),
    ),
)


_NUMBER = re.compile(r"(?<![0-9A-Za-z])[0-9A-HJ-NP-UW-Z]{18}(?![0-9A-Za-z])")


class Numbers:
    """Masks the numbers of the ordonnances of a campaign by their order of appearance."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self._first, self._last = start - WINDOW, end + WINDOW
        self._known: dict[str, int] = {}

    def mask(self, text: str) -> str:
        """The text without the numbers that say an instant of the campaign."""
        return _NUMBER.sub(self._replace, text)

    def _replace(self, found: re.Match[str]) -> str:
        try:
            said = decode(found[0]).instants[0]
        except NumberError:
            return found[0]
        if not self._first <= said <= self._last:
            return found[0]
        return f"‹ordonnance n° {self._known.setdefault(found[0], len(self._known) + 1)}›"


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that differs, its place, and what each campaign has there."""

    place: str
    first: str
    second: str


def compare(first: Path, second: Path, store_url: str | None = None) -> list[Difference]:
    """What differs between the campaigns of two folders. Raises UsageError."""
    one, two = _read(first, store_url), _read(second, store_url)
    return list(_differences(one, two))


@dataclass(frozen=True, slots=True)
class _Step:
    """An exchange, a mark or a conclusion, as lines."""

    title: str
    lines: tuple[str, ...]


def _read(folder: Path, store_url: str | None) -> list[_Step]:
    if store_url is None and not (folder / "banc.sqlite").is_file():
        raise UsageError(f"{folder} n'est pas le dossier d'une campagne : banc.sqlite n'y est pas.")
    store = open_store(folder, store_url)
    try:
        journal = Journal(store, campaign_name(folder, store_url))
        marks = journal.marks()
        if not marks:
            raise UsageError(f"{folder} ne contient aucune campagne.")
        days = (marks[0].at, marks[-1].at)
        return list(_masked(_steps(journal), Instants(*days), Numbers(*days)))
    finally:
        store.close()


def _masked(steps: Iterable[_Step], instants: Instants, numbers: Numbers) -> Iterator[_Step]:
    masks = (*(declared.mask for declared in DECLARED), instants.mask, numbers.mask)
    for step in steps:
        # All lines at once: some fields are named on the line before.
        yield _Step(step.title, tuple(_apply(masks, "\n".join(step.lines)).split("\n")))


def _apply(masks: Sequence[Mask], text: str) -> str:
    for mask in masks:
        text = mask(text)
    return text


def _steps(journal: Journal) -> Iterator[_Step]:
    for mark in journal.marks():
        content = str(mark.payload.get("name") or mark.payload.get("text") or "")
        written = unfold(_json(dict(mark.payload)))
        yield _Step(f"repère {mark.kind} {content}".strip(), tuple(written))
    played = until_end(journal.read(), journal.marks())
    apart = played_meanwhile(played)
    for exchange in played:
        if exchange.id in apart:
            continue
        yield _Step(f"échange {exchange.service} {exchange.operation}", tuple(_lines(exchange)))
    for event in project(journal):
        if isinstance(event, FindingSeen):
            yield _Step(f"constat {event.check_id}", (event.artefact, event.place, event.found))
        elif isinstance(event, ScenarioFinished):
            yield _Step(f"verdict {event.id}", (event.verdict, *event.reasons))
        elif isinstance(event, MomCounted):
            counted = f"{event.dmp} {event.mss_pro} {event.mss_citoyenne}"
            yield _Step(f"compteurs {event.scenario} {event.professional}", (counted,))


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def _lines(exchange: Exchange) -> Iterator[str]:
    known = exchange.correlation
    yield f"issue : {exchange.outcome} {exchange.error_code} {exchange.fault}"
    yield f"étape : {exchange.step}"
    yield f"patient {known.patient}, professionnel {known.professional}"
    yield f"document {known.document}, logiciel {known.software}"
    tls = exchange.tls
    yield f"TLS : {tls.version if tls else None}"
    yield from unfold(tls.certificate) if tls and tls.certificate else ()
    for side, message in (("demande", exchange.request), ("réponse", exchange.response)):
        if message is not None:
            yield f"{side} : {message.start_line}"
            yield from _content(exchange, message)


def _content(exchange: Exchange, message: Message) -> Iterator[str]:
    for name, value in message.headers:
        yield from unfold(f"{name}: {value}".encode())
    kind = message.header("Content-Type") or ""
    if exchange.operation == "SMTP":
        kind = "message/rfc822"
    yield from unfold(message.body, kind)


def _differences(one: Sequence[_Step], two: Sequence[_Step]) -> Iterator[Difference]:
    titles = [[step.title for step in steps] for steps in (one, two)]
    for tag, a, b, c, d in SequenceMatcher(None, *titles, autojunk=False).get_opcodes():
        if tag != "equal":
            yield Difference(
                f"n° {a + 1}",
                ", ".join(s.title for s in one[a:b]) or "rien",
                ", ".join(s.title for s in two[c:d]) or "rien",
            )
            continue
        for offset in range(b - a):
            yield from _of_step(a + offset + 1, one[a + offset], two[c + offset])


def _of_step(rank: int, one: _Step, two: _Step) -> Iterator[Difference]:
    matcher = SequenceMatcher(None, one.lines, two.lines, autojunk=False)
    found = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    for _, a, b, c, d in found[:_SHOWN]:
        yield Difference(
            f"n° {rank}, {one.title}, ligne {a + 1}",
            " ⏎ ".join(one.lines[a:b]),
            " ⏎ ".join(two.lines[c:d]),
        )
    if len(found) > _SHOWN:
        more = f"et {len(found) - _SHOWN} autres différences"
        yield Difference(f"n° {rank}, {one.title}", more, more)

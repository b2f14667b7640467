"""The golden DMP story as exchanges, and how to alter a message without breaking the rest."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from rules.context import Context, Environment, Professional, Software
from rules.exchange import Exchange, Message, Outcome, TlsPeer
from rules.formats.certificate import Certificate
from rules.formats.multipart import split
from rules.judge import JournalView, Judgement, judge_reading, judge_sequence, read

FOLDER = Path(__file__).parents[3] / "fixtures" / "golden" / "dmp"
T01, T02, T03 = "t01-td02-actif-non-autorise", "t02-td02-absent", "t03-td02-ferme"
T04, T06 = "t04-td21-depot", "t06-td21b-remplacement"
T05, T05BIS = "t05-td02-avant-remplacement", "t05bis-td31b-getdocuments-objectref"
T07, T08, T09 = "t07-td03-ajout", "t08-td02-actif-autorise", "t09-td31a-finddocuments-leafclass"
T11, T12, T14 = "t11-td32-consultation", "t12-td33a-masquer-ps", "t14-td33c-supprimer"

Edit = Callable[[str], str]


@cache
def story() -> dict[str, Any]:
    return json.loads((FOLDER / "story.json").read_text(encoding="utf-8"))


def names() -> tuple[str, ...]:
    return tuple(story()["echanges"])


def message(file: str) -> Message:
    """A ``.http`` file: start line, headers, body byte for byte."""
    head, _, body = (FOLDER / f"{file}.http").read_bytes().partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Message(start, tuple((name, value.strip()) for name, _, value in pairs), body)


def der(file: str) -> bytes:
    return Certificate.from_pem((FOLDER / file).read_bytes()).der


def environment(*more_anchors: bytes) -> Environment:
    person, software = story()["professionnelle"], story()["logiciel"]
    return Environment(
        software=Software(
            software["nom"],
            software["version"],
            idam=software["idam"],
            dmp_homologation=software["numero_homologation_dmp"],
            oid=software["oid_lps"],
        ),
        professionals=(
            Professional(
                person["ps_idnat"],
                person["nom"],
                person["prenom"],
                person["profession"],
                person["savoir_faire"],
                person["structure_idnat"],
                person["secteur"],
            ),
        ),
        anchors=(der("certs/ca-org.pem"), der("certs/ca-pp.pem"), *more_anchors),
    )


def exchange(name: str, **changes: Any) -> Exchange:
    """A golden exchange; ``changes`` replace fields of it."""
    at = datetime.fromisoformat(story()["echanges"][name]["observed_at"])
    golden = Exchange(
        id=name,
        campaign="dorée",
        position=names().index(name),
        service="dmp",
        operation=name,
        started_at=at,
        answered_at=at + timedelta(seconds=1),
        peer="127.0.0.1:50000",
        request=message(f"{name}-requete"),
        response=message(f"{name}-reponse"),
        outcome=Outcome.ACCEPTED,
        tls=TlsPeer(certificate=der(story()["tls_client_certificate"])),
        host=story()["environnement"]["hote"],
    )
    return replace(golden, **changes)


def context(of: Exchange, within: Environment | None = None, **changes: Any) -> Context:
    circumstances = Context(
        environment=within or environment(),
        observed_at=of.started_at,
        tls=of.tls,
        host=of.host,
        exchange=of,
    )
    return replace(circumstances, **changes)


def judged(of: Exchange, within: Environment | None = None, **changes: Any) -> Judgement:
    """One exchange in its circumstances, without the sequence."""
    return judge_reading(read(of), context(of, within, **changes))


def ids(judgement: Judgement) -> set[str]:
    """Ids of the findings, but those across services (X-…), which have their own tests."""
    found = {finding.check_id for finding in judgement.findings}
    return {check_id for check_id in found if not check_id.startswith("X-")}


def sequence(*exchanges: Exchange) -> set[str]:
    """Ids of the journal findings of exchanges in that order."""
    placed = tuple(replace(e, position=rank) for rank, e in enumerate(exchanges))
    return ids(judge_sequence(JournalView(placed), environment()))


def later(of: Exchange, seconds: float, **changes: Any) -> Exchange:
    """The same exchange some seconds after another instant of its story."""
    return replace(of, started_at=of.started_at + timedelta(seconds=seconds), **changes)


def edited(of: Exchange, *edits: Edit, rename: str | None = None) -> Exchange:
    """The exchange with its envelope altered; every edit must change something."""
    request = of.request
    content_type = request.header("Content-Type") or ""
    if not content_type.startswith("multipart/"):
        body = _apply(request.body, edits)
    else:
        parts = split(content_type, request.body).parts
        body = with_parts(request, _apply(parts[0].body, edits), *(p.body for p in parts[1:]))
    return replace(of, id=rename or of.id, request=replace(request, body=body))


def _apply(body: bytes, edits: tuple[Edit, ...]) -> bytes:
    text = body.decode("utf-8")
    for edit in edits:
        changed = edit(text)
        assert changed != text, "la modification ne change rien"
        text = changed
    return text.encode("utf-8")


def with_parts(request: Message, *bodies: bytes) -> bytes:
    """The multipart body with the same part headers and other contents."""
    content_type = request.header("Content-Type") or ""
    parts = split(content_type, request.body).parts
    boundary = content_type.split('boundary="', 1)[1].split('"', 1)[0].encode()
    chunks = []
    for part, body in zip(parts, bodies, strict=True):
        head = "\r\n".join(f"{name}: {value}" for name, value in part.headers)
        chunks.append(b"--" + boundary + b"\r\n" + head.encode() + b"\r\n\r\n" + body + b"\r\n")
    return b"".join(chunks) + b"--" + boundary + b"--\r\n"


def swap(old: str, new: str, count: int = -1) -> Edit:
    return lambda text: text.replace(old, new, count)


def swap_in(marker: str, end: str, old: str, new: str) -> Edit:
    """Replace inside the stretch that begins at ``marker`` and ends at ``end``."""

    def edit(text: str) -> str:
        start = text.index(marker)
        stop = text.index(end, start)
        return text[:start] + text[start:stop].replace(old, new) + text[stop:]

    return edit


def cut(start: str, end: str) -> Edit:
    """Remove from ``start`` to ``end`` included."""

    def edit(text: str) -> str:
        begin = text.index(start)
        return text[:begin] + text[text.index(end, begin) + len(end) :]

    return edit

"""MTOM/XOP: a ``multipart/related`` body split byte for byte.

The splitter is strict where RFC 2046 §5.1 is (delimiters begin a line, the last
one closes) and never touches a byte of a part: hashes and signatures depend on
them. ``cid:`` references are percent-decoded (RFC 2392 §2). Source: EX_2.1-1260,
sheet dmp.md §5.3.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from dataclasses import dataclass
from urllib.parse import unquote

from rules.artefact import MalformedError
from rules.formats.soap import MediaType

MAX_PARTS = 500
MAX_HEADER_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part: its headers in order and its decoded bytes."""

    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """First value of a header, compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    @property
    def content_id(self) -> str | None:
        """Content-ID without its angle brackets."""
        value = self.header("Content-ID")
        return None if value is None else value.strip().removeprefix("<").removesuffix(">")

    @property
    def content_type(self) -> str:
        """Media type in lower case, without parameters."""
        return MediaType.parse(self.header("Content-Type")).name


@dataclass(frozen=True, slots=True)
class Multipart:
    """A whole ``multipart/related`` message; the root part holds the SOAP envelope."""

    root: Part
    parts: tuple[Part, ...]
    """Every part, root included, in order."""

    def resolve(self, href: str) -> Part | None:
        """The part that ``cid:…`` names, encoded or not; None when there is none."""
        if not href.lower().startswith("cid:"):
            return None
        wanted = href[4:]
        names = {wanted, unquote(wanted)}
        return next((part for part in self.parts if part.content_id in names), None)


def split(
    content_type: str, body: bytes, *, check_id: str = "DMP-21-01", artefact: str = "Multipart"
) -> Multipart:
    """Split a body along the boundary of its Content-Type.

    Raises MalformedError (with ``check_id``) when the boundary is missing or
    wrong, when the closing delimiter is absent (truncation), when a header or
    an encoding cannot be read, or when ``start`` names no part.
    """
    announced = MediaType.parse(content_type)
    boundary = announced.parameter("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise MalformedError(
            check_id,
            "en-tête Content-Type",
            "un paramètre boundary",
            content_type,
            "Indiquer dans Content-Type la frontière (boundary) qui sépare les parties.",
            artefact=artefact,
        )
    chunks = _chunks(boundary, body, check_id, artefact)
    parts = tuple(_part(chunk, at, check_id, artefact) for at, chunk in chunks)
    _refuse_same_ids(parts, check_id, artefact)
    return Multipart(_root(parts, announced.parameter("start"), check_id, artefact), parts)


def _chunks(
    boundary: str, body: bytes, check_id: str, artefact: str
) -> tuple[tuple[int, bytes], ...]:
    """Offset and bytes of each part, headers included."""
    delimiter = re.compile(
        rb"(?:\A|\r\n)--" + re.escape(boundary.encode("latin-1", "replace")) + rb"(--)?[ \t]*"
        rb"(?=\r\n|\Z)"
    )
    found: list[tuple[int, bytes]] = []
    start: int | None = None
    for match in delimiter.finditer(body):
        if start is not None:
            # A part with no header begins with the empty line itself.
            found.append((start, body[start : max(start, match.start())]))
        if match[1]:
            break
        start = match.end() + 2
        if len(found) > MAX_PARTS:
            raise MalformedError(
                check_id,
                f"octet {start}",
                f"au plus {MAX_PARTS} parties",
                f"plus de {MAX_PARTS} parties",
                "Réduire le nombre de documents du lot.",
                artefact=artefact,
            )
    else:
        raise MalformedError(
            check_id,
            f"octet {len(body)}",
            f"la frontière finale --{boundary}--",
            "le corps se termine sans elle" if start is not None else "frontière jamais trouvée",
            "Séparer et terminer les parties par la frontière annoncée dans Content-Type ; "
            "un corps tronqué n'est pas lu.",
            artefact=artefact,
        )
    if not found:
        raise MalformedError(
            check_id,
            "octet 0",
            "au moins une partie",
            "aucune",
            "Placer l'enveloppe SOAP dans la première partie du multipart.",
            artefact=artefact,
        )
    return tuple(found)


def _part(chunk: bytes, at: int, check_id: str, artefact: str) -> Part:
    if chunk.startswith(b"\r\n"):
        return Part((), chunk[2:])
    head, separator, body = chunk.partition(b"\r\n\r\n")
    if not separator or len(head) > MAX_HEADER_BYTES:
        raise MalformedError(
            check_id,
            f"octet {at}",
            "des en-têtes de partie suivis d'une ligne vide",
            "fin des en-têtes introuvable",
            "Terminer les en-têtes de chaque partie par une ligne vide (CRLF CRLF).",
            artefact=artefact,
        )
    headers = _headers(head, at, check_id, artefact)
    part = Part(headers, body)
    encoding = (part.header("Content-Transfer-Encoding") or "binary").strip().lower()
    return Part(headers, _decoded(body, encoding, at, check_id, artefact))


def _headers(head: bytes, at: int, check_id: str, artefact: str) -> tuple[tuple[str, str], ...]:
    unfolded = re.sub(rb"\r\n[ \t]+", b" ", head)
    headers: list[tuple[str, str]] = []
    for line in unfolded.split(b"\r\n"):
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon or not name.strip():
            raise MalformedError(
                check_id,
                f"octet {at}",
                "un en-tête de partie « nom: valeur »",
                repr(name[:60]),
                "Corriger les en-têtes de la partie MIME.",
                artefact=artefact,
            )
        headers.append((name.strip(), value.strip()))
    return tuple(headers)


def _decoded(body: bytes, encoding: str, at: int, check_id: str, artefact: str) -> bytes:
    if encoding in ("binary", "8bit", "7bit"):
        return body
    try:
        if encoding == "base64":
            return base64.b64decode(re.sub(rb"\s", b"", body), validate=True)
        if encoding == "quoted-printable":
            return quopri.decodestring(body)
    except (binascii.Error, ValueError):
        pass
    raise MalformedError(
        check_id,
        f"octet {at}",
        "Content-Transfer-Encoding: binary",
        encoding,
        "Envoyer les parties MTOM en binary, sans autre encodage.",
        artefact=artefact,
    )


def _refuse_same_ids(parts: tuple[Part, ...], check_id: str, artefact: str) -> None:
    ids = [part.content_id for part in parts if part.content_id is not None]
    for name in ids:
        if ids.count(name) > 1:
            raise MalformedError(
                check_id,
                "en-têtes Content-ID",
                "un Content-ID différent par partie",
                f"{name} plusieurs fois",
                "Donner à chaque partie un Content-ID unique dans le message.",
                artefact=artefact,
            )


def _root(parts: tuple[Part, ...], start: str | None, check_id: str, artefact: str) -> Part:
    if start is None:
        return parts[0]
    wanted = start.strip().removeprefix("<").removesuffix(">")
    for part in parts:
        if part.content_id == wanted:
            return part
    raise MalformedError(
        check_id,
        "en-tête Content-Type",
        "un paramètre start qui nomme une partie",
        start,
        "Faire correspondre le paramètre start et le Content-ID de la partie racine.",
        artefact=artefact,
    )

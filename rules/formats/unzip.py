"""Opening a zip that nobody trusts: every bound is checked before and while reading.

Refused: more than MAX_ENTRIES entries, more than MAX_TOTAL bytes once inflated,
an entry above MAX_RATIO times its packed size, a path that leaves the archive,
an encrypted entry, a symbolic link, two entries of one name, a method other
than stored or deflated. Archives inside the archive are never opened.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping

from rules.artefact import MalformedError

MAX_ENTRIES = 1_000
MAX_TOTAL = 128 * 1024 * 1024
MAX_RATIO = 200
RATIO_FLOOR = 1024 * 1024
"""Below this many inflated bytes, the ratio is not looked at."""
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


def unzip(data: bytes, *, check_id: str, artefact: str = "") -> Mapping[str, bytes]:
    """Files of an archive by path, in archive order; folders are left out.

    Raises MalformedError with ``check_id`` when the archive is unreadable or
    passes one of the bounds.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _bounded(entries, check_id, artefact)
            return _read_all(archive, entries, check_id, artefact)
    except _BROKEN as error:
        raise MalformedError(
            check_id,
            "archive entière",
            "une archive zip lisible",
            f"{type(error).__name__} : {str(error)[:120]}",
            "Produire une archive zip complète : celle-ci ne se décompresse pas.",
            artefact=artefact,
        ) from error


def _bounded(entries: list[zipfile.ZipInfo], check_id: str, artefact: str) -> None:
    problem = None
    if len(entries) > MAX_ENTRIES:
        problem = ("archive entière", f"au plus {MAX_ENTRIES} entrées", f"{len(entries)} entrées")
    elif sum(e.file_size for e in entries) > MAX_TOTAL:
        total = sum(e.file_size for e in entries)
        problem = ("archive entière", f"au plus {MAX_TOTAL} octets", f"{total} octets annoncés")
    else:
        names = [e.filename for e in entries]
        found = ((e.filename[:120], *flaw) for e in entries for flaw in _flaws(e, names))
        problem = next(found, None)
    if problem:
        raise MalformedError(
            check_id,
            *problem,
            "Refaire l'archive : le banc refuse de l'ouvrir, un destinataire prudent aussi.",
            artefact=artefact,
        )


def _flaws(entry: zipfile.ZipInfo, names: list[str]) -> Iterator[tuple[str, str]]:
    """Expected and found for each thing that makes an entry dangerous."""
    name = entry.orig_filename
    steps = name.split("/")
    if name.startswith("/") or ".." in steps or ":" in steps[0] or "\\" in name:
        yield "un chemin relatif qui reste dans l'archive", name[:120]
    if entry.flag_bits & _ENCRYPTED:
        yield "une entrée non chiffrée", "entrée chiffrée"
    if stat.S_ISLNK(entry.external_attr >> 16):
        yield "un fichier", "lien symbolique"
    if names.count(entry.filename) > 1:
        yield "un nom unique dans l'archive", f"{names.count(entry.filename)} entrées de ce nom"
    if entry.compress_type not in _METHODS:
        yield "méthode stored ou deflate", f"méthode {entry.compress_type}"
    if entry.file_size > max(RATIO_FLOOR, MAX_RATIO * entry.compress_size):
        sizes = f"{entry.compress_size} → {entry.file_size} octets"
        yield f"un taux d'au plus {MAX_RATIO}", sizes


def _read_all(
    archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo], check_id: str, artefact: str
) -> Mapping[str, bytes]:
    files: dict[str, bytes] = {}
    left = MAX_TOTAL
    for entry in entries:
        if entry.is_dir():
            continue
        with archive.open(entry) as handle:
            files[entry.filename] = content = handle.read(left + 1)
        left -= len(content)
        if left < 0:
            raise MalformedError(
                check_id,
                entry.filename[:120],
                f"au plus {MAX_TOTAL} octets dans l'archive",
                "davantage",
                "Réduire la taille des documents joints.",
                artefact=artefact,
            )
    return files

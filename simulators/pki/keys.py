"""RSA keys drawn once and kept on disk, shared by every bench of one user."""

from __future__ import annotations

import os
import sys
import tempfile
import threading
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

LEAF_BITS = 2048
ROOT_BITS = 3072


def default_cache() -> Path:
    """``$SEGUR_BENCH_CACHE``, else the cache folder the system gives to the user."""
    chosen = os.environ.get("SEGUR_BENCH_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "segur-bench"


class KeyCache:
    """Private keys by name. Two processes that ask for one name get one key.

    The key is written beside its place then linked into it: the first writer
    wins and the second reads. Where the folder cannot be written, keys live as
    long as the process.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = (folder or default_cache()) / "cles"
        self._known: dict[str, rsa.RSAPrivateKey] = {}
        self._lock = threading.Lock()

    def key(self, name: str, bits: int = LEAF_BITS) -> rsa.RSAPrivateKey:
        """The RSA key of a name (letters, digits, ``-``, ``.``), drawn if needed."""
        with self._lock:
            if name not in self._known:
                path = self._folder / f"{name}.{bits}.der"
                self._known[name] = _load(path) or _keep(path, _draw(bits))
            return self._known[name]


def _draw(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def _load(path: Path) -> rsa.RSAPrivateKey | None:
    try:
        # Keys we wrote ourselves: checking the primes again costs 40 ms each.
        key = serialization.load_der_private_key(
            path.read_bytes(), None, unsafe_skip_rsa_key_validation=True
        )
    except (OSError, ValueError):
        return None
    return key if isinstance(key, rsa.RSAPrivateKey) else None


def _keep(path: Path, key: rsa.RSAPrivateKey) -> rsa.RSAPrivateKey:
    content = key.private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".cle-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        return _place(Path(draft), path) or key
    except OSError:
        return key


def _place(draft: Path, path: Path) -> rsa.RSAPrivateKey | None:
    """Put a draft in place unless another process was first; the key kept, or None for ours."""
    try:
        os.link(draft, path)
    except FileExistsError:
        other = _load(path)
        if other is not None:
            return other
        draft.replace(path)  # what was there is no key: a copy cut short, a full disk
    except OSError:
        draft.replace(path)  # no hard links on this file system
    finally:
        draft.unlink(missing_ok=True)
    return None

"""Compiling the library: a shared object here, a DLL with mingw-w64."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from simulators.cards.errors import CardError

SOURCES = Path(__file__).parent
LINUX = "libapi_lec.so"
WINDOWS = "api_lec64.dll"
MINGW = "x86_64-w64-mingw32-gcc"
_STRICT = ("-std=c99", "-O2", "-Wall", "-Wextra", "-Werror")


def build(folder: Path, compiler: str = "cc") -> Path:
    """Compile the library in a folder; the path of the library.

    ``compiler`` is the name of a C compiler; one of mingw-w64 makes the DLL that a
    Windows product loads. Raises CardError when it is missing or refuses the source,
    or when the folder cannot be written.
    """
    program = shutil.which(compiler)
    if program is None:
        raise CardError(f"Il faut le compilateur C « {compiler} » pour bâtir l'API de lecture.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CardError(
            f"{folder} ne peut pas recevoir l'API de lecture ({error.strerror}) : donnez un "
            "dossier où vous pouvez écrire."
        ) from error
    windows = "mingw" in compiler
    target = folder / (WINDOWS if windows else LINUX)
    command = [program, *_STRICT, *(_for_windows() if windows else _for_linux())]
    done = subprocess.run(  # noqa: S603 - the compiler is the one the caller named
        [*command, "-o", str(target), *(("-lws2_32",) if windows else ())],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CardError(f"L'API de lecture ne se compile pas : {done.stderr.strip()[:500]}")
    return target


def _for_linux() -> tuple[str, ...]:
    defines = "-D_POSIX_C_SOURCE=200112L"
    return (defines, "-shared", "-fPIC", "-fvisibility=hidden", str(SOURCES / "api_lec.c"))


def _for_windows() -> tuple[str, ...]:
    return ("-shared", "-static", str(SOURCES / "api_lec.c"), str(SOURCES / "api_lec.def"))

"""The reading API: the C library loaded as a product does, the bench behind it.

Witness: the C compiler of the system, mingw-w64's and Wine where they are installed.
What needs one is marked ``pcsc``, whose environment has the system packages.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from rules.exchange import Outcome
from simulators.cards import faults
from simulators.cards.apilec.building import MINGW, build
from simulators.cards.apilec.listener import READ, read_call
from simulators.cards.errors import CardError
from simulators.platform import Platform
from simulators.testing import exchanges, wait_for
from tests.simulators.cards.reader_side import LOUISE, VITALE_READER

WINE = shutil.which("wine64") or (
    "/usr/lib/wine/wine64" if Path("/usr/lib/wine/wine64").exists() else None
)
needs_mingw = pytest.mark.skipif(
    shutil.which(MINGW) is None and not os.environ.get("CI"),
    reason="mingw-w64 n'est pas installé",
)


@dataclass
class Api:
    """The library in this process, with what each call gave."""

    library: ctypes.CDLL
    folder: Path

    def init(self, folder: Path | None = None) -> tuple[int, int]:
        mode, code = ctypes.c_ushort(9), ctypes.c_ushort(99)
        path = str(folder or self.folder).encode()
        returned = self.library.Hn_Init(path, ctypes.byref(mode), ctypes.byref(code))
        assert returned == code.value
        return returned, mode.value

    def read(self, wait: int = 0, room: int = 65536) -> tuple[int, int, bytes]:
        out = ctypes.create_string_buffer(max(room, 1))
        size, state, code = ctypes.c_uint(room), ctypes.c_short(9), ctypes.c_ushort(99)
        given = (wait, out, ctypes.byref(size), ctypes.byref(state), ctypes.byref(code))
        returned = self.library.Hn_LectureVitaleDonneesIdentification(*given)
        assert returned == code.value
        return returned, state.value, out.raw[: size.value]

    def finish(self) -> int:
        code = ctypes.c_ushort(99)
        returned = self.library.Hn_Finir(ctypes.byref(code))
        assert returned == code.value
        return int(returned)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("api_lec"))


@pytest.fixture
def api(platform: Platform, built: Path, tmp_path: Path) -> Api:
    # A copy: a library keeps its session as long as the process has it.
    mine = shutil.copy(built, tmp_path / built.name)
    library = ctypes.CDLL(str(mine))
    for function in (library.Hn_Init, library.Hn_Finir):
        function.restype = ctypes.c_ushort
    library.Hn_LectureVitaleDonneesIdentification.restype = ctypes.c_ushort
    described = platform.descriptor["cartes"]["api_lecture"]
    return Api(library, platform.folder / described["configuration"])


def change(platform: Platform, **parts: Any) -> None:
    with platform.kernel.unit() as unit:
        platform.services["cards"].set_state(unit, parts)


def calls(platform: Platform) -> list[tuple[str, str]]:
    return [
        (e.operation, e.response.start_line if e.response else "")
        for e in exchanges(platform, "cards")
        if e.request.method == "API"
    ]


# A reading


@pytest.mark.pcsc
def test_a_card_is_read_from_init_to_finish(platform: Platform, api: Api) -> None:
    assert api.init() == (0, 0)
    code, state, xml = api.read()
    assert (code, state) == (0, 0)
    root = etree.fromstring(xml)
    assert root.tag == "t_AsnDonneesVitale"
    mother, child = root.findall("listeBenef/benef")
    assert mother.findtext("ident/nomUsuel") == "TESTMAI"
    assert mother.findtext("ident/nomPatronymique") == "TESTAVRIL"
    assert mother.findtext("ident/naissance/dateEnCarte") == "19850712"
    assert mother.findtext("ident/nirCertifie") == "2850733063042 08"
    assert mother.findtext("amo/qualBenef") == "0"
    assert child.findtext("ident/prenomUsuel") == "Éloïse"
    assert child.find("ident/nirCertifie") is None
    assert child.findtext("amo/qualBenef") == "6"
    assert (root.findtext("banc/type"), root.findtext("banc/numeroSerie")) == ("T", "000250000000")
    assert api.finish() == 0
    assert calls(platform) == [("Hn_Init", "CODE 0"), (READ, "CODE 0"), ("Hn_Finir", "CODE 0")]
    read = exchanges(platform, "cards")[1]
    assert read.response is not None
    assert read.response.body == xml
    assert read.request.header("Taille") == "65536"
    assert read.request.header("Carte") == "000250000000"


@pytest.mark.pcsc
def test_the_document_is_latin_1_and_says_so(api: Api) -> None:
    api.init()
    xml = api.read()[2]
    assert xml.startswith(b'<?xml version="1.0" encoding="ISO-8859-1"?>')
    assert "Éloïse".encode("iso-8859-1") in xml


@pytest.mark.pcsc
def test_a_lunar_date_is_no_date(platform: Platform, api: Api) -> None:
    change(platform, lecteurs={VITALE_READER: {"carte": "vitale-02"}})
    api.init()
    root = etree.fromstring(api.read()[2])
    assert root.findtext("listeBenef/benef/ident/naissance/dateEnCarte") == "19421901"
    assert root.find("listeBenef/benef/ident/naissance/date") is None


@pytest.mark.pcsc
def test_the_state_tells_a_swapped_card(platform: Platform, api: Api) -> None:
    api.init()
    states = [api.read()[1], api.read()[1]]
    change(platform, lecteurs={VITALE_READER: {"carte": "vitale-01"}})
    assert [*states, api.read()[1]] == [0, 1, 2]


# The error table (§6.1)


@pytest.mark.pcsc
def test_functions_in_the_wrong_order(platform: Platform, api: Api) -> None:
    assert api.read()[0] == 26
    assert api.finish() == 26
    assert api.init()[0] == 0
    assert api.init()[0] == 21
    assert api.finish() == 0
    assert api.read()[0] == 26
    # Before the first Hn_Init the library does not know where the bench is.
    assert [code for _, code in calls(platform)] == ["CODE 0", "CODE 21", "CODE 0", "CODE 26"]


@pytest.mark.pcsc
@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, 32),
        ("", 31),
        ("[Lecteur]\nRessource_CPS=localhost:1\n", 31),
        ("[Autre]\nRessource_Vitale=localhost:1\n", 31),
        ("[Lecteur]\nRessource_Vitale=localhost\n", 31),
        ("[Lecteur]\nRessource_Vitale=" + "h" * 200 + ":1\n", 20),
    ],
)
def test_a_folder_that_does_not_fit(api: Api, tmp_path: Path, text: str | None, code: int) -> None:
    if text is not None:
        (tmp_path / "api_lec.ini").write_text(text)
    assert api.init(tmp_path)[0] == code


@pytest.mark.pcsc
def test_a_folder_with_its_last_separator(api: Api) -> None:
    code = ctypes.c_ushort(99)
    mode = ctypes.c_ushort(9)
    path = f"{api.folder}/".encode()
    assert api.library.Hn_Init(path, ctypes.byref(mode), ctypes.byref(code)) == 0


@pytest.mark.pcsc
def test_a_bench_that_is_not_there(api: Api, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    (tmp_path / "api_lec.ini").write_text(f"[Lecteur]\r\nRessource_Vitale=127.0.0.1:{port}\r\n")
    assert api.init(tmp_path)[0] == 20


@pytest.mark.pcsc
def test_null_parameters(platform: Platform, api: Api) -> None:
    code = ctypes.c_ushort(99)
    assert api.library.Hn_Init(None, None, ctypes.byref(code)) == 52
    assert code.value == 52
    assert api.library.Hn_Finir(None) == 52
    api.init()
    read = api.library.Hn_LectureVitaleDonneesIdentification
    assert read(0, None, None, None, None) == 52
    assert calls(platform)[-1] == (READ, "CODE 52")


@pytest.mark.pcsc
@pytest.mark.parametrize(("wait", "room", "code"), [(-1, 65536, 54), (0, 0, 55), (0, 100, 55)])
def test_values_that_do_not_fit(api: Api, wait: int, room: int, code: int) -> None:
    api.init()
    assert api.read(wait, room)[0] == code


@pytest.mark.pcsc
def test_no_card_no_reader_or_a_cps(platform: Platform, api: Api) -> None:
    api.init()
    change(platform, lecteurs={VITALE_READER: None})
    assert api.read()[:2] == (11, 3)
    assert api.read(wait=1)[0] == 25
    change(platform, lecteurs={VITALE_READER: {"carte": f"cps-{LOUISE}"}})
    assert api.read()[0] == 37
    change(platform, lecteurs={VITALE_READER: {"branche": False}})
    assert api.read(wait=5)[0] == 13
    assert {e.outcome for e in exchanges(platform, "cards") if e.operation == READ} == {
        Outcome.REFUSED
    }


@pytest.mark.pcsc
def test_a_reading_waits_for_the_card(platform: Platform, api: Api) -> None:
    api.init()
    change(platform, lecteurs={VITALE_READER: None})
    results: list[tuple[int, int, bytes]] = []
    waiting = threading.Thread(target=lambda: results.append(api.read(wait=20)))
    waiting.start()
    change(platform, lecteurs={VITALE_READER: {"carte": "vitale-03"}})
    waiting.join(15)
    assert results
    assert results[0][0] == 0
    assert b"TESTPAC" in results[0][2]


# Faults


@pytest.mark.pcsc
@pytest.mark.parametrize("name", ["api-11", "api-23", "api-42", "api-70"])
def test_a_code_is_answered_as_asked(platform: Platform, api: Api, name: str) -> None:
    api.init()
    platform.kernel.faults.add("cards", READ, fault=name)
    assert api.read()[0] == faults.CODES[name]
    assert api.read()[0] == 0
    spoilt = [e for e in exchanges(platform, "cards") if e.fault]
    assert [(e.fault, e.error_code) for e in spoilt] == [(name, name.removeprefix("api-"))]


@pytest.mark.pcsc
def test_encodings_and_values_are_spoilt_as_asked(platform: Platform, api: Api) -> None:
    api.init()

    def read(fault: str) -> bytes:
        platform.kernel.faults.add("cards", READ, fault=fault)
        return api.read()[2]

    utf8 = read(faults.UTF8)
    assert utf8.startswith(b'<?xml version="1.0" encoding="UTF-8"?>')
    assert "Éloïse".encode() in utf8
    wrong = read(faults.WRONG_ENCODING)
    assert b'encoding="ISO-8859-1"' in wrong
    assert "Éloïse".encode() in wrong
    assert b"nirCertifie" not in read(faults.NO_NIR)
    names = etree.fromstring(read(faults.EMPTY_GIVEN_NAME)).findall(".//prenomUsuel")
    assert {name.text for name in names} == {None}


@pytest.mark.pcsc
def test_a_line_that_is_cut_is_a_resource_error(platform: Platform, api: Api) -> None:
    api.init()
    platform.kernel.faults.add("cards", READ, fault="couper")
    assert api.read()[0] == 20
    spoilt = next(e for e in exchanges(platform, "cards") if e.fault)
    assert spoilt.outcome is Outcome.UNANSWERED


# The line


def say(platform: Platform, line: bytes) -> bytes:
    where = platform.descriptor["cartes"]["api_lecture"]
    with socket.create_connection((where["hote"], where["port"]), 10) as connection:
        connection.sendall(line)
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while more := connection.recv(65536):
            answer += more
        return answer


@pytest.mark.parametrize("line", [b"\n", b"GET / HTTP/1.1\r\n", b"Hn_Init\n", b"\xff\xfe\n"])
def test_a_line_that_is_no_call_is_refused_and_kept(platform: Platform, line: bytes) -> None:
    assert say(platform, line) == b"CODE 10 ETAT 3 TAILLE 0\n"
    told = wait_for(platform, lambda e: e.operation == "?")
    assert told.error_code == "10"


def test_a_line_without_end_or_too_long_is_dropped(platform: Platform) -> None:
    assert say(platform, b"Hn_Init") == b""
    assert say(platform, b"H" * 5000 + b"\n") == b""
    assert say(platform, b"Hn_Finir session=1 code=0 attente=0 taille=0\n").startswith(b"CODE 0 ")


def test_a_reading_without_session_is_refused_by_the_bench_as_well(platform: Platform) -> None:
    line = f"{READ} session=0 code=0 attente=0 taille=65536\n".encode()
    assert say(platform, line).startswith(b"CODE 26 ")


def test_the_line_of_a_call() -> None:
    call = read_call(b"Hn_Finir session=1 code=52 attente=3 taille=12")
    assert call is not None
    assert (call.function, call.session, call.code, call.wait, call.room) == (
        "Hn_Finir",
        True,
        52,
        3,
        12,
    )
    assert read_call(b"Hn_Finir session=2 code=0 attente=0 taille=0") is None


# Builds


@pytest.mark.pcsc
def test_the_shared_object_exports_the_three_functions_only(built: Path) -> None:
    told = subprocess.run(
        ["nm", "-D", "--defined-only", str(built)], capture_output=True, text=True, check=True
    ).stdout
    assert {line.split()[-1] for line in told.splitlines()} == {"Hn_Init", READ, "Hn_Finir"}


def test_a_missing_compiler_is_told_in_french(tmp_path: Path) -> None:
    with pytest.raises(CardError, match="Il faut le compilateur C"):
        build(tmp_path, "compilateur-inconnu")


@pytest.mark.pcsc
@needs_mingw
def test_the_dll_exports_undecorated_names(tmp_path: Path) -> None:
    told = subprocess.run(
        ["x86_64-w64-mingw32-objdump", "-p", str(build(tmp_path, MINGW))],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    table = told.split("[Ordinal/Name Pointer] Table", 1)[1].split("\n\n", 1)[0]
    assert [line.split()[-1] for line in table.strip().splitlines()] == [
        "Hn_Finir",
        "Hn_Init",
        READ,
    ]


@contextlib.contextmanager
def wine_prefix(folder: Path) -> Iterator[dict[str, str]]:
    """A Windows of this test alone, ended and erased: it weighs 700 MB."""
    prefix = folder / "wine"
    environment = {**os.environ, "WINEPREFIX": str(prefix), "WINEDEBUG": "-all"}
    try:
        yield environment
    finally:
        server = Path(str(WINE)).with_name("wineserver")
        subprocess.run([str(server), "-k", "-w"], env=environment, check=False, timeout=60)
        shutil.rmtree(prefix, ignore_errors=True)


def windows(path: Path) -> str:
    return "Z:" + str(path).replace("/", "\\")


@pytest.mark.pcsc
@needs_mingw
@pytest.mark.skipif(WINE is None, reason="Wine n'est pas installé")
def test_a_windows_program_reads_a_card_with_the_dll(platform: Platform, tmp_path: Path) -> None:
    """Witness: Wine."""
    library = build(tmp_path, MINGW)
    source = Path(__file__).parent / "appelant.c"
    program = tmp_path / "appelant.exe"
    subprocess.run([MINGW, str(source), "-o", str(program)], check=True)
    described = platform.descriptor["cartes"]["api_lecture"]["configuration"]
    with wine_prefix(tmp_path) as environment:
        done = subprocess.run(
            [str(WINE), str(program), windows(library), windows(platform.folder / described)],
            capture_output=True,
            check=False,
            timeout=180,
            env=environment,
        )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    lines, _, xml = done.stdout.partition(b"<?xml")
    told = lines.decode("ascii").split("\r\n" if b"\r\n" in lines else "\n")
    assert told[0] == "Hn_Init 0 0 0"
    assert told[1].startswith("Hn_Lecture 0 0 0 ")
    assert told[2] == "Hn_Finir 0"
    assert "Éloïse".encode("iso-8859-1") in xml
    assert [name for name, _ in calls(platform)] == ["Hn_Init", READ, "Hn_Finir"]

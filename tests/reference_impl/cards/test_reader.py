"""The reader's side of the vpcd wire, and PC/SC without a machine that has it."""

from __future__ import annotations

import builtins
import importlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from reference_impl.cards import reader as readers
from reference_impl.cards.errors import CardAbsentError, CardError
from reference_impl.cards.reader import VpcdConnection, VpcdReader, pcsc_readers
from reference_impl.cards.settings import CardSettings, ReaderAddress
from reference_impl.cards.token import token_places
from reference_impl.errors import ConfigurationError

ATR = bytes.fromhex("3BAC00402A001225006480000310009000")
Serve = Callable[[socket.socket], None]


def framed(payload: bytes) -> bytes:
    return len(payload).to_bytes(2, "big") + payload


def told(link: socket.socket) -> bytes:
    """One message, octet by octet as the wire may cut it."""
    size = int.from_bytes(link.recv(2, socket.MSG_WAITALL), "big")
    return link.recv(size, socket.MSG_WAITALL)


@contextmanager
def bench(serve: Serve) -> Iterator[VpcdReader]:
    """A card behind a port, for one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def run() -> None:
            link, _ = listener.accept()
            with link:
                serve(link)

        thread = threading.Thread(target=run)
        thread.start()
        yield VpcdReader(ReaderAddress("Essai", "127.0.0.1", listener.getsockname()[1]))
        thread.join(5)
        assert not thread.is_alive()


def powered(link: socket.socket) -> None:
    assert told(link) == b"\x01"
    assert told(link) == b"\x04"
    link.sendall(framed(ATR))


def test_a_card_is_powered_asked_and_left_without_power() -> None:
    seen: list[bytes] = []

    def serve(link: socket.socket) -> None:
        powered(link)
        seen.append(told(link))
        for octet in framed(b"\xca\xfe\x90\x00"):
            link.sendall(bytes([octet]))
        seen.append(told(link))

    with bench(serve) as reader:
        connection = reader.connect()
        assert connection.atr == ATR
        assert connection.transmit(bytes.fromhex("00B0000002")) == b"\xca\xfe\x90\x00"
        assert connection.present()
        connection.close()
    assert seen == [bytes.fromhex("00B0000002"), b"\x00"]


def test_an_empty_reader_closes_the_connection() -> None:
    with bench(lambda _link: None) as reader, pytest.raises(CardAbsentError, match="Aucune carte"):
        reader.connect()


def test_a_reader_that_is_unplugged_refuses_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(CardAbsentError, match="Essai"):
        VpcdReader(ReaderAddress("Essai", "127.0.0.1", port)).connect()


def test_a_card_without_atr_is_no_card() -> None:
    def serve(link: socket.socket) -> None:
        told(link)
        told(link)
        link.sendall(framed(b""))
        assert told(link) == b"\x00"

    with bench(serve) as reader, pytest.raises(CardAbsentError):
        reader.connect()


def test_a_card_taken_out_is_seen_without_asking_it() -> None:
    left = threading.Event()

    def serve(link: socket.socket) -> None:
        powered(link)
        left.wait(5)

    with bench(serve) as reader:
        connection = reader.connect()
        assert connection.present()
        left.set()
        _until_closed(connection)
        assert not connection.present()
        with pytest.raises(CardAbsentError, match="retirée"):
            connection.transmit(bytes(4))
        connection.close()


def test_a_card_that_goes_in_the_middle_of_an_answer() -> None:
    def serve(link: socket.socket) -> None:
        powered(link)
        told(link)
        link.sendall(framed(b"\x01\x02\x90\x00")[:4])

    with bench(serve) as reader:
        connection = reader.connect()
        with pytest.raises(CardAbsentError, match="retirée"):
            connection.transmit(bytes(5))


def test_a_silent_card_is_left_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "_ANSWERS_WITHIN", 0.05)

    def serve(link: socket.socket) -> None:
        powered(link)
        told(link)
        assert link.recv(1) == b""

    with bench(serve) as reader:
        connection = reader.connect()
        with pytest.raises(CardError) as refused:
            connection.transmit(bytes(5))
        assert refused.value.code == "CARTE_MUETTE"
        assert not connection.present()


@pytest.mark.parametrize(
    ("absent", "ask", "code"),
    [
        ("smartcard.scard", pcsc_readers, "PCSC_ABSENT"),
        ("PyKCS11", lambda: token_places(CardSettings().pkcs11), "PKCS11_SANS_MODULE"),
    ],
)
def test_an_installation_without_the_optional_libraries_is_told(
    monkeypatch: pytest.MonkeyPatch, absent: str, ask: Callable[[], object], code: str
) -> None:
    def missing(name: str) -> object:
        raise builtins.ImportError(name) if name == absent else AssertionError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ConfigurationError) as refused:
        ask()
    assert refused.value.code == code


def _until_closed(connection: VpcdConnection) -> None:
    """Wait for the end of the other side to arrive, on the socket itself."""
    connection._link.settimeout(5)
    assert connection._link.recv(1, socket.MSG_PEEK) == b""

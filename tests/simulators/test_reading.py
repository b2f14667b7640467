"""A request is read once for its name and its serving, and never taken for another."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from rules.exchange import Message
from simulators.http import HttpRequest
from simulators.reading import ReadOnce


class Reader:
    """Counts what it reads; refuses an empty body."""

    def __init__(self) -> None:
        self.read: list[bytes] = []

    def __call__(self, message: Message) -> bytes:
        self.read.append(message.body)
        if not message.body:
            raise ValueError("rien à lire")
        return message.body


def request(body: bytes = b"octets", target: str = "/lps") -> HttpRequest:
    headers = (("Host", "localhost"),)
    return HttpRequest("POST", target, headers, body, datetime.now(UTC), "127.0.0.1:1", "https://x")


def test_a_request_is_read_once() -> None:
    reader = Reader()
    once, asked = ReadOnce(reader), request()
    assert once.first(asked) == b"octets"
    assert once.again(replace(asked, params={"a": "b"}, fault="lent")) == b"octets"
    assert reader.read == [b"octets"]


def test_a_reading_is_given_once_and_forgotten() -> None:
    reader = Reader()
    once, asked = ReadOnce(reader), request()
    once.first(asked)
    once.again(asked)
    once.again(asked)
    assert len(reader.read) == 2


@pytest.mark.parametrize(
    "other",
    [request(b"autres octets"), request(target="/ailleurs"), request(bytes(bytearray(b"octets")))],
    ids=["corps", "chemin", "memes-octets"],
)
def test_another_request_is_read_for_itself(other: HttpRequest) -> None:
    reader = Reader()
    once = ReadOnce(reader)
    once.first(request())
    assert once.again(other) == other.body
    assert len(reader.read) == 2


def test_a_request_that_cannot_be_read_hides_nothing() -> None:
    reader = Reader()
    once, good, bad = ReadOnce(reader), request(), request(b"")
    once.first(good)
    with pytest.raises(ValueError, match="rien"):
        once.first(bad)
    with pytest.raises(ValueError, match="rien"):
        once.again(bad)
    assert once.again(good) == b"octets"
    assert reader.read == [b"octets", b"", b"", b"octets"]


def test_threads_do_not_share_readings() -> None:
    reader = Reader()
    once, asked = ReadOnce(reader), request()
    once.first(asked)
    found: list[bytes] = []
    thread = threading.Thread(target=lambda: found.append(once.again(asked)))
    thread.start()
    thread.join()
    assert found == [b"octets"]
    assert len(reader.read) == 2

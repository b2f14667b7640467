"""The stream of an IMAP client, without a network."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from simulators.mssante.imap_stream import Stream
from simulators.streams import Protocol


async def first_word(fed: Any) -> None:
    """Wait for the first word while something comes in the same turn of the loop."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(loop=loop)
    protocol = Protocol(reader, loop=loop)
    writer: Any = None
    waiting = asyncio.create_task(Stream(protocol, reader, writer).first_word())
    loop.call_soon(fed, reader)
    await asyncio.wait_for(waiting, 5)


def test_a_word_that_comes_as_soon_as_tls_is_on_is_heard() -> None:
    asyncio.run(first_word(lambda reader: reader.feed_data(b"a1 CAPABILITY\r\n")))


def test_a_client_that_leaves_instead_is_noticed() -> None:
    with pytest.raises(ConnectionResetError):
        asyncio.run(first_word(lambda reader: reader.feed_eof()))

"""The event loop that carries every listener, in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from simulators.errors import AddressError

T = TypeVar("T")

for _name in ("uvicorn", "simulators", "asyncio"):
    # A library stays silent: what went wrong on a wire is in the journal.
    logging.getLogger(_name).addHandler(logging.NullHandler())


class Host:
    """Start it, bind sockets, serve protocols, stop it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="banc-service")
        self._thread = threading.Thread(target=self._run, name="banc-reseau", daemon=True)
        self._servers: list[asyncio.Server] = []

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def start(self) -> None:
        """Start the thread of the loop."""
        self._thread.start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the loop, from another thread, and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def serve(self, bound: socket.socket, connect: Callable[[], asyncio.BaseProtocol]) -> None:
        """Accept connections on a bound socket, one protocol for each."""

        async def listen() -> asyncio.Server:
            return await self.loop.create_server(connect, sock=bound, backlog=128)

        self.keep(self.run(listen()))

    def keep(self, server: asyncio.Server) -> None:
        """Close this server when the host stops."""
        self._servers.append(server)

    def stop(self) -> None:
        """Close every server and connection, then end the thread."""
        if not self._thread.is_alive():
            return
        self.run(self._shut())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()
        self.workers.shutdown(wait=True)

    async def _shut(self) -> None:
        for server in self._servers:
            server.close()
        mine = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not mine]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def bind(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 asks for a free one. Raises AddressError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only on sockets that say their protocol.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name != "nt":  # there it would let two benches share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except (OSError, OverflowError) as error:
        bound.close()
        raise AddressError(
            f"Impossible d'écouter sur {host}:{port} ({error}). Arrêtez le programme qui occupe ce "
            "port, ou choisissez un autre port de base."
        ) from error
    return bound


def bind_twin(bound: socket.socket) -> socket.socket | None:
    """The IPv6 loopback on the port of an IPv4 loopback socket, where it can be had.

    Some clients try only the first address of ``localhost``, which may be ``::1``.
    """
    host, port = bound.getsockname()[:2]
    if host != "127.0.0.1" or not socket.has_ipv6:
        return None
    try:
        return bind("::1", port)
    except AddressError:
        return None

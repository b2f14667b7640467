"""A request read once, though two ask for it: who names its operation, and its endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from rules.exchange import Message
from simulators.http import HttpRequest

Read = TypeVar("Read")


class ReadOnce(Generic[Read]):
    """A reader of messages that remembers the last one its thread named.

    The operation of a request is named, for faults to be chosen, just before the
    endpoint is called in the same thread. A reading is given once and forgotten:
    a body of 60 MB is not kept.
    """

    def __init__(self, read: Callable[[Message], Read]) -> None:
        self._read = read
        self._named = threading.local()

    def first(self, request: HttpRequest) -> Read:
        """Read a request that will be asked for again; raises what the reader raises."""
        self._named.last = None
        reading = self._read(request.message)
        self._named.last = (request, reading)
        return reading

    def again(self, request: HttpRequest) -> Read:
        """The reading of that request, or a new one; raises what the reader raises."""
        last: tuple[HttpRequest, Read] | None = getattr(self._named, "last", None)
        self._named.last = None
        if last is not None and _same(last[0], request):
            return last[1]
        return self._read(request.message)


def _same(named: HttpRequest, served: HttpRequest) -> bool:
    # Parameters of the route and a fault may have been added: the octets are the same.
    return (
        named.body is served.body
        and named.headers is served.headers
        and (named.method, named.target) == (served.method, served.target)
    )

"""Parallel clients: everything is sent once, a refusal stops the measure."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest

from bench.benchmark.load import Contender, compare, seconds_to_send
from bench.benchmark.round_trips import WARM_UP, round_trips
from bench.errors import BenchEnvironmentError


@dataclass
class Server:
    """Remembers what its clients send; refuses one item when asked."""

    refused: object = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    received: list[object] = field(default_factory=list)
    open: int = 0
    failing: type[Exception] = BenchEnvironmentError

    def connect(self) -> Server:
        self.open += 1
        return self

    def send(self, item: object) -> None:
        if item == self.refused:
            raise self.failing("refusé")
        with self.lock:
            self.received.append(item)

    def close(self) -> None:
        self.open -= 1


@pytest.mark.parametrize("clients", [1, 3, 8])
def test_every_item_is_sent_once(clients: int) -> None:
    server = Server()
    assert seconds_to_send(range(40), [server] * clients) > 0
    assert sorted(server.received) == list(range(40))


@pytest.mark.parametrize("failing", [BenchEnvironmentError, OSError])
def test_a_refusal_is_told_and_everybody_leaves(failing: type[Exception]) -> None:
    server = Server(refused=5, failing=failing)
    with pytest.raises(BenchEnvironmentError, match="refusé"):
        compare([Contender("a", server.connect, range(40))], 3, 1, lambda _: None)
    assert server.open == 0


def test_contenders_take_turns_after_a_warm_up() -> None:
    said: list[str] = []
    a, b = Server(), Server()
    first = Contender("a", a.connect, range(4), after=lambda: 1.0)
    rates = compare([first, Contender("b", b.connect, range(4))], 2, 2, said.append)
    assert said == ["a (chauffe)", "b (chauffe)", "a (1/2)", "b (1/2)", "a (2/2)", "b (2/2)"]
    assert [len(r.sent.values) for r in rates] == [2, 2]
    assert len(a.received) == 12
    # A second of verdict for four messages: no more than four a second.
    assert all(whole < 4 for whole in rates[0].whole.values)
    assert rates[1].whole == rates[1].sent


def test_round_trips_are_counted_after_a_warm_up() -> None:
    server = Server()
    taken = round_trips(server.send, ("x", "y"), 7)
    assert len(taken.values) == 7
    assert len(server.received) == WARM_UP + 7
    assert set(server.received) == {"x", "y"}

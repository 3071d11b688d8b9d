"""The session that can only read, and asks for no more than a server takes."""

import time
from collections.abc import Sequence
from typing import Any

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.adapters.opcua.channel import TooMany, node
from isthmus.collector.adapters.opcua.security import Access, Credential
from isthmus.collector.adapters.opcua.session import (
    CHILDREN_MAX,
    LIMITS,
    Limits,
    Session,
    reading,
)
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.handlers.line import OpenLine

URL = "opc.tcp://127.0.0.1:1"
NODES_MAX = LIMITS["read"][1]
WANTED = reading(node(1))


class Server:
    """Answers Read and Browse, and remembers what it was asked for."""

    def __init__(self, takes: int = NODES_MAX, children: int = 0, forgets: int = 0) -> None:
        self.calls: list[int] = []
        self.released = False
        self._takes, self._children, self._forgets = takes, children, forgets

    async def ask(self, line: Any, request: Any) -> Any:
        if isinstance(request, ua.ReadRequest):
            return self._read(len(request.Parameters.NodesToRead))
        if isinstance(request, ua.BrowseNextRequest):
            self.released = request.Parameters.ReleaseContinuationPoints
            return ua.BrowseNextResponse(Parameters=ua.BrowseNextResult(Results=[self._browsed()]))
        return ua.BrowseResponse(
            Results=[self._browsed() for _ in request.Parameters.NodesToBrowse]
        )

    def _read(self, count: int) -> ua.ReadResponse:
        self.calls.append(count)
        if count > self._takes:
            raise TooMany(Outcome.REFUSED, URL, busy=True)
        answers = [ua.DataValue(ua.Variant(1)) for _ in range(count - self._forgets)]
        return ua.ReadResponse(Results=answers)

    def _browsed(self) -> ua.BrowseResult:
        count = min(100, self._children)
        self._children -= count
        more = b"more" if self._children else None
        found = [ua.ReferenceDescription() for _ in range(count)]
        return ua.BrowseResult(ContinuationPoint=more, References=found)


def session(server: Server, limits: Limits | None = None) -> Session:
    """A session with that server."""
    made = Session(Access(URL, "none", "sign", Credential()), 0.1, limits or Limits())
    channel: Any = server
    made._channel.ask = channel.ask  # type: ignore[method-assign]
    return made


def line(items_max: int | None = None) -> OpenLine:
    """A line that bounds requests."""
    made = OpenLine()
    made.items_max = items_max
    return made


async def test_a_call_asks_for_no_more_than_a_server_takes() -> None:
    """A long list is read in several calls, in order."""
    server = Server()
    values = await session(server).read(line(), [WANTED] * (2 * NODES_MAX + 5))
    assert server.calls == [NODES_MAX, NODES_MAX, 5]
    assert len(values) == 2 * NODES_MAX + 5


async def test_a_call_asks_for_no_more_than_the_envelope_allows() -> None:
    """The plant's word is stricter than the server's."""
    server = Server()
    await session(server).read(line(2), [WANTED] * 5)
    assert server.calls == [2, 2, 1]


async def test_nothing_is_asked_for_nothing() -> None:
    """An empty list is no request."""
    server = Server()
    assert await session(server).read(line(), []) == []
    assert server.calls == []


async def test_what_was_too_large_stays_smaller_in_the_next_session() -> None:
    """The limits are the server's, and outlive a session."""
    server, limits = Server(takes=30), Limits()
    await session(server, limits).read(line(), [WANTED] * 100)
    before = len(server.calls)
    await session(server, limits).read(line(), [WANTED] * 100)
    assert max(server.calls[before:]) <= 30


async def test_one_node_that_is_too_much_is_a_fault() -> None:
    """Halving ends."""
    with pytest.raises(TooMany):
        await session(Server(takes=0)).read(line(), [WANTED] * 8)


async def test_an_answer_that_is_too_short_is_garbled() -> None:
    """Values would stand at the wrong names."""
    with pytest.raises(Fault, match="2 answers to 3 nodes") as caught:
        await session(Server(forgets=1)).read(line(), [WANTED] * 3)
    assert caught.value.outcome is Outcome.GARBLED


async def test_children_come_by_continuation_points_and_are_bounded() -> None:
    """A folder of many thousands is left after CHILDREN_MAX, and the server is told so."""
    few, many = Server(children=250), Server(children=10_000)
    assert len((await session(few).children(line(), [node(1)]))[0]) == 250
    assert len((await session(many).children(line(), [node(1)]))[0]) == CHILDREN_MAX
    assert (few.released, many.released) == (False, True)


@given(st.lists(st.integers()), st.integers(1, 20), st.integers(1, 20))
async def test_batches_answer_everything_in_order(
    items: list[int], takes: int, envelope: int
) -> None:
    """Whatever the server takes and the envelope allows."""
    made = session(Server())
    made._limits.lower("read", 16)

    async def ask(chunk: Sequence[int]) -> Sequence[int]:
        assert len(chunk) <= envelope
        if len(chunk) > takes:
            raise TooMany(Outcome.REFUSED, URL)
        return [item * 2 for item in chunk]

    found = await made.batches(line(envelope), "read", items, ask)
    assert found == [item * 2 for item in items]


def test_nothing_of_a_session_writes() -> None:
    """Its public names are the whole of what a source can do."""
    names = {name for name in dir(Session) if not name.startswith("_")}
    assert names == {
        "ask", "batches", "children", "close", "find", "gone", "keep", "open", "publish", "read",
        "size",
    }  # fmt: skip


async def test_keys_are_renewed_before_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """After 75 % of their lifetime, once, at a slot; not by a task of its own."""
    made, renewed = session(Server()), []

    async def renew(line: Any) -> None:
        renewed.append(line)

    monkeypatch.setattr(made._channel, "renew", renew)
    lifetime_s = made._channel.client.secure_channel_timeout / 1000
    made._renewed_at = time.monotonic() - 0.74 * lifetime_s
    await made.keep(line())
    assert not renewed
    made._renewed_at = time.monotonic() - 0.76 * lifetime_s
    await made.keep(line())
    await made.keep(line())
    assert len(renewed) == 1


def test_a_session_that_rested_longer_than_its_timeout_is_gone() -> None:
    """The server has dropped it: asking would cost a slot."""
    made = session(Server())
    made._renewed_at = time.monotonic()
    made._used_at = time.monotonic() - 50
    assert not made.gone
    made._used_at = time.monotonic() - 60
    assert made.gone

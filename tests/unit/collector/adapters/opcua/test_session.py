"""The session that can only read."""

from typing import Any

import pytest
from asyncua import ua
from asyncua.ua import uaerrors

from isthmus.collector.adapters.opcua.session import NODES_MAX, Session, node
from isthmus.collector.domain import Fault, Outcome

errors: Any = uaerrors  # it has no types


class Server:
    """Answers each Read call, and remembers how many nodes it was asked for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.calls: list[int] = []
        self._error = error

    async def read_attributes(self, nodes: list[ua.NodeId], _: Any) -> list[ua.DataValue]:
        if self._error:
            raise self._error
        self.calls.append(len(nodes))
        return [ua.DataValue(ua.Variant(1)) for _ in nodes]


def session(server: Server) -> Session:
    """A session with that server."""
    made = Session("opc.tcp://127.0.0.1:1", 0.1, "test")
    client: Any = made._client
    client.uaclient = server
    return made


async def test_a_call_asks_for_no_more_than_a_server_takes() -> None:
    """A long list is read in several calls, in order."""
    server = Server()
    values = await session(server).read([node(1)] * (2 * NODES_MAX + 5))
    assert server.calls == [NODES_MAX, NODES_MAX, 5]
    assert len(values) == 2 * NODES_MAX + 5


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), Outcome.TIMEOUT),
        (ConnectionResetError("reset"), Outcome.UNREACHABLE),
        (errors.BadUserAccessDenied(), Outcome.UNAUTHORIZED),
        (errors.BadTooManySessions(), Outcome.REFUSED),
        (ValueError("struct"), Outcome.GARBLED),
    ],
)
async def test_what_a_library_raises_becomes_an_outcome(error: Exception, outcome: Outcome) -> None:
    """Nothing but Fault leaves a session, and it names the server."""
    with pytest.raises(Fault) as caught:
        await session(Server(error)).read([node(1)])
    assert caught.value.outcome is outcome
    assert "opc.tcp://127.0.0.1:1" in str(caught.value)


def test_nothing_of_a_session_writes() -> None:
    """Its public names are the whole of what a source can do."""
    names = {name for name in dir(Session) if not name.startswith("_")}
    assert names == {"children", "close", "find", "open", "read"}

"""What may leave towards an OPC UA server, and what its errors become."""

import asyncio
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua import uaerrors
from asyncua.ua.status_codes import StatusCodes

from isthmus.collector.adapters.opcua.channel import SERVICES, Channel, TooMany, refused
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request

errors: Any = uaerrors  # it has no types
URL = "opc.tcp://127.0.0.1:1"


async def raising(error: Exception) -> None:
    """A request that fails."""
    raise error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), Outcome.TIMEOUT),
        (ConnectionResetError("reset"), Outcome.UNREACHABLE),
        (errors.BadUserAccessDenied(), Outcome.UNAUTHORIZED),
        (errors.BadSessionIdInvalid(), Outcome.REFUSED),
        (ValueError("struct"), Outcome.GARBLED),
        (Fault(Outcome.REFUSED, URL), Outcome.REFUSED),
    ],
)
async def test_what_a_library_raises_becomes_an_outcome(error: Exception, outcome: Outcome) -> None:
    """Nothing but Fault leaves a channel, and it names the server."""
    with pytest.raises(Fault, match=URL) as caught:
        await Channel(URL, 0.1).translated(raising(error))
    assert caught.value.outcome is outcome


@pytest.mark.parametrize(
    ("code", "kind", "busy"),
    [
        (StatusCodes.BadTooManyOperations, TooMany, True),
        (StatusCodes.BadTcpServerTooBusy, Fault, True),
        (StatusCodes.BadTooManySessions, Fault, True),
        (StatusCodes.BadNodeIdUnknown, Fault, False),
    ],
)
def test_a_server_that_is_asked_too_much_says_so(code: int, kind: type[Fault], busy: bool) -> None:
    """The line slows down on busy; a call that is too large is made smaller."""
    fault = refused(URL, code)
    assert (type(fault), fault.busy) == (kind, busy)


def test_every_service_is_on_the_list_of_what_may_leave() -> None:
    """Each has its kind of request; none of them writes, calls or changes the address space."""
    names = {kind.__name__.removesuffix("Request") for kind in SERVICES}
    writing = {
        "AddNodes", "AddReferences", "Call", "DeleteNodes", "DeleteReferences", "HistoryUpdate",
        "SetTriggering", "TransferSubscriptions", "Write",
    }  # fmt: skip
    assert not names & writing
    assert {kind for kind, _ in SERVICES.values()} <= set(Request)


async def test_what_is_not_on_the_list_cannot_be_asked(line: Any) -> None:
    """A write does not even reach the line."""
    with pytest.raises(KeyError):
        await Channel(URL, 0.1).ask(line, ua.WriteRequest())
    assert not line.kinds


async def test_closing_what_never_opened_is_no_error() -> None:
    """It returns at once."""
    async with asyncio.timeout(0.5):
        await Channel(URL, 0.1).close()


async def test_keys_are_renewed_as_a_request_of_its_own(serve: Any, line: Any) -> None:
    """It is counted, and the channel goes on with the new keys."""
    server = await serve({})
    channel = Channel(f"opc.tcp://127.0.0.1:{server.port}", 1)
    await channel.connect(line)
    await channel.renew(line)
    request = ua.GetEndpointsRequest()
    request.Parameters.EndpointUrl = channel.url
    answer = await channel.ask(line, request)
    await channel.close()
    assert answer.Endpoints
    assert line.kinds == {
        Request.OPCUA_CONNECT: 1,
        Request.OPCUA_OPEN_SECURE_CHANNEL: 1,
        Request.OPCUA_GET_ENDPOINTS: 1,
    }

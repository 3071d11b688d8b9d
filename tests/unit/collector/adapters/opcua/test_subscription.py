"""Values that a server publishes, against a simulated server."""

import asyncio
import time
from typing import Any

import pytest
from asyncua import ua
from asyncua.ua.status_codes import StatusCodes

from isthmus.collector.adapters.opcua import subscription
from isthmus.collector.adapters.opcua.subscription import Subscription
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading

INTERVAL_S = 0.2
SILENCE = "no keep-alive"


def slot() -> int:
    """The number of the slot that is now, counted from the epoch."""
    return int(time.time() / INTERVAL_S)


def device(reading: Reading, path: str) -> DeviceReading:
    """What one device of a reading said."""
    assert reading.outcome is Outcome.OK, reading.error
    return next(found for found in reading.devices if found.path == path)


async def published(opcua: Any, line: Any) -> None:
    """Read until nothing is asked for any more: everything has been published."""
    async with asyncio.timeout(5):
        while True:
            before = line.kinds["opcua.read"]
            assert (await opcua.read(line, slot())).outcome is Outcome.OK
            if line.kinds["opcua.read"] == before:
                return
            await asyncio.sleep(INTERVAL_S)


async def test_a_slot_costs_no_request_once_values_are_published(
    serve: Any, opcua: Any, line: Any
) -> None:
    """Changes show at the next slot; the server is asked for nothing but its publications."""
    server = await serve({"Arm": "kuka-kr210"})
    source = opcua(server, mode="subscribe")
    await published(source, line)
    before = server.record.requests.copy()

    server.states["Arm"]["health"] = 4
    await server.changed()
    await asyncio.sleep(3 * INTERVAL_S)
    arm = device(await source.read(line, slot()), "Arm")

    assert arm.points["DeviceHealth"] == (4.0, "1")
    assert arm.facts["SerialNumber"] == "S-Arm"
    assert set(server.record.requests - before) == {"Publish"}
    assert server.record.requests["CreateSubscription"] == 1
    assert server.record.requests["CreateMonitoredItems"] == 1
    assert line.kinds["opcua.publish"] == server.record.requests["Publish"]


async def test_items_are_monitored_in_batches(serve: Any, opcua: Any, line: Any) -> None:
    """No call is larger than the envelope allows; it is one subscription all the same."""
    server = await serve({"Arm": "kuka-kr210", "Mill": "dmgmori-dmu65"})
    line.items_max = 5
    await published(opcua(server, mode="subscribe"), line)
    assert server.record.requests["CreateSubscription"] == 1
    assert server.record.requests["CreateMonitoredItems"] > 1


async def test_a_restart_is_one_failed_slot_and_one_new_session(
    serve: Any, opcua: Any, line: Any
) -> None:
    """The slot after it makes session and subscription again, once."""
    server = await serve({"Arm": "kuka-kr210"})
    source = opcua(server, mode="subscribe")
    await published(source, line)
    await server.restart()
    await asyncio.sleep(0.1)

    lost = await source.read(line, slot())
    await published(source, line)

    assert (lost.outcome, lost.devices) == (Outcome.UNREACHABLE, ())
    assert server.record.requests["CreateSession"] == 2
    assert server.record.requests["CreateSubscription"] == 2
    assert server.record.connections_most == 1


async def test_a_server_that_goes_quiet_is_not_shown_as_current(
    serve: Any, opcua: Any, line: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a keep-alive in its time the values are nobody's."""
    monkeypatch.setattr(subscription, "PUBLISHING_MAX_S", 0.2)
    monkeypatch.setattr(subscription, "MARGIN_S", 0.3)
    server = await serve({})
    source = opcua(server, mode="subscribe", request_timeout_s=0.3)
    await published(source, line)

    await asyncio.sleep(1)
    assert (await source.read(line, slot())).outcome is Outcome.OK  # kept alive
    server.temper.hung = True
    await asyncio.sleep(1.5)
    quiet = await source.read(line, slot())

    assert quiet.outcome is Outcome.TIMEOUT
    assert SILENCE in quiet.error


@pytest.mark.parametrize("service", ["CreateMonitoredItems", "CreateSubscription"])
async def test_a_server_that_publishes_nothing_is_read(
    serve: Any, opcua: Any, line: Any, service: str
) -> None:
    """It is asked for a subscription once a session, then read as any other."""
    server = await serve({})
    server.temper.refuses = {service: StatusCodes.BadServiceUnsupported}
    source = opcua(server, mode="subscribe")
    for _ in range(3):
        assert (await source.read(line, slot())).outcome is Outcome.OK
    assert server.record.requests[service] == 1


async def test_a_session_of_one_read_makes_no_subscription(
    serve: Any, opcua: Any, line: Any
) -> None:
    """Where the envelope closes the connection after each read, reading is what remains."""
    server = await serve({})
    source = opcua(server, mode="subscribe")
    for _ in range(3):
        assert (await source.read(line, slot())).outcome is Outcome.OK
        await source.close()
    assert server.record.requests["CreateSubscription"] == 0


class Quiet:
    """A session that publishes nothing by itself."""


def notified(sequence: int, *data: Any) -> ua.PublishResult:
    """One publication."""
    message = ua.NotificationMessage(SequenceNumber=sequence, NotificationData=list(data))
    return ua.PublishResult(SubscriptionId=7, NotificationMessage=message)


def changed(handle: int, value: float) -> ua.DataChangeNotification:
    """A change of one value."""
    item = ua.MonitoredItemNotification(handle, ua.DataValue(ua.Variant(value)))
    return ua.DataChangeNotification([item])


@pytest.fixture
def heard() -> Subscription:
    """A subscription to one node, by hand."""
    made: Any = Subscription(Quiet(), "opc.tcp://a")  # type: ignore[arg-type]
    made._nodes = {1: "node"}
    found: Subscription = made
    return found


def test_publications_in_order_are_acknowledged(heard: Subscription) -> None:
    """The last value counts; a keep-alive is not acknowledged; the counter leaves out zero."""
    last = 2**32 - 1
    assert heard._heard(notified(last, changed(1, 1.0)))[0].SequenceNumber == last
    assert heard._heard(notified(1)) == []
    assert heard._heard(notified(1, changed(1, 2.0)))[0].SequenceNumber == 1
    [value] = heard.latest().values()
    assert value.Value is not None
    assert value.Value.Value == 2.0


def test_a_publication_that_went_missing_ends_it(heard: Subscription) -> None:
    """What was lost may be the change of a value that never changes again."""
    heard._heard(notified(1, changed(1, 1.0)))
    heard._heard(notified(3, changed(1, 1.0)))
    with pytest.raises(Fault, match="has lost what it had to say"):
        heard.latest()


def test_a_subscription_that_the_server_ends_is_lost(heard: Subscription) -> None:
    """It says so by itself, with its reason."""
    gone = ua.StatusChangeNotification(Status=ua.StatusCode(ua.UInt32(StatusCodes.BadTimeout)))
    heard._heard(notified(1, gone))
    with pytest.raises(Fault, match="BadTimeout"):
        heard.latest()

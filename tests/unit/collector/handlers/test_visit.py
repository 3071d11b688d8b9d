"""A look at a stranger, in virtual time; what a job makes of it is in the tests of discovery."""

import asyncio
from typing import Any

import pytest
from tests.name_server import NameServer
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Zone
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.visit import Pace, visit
from isthmus.collector.ports import Withheld
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1.touches_pb2 import POLL_STATE_STOPPED, Touches

ORIGIN = Origin(Identity("hagen", "discovery-1"), "", "modbus", "", "127.0.0.1:502", 0, "me")
ASK = Request.MODBUS_READ_DEVICE_IDENTIFICATION


def now() -> float:
    """The virtual time."""
    return asyncio.get_running_loop().time()


async def answer() -> float:
    """When it was asked."""
    return now()


async def free() -> None:
    """Nothing stands against it."""


@pytest.fixture
def records() -> list[Outgoing]:
    """What the engine publishes."""
    return []


@pytest.fixture
def engine(gate: Any, measured: Any, records: list[Outgoing]) -> Engine:
    """An engine without targets."""
    return Engine(
        records.append,
        gate,
        measured,
        resolve=NameServer().resolve,
        polls_max=5,
        clock=now,
        steady=now,
    )


@virtual_time
async def test_requests_leave_at_the_pace_of_the_job(engine: Engine) -> None:
    """Also from one endpoint to the next; connections count."""
    pace = Pace(2.0, now)
    sent = []
    for address in ("127.0.0.1:502", "127.0.0.2:502"):
        async with visit(engine, ORIGIN, pace, free) as line:
            sent.append(await line.connect(Request.MODBUS_CONNECT, answer))
            sent.append(await line.ask(ASK, answer, path=address))

    assert sent == [0, 2, 4, 6]


@virtual_time
async def test_the_gentlest_limit_of_any_zone_holds(engine: Engine) -> None:
    """Nobody knows yet in which zone the endpoint stands."""
    engine.govern([Zone("a/b", Envelope(gap_s=5.0, items_max=4)), Zone("a/c")])
    async with visit(engine, ORIGIN, Pace(0.2, now), free) as line:
        first, second = [await line.ask(ASK, answer) for _ in range(2)]
        assert line.items_max == 4

    assert second - first == pytest.approx(5.0)


@virtual_time
async def test_the_end_of_the_job_lets_nothing_out_that_waits(engine: Engine) -> None:
    """Neither for the job's pace nor for a limit of the engine."""
    engine.govern([Zone(envelope=Envelope(gap_s=30.0))])
    for period_s in (0.2, 100.0):
        pace = Pace(period_s, now)
        async with visit(engine, ORIGIN, pace, free) as line:
            await line.ask(ASK, answer)
            waiting = asyncio.ensure_future(line.ask(ASK, answer))
            await asyncio.sleep(1)
            ended_at = now()
            pace.end()
            with pytest.raises(Withheld):
                await waiting
            assert now() - ended_at < 0.1


@virtual_time
async def test_what_was_sent_is_in_the_ledger_and_nothing_else(
    engine: Engine, records: list[Outgoing]
) -> None:
    """A look that was held back leaves no record: nobody was touched."""
    async with visit(engine, ORIGIN, Pace(1.0, now), free) as line:
        await line.ask(ASK, answer)
        line.sent(Request.OPCUA_PUBLISH, 2)
    engine.govern([Zone(envelope=Envelope(paused=True, reason="x"))])
    with pytest.raises(Withheld, match="x"):
        async with visit(engine, ORIGIN, Pace(1.0, now), free) as line:
            await line.ask(ASK, answer)

    (record,) = records
    touches = Touches.FromString(record.value or b"")
    assert dict(zip(touches.kind, touches.count, strict=True)) == {ASK: 1, "opcua.publish": 2}
    assert (touches.target, touches.state) == ("discovery-1", POLL_STATE_STOPPED)


@virtual_time
async def test_what_waits_for_the_engine_is_held_back_too(engine: Engine) -> None:
    """A pause must not wait for a gap that has begun before it; nor must any other reason."""
    reasons: list[str] = []

    async def check() -> None:
        if reasons:
            raise Withheld(reasons[0])

    pause = Zone(envelope=Envelope(gap_s=30.0, paused=True, reason="fire"))
    for period_s, zone, reason in ((0.2, pause, "fire"), (0.2, None, "taken"), (30, None, "taken")):
        reasons.clear()
        engine.govern([Zone(envelope=Envelope(gap_s=30.0))])
        async with visit(engine, ORIGIN, Pace(period_s, now), check) as line:
            await line.connect(Request.MODBUS_CONNECT, answer)
            waiting = asyncio.ensure_future(line.ask(ASK, answer))
            await asyncio.sleep(1)
            began_at = now()
            if zone:
                engine.govern([zone])
            else:
                reasons.append(reason)
            with pytest.raises(Withheld, match=reason):
                await waiting
            assert now() - began_at < 3

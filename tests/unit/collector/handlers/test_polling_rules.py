"""The engine keeps to rules that change while it polls."""

import asyncio
from typing import Any

import pytest
from tests.unit.collector.handlers.bench import (
    PAUSED,
    Bench,
    origin,
    until,
)
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Envelope, Window, Zone
from isthmus.collector.handlers.names import RESOLVED_S, UNRESOLVED_S
from isthmus.collector.ports import DeviceProfile
from isthmus.telemetry.v1 import observation_pb2 as pb


@pytest.mark.parametrize("level", ["", "e/s", "e/s/a"])
async def test_a_pause_closes_within_seconds_and_ends_as_quickly(
    bench: Bench, fakes: Any, level: str
) -> None:
    """Of a site or a zone: what is below it hangs up; each slot says that nobody asked."""
    held, other = fakes.source(), fakes.source()
    async with bench.running() as engine:
        engine.start(origin("held"), held, 1)
        engine.start(origin("other", path="e/t/b"), other, 1)
        await asyncio.sleep(5)
        engine.govern([Zone(level, PAUSED)])
        await asyncio.sleep(0.5)
        assert held.closes == 1
        reads = held.reads
        await asyncio.sleep(10)
        assert held.reads == reads
        assert (other.closes == 0) == bool(level)
        said = bench.of("held")[-1]
        assert said.outcome == pb.OUTCOME_NOT_ASKED
        assert said.error == f"{f'zone {level}' if level else 'site'}: maintenance"
        engine.govern([])
        await asyncio.sleep(2)
        assert held.reads > reads
        assert bench.of("held")[-1].outcome == pb.OUTCOME_OK


@virtual_time
async def test_a_pause_ends_a_read_that_hangs(bench: Bench, fakes: Any) -> None:
    """A request in flight may end, but the pause is whole within five seconds."""
    source = fakes.source(takes_s=1e6)
    async with bench.running() as engine:
        engine.start(origin("a"), source, 60)
        await until(lambda: source.reads)
        engine.govern([Zone("", PAUSED)])
        await asyncio.sleep(4.5)
        assert source.shared[0] == 0
        assert source.closes >= 1


@virtual_time
async def test_another_envelope_does_not_reconnect(bench: Bench, fakes: Any) -> None:
    """It holds from the next request on; a pause by it closes as any other."""
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a"), source, 1)
        await asyncio.sleep(5)
        engine.bound("s/a", Envelope(gap_s=2.5))
        await asyncio.sleep(10)
        assert source.closes == 0
        status = engine.status("s/a")
        assert status is not None
        limits = {limit.name: (limit.value, limit.level) for limit in status.limits}
        assert limits["gap_s"] == (2.5, "target")
        engine.bound("s/a", PAUSED)
        await asyncio.sleep(1)
        assert source.closes == 1


@virtual_time
async def test_what_is_on_the_do_not_poll_list_is_never_touched(bench: Bench, fakes: Any) -> None:
    """By host, by network, by name, in whatever zone it stands below."""
    zone = Zone("e/s", do_not_poll=("10.1.0.0/16", "plc.hagen", "Forbidden"))
    addresses = {
        "network": "10.1.2.3:502", "host": "plc.hagen:502", "forbidden": "10.2.0.2:502",
        "wrapped": "[::ffff:10.1.0.9]:502", "free": "10.2.0.1:502",
    }  # fmt: skip
    sources = {name: fakes.source() for name in addresses}
    async with bench.running() as engine:
        engine.govern([zone])
        for name, source in sources.items():
            engine.start(origin(name, addresses[name]), source, 1)
        await asyncio.sleep(10)
    assert {name for name, source in sources.items() if source.reads} == {"free"}
    assert "10.1.0.0/16 is on the do-not-poll list" in bench.of("network")[0].error


@virtual_time
async def test_a_do_not_poll_list_knows_a_host_by_name_and_by_address(
    bench: Bench, fakes: Any
) -> None:
    """A target named by its host in a forbidden network; a list that names a target's address."""
    bench.names.known = {
        "robot.hagen": {"10.1.0.7"}, "free.hagen": {"10.2.0.1"}, "plc.hagen": {"10.2.0.8"},
    }  # fmt: skip
    addresses = {"robot": "Robot.hagen:502", "free": "free.hagen:502", "plc": "10.2.0.8:502"}
    sources = {name: fakes.source() for name in addresses}
    async with bench.running() as engine:
        engine.govern([Zone("", do_not_poll=("10.1.0.0/16", "PLC.hagen"))])
        for name, source in sources.items():
            engine.start(origin(name, addresses[name]), source, 1)
        await asyncio.sleep(10)
        assert {name for name, source in sources.items() if source.reads} == {"free"}
        assert bench.of("robot")[0].error == "site: 10.1.0.0/16 is on the do-not-poll list"
        assert bench.of("plc")[-1].error == "site: plc.hagen is on the do-not-poll list"

        bench.names.known["free.hagen"] = {"10.1.0.8"}
        await asyncio.sleep(RESOLVED_S)
        reads = sources["free"].reads
        await asyncio.sleep(10)
        assert (sources["free"].reads, sources["free"].closes) == (reads, 1)
        engine.govern([])
        await asyncio.sleep(10)
    assert all(source.reads > 5 for source in sources.values())


@virtual_time
async def test_what_nobody_can_look_up_is_not_asked_while_there_is_a_list(
    bench: Bench, fakes: Any
) -> None:
    """Any target might be the host that the list names; the name of a target is no host."""
    bench.names.away = True
    named, numbered = fakes.source(), fakes.source()
    async with bench.running() as engine:
        engine.start(origin("named", "plc.hagen:502"), named, 1)
        engine.start(origin("numbered", "10.2.0.1:502"), numbered, 1)
        engine.govern([Zone("", do_not_poll=("other",))])
        await asyncio.sleep(10)
        assert (named.reads, numbered.reads) == (0, 0)
        assert "which host other is" in bench.of("numbered")[0].error

        engine.start(origin("other", "10.2.0.2:502"), fakes.source(), 1)
        await asyncio.sleep(10)
        assert min(named.reads, numbered.reads) > 5

        engine.govern([Zone("", do_not_poll=("10.1.0.0/16",))])
        reads = named.reads
        await asyncio.sleep(10)
        assert named.reads == reads
        bench.names.known, bench.names.away = {"plc.hagen": {"10.2.0.3"}}, False
        await asyncio.sleep(UNRESOLVED_S + 5)
    assert named.reads > reads


@virtual_time
async def test_a_name_server_is_asked_only_while_there_is_a_list(bench: Bench, fakes: Any) -> None:
    """Once a minute for each name; what it said holds while it is away."""
    bench.names.known = {"plc.hagen": {"10.2.0.3"}}
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("plc", "plc.hagen:502"), source, 1)
        await asyncio.sleep(100)
        assert bench.names.asked == []
        engine.govern([Zone("", do_not_poll=("10.1.0.0/16",))])
        await asyncio.sleep(10)
        bench.names.away = True
        await asyncio.sleep(RESOLVED_S)
    assert source.reads > 165
    assert bench.names.asked == ["plc.hagen"] * 2


@virtual_time
async def test_a_safety_controller_is_polled_only_by_name(bench: Bench, fakes: Any) -> None:
    """Also one that is recognised as such by a read: it is the last one."""
    plain, safety = (DeviceProfile(protocol="fake", safety=flag) for flag in (False, True))
    sis, named, found = (fakes.source(profile=each) for each in (safety, safety, plain))
    async with bench.running() as engine:
        engine.govern([Zone("e", safety_controllers=("named",))])
        for name, source in (("sis", sis), ("named", named), ("found", found)):
            engine.start(origin(name), source, 1)
        await asyncio.sleep(5)
        assert (sis.reads, named.reads > 3) == (0, True)
        found.profile = safety
        await asyncio.sleep(5)
        reads = found.reads
        await asyncio.sleep(5)
        assert found.reads == reads
        assert found.closes >= 1


@virtual_time
async def test_a_window_that_closes_hangs_up(bench: Bench, fakes: Any) -> None:
    """Within seconds, although its next slot is far away; and it opens again by itself."""
    window = Window(("fri",), "11:00", "12:05", "UTC")
    later = Window(("fri",), "12:20", "13:00", "UTC")
    source = fakes.source()
    async with bench.running() as engine:
        engine.start(origin("a", interval_s=240), source, 1, Envelope(windows=(window, later)))
        await asyncio.sleep(299)
        assert (source.reads, source.closes) == (1, 0)
        await asyncio.sleep(4)
        assert source.closes == 1
        await asyncio.sleep(900)
        assert source.reads == 1
        assert bench.observations[-1].outcome == pb.OUTCOME_NOT_ASKED
        await asyncio.sleep(600)
        assert source.reads > 2

"""The tables of one agent: what is walked, what is remembered, what is said."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.collector.adapters.snmp.conftest import (
    CountedLine,
    MakeAgent,
    Objects,
    ScriptedAgent,
    column,
)

from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Source
from isthmus.simulators.snmp import Failed

Reader = Callable[..., Source]
ENTRY = "1.3.6.1.2.1.47.1.1.1.1"
ENT_LAST_CHANGE = "1.3.6.1.2.1.47.1.4.1.0"
INTERFACES = "1.3.6.1.2.1.2.2.1"
IF_NUMBER = "1.3.6.1.2.1.2.1.0"
FDB = "1.3.6.1.2.1.17.4.3.1"


def chassis(changed: int, *serials: str) -> Objects:
    """An entPhysicalTable with its change counter."""
    rows = dict(enumerate(serials, 1))
    return {
        ENT_LAST_CHANGE: ("timeticks", changed),
        **column(f"{ENTRY}.2", "string", dict.fromkeys(rows, "module")),
        **column(f"{ENTRY}.4", "integer", dict.fromkeys(rows, 0)),
        **column(f"{ENTRY}.11", "string", rows),
    }


def ports(number: int) -> Objects:
    """An ifTable."""
    rows = range(1, number + 1)
    return {
        IF_NUMBER: ("integer", number),
        **column(f"{INTERFACES}.2", "string", {n: f"eth{n}" for n in rows}),
        **column(f"{INTERFACES}.8", "integer", dict.fromkeys(rows, 1)),
    }


async def said(source: Source, slot: int, line: Any = None) -> Any:
    """What the one device says."""
    reading = await source.read(line or CountedLine(), slot)
    assert reading.outcome is Outcome.OK, reading.error
    return reading.devices[0]


async def test_an_unchanged_table_is_said_from_memory(scripted: MakeAgent, reader: Reader) -> None:
    """entLastChangeTime is what it was: no walk, not even at a slow slot, and the same facts."""
    source = reader(await scripted(chassis(5, "S1", "S2")), "entity")
    first, line = await said(source, 0), CountedLine()
    assert (await said(source, 10, line)).facts == first.facts
    assert first.facts["entPhysicalSerialNum.2"] == "S2"
    assert line.kinds == {Request.SNMP_GET: 1}


async def test_a_changed_table_is_walked_at_the_next_slot(
    scripted: MakeAgent, reader: Reader
) -> None:
    """A module was pulled: its row is gone, whatever the slot."""
    agent = await scripted(chassis(5, "S1", "S2"))
    source = reader(agent, "entity")
    await said(source, 0)
    agent.has(chassis(6, "S1"))
    facts = (await said(source, 1)).facts
    assert "entPhysicalSerialNum.1" in facts
    assert "entPhysicalSerialNum.2" not in facts


async def test_a_new_interface_is_found_by_their_number(
    scripted: MakeAgent, reader: Reader
) -> None:
    """An agent without ifTableLastChange still has ifNumber."""
    agent = await scripted(ports(1))
    source = reader(agent, "interfaces")
    assert "ifOperStatus.2" not in (await said(source, 0)).points
    agent.has(ports(2))
    assert (await said(source, 1)).points["ifOperStatus.2"] == (1.0, "1")


async def test_a_row_that_no_longer_answers_is_looked_for(
    scripted: MakeAgent, reader: Reader
) -> None:
    """There is no counter for processors: the missing value is what tells."""
    load = "1.3.6.1.2.1.25.3.3.1.2"
    agent = await scripted(column(load, "integer", {1: 10, 2: 20}))
    source = reader(agent, "host-resources")
    assert (await said(source, 0)).points["hrProcessorLoad.2"] == (20.0, "1")
    agent.has(column(load, "integer", {1: 10, 3: 30}))
    assert (await said(source, 1)).points["hrProcessorLoad.3"] == (30.0, "1")


async def test_slow_tables_are_read_and_said_at_slow_slots(
    scripted: MakeAgent, reader: Reader
) -> None:
    """Sightings of others: at the first read, then at every tenth slot."""
    agent = await scripted(column(f"{FDB}.2", "integer", {"0.27.12.58.16.1": 4}))
    source = reader(agent, "fdb")
    name = "dot1dTpFdbPort.0.27.12.58.16.1"
    seen = [name in (await said(source, slot)).points for slot in (7, 8, 10, 11)]
    assert seen == [True, False, True, False]


async def test_the_profile_says_how_slow_slow_is(scripted: MakeAgent, reader: Reader) -> None:
    """`slow_every: 2` is every other slot."""
    agent = await scripted(column(f"{FDB}.2", "integer", {"0.0.0.0.0.1": 4}))
    source = reader(agent, "fdb", profile={"slow_every": 2})
    seen = [bool((await said(source, slot)).points) for slot in (1, 2, 3, 4)]
    assert seen == [True, True, False, True]


class PacedLine(CountedLine):
    """A line that lets a request out now and then, as an envelope does."""

    async def ask(self, *args: Any, **more: Any) -> Any:
        await asyncio.sleep(0.05)
        return await super().ask(*args, **more)


async def test_a_big_table_is_read_over_as_many_reads_as_it_takes(
    scripted: MakeAgent, reader: Reader
) -> None:
    """Each read ends in its time; the rows are said once, when they are all there."""
    rows = {f"0.0.0.0.{n // 256}.{n % 256}": 4 for n in range(120)}
    agent = await scripted(column(f"{FDB}.2", "integer", rows))
    source = reader(agent, "fdb", timeout_s=1.0, request_timeout_s=0.3)
    points: list[int] = []
    for slot in range(1, 9):
        async with asyncio.timeout(1.0):
            points.append(len((await said(source, slot, PacedLine(items_max=10))).points))
    assert points[0] == 0
    assert sorted(points) == [0] * 7 + [120]


async def test_a_table_is_cut_at_its_limit_and_says_so(scripted: MakeAgent, reader: Reader) -> None:
    """The limit is the profile's; what was read is kept."""
    agent = await scripted(column(f"{FDB}.2", "integer", {f"0.0.0.0.0.{n}": 4 for n in range(30)}))
    device = await said(reader(agent, "fdb", profile={"rows_max": 20}), 0)
    assert len(device.points) == 20
    assert device.facts == {"incomplete.dot1dTpFdbPort": "more than 20 rows"}


async def test_a_table_that_kills_an_agent_costs_only_itself(
    scripted: MakeAgent, reader: Reader
) -> None:
    """The walk is not answered: the values are said, and why the table is not."""
    agent = await scripted(ports(1))

    class NoBulk(CountedLine):
        async def ask(self, kind: Request, send: Any, *, path: str = "") -> Any:
            if kind is Request.SNMP_GET_BULK:
                agent._agent.states[""].silent = True
            try:
                return await super().ask(kind, send)
            finally:
                agent._agent.states[""].silent = False

    source = reader(agent, "system, interfaces", request_timeout_s=0.1)
    device = await said(source, 1, NoBulk())
    assert device.points["sysUpTime"] == (100.0, "1")
    assert device.facts["incomplete.ifDescr"].endswith("no answer within 0.1 s")
    line = NoBulk()
    await said(source, 2, line)
    assert Request.SNMP_GET_BULK not in line.kinds, "it is tried again at a slow slot"
    assert "incomplete.ifDescr" not in (await said(source, 10)).facts


async def test_a_walk_that_is_refused_loses_no_rows(
    scripted: MakeAgent, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library says of genErr what it says of an end; a row that still answers tells."""
    agent = await scripted(ports(2))
    source = reader(agent, "interfaces")
    first = await said(source, 0)

    def refuse(_: object) -> bytes:
        raise Failed(5, 1)  # genErr, RFC 3416

    agent.has({**ports(2), IF_NUMBER: ("integer", 3)})
    monkeypatch.setattr(agent._agent, "_bulk", refuse)
    device = await said(source, 1)
    assert device.facts == first.facts | {"incomplete.ifDescr": "the agent broke it off"}
    assert "ifOperStatus.2" in device.points


async def test_a_row_that_comes_back_is_read_again(scripted: MakeAgent, reader: Reader) -> None:
    """What was absent once is not absent for ever."""
    load = "1.3.6.1.2.1.25.3.3.1.2"
    both, one = column(load, "integer", {1: 10, 2: 20}), column(load, "integer", {1: 10})
    agent = await scripted(both)
    source = reader(agent, "host-resources", "1")
    seen = []
    for slot, objects in ((0, both), (1, one), (2, one), (10, both)):
        agent.has(objects)
        seen.append("hrProcessorLoad.2" in (await said(source, slot)).points)
    assert seen == [True, False, False, True]


async def test_a_restart_makes_everything_be_read_again(
    scripted: MakeAgent, reader: Reader
) -> None:
    """The number of boots is another one; the change counter, by chance, the same."""
    boots = "1.3.6.1.6.3.10.2.1.2.0"
    agent = await scripted({**chassis(5, "S1"), boots: ("integer", 1)})
    source = reader(agent, "entity")
    await said(source, 1)
    agent.has({**chassis(5, "S9"), boots: ("integer", 2)})
    assert (await said(source, 2)).facts["entPhysicalSerialNum.1"] == "S9"


async def test_another_device_behind_the_address_is_read_anew(
    scripted: MakeAgent, reader: Reader
) -> None:
    """Between two answers there was none: nothing is taken from memory."""
    agent = await scripted(chassis(5, "S1"))
    source = reader(agent, "entity", request_timeout_s=0.1)
    await said(source, 1)
    agent._agent.states[""].silent = True
    assert (await source.read(CountedLine(), 2)).outcome is Outcome.TIMEOUT
    agent._agent.states[""].silent = False
    agent.has(chassis(5, "S9"))
    assert (await said(source, 3)).facts["entPhysicalSerialNum.1"] == "S9"


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_a_version_reads_the_same(scripted: MakeAgent, reader: Reader, version: str) -> None:
    """GETNEXT or GETBULK: the same facts and points."""
    agent: ScriptedAgent = await scripted({**ports(2), **chassis(5, "S1")})
    device = await said(reader(agent, "interfaces, entity", version), 0)
    assert device.facts["ifDescr.2"] == "eth2"
    assert device.facts["entPhysicalSerialNum.1"] == "S1"
    assert device.points["ifOperStatus.2"] == (1.0, "1")
    kinds = {"1": {"Get", "GetNext"}, "2c": {"Get", "GetBulk"}}
    assert set(agent.requests) == kinds[version]


async def test_neighbours_and_their_addresses_are_said(scripted: MakeAgent, reader: Reader) -> None:
    """LLDP, CDP and ARP: names by MIB, MACs in colons, the index as the MIB defines it."""
    lldp, cdp = "1.0.8802.1.1.2.1.4", "1.3.6.1.4.1.9.9.23.1.2.1.1"
    agent = await scripted(
        {
            f"{lldp}.1.1.5.0.3.1": ("mac", "00:1b:0c:3a:10:01"),
            f"{lldp}.1.1.7.0.3.1": ("string", "Gi1/0/1"),
            f"{lldp}.2.1.4.0.3.1.1.4.10.0.0.7": ("integer", 3),
            f"{cdp}.4.3.1": ("hex", "0a000008"),
            f"{cdp}.6.3.1": ("string", "core-1"),
            "1.3.6.1.2.1.4.22.1.2.3.10.0.0.9": ("mac", "00:1b:0c:3a:10:02"),
            "1.3.6.1.2.1.4.35.1.4.3.1.4.10.0.0.9": ("mac", "00:1b:0c:3a:10:02"),
        }
    )
    device = await said(reader(agent, "lldp, cdp, arp"), 0)
    assert device.facts["lldpRemChassisId.0.3.1"] == "00:1b:0c:3a:10:01"
    assert device.facts["lldpRemPortId.0.3.1"] == "Gi1/0/1"
    assert device.points["lldpRemManAddrIfId.0.3.1.1.4.10.0.0.7"] == (3.0, "1")
    assert device.facts["cdpCacheAddress.3.1"] == "10.0.0.8"
    assert device.facts["ipNetToMediaPhysAddress.3.10.0.0.9"] == "00:1b:0c:3a:10:02"
    assert device.facts["ipNetToPhysicalPhysAddress.3.1.4.10.0.0.9"] == "00:1b:0c:3a:10:02"

"""Traps and informs: who may send, how many become Observations, and what those say."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from isthmus.collector.adapters import endpoint
from isthmus.collector.domain.notification import Notification
from isthmus.collector.handlers import traps
from isthmus.collector.handlers.traps import Traps
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1 import observation_pb2 as pb
from isthmus.telemetry.v1.target_pb2 import Target

SWITCH = {"protocol": "snmp", "host": "10.0.0.1", "credential": "ro"}
PLC = {"protocol": "modbus", "host": "10.0.0.1"}
FACTS = {"snmpTrapOID": "1.3.6.1.6.3.1.1.5.3", "ifDescr.2": "eth1"}
POINTS = {"sysUpTime": (42.0, "1"), "ifIndex.2": (2.0, "1")}


@dataclass(frozen=True)
class Raw:
    """A record as the consumer hands it over."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0
    topic: str = "inventory.targets.lyon.v1"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Site:
    """The receiver's handler, what it put and what it counted."""

    names: dict[str, set[str]] = field(default_factory=dict)
    records: list[Outgoing] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.traps = Traps(
            "lyon",
            "collector-1",
            endpoint,
            self.records.append,
            self,
            resolve=self.resolve,
            sources=["10.0.0.0/24", "2001:db8::/32"],
            rate_per_s=0.001,
            burst_max=3,
            clock=lambda: 1_700_000_000.0,
        )

    async def resolve(self, name: str) -> set[str]:
        return self.names.get(name, set())

    def notified(self) -> None:
        self.counts["notified"] += 1

    def notification_dropped(self, reason: str) -> None:
        self.counts[reason] += 1

    @property
    def observations(self) -> list[pb.Observation]:
        return [pb.Observation.FromString(record.value or b"") for record in self.records]

    async def has(self, name: str, fields: dict[str, Any] | None) -> None:
        await self.traps.take([record(name, fields)])


def record(name: str, fields: dict[str, Any] | None) -> Raw:
    """A target record, or a tombstone."""
    value = None
    if fields is not None:
        target = Target(
            site="lyon", target=name, path="acme/lyon", interval_s=60, profile="network"
        )
        ParseDict(fields, target.endpoint)
        value = target.SerializeToString()
    return Raw(f"lyon/{name}".encode(), value)


def link_down(request_id: int = 7, address: str = "10.0.0.1") -> Notification:
    """A linkDown trap."""
    return Notification(address, request_id, FACTS, POINTS)


@pytest.fixture
def site() -> Site:
    """A site without targets."""
    return Site()


async def test_a_notification_is_an_observation_of_the_target(site: Site) -> None:
    """Whoever polls the target: what is known of it is on the topic."""
    await site.has("core-switch-1", SWITCH)
    assert site.traps.admits("10.0.0.1")
    site.traps.heard(link_down())
    [said] = site.observations
    assert site.records[0].key == b"lyon/core-switch-1"
    assert said.trigger == pb.TRIGGER_NOTIFICATION
    assert (said.target, said.path, said.profile) == ("core-switch-1", "acme/lyon", "network")
    assert (said.protocol, said.address, said.interval_s) == ("snmp", "10.0.0.1:161", 60)
    assert said.outcome == pb.OUTCOME_OK
    assert said.slot_at.seconds == said.observed_at.seconds == 1_700_000_000
    [device] = said.devices
    assert dict(zip(device.fact, device.text, strict=True)) == FACTS
    assert dict(zip(device.point, device.value, strict=True)) == {"sysUpTime": 42, "ifIndex.2": 2}


async def test_a_row_of_a_file_is_a_target_like_a_record(site: Site) -> None:
    """A person wrote it: numbers may be texts, and what has no endpoint is nobody's address."""
    row = {"site": "lyon", "target": "ups-1", "interval_s": "60", "profile": "ups"}
    site.traps.want("lyon/ups-1", {**row, "endpoint": SWITCH})
    site.traps.want("lyon/ups-2", {**row, "target": "ups-2"})
    site.traps.heard(link_down())
    [said] = site.observations
    assert (said.target, said.interval_s, said.profile) == ("ups-1", 60, "ups")
    site.traps.want("lyon/ups-1", {**row, "endpoint": {**SWITCH, "host": "10.0.0.2"}})
    assert (site.traps.admits("10.0.0.1"), site.traps.admits("10.0.0.2")) == (False, True)
    site.traps.want("lyon/ups-1", None)
    assert not site.traps.admits("10.0.0.2")


async def test_a_retransmitted_inform_is_one_observation(site: Site) -> None:
    """The response was lost, the sender sends again: same request, same id, said once."""
    await site.has("core-switch-1", SWITCH)
    site.traps.heard(link_down())
    site.traps.heard(link_down())
    site.traps.heard(link_down(8))
    assert len({said.id for said in site.observations}) == len(site.records) == 2
    assert site.counts == {"notified": 2, "repeated": 1}


async def test_only_allowed_sources_are_looked_at(site: Site) -> None:
    """An address outside the networks, even of a target."""
    await site.has("far", SWITCH | {"host": "192.0.2.1"})
    assert not site.traps.admits("192.0.2.1")
    assert site.counts == {"not_allowed": 1}


async def test_only_targets_are_looked_at(site: Site) -> None:
    """Nobody's address, and one whose target was removed."""
    await site.has("core-switch-1", SWITCH)
    await site.has("core-switch-1", None)
    assert not site.traps.admits("10.0.0.1")
    site.traps.heard(link_down())
    assert site.counts == {"unknown_source": 2}
    assert site.records == []


async def test_a_storm_of_one_source_is_cut_and_another_is_heard(site: Site) -> None:
    """Three at once, then none for a long time; the neighbour's own three are untouched."""
    await site.has("core-switch-1", SWITCH)
    await site.has("ups-1", SWITCH | {"host": "10.0.0.2"})
    assert [site.traps.admits("10.0.0.1") for _ in range(5)] == [True] * 3 + [False] * 2
    assert site.traps.admits("10.0.0.2")
    assert site.counts == {"rate": 2}


async def test_drops_are_logged_once_a_source_and_minute(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm must not become one of log lines."""
    said: list[tuple[str, str]] = []

    class Log:
        def warning(self, event: str, *, address: str, reason: str) -> None:
            assert event == "notification_dropped"
            said.append((address, reason))

    monkeypatch.setattr(traps, "log", Log())
    for _ in range(50):
        site.traps.refused("10.0.0.1", "not_authentic")
        site.traps.admits("10.0.0.9")
    for number in range(5000):
        site.traps.admits(f"10.0.0.{number % 256}")
    assert len(said) == len(set(said)) == 257
    assert site.counts["not_authentic"] == 50


async def test_the_target_that_is_read_by_snmp_is_meant(site: Site) -> None:
    """One machine, two protocols: a trap is about the SNMP one; without it, about the other."""
    await site.has("plc-1", PLC)
    site.traps.heard(link_down(1))
    await site.has("switch-1", SWITCH)
    site.traps.heard(link_down(2))
    assert [said.target for said in site.observations] == ["plc-1", "switch-1"]
    assert {said.protocol for said in site.observations} == {"snmp"}


async def test_a_target_that_moves_is_heard_at_its_new_address(site: Site) -> None:
    """The old one is nobody's."""
    await site.has("core-switch-1", SWITCH)
    await site.has("core-switch-1", SWITCH | {"host": "2001:db8::7"})
    assert not site.traps.admits("10.0.0.1")
    assert site.traps.admits("2001:db8::7")


async def test_a_target_that_has_a_name_is_known_by_its_addresses(site: Site) -> None:
    """The name is looked up beside, never while a datagram waits."""
    site.names["core.lyon.example"] = {"10.0.0.5", "10.0.0.6"}
    await site.has("core-switch-1", SWITCH | {"host": "core.lyon.example"})
    assert not site.traps.admits("10.0.0.5")
    looking = asyncio.create_task(site.traps.run())
    await asyncio.sleep(0.01)
    assert site.traps.admits("10.0.0.5")
    assert site.traps.admits("10.0.0.6")
    looking.cancel()


async def test_a_record_that_is_no_target_is_left_to_its_owner(site: Site) -> None:
    """It is said there, in the dead-letter topic; here it is just not known."""
    await site.has("broken", {"protocol": "snmp"})
    await site.traps.take([Raw(b"lyon/x", b"\xff")])
    assert not site.traps.admits("10.0.0.1")

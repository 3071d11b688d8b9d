"""Hosts that are targets already."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from isthmus.collector.handlers.occupied import RESOLVED_S, UNRESOLVED_S, OccupiedHosts
from isthmus.collector.ports import Withheld
from isthmus.telemetry.v1.target_pb2 import Target


@dataclass(frozen=True)
class Raw:
    """A record as the consumer hands it over."""

    key: bytes
    value: bytes | None
    topic: str = "inventory.targets.hagen.v1"
    partition: int = 0
    offset: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Names:
    """A name server, and a clock."""

    known: dict[str, set[str]] = field(default_factory=dict)
    now: float = 0.0
    asked: int = 0
    away: bool = False

    async def resolve(self, name: str) -> set[str] | None:
        self.asked += 1
        return None if self.away else self.known.get(name, set())

    def clock(self) -> float:
        return self.now


def record(target: str, **endpoint: Any) -> Any:
    """One target record."""
    message = Target(site="hagen", target=target)
    ParseDict(endpoint, message.endpoint)
    return Raw(f"hagen/{target}".encode(), message.SerializeToString())


async def test_the_address_of_every_target_is_occupied_until_its_tombstone() -> None:
    """However its endpoint is written."""
    names = Names({"plc.example": {"127.0.0.7", "127.0.0.8"}})
    hosts = OccupiedHosts(names.resolve, names.clock)
    await hosts.take(
        [
            record("a", protocol="modbus", host="127.0.0.1", port=502),
            record("b", protocol="opcua", url="opc.tcp://127.0.0.2:4840/x"),
            record("c", protocol="snmp", host="2001:DB8:0::1"),
            record("d", protocol="modbus", host="PLC.example"),
            record("e", protocol="opcua", url="opc.tcp://[broken"),
            record("f", protocol="mqtt"),
            Raw(b"hagen/g", b"\xff"),
        ]
    )

    found = {host: await hosts.by(host) for host in (
        "127.0.0.1", "127.0.0.2", "2001:db8::1", "127.0.0.7", "127.0.0.8", "127.0.0.9",
    )}  # fmt: skip
    await hosts.take([Raw(b"hagen/a", None)])

    assert [*found.values()] == ["hagen/a", "hagen/b", "hagen/c", "hagen/d", "hagen/d", None]
    assert await hosts.by("127.0.0.1") is None


async def test_a_name_is_looked_up_again_now_and_then() -> None:
    """Not for every host that is asked, but when its address may have changed."""
    names = Names({"plc": {"127.0.0.7"}})
    hosts = OccupiedHosts(names.resolve, names.clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    for _ in range(3):
        assert await hosts.by("127.0.0.7") == "hagen/a"
    names.known, names.now = {"plc": {"127.0.0.8"}}, RESOLVED_S + 1

    assert await hosts.by("127.0.0.7") is None
    assert await hosts.by("127.0.0.8") == "hagen/a"
    assert names.asked == 2


async def test_a_name_server_that_is_away_makes_no_target_a_stranger() -> None:
    """What it said last holds until it says something else."""
    names = Names({"plc": {"127.0.0.7"}})
    hosts = OccupiedHosts(names.resolve, names.clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    assert await hosts.by("127.0.0.7") == "hagen/a"

    names.known, names.now = {}, RESOLVED_S + 1

    assert await hosts.by("127.0.0.7") == "hagen/a"
    names.away, names.now = True, 2 * RESOLVED_S + 2
    assert await hosts.by("127.0.0.7") == "hagen/a"


async def test_while_nobody_can_say_where_a_target_is_no_host_is_free() -> None:
    """A collector that starts without a name server; it asks again before long."""
    names = Names({"plc": {"127.0.0.7"}}, away=True)
    hosts = OccupiedHosts(names.resolve, names.clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    for _ in range(3):
        with pytest.raises(Withheld, match="which host plc is"):
            await hosts.by("127.0.0.7")
    assert names.asked == 1

    names.away, names.now = False, UNRESOLVED_S + 1

    assert await hosts.by("127.0.0.7") == "hagen/a"


async def test_a_host_that_is_kept_out_by_its_name_is_occupied() -> None:
    """The name of a target is no host; nor is one that no name server knows."""
    names = Names({"robot.example": {"127.0.0.9"}})
    hosts = OccupiedHosts(names.resolve, names.clock)
    await hosts.take([record("plc", protocol="modbus", host="127.0.0.1")])
    assert await hosts.by("127.0.0.9") is None

    kept_out = frozenset(("robot.example", "plc", "gone"))

    assert await hosts.by("127.0.0.9", kept_out) == "robot.example"
    assert await hosts.by("127.0.0.1", kept_out) == "hagen/plc"
    assert names.asked == 2


async def test_an_address_is_the_same_however_it_is_written() -> None:
    """IPv4 within IPv6, or with the zone that a resolver adds."""
    names = Names({"v4.example": {"::ffff:127.0.0.5"}, "v6.example": {"fe80::1%eth0"}})
    hosts = OccupiedHosts(names.resolve, names.clock)
    rows = (("a", "v4.example"), ("b", "v6.example"), ("c", "::ffff:127.0.0.6"))
    await hosts.take([record(target, protocol="modbus", host=host) for target, host in rows])

    found = [await hosts.by(host) for host in ("127.0.0.5", "fe80::1", "127.0.0.6")]

    assert found == ["hagen/a", "hagen/b", "hagen/c"]


async def test_a_target_that_comes_during_a_lookup_is_known_after_it() -> None:
    """Records are taken by another task."""
    names = Names({"plc": {"127.0.0.7"}})
    hosts: OccupiedHosts

    async def resolve(name: str) -> set[str] | None:
        if name == "plc":
            await hosts.take([record("b", protocol="modbus", host="plc-2")])
        return {"plc": {"127.0.0.7"}, "plc-2": {"127.0.0.8"}}[name]

    hosts = OccupiedHosts(resolve, names.clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    await hosts.by("127.0.0.7")
    assert await hosts.by("127.0.0.8") == "hagen/b"

"""Hosts that are targets already."""

from dataclasses import dataclass
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from tests.name_server import NameServer

from isthmus.collector.handlers.names import RESOLVED_S, UNRESOLVED_S
from isthmus.collector.handlers.occupied import OccupiedHosts
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


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """A clock that stands still."""
    return Clock()


def record(target: str, **endpoint: Any) -> Any:
    """One target record."""
    message = Target(site="hagen", target=target)
    ParseDict(endpoint, message.endpoint)
    return Raw(f"hagen/{target}".encode(), message.SerializeToString())


async def test_the_address_of_every_target_is_occupied_until_its_tombstone(clock: Clock) -> None:
    """However its endpoint is written."""
    names = NameServer({"plc.example": {"127.0.0.7", "127.0.0.8"}})
    hosts = OccupiedHosts(names.resolve, clock)
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


async def test_a_name_is_looked_up_again_now_and_then(clock: Clock) -> None:
    """Not for every host that is asked, but when its address may have changed."""
    names = NameServer({"plc": {"127.0.0.7"}})
    hosts = OccupiedHosts(names.resolve, clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    for _ in range(3):
        assert await hosts.by("127.0.0.7") == "hagen/a"
    names.known, clock.now = {"plc": {"127.0.0.8"}}, RESOLVED_S + 1

    assert await hosts.by("127.0.0.7") is None
    assert await hosts.by("127.0.0.8") == "hagen/a"
    assert names.asked == ["plc", "plc"]


async def test_a_name_server_that_is_away_makes_no_target_a_stranger(clock: Clock) -> None:
    """What it said last holds until it says something else."""
    names = NameServer({"plc": {"127.0.0.7"}})
    hosts = OccupiedHosts(names.resolve, clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    assert await hosts.by("127.0.0.7") == "hagen/a"

    names.known, clock.now = {}, RESOLVED_S + 1

    assert await hosts.by("127.0.0.7") == "hagen/a"
    names.away, clock.now = True, 2 * RESOLVED_S + 2
    assert await hosts.by("127.0.0.7") == "hagen/a"


async def test_while_nobody_can_say_where_a_target_is_no_host_is_free(clock: Clock) -> None:
    """A collector that starts without a name server; it asks again before long."""
    names = NameServer({"plc": {"127.0.0.7"}}, away=True)
    hosts = OccupiedHosts(names.resolve, clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    for _ in range(3):
        with pytest.raises(Withheld, match="which host plc is"):
            await hosts.by("127.0.0.7")
    assert names.asked == ["plc"]

    names.away, clock.now = False, UNRESOLVED_S + 1

    assert await hosts.by("127.0.0.7") == "hagen/a"


async def test_an_address_is_the_same_however_it_is_written(clock: Clock) -> None:
    """By name, or as IPv4 within IPv6."""
    names = NameServer({"v4.example": {"127.0.0.5"}, "v6.example": {"fe80::1"}})
    hosts = OccupiedHosts(names.resolve, clock)
    rows = (("a", "v4.example"), ("b", "v6.example"), ("c", "::ffff:127.0.0.6"))
    await hosts.take([record(target, protocol="modbus", host=host) for target, host in rows])

    found = [await hosts.by(host) for host in ("127.0.0.5", "fe80::1", "127.0.0.6")]

    assert found == ["hagen/a", "hagen/b", "hagen/c"]


async def test_a_target_that_comes_during_a_lookup_is_known_after_it(clock: Clock) -> None:
    """Records are taken by another task."""
    hosts: OccupiedHosts

    async def resolve(name: str) -> set[str] | None:
        if name == "plc":
            await hosts.take([record("b", protocol="modbus", host="plc-2")])
        return {"plc": {"127.0.0.7"}, "plc-2": {"127.0.0.8"}}[name]

    hosts = OccupiedHosts(resolve, clock)
    await hosts.take([record("a", protocol="modbus", host="plc")])
    await hosts.by("127.0.0.7")
    assert await hosts.by("127.0.0.8") == "hagen/b"

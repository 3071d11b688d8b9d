"""Hosts that are targets already."""

from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import ParseDict

from isthmus.collector.handlers.occupied import RESOLVED_S, OccupiedHosts
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

    async def resolve(self, name: str) -> set[str]:
        self.asked += 1
        return self.known.get(name, set())

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

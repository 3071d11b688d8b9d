"""What the zones topic makes the engine do."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict

from isthmus.collector.domain.envelope import Envelope, Window, Zone
from isthmus.collector.handlers.zones import Zones
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import envelope_pb2 as pb


@dataclass(frozen=True)
class Raw:
    """A record as the consumer hands it over."""

    key: bytes | None
    value: bytes | None
    partition: int = 0
    offset: int = 0
    topic: str = "inventory.zones.hagen.v1"
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Governed:
    """What the engine was told, and what was refused."""

    told: list[dict[str, Zone]] = field(default_factory=list)
    letters: list[Outgoing] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.zones = Zones("hagen", self.govern, self.letters.append)

    def govern(self, zones: Iterable[Zone]) -> None:
        self.told.append({zone.path: zone for zone in zones})

    @property
    def now(self) -> dict[str, Zone]:
        return self.told[-1]


@pytest.fixture
def governed() -> Governed:
    """An engine that hears of zones."""
    return Governed()


def record(path: str = "", *, site: str = "hagen", **fields: Any) -> Raw:
    """One zone record."""
    message = ParseDict({"site": site, "path": path, **fields}, pb.Zone())
    key = f"{site}/{path}" if path else site
    return Raw(key.encode(), message.SerializeToString())


async def test_the_engine_hears_of_all_zones_at_once(governed: Governed) -> None:
    """Once for a batch; each record replaces its zone, a tombstone ends it."""
    window = {"days": ["mon"], "start": "06:00", "end": "18:00", "time_zone": "Europe/Berlin"}
    rules = {"gap_s": 0.5, "items_max": 20, "windows": [window]}
    press: dict[str, Any] = {
        "envelope": rules,
        "do_not_poll": ["10.0.0.0/8"],
        "safety_controllers": ["sis-1"],
    }
    await governed.zones.take([record("e/press", **press), record(envelope={"paused": True})])
    assert governed.told == [
        {
            "e/press": Zone(
                "e/press",
                Envelope(
                    gap_s=0.5,
                    items_max=20,
                    windows=(Window(("mon",), "06:00", "18:00", "Europe/Berlin"),),
                ),
                ("10.0.0.0/8",),
                ("sis-1",),
            ),
            "": Zone("", Envelope(paused=True)),
        }
    ]
    await governed.zones.take([record(), Raw(b"hagen/e/press", None)])
    assert governed.now == {"": Zone()}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (Raw(b"hagen/e", b"\xff\xff"), b"are no isthmus.telemetry.v1.Zone"),
        (record("e", envelope={"gap_s": -3}), b"zone hagen/e: envelope.gap_s: -3.0, expected 0"),
        (record("e", do_not_poll=["10.0.0.0/99"]), b"do_not_poll: '10.0.0.0/99'"),
        (Raw(b"hagen/e", record("f").value), b"hagen/f: stands at key 'hagen/e'"),
    ],
)
async def test_rules_that_are_not_understood_pause_what_is_below_them(
    governed: Governed, bad: Raw, reason: bytes
) -> None:
    """They might have been a stop: a dead letter, and nothing is touched until they are mended."""
    await governed.zones.take([record("g"), bad])
    [letter] = governed.letters
    assert letter.topic == "collector.dlq"
    assert letter.value == bad.value
    assert reason in dict(letter.headers)["dlq-reason"]
    assert set(governed.now) == {"e", "g"}
    assert governed.now["e"].envelope.paused
    assert "its rules are not understood: " in governed.now["e"].envelope.reason
    await governed.zones.take([record("e")])
    assert not governed.now["e"].envelope.paused


@pytest.mark.parametrize("key", [b"lyon", b"lyon/e", b"", None])
async def test_a_record_of_another_site_is_refused_and_pauses_nothing(
    governed: Governed, key: bytes | None
) -> None:
    """It says nothing of this site."""
    await governed.zones.take([Raw(key, record("e", site="lyon").value)])
    assert len(governed.letters) == 1
    assert governed.now == {}


async def test_zones_may_come_from_a_file(governed: Governed) -> None:
    """All of them at once; one that is wrong changes nothing."""
    governed.zones.want([{"site": "hagen", "path": "e", "envelope": {"gap_s": 1}}])
    assert governed.now == {"e": Zone("e", Envelope(gap_s=1))}
    with pytest.raises(Rejected, match=r"zone hagen: envelope.gap: "):
        governed.zones.want([{"site": "hagen", "envelope": {"gap": 1}}])
    with pytest.raises(Rejected, match=r"lyon: stands at key"):
        governed.zones.want([{"site": "lyon"}])
    assert len(governed.told) == 1


async def test_the_end_of_another_sites_zone_ends_none_of_ours(governed: Governed) -> None:
    """A stray tombstone must not lift a pause."""
    await governed.zones.take([record(envelope={"paused": True}), Raw(b"lyon", None)])
    await governed.zones.take([Raw(b"lyon/e/press", None)])
    assert governed.now[""].envelope.paused


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"donot_poll": ["10.0.0.0/8"]}, "donot_poll: unknown field"),
        ({"path": "e/press/"}, "path: 'e/press/', expected names separated by single slashes"),
        ({"path": "/e"}, "path: '/e', expected names separated by single slashes"),
        ({"path": "e//press"}, "path: 'e//press', expected names separated by single slashes"),
    ],
)
def test_a_rule_that_would_hold_for_nobody_is_refused(
    governed: Governed, fields: dict[str, Any], reason: str
) -> None:
    """A typing error must not poll what somebody forbade."""
    with pytest.raises(Rejected, match=reason):
        governed.zones.want([{"site": "hagen", **fields}])

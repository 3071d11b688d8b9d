"""What the inventory says stands behind each source."""

from types import SimpleNamespace
from typing import Any

from isthmus.alerting.domain.alarms.alarm import Place, alarm_id
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.assets.v1.asset_pb2 import Asset


def record(id: str, *sources: str, value: bytes | None = None, gone: bool = False) -> Any:
    asset = Asset(id=id, site="hagen", path="p", sources=sources)
    setattr(asset, "class", "robot")
    value = None if gone else value or asset.SerializeToString()
    return SimpleNamespace(
        key=id.encode(), value=value, headers=[], topic="t", partition=0, offset=0
    )


def test_every_source_of_an_asset_leads_to_it_until_the_asset_loses_it() -> None:
    """A tombstone, a source that moved, a record that is none."""
    assets = Assets()
    assets.handle(record("a", "hagen/1", "hagen/2"))
    assets.handle(record("a", value=b"\xff"))
    assert assets.place("hagen/1") == assets.place("hagen/2") == Place("a", "robot", "p")
    assets.handle(record("a", "hagen/2"))
    assert assets.place("hagen/1") is None
    assets.handle(record("a", gone=True))

    assert assets.place("hagen/2") is None


def test_a_merged_asset_takes_its_source_along() -> None:
    """The tombstone of the old one may come after the new one."""
    assets = Assets()
    assets.handle(record("old", "hagen/1"))
    assets.handle(record("new", "hagen/1"))
    assets.handle(record("old", gone=True))

    assert assets.place("hagen/1") == Place("new", "robot", "p")


def test_a_source_hangs_on_others_of_its_own_endpoint() -> None:
    """Another source of the same asset may be read by itself; an asset that is gone has none."""
    assets = Assets()
    said = Asset(id="a", site="hagen", sources=["hagen/gw/u1", "hagen/sw"], tags=["press"],
                 upstream=["hagen/gw", "hagen/gw/u0"])  # fmt: skip
    assets.handle(record("a", value=said.SerializeToString()))
    assert assets.upstream("hagen/gw/u1") == ["hagen/gw", "hagen/gw/u0"]
    assert assets.upstream("hagen/sw") == assets.upstream("hagen/other") == []
    assert (assets.tags("hagen/sw"), assets.tags("hagen/other")) == (["press"], [])
    assets.handle(record("a", gone=True))

    assert assets.upstream("hagen/gw/u1") == assets.tags("hagen/sw") == []


async def test_it_is_ready_once_the_topic_was_read_to_its_end() -> None:
    """Until then alarms would lack their assets."""
    assets = Assets()
    assert await assets.check() == "inventory.assets.v1 is being read"
    assets.completed()

    assert await assets.check() is None


async def test_an_open_alarm_is_published_again_when_its_asset_becomes_known(
    service: Any, report: Any
) -> None:
    """With the next report, and without a transition."""
    await service.hear(report(0, temperature=85))
    service.assets.handle(record("a", "hagen/t"))
    await service.hear(report(2, temperature=85))
    alarm = service.memory.alarms[alarm_id("hot", "hagen/t")]

    assert (alarm.asset_id, alarm.asset_class, alarm.path, alarm.seq) == ("a", "robot", "p", 1)
    assert len(service.memory.published) == 3
    assert len(service.steps()) == 1


def test_an_alarm_carries_what_stands_when_its_asset_does() -> None:
    """Its line, and how many others report from there."""
    assets = Assets()
    for id in "abc":
        assets.handle(on_line(id))
    assets.handle(on_line("c", gone=True))
    asset = assets.asset("a")
    place = assets.place("hagen/a")

    assert place is not None
    assert place.process_impact == "nordwerk/hagen/press-shop/line-1, where 1 more report"
    assert (place.criticality, place.safety_impact) == ("high", "direct")
    assert asset is not None
    assert assets.placed(asset) == place == assets.place("a")
    assert assets.sources("line", "nordwerk/hagen/press-shop/line-1") == 2
    assert (len(assets), [each.id for each in assets.on(0)]) == (2, ["a", "b"])
    assert list(assets.on(1)) == []


def on_line(id: str, *, gone: bool = False) -> Any:
    path = "nordwerk/hagen/press-shop/line-1/press-1"
    asset = Asset(
        id=id,
        site="hagen",
        path=path,
        sources=[f"hagen/{id}"],
        criticality="high",
        safety_impact="direct",
    )
    return record(id, value=None if gone else asset.SerializeToString(), gone=gone)

"""Batches of reports, as Kafka brings them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.unit.inventory.domain.world import NOON, report, serial
from tests.unit.inventory.memory import MemoryAssets, Service, record, run

from isthmus.inventory.domain.assets.ledger import COARSE
from isthmus.inventory.domain.assets.model import Reachability
from isthmus.inventory.domain.assets.plan import Snapshot
from isthmus.inventory.domain.assets.precedence import Policy
from isthmus.inventory.domain.assets.vocabulary import Origin
from isthmus.inventory.handlers.races import TRIES
from isthmus.inventory.ports.assets import Noted
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable
from isthmus.telemetry.v1 import report_pb2


@dataclass
class Contested(MemoryAssets):
    """A store whose claims others win, some times; notes what it is asked for."""

    lost_races: int = 0
    asked: list[str] = field(default_factory=list)
    away: bool = False

    async def claim(self, claims: Mapping[str, str]) -> bool:
        self.asked.append("claim")
        self.lost_races -= 1
        return self.lost_races < 0 and await super().claim(claims)

    async def snapshot(
        self, claims: Collection[str], endpoints: Collection[str], sources: Collection[str] = ()
    ) -> Snapshot:
        self.asked.append("snapshot")
        return await super().snapshot(claims, endpoints, sources)

    async def unchanged(self, noted: Sequence[Noted]) -> bool:
        if self.away:
            self.away = False
            raise Retryable("store: away")
        return await super().unchanged(noted)


def _plc(second: int, **more: Any) -> Any:
    return report("plc", second, serial("1"), **more)


def test_a_batch_is_written_and_published() -> None:
    """Each asset once, with its trace; nothing is left to the consumer to publish."""
    service = Service()
    batch = Batch([record(report(target, 0)) for target in ("a", "b", "a")])

    assert list(run(service.reports(batch))) == []

    topics = [each.topic for each in service.topic.records]
    assert sorted(topics) == ["inventory.assets.v1"] * 2 + ["inventory.changes.v1"] * 2
    assert all(dict(r.headers)["traceparent"] == b"00-trace" for r in service.topic.records)
    assert (service.counts.kinds, service.counts.same) == (["discovered", "discovered"], 1)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"id": "seven"}, "Report.id: 'seven', expected a UUID"),
        ({"observed_at": None}, "Report.observed_at: empty, expected a time"),
        ({"health": 77}, "Report.health: 77, expected a value of its enum"),
    ],
)
def test_a_wrong_report_is_rejected_and_its_neighbours_go_on(
    wrong: dict[str, Any], says: str
) -> None:
    """A tombstone is passed over, a wrong field is named."""

    def spoil(message: report_pb2.Report) -> None:
        for name, value in wrong.items():
            message.ClearField(name)
            if value is not None:
                setattr(message, name, value)

    service = Service()
    gone: Record[report_pb2.Report] = Record(None, "hagen/x", "normalizer.reports.v1", 0, 7, None)
    batch = Batch([gone, record(report("a", 0), spoil), record(report("b", 0))])

    run(service.reports(batch))

    assert [str(error) for error in batch.rejected.values()] == [says]
    assert [asset.sources for asset in service.store.live.values()] == [("hagen/b",)]


def test_a_lost_race_is_decided_anew() -> None:
    """Nothing is written before the claims are won."""
    store = Contested(lost_races=2)
    service = Service(store)

    run(service.take(_plc(0)))

    assert store.asked == ["snapshot", "claim"] * 3
    assert service.counts.races == 2
    assert len(store.live) == 1


def test_races_without_end_leave_the_batch_for_later() -> None:
    """After some tries the consumer backs off; the batch comes again."""
    service = Service(Contested(lost_races=TRIES))

    with pytest.raises(Retryable, match="8 times in a row"):
        run(service.reports(Batch([record(_plc(0))])))

    assert service.store.versions == {}


def test_who_says_the_same_again_costs_no_read() -> None:
    """The first repetition is noted; from then on only the time is."""
    store = Contested()
    service = Service(store)
    run(service.consume([[_plc(0)], [_plc(10)]]))
    store.asked.clear()

    run(service.consume([[_plc(second)] for second in (20, 21, 30)]))

    assert store.asked == []
    assert len(store.versions) == 1
    assert store.noted["hagen/plc"][1] == _plc(30).observed_at
    assert service.counts.same == 4


def test_an_asset_knows_ten_minutes_coarse_when_it_was_seen() -> None:
    """Its sources know better; neither makes a version."""
    service = Service()
    end = int(COARSE.total_seconds())
    run(service.consume([[_plc(second)] for second in (0, 10, end - 5, end + 10)]))

    (asset,) = service.store.live.values()
    assert (asset.last_seen_at, asset.revision) == (NOON.replace(minute=10, second=10), 1)


def test_news_of_an_endpoint_is_looked_at_with_all_that_stands_behind_it() -> None:
    """A unit that says the same is offline all the same when its gateway is."""
    service = Service()
    units = [
        [report("gw", second, serial(n), device=f"unit-{n}") for n in "12"] for second in (0, 10)
    ]
    run(service.consume(units))
    silent = report("gw", 19, offline=True)

    run(service.take(silent))
    assert {a.reachability for a in service.store.live.values()} == {Reachability.OFFLINE}
    again = [report("gw", 20, serial(n), device=f"unit-{n}") for n in "12"]
    run(service.take(*again))

    assert {a.reachability for a in service.store.live.values()} == {Reachability.ONLINE}


def test_what_another_has_changed_of_a_source_is_looked_at_again() -> None:
    """Whoever merges or silences an asset unsettles its sources."""
    service = Service()
    run(service.consume([[_plc(0)], [_plc(10)]]))
    run(service.store.unsettle(["hagen/plc"]))
    store = service.store
    store.documents = {
        id: a for id, a in store.documents.items() if a.revision != 1
    }  # the asset is gone
    store.versions.clear()

    run(service.take(_plc(20)))

    assert len(store.live) == 1


def test_a_batch_that_failed_is_noted_when_it_comes_again() -> None:
    """A store that was away for a moment does not make a source unseen for minutes."""
    store = Contested()
    service = Service(store)
    end = int(COARSE.total_seconds()) + 20
    run(service.consume([[_plc(0)], [_plc(10)]]))
    store.away = True

    run(service.take(_plc(end)))

    assert store.noted["hagen/plc"][1] == _plc(end).observed_at
    (asset,) = store.live.values()
    assert asset.last_seen_at == _plc(end).observed_at


def test_a_late_report_changes_nothing() -> None:
    """Whatever it says: its source was heard of since."""
    service = Service()
    run(service.consume([[_plc(second, attributes={"firmware": "2"})] for second in (0, 10, 20)]))

    run(service.take(_plc(15, attributes={"firmware": "1"})))

    (asset,) = service.store.live.values()
    assert (asset.attributes, asset.revision) == ({"firmware": "2"}, 1)


def test_a_late_silence_of_a_gateway_does_not_silence_what_was_heard_since() -> None:
    """Nor does it make a history of falling silent and coming back."""
    service = Service()
    run(service.consume([[report("gw", second, serial("1"), device="unit-1")]
                         for second in (0, 10, 20)]))  # fmt: skip

    run(service.take(report("gw", 15, offline=True)))

    (asset,) = service.store.live.values()
    assert asset.reachability is Reachability.ONLINE


def test_another_policy_decides_what_comes_from_then_on() -> None:
    """What it says of a field holds for every report."""
    service = Service()
    service.reports.follow(Policy({"firmware": ("import",)}))
    row = report("erp:1", 0, serial("1"), origin=Origin.IMPORT, attributes={"firmware": "9"})

    run(service.take(row, _plc(0, attributes={"firmware": "1"})))

    (asset,) = service.store.live.values()
    assert asset.attributes["firmware"] == "9"

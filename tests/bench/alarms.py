"""Rows of many open alarms, and of a service that is killed all the time; in this process.

The cheapest of several rounds counts: whatever else the machine does can only make one dearer.
"""

import argparse
import asyncio
import gc
import time
import tracemalloc
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from isthmus.alerting.adapters.alarms import documents
from isthmus.alerting.domain.alarms.alarm import REPORTS, Alarm, Behaviour, Condition, alarm_id
from isthmus.alerting.domain.rules.conditions import Limit, Limits, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.timers import Timers
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.inventory import NoSources
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.report_pb2 import Report
from tests.bench.recording import Recorded
from tests.bench.rig import Row
from tests.unit.alerting.world import World

START = datetime(2026, 1, 1, tzinfo=UTC)
FEW, MANY = 1_000, 100_000
SOURCES = 1_000
ROUNDS = 9
BYTES_MAX = 2_048
SAMPLES = 100_000
PLANT_SOURCES = 120
RULE = Rule(
    "temperature-high",
    "high",
    "Temperature of {source} is {value:.1f} {unit}, above {limit:.0f} {unit}",
    "Check cooling and load; stop the machine if the temperature keeps rising.",
    Threshold("temperature", "Cel", Limits((Limit(80.0),), deadband=5)),
    Behaviour(realarm=timedelta(hours=8)),
    consequence="equipment",
)


class Opened:
    """Stands for the store: so many open alarms, and what is written is kept nowhere."""

    def __init__(self, count: int) -> None:
        self._count = count

    async def write(self, versions: Sequence[Any]) -> set[str]:
        """Take them."""
        return set()

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """There is none."""
        return {}

    async def open(self, stream: str, partition: int, after: str, limit: int) -> list[Alarm]:
        """As the store's documents give them: each with texts of its own."""
        begin = int(after or 0)
        ends = min(begin + limit, self._count)
        return [_loaded(number) for number in range(begin, ends)]


async def open_alarms(_: Recorded) -> AsyncIterator[Row]:
    """A report's cost and an alarm's memory with 100,000 alarms open in one partition."""
    few, many = await _judge(FEW), await _judge(MANY)
    costs: dict[int, list[float]] = {FEW: [], MANY: []}
    for minute in range(ROUNDS + 1):
        for count, judge in ((FEW, few), (MANY, many)):
            costs[count].append(await _cost_s(*judge, minute))
    least = {count: min(found[1:]) for count, found in costs.items()}
    print(", ".join(f"{count:,} open: {s * 1e6:.1f} us" for count, s in least.items()))
    yield Row("alerting.open_alarms", least[MANY] / least[FEW], "", 1.0, "1.25")
    yield Row("alerting.open_alarm_bytes", await _bytes(), "B", float(BYTES_MAX), "2048")


async def crashed(_: Recorded) -> AsyncIterator[Row]:
    """Transitions that differ from the reference interpreter's, with a kill every 20 s."""
    different, told = await _differences(SAMPLES)
    yield Row("alerting.crash_differences", float(different), "", float(told), "0")


async def _differences(samples: int) -> tuple[int, int]:
    world = World(seed=1, sources=PLANT_SOURCES)
    await world.run(round(samples / PLANT_SOURCES / 1.09))
    ours, expected = world.published(), world.expected()
    told = sum(map(len, expected.values()))
    print(
        f"{world.samples:,} samples, of these {world.repeated:,} again and {world.reordered:,} "
        f"times some out of their order; {world.crashes} kills; {told:,} transitions"
    )
    different = 0
    for id in ours.keys() | expected.keys():
        different += len(set(ours.get(id, [])) ^ set(expected.get(id, [])))
        different += ours.get(id, []) != expected.get(id, [])
    return different, told


async def _judge(count: int) -> tuple[Reports, Timers]:
    book, store, sources, assets = RuleBook([RULE]), Opened(count), NoSources(), Assets()
    owned = Owned(store, sources, lambda: START)  # type: ignore[arg-type]
    ledger = Ledger(
        store,  # type: ignore[arg-type]
        rules=book.by_name.get,
        written=lambda: None,
        transitioned=lambda alarm, step: None,
    )
    await owned.on_partitions_assigned([SimpleNamespace(partition=0)])
    await owned.load_assigned()
    reports = Reports(owned, ledger, assets, book, sources, lambda: START)
    gc.collect()
    gc.freeze()  # as `isthmus.runtime.garbage` does in every service
    return reports, Timers(owned, ledger, assets, book, lambda: START)


async def _cost_s(judge: Reports, timers: Timers, minute: int) -> float:
    """Processor time of one report of a source with an open alarm, and its share of the timers."""
    records = [_record(number, minute) for number in range(SOURCES)]
    began = time.process_time()
    await judge.handle(Batch(records))
    await timers.fire()
    timers.delay_s()
    return (time.process_time() - began) / SOURCES


async def _bytes() -> float:
    """Memory of one of MANY open alarms as its owner keeps it, with its deadline."""
    owned = Owned(Opened(MANY), NoSources(), lambda: START)  # type: ignore[arg-type]
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await owned.on_partitions_assigned([SimpleNamespace(partition=0)])
    await owned.load_assigned()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / MANY


def _loaded(number: int) -> Alarm:
    name = f"hagen/press-plc-{number}"
    alarm = Alarm(
        id=alarm_id(RULE.name, name),
        rule=RULE.name,
        subject=name,
        site="hagen",
        path=f"nordwerk/hagen/press-shop/line-{number % 50}/press-{number}",
        priority="high",
        first_action=RULE.first_action,
        watches="temperature",
        partition=0,
        stream=REPORTS,
        consequence="equipment",
        asset_id=alarm_id("asset", name),
        asset_class="plc",
        condition=Condition.ACTIVE,
        message=f"Temperature of {name} is 85.{number} Cel, above 80 Cel",
        value=85.0 + number / 1000,
        unit="Cel",
        raised_at=START - timedelta(seconds=number),
        acknowledged_at=START - timedelta(milliseconds=number),
        acknowledged_by="shift-lead-2",
        realarm_at=START + timedelta(hours=8, milliseconds=number),
        seq=2,
        revision=2,
    )
    # The cursor of the page is the number; what is kept is the alarm as the store gives it.
    found = documents.alarm({"_id": f"{number + 1:08d}", **_apart(documents.document(alarm))})
    return replace(found, asset_class="plc")


def _apart(document: dict[str, Any]) -> dict[str, Any]:
    """Texts as they come from a server: none is shared."""
    return {n: v.encode().decode() if isinstance(v, str) else v for n, v in document.items()}


def _record(number: int, minute: int) -> Record[Report]:
    report = Report(
        site="hagen",
        target=f"press-plc-{number}",
        interval_s=60,
        metric=["temperature"],
        value=[85.0],
        unit=["Cel"],
    )
    report.observed_at.FromDatetime(START + timedelta(minutes=minute, milliseconds=number))
    return Record(report, report.target, REPORTS, 0, number, None)


def main() -> None:
    """The proof with as many samples as asked for: `python -m tests.bench.alarms 1000000`."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.alarms", description=__doc__)
    parser.add_argument("samples", type=int)
    different, told = asyncio.run(_differences(parser.parse_args().samples))
    print(f"{different} of {told:,} transitions differ from the reference interpreter's")


if __name__ == "__main__":
    main()

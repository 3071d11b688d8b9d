"""Rows of alerting's own work, in this process: no broker, no store, the golden reports.

The cheapest of several rounds counts: whatever else the machine does can only make one dearer.
"""

import gc
import json
import time
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

from google.protobuf.json_format import ParseDict

from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.rules.conditions import Limit, Limits, Threshold
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.inventory import NoSources
from isthmus.alerting.handlers.rules.reports import Reports
from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Batch
from isthmus.telemetry.v1.report_pb2 import Report
from tests.bench.recording import REPORTS, Recorded
from tests.bench.rig import ROOT, Row

GOLDEN = ROOT / "tests" / "golden"
BATCH = 500
SOURCES = 1_000
ROUNDS = 9
SIZES = (60, 600, 6_000)
CONCERN = 5
REQUIRED = ("id", "site", "target", "observed_at")
START = datetime(2026, 1, 1, tzinfo=UTC)
Records = list[Any]


async def core(_: Recorded) -> AsyncIterator[Row]:
    """Reports of sources heard before, judged by the shipped rules, beside decoding them alone."""
    rules = [part.rule() for part in load(SHIPPED).rules]
    well, ill = await _told_apart(rules)
    for name, reports in (("", well), ("_in_alarm", ill)):
        ours, floor = await _compared(rules, reports)
        print(f"{len(rules)} rules: {ours * 1e6:.1f} us a report, {floor * 1e6:.1f} us decode")
        goal = "" if name else "0.4 of decode"
        yield Row(f"alerting.core{name}_per_cpu_s", 1 / ours, "1/s", 1 / floor, goal)


async def flatness(_: Recorded) -> AsyncIterator[Row]:
    """The cost of a report with 60, 600 and 6,000 rules of which 5 concern it."""
    judges = [(await _judge(_sized(size), next(_rounds(_metered()))))[0] for size in SIZES]
    costs: list[list[float]] = [[] for _ in SIZES]
    estate = _rounds(_metered())
    for records in (next(estate) for _ in range(ROUNDS + 1)):
        for judge, found in zip(judges, costs, strict=True):
            found.append(await _cost_s(judge, records))
    least = [min(found[1:]) for found in costs]
    print(", ".join(f"{n}: {s * 1e6:.1f} us" for n, s in zip(SIZES, least, strict=True)))
    yield Row("alerting.flatness", max(least) / min(least), "", 1.0, "1.25")


class Emptied:
    """Stands for the store of alarms: what is written is kept nowhere and nobody was first."""

    async def write(self, versions: Sequence[Any]) -> set[str]:
        """Take them."""
        return set()

    async def find(self, ids: Collection[str]) -> dict[str, Alarm]:
        """There is none."""
        return {}

    async def open(self, *_: Any) -> list[Alarm]:
        """There is none."""
        return []


async def _compared(rules: Sequence[Rule], reports: Sequence[Report]) -> tuple[float, float]:
    """Seconds for one report, judged and only decoded."""
    estate = _rounds(reports)
    judge, _ = await _judge(rules, next(estate))
    ours, floor = [], []
    for records in (next(estate) for _ in range(ROUNDS)):
        ours.append(await _cost_s(judge, records))
        floor.append(_floor_s(records))
    return min(ours), min(floor)


async def _told_apart(rules: Sequence[Rule]) -> tuple[list[Report], list[Report]]:
    """The golden reports of devices that are well, and of those that have an alarm.

    Golden devices are ill more often than others: they are there to show how illness is told.
    """
    reports = _golden()
    _, owned = await _judge(rules, [_record(r, n, 0) for n, r in enumerate(reports)])
    [partition] = owned.loaded
    told: tuple[list[Report], list[Report]] = ([], [])
    for number, report in enumerate(reports):
        told[_key(report, number) in partition.open].append(report)
    return told


async def _judge(rules: Iterable[Rule], records: Records) -> tuple[Reports, Owned]:
    """A judge that has heard `records`, and what it keeps of them."""
    book, store, sources, assets = RuleBook(rules), Emptied(), NoSources(), Assets()
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
    await _cost_s(reports, records)
    gc.collect()
    gc.freeze()  # as `isthmus.runtime.garbage` does in every service
    return reports, owned


async def _cost_s(judge: Reports, records: Records) -> float:
    """Processor time of one report, from its bytes to what it means for alarms."""
    began = time.process_time()
    for first in range(0, len(records), BATCH):
        await judge.handle(_decoded(records[first : first + BATCH]))
    return (time.process_time() - began) / len(records)


def _floor_s(records: Records) -> float:
    began = time.process_time()
    for first in range(0, len(records), BATCH):
        _decoded(records[first : first + BATCH])
    return (time.process_time() - began) / len(records)


def _decoded(records: Records) -> Batch[Report]:
    return Batch([decode(record, Report, required=REQUIRED) for record in records])


def _sized(size: int) -> list[Rule]:
    """So many rules, of which CONCERN concern a power meter."""
    limits = Limits((Limit(1e9),), deadband=1)
    names = ("energy", "active_power", "voltage", "current", "frequency")
    units = ("kW.h", "kW", "V", "A", "Hz")
    ours = [
        Rule(f"meter-{n}", "low", "{source}", "Look.", Threshold(n, u, limits))
        for n, u in zip(names, units, strict=True)
    ]
    others = [
        Rule(
            f"other-{n}",
            "low",
            "{source}",
            "Look.",
            Threshold(f"{names[n % CONCERN]}_{n}" if n % 2 else names[n % CONCERN], "1", limits),
            classes=frozenset() if n % 2 else frozenset({f"class_{n % 50}"}),
        )
        for n in range(size - CONCERN)
    ]
    return [*ours, *others]


@cache
def _golden() -> tuple[Report, ...]:
    """The golden reports of devices that answered, at their own intervals."""
    found = []
    for file in sorted(GOLDEN.glob("*/report.json")):
        for content in json.loads(file.read_text()).get("reports", []):
            found.append(ParseDict(content, Report()))
    return tuple(found)


@cache
def _metered() -> tuple[Report, ...]:
    """Those with at least three metrics, as power meters."""
    found = []
    for report in _golden():
        if len(report.metric) >= 3:
            metered = Report()
            metered.CopyFrom(report)
            for attribute in metered.attributes:
                if attribute.name == "class":
                    attribute.value = "power_meter"
            found.append(metered)
    return tuple(found)


def _rounds(reports: Sequence[Report]) -> Iterator[Records]:
    """SOURCES sources that say the same again, a minute later each time."""
    minute = 0
    while True:
        yield [_record(reports[n % len(reports)], n, minute) for n in range(SOURCES)]
        minute += 1


def _record(report: Report, number: int, minute: int) -> Any:
    said = Report()
    said.CopyFrom(report)
    said.target = f"{report.target}-{number}"
    said.observed_at.FromDatetime(START + timedelta(minutes=minute, milliseconds=number))
    said.interval_s = 60
    return SimpleNamespace(
        value=said.SerializeToString(),
        key=_key(report, number).encode(),
        topic=REPORTS,
        partition=0,
        offset=minute * SOURCES + number,
        headers=[("ce_type", b"isthmus.telemetry.v1.Report")],
    )


def _key(report: Report, number: int) -> str:
    return "/".join(filter(None, (report.site, f"{report.target}-{number}", report.device)))

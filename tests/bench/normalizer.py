"""Rows of the normaliser's own work, in this process: no broker, no wire, the golden observations.

The cheapest of several rounds counts: whatever else the machine does can only make one dearer.
"""

import asyncio
import contextlib
import gc
import io
import random
import string
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from aiokafka import ConsumerRecord
from google.protobuf.json_format import Parse
from prometheus_client import CollectorRegistry

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.adapters.patterns import compiled, united
from isthmus.normalizer.domain.catalog import Catalog
from isthmus.normalizer.domain.families import Families, Family, Recogniser
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers.cases import Nothing
from isthmus.normalizer.handlers.observations import REQUIRED, is_picture, observation
from isthmus.normalizer.handlers.reports import TOPIC, Handler
from isthmus.runtime.codec import Outgoing, decode, encode, new_traceparent
from isthmus.runtime.consume import Batch, Consumer
from isthmus.runtime.errors import Rejected
from isthmus.runtime.metrics import Metrics
from isthmus.runtime.settings import Consume
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report
from tests.bench.recording import OBSERVATIONS, Recorded
from tests.bench.rig import ROOT, Row

GOLDEN = ROOT / "tests" / "golden"
BATCH = 500
DEVICES = 1_000
ROUNDS = 7
POISONED_ROUNDS = 25
SIZES = (50, 500, 5_000)
KEPT = 40  # families of the catalogue that comes with us, in the smallest of the generated ones
UNEVEN: dict[str, Any] = {"path": "behind", "outcome": 1, "fact": ["without its text"]}
Records = list[Any]


async def core(_: Recorded) -> AsyncIterator[Row]:
    """Observations of devices met before, beside the least that any program has to do with them.

    That is: decode the same observations, copy the same reports, encode them.
    """
    handler = Handler(Normalizer(await _shipped()), Nothing())
    estate = _rounds(_golden())
    made = await _made(handler, next(estate))
    gc.collect()
    gc.freeze()  # as `isthmus.runtime.garbage` does in every service
    ours, floor = [], []
    for records in (next(estate) for _ in range(ROUNDS)):
        ours.append(await _cost_s(handler, records))
        floor.append(_floor_s(records, made))
    goal = "0.4 of decode, copy, encode; 8,000"
    yield Row("normalizer.core_per_cpu_s", 1 / min(ours), "1/s", 1 / min(floor), goal)


async def flatness(_: Recorded) -> AsyncIterator[Row]:
    """The cost of an observation with 50, 500 and 5,000 families, the dearest to the cheapest.

    First of devices met before, then of devices that were never met.
    """
    shipped = await _shipped()
    observed, kept = _kept(shipped)
    handlers = [Handler(Normalizer(_sized(shipped, kept, size)), Nothing()) for size in SIZES]
    for name, estate in (("", _rounds(observed)), ("_cold", _strangers(observed))):
        costs: list[list[float]] = [[] for _ in handlers]
        for records in (next(estate) for _ in range(ROUNDS + 1)):
            for handler, found in zip(handlers, costs, strict=True):
                found.append(await _cost_s(handler, records))
        # The first round is that of the automata, which learn what texts look like.
        least = [min(found[1:]) for found in costs]
        print(", ".join(f"{n}: {s * 1e6:.0f} us" for n, s in zip(SIZES, least, strict=True)))
        yield Row(f"normalizer.flatness{name}", max(least) / min(least), "", 1.0, "1.2")


async def poisoned(_: Recorded) -> AsyncIterator[Row]:
    """Milliseconds more for a batch of 500 with one bad record: the dearest kind of several."""
    handler = Handler(Normalizer(await _shipped()), Nothing())
    clean = next(_rounds(_golden()))[:BATCH]
    poisons = _poisons(clean[BATCH // 2])
    batches: list[Records] = [clean, *(_with(clean, poison) for poison in poisons)]
    spent: list[list[float]] = [[] for _ in batches]
    with contextlib.redirect_stdout(io.StringIO()):  # the log lines are made, and go nowhere
        for _round in range(POISONED_ROUNDS):
            for batch, times in zip(batches, spent, strict=True):
                times.append(await _consumed_s(handler, batch))
    clean_ms, *others_ms = (min(times) * 1000 for times in spent)
    yield Row("normalizer.poisoned_ms", max(others_ms) - clean_ms, "ms", clean_ms, "2 ms")


class Nowhere:
    """Stands for Kafka: what is published goes nowhere, and a partition has no end."""

    async def publish(self, records: Sequence[Outgoing]) -> None:
        """Take them."""

    def highwater(self, partition: object) -> int:
        """Nobody knows."""
        return 0


async def _consumed_s(handler: Handler, records: Records) -> float:
    kafka: Any = Nowhere()
    consumer = Consumer(
        "normalizer", OBSERVATIONS, Observation, REQUIRED, handler, Consume(), kafka,
        Metrics("normalizer", CollectorRegistry()), asyncio.Event(),
    )  # fmt: skip
    began = time.process_time()
    await consumer(records, kafka)
    return time.process_time() - began


def _poisons(record: Any) -> Iterator[Any]:
    """No protobuf; no id; columns that do not stand side by side."""
    yield replace(record, value=b"\xff\xfe no protobuf \x00")
    for mistake in (Observation(id="no uuid"), Observation(devices=[UNEVEN])):
        wrong = Observation.FromString(record.value)
        wrong.MergeFrom(mistake)
        yield replace(record, value=wrong.SerializeToString())


def _with(clean: Records, poison: Any) -> Records:
    return [*clean[: BATCH // 2], poison, *clean[BATCH // 2 + 1 :]]


async def _cost_s(handler: Handler, records: Records) -> float:
    """Processor time of one observation, from its bytes to those of its reports."""
    began = time.process_time()
    for first in range(0, len(records), BATCH):
        await handler(_decoded(records[first : first + BATCH]))
    return (time.process_time() - began) / len(records)


async def _made(handler: Handler, records: Records) -> dict[bytes, list[Report]]:
    """The reports of the records by their key; the handler has met the devices then."""
    made: dict[bytes, list[Report]] = {}
    for record in records:
        outgoing = await handler(_decoded([record]))
        said = [r.value or b"" for r in outgoing if r.topic == TOPIC]
        made[record.key] = [Report.FromString(value) for value in said]
    return made


def _floor_s(records: Records, made: dict[bytes, list[Report]]) -> float:
    began = time.process_time()
    for record in records:
        read = decode(record, Observation, required=REQUIRED)
        assert read.message is not None
        at = read.message.observed_at.ToDatetime(UTC)
        for report in made[record.key]:
            copy = Report()
            copy.CopyFrom(report)
            encode(copy, topic=TOPIC, key=read.key, id=copy.id, source="floor", at=at,
                   traceparent=read.traceparent)  # fmt: skip
    return (time.process_time() - began) / len(records)


def _decoded(records: Records) -> Batch[Observation]:
    return Batch([decode(record, Observation, required=REQUIRED) for record in records])


async def _shipped() -> Catalog:
    return await asyncio.to_thread(adapter.load, adapter.SHIPPED)


@cache
def _golden() -> tuple[Observation, ...]:
    """The golden observations that the normaliser takes and that show a device."""
    found = (Parse(f.read_text(), Observation()) for f in GOLDEN.glob("*/observation.json"))
    return tuple(sorted(filter(_is_good, found), key=lambda message: message.target))


def _is_good(message: Observation) -> bool:
    with contextlib.suppress(Rejected, ValueError):
        uuid.UUID(message.id)
        return bool(is_picture(message) and observation(message).devices)
    return False


def _rounds(observed: Sequence[Observation]) -> Iterator[Records]:
    """DEVICES devices that say the same again, a minute later each time."""
    minute = 0
    while True:
        yield [_record(observed[n % len(observed)], n, n, minute) for n in range(DEVICES)]
        minute += 1


def _strangers(observed: Sequence[Observation]) -> Iterator[Records]:
    """DEVICES devices of the same kinds each time, which nobody has seen."""
    site = 10 * DEVICES
    while True:
        yield [_record(observed[n % len(observed)], n, site + n, 0) for n in range(DEVICES)]
        site += DEVICES


def _record(message: Observation, number: int, site: int, minute: int) -> Any:
    seen = Observation()
    seen.CopyFrom(message)
    seen.id = str(uuid.UUID(int=random.Random(f"{site} {minute}").getrandbits(128)))
    seen.site = f"{message.site}-{site}"
    for stamp in (seen.observed_at, seen.slot_at):
        stamp.seconds += 60 * minute
    key = f"{seen.site}/{seen.target}"
    made = encode(
        seen, topic=OBSERVATIONS, key=key, id=seen.id, source="bench", at=datetime.now(UTC),
        traceparent=new_traceparent(seen.id),
    )  # fmt: skip
    key_bytes, value = made.key or b"", made.value or b""
    return ConsumerRecord(
        OBSERVATIONS, 0, number, 0, 0, key_bytes, value, None, len(key_bytes), len(value),
        tuple(made.headers),
    )  # fmt: skip


def _kept(shipped: Catalog) -> tuple[list[Observation], list[Family]]:
    """Observations that at most KEPT families are known by, and those families."""
    normalizer, kept = Normalizer(shipped), dict[str, Family]()
    observed = []
    for message in _golden():
        seen = observation(message)
        hits = [h for d in seen.devices for h in normalizer.evidence(seen, d).hits]
        families = {hit.family.name: hit.family for hit in hits}
        if len(kept | families) <= KEPT:
            kept |= families
            observed.append(message)
    return observed, list(kept.values())


def _sized(shipped: Catalog, kept: Sequence[Family], size: int) -> Catalog:
    """The catalogue with so many families: those kept, and made-up ones of all its vendors."""
    chance = random.Random(size)
    made = [_family(shipped, number, chance) for number in range(size - len(kept))]
    return replace(shipped, families=Families([*kept, *made], united))


def _family(shipped: Catalog, number: int, chance: random.Random) -> Family:
    """A made-up family, known in as many ways as real ones: by model, order code, text, object."""
    vendor = shipped.vendors[number % len(shipped.vendors)]
    word = "".join(chance.choices(string.ascii_uppercase, k=chance.randint(2, 5)))
    model = compiled(rf"^{word}[ -]?{number}\d?")
    ways = [Recogniser({"model": model}), Recogniser({"order_code": compiled(rf"^{word}{number}")})]
    if number % 3 == 0:
        text = compiled(rf"{word}{number} .*Version (?P<software>[^ ,]+)")
        ways.append(Recogniser({"sysDescr": text}))
    if number % 5 == 0:
        ways.append(Recogniser({"model": compiled(rf"^{word}-{number}")}, alone=True))
    oids = {f"1.3.6.1.4.1.{pen}.7.{number}": f"{word}-{number}" for pen in vendor.pens}
    return Family(f"made-{number}", f"{word} {number}", "plc", vendor.name, tuple(ways), oids)

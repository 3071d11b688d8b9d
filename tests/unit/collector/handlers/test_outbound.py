"""Records on their way to Kafka."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.collector.adapters.spool import MemorySpool
from isthmus.collector.handlers.observations import Observed
from isthmus.collector.handlers.outbound import LINGER_S, LIVE_S, TOUCHES, Outbound
from isthmus.collector.ports import Depth, Taken
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected, Retryable

OBSERVATIONS = "collector.observations.v1"


@dataclass
class Counted:
    """A measure."""

    drops: Counter[str] = field(default_factory=Counter)
    replays: int = 0
    depths: list[Depth] = field(default_factory=list)

    def dropped(self, records: int, reason: str) -> None:
        self.drops[reason] += records

    def replayed(self, records: int) -> None:
        self.replays += records

    def holds(self, depth: Depth) -> None:
        self.depths.append(depth)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Kafka:
    """Takes records, unless it is away or a record is too large."""

    def __init__(self) -> None:
        self.away = False
        self.refused: set[int] = set()
        self.batches: list[list[int]] = []

    async def publish(self, records: Iterable[Outgoing]) -> None:
        numbers = [int(record.value or b"") for record in records]
        await asyncio.sleep(0)
        if self.away:
            raise Retryable("kafka: away")
        if self.refused & set(numbers):
            raise Rejected("record: too large")
        self.batches.append(numbers)

    @property
    def numbers(self) -> list[int]:
        return [number for batch in self.batches for number in batch]


class Disk(MemorySpool):
    """A spool that says of itself that it is durable, may fail, and remembers what it was told."""

    durable = True
    broken = False
    busy: asyncio.Event | None = None
    told: list[Taken]

    async def put(self, taken: Sequence[Taken]) -> Sequence[int]:
        if self.busy:
            await self.busy.wait()
        if self.broken:
            raise Retryable("spool: disk is full")
        self.told = [*getattr(self, "told", []), *taken]
        return await super().put(taken)


@dataclass
class Way:
    """An Outbound with its surroundings."""

    outbound: Outbound
    kafka: Kafka
    spool: Disk
    counted: Counted
    clock: Clock

    async def take(self, *numbers: int) -> None:
        """Put and keep records."""
        for number in numbers:
            self.outbound.put(record(number))
        while self.outbound._arrived:
            await self.outbound.keep()


def record(number: int, topic: str = OBSERVATIONS) -> Outgoing:
    """A record that can be told from the others."""
    return Outgoing(topic, f"s/t{number % 3}".encode(), str(number).encode(), [])


def way(spool: Disk | None = None, clock: Clock | None = None) -> Way:
    kafka, counted, clock = Kafka(), Counted(), clock or Clock()
    spool = spool or Disk(counted, records_max=10_000)
    outbound = Outbound(
        kafka, spool, counted, records_max=1000, replay_records_per_s=100, clock=clock
    )
    return Way(outbound, kafka, spool, counted, clock)


@pytest.fixture
async def path() -> Way:
    """A way to Kafka, entered, that does nothing by itself."""
    made = way()
    await made.outbound.__aenter__()
    return made


async def test_what_finishes_together_goes_together() -> None:
    """Records put within the linger time are one transaction and one batch, in order."""
    made = way()
    async with made.outbound:
        task = asyncio.create_task(made.outbound.run())
        for number in range(100):
            made.outbound.put(record(number))
        async with asyncio.timeout(5):
            while not made.kafka.batches:
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait({task})
    assert made.kafka.batches == [list(range(100))]
    assert (await made.spool.depth()).records == 0
    assert made.counted.depths


async def test_a_record_is_kept_before_it_is_published(path: Way) -> None:
    """What Kafka does not take now is in the spool already."""
    path.kafka.away = True
    await path.take(1, 2)
    assert (await path.spool.depth()).records == 2
    assert not await path.outbound.flush()
    assert (await path.spool.depth()).records == 2


async def test_a_short_outage_changes_no_order(path: Way) -> None:
    """A broker that restarts: what waited goes first, in the order in which it was read."""
    path.kafka.away = True
    await path.take(*range(10))
    assert not await path.outbound.flush()
    path.clock.now += LIVE_S - 1
    await path.take(*range(10, 20))
    path.kafka.away = False
    while path.outbound._live:
        assert await path.outbound.flush()
    assert path.kafka.numbers == list(range(20))
    assert path.counted.replays == 0


async def test_after_a_long_outage_live_records_go_first_and_the_backlog_in_its_order(
    path: Way,
) -> None:
    """Nothing is lost, nothing comes twice, and what waited is emptied from the spool."""
    path.kafka.away = True
    for start in range(0, 100, 10):
        await path.take(*range(start, start + 10))
        assert not await path.outbound.flush()
        path.clock.now += 10
    path.kafka.away = False
    published = 0
    for number in range(100, 120):
        await path.take(number)
        assert await path.outbound.flush()
        assert number in path.kafka.numbers[published:], "a live record waited for the backlog"
        published = len(path.kafka.numbers)
        path.clock.now += 0.5
    numbers = path.kafka.numbers
    live = range(70, 120)
    assert numbers[:31] == list(range(70, 101))
    assert [n for n in numbers if n not in live] == list(range(70))
    assert sorted(numbers) == list(range(120))
    assert path.counted.replays == 70
    assert (await path.spool.depth()).records == 0


async def test_the_backlog_is_replayed_no_faster_than_allowed(path: Way) -> None:
    """The link of a site that comes back is not filled by its past."""
    path.kafka.away = True
    await path.take(*range(500))
    path.clock.now += 2 * LIVE_S
    assert not await path.outbound.flush()
    path.kafka.away = False
    for _ in range(10):
        path.clock.now += 0.1
        assert await path.outbound.flush()
    assert 90 <= path.counted.replays <= 210  # at first it may catch up on one second


async def test_what_an_earlier_process_left_is_replayed_behind_live_records() -> None:
    """After a crash everything in the spool is backlog."""
    counted = Counted()
    spool = Disk(counted, records_max=1000)
    first = way(spool)
    async with first.outbound:
        first.kafka.away = True
        await first.take(1, 2, 3)
    second = way(spool, Clock(5000))
    async with second.outbound:
        second.clock.now += 1
        await second.take(4)
        await second.outbound.flush()
    assert second.kafka.numbers == [4, 1, 2, 3]


async def test_a_stop_publishes_what_is_live_and_leaves_the_rest_to_a_durable_spool(
    path: Way,
) -> None:
    """A pod must not be kept from leaving by hours of backlog."""
    path.kafka.away = True
    await path.take(*range(400))
    path.clock.now += 2 * LIVE_S
    assert not await path.outbound.flush()
    path.kafka.away = False
    path.outbound.put(record(400))
    await path.outbound.__aexit__()
    assert path.kafka.numbers[0] == 400
    assert (await path.spool.depth()).records == 401 - len(path.kafka.numbers) > 0


async def test_a_stop_publishes_everything_when_memory_is_all(path: Way) -> None:
    """What is not published then is gone."""
    path.spool.durable = False
    path.kafka.away = True
    for start in (0, 600):
        await path.take(*range(start, start + 600))
        path.clock.now += 2 * LIVE_S
        assert not await path.outbound.flush()
    path.kafka.away = False
    await path.outbound.__aexit__()
    assert path.kafka.numbers == list(range(1200))


async def test_records_that_kafka_never_takes_do_not_stop_the_others(path: Way) -> None:
    """They are dropped, counted and logged; live and from the backlog."""
    path.kafka.refused = {2, 17, 40}
    await path.take(*range(30))
    assert await path.outbound.flush()
    path.kafka.away = True
    await path.take(*range(30, 50))
    path.clock.now += 2 * LIVE_S
    assert not await path.outbound.flush()
    path.kafka.away = False
    path.clock.now += 1
    assert await path.outbound.flush()
    assert path.kafka.numbers == [n for n in range(50) if n not in path.kafka.refused]
    assert path.counted.drops == {"refused": 3}
    assert (await path.spool.depth()).records == 0


async def test_a_stop_while_the_disk_is_busy_loses_nothing(path: Way) -> None:
    """What the spool was about to keep is neither in it nor published yet."""
    path.spool.busy = asyncio.Event()
    running = asyncio.create_task(path.outbound.run())
    path.outbound.put(record(1))
    await asyncio.sleep(3 * LINGER_S)
    running.cancel()
    await asyncio.wait({running})
    stopping = asyncio.create_task(path.outbound.__aexit__())
    await asyncio.sleep(0.05)
    path.spool.busy.set()
    await stopping
    assert path.kafka.numbers == [1]


async def test_a_disk_that_fails_costs_nothing_while_kafka_takes_records(path: Way) -> None:
    """And when Kafka is away too, what the spool has not stays in memory, in its order."""
    path.spool.broken = True
    await path.take(*range(5))
    assert await path.outbound.flush()
    assert path.kafka.numbers == list(range(5))
    path.kafka.away = True
    await path.take(*range(5, 10))
    path.spool.broken = False
    await path.take(*range(10, 15))
    path.clock.now += 2 * LIVE_S
    assert not await path.outbound.flush()
    path.kafka.away = False
    assert await path.outbound.flush()
    assert path.kafka.numbers == list(range(15))
    assert not path.counted.drops


async def test_memory_stays_bounded_while_the_disk_fails_and_kafka_is_away(path: Way) -> None:
    """The oldest go, counted."""
    path.spool.broken = path.kafka.away = True
    for start in range(0, 1500, 500):
        await path.take(*range(start, start + 500))
        path.clock.now += 2 * LIVE_S
        assert not await path.outbound.flush()
    assert path.counted.drops == {"disk": 500}
    path.kafka.away = False
    while path.outbound._live:
        assert await path.outbound.flush()
    assert path.kafka.numbers == list(range(500, 1500))


async def test_memory_stays_bounded_while_the_disk_stands_still(path: Way) -> None:
    """The oldest go, counted; the engine never waits."""
    for number in range(1500):
        path.outbound.put(record(number))
    assert path.counted.drops == {"disk": 500}
    assert path.outbound._arrived[0] == record(500)


async def test_the_spool_is_told_which_records_change_an_outcome(path: Way) -> None:
    """The first of a target too, since nobody knows the one before; touches are samples."""

    def observed(target: str, *outcomes: str) -> Observed:
        return Observed(OBSERVATIONS, target.encode(), b"1", [], outcomes)

    made: list[tuple[Outgoing, bool]] = [
        (observed("a", "ok"), True),
        (observed("a", "ok"), False),
        (observed("b", "ok"), True),
        (observed("a", "failed"), True),
        (observed("a", "failed"), False),
        (observed("a", "ok", "ok"), True),
        (observed("a", "ok", "failed"), True),
        (observed("a"), True),
        (observed("a", "ok", "failed"), False),
        (record(1, TOUCHES), False),
        (record(1, "collector.dlq"), True),
    ]
    for each, _ in made:
        path.outbound.put(each)
    await path.outbound.keep()
    assert [taken.changes for taken in path.spool.told] == [expected for _, expected in made]


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("read"), st.integers(1, 30)),
        st.tuples(st.sampled_from(["flush", "read and flush"]), st.integers(1, 5)),
        st.tuples(st.just("wait"), st.sampled_from([1, 10, 40])),
        st.tuples(st.sampled_from(["away", "back", "crash", "stop"]), st.just(0)),
    ),
    max_size=40,
)


async def _take(made: Way, kind: str, amount: int, read: list[int]) -> Way:
    """One step of a history; `read` are the numbers of all reads so far."""
    match kind:
        case "read":
            numbers = range(len(read), len(read) + amount)
            read.extend(numbers)
            await made.take(*numbers)
        case "flush":
            made.clock.now += 0.1
            await made.outbound.flush()
        case "read and flush":
            made.clock.now += 0.1
            numbers = range(len(read), len(read) + amount)
            read.extend(numbers)
            await asyncio.gather(made.outbound.flush(), made.take(*numbers))
        case "wait":
            made.clock.now += amount
        case "away" | "back":
            made.kafka.away = kind == "away"
        case "stop":
            await made.outbound.__aexit__()
            return await _successor(made)
        case "crash":
            return await _successor(made)
    return made


async def _successor(before: Way) -> Way:
    """The next process on the same spool and the same Kafka."""
    made = way(before.spool, before.clock)
    made.kafka = made.outbound._publisher = before.kafka
    await made.outbound.__aenter__()
    return made


@settings(max_examples=80, deadline=None)
@given(STEPS)
async def test_whatever_happens_each_record_is_published_once_and_in_order(
    steps: list[tuple[str, int]],
) -> None:
    """Outages, crashes and stops in any order; each process keeps the order of what it publishes.

    Live records are in order among themselves, and so are those of the backlog.
    """
    made = way(Disk(Counted(), records_max=10_000))
    await made.outbound.__aenter__()
    read: list[int] = []
    for kind, amount in steps:
        made = await _take(made, kind, amount, read)
    made.kafka.away = False
    for _ in range(2000):
        made.clock.now += 1
        assert await made.outbound.flush()
        if not made.outbound._live and not made.outbound._behind:
            break
    assert sorted(made.kafka.numbers) == read
    assert (await made.spool.depth()).records == 0
    for batch in made.kafka.batches:
        assert batch == sorted(batch)

"""Spools: one contract, in memory and on disk; and what only a file can suffer."""

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.collector.adapters.spool import FILE, MemorySpool, SqliteSpool
from isthmus.collector.ports import Depth, Spool, Taken
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import IsthmusError, Retryable

AGE_MAX_S = 3600.0
BYTES_MAX = 600_000
RECORDS_MAX = 200


@dataclass
class Counted:
    """A measure."""

    drops: Counter[str] = field(default_factory=Counter)

    def dropped(self, records: int, reason: str) -> None:
        self.drops[reason] += records

    def replayed(self, records: int) -> None:
        pass

    def holds(self, depth: Depth) -> None:
        pass


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def counted() -> Counted:
    """Nothing dropped yet."""
    return Counted()


@pytest.fixture
def clock() -> Clock:
    """A clock of this test."""
    return Clock()


@pytest.fixture
def on_disk(tmp_path: Path, counted: Counted, clock: Clock) -> Callable[[], SqliteSpool]:
    """Makes spools on the same file."""
    return lambda: SqliteSpool(
        tmp_path, counted, bytes_max=BYTES_MAX, age_max_s=AGE_MAX_S, clock=clock
    )


@pytest.fixture(params=["memory", "sqlite"])
async def spool(
    request: pytest.FixtureRequest,
    counted: Counted,
    clock: Clock,
    on_disk: Callable[[], SqliteSpool],
) -> AsyncIterator[Spool]:
    """Each kind of spool, with room for some two hundred records of `big`."""
    if request.param == "memory":
        yield MemorySpool(counted, records_max=RECORDS_MAX, clock=clock)
        return
    async with on_disk() as spool:
        yield spool


def sample(target: str, value: bytes = b"x", topic: str = "t") -> Taken:
    """What a target says again."""
    return Taken(Outgoing(topic, target.encode(), value, [("ce_id", b"\xc3\xa4")]), changes=False)


def change(target: str, value: bytes = b"x") -> Taken:
    """What a target says for the first time."""
    return Taken(sample(target, value).record, changes=True)


def big(target: str, number: int, *, changes: bool = False) -> Taken:
    """A record that can be told from the others, and takes room."""
    value = number.to_bytes(4) + random.Random(number).randbytes(2000)
    return Taken(sample(target, value).record, changes=changes)


def set_aside(folder: Path) -> list[Path]:
    """Damaged files that were kept."""
    return list(folder.glob(f"{FILE}.corrupt-*"))


async def held(spool: Spool) -> list[Outgoing]:
    """Everything, oldest first."""
    return [record for _, record in await spool.oldest(100_000, spool.last)]


async def test_what_is_put_comes_back_as_it_was_and_in_order(spool: Spool) -> None:
    """Topic, key, value and headers; also records without a key or a value."""
    records = [
        sample("a", b"\x00\xff").record,
        Outgoing("dlq", None, b"1", []),
        Outgoing("t", b"k", None, [("h", b"")]),
    ]
    numbers = await spool.put([Taken(each, changes=False) for each in records])
    assert list(numbers) == sorted(numbers)
    assert spool.last == numbers[-1]
    assert await held(spool) == records


async def test_the_oldest_are_read_up_to_a_number_and_stay_until_removed(spool: Spool) -> None:
    """Who publishes them removes them."""
    numbers = await spool.put([sample(str(n), str(n).encode()) for n in range(5)])
    first = await spool.oldest(2, numbers[3])
    assert [record.value for _, record in first] == [b"0", b"1"]
    await spool.remove([number for number, _ in first])
    await spool.remove([numbers[0]])
    left = await spool.oldest(10, numbers[3])
    assert [record.value for _, record in left] == [b"2", b"3"]


async def test_a_number_is_never_given_twice(spool: Spool) -> None:
    """Else a record that was removed late would take a new one with it."""
    first = await spool.put([sample("a"), sample("b")])
    await spool.remove(first)
    second = await spool.put([sample("a")])
    assert second[0] > first[-1]


async def test_it_knows_its_depth_and_the_age_of_its_oldest_record(
    spool: Spool, clock: Clock
) -> None:
    """Empty is zero."""
    assert (await spool.depth()).records == 0
    assert (await spool.depth()).oldest_age_s == 0
    numbers = await spool.put([sample("a")])
    clock.now += 60
    await spool.put([sample("a"), sample("b")])
    depth = await spool.depth()
    assert (depth.records, depth.oldest_age_s) == (3, 60)
    assert depth.bytes > 0
    await spool.remove(numbers)
    assert (await spool.depth()).oldest_age_s == 0


async def test_a_full_spool_drops_superseded_samples_first_oldest_first(
    spool: Spool, counted: Counted
) -> None:
    """What a target said last, and each change of outcome, stays while there is another choice."""
    await spool.put([big("down", 0, changes=True), big("rare", 1)])
    for number in range(2, 502, 10):
        await spool.put([big("busy", number + more) for more in range(10)])
    kept = [int.from_bytes((record.value or b"")[:4]) for record in await held(spool)]
    assert counted.drops["full"] == 502 - len(kept) > 100
    assert set(counted.drops) == {"full"}
    assert kept[:2] == [0, 1]
    assert kept[2:] == list(range(502 - len(kept) + 2, 502))


async def test_then_it_drops_what_targets_said_last_and_changes_of_outcome_at_the_very_end(
    spool: Spool, counted: Counted
) -> None:
    """More targets than there is room for."""
    changes = [big(f"c{number}", number, changes=True) for number in range(20)]
    await spool.put(changes)
    for number in range(20, 520, 10):
        await spool.put([big(f"t{number + more}", number + more) for more in range(10)])
    kept = [int.from_bytes((record.value or b"")[:4]) for record in await held(spool)]
    assert kept[:20] == list(range(20))
    assert kept[20:] == list(range(520 - len(kept) + 20, 520))
    for number in range(600, 1100, 10):
        await spool.put([big("flaps", number + more, changes=True) for more in range(10)])
    kept = [int.from_bytes((record.value or b"")[:4]) for record in await held(spool)]
    assert kept == list(range(1100 - len(kept), 1100))
    assert counted.drops["full"] == 1020 - len(kept)


async def test_records_of_another_topic_supersede_nothing(spool: Spool) -> None:
    """A touch ledger's record has the key of its target too."""
    await spool.put([big("rare", 1), Taken(sample("rare", topic="touches").record, changes=False)])
    for number in range(2, 502, 10):
        await spool.put([big("busy", number + more) for more in range(10)])
    assert [record.topic for record in (await held(spool))[:2]] == ["t", "touches"]


async def test_a_spool_on_disk_drops_what_is_too_old(
    on_disk: Callable[[], SqliteSpool], counted: Counted, clock: Clock
) -> None:
    """Changes of outcome too: an age is an age."""
    async with on_disk() as spool:
        await spool.put([change("a"), sample("a")])
        clock.now += AGE_MAX_S / 2
        await spool.put([sample("a", b"young")])
        clock.now += AGE_MAX_S / 2 + 1
        await spool.put([sample("a", b"new")])
        assert [record.value for record in await held(spool)] == [b"young", b"new"]
        assert counted.drops == {"age": 2}
        assert (await spool.depth()).records == 2


async def test_a_spool_on_disk_outlives_its_process(on_disk: Callable[[], SqliteSpool]) -> None:
    """Records, ranks and numbers."""
    async with on_disk() as spool:
        await spool.put([sample("a", b"1"), change("b", b"2")])
    async with on_disk() as again:
        assert again.last == 2
        assert [record.value for record in await held(again)] == [b"1", b"2"]
        assert (await again.depth()).records == 2


async def test_its_file_stays_within_its_bound(
    on_disk: Callable[[], SqliteSpool], tmp_path: Path
) -> None:
    """The bound is of the disk, not of what was put."""
    async with on_disk() as spool:
        for number in range(0, 1000, 50):
            await spool.put([big("a", number + more) for more in range(50)])
        assert (await spool.depth()).bytes <= BYTES_MAX
    assert (tmp_path / FILE).stat().st_size <= BYTES_MAX + 50 * 2 * 2100


async def test_a_killed_process_loses_nothing_that_was_taken(tmp_path: Path) -> None:
    """Kill -9 right after `put` returned; what it began to write after that is no record."""
    program = """
import asyncio, os, signal, sys
from pathlib import Path
from isthmus.collector.adapters.spool import SqliteSpool
from isthmus.collector.ports import Taken
from isthmus.runtime.codec import Outgoing

async def main():
    spool = SqliteSpool(Path(sys.argv[1]), None, bytes_max=10**7, age_max_s=3600)
    async with spool:
        for number in range(50):
            await spool.put([Taken(Outgoing("t", b"k", str(number).encode(), []), True)])
            await spool.remove([number])
        asyncio.get_running_loop().run_in_executor(None, os.kill, os.getpid(), signal.SIGKILL)
        while True:
            await spool.oldest(10, 10**6)

asyncio.run(main())
"""
    command = [sys.executable, "-c", program, str(tmp_path)]
    done = await asyncio.to_thread(subprocess.run, command, check=False)
    assert done.returncode == -9
    async with SqliteSpool(tmp_path, Counted(), bytes_max=10**7, age_max_s=3600) as spool:
        values = [record.value for record in await held(spool)]
    assert values == [b"49"]


@pytest.mark.parametrize("damage", ["not a database at all" * 100, ""])
async def test_a_damaged_file_is_set_aside_and_the_service_goes_on(
    on_disk: Callable[[], SqliteSpool], counted: Counted, tmp_path: Path, damage: str
) -> None:
    """At start; the damaged file is kept for a person, an empty one is as good as none."""
    (tmp_path / FILE).write_text(damage)
    async with on_disk() as spool:
        await spool.put([sample("a")])
        assert len(await held(spool)) == 1
    aside = set_aside(tmp_path)
    assert [path.read_text() for path in aside] == ([damage] if damage else [])
    assert counted.drops["corrupt"] == len(aside)


async def test_a_file_that_is_damaged_while_it_is_used_is_set_aside_too(
    on_disk: Callable[[], SqliteSpool], counted: Counted, tmp_path: Path
) -> None:
    """What cannot be read is counted as lost, and numbers go on upwards."""
    async with on_disk() as spool:
        await spool.put([big("a", number) for number in range(100)])
        assert spool._database is not None
        for statement in ("wal_checkpoint(TRUNCATE)", "shrink_memory"):
            spool._database._connection.execute(f"PRAGMA {statement}")
        with (tmp_path / FILE).open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * 200_000)
        numbers = await spool.put([big("a", number) for number in range(100, 200)])
        assert len(await held(spool)) == 100
        assert numbers[0] > 100
    assert set_aside(tmp_path)
    assert counted.drops == {"corrupt": 100}


async def test_a_full_disk_is_an_error_that_passes(
    on_disk: Callable[[], SqliteSpool], tmp_path: Path
) -> None:
    """Nothing of the transaction is kept, everything before it is; it works again with room."""
    async with on_disk() as spool:
        await spool.put([sample("a", b"before")])
        assert spool._database is not None
        connection = spool._database._connection
        connection.execute(f"PRAGMA max_page_count = {8}")
        with pytest.raises(Retryable, match=f"spool: {tmp_path / FILE}: database or disk is full"):
            await spool.put([big("a", number) for number in range(50)])
        assert [record.value for record in await held(spool)] == [b"before"]
        connection.execute("PRAGMA max_page_count = 100000")
        await spool.put([sample("a", b"after")])
        assert [record.value for record in await held(spool)] == [b"before", b"after"]
        assert (await spool.depth()).records == 2


async def test_a_file_of_a_newer_format_is_refused_with_one_sentence(
    on_disk: Callable[[], SqliteSpool], tmp_path: Path
) -> None:
    """A collector that was set back must not guess, and not throw away."""
    async with on_disk():
        pass
    with sqlite3.connect(tmp_path / FILE) as connection:
        connection.execute("PRAGMA user_version = 2")
    with pytest.raises(IsthmusError, match="format 2, this collector knows 1"):
        async with on_disk():
            pass
    assert not set_aside(tmp_path)


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """With the setting to mend."""
    (tmp_path / "file").write_text("")
    spool = SqliteSpool(tmp_path / "file" / "x", Counted(), bytes_max=1, age_max_s=1)
    with pytest.raises(IsthmusError, match="ISTHMUS_SPOOL__FOLDER"):
        async with spool:
            pass


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 4), st.booleans()),
        st.tuples(st.just("remove"), st.integers(0, 12), st.booleans()),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(OPERATIONS)
async def test_what_is_dropped_is_what_the_policy_says(
    operations: list[tuple[str, int, bool]],
) -> None:
    """Against the policy as one would write it down, with room for ten records."""
    spool = MemorySpool(Counted(), records_max=10)
    held: dict[int, tuple[str, bool]] = {}
    newest: dict[str, int] = {}

    def rank(number: int) -> tuple[int, int]:
        target, changes = held[number]
        return (2 if changes else newest[target] == number, number)

    for kind, choice, changes in operations:
        if kind == "put":
            target = f"t{choice}"
            [number] = await spool.put([Taken(sample(target).record, changes)])
            held[number], newest[target] = (target, changes), number
            if len(held) > 10:
                del held[min(held, key=rank)]
        elif choice < len(held):
            number = sorted(held)[choice]
            await spool.remove([number])
            del held[number]
        assert [number for number, _ in await spool.oldest(100, spool.last)] == sorted(held)

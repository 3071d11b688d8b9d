"""Windows are stored once, and kept to by every replica."""

from datetime import timedelta
from types import SimpleNamespace

from tests.unit.alerting.conftest import START, Memory
from tests.unit.alerting.plant import Plant, Windows, a_window, changed, raw

from isthmus.alerting.handlers.quiet.windows import MAINTENANCE

EVERYTHING = a_window(
    "all", time_zone="Europe/Berlin", recurrence="FREQ=WEEKLY;BYDAY=SA", paths=("n/hagen",),
    classes=("plc",), tags=("press",), assets=("a1",), rules=("hot",),
)  # fmt: skip


async def test_what_one_replica_stores_another_one_follows(memory: Memory) -> None:
    """Each field of it; what is deleted is gone there too."""
    store = Windows()
    here, there = Plant(memory, store), Plant(memory)
    assert await here.windows.put(EVERYTHING)
    assert await here.windows.put(a_window("other"))
    assert await here.windows.put(a_window("other").gone("mara", START))
    for record in store.published:
        assert record.topic == MAINTENANCE
        there.windows.handle(raw(record))

    assert there.windows.newest == here.windows.newest == {"all": EVERYTHING}
    assert there.windows.known("other")
    assert not there.windows.known("none")


async def test_an_older_version_changes_nothing(memory: Memory) -> None:
    """The topic is read from its beginning, whatever was loaded."""
    store = Windows()
    replica = Plant(memory, store)
    await replica.windows.put(EVERYTHING)
    newest = changed(EVERYTHING, duration=timedelta(hours=1))
    await replica.windows.put(newest)
    replica.windows.handle(raw(store.published[0]))

    assert replica.windows.newest == {"all": newest}
    assert replica.windows.version("all") == 2


async def test_of_two_who_store_the_same_version_one_does(memory: Memory) -> None:
    """The other one is told to look again."""
    store = Windows()
    assert await Plant(memory, store).windows.put(a_window(by="mara"))
    assert not await Plant(memory, store).windows.put(a_window(by="tom"))

    assert store.windows["w"].by == "mara"


async def test_what_is_stored_is_kept_to_after_a_restart(memory: Memory) -> None:
    """Before anything is judged, and without the topic; what is deleted stays so."""
    store = Windows()
    first = Plant(memory, store)
    await first.windows.put(EVERYTHING)
    await first.windows.put(a_window("gone"))
    await first.windows.put(a_window("gone").gone("mara", START))
    second = Plant(memory, store)
    await second.windows.load()

    assert second.windows.newest == {"all": EVERYTHING}
    assert second.windows.version("gone") == 2


async def test_a_record_that_is_no_window_is_left_out(plant: Plant) -> None:
    """Nobody's maintenance is lost because of it."""
    plant.windows.handle(
        SimpleNamespace(
            key=b"w", value=b"\xff", headers=(), topic=MAINTENANCE, partition=0, offset=3
        )
    )

    assert plant.windows.newest == {}

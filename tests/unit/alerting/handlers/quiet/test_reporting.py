"""When maintenance is over, it is said once what is still bad."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.unit.alerting.conftest import START, Memory
from tests.unit.alerting.plant import Plant, a_window

from isthmus.alerting.handlers.quiet.reporting import SHOWN_MAX, Reporting
from isthmus.alerting.ports.quiet import Part
from isthmus.runtime.errors import Retryable

OWNER = "normalizer.reports.v1/0"


class Kept:
    """Reports as the store keeps them."""

    def __init__(self) -> None:
        self.parts: dict[tuple[str, datetime, str], Part] = {}
        self.asked = 0
        self.down = False

    async def add(self, part: Part) -> bool:
        self.asked += 1
        if self.down:
            raise Retryable("store: down")
        place = (part.window, part.end, part.owner)
        return self.parts.setdefault(place, part) is part

    async def of(self, window: str, before: datetime | None, limit: int) -> list[Part]:
        return list(self.parts.values())


@pytest.fixture
def kept() -> Kept:
    """The store of reports."""
    return Kept()


def reporting(plant: Plant, kept: Kept) -> Reporting:
    owned = (("normalizer.reports.v1", plant.owned),)
    return Reporting(owned, plant.windows.plan, plant.assets, kept, plant.now)


async def test_what_is_still_bad_is_reported_when_the_window_ends(
    plant: Plant, report: Any, kept: Kept
) -> None:
    """Not what is over, and not what it did not concern."""
    await plant.windows.put(a_window(lasts_s=60, assets=("hagen/t", "hagen/u")))
    for name in ("t", "u", "other"):
        await plant.hear(report(5, name, temperature=90))
    await plant.hear(report(20, "u", temperature=20))
    reports = reporting(plant, kept)
    await plant.turn(30)
    await reports.report()
    assert kept.asked == 0
    await plant.turn(61)
    await reports.report()

    [part] = kept.parts.values()
    assert (part.window, part.owner, part.count) == ("w", OWNER, 1)
    assert (part.start, part.end) == (START, START + timedelta(seconds=60))
    [bad] = part.still_bad
    assert (bad.subject, bad.state) == ("hagen/t", "unacknowledged")
    assert bad.raised_at == START + timedelta(seconds=5)


async def test_that_all_is_well_is_said_too(plant: Plant, kept: Kept) -> None:
    """So that it is seen that somebody has looked; the store is asked once."""
    await plant.windows.put(a_window(lasts_s=60))
    reports = reporting(plant, kept)
    for second in (60, 61, 62):
        await plant.turn(second)
        await reports.report()

    assert [part.count for part in kept.parts.values()] == [0]
    assert kept.asked == 1


async def test_an_end_that_nobody_saw_is_reported_by_who_owns_the_alarms_next(
    plant: Plant, memory: Memory, report: Any, kept: Kept
) -> None:
    """One that was reported is not reported again, nor one that is long over."""
    await plant.windows.put(a_window(lasts_s=60))
    await plant.hear(report(5, temperature=90))
    kept.down = True
    await plant.turn(61)
    with pytest.raises(Retryable):
        await reporting(plant, kept).report()
    kept.down = False
    successor = Plant(memory, plant.windows._store)  # type: ignore[arg-type]
    successor.second = 600
    await successor.start()
    await reporting(successor, kept).report()
    await reporting(successor, kept).report()
    [part] = kept.parts.values()
    assert (part.count, part.at) == (1, START + timedelta(seconds=600))
    kept.parts.clear()
    successor.second = 2 * 3600
    await reporting(successor, kept).report()

    assert kept.parts == {}


async def test_a_report_shows_the_first_and_counts_the_others(
    plant: Plant, report: Any, kept: Kept
) -> None:
    """A document has a limit."""
    await plant.windows.put(a_window(lasts_s=60))
    count = SHOWN_MAX + 5
    await plant.hear(*(report(5, f"t{n}", temperature=90) for n in range(count)))
    await plant.turn(61)
    await reporting(plant, kept).report()

    [part] = kept.parts.values()
    assert (part.count, len(part.still_bad)) == (count, SHOWN_MAX)

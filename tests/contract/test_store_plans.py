"""What is due, on the real store: by plans, by the log, by warranties and contracts."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.inventory.books import asset

from isthmus.inventory.adapters.assets.documents import document
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.books import MongoBook, MongoCovered, MongoDueWork
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.domain.assets.model import Asset, Status
from isthmus.inventory.domain.money.books import Version
from isthmus.inventory.domain.money.contracts import contract, work
from isthmus.inventory.domain.money.plans import Due, DueKind, plan
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.money.books import PLANS, Books
from isthmus.inventory.handlers.money.due import Maintenance
from isthmus.runtime.access import Principal, Refused, Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HAGEN = frozenset({"hagen"})
CHIEF = Principal("mara", None, None, Role.ENGINEER)
GREASE: dict[str, Any] = {
    "title": "Grease", "kind": "preventive", "asset": "press", "every_days": 180,
    "start": "2025-01-01", "site": "hagen",
}  # fmt: skip


class Plant:
    """The books of a plant, and what is due of it."""

    def __init__(self, database: Any) -> None:
        self.database = database
        self.plans = MongoBook(database["maintenance_plans"], plan)
        self.log = MongoBook(database["maintenance"], work)
        self.agreed = MongoDueWork(database["maintenance"])
        self.contracts = MongoBook(database["contracts"], contract)
        self.assets = MongoAssets(database)
        covered, directory = MongoCovered(database), MongoDirectory(database)
        self.due = Maintenance(
            self.plans, self.log, self.agreed, self.contracts, directory, self.assets, covered,
            covered, lambda: NOON,
        )  # fmt: skip

    async def hold(self, *assets: Asset) -> None:
        documents = [{"_id": each.id, **document(each)} for each in assets]
        await self.database["assets"].insert_many(documents)

    async def write(self, book: Any, parse: Any, **rows: dict[str, Any]) -> None:
        for id, row in rows.items():
            await book.write(Version(id, 1, NOON, "mara", parse(row)))

    async def listed(
        self, days: int = 30, sites: frozenset[str] | None = None, limit: int = 100, after: str = ""
    ) -> list[Due]:
        return await self.due.due(sites, days, after, limit)


@pytest.fixture
async def plant(database: Any) -> Plant:
    """Two presses at Hagen and one at Lyon, which have counted."""
    made = Plant(database)
    for each in (made.plans, made.log, made.agreed, made.contracts, made.assets):
        await each.prepare()
    hours = "custom.operating_hours"
    await made.hold(
        asset("press", **{"class": "press", "name": "PRESS-1", hours: "4100"}),
        asset("press-2", **{"class": "press", hours: "many"}),
        asset("press-3", "nordwerk/lyon/x", **{"class": "press", hours: "9000"}),
        asset("old", **{"class": "press", "state": "disposed"}),
        asset("no", status=Status.IGNORED, **{"class": "press"}),
    )
    return made


def done(asset: str, on: str, **more: Any) -> dict[str, Any]:
    return {"asset": asset, "site": "hagen", "kind": "preventive", "started_at": f"{on}T06:00:00Z",
            **more}  # fmt: skip


async def test_an_interval_counts_from_when_it_was_done_last(plant: Plant) -> None:
    """From the plan's start where it never was; the log's other kinds do not count."""
    await plant.write(plant.plans, plan, p=GREASE)
    [never] = await plant.listed()
    await plant.write(
        plant.log, work,
        a=done("press", "2025-05-01"), b=done("press", "2025-09-20"),
        c=done("press", "2026-02-01", kind="corrective"),
    )  # fmt: skip
    [after] = await plant.listed()

    assert (never.on, never.last_done_on) == (date(2025, 6, 30), None)
    assert never.overdue_days(NOON.date()) == 244
    assert (after.on, after.last_done_on) == (date(2026, 3, 19), date(2025, 9, 20))
    assert (after.kind, after.reference, after.name) == (DueKind.PLAN, "p", "PRESS-1")
    assert after.overdue_days(NOON.date()) == 0
    assert await plant.listed(days=10) == []


async def test_the_day_that_the_log_names_goes_before_the_interval(plant: Plant) -> None:
    """Who did it knows better; without a plan it is due all the same, until it is done."""
    await plant.write(
        plant.log, work,
        a=done("press", "2025-09-20", next_due_on="2026-03-10"),
        b=done("press-2", "2025-02-01", next_due_on="2026-02-01", text="Oil"),
        c=done("press-3", "2025-02-01", next_due_on="2026-02-01"),
        d=done("press-3", "2026-02-02"),
        e=done("gone", "2025-02-01", next_due_on="2026-02-01"),
    )  # fmt: skip
    alone = await plant.listed()
    await plant.write(plant.plans, plan, p=GREASE)
    planned = await plant.listed()

    assert [(e.kind, e.asset, e.on, e.reference) for e in alone] == [
        (DueKind.LOG, "press-2", date(2026, 2, 1), "b"),
        (DueKind.LOG, "press", date(2026, 3, 10), "a"),
    ]
    assert alone[0].title == "Oil"
    assert [(each.kind, each.asset, each.on) for each in planned] == [
        (DueKind.LOG, "press-2", date(2026, 2, 1)),
        (DueKind.PLAN, "press", date(2026, 3, 10)),
    ]


async def test_a_counter_of_a_class_is_due_when_it_has_counted_enough(plant: Plant) -> None:
    """From its reading at the last work; what shows no number says nothing."""
    counted = {"title": "Seal", "kind": "preventive", "class": "press", "start": "2025-01-01",
               "counter": "custom.operating_hours", "every": "4000"}  # fmt: skip
    await plant.write(plant.plans, plan, p=counted)
    found = await plant.listed()
    await plant.write(plant.log, work, a=done("press", "2026-01-01", reading="4050.5"))
    [left] = await plant.listed()
    hagen = await plant.listed(sites=HAGEN)

    assert [(e.asset, e.reading, e.due_at, e.overdue_by, e.on) for e in found] == [
        ("press", Decimal(4100), Decimal(4000), Decimal(100), NOON.date()),
        ("press-3", Decimal(9000), Decimal(4000), Decimal(5000), NOON.date()),
    ]
    assert left.asset == "press-3"
    assert hagen == []


async def test_warranties_and_contracts_that_end_are_in_the_list(plant: Plant) -> None:
    """With the day until which to decide; not those that are over, or of other sites."""
    agreed = {"kind": "support", "supplier": "Grossmann", "number": "W-1", "start": "2024-01-01",
              "amount": "1", "currency": "EUR", "period": "year"}  # fmt: skip
    await plant.hold(
        asset("new", warranty_until="2026-03"),
        asset("over", warranty_until="2026-02-27"),
        asset("later", warranty_until="2027"),
    )
    await plant.write(
        plant.contracts, contract,
        a={**agreed, "end": "2026-05-31", "notice_days": 90},
        b={**agreed, "end": "2026-02-28"},
        c={**agreed, "end": "2026-03-15", "site": "lyon"},
        d=agreed,
    )  # fmt: skip

    found = await plant.listed(sites=HAGEN)

    assert [(e.kind, e.reference, e.on, e.overdue_days(NOON.date())) for e in found] == [
        (DueKind.CONTRACT, "a", date(2026, 3, 2), 0),
        (DueKind.WARRANTY, "new", date(2026, 3, 31), 0),
    ]
    assert found[0].title == "support Grossmann W-1"


async def test_what_is_due_comes_page_by_page(plant: Plant) -> None:
    """The longest overdue first, each once."""
    await plant.hold(*(asset(f"a{n:02}", **{"class": "pump"}) for n in range(11)))
    each = {"title": "Check", "kind": "inspection", "class": "pump", "every_days": 30}
    await plant.write(plant.plans, plan, p={**each, "start": "2026-01-01"},
                      q={**each, "start": "2025-01-01", "site": "hagen"})  # fmt: skip
    whole = await plant.listed()
    paged: list[Due] = []
    while some := await plant.listed(limit=4, after=paged[-1].cursor if paged else ""):
        paged += some

    assert paged == whole
    assert len(whole) == 22
    assert [each.on for each in whole] == sorted(each.on for each in whole)


async def test_a_plan_goes_with_an_asset_that_is_merged(plant: Plant) -> None:
    """And so does its log."""
    await plant.write(plant.plans, plan, p={**GREASE, "asset": "former"})
    await plant.write(plant.log, work, a=done("former", "2025-09-20"))
    stub = {"_id": "former", "merged_into": "press", "revision": 2, "sources": [], "views": []}
    await plant.database["assets"].insert_one(stub)

    [found] = await plant.listed()

    assert (found.asset, found.last_done_on) == ("press", date(2025, 9, 20))


async def test_a_plan_is_written_where_one_may(plant: Plant) -> None:
    """On the site of its asset; for a class everywhere, only who may write everywhere."""
    books = Books(PLANS, plant.plans, plant.assets)
    local = Principal("ada", HAGEN, HAGEN, Role.ENGINEER)
    of_class = {k: v for k, v in GREASE.items() if k != "asset"} | {"class": "press"}

    made = await books.create({**GREASE, "site": "lyon"}, local, "")
    assert made.value
    assert made.value.site == "hagen"
    await books.create(of_class, local, "")
    with pytest.raises(Refused):
        await books.create({**of_class, "site": ""}, local, "")
    with pytest.raises(Invalid, match="there is no asset 'press-3'"):
        await books.create({**GREASE, "asset": "press-3"}, local, "")
    await books.create({**of_class, "site": ""}, CHIEF, "")

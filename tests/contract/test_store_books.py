"""What inventory asks of its store for the books, on the real one, through both clients."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.unit.inventory.books import MemoryHoldings, asset

from isthmus.inventory.adapters.books import MongoBook, MongoCovered
from isthmus.inventory.domain.assets.model import Status
from isthmus.inventory.domain.money.books import Version
from isthmus.inventory.domain.money.contracts import (
    Contract,
    Coverage,
    Work,
    contract,
    coverage,
    work,
)
from isthmus.inventory.domain.money.money import RateTable, rate_table
from isthmus.inventory.handlers.money.books import MAINTENANCE, Books
from isthmus.runtime.access import Principal

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
CONTRACT: dict[str, Any] = {
    "kind": "maintenance", "supplier": "Grossmann", "start": "2024-01-01", "end": "2026-12-31",
    "notice_days": 90, "amount": "300.00", "currency": "EUR", "period": "quarter",
    "site": "hagen", "note": "24/7",
}  # fmt: skip
WORK: dict[str, Any] = {
    "asset": "a", "site": "hagen", "kind": "corrective", "started_at": "2026-02-03T06:15:00Z",
    "parts": "120.00", "currency": "EUR",
}  # fmt: skip


@pytest.fixture
async def contracts(database: Any) -> MongoBook[Contract]:
    """The book of contracts, with its indexes."""
    book = MongoBook(database["contracts"], contract)
    await book.prepare()
    return book


@pytest.fixture
async def covered(database: Any) -> MongoCovered:
    """What contracts cover."""
    return MongoCovered(database)


def version(id: str = "c", revision: int = 1, **more: Any) -> Version[Contract]:
    at = NOON + timedelta(hours=revision)
    return Version(id, revision, at, "mara", contract({**CONTRACT, **more}), "digest")


def removal(id: str, revision: int) -> Version[Any]:
    return Version(id, revision, NOON, "mara", None)


async def test_a_version_is_read_back_whole(contracts: MongoBook[Contract], database: Any) -> None:
    """Contracts, work and rates: every field, as exactly as it was written."""
    log = MongoBook(database["maintenance"], work)
    days = MongoBook(database["exchange_rates"], rate_table)
    noted: Version[Work] = Version("w", 1, NOON, "mara", work({**WORK, "downtime_hours": "0.1"}))
    row = {"date": "2026-03-01", "base": "EUR", "rates": {"USD": "1.10", "IRR": "0.000021"}}
    rates: Version[RateTable] = Version("2026-03-01", 1, NOON, "feed", rate_table(row))

    assert await contracts.write(version())
    assert await log.write(noted)
    assert await days.write(rates)

    assert await contracts.latest("c") == version()
    assert await log.latest("w") == noted
    assert await days.latest("2026-03-01") == rates
    assert await contracts.latest("x") is None


async def test_every_version_is_kept(contracts: MongoBook[Contract]) -> None:
    """Also the one that removed it, after which no list and no look-up finds it."""
    written = [version(), version(revision=2, note="x"), removal("c", 3)]
    for each in written:
        assert await contracts.write(each)

    assert await contracts.versions("c") == written
    assert await contracts.latest("c") == written[-1]
    assert await contracts.listed(sites=None, after="", limit=9) == []
    assert await contracts.about(["hagen/"]) == []
    assert await contracts.versions("x") == []


async def test_what_was_removed_can_come_back(contracts: MongoBook[Contract]) -> None:
    """With its history."""
    for each in (version(), removal("c", 2), version(revision=3)):
        assert await contracts.write(each)

    assert [each.id for each in await contracts.listed(sites=None, after="", limit=9)] == ["c"]
    assert len(await contracts.versions("c")) == 3


async def test_a_version_that_does_not_follow_is_not_written(
    contracts: MongoBook[Contract],
) -> None:
    """Neither a second first one, nor one that skips."""
    assert await contracts.write(version())

    for slower in (version(note="x"), version(revision=3), version("d", 2)):
        assert not await contracts.write(slower)

    assert await contracts.versions("c") == [version()]
    assert await contracts.latest("d") is None


async def test_of_many_writers_at_once_one_writes(contracts: MongoBook[Contract]) -> None:
    """Of a new one, and of a new version."""
    for revision in (1, 2):
        several = [version(revision=revision, note=str(n)) for n in range(12)]
        written = await asyncio.gather(*(contracts.write(each) for each in several))
        assert sum(written) == 1

    assert len(await contracts.versions("c")) == 2


async def test_lists_come_in_order_and_of_what_is_asked(contracts: MongoBook[Contract]) -> None:
    """By first day and id, of some sites, about one thing; a cursor goes on after its item."""
    for id, start, more in (
        ("z", "2023-01-01", {}),
        ("y", "2024-01-01", {"site": "lyon"}),
        ("x", "2024-01-01", {"assets": ["a", "b"]}),
        ("w", "2022-01-01", {"site": ""}),
    ):
        await contracts.write(version(id, start=start, **more))

    async def ids(**more: Any) -> list[str]:
        said: dict[str, Any] = {"sites": None, "after": "", "limit": 9, **more}
        return [each.id for each in await contracts.listed(**said)]

    assert await ids() == ["w", "z", "x", "y"]
    assert await ids(limit=2) == ["w", "z"]
    assert await ids(after="2023-01-01|z") == ["x", "y"]
    assert await ids(sites=frozenset({"hagen"})) == ["z", "x"]
    assert await ids(sites=frozenset({"hagen", "lyon"}), limit=2) == ["z", "x"]
    assert await ids(sites=frozenset()) == []
    assert await ids(about="b") == ["x"]
    assert await ids(about="b", sites=frozenset({"lyon"})) == []


async def test_what_is_about_many_things_comes_once(contracts: MongoBook[Contract]) -> None:
    """More of them than one query may name."""
    many = [f"a{n:03}" for n in range(120)]
    await contracts.write(version("c", assets=many))
    await contracts.write(version("d", start="2023-01-01", site="lyon"))
    await contracts.write(version("e", assets=["else"]))

    found = await contracts.about([*many, "lyon/"])

    assert [each.id for each in found] == ["d", "c"]
    assert await contracts.about([]) == []


async def test_the_same_request_again_answers_the_same(database: Any) -> None:
    """To the last digit of its time, although the store keeps milliseconds."""
    book = MongoBook(database["maintenance"], work)
    holdings = MemoryHoldings()
    holdings.put(asset("a"))
    row = {name: text for name, text in WORK.items() if name != "site"}

    first, again = [
        await Books(MAINTENANCE, book, holdings).create(row, Principal("mara", None), "k")
        for _ in range(2)
    ]

    assert first == again


def booked(id: str, path: str, price: str = "", **more: Any) -> dict[str, Any]:
    attributes = {"purchase_price": price, "currency": more.pop("currency", "EUR")}
    return {
        "_id": id, "site": path.split("/")[1], "path": path, "status": Status.ACCEPTED.value,
        "attributes": {name: text for name, text in attributes.items() if text}, **more,
    }  # fmt: skip


@pytest.fixture
async def fleet(database: Any) -> None:
    """Assets in Hagen and Lyon, one ignored, two merged into `a` one after the other."""
    stub = {"views": [], "revision": 2}
    await database["assets"].insert_many(
        [
            booked("a", "n/hagen/shop/l1", "0.1"),
            booked("b", "n/hagen/shop/l1/cell", "0.2"),
            booked("c", "n/hagen/shop/l10", "1000"),
            booked("d", "n/hagen/shop/l1", "40", currency="USD"),
            booked("e", "n/lyon/shop/l1", "5"),
            booked("f", "n/hagen/shop/l1"),
            booked("g", "n/hagen/shop/l1", "7", currency=""),
            booked("i", "n/hagen/shop/l1", "9", status=Status.IGNORED.value),
            {"_id": "m1", "merged_into": "m2", **stub},
            {"_id": "m2", "merged_into": "a", **stub},
            {"_id": "r", "merged_into": "", **stub},
        ]
    )


@pytest.mark.usefixtures("fleet")
async def test_a_contract_covers_what_stands_at_its_place(covered: MongoCovered) -> None:
    """Prices are summed exactly, by currency: 0.1 and 0.2 are 0.3."""

    async def covers(site: str = "hagen", path: str = "") -> Coverage:
        named = contract({**CONTRACT, "site": site, "path": path})
        return coverage(named, await covered.places(site))

    line = await covers(path="n/hagen/shop/l1")
    assert line == Coverage(5, {"EUR": Decimal("0.3"), "USD": Decimal(40), "": Decimal(7)})
    assert (await covers()).assets == 6
    everywhere = await covers(site="")
    assert (everywhere.assets, everywhere.prices["EUR"]) == (7, Decimal("1005.3"))
    assert await covers("rotterdam") == Coverage(0, {})


@pytest.mark.usefixtures("fleet")
async def test_a_place_is_one_path_of_a_site(covered: MongoCovered) -> None:
    """However many currencies its assets were bought in."""
    places = await covered.places("hagen")

    assert sorted((each.path, each.assets) for each in places) == [
        ("n/hagen/shop/l1", 4), ("n/hagen/shop/l1/cell", 1), ("n/hagen/shop/l10", 1),
    ]  # fmt: skip


@pytest.mark.usefixtures("fleet")
async def test_a_contract_for_assets_follows_merges(covered: MongoCovered) -> None:
    """Each price counts once; ids of what is gone stay in the number that divides it."""
    ids = ["a", "m1", "b", "r", "never"]

    assert await covered.named(ids) == Coverage(5, {"EUR": Decimal("0.3")})


@pytest.mark.usefixtures("fleet")
async def test_what_was_merged_is_found_from_what_it_is_now(covered: MongoCovered) -> None:
    """Over several merges; what is gone for good leads nowhere."""
    assert await covered.merged(["a", "b"]) == {"m1": "a", "m2": "a"}
    assert await covered.merged(["e"]) == {}
    assert await covered.merged([]) == {}

"""The fleet as it was, on the real store: what lists say of then is what each asset was then."""

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motor.motor_asyncio import AsyncIOMotorClient
from tests.contract.said import NOON, said

from isthmus.inventory.adapters.assets.history import MongoHistory
from isthmus.inventory.adapters.assets.store import MongoAssets
from isthmus.inventory.adapters.finding import past
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.domain.assets.model import Asset, Cause, Key, Tier, view
from isthmus.inventory.domain.assets.plan import NOBODY, Removal, Write
from isthmus.inventory.domain.query import Listing, Selection, matches, sorting, words_of
from isthmus.inventory.domain.versions import order_key
from isthmus.inventory.handlers.tables import exports
from isthmus.inventory.handlers.tables.exports import Exports

HOUR = timedelta(hours=1)
VENDORS = ("ABB", "Siemens", "WAGO")
FIRMWARES = ("2.9", "V2.10", "2.10-rc1")
SITES = ("hagen", "lyon")


def _id(number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, str(number)))


def _at(hour: int) -> datetime:
    return NOON + hour * HOUR


@dataclass
class Fleet:
    """A store that is written to as the handlers do, at hours after noon."""

    store: MongoAssets
    directory: MongoDirectory
    history: MongoHistory

    @classmethod
    async def of(cls, database: Any) -> "Fleet":
        fleet = cls(MongoAssets(database), MongoDirectory(database), MongoHistory(database))
        await fleet.store.prepare()
        await fleet.directory.prepare()
        return fleet

    async def make(self, id: str, hour: int, **more: Any) -> None:
        """Discover an asset, or write what it is from then on."""
        before = (await self.store.held([id])).get(id)
        await self._write(id, before, hour, **more)

    async def remove(self, id: str, hour: int) -> None:
        """Merge it into nothing."""
        asset = (await self.store.held([id])).get(id)
        if asset:
            await self._commit(Removal(asset, NOBODY, (), _cause(hour)))

    async def restore(self, id: str, hour: int) -> None:
        """Bring back one that was removed."""
        merged = await self.history.at(id, _at(hour) - 2 * HOUR)
        if merged and not await self.store.held([id]):
            last = (await self.history.of(id, before=None, limit=1))[0].revision
            await self._write(id, replace(merged, views=(), revision=last), hour, vendor="WAGO")

    async def _write(self, id: str, before: Asset | None, hour: int, **more: Any) -> None:
        site = more.pop("site", before.site if before else "hagen")
        asset = before or Asset(id, _at(hour), _at(hour), attributes={"class": "plc"})
        source = more.pop("source", id)
        host = Key(Tier.WEAK, site, "hostname", source)
        report = said(source, hour * 3600, host, site=site)
        after = replace(
            asset, site=site, path=f"nordwerk/{site}", changed_at=_at(hour),
            revision=asset.revision + 1, attributes={**asset.attributes, **more},
            views=(view(report, None),),
        )  # fmt: skip
        await self._commit(Write(before, after, (), _cause(hour)))

    async def _commit(self, write: Write | Removal) -> None:
        made = await self.store.commit([[(write, [])]])
        assert made.complete
        await self.store.published(made.entry)

    async def then(self, ids: Sequence[str], at: datetime) -> list[Asset]:
        """What the history of each asset says of a time: the reference."""
        found = [await self.history.at(id, at) for id in sorted(ids)]
        return [asset for asset in found if asset]

    async def listed(
        self, text: str = "", sort: str = "", limit: int = 2, **more: Any
    ) -> list[str]:
        """Ids of every page of a list."""
        selection = Selection(parse(text, NOON), **more)
        listing = Listing(selection, sorting(sort), ("vendor",), 2)
        found: list[str] = []
        while True:
            page = await self.directory.page(listing)
            found += [item["id"] for item in page.items]
            if page.last is None:
                return found
            listing = replace(listing, after=page.last)


def _cause(hour: int) -> Cause:
    return Cause(str(uuid.UUID(int=hour)), _at(hour), "hagen", "hagen/plc")


@pytest.fixture
async def fleet(database: Any) -> Fleet:
    """An empty store with its indexes."""
    return await Fleet.of(database)


async def test_a_list_says_what_assets_were(fleet: Fleet) -> None:
    """Discovered later, changed since, moved since, and gone since."""
    same, changed, moved, gone, new = map(_id, range(5))
    for id in (same, changed, moved, gone):
        await fleet.make(id, 0, vendor="ABB")
    await fleet.make(changed, 2, vendor="Siemens")
    await fleet.make(moved, 2, site="lyon")
    await fleet.remove(gone, 2)
    await fleet.make(new, 2, vendor="ABB")

    assert await fleet.listed(as_of=_at(1)) == sorted([same, changed, moved, gone])
    assert await fleet.listed("site = hagen and vendor = ABB", as_of=_at(1)) == sorted(
        [same, changed, moved, gone]
    )
    assert await fleet.listed("site = lyon", as_of=_at(1)) == []
    assert await fleet.listed("site = lyon", as_of=_at(2)) == [moved]
    assert await fleet.listed(as_of=_at(2)) == sorted([same, changed, moved, new])
    assert await fleet.listed(as_of=NOON - HOUR) == []


async def test_scope_is_that_of_then(fleet: Fleet) -> None:
    """Who may see lyon sees what stood there then, and nothing of what came from elsewhere."""
    await fleet.make(_id(0), 0, vendor="ABB")
    await fleet.make(_id(0), 2, site="lyon")
    lyon = frozenset({"lyon"})

    assert await fleet.listed(as_of=_at(1), sites=lyon) == []
    assert await fleet.listed(as_of=_at(3), sites=lyon) == [_id(0)]


async def test_a_search_finds_by_the_words_of_then(fleet: Fleet) -> None:
    """The name that it had."""
    await fleet.make(_id(0), 0, name="PRESS-1")
    await fleet.make(_id(0), 2, name="OVEN-1")

    assert await fleet.listed(as_of=_at(1), words=words_of("press")) == [_id(0)]
    assert await fleet.listed(as_of=_at(2), words=words_of("press")) == []


async def test_counts_and_facets_are_of_then(fleet: Fleet) -> None:
    """Of assets that have changed since, and of those that have not."""
    await fleet.make(_id(0), 0, vendor="ABB")
    await fleet.make(_id(1), 0, vendor="ABB")
    await fleet.make(_id(1), 2, vendor="Siemens")
    then = Selection(as_of=_at(1))

    assert await fleet.directory.count(then) == 2
    [facet] = await fleet.directory.facets(then, ["vendor"])
    assert facet.values == {"ABB": 2}
    [facet] = await fleet.directory.facets(replace(then, as_of=_at(2)), ["vendor"])
    assert facet.values == {"ABB": 1, "Siemens": 1}


async def test_a_file_has_every_asset_of_then_once(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over many pages, in the order of the ids."""
    monkeypatch.setattr(exports, "PAGE_ASSETS", 3)
    for number in range(10):
        await fleet.make(_id(number), 0, vendor="ABB")
        await fleet.make(_id(number), 2, vendor="Siemens")

    made = Exports(fleet.directory).items(Selection(as_of=_at(1)), ["vendor"])
    items = [item async for some in made for item in some]

    assert [item["id"] for item in items] == sorted(map(_id, range(10)))
    assert {item["vendor"] for item in items} == {"ABB"}


async def test_nobody_was_seen_later_than_then(fleet: Fleet) -> None:
    """An asset that goes on saying the same has no version that says when it was seen."""
    await fleet.make(_id(0), 0, vendor="ABB")
    await fleet.store.unchanged([])
    await fleet.directory._assets.update_one({"_id": _id(0)}, {"$set": {"last_seen_at": _at(9)}})

    page = await fleet.directory.page(Listing(Selection(as_of=_at(1))))

    assert page.items[0]["last_seen_at"] == _at(1)


async def test_it_is_known_when_history_begins(fleet: Fleet) -> None:
    """To the second; and without any, nothing is missing."""
    assert await fleet.directory.earliest(NOON) is None

    await fleet.make(_id(0), 1, vendor="ABB")

    begin = await fleet.directory.earliest(NOON)
    assert begin is not None
    assert abs(begin - _at(1)) <= past.EXACTLY
    assert await fleet.directory.earliest(_at(1)) is None
    assert await fleet.directory.earliest(datetime.now(UTC)) is None


STEPS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.sampled_from(["make", "make", "make", "remove", "restore"]),
        st.fixed_dictionaries(
            {},
            optional={
                "vendor": st.sampled_from(VENDORS),
                "firmware": st.sampled_from(FIRMWARES),
                "site": st.sampled_from(SITES),
            },
        ),
    ),
    max_size=14,
)
FILTERS = (
    "", "vendor = ABB", "not vendor = ABB", "site = lyon", "site in (hagen, lyon)",
    "firmware < 2.10", "firmware is unknown", f"id > {_id(2)}", "vendor is known and site = hagen",
)  # fmt: skip
ORDERS = ("", "vendor", "-firmware,vendor", "site,-vendor")


def test_lists_of_the_past_are_those_of_each_history(mongodb: str) -> None:
    """Random lives of assets, asked of at every hour, filtered and sorted in every way."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS, st.sampled_from(FILTERS), st.sampled_from(ORDERS), st.integers(0, 14))
    def agree(steps: Any, text: str, sort: str, hour: int) -> None:
        asyncio.run(_agree(mongodb, steps, text, sort, hour))

    agree()


async def _agree(uri: str, steps: Any, text: str, sort: str, hour: int) -> None:
    client: Any = AsyncIOMotorClient(uri, tz_aware=True)
    name = f"past-{uuid.uuid4().hex[:8]}"
    try:
        fleet = await Fleet.of(client[name])
        for number, (asset, what, fields) in enumerate(steps):
            more = fields if what == "make" else {}
            if what != "make" or await _may_be_made(fleet, _id(asset)):
                await getattr(fleet, what)(_id(asset), number, **more)
        then = await fleet.then([_id(number) for number in range(6)], _at(hour))
        expected = {a.id for a in then if matches(parse(text, NOON), {"id": a.id, **a.fields()})}

        found = await fleet.listed(text, sort, as_of=_at(hour))

        assert found == [asset.id for asset in _in_order(then, sort) if asset.id in expected]
        selection = Selection(parse(text, NOON), as_of=_at(hour))
        assert await fleet.directory.count(selection) == len(expected)
    finally:
        await client.drop_database(name)
        client.close()


def _in_order(assets: list[Asset], sort: str) -> list[Asset]:
    """By the fields in turn, what is unknown last in either direction, equals by id."""
    made = sorted(assets, key=lambda asset: asset.id)
    for each in reversed(sorting(sort)):
        keyed = [(_key(asset, each.field), asset) for asset in made]
        known = [(key, asset) for key, asset in keyed if key]
        known.sort(key=lambda pair: pair[0], reverse=each.descending)
        made = [asset for _, asset in known] + [asset for key, asset in keyed if not key]
    return made


def _key(asset: Asset, field: str) -> str:
    value = asset.fields()[field]
    return order_key(value) if value and field == "firmware" else value


async def _may_be_made(fleet: Fleet, id: str) -> bool:
    """One that was removed comes back only by being restored."""
    return bool(await fleet.store.held([id])) or not await fleet.history.of(
        id, before=None, limit=1
    )

"""What lists, searches and facets ask of the store, on the real one, through both clients."""

import asyncio
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import MongoClient

from isthmus.inventory.adapters.assets.documents import document
from isthmus.inventory.adapters.finding.compiling import compiled
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.adapters.finding.saved import MongoViews
from isthmus.inventory.api.assets.models import AssetOut
from isthmus.inventory.domain.assets.model import Asset, Health, Key, Reachability, Tier, View
from isthmus.inventory.domain.query import (
    Condition,
    Known,
    Listing,
    Or,
    Selection,
    equal,
    matches,
    sorting,
    words_of,
)
from isthmus.inventory.domain.rows import Taken
from isthmus.inventory.domain.versions import order_key
from isthmus.inventory.domain.views import SavedView

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
Fields = dict[str, Any]


@pytest.fixture
async def directory(database: Any) -> MongoDirectory:
    """The directory, with its indexes."""
    directory = MongoDirectory(database)
    await directory.prepare()
    return directory


def _document(fields: Fields) -> dict[str, Any]:
    """The document of an asset with these flat fields."""
    top = ("site", "path", "reachability", "health", "status")
    times = ("discovered_at", "changed_at", "last_seen_at")
    special = {"id", "sources", "keys", "tokens", "views", *top, *times}
    attributes = {n: v for n, v in fields.items() if n not in special and "." not in n}
    return {
        "_id": fields["id"],
        **{name: fields.get(name, "hagen" if name == "site" else "") for name in top},
        **{name: fields.get(name) for name in times},
        "attributes": attributes,
        "custom": {n.removeprefix("custom."): v for n, v in fields.items() if n[:7] == "custom."},
        "numbers": {n: float(attributes[n]) for n in ("purchase_price",) if n in attributes},
        "orders": {n: order_key(attributes[n]) for n in ("firmware",) if n in attributes},
        "tags": attributes["tags"].split(",") if "tags" in attributes else [],
        "sources": list(fields.get("sources", ())),
        "keys": list(fields.get("keys", ())),
        "tokens": fields.get("tokens", []),
        "views": fields.get("views", []),
        "health_reason": "",
        "revision": 1,
    }


async def _filled(database: Any, *assets: Fields) -> None:
    if assets:
        await database["assets"].insert_many([_document(each) for each in assets])


async def _all(directory: MongoDirectory, limit: int = 2, **more: Any) -> list[str]:
    """Ids of every page, one after the other."""
    found: list[str] = []
    place = None
    while True:
        page = await directory.page(Listing(limit=limit, after=place, **more))
        assert len(page.items) <= limit
        found += [item["id"] for item in page.items]
        place = page.last
        if place is None:
            return found


async def test_a_list_is_cut_into_pages_by_id(directory: MongoDirectory, database: Any) -> None:
    """Without an order it is that of the ids, and the last page says that it is."""
    await _filled(database, *({"id": id} for id in "dbeca"))

    assert await _all(directory) == ["a", "b", "c", "d", "e"]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("vendor", ["d", "b", "c", "a", "e"]),
        ("-vendor", ["b", "c", "d", "a", "e"]),
        ("vendor,-end_of_support", ["d", "c", "b", "e", "a"]),
        ("-vendor,end_of_support", ["c", "b", "d", "e", "a"]),
        ("purchase_price,vendor", ["c", "b", "d", "a", "e"]),
        ("-last_seen_at", ["e", "c", "a", "b", "d"]),
        ("path", ["c", "a", "b", "d", "e"]),
    ],
)
async def test_what_is_unknown_comes_last_in_either_direction(
    directory: MongoDirectory, database: Any, sort: str, expected: list[str]
) -> None:
    """In the first field and in those after it; equals are in the order of their ids."""
    await _filled(
        database,
        {"id": "a", "purchase_price": "100", "last_seen_at": NOW - timedelta(days=3)},
        {"id": "b", "vendor": "Siemens", "purchase_price": "20"},
        {"id": "c", "vendor": "Siemens", "purchase_price": "9.5", "end_of_support": "2027",
         "path": "x/y", "last_seen_at": NOW - timedelta(days=2)},
        {"id": "d", "vendor": "ABB", "purchase_price": "20.5"},
        {"id": "e", "end_of_support": "2026", "last_seen_at": NOW},
    )  # fmt: skip

    for limit in (1, 2, 5):
        for few in (Selection(), Selection(sites=frozenset({"hagen"}))):
            found = await _all(directory, limit, order=sorting(sort), selection=few)
            assert found == expected


async def test_a_list_goes_on_while_assets_come_and_go(
    directory: MongoDirectory, database: Any
) -> None:
    """What did not change is listed once, whatever happens to what stood on the page before."""
    await _filled(database, *({"id": id, "name": id.upper()} for id in "abcdef"))
    order = sorting("-name")
    first = await directory.page(Listing(order=order, limit=3))
    await database["assets"].delete_one({"_id": "d"})
    await _filled(database, {"id": "z", "name": "Z"}, {"id": "aa", "name": "AA"})

    second = await directory.page(Listing(order=order, limit=9, after=first.last))

    assert [item["id"] for item in first.items] == ["f", "e", "d"]
    assert [item["id"] for item in second.items] == ["c", "b", "aa", "a"]


async def test_a_search_finds_what_has_every_word(directory: MongoDirectory, database: Any) -> None:
    """Each word is the beginning of a token, and one token may do for two of them."""
    await _filled(
        database,
        {"id": "a", "tokens": ["press-1", "press", "1", "siemens"]},
        {"id": "b", "tokens": ["press-2", "press", "2", "abb"]},
        {"id": "c", "tokens": ["a", "z"]},
    )

    async def found(search: str) -> list[str]:
        return await _all(directory, selection=Selection(words=words_of(search)))

    assert await found("Press") == ["a", "b"]
    assert await found("press sie") == ["a"]
    assert await found("pres press-2") == ["b"]
    assert await found("ress") == []
    assert await found("m") == []  # "a" is less and "z" is more, but none begins so
    assert await found("press.1") == []


async def test_nobody_sees_a_site_that_is_not_theirs(
    directory: MongoDirectory, database: Any
) -> None:
    """In lists, counts, facets and the sites themselves, whatever is asked for; a hundred sites
    are asked for in parts."""
    await _filled(database, {"id": "a", "site": "hagen"}, {"id": "b", "site": "lyon"})
    many = frozenset({"hagen", *(f"site-{n}" for n in range(100))})
    asked = Or((equal("site", "lyon"), Known("site")))

    for scope, expected in ((frozenset({"hagen"}), ["a"]), (many, ["a"]), (frozenset[str](), [])):
        selection = Selection(asked, sites=scope)
        [facet] = await directory.facets(selection, ["site"])

        assert await _all(directory, selection=selection) == expected
        assert await directory.count(selection) == len(expected)
        assert sum(facet.values.values()) == len(expected)
        assert len(await directory.sites(scope)) == len(expected)


async def test_a_merged_asset_is_none(directory: MongoDirectory, database: Any) -> None:
    """Its stub is neither listed nor counted, whatever is asked for."""
    await _filled(database, {"id": "a", "vendor": "ABB"}, {"id": "b", "vendor": "ABB"})
    await database["assets"].update_one({"_id": "b"}, {"$set": {"merged_into": "a"}})
    selection = Selection(equal("vendor", "ABB"))

    assert await _all(directory, selection=selection) == ["a"]
    assert await directory.count(selection) == 1
    assert (await directory.facets(selection, ["vendor"]))[0].values == {"ABB": 1}
    assert [site.assets for site in await directory.sites(None)] == [1]


async def test_facets_count_by_value(directory: MongoDirectory, database: Any) -> None:
    """The most frequent first; what has several values counts for each, what has none apart."""
    await _filled(
        database,
        {"id": "a", "vendor": "Siemens", "tags": "line-1,retrofit", "sources": ["h/a", "h/b"]},
        {"id": "b", "vendor": "Siemens", "tags": "retrofit"},
        {"id": "c", "vendor": "ABB", "purchase_price": "5.00"},
        {"id": "d", "custom.colour": "red"},
    )
    names = ["vendor", "tags", "sources", "purchase_price", "custom.colour"]

    vendor, tags, sources, price, colour = await directory.facets(Selection(), names)

    assert list(vendor.values.items()) == [("Siemens", 2), ("ABB", 1)]
    assert (vendor.other, vendor.unknown) == (0, 1)
    assert list(tags.values.items()) == [("retrofit", 2), ("line-1", 1)]
    assert (tags.other, tags.unknown) == (0, 2)
    assert sources.other == 0
    assert (sources.values, sources.unknown) == ({"h/a": 1, "h/b": 1}, 3)
    assert (price.values, price.unknown) == ({"5.00": 1}, 3)
    assert (colour.values, colour.unknown) == ({"red": 1}, 3)


async def test_a_facet_names_a_hundred_values(directory: MongoDirectory, database: Any) -> None:
    """The others are a number."""
    await _filled(database, *({"id": str(n), "serial": f"s{n // 2}"} for n in range(206)))

    [serial] = await directory.facets(Selection(), ["serial"])

    assert len(serial.values) == 100
    assert (serial.other, serial.unknown) == (6, 0)
    assert (await directory.facets(Selection(equal("vendor", "x")), ["serial"]))[0].values == {}


async def test_an_item_has_what_was_asked_for(directory: MongoDirectory, database: Any) -> None:
    """Its id always; of own fields those named; what is unknown is empty."""
    await _filled(
        database,
        {"id": "a", "vendor": "ABB", "tags": "x,y", "sources": ["h/a", "h/b"], "site": "hagen",
         "custom.colour": "red", "custom.size": "1", "keys": ["k"]},
    )  # fmt: skip

    async def item(*names: str) -> Any:
        page = await directory.page(Listing(fields=names, order=sorting("-last_seen_at,vendor")))
        return page.items[0]

    assert await item("vendor", "serial") == {"id": "a", "vendor": "ABB", "serial": ""}
    assert await item("tags", "sources") == {
        "id": "a",
        "tags": ["x", "y"],
        "sources": ["h/a", "h/b"],
    }
    assert await item("custom.colour") == {"id": "a", "custom": {"colour": "red"}}
    whole = await item()
    assert whole["custom"] == {"colour": "red", "size": "1"}
    assert (whole["site"], whole["vendor"], whole["keys"]) == ("hagen", "ABB", ["k"])
    assert (whole["serial"], whole["last_seen_at"], whole["revision"]) == ("", None, 1)


async def test_a_list_shows_an_asset_as_it_is_shown_alone(
    directory: MongoDirectory, database: Any
) -> None:
    """Member by member, as it is written with all that it is searched by."""
    key = Key(Tier.UNIQUE, "global", "serial", "abb/1")
    view = View(
        "hagen/plc", "hagen", "", NOW, "r", Reachability.ONLINE, Health.NORMAL, "", {}, (key,)
    )
    asset = Asset(
        "a", NOW, NOW, (view,), site="hagen", path="x/y", last_seen_at=NOW, revision=3,
        attributes={"vendor": "ABB", "tags": "new,old", "custom.cabinet": "7",
                    "purchase_price": "1.50"},
    )  # fmt: skip
    await database["assets"].insert_one({"_id": asset.id, **document(asset)})
    asked = parse('keys = "global|serial|abb/1" and purchase_price = 1.5 and tags = new', NOW)

    page = await directory.page(Listing(Selection(asked, words_of("abb old"))))

    assert [AssetOut.model_validate(item) for item in page.items] == [AssetOut.of(asset)]


async def test_a_saved_view_is_there_until_it_is_removed(database: Any) -> None:
    """Saved again it is another one; removed twice it was not there."""
    views = MongoViews(database)
    said = ("end_of_support < now", "-end_of_support", ("name",), "What is old")
    first = SavedView("old", *said, owner="mara")
    second = SavedView("old", "vendor = ABB", owner="mara")

    assert await views.put(first)
    assert await views.view("old", "mara") == first
    assert not await views.put(second)
    assert await views.listed("mara", "", 10) == [second]
    assert await views.listed("mara", "old|mara", 10) == []
    assert await views.remove("old", "mara")
    assert not await views.remove("old", "mara")
    assert await views.view("old", "mara") is None


async def test_a_view_is_its_owners_until_it_is_shared(database: Any) -> None:
    """Then everybody uses it, but for who has one of the same name; its owner takes it back."""
    views = MongoViews(database)
    mine = SavedView("old", "vendor = ABB", owner="mara", shared=True)
    other = SavedView("old", "vendor = WAGO", owner="ada")

    assert await views.put(replace(mine, shared=False))
    assert await views.view("old", "ada") is None
    assert not await views.put(mine)
    assert await views.view("old", "ada") == mine
    assert await views.put(other)
    with pytest.raises(Taken, match="'old' is shared by somebody else"):
        await views.put(replace(other, shared=True))
    assert await views.view("old", "ada") == other
    assert await views.listed("ada", "", 10) == [mine, other]
    assert await views.listed("tom", "", 10) == [mine]
    assert not await views.remove("old", "tom")
    assert not await views.put(replace(mine, shared=False))
    assert await views.view("old", "tom") is None
    assert await views.listed("ada", "", 10) == [other]


WORDS = st.sampled_from(
    ["", "Siemens", "siemens", "PRESS-1", "press", "a*b", "ABB\n", "Größe", "+"]
)
DAYS = st.sampled_from(
    ["2026", "2027", "2027-01", "2027-06", "2027-12", "2027-06-01", "2027-06-30", "2027-12-31",
     "2028", "2028-01-01", "9999", "9999-12-31"]
)  # fmt: skip
PRICES = st.sampled_from(["0", "-1", "9.5", "10", "4850.10", "0.1"])
PATHS = st.sampled_from(["", "nordwerk", "nordwerk/hagen", "nordwerk/hagen-2", "nordwerk/hagen/x"])
TIMES = st.integers(-3, 3).map(lambda n: NOW - timedelta(hours=12 * n))
FIRMWARES = st.sampled_from(["2.9", "V2.9", "2.10", "2.10-rc.1", "2.10b"])
TAGS = st.lists(st.sampled_from(["line-1", "retrofit", "x"]), min_size=1, max_size=2, unique=True)
ASSET = st.fixed_dictionaries(
    {"path": PATHS, "site": st.sampled_from(["hagen", "lyon"])},
    optional={
        "vendor": WORDS.filter(bool),
        "firmware": FIRMWARES,
        "criticality": st.sampled_from(["high", "low"]),
        "purdue_level": st.sampled_from(["0", "3", "3.5", "4"]),
        "end_of_support": DAYS,
        "purchase_price": PRICES,
        "last_seen_at": TIMES,
        "tags": TAGS.map(lambda tags: ",".join(sorted(tags))),
        "sources": TAGS,
        "keys": TAGS,
        "custom.colour": WORDS.filter(bool),
    },
)
NAMES = ("vendor", "end_of_support", "purchase_price", "last_seen_at", "tags", "sources", "path",
         "custom.colour", "firmware", "criticality", "keys", "purdue_level")  # fmt: skip
SIGNS = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
EQUALITY = st.sampled_from(["=", "!="])
GLOBS = st.sampled_from(["*", "?*", "press*", "*E*S*", "a*b", "a[*]b", "si?mens", "*\\*", "ABB?"])


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _terms() -> st.SearchStrategy[str]:
    texts = st.sampled_from(["vendor", "custom.colour", "path"])
    lists = st.sampled_from(["tags", "sources", "keys"])
    times = st.sampled_from(["now", "now-12h", "now-1d", "2026-03-01", "2026-03-01T12:00Z"])
    words = WORDS.filter(bool).map(_quoted)
    levels = st.sampled_from(["0", "3", "3.5"])
    return st.one_of(
        st.builds("{} {} {}".format, texts, SIGNS, words),
        st.builds("{} ~ {}".format, st.one_of(texts, lists), GLOBS.map(_quoted)),
        st.builds("{} in ({}, {})".format, texts, words, words),
        st.builds("{} {} {}".format, lists, EQUALITY, st.sampled_from(["line-1", "x"])),
        st.builds("end_of_support {} {}".format, SIGNS, DAYS),
        st.builds("end_of_support in ({}, {})".format, DAYS, DAYS),
        st.builds("purchase_price {} {}".format, SIGNS, PRICES),
        st.builds("last_seen_at {} {}".format, SIGNS, times),
        st.builds("purdue_level {} {}".format, SIGNS, levels),
        st.builds("firmware {} {}".format, SIGNS, FIRMWARES),
        st.builds("firmware ~ {}".format, GLOBS.map(_quoted)),
        st.builds("path under {}".format, PATHS.filter(bool)),
        st.builds("{} is {}".format, st.sampled_from(NAMES), st.sampled_from(["known", "unknown"])),
    )


EXPRESSIONS = st.recursive(
    _terms(),
    lambda inner: st.one_of(
        st.builds("({} and {})".format, inner, inner),
        st.builds("({} or {})".format, inner, inner),
        st.builds("not {}".format, inner),
    ),
    max_leaves=5,
)


@contextmanager
def _collection(uri: str) -> Iterator[Any]:
    with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
        name = f"agreement-{uuid.uuid4().hex[:8]}"
        yield client[name]["assets"]
        client.drop_database(name)


def test_the_store_and_the_domain_agree_on_every_condition(mongodb: str) -> None:
    """Random conditions select the same of random assets in a query and in `matches`."""
    with _collection(mongodb) as collection:

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(st.lists(ASSET, min_size=5, max_size=25), st.lists(EXPRESSIONS, min_size=5))
        def agree(assets: list[Fields], expressions: list[str]) -> None:
            collection.delete_many({})
            numbered = [{"id": f"{n:02}", **each} for n, each in enumerate(assets)]
            collection.insert_many([_document(each) for each in numbered])
            for text in expressions:
                condition: Condition = parse(text, NOW)
                here = [each["id"] for each in numbered if matches(condition, each)]
                there = [each["_id"] for each in collection.find(compiled(condition)).sort("_id")]
                assert here == there, text

        agree()


def test_lists_in_every_order_are_those_of_the_domain(mongodb: str) -> None:
    """Page by page with any order, filter and page size, each asset is listed once, in order."""

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(ASSET, max_size=20),
        EXPRESSIONS,
        st.lists(
            st.sampled_from(
                ["vendor", "-end_of_support", "path", "-last_seen_at", "purchase_price", "site"]
            ),
            max_size=3,
            unique=True,
        ),
        st.integers(1, 7),
    )
    def agree(assets: list[Fields], text: str, order: list[str], limit: int) -> None:
        numbered = [{"id": f"{n:02}", **each} for n, each in enumerate(assets)]
        condition = parse(text, NOW)
        wanted = [each for each in numbered if matches(condition, each)]
        for name in reversed(order):
            _stable(wanted, name)
        found = asyncio.run(_listed(mongodb, numbered, condition, ",".join(order), limit))
        assert found == [each["id"] for each in wanted], (text, order)

    agree()


def _stable(assets: list[Fields], name: str) -> None:
    """Sort by one field, what is unknown last; equals stay as they are."""
    field = name.removeprefix("-")

    def value(asset: Fields) -> Any:
        return float(asset[field]) if field == "purchase_price" else asset[field]

    known = [each for each in assets if each.get(field)]
    unknown = [each for each in assets if not each.get(field)]
    known.sort(key=value, reverse=name.startswith("-"))
    assets[:] = known + unknown


async def _listed(
    uri: str, assets: list[Fields], condition: Condition, order: str, limit: int
) -> list[str]:
    client: Any = AsyncIOMotorClient(uri, tz_aware=True)
    database = client[f"lists-{uuid.uuid4().hex[:8]}"]
    try:
        await _filled(database, *assets)
        directory = MongoDirectory(database)
        await directory.prepare()
        return await _all(directory, limit, selection=Selection(condition), order=sorting(order))
    finally:
        await client.drop_database(database.name)
        client.close()


async def test_an_asset_is_shown_as_last_seen_when_a_source_that_reaches_it_last_was(
    directory: MongoDirectory, database: Any
) -> None:
    """The asset itself knows ten minutes coarse; a source that is silent only says that it is."""
    views = [
        {"source": "hagen/plc", "reachability": "online"},
        {"source": "hagen/scada/plc", "reachability": "offline"},
    ]
    await _filled(database, {"id": "a", "last_seen_at": NOW, "views": views}, {"id": "b"})
    seen = [("hagen/plc", 60), ("hagen/scada/plc", 90), ("hagen/other", 99)]
    await database["seen"].insert_many(
        [{"_id": source, "at": NOW + timedelta(seconds=second)} for source, second in seen]
    )

    for fields in ((), ("last_seen_at",)):
        items = (await directory.page(Listing(fields=fields))).items
        assert [item["last_seen_at"] for item in items] == [NOW + timedelta(seconds=60), None]

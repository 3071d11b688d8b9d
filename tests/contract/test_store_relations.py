"""What relations and sightings ask of their store, on the real one, through both drivers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.contract import stores

from isthmus.inventory.adapters.past_relations import MongoPast
from isthmus.inventory.adapters.relations import HISTORY_MAX, MongoRelations
from isthmus.inventory.adapters.sightings import MongoSightings
from isthmus.inventory.domain.relations.links import Sighting, SightingKind, Table, table
from isthmus.inventory.domain.relations.relations import (
    Act,
    Declared,
    Node,
    Pointer,
    RelationKind,
    declared,
)
from isthmus.inventory.handlers.relations import Relations
from isthmus.runtime.errors import Retryable

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HAGEN = frozenset({"hagen"})


@pytest.fixture
async def store(database: Any) -> MongoRelations:
    """The store of relations, with its indexes."""
    store = MongoRelations(database)
    await store.prepare()
    return store


@pytest.fixture
async def sightings(database: Any) -> MongoSightings:
    """The store of sightings, with its index."""
    store = MongoSightings(database)
    await store.prepare()
    return store


def asset(id: str, *pointers: tuple[str, str], site: str = "hagen", **more: Any) -> Any:
    """An asset's document, as far as relations read it."""
    source = f"{site}/{id}"
    return {
        "_id": id,
        "site": site,
        "path": f"n/{site}/press",
        "attributes": {"name": id.upper(), "class": "plc", "criticality": "high"},
        "sources": [source],
        "relates": [f"{site}/{other}" for _, other in pointers],
        "views": [
            {"source": source, "observed_at": NOON, "relation": [kind, f"{site}/{other}", "3"]}
            for kind, other in pointers
        ]
        or [{"source": source, "observed_at": NOON, "relation": None}],
        **more,
    }


def stub(id: str, successor: str) -> Any:
    """What is left of a merged asset."""
    return asset(id) | {"merged_into": successor, "sources": [], "views": [], "relates": []}


async def test_an_asset_is_read_as_a_graph_needs_it(store: MongoRelations, database: Any) -> None:
    """With where its views point to."""
    await database["assets"].insert_one(asset("unit", ("behind", "gw")))

    found = await store.nodes(["unit", "nobody"], None)

    assert found == {
        "unit": Node(
            "unit", "hagen", "n/hagen/press", "UNIT", "plc", "high", "", ("hagen/unit",),
            (Pointer("hagen/unit", "behind", "hagen/gw", NOON, "3"),),
        )
    }  # fmt: skip


async def test_a_merged_asset_leads_on_and_back(store: MongoRelations, database: Any) -> None:
    """Over several merges; a retired one leads nowhere."""
    await database["assets"].insert_many(
        [asset("now"), stub("then", "now"), stub("first", "then"), stub("gone", "")]
    )

    found = await store.nodes(["first", "now", "gone"], None)

    assert {id: node.id for id, node in found.items()} == {"first": "now", "now": "now"}
    assert await store.merged(["now"]) == {"then", "first"}
    assert await store.merged(["first"]) == set()


async def test_only_assets_of_the_sites_are_read(store: MongoRelations, database: Any) -> None:
    """By id, by source, by what they point to, and by place."""
    await database["assets"].insert_many(
        [asset("a"), asset("b", ("behind", "a")), asset("c", ("behind", "a"), site="lyon")]
    )

    assert (await store.nodes(["a", "c"], HAGEN)).keys() == {"a"}
    assert (await store.nodes(["a", "c"], None)).keys() == {"a", "c"}
    assert await store.nodes(["a"], frozenset()) == {}
    assert [n.id for n in await store.having(["hagen/a", "lyon/c"], HAGEN)] == ["a"]
    assert [n.id for n in await store.pointing(["hagen/a", "lyon/a"], HAGEN, 9)] == ["b"]
    assert len(await store.pointing(["hagen/a", "lyon/a"], None, 9)) == 2
    assert len(await store.pointing(["hagen/a", "lyon/a"], None, 1)) == 1
    assert [n.id for n in await store.located("hagen", "", 9)] == ["a", "b"]


async def test_what_is_merged_is_no_asset_of_a_source(store: MongoRelations, database: Any) -> None:
    """Even when its stub should still name one."""
    await database["assets"].insert_one(asset("b", ("behind", "a")) | {"merged_into": "z"})

    assert await store.having(["hagen/b"], None) == []
    assert await store.pointing(["hagen/a"], None, 9) == []
    assert await store.located("hagen", "", 9) == []


async def test_a_place_is_a_level_of_the_path_and_all_below(
    store: MongoRelations, database: Any
) -> None:
    """Not what only begins alike; what looks like a pattern is none."""
    paths = ("n/hagen/press", "n/hagen/press/line-1", "n/hagen/press-2", "n/hagen")
    await database["assets"].insert_many(
        [asset(f"a{n}", path=path) for n, path in enumerate(paths)]
    )

    assert [n.id for n in await store.located("hagen", "n/hagen/press", 9)] == ["a0", "a1"]
    assert await store.located("hagen", "n/hagen/pr.ss", 9) == []
    assert len(await store.located("hagen", "", 3)) == 3


async def test_many_are_found_as_surely_as_few(store: MongoRelations, database: Any) -> None:
    """More than one short list of them, none twice."""
    await database["assets"].insert_many([asset(f"a{n}") for n in range(120)])
    await database["identity_keys"].insert_many(
        [{"_id": f"hagen|mac|{n}", "asset": f"a{n}"} for n in range(120)]
    )

    sources = [f"hagen/a{n}" for n in range(130)]
    holders = await store.holders([f"hagen|mac|{n}" for n in range(130)])

    assert len(await store.having([*sources, *sources], None)) == 120
    assert holders == {f"hagen|mac|{n}": f"a{n}" for n in range(120)}
    assert await store.holders([]) == {}


def said(
    kind: RelationKind = RelationKind.FEEDS, start: str = "a", end: str = "b", **more: Any
) -> Declared:
    return replace(declared(kind, start, end, "why", "jo", NOON), **more)


ACT = Act(NOON, "jo", "declared", "why")


async def test_what_was_declared_is_read_back_whole(store: MongoRelations) -> None:
    """From either end, with its history."""
    await store.declare(said(), ACT, ("hagen", "hagen"))

    for id in ("a", "b"):
        assert await store.declared([id]) == [said(history=(ACT,))]
    assert await store.declared(["c"]) == []
    assert await store.declared(["a", "b"]) == [said(history=(ACT,))]


async def test_what_was_withdrawn_is_only_listed(store: MongoRelations) -> None:
    """Declared again, it is as before, with all of its history."""
    gone = Act(NOON, "al", "withdrawn")
    await store.declare(said(), ACT, ("hagen", "hagen"))
    await store.declare(said(by="al", removed=True), gone, ("hagen", "hagen"))

    assert await store.declared(["a"]) == await store.declared_at("hagen", 9) == []
    assert await store.declarations(None, "", 9) == [
        said(by="al", removed=True, history=(ACT, gone))
    ]
    await store.declare(said(), ACT, ("hagen", "hagen"))
    assert (await store.declared(["a"]))[0].history == (ACT, gone, ACT)


async def test_what_is_declared_is_listed_by_site_and_page(store: MongoRelations) -> None:
    """A relation between two sites only for who may see both."""
    await store.declare(said(), ACT, ("hagen", "hagen"))
    await store.declare(said(end="c"), ACT, ("hagen", "lyon"))

    both = frozenset({"hagen", "lyon"})
    assert [each.end for each in await store.declarations(HAGEN, "", 9)] == ["b"]
    assert [each.end for each in await store.declarations(both, "", 9)] == ["b", "c"]
    assert [each.end for each in await store.declarations(None, "feeds|a|b", 9)] == ["c"]
    assert len(await store.declarations(None, "", 1)) == 1
    assert [each.end for each in await store.declared_at("hagen", 9)] == ["b"]


async def test_the_history_of_a_relation_is_bounded(store: MongoRelations) -> None:
    """The latest stay."""
    for number in range(HISTORY_MAX + 2):
        act = replace(ACT, note=str(number))
        await store.declare(said(), act, ("hagen", "hagen"))

    (found,) = await store.declared(["a"])
    assert [found.history[0].note, found.history[-1].note] == ["2", str(HISTORY_MAX + 1)]


def seen(second: int = 0, *more: Sighting, source: str = "hagen/sw") -> Table:
    first = Sighting(SightingKind.LLDP, "1", "28:63:36:00:00:02", "10.0.0.2", "b", "9", "NW-8")
    many = [Sighting(SightingKind.FDB, "24", f"28:63:36:00:01:{n:02x}") for n in range(9)]
    return table(source, "hagen", NOON + timedelta(seconds=second), (first, *more, *many))


async def keep(sightings: MongoSightings, *tables: Table) -> None:
    await sightings.keep([(each, None) for each in tables])


async def test_a_table_is_read_back_whole(sightings: MongoSightings) -> None:
    """Every column, and what stands behind its uplinks; an empty one too."""
    empty = table("hagen/z", "hagen", NOON, ())

    await keep(sightings, seen(), empty)

    assert await sightings.seen_at("hagen", 9) == [seen(), empty]
    assert await sightings.seen_at("lyon", 9) == []
    assert len(await sightings.seen_at("hagen", 1)) == 1
    assert {s: d.digest for s, d in (await sightings.shown()).items()} == {
        "hagen/sw": seen().digest, "hagen/z": empty.digest,
    }  # fmt: skip


async def test_an_older_table_does_not_replace_a_newer_one(sightings: MongoSightings) -> None:
    """And keeps no other of its batch back."""
    arp = Sighting(SightingKind.ARP, "v", "28:63:36:00:00:05", "10.0.0.5")
    await keep(sightings, seen(9, arp))

    await keep(sightings, seen(3), seen(3, source="hagen/other"))
    await keep(sightings, seen(9, arp))

    other, kept = await sightings.seen_at("hagen", 9)
    assert (other.source, kept) == ("hagen/other", seen(9, arp))
    await keep(sightings, seen(12))
    await keep(sightings)
    assert (await sightings.seen_at("hagen", 9))[1] == seen(12)


async def test_a_plant_answers_from_its_store(
    store: MongoRelations, sightings: MongoSightings, database: Any
) -> None:
    """Reported, seen and declared relations together, over a merge."""
    await database["assets"].insert_many(
        [
            asset("sw", attributes={"class": "switch"}),
            asset("router", attributes={"class": "router"}),
            asset("gw"),
            asset("unit", ("behind", "gw")),
            asset("press"),
            stub("old-press", "press"),
        ]
    )
    await database["identity_keys"].insert_many(
        [
            {"_id": "hagen|mac|28:63:36:00:00:02", "asset": "gw"},
            {"_id": "hagen|hostname|router", "asset": "router"},
        ]
    )
    up = Sighting(SightingKind.LLDP, "up", name="ROUTER.nordwerk.example")
    await keep(sightings, seen(0, up))
    await store.declare(
        declared(RelationKind.USES, "old-press", "unit", "", "jo", NOON), ACT, ("hagen", "hagen")
    )
    ask = Relations(store, sightings, MongoPast(database), now=lambda: NOON)

    found = await ask.impact("sw", HAGEN, depth=9, limit=99)
    way = await ask.path("router", "old-press", HAGEN)

    assert found
    assert [(hit.id, hit.effect.value) for hit in found.hits] == [
        ("gw", "cut_off"), ("unit", "cut_off"), ("press", "stops"),
    ]  # fmt: skip
    assert way.steps
    assert [step.kind for step in way.steps] == [
        RelationKind.CONNECTS_TO, RelationKind.CONNECTS_TO, RelationKind.BEHIND, RelationKind.USES,
    ]  # fmt: skip


async def test_a_store_that_is_away_can_be_tried_again() -> None:
    """No failure of the store is anything else than Retryable."""
    for name in ("motor", "pymongo"):
        client = stores.client(name, "mongodb://127.0.0.1:9", serverSelectionTimeoutMS=50)
        store, sightings = MongoRelations(client["x"]), MongoSightings(client["x"])
        for attempt in (
            store.prepare(), store.nodes(["a"], None), store.declared_at("hagen", 9),
            store.declare(said(), ACT, ("hagen", "hagen")), keep(sightings, seen()),
            sightings.prepare(), sightings.seen_at("hagen", 9),
        ):  # fmt: skip
            with pytest.raises(Retryable, match="store: "):
                await attempt
        await stores.close(client)

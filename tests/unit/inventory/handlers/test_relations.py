"""Questions to the relations of a plant in memory, and what people declare there."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.plant import NOON, Plant

from isthmus.inventory.domain.relations import graph
from isthmus.inventory.domain.relations.answers import Impact
from isthmus.inventory.domain.relations.links import Sighting, SightingKind, Table
from isthmus.inventory.domain.relations.relations import Effect, Relation, RelationKind, united
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers import relations as handlers
from isthmus.inventory.handlers.relations import KEPT_S, Relations
from isthmus.runtime.errors import Retryable

HAGEN = frozenset({"hagen"})
IDS = "abcdefgh"


def neighbour(name: str, port: str = "1", remote_port: str = "") -> Sighting:
    return Sighting(SightingKind.LLDP, port, name=name, remote_port=remote_port)


def asked(plant: Plant) -> Relations:
    return Relations(plant, plant, plant, now=lambda: NOON)


async def impact(plant: Plant, id: str, **more: int) -> Impact:
    found = await asked(plant).impact(id, None, **{"depth": 10, "limit": 100, **more})
    assert found
    return found


def effects(found: Impact) -> dict[str, Effect]:
    return {hit.id: hit.effect for hit in found.hits}


@pytest.fixture
def plant() -> Plant:
    """A switch, a gateway on it, two units behind that, a program on a host."""
    made = Plant()
    for id in ("gateway", "host", "press"):
        made.add(id)
    made.add("switch", class_="switch")
    made.add("unit-1", ("behind", "gateway"))
    made.add("unit-2", ("behind", "gateway"))
    made.add("program", ("installed_on", "host"))
    made.see("switch", neighbour("gateway", "7", "eth0"))
    made.declare_all((RelationKind.CONTROLS, "program", "press"))
    return made


async def test_an_asset_has_relations_from_all_that_is_known(plant: Plant) -> None:
    """Reported, seen and declared, in both directions."""
    gateway = await asked(plant).of("gateway", None)
    program = await asked(plant).of("program", None)

    assert gateway
    assert program
    assert [(r.kind, r.other("gateway")) for r in gateway.relations] == [
        (RelationKind.BEHIND, "unit-1"), (RelationKind.BEHIND, "unit-2"),
        (RelationKind.CONNECTS_TO, "switch"),
    ]  # fmt: skip
    assert [(r.kind, r.other("program")) for r in program.relations] == [
        (RelationKind.CONTROLS, "press"), (RelationKind.RUNS_ON, "host"),
    ]  # fmt: skip


async def test_an_asset_that_is_not_there_has_no_answer(plant: Plant) -> None:
    """Nor one that the asker may not see."""
    assert await asked(plant).of("nobody", None) is None
    assert await asked(plant).of("switch", frozenset({"lyon"})) is None
    assert await asked(plant).impact("switch", frozenset(), depth=9, limit=9) is None


async def test_impact_goes_on_through_relations_of_all_kinds(plant: Plant) -> None:
    """Over the link to the gateway to what is behind it; from the host to the press."""
    assert effects(await impact(plant, "host")) == dict.fromkeys(("program", "press"), Effect.STOPS)
    plant.add("router", class_="router")
    plant.see("router", neighbour("switch"))
    found = await impact(plant, "switch")
    assert effects(found) == dict.fromkeys(("gateway", "unit-1", "unit-2"), Effect.CUT_OFF)
    assert [each.id for each in found.hits[-1].chain] == ["switch", "gateway", "unit-2"]
    assert found.core == ["router"]


async def test_impact_is_bounded_in_depth_and_number(plant: Plant) -> None:
    """And says when there is more."""
    near = await impact(plant, "host", depth=1)
    all_ = await impact(plant, "host", depth=2)
    few = await impact(plant, "gateway", limit=1)

    assert list(effects(near)) == ["program"]
    assert list(effects(all_)) == ["program", "press"]
    assert (near.complete, all_.complete) == (False, True)
    assert (len(few.hits), few.complete) == (1, False)


async def test_impact_reads_level_by_level(plant: Plant) -> None:
    """A hundred units behind a gateway cost no more reads than two."""
    await impact(plant, "gateway")
    before, plant.reads = plant.reads, 0
    for number in range(100):
        plant.add(f"more-{number}", ("behind", "gateway"))

    assert len((await impact(plant, "gateway", limit=500)).hits) == 102
    assert plant.reads == before


async def test_a_merged_asset_keeps_what_was_declared_of_it(plant: Plant) -> None:
    """Under either id; and when it is one with the other end, nothing is left."""
    plant.add("press-2")
    plant.merge("press", "press-2")

    old, new = [await asked(plant).of(id, None) for id in ("press", "press-2")]

    assert old == new
    assert new
    assert [each.other("press-2") for each in new.relations] == ["program"]
    plant.merge("program", "press-2")
    gone = await asked(plant).of("press-2", None)
    assert gone
    assert {each.kind for each in gone.relations} == {RelationKind.RUNS_ON}


@pytest.fixture
def two_sites() -> Plant:
    """A chain from Hagen over Lyon to Hagen again."""
    made = Plant()
    made.add("here")
    made.add("there", site="lyon")
    made.add("again")
    made.declare_all((RelationKind.FEEDS, "here", "there"), (RelationKind.FEEDS, "there", "again"))
    return made


async def test_what_one_may_not_see_is_no_hop_either(two_sites: Plant) -> None:
    """Nothing follows from it: not the impact, not a path, not a relation."""
    ask = asked(two_sites)

    seen = await ask.impact("here", HAGEN, depth=9, limit=9)
    way = await ask.path("here", "again", HAGEN)
    of = await ask.of("here", HAGEN)
    said, _ = await ask.declarations(HAGEN, "", 9)

    assert seen
    assert of
    assert (list(seen.hits), way.steps, list(of.relations), said) == ([], None, [], [])
    assert set(seen.nodes) | set(way.nodes) | set(of.nodes) == {"here", "again"}
    assert list(effects(await impact(two_sites, "here"))) == ["there", "again"]


async def test_what_moved_to_a_site_that_one_may_not_see_is_gone(plant: Plant) -> None:
    """Even when its sources, its keys, and those behind it still stand at this one."""
    plant.assets["gateway"] = replace(plant.assets["gateway"], site="lyon")
    plant.assets["program"] = replace(plant.assets["program"], site="lyon")

    for id in ("switch", "unit-1", "host"):
        found = await asked(plant).of(id, HAGEN)
        assert found
        assert list(found.relations) == []
        assert found.nodes.keys() == {id}


async def test_a_path_goes_by_links_where_there_is_one(plant: Plant) -> None:
    """Even when another relation would be shorter."""
    plant.add("core")
    plant.see("core", neighbour("switch", "1"), neighbour("host", "2"))
    plant.declare_all((RelationKind.USES, "host", "gateway"))

    way = await asked(plant).path("host", "gateway", None)

    assert way.steps
    assert [step.kind for step in way.steps] == [RelationKind.CONNECTS_TO] * 3


async def test_a_path_goes_by_any_relation_where_there_is_no_link(plant: Plant) -> None:
    """In either direction; an end that is not there is named."""
    way = await asked(plant).path("unit-1", "unit-2", None)
    none = await asked(plant).path("unit-1", "press", None)
    itself = await asked(plant).path("press", "press", None)

    assert way.steps
    assert [step.other("gateway") for step in way.steps] == ["unit-1", "unit-2"]
    assert (none.steps, none.complete) == (None, True)
    assert itself.steps == []
    with pytest.raises(Invalid, match="to: 'nobody', expected the id of an asset"):
        await asked(plant).path("press", "nobody", None)


async def test_a_longer_way_that_is_known_at_once_is_not_taken(plant: Plant) -> None:
    """All links of a site are known from the start, other relations only step by step."""
    for id in ("start", "x", "y", "between", "end"):
        plant.add(id)
    plant.declare_all(
        (RelationKind.FEEDS, "start", "x"), (RelationKind.CONNECTS_TO, "x", "y"),
        (RelationKind.CONNECTS_TO, "y", "end"),
        (RelationKind.FEEDS, "start", "between"), (RelationKind.FEEDS, "between", "end"),
    )  # fmt: skip

    way = await asked(plant).path("start", "end", None)

    assert way.steps
    assert [step.kind for step in way.steps] == [RelationKind.FEEDS, RelationKind.FEEDS]


pairs = st.lists(
    st.tuples(
        st.sampled_from(list(RelationKind)), st.sampled_from(IDS), st.sampled_from(IDS)
    ).filter(lambda each: each[1] != each[2]),
    max_size=14,
)


@given(pairs, st.sampled_from(IDS), st.sampled_from(IDS))
async def test_what_is_fetched_step_by_step_answers_like_the_whole_graph(
    relations: list[tuple[RelationKind, str, str]], start: str, end: str
) -> None:
    """Paths as short, and the same impact."""
    plant = Plant()
    for id in IDS:
        plant.add(id)
    plant.declare_all(*relations)
    whole = united(Relation(*each) for each in relations)
    wires = [each for each in whole if each.kind is RelationKind.CONNECTS_TO]

    way = await asked(plant).path(start, end, None)
    found = await impact(plant, start, depth=20)

    best = graph.path(wires, start, end)
    best = graph.path(whole, start, end) if best is None else best
    assert (way.steps is None) == (best is None)
    assert len(way.steps or ()) == len(best or ())
    expected = graph.impact(whole, start, graph.core(wires, {}), 20)
    assert effects(found) == {h.id: h.effect for h in expected.values() if h.id != start}


async def test_a_drawing_has_all_within_and_nothing_beyond(plant: Plant) -> None:
    """A part of the site, or all of it; of another site nothing."""
    plant.add("far", ("behind", "gateway"), path="n/hagen/paint")

    whole = await asked(plant).topology("hagen", "", HAGEN)
    part = await asked(plant).topology("hagen", "n/hagen/press", None)
    other = await asked(plant).topology("hagen", "", frozenset({"lyon"}))

    assert len(whole.nodes) == len(part.nodes) + 1 == 8
    assert len(whole.relations) == len(part.relations) + 1 == 6
    assert (other.nodes, other.relations) == ((), ())


async def test_a_site_that_is_too_large_to_draw_says_how_to_narrow(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a path."""
    monkeypatch.setattr(handlers, "DRAWN_MAX", 3)

    with pytest.raises(Invalid, match="path: 'hagen' has more than 3 assets, expected a path"):
        await asked(plant).topology("hagen", "", None)


async def test_strangers_are_asked_for_by_site(plant: Plant) -> None:
    """And are nobody's business elsewhere."""
    plant.see("host", neighbour("unknown-box", "3"))

    (stranger,) = await asked(plant).strangers("hagen", HAGEN)

    assert stranger.name == "unknown-box"
    assert await asked(plant).strangers("hagen", frozenset({"lyon"})) == []
    assert await asked(plant).strangers("lyon", None) == []


async def test_links_are_read_again_after_a_while(plant: Plant) -> None:
    """Not for each question: all tables of a site make them."""
    now = [0.0]
    ask = Relations(plant, plant, plant, now=lambda: NOON, clock_s=lambda: now[0])
    await ask.of("switch", None)
    plant.see("switch", neighbour("host", "8"))

    soon = await ask.of("switch", None)
    now[0] = KEPT_S + 1
    later = await ask.of("switch", None)

    assert soon
    assert later
    assert [each.other("switch") for each in soon.relations] == ["gateway"]
    assert [each.other("switch") for each in later.relations] == ["host"]


async def test_who_asks_at_once_waits_for_the_same_answer(plant: Plant) -> None:
    """A failure is everybody's who waited, and nobody's who asks again."""
    ask = asked(plant)
    read, failures = plant.seen_at, [Retryable("store: away")]

    async def away_once(site: str, limit: int) -> list[Table]:
        await asyncio.sleep(0)
        if failures:
            raise failures.pop()
        return await read(site, limit)

    plant.seen_at = away_once  # type: ignore[method-assign]
    both = await asyncio.gather(
        *(ask.of("gateway", None) for _ in range(2)), return_exceptions=True
    )

    assert [str(each) for each in both] == ["store: away"] * 2
    found = await ask.of("gateway", None)
    assert found
    assert len(found.relations) == 3


async def test_a_relation_is_declared_once_and_its_note_can_change(plant: Plant) -> None:
    """Each time with who and when in its history."""
    ask = asked(plant)
    row = {"kind": "feeds", "from": "host", "to": "switch", "note": "circuit 7"}

    first = await ask.declare(row, "jo", HAGEN)
    again = await ask.declare(row, "al", HAGEN)
    other = await ask.declare({**row, "note": "circuit 8"}, "al", HAGEN)

    assert [is_new for _, is_new in (first, again, other)] == [True, False, True]
    assert [(act.by, act.note) for act in other[0].history] == [
        ("jo", "circuit 7"), ("al", "circuit 8"),
    ]  # fmt: skip
    assert plant.said["feeds|host|switch"].history == other[0].history


async def test_what_was_declared_of_a_merged_asset_can_be_changed_and_withdrawn(
    plant: Plant,
) -> None:
    """It stays one relation, whichever id it was declared under."""
    ask = asked(plant)
    plant.add("press-2")
    plant.merge("press", "press-2")
    row = {"kind": "controls", "from": "program", "to": "press-2"}

    _, is_new = await ask.declare(row, "jo", None)
    withdrawn = await ask.withdraw(row, "jo", None)

    assert (is_new, withdrawn) == (False, True)
    assert plant.said["controls|program|press"].removed
    assert not await ask.withdraw(row, "jo", None)
    (said,), more = await ask.declarations(None, "", 9)
    assert (said.end, said.removed, more) == ("press-2", True, None)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "feeds", "from": "host", "to": "host"}, "to"),
        ({"kind": "feeds", "from": "nobody", "to": "host"}, "from"),
        ({"kind": "feeds", "from": "host", "to": "far"}, "to"),
    ],
)
async def test_a_relation_needs_two_assets_that_one_may_see(
    plant: Plant, row: dict[str, str], field: str
) -> None:
    """One of another site is as if it were not there."""
    plant.add("far", site="lyon")

    with pytest.raises(Invalid) as refusal:
        await asked(plant).declare(row, "jo", HAGEN)

    assert refusal.value.field == field

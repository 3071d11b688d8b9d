"""Impact and paths, against the plainest way to find them."""

from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.relations import graph
from isthmus.inventory.domain.relations.graph import impact, path, reached
from isthmus.inventory.domain.relations.relations import (
    NO_OTHER_WAY,
    TRAVELS,
    Effect,
    Node,
    Relation,
    RelationKind,
    united,
)

IDS = "abcdefgh"
STOPS, CUT_OFF = Effect.STOPS, Effect.CUT_OFF
graphs = st.lists(
    st.builds(Relation, st.sampled_from(RelationKind), st.sampled_from(IDS), st.sampled_from(IDS)),
    max_size=20,
).map(united)


def relation(kind: RelationKind, start: str, end: str) -> Relation:
    return Relation(kind, start, end)


def links(*pairs: str) -> list[Relation]:
    """Links between the assets that each pair names."""
    return united(relation(RelationKind.CONNECTS_TO, *pair) for pair in pairs)


def effects(relations: Iterable[Relation], start: str, core: str = "") -> dict[str, Effect]:
    return {id: hit.effect for id, hit in impact(relations, start, core, 20).items()}


def naive(relations: list[Relation], start: str, core: str) -> dict[str, Effect]:
    """Apply every rule to every relation until nothing changes any more."""
    states = {(start, STOPS)}
    wires = graph.around(r for r in relations if r.kind is RelationKind.CONNECTS_TO)
    online = reached(wires, core)
    while True:
        before = set(states)
        for each in relations:
            if each.kind is RelationKind.CONNECTS_TO:
                continue
            travel = TRAVELS[each.kind]
            one, other = each.ends if travel.to_end else each.ends[::-1]
            if (one, STOPS) in states:
                states.add((other, travel.stopped))
            if (one, CUT_OFF) in states and travel.cut_off:
                states.add((other, travel.cut_off))
        stopped = {id for id, effect in states if effect is STOPS}
        left = reached(wires, set(core) - stopped, stopped)
        states |= {(id, CUT_OFF) for id in online - left - stopped}
        if states == before:
            return {id: STOPS if (id, STOPS) in states else CUT_OFF for id, _ in states}


@given(graphs, st.sampled_from(IDS), st.sets(st.sampled_from(IDS), max_size=2))
def test_impact_is_the_closure_of_the_rules(
    relations: list[Relation], start: str, core: set[str]
) -> None:
    """Whatever the graph, its cycles and its core."""
    found = impact(relations, start, core, 100)
    expected = naive(relations, start, "".join(core))

    assert {id: hit.effect for id, hit in found.items()} == expected


@given(graphs, st.sampled_from(IDS), st.integers(1, 3))
def test_every_hit_has_a_chain_of_relations_that_leads_to_it(
    relations: list[Relation], start: str, depth: int
) -> None:
    """From where the failure begins, step by step, not deeper than asked for."""
    for hit in impact(relations, start, graph.core(relations, {}), depth).values():
        chain = hit.chain
        assert chain[0].id == start
        assert chain[-1] is hit
        assert len(chain) - 1 == hit.depth <= depth
        for near, far in pairwise(chain):
            assert far.relation in relations
            assert set(far.relation.ends) == {near.id, far.id}
            assert far.because


def test_what_hangs_on_a_host_a_controller_and_a_supply_stops() -> None:
    """Each kind in its direction."""
    relations = [
        relation(RelationKind.RUNS_ON, "program", "host"),
        relation(RelationKind.CONTAINS, "rack", "host"),
        relation(RelationKind.FEEDS, "ups", "rack"),
        relation(RelationKind.CONTROLS, "program", "press"),
        relation(RelationKind.USES, "view", "program"),
    ]

    assert effects(relations, "ups") == dict.fromkeys(
        ("ups", "rack", "host", "program", "press", "view"), STOPS
    )
    assert effects(relations, "program") == dict.fromkeys(("program", "press", "view"), STOPS)
    assert effects(relations, "press") == {"press": STOPS}


def test_what_is_behind_a_gateway_is_cut_off_and_goes_on_controlling() -> None:
    """But a program that uses it stands."""
    relations = [
        relation(RelationKind.BEHIND, "plc", "gateway"),
        relation(RelationKind.CONTROLS, "plc", "press"),
        relation(RelationKind.USES, "view", "plc"),
        relation(RelationKind.EXPOSES, "scada", "plc"),
    ]

    assert effects(relations, "gateway") == {"gateway": STOPS, "plc": CUT_OFF, "view": STOPS}
    assert effects(relations, "scada") == {"scada": STOPS, "plc": CUT_OFF, "view": STOPS}


def test_the_worst_that_happens_to_an_asset_counts() -> None:
    """Also when something lesser comes to it on a shorter way."""
    relations = [
        relation(RelationKind.EXPOSES, "host", "plc"),
        relation(RelationKind.RUNS_ON, "program", "host"),
        relation(RelationKind.CONTROLS, "program", "plc"),
        relation(RelationKind.CONTROLS, "plc", "press"),
    ]

    found = impact(relations, "host", (), 9)

    assert (found["plc"].effect, found["plc"].depth) == (STOPS, 2)
    assert found["press"].effect is STOPS


def test_a_link_carries_a_loss_only_where_it_is_the_only_way() -> None:
    """A ring heals around any one switch; a switch at its end takes all behind it along."""
    ring = links("rs", "st", "tu", "ur")
    tree = links("ra", "ab", "bp", "bq")

    assert effects(ring, "s", "r") == {"s": STOPS}
    assert effects(tree, "a", "r") == {"a": STOPS, **dict.fromkeys("bpq", CUT_OFF)}
    assert effects(tree, "b", "r") == {"b": STOPS, "p": CUT_OFF, "q": CUT_OFF}
    assert impact(tree, "a", "r", 9)["p"].because == NO_OTHER_WAY


def test_what_fed_both_switches_of_a_ring_cuts_off_what_is_between() -> None:
    """Two that stop at once leave no way, though each alone would."""
    ring = links("rs", "st", "tu", "ur")
    supplies = [relation(RelationKind.FEEDS, "ups", "s"), relation(RelationKind.FEEDS, "ups", "u")]

    assert effects([*ring, *supplies], "ups", "r")["t"] is CUT_OFF


def test_what_reached_no_core_before_loses_nothing() -> None:
    """A network of its own is no part of the failure."""
    assert effects(links("ra", "xy"), "a", "r") == {"a": STOPS}


def test_a_failure_is_followed_as_far_as_asked() -> None:
    """By relations and by links."""
    chain = [relation(RelationKind.FEEDS, *pair) for pair in ("ab", "bc", "cd")]

    assert list(impact(chain, "a", (), 2)) == ["a", "b", "c"]
    assert list(impact(links("ra", "ab", "bc", "cd"), "a", "r", 2)) == ["a", "b", "c"]


def test_the_core_is_where_a_network_leads_out_or_where_its_links_meet() -> None:
    """Each network has one."""
    nodes = {"b": Node("b", "hagen", class_="router")}

    assert graph.core(links("ab", "ac", "ad"), nodes) == {"b"}
    assert graph.core(links("ab", "ac", "ad", "xy"), {}) == {"a", "x"}
    switch = {"d": Node("d", "hagen", class_="switch")}
    assert graph.core(links("ab", "ac", "ad"), switch) == {"d"}
    assert graph.core([], {}) == frozenset()


def test_who_else_does_it_is_told() -> None:
    """A host with two supplies may go on with the other; a module has one chassis only."""
    relations = [
        relation(RelationKind.FEEDS, "ups-1", "host"),
        relation(RelationKind.FEEDS, "ups-2", "host"),
        relation(RelationKind.FEEDS, "ups-1", "fan"),
        relation(RelationKind.CONTAINS, "ups-1", "battery"),
        relation(RelationKind.CONTAINS, "shelf", "battery"),
    ]
    hits = impact(relations, "ups-1", (), 9)
    near = graph.around(relations)

    spares = {id: graph.spare(hit, near, hits) for id, hit in hits.items()}

    assert spares == {"ups-1": [], "host": ["ups-2"], "fan": [], "battery": []}


@given(graphs, st.sampled_from(IDS), st.sampled_from(IDS))
def test_a_path_is_one_and_none_is_shorter(relations: list[Relation], start: str, end: str) -> None:
    """Against a walk that goes one step in all directions at a time."""
    found = path(relations, start, end)

    within, steps = {start}, 0
    while end not in within:
        wider = within | {r.other(id) for r in relations for id in r.ends if id in within}
        if wider == within:
            assert found is None
            return
        within, steps = wider, steps + 1
    assert found is not None
    assert len(found) == steps
    at = start
    for each in found:
        assert each in relations
        assert at in each.ends
        at = each.other(at)
    assert at == end

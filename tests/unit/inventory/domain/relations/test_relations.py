"""Kinds of relations, their evidence, and what people may declare."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.relations.relations import (
    OBSERVED,
    TRAVELS,
    Effect,
    Evidence,
    Node,
    Origin,
    Pointer,
    Relation,
    RelationKind,
    as_relation,
    declaration,
    declared,
    led_on,
    observed,
    united,
)
from isthmus.inventory.domain.rows import Invalid

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LLDP = Evidence(Origin.SIGHTING, "hagen/sw-1", NOON, 0.95, "lldp", "1")


def node(id: str, *points: tuple[str, str]) -> Node:
    """The asset that the source `hagen/<id>` describes."""
    source = f"hagen/{id}"
    told = tuple(Pointer(source, kind, f"hagen/{other}", NOON) for kind, other in points)
    return Node(id, "hagen", sources=(source,), pointers=told)


def test_every_kind_but_a_link_says_how_a_failure_travels() -> None:
    """A link carries nothing while there is another way."""
    assert TRAVELS.keys() == set(RelationKind) - {RelationKind.CONNECTS_TO}


def test_to_be_cut_off_does_nothing_that_to_stop_does_not() -> None:
    """What stops is cut off too, so that the worst effect is found whatever comes first."""
    order = list(Effect)
    for travel in TRAVELS.values():
        if travel.cut_off:
            assert order.index(travel.stopped) <= order.index(travel.cut_off)


@pytest.mark.parametrize(
    ("word", "kind", "start", "end"),
    [
        ("part_of", RelationKind.CONTAINS, "chassis", "it"),
        ("peripheral_of", RelationKind.CONTAINS, "chassis", "it"),
        ("behind", RelationKind.BEHIND, "it", "chassis"),
        ("exposed_by", RelationKind.EXPOSES, "chassis", "it"),
        ("installed_on", RelationKind.RUNS_ON, "it", "chassis"),
    ],
)
def test_each_word_of_a_report_is_a_kind_of_relation(
    word: str, kind: RelationKind, start: str, end: str
) -> None:
    """With its direction turned where the inventory's words look from the other side."""
    (found,) = observed([node("chassis"), node("it", (word, "chassis"))])

    assert (found.kind, found.start, found.end) == (kind, start, end)
    assert found.evidence[0].origin is Origin.REPORT
    assert word in OBSERVED


def test_what_points_to_nobody_known_is_no_relation() -> None:
    """Nor is a word that we do not know, or a part of itself after a merge."""
    both = Node(
        "one", "hagen", sources=("hagen/a", "hagen/a/1"),
        pointers=(Pointer("hagen/a/1", "part_of", "hagen/a", NOON),),
    )  # fmt: skip

    assert observed([node("a", ("part_of", "gone")), node("b", ("eats", "a")), both]) == []


def test_evidence_for_the_same_relation_stands_together() -> None:
    """And makes it more certain than each of them."""
    seen = Relation(RelationKind.CONNECTS_TO, "b", "a", (LLDP,), "1", "eth0")
    said = as_relation(declared(RelationKind.CONNECTS_TO, "a", "b", "", "jo", NOON))
    guessed = Relation(
        RelationKind.CONNECTS_TO, "a", "b", (Evidence(Origin.SIGHTING, "x", NOON, 0.5),)
    )

    (link,) = united([said, seen])
    (doubted,) = united([guessed, seen])

    assert (link.start, link.end, link.start_port, link.end_port) == ("a", "b", "eth0", "1")
    assert {each.origin for each in link.evidence} == {Origin.SIGHTING, Origin.DECLARED}
    assert link.confidence == 1.0
    assert doubted.confidence == pytest.approx(0.975)


def test_links_by_other_ports_are_other_links() -> None:
    """Two cables between two switches are two."""
    links = [
        Relation(RelationKind.CONNECTS_TO, "a", "b", (LLDP,), port, port)
        for port in ("1", "2", "1")
    ]

    assert [link.start_port for link in united(links)] == ["1", "2"]


@given(
    st.lists(
        st.builds(
            Relation,
            st.sampled_from(RelationKind),
            st.sampled_from("abc"),
            st.sampled_from("abc"),
            st.tuples(st.builds(Evidence, st.just(Origin.DECLARED), st.sampled_from("xy"),
                                st.just(NOON), st.just(0.5))),
            st.sampled_from(["", "1"]),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_to_unite_again_changes_nothing_and_order_does_not_matter(
    relations: list[Relation],
) -> None:
    """No evidence is lost, and none counts twice."""
    once = united(relations)

    assert united(once) == once
    assert sorted(map(repr, united(relations[::-1]))) == sorted(map(repr, once))
    assert all(each.start != each.end for each in once)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"kind": "eats", "from": "a", "to": "b"}, "kind"),
        ({"from": "a", "to": "b"}, "kind"),
        ({"kind": "feeds", "to": "b"}, "from"),
        ({"kind": "feeds", "from": "a", "to": 7}, "to"),
        ({"kind": "feeds", "from": "a", "to": "b", "note": "x" * 501}, "note"),
        ({"kind": "feeds", "from": "a", "to": "b", "why": ""}, "why"),
        ("feeds", "row"),
    ],
)
def test_what_nobody_can_declare_names_the_field(row: Any, field: str) -> None:
    """With what was expected."""
    with pytest.raises(Invalid, match="expected") as refusal:
        declaration(row, "jo", NOON)

    assert refusal.value.field == field


def test_a_declared_link_is_the_same_from_both_ends() -> None:
    """Other kinds have a direction."""
    ends = [("a", "b"), ("b", "a")]

    assert len({declared(RelationKind.CONNECTS_TO, *each, "", "jo", NOON) for each in ends}) == 1
    assert len({declared(RelationKind.FEEDS, *each, "", "jo", NOON).id for each in ends}) == 2


def test_what_was_declared_follows_the_assets() -> None:
    """Under the id that it always had; without an asset there is nothing to say."""
    said = declared(RelationKind.CONNECTS_TO, "a", "m", "", "jo", NOON)

    led = led_on(said, {"a": node("z"), "m": node("m")})

    assert led
    assert (led.id, led.start, led.end) == ("connects_to|a|m", "m", "z")
    assert led.is_same(declared(RelationKind.CONNECTS_TO, "z", "m", "other", "al", NOON))
    assert led_on(said, {"a": node("a")}) is None


def test_a_line_is_the_fourth_level_of_a_path() -> None:
    """Enterprise, site, area, line; shorter paths as they are."""
    assert Node("a", "hagen", "n/hagen/press/line-1/cell-2").line == "n/hagen/press/line-1"
    assert Node("a", "hagen", "n/hagen").line == "n/hagen"

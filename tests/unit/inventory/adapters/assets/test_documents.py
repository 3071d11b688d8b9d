"""Assets as documents."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.domain.world import NOON

from isthmus.inventory.adapters.assets import documents
from isthmus.inventory.domain.assets.model import (
    Asset,
    Cause,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Relation,
    Said,
    Status,
    Tier,
    View,
)
from isthmus.inventory.domain.assets.plan import NOBODY, Removal, Write
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Kind, Origin

ID = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
CAUSE = Cause(ID, NOON, "hagen", "operator", "mara")
TEXT = st.text(max_size=8)
TIMES = st.sampled_from([NOON, NOON + timedelta(milliseconds=1)])
KEYS = st.builds(Key, st.sampled_from(Tier), TEXT, TEXT, TEXT)
NAMES = st.sampled_from([name for name, f in FIELDS.items() if f.kind is Kind.TEXT])
ATTRIBUTES = st.dictionaries(NAMES | st.just("custom.a.b"), TEXT)


@st.composite
def views(draw: st.DrawFn, source: str) -> View:
    """A view with everything that it can have."""
    said = draw(st.dictionaries(NAMES, st.builds(Said, TEXT, st.just(0.5), TEXT, TEXT)))
    return View(
        source, draw(TEXT), draw(TEXT), draw(TIMES), ID, draw(st.sampled_from(Reachability)),
        draw(st.sampled_from(Health)), draw(TEXT), said, tuple(draw(st.lists(KEYS, max_size=2))),
        draw(st.sampled_from(Origin)),
        draw(st.none() | st.builds(Relation, TEXT, TEXT, TEXT)),
        {name: draw(TIMES) for name in said if draw(st.booleans())},
    )  # fmt: skip


@st.composite
def assets(draw: st.DrawFn) -> Asset:
    """An asset with everything that it can have."""
    return Asset(
        "a", draw(TIMES), draw(TIMES),
        tuple(draw(views(f"hagen/{n}/x")) for n in range(draw(st.integers(0, 2)))),
        draw(st.frozensets(KEYS, max_size=2)), draw(st.frozensets(TEXT, max_size=2)),
        draw(ATTRIBUTES), draw(TEXT), draw(TEXT), draw(st.sampled_from(Reachability)),
        draw(st.sampled_from(Health)), draw(TEXT), draw(st.none() | TIMES),
        draw(st.sampled_from(Status)), draw(st.integers(1, 9)),
    )  # fmt: skip


@given(assets())
def test_a_document_is_read_back_as_the_asset_that_it_was(asset: Asset) -> None:
    """Field by field, whatever they hold."""
    assert documents.asset({"_id": "a", **documents.document(asset)}) == asset


def test_what_is_only_searched_by_is_derived() -> None:
    """Numbers as numbers, tags as words, endpoints of sources, what views relate to."""
    relation = Relation("behind", "hagen/gw", "3")
    seen = View("hagen/gw/unit-3", "hagen", "x", NOON, ID, Reachability.ONLINE, Health.NORMAL, "",
                {}, (), relation=relation)  # fmt: skip
    asset = Asset("a", NOON, NOON, (seen,), attributes={
        "name": "PRESS-1", "purchase_price": "12.50", "tags": "a,b", "custom.cabinet": "7",
    })  # fmt: skip

    made = documents.document(asset)

    assert made["attributes"].keys() == {"name", "purchase_price", "tags"}
    assert made["custom"] == {"cabinet": "7"}
    assert (made["numbers"], made["tags"]) == ({"purchase_price": 12.5}, ["a", "b"])
    assert (made["sources"], made["targets"]) == (["hagen/gw/unit-3"], ["hagen/gw"])
    assert made["relates"] == ["hagen/gw"]
    assert "press-1" in made["tokens"]
    assert documents.is_live(made)


def test_a_version_is_the_whole_document_with_what_it_changed_and_why() -> None:
    """Its id can be stored once."""
    change = Change("a", ChangeKind.CHANGED, CAUSE, "name", "P", "Q", "asked for")
    after = Asset("a", NOON, NOON + timedelta(seconds=1), revision=3)

    made = documents.version(Write(None, after, (change,), CAUSE))

    assert (made["_id"], made["asset"], made["revision"]) == ("a/3", "a", 3)
    assert made["at"] == after.changed_at
    assert (made["site"], made["source"]) == ("hagen", "operator")
    assert (made["actor"], made["cause"]) == ("mara", ID)
    assert made["changes"] == [{
        "id": change.id, "kind": "changed", "field": "name", "before": "P", "after": "Q",
        "evidence": "asked for",
    }]  # fmt: skip
    assert made["document"] == documents.document(after)


def test_of_an_asset_that_is_gone_its_successor_is_left() -> None:
    """Never from before its last version, however late the report that showed it."""
    asset = Asset("a", NOON, NOON + timedelta(hours=1), revision=3)

    made = documents.version(Removal(asset, "b", (), CAUSE))

    assert (made["_id"], made["revision"]) == ("a/4", 4)
    assert made["at"] == asset.changed_at
    later = replace(CAUSE, at=NOON + timedelta(hours=2))
    assert documents.version(Removal(asset, "b", (), later))["at"] == later.at
    assert not documents.is_live(made["document"])
    assert made["document"]["merged_into"] == "b"


def test_a_chain_of_merges_leads_to_the_asset_that_there_is() -> None:
    """Or to nobody, when the last one was retired."""
    there = documents.document(Asset("c", NOON, NOON))
    found = {"a": {"merged_into": "b"}, "b": {"merged_into": "c"}, "c": there,
             "x": {"merged_into": NOBODY}}  # fmt: skip

    assert [documents.successor(id, found) for id in ("a", "b", "c")] == ["c"] * 3
    assert documents.successor("x", found) == NOBODY
    assert documents.successor("claimed", found) == "claimed"

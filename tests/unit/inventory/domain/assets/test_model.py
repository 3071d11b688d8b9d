"""What views say, what assets show, and what is history."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.inventory.domain.world import address, host, mac, serial

from isthmus.inventory.domain.assets.model import (
    NAMESPACE,
    OF_FAMILY,
    Asset,
    Cause,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Relation,
    Report,
    Said,
    Status,
    Tier,
    cause,
    changes,
    told,
    view,
)
from isthmus.inventory.domain.assets.vocabulary import FIELDS, Origin

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
REPORT = Report(
    id="6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    site="hagen",
    target="plc",
    device="",
    path="x/hagen",
    observed_at=NOON,
    reachability=Reachability.ONLINE,
)
VIEW = view(REPORT, None)
CAUSE = cause(REPORT)


def _later(seconds: int = 5) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_the_namespace_is_that_of_isthmus() -> None:
    """Ids are made in the namespace that everyone can derive."""
    assert uuid5(UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "isthmus") == NAMESPACE


def test_a_device_behind_an_endpoint_has_a_source_of_its_own() -> None:
    """`site/target/device`, and its report asks for the endpoint's holder too."""
    behind = replace(REPORT, device="unit-3")

    assert behind.source == "hagen/plc/unit-3"
    assert [key.value for key in behind.lookups] == ["hagen/plc/unit-3", "hagen/plc"]


def test_the_strongest_claims_come_first_and_the_place_last() -> None:
    """Whatever the order in which the report brings its keys."""
    brought = replace(REPORT, keys=(host("p"), serial("s"), mac("m")))

    assert [key.kind for key in brought.claims] == ["serial", "mac", "hostname", "source"]
    assert brought.lookups == brought.claims


def test_a_kind_of_key_is_replaced_as_a_whole() -> None:
    """A new address takes the place of the old one; kinds not brought stay."""
    before = view(replace(REPORT, keys=(address("127.0.0.1:1"), host("press"))), None)

    after = view(replace(REPORT, keys=(address("127.0.0.2:1"),)), before)

    assert set(after.keys) == {address("127.0.0.2:1"), host("press")}


def test_a_view_knows_when_it_was_told_what_it_was_not_told_again() -> None:
    """The time of each value is that of the last report that said it."""
    first = view(replace(REPORT, attributes={"name": Said("P"), "serial": Said("1")}), None)
    second = view(
        replace(REPORT, observed_at=_later(), attributes={"name": Said("P")}), first
    )  # fmt: skip
    third = view(replace(REPORT, observed_at=_later(9), attributes={}), second)

    assert (third.said_at("serial"), third.said_at("name")) == (NOON, _later())
    assert third.said_at("vendor") == _later(9)


def test_a_relation_stays_until_another_one_is_told() -> None:
    """A silent read of a module does not take it out of its slot."""
    relation = Relation("part_of", "hagen/plc", "3")
    before = view(replace(REPORT, device="module-3", relation=relation), None)

    after = view(
        replace(REPORT, device="module-3", reachability=Reachability.OFFLINE), before
    )  # fmt: skip

    assert after.relation == relation
    assert not after.alive


def test_views_that_say_the_same_later_are_the_same() -> None:
    """Only what is said counts, not when."""
    later = view(replace(REPORT, observed_at=_later(), id=str(NAMESPACE)), VIEW)

    assert VIEW.same_as(later)
    assert later.same_as(VIEW)
    assert not VIEW.same_as(replace(later, health=Health.FAILURE))


@pytest.mark.parametrize(
    ("origin", "source", "system"),
    [
        (Origin.IMPORT, "hagen/erp:4711-0", "erp"),
        (Origin.DEVICE, "hagen/erp:4711-0", ""),
        (Origin.OPERATOR, "operator:a", ""),
    ],
)
def test_a_row_of_the_books_names_its_system(origin: Origin, source: str, system: str) -> None:
    """For a policy may say that one system knows better than another."""
    assert replace(VIEW, origin=origin, source=source).system == system


@given(
    st.dictionaries(st.sampled_from([*OF_FAMILY, "family", "name"]), st.sampled_from("12")),
    st.dictionaries(st.sampled_from([*OF_FAMILY, "family", "name"]), st.sampled_from("12")),
)
def test_what_is_not_said_stays_but_for_the_life_of_another_family(
    known: dict[str, str], said: dict[str, str]
) -> None:
    """A partial report takes nothing away; a family brings its own dates or none."""
    after = told(known, said)

    assert said.items() <= after.items()
    kept = {n for n in known if n not in said and ("family" not in said or n not in OF_FAMILY)}
    assert after.keys() == said.keys() | kept
    assert all(after[name] == known[name] for name in kept)


def test_an_asset_shows_what_its_sources_show_and_what_it_has_proven() -> None:
    """A place only as long as it stands there."""
    seen = replace(VIEW, keys=(mac("m"),))
    asset = Asset("a", NOON, NOON, views=(seen,), proven=frozenset({serial("s")}))

    assert asset.keys == {mac("m"), serial("s")}
    assert asset.shows(mac("m"))
    assert asset.shows(Key(Tier.WEAK, "hagen", "source", "hagen/plc"))
    assert not asset.shows(Key(Tier.WEAK, "hagen", "source", "hagen/other"))
    assert asset.view("hagen/plc") == seen
    assert asset.view("hagen/other") is None
    assert asset.provisional


def test_the_fields_of_an_asset_are_those_of_the_vocabulary_and_its_states() -> None:
    """Also what its site has added; an empty text where nothing is known."""
    asset = Asset("a", NOON, NOON, attributes={"name": "P", "custom.cabinet": "7"}, path="x")

    states = {"site", "reachability", "health", "status", "custom.cabinet"}
    assert asset.fields().keys() == FIELDS.keys() | states
    assert (asset.fields()["name"], asset.fields()["vendor"]) == ("P", "")
    assert (asset.fields()["path"], asset.fields()["custom.cabinet"]) == ("x", "7")


def test_each_field_that_differs_is_a_change() -> None:
    """With its name, before and after; the id comes from the cause, the asset and the field."""
    before = Asset("a", NOON, NOON, attributes={"firmware": "1", "custom.cabinet": "7"})
    after = replace(
        before, attributes={"firmware": "2", "name": "P"}, status=Status.IGNORED, revision=9
    )  # fmt: skip

    made = changes(before, after, CAUSE)

    assert made == [
        Change("a", ChangeKind.CHANGED, CAUSE, "firmware", "1", "2"),
        Change("a", ChangeKind.CHANGED, CAUSE, "name", "", "P"),
        Change("a", ChangeKind.CHANGED, CAUSE, "custom.cabinet", "7", ""),
        Change("a", ChangeKind.CHANGED, CAUSE, "status", before.status.value, "ignored"),
    ]
    assert made[0].id == str(uuid5(UUID(REPORT.id), "a|changed|firmware"))
    assert changes(before, replace(before, revision=9), CAUSE) == []


def test_a_report_is_the_cause_of_what_it_changes() -> None:
    """With its source, and nobody who asked for it."""
    assert cause(REPORT) == Cause(REPORT.id, NOON, "hagen", "hagen/plc", "")


def test_merges_by_one_report_are_changes_of_their_own() -> None:
    """The asset that is gone tells them apart."""
    ids = {Change("a", ChangeKind.MERGED, CAUSE, "", gone, "a").id for gone in "bc"}

    assert len(ids) == 2

"""How views make an asset."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

import pytest

from isthmus.inventory.domain.model import (
    NAMESPACE,
    Asset,
    Change,
    ChangeKind,
    Health,
    Key,
    Reachability,
    Report,
    Tier,
    View,
    changes,
    described,
    view,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EMPTY = Asset("a", NOON, NOON)
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


def seen(source: str, **more: object) -> View:
    return replace(VIEW, source=source, **more)  # type: ignore[arg-type]


def test_the_namespace_is_that_of_isthmus() -> None:
    """Ids are made in the namespace that everyone can derive."""
    assert uuid5(UUID("6ba7b810-9dad-11d1-80b4-00c04fd430c8"), "isthmus") == NAMESPACE


def test_a_device_behind_an_endpoint_has_a_source_of_its_own() -> None:
    """`site/target/device`, and its report asks for the endpoint's holder too."""
    behind = replace(REPORT, device="unit-3")

    assert behind.source == "hagen/plc/unit-3"
    assert [key.value for key in behind.lookups] == ["hagen/plc/unit-3", "hagen/plc"]


def test_a_kind_of_key_is_replaced_as_a_whole() -> None:
    """A new address takes the place of the old one; kinds not brought stay."""
    address, other = (Key(Tier.WEAK, "hagen", "address", f"127.0.0.{n}:1") for n in (1, 2))
    name = Key(Tier.WEAK, "hagen", "hostname", "press")
    before = view(replace(REPORT, keys=(address, name)), None)

    assert set(view(replace(REPORT, keys=(other,)), before).keys) == {other, name}


def test_views_that_say_the_same_later_are_the_same() -> None:
    """Only what is said counts, not when."""
    later = replace(VIEW, observed_at=NOON + timedelta(seconds=5), report_id="later")

    assert VIEW.same_as(later)
    assert not VIEW.same_as(replace(later, health=Health.FAILURE))


def test_who_asks_the_device_itself_is_believed_before_a_server() -> None:
    """What an aggregator repeats may be stale."""
    asset = described(
        EMPTY,
        [
            seen("hagen/a-server/Plc", attributes={"firmware": "3.20", "name": "PLC"}),
            seen("hagen/plc", attributes={"firmware": "3.30"}),
        ],
    )

    assert asset.attributes == {"firmware": "3.30", "name": "PLC"}


def test_who_reaches_the_device_now_is_believed_before_who_did() -> None:
    """A dead source does not hold old values fast."""
    dead = seen("hagen/a", reachability=Reachability.OFFLINE, attributes={"firmware": "1"})

    asset = described(EMPTY, [dead, seen("hagen/b", attributes={"firmware": "2"})])

    assert asset.attributes["firmware"] == "2"


def test_the_deepest_path_of_the_site_is_kept() -> None:
    """The line that one source knows is not lost to another that knows only the hall."""
    views = [seen("hagen/a", path="x/hagen/hall"), seen("hagen/b", path="x/hagen/hall/line-1")]

    assert described(EMPTY, views).path == "x/hagen/hall/line-1"


def test_an_asset_without_sources_keeps_what_was_known() -> None:
    """A device that was taken away is offline, and still what it was."""
    known = described(EMPTY, [seen("hagen/a", attributes={"model": "M340"})])

    left = described(known, [])

    assert left.attributes == {"model": "M340"}
    assert left.reachability is Reachability.OFFLINE


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([Reachability.OFFLINE, Reachability.DEGRADED], Reachability.DEGRADED),
        ([Reachability.DEGRADED, Reachability.ONLINE], Reachability.ONLINE),
        ([Reachability.OFFLINE, Reachability.OFFLINE], Reachability.OFFLINE),
    ],
)
def test_the_best_reachability_counts(said: list[Reachability], expected: Reachability) -> None:
    """One source that reaches it is enough."""
    views = [seen(f"hagen/{n}", reachability=each) for n, each in enumerate(said)]

    assert described(EMPTY, views).reachability is expected


@pytest.mark.parametrize("worse", range(len(Health) - 1))
def test_the_worse_health_counts(worse: int) -> None:
    """NE 107: failure, off spec, check function, maintenance required, normal, unknown."""
    order = list(Health)
    views = [seen("hagen/a", health=order[worse + 1]), seen("hagen/b", health=order[worse])]

    assert described(EMPTY, views).health is order[worse]


def test_the_health_that_a_dead_source_said_does_not_count() -> None:
    """Nothing is known of a device that does not answer."""
    dead = seen("hagen/a", health=Health.FAILURE, reachability=Reachability.OFFLINE)

    assert described(EMPTY, [dead]).health is Health.UNKNOWN


def test_each_field_that_differs_is_a_change() -> None:
    """With its name, before and after; the id comes from the report, asset and field."""
    before = described(EMPTY, [seen("hagen/a", attributes={"firmware": "1"})])
    after = described(before, [seen("hagen/a", attributes={"firmware": "2", "name": "P"})])

    made = changes(before, after, REPORT)

    assert made == [
        Change("a", ChangeKind.CHANGED, REPORT, "firmware", "1", "2"),
        Change("a", ChangeKind.CHANGED, REPORT, "name", "", "P"),
    ]
    assert made[0].id == str(uuid5(UUID(REPORT.id), "a|changed|firmware"))

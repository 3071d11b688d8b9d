"""Envelopes: what a level may say, which one holds, when a window is open."""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from itertools import combinations
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from isthmus.collector.domain.envelope import (
    CONNECTION,
    GENTLER_WHEN_GREATER,
    RANGES,
    DoNotPoll,
    Envelope,
    SiteRules,
    Window,
    Zone,
    limits,
    strictest,
    subnet,
)

NIGHT = Window(("mon", "fri"), "22:00", "06:00", "Europe/Berlin")
DAY = Window(("mon", "tue", "wed", "thu", "fri"), "06:00", "18:30", "Europe/Berlin")
BERLIN = ZoneInfo("Europe/Berlin")
PATHS = ["", "e", "e/s", "e/s/a", "e/s/a/l", "e/t"]


def values(name: str) -> st.SearchStrategy[Any]:
    """Values of one limit, or None."""
    least, most = RANGES[name]
    if name.endswith("_max"):
        return st.none() | st.integers(int(least), int(most))
    return st.none() | st.floats(least, most)


ENVELOPES = st.builds(
    Envelope,
    **{name: values(name) for name in RANGES},
    connection=st.sampled_from([None, *CONNECTION]),
    windows=st.lists(st.sampled_from([NIGHT, DAY]), max_size=2).map(tuple),
    paused=st.booleans(),
)
LEVELS = st.lists(ENVELOPES, max_size=5).map(
    lambda found: tuple((f"level {number}", e) for number, e in enumerate(found))
)
TIMES = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def at_least_as_strict(name: str, value: Any, other: Any) -> bool:
    """Is `value` as strict as `other`, or stricter?"""
    if other is None:
        return True
    if value is None:
        return False
    return bool(value >= other if name in GENTLER_WHEN_GREATER else value <= other)


@given(LEVELS, ENVELOPES, TIMES)
def test_another_level_never_loosens(levels: Any, another: Envelope, at: datetime) -> None:
    """Whatever it says, each limit, the pause and the windows are as strict as before, or more."""
    before, after = strictest(levels), strictest((*levels, ("another", another)))
    said = {name for _, e in levels for name in (*RANGES, "connection") if getattr(e, name)}
    for name in said - {"connection"}:
        assert at_least_as_strict(
            name, getattr(after.envelope, name), getattr(before.envelope, name)
        )
    if "connection" in said and before.envelope.connection == "per_read":
        assert after.envelope.connection == "per_read"
    assert after.envelope.paused >= before.envelope.paused
    assert bool(after.closed(at)) >= bool(before.closed(at))


@given(LEVELS)
def test_each_limit_is_one_that_its_level_says(levels: Any) -> None:
    """The level that is shown beside a value is the one that said it."""
    by_name = dict(levels)
    for name, value, level in limits(strictest(levels)):
        if level != "default":
            assert getattr(by_name[level], name) == value


@given(LEVELS)
def test_the_order_of_levels_changes_no_value(levels: Any) -> None:
    """Strictest is strictest, from whichever side it comes."""
    one, other = strictest(levels), strictest(tuple(reversed(levels)))
    for name in (*RANGES, "connection", "paused"):
        assert getattr(one.envelope, name) == getattr(other.envelope, name)


def test_where_nobody_says_anything_defaults_hold() -> None:
    """One connection, kept; a bound on connections of the site, and on the rest of the dead."""
    said = {name: (value, level) for name, value, level in limits(strictest(()))}
    assert said == {
        "connections_max": (1, "default"),
        "connection": ("persistent", "default"),
        "site_connects_per_s": (50, "default"),
        "backoff_max_s": (900, "default"),
    }
    more = strictest((("site", Envelope(connections_max=4, site_connects_per_s=200)),))
    assert (more.envelope.connections_max, more.levels["connections_max"]) == (4, "site")


def test_a_pause_says_who_and_why() -> None:
    """The level nearest to the device, of those that pause."""
    levels = (
        ("target", Envelope(gap_s=1)),
        ("zone e/s", Envelope(paused=True, reason="overhaul")),
        ("site", Envelope(paused=True, reason="audit")),
    )
    held = strictest(levels)
    assert held.envelope.paused
    assert (held.levels["paused"], held.envelope.reason) == ("zone e/s", "overhaul")


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({"gap_s": -0.1}, "gap_s: -0.1, expected 0 to 60"),
        ({"gap_s": float("nan")}, "gap_s: nan"),
        ({"connections_max": 0}, "connections_max: 0, expected 1 to 100"),
        ({"device_requests_per_s": 0}, "device_requests_per_s: 0"),
        ({"connection": "sometimes"}, "connection: 'sometimes', expected per_read or persistent"),
    ],
)
def test_a_wrong_limit_is_named(fields: dict[str, Any], mistake: str) -> None:
    """With its value, and what is expected."""
    with pytest.raises(ValueError, match=mistake):
        Envelope(**fields)


@pytest.mark.parametrize(
    ("fields", "mistake"),
    [
        ({"gap": 1}, "gap"),
        ({"paused": "perhaps"}, "paused"),
        ({"windows": [{"days": [], "start": "a", "end": "b", "time_zone": "c"}]}, "days"),
    ],
)
def test_a_record_is_strict(fields: dict[str, Any], mistake: str) -> None:
    """A misspelt limit is an error: silently it would be no limit at all."""
    with pytest.raises(ValidationError, match=mistake):
        TypeAdapter(Envelope).validate_python(fields)


@pytest.mark.parametrize(
    ("window", "mistake"),
    [
        ((("monday",), "06:00", "18:00", "UTC"), "days: "),
        (((), "06:00", "18:00", "UTC"), "days: "),
        ((("mon",), "6:00", "18:00", "UTC"), "start: '6:00', expected HH:MM"),
        ((("mon",), "06:00", "24:00", "UTC"), "end: '24:00', expected HH:MM"),
        ((("mon",), "06:00", "18:00", "Berlin"), "time_zone: 'Berlin', expected an IANA"),
        ((("mon",), "06:00", "18:00", "../etc"), "time_zone: '../etc'"),
        ((("mon",), "06:00", "18:00", ""), "time_zone: ''"),
    ],
)
def test_a_wrong_window_is_named(window: Any, mistake: str) -> None:
    """The field, its value, and what is expected."""
    with pytest.raises(ValueError, match=mistake):
        Window(*window)


@pytest.mark.parametrize(
    ("window", "at", "is_open"),
    [
        (DAY, "2026-01-02 05:59", False),
        (DAY, "2026-01-02 06:00", True),
        (DAY, "2026-01-02 18:29", True),
        (DAY, "2026-01-02 18:30", False),
        (DAY, "2026-01-03 12:00", False),
        (NIGHT, "2026-01-02 21:59", False),
        (NIGHT, "2026-01-02 22:00", True),
        (NIGHT, "2026-01-03 05:59", True),
        (NIGHT, "2026-01-03 06:00", False),
        (NIGHT, "2026-01-03 23:00", False),
        (NIGHT, "2026-01-06 03:00", True),
        (NIGHT, "2026-01-05 03:00", False),
        (Window(("mon",), "08:00", "08:00", "Europe/Berlin"), "2026-01-06 07:59", True),
        (Window(("mon",), "08:00", "08:00", "Europe/Berlin"), "2026-01-06 08:00", False),
    ],
)
def test_a_window_is_open_by_the_clock_on_the_wall(window: Window, at: str, is_open: bool) -> None:
    """It begins on its days; over midnight it ends on the next one, whatever day that is."""
    assert window.open_at(datetime.fromisoformat(at).replace(tzinfo=BERLIN)) is is_open


def test_a_window_follows_summer_time() -> None:
    """22:00 in Berlin is 21:00 UTC in winter and 20:00 UTC in summer; a night is an hour off."""
    summer = datetime(2026, 7, 3, 20, 0, tzinfo=UTC)
    assert NIGHT.open_at(summer)
    assert not NIGHT.open_at(datetime(2026, 1, 2, 20, 0, tzinfo=UTC))
    sundays = Window(("sun",), "01:00", "04:00", "Europe/Berlin")
    spring = [datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 300, 30)]
    autumn = [
        datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(minutes=m) for m in range(0, 480, 30)
    ]
    assert sum(sundays.open_at(at) for at in spring) == 4, "02:00 to 03:00 is left out"
    assert sum(sundays.open_at(at) for at in autumn) == 8, "02:00 to 03:00 comes twice"


@given(TIMES)
def test_a_night_is_the_day_turned_round(at: datetime) -> None:
    """Every day's night and every day's day cover all of time, and never overlap."""
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    day = Window(days, "06:00", "22:00", "Europe/Berlin")
    night = Window(days, "22:00", "06:00", "Europe/Berlin")
    assert day.open_at(at) is not night.open_at(at)


def test_zones_hold_for_what_is_below_them() -> None:
    """By whole segments of the path, its own first, the site last."""
    rules = SiteRules(Zone(path, Envelope(gap_s=1)) for path in PATHS)
    assert [level for level, _ in rules.levels("e/s/a")] == [
        "zone e/s/a", "zone e/s", "zone e", "site",
    ]  # fmt: skip
    assert [level for level, _ in rules.levels("e/sister")] == ["zone e", "site"]
    assert [level for level, _ in rules.levels("")] == ["site"]
    assert len(rules.levels_anywhere()) == len(PATHS)


@pytest.mark.parametrize(
    ("host", "target", "entry"),
    [
        ("10.1.2.3", "t", "10.1.0.0/16"),
        ("10.1.2.3", "t", "10.1.2.3"),
        ("fe80::1:2", "t", "fe80::/64"),
        ("FE80:0:0::1", "t", "fe80::1"),
        ("PLC.hagen", "t", "plc.hagen"),
        ("10.1.2.3", "press-plc-1", "press-plc-1"),
    ],
)
def test_a_do_not_poll_list_names_hosts_networks_and_targets(
    host: str, target: str, entry: str
) -> None:
    """However an address is written; what is not meant is not hit."""
    rules = SiteRules([Zone("e/s", do_not_poll=(entry,))])
    assert rules.forbidden(host, target, "e/s/a").startswith("zone e/s: ")
    assert not rules.forbidden(host, target, "e/t")
    assert not rules.forbidden("10.9.9.9", "other", "e/s/a")
    assert bool(rules.forbidden_anywhere(host)) is (target == "t")


@pytest.mark.parametrize("entry", ["", " 10.0.0.1", "10.0.0.0/33", "plc/1"])
def test_a_wrong_entry_of_a_list_is_named(entry: str) -> None:
    """A network that is none would protect nobody."""
    with pytest.raises(ValueError, match=r"do_not_poll: '"):
        Zone(do_not_poll=(entry,))


def test_a_safety_controller_is_named_by_a_zone_above_it() -> None:
    """Below its path, and by its own name."""
    rules = SiteRules([Zone("e/s", safety_controllers=("sis-1",)), Zone("e/t")])
    assert rules.allows_safety("sis-1", "e/s/a")
    assert not rules.allows_safety("sis-1", "e/t")
    assert not rules.allows_safety("sis-2", "e/s/a")


def test_a_subnet_is_what_a_switch_bears() -> None:
    """IPv4 /24, IPv6 /64; a name has none."""
    assert subnet("10.1.2.3") == "10.1.2.0/24"
    assert subnet("2001:db8::1") == "2001:db8::/64"
    assert subnet("plc.hagen") == ""


def test_targets_with_equal_levels_share_what_holds() -> None:
    """Ten thousand targets of a few kinds cost a few."""
    levels = [(("profile", Envelope(gap_s=0.05)), ("site", Envelope(items_max=20))) for _ in "ab"]
    assert all(strictest(a) is strictest(b) for a, b in combinations(levels, 2))


@given(
    st.lists(st.ip_addresses() | st.ip_addresses(network="10.0.0.0/29"), max_size=20),
    st.lists(st.tuples(st.ip_addresses(network="10.0.0.0/29"), st.integers(24, 32)), max_size=5),
    st.ip_addresses() | st.ip_addresses(network="10.0.0.0/28"),
)
def test_a_long_list_forbids_what_its_entries_forbid(hosts: Any, nets: Any, host: Any) -> None:
    """However it is looked up."""
    entries = [*map(str, hosts), *(f"{address}/{length}" for address, length in nets)]
    forbidden = any(host in ip_network(entry, strict=False) for entry in entries)
    assert bool(DoNotPoll(entries).forbids(str(host), "t")) is forbidden

"""Up to when everything that was due is in."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from isthmus.inventory.domain.feed.completeness import (
    ALLOWANCE_MS,
    GIVEN_UP_MS,
    Heard,
    Wanted,
    combined,
    earliest,
    watermarks,
)

NOON = int(datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp() * 1000)
MINUTE = 60_000


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def test_a_site_is_complete_until_the_earliest_read_that_has_not_come() -> None:
    """One target a minute behind the others holds the site back, and is named."""
    heard = {
        "hagen/a": Heard(NOON, MINUTE, "c-0"),
        "hagen/b": Heard(NOON - 3 * MINUTE, MINUTE, "c-1"),
    }

    hagen = watermarks(heard, {}, NOON)["hagen"]

    assert hagen.until == at(NOON - 2 * MINUTE)
    assert hagen.newest == at(NOON)
    assert [(late.target, late.collector) for late in hagen.held_back_by] == [("hagen/b", "c-1")]
    assert {each.name: each.until for each in hagen.collectors} == {
        "c-0": at(NOON),
        "c-1": at(NOON - 3 * MINUTE),
    }


def test_nothing_later_than_the_newest_read_is_complete() -> None:
    """An hourly target says nothing of the hour to come: its collector may be gone."""
    heard = {"hagen/a": Heard(NOON, 60 * MINUTE, "c")}

    hagen = watermarks(heard, {}, NOON + MINUTE)["hagen"]

    assert (hagen.until, hagen.late) == (at(NOON), 0)


def test_a_read_that_is_on_its_way_makes_nobody_late() -> None:
    """Reading and two topics take their time: half a minute is allowed."""
    heard = {"hagen/a": Heard(NOON, MINUTE, "c")}

    on_time = watermarks(heard, {}, NOON + MINUTE + ALLOWANCE_MS)["hagen"]
    late = watermarks(heard, {}, NOON + MINUTE + ALLOWANCE_MS + 1)["hagen"]

    assert (on_time.late, late.late) == (0, 1)


def test_a_target_that_was_removed_holds_nothing_back() -> None:
    """Nobody reads it any more, on purpose."""
    heard = {"hagen/a": Heard(NOON, MINUTE), "hagen/b": Heard(NOON - 60 * MINUTE, MINUTE)}
    wanted = {"hagen/b": Wanted(NOON - 90 * MINUTE, removed=True)}

    assert watermarks(heard, wanted, NOON)["hagen"].until == at(NOON)


def test_a_target_that_was_never_read_counts_from_when_it_was_wanted() -> None:
    """No collector has taken it up: what is before it was wanted is complete."""
    wanted = {"hagen/new": Wanted(NOON - 5 * MINUTE)}
    heard = {"hagen/a": Heard(NOON, MINUTE, "c")}

    hagen = watermarks(heard, wanted, NOON)["hagen"]
    alone = watermarks({}, wanted, NOON)["hagen"]

    assert hagen.until == at(NOON - 5 * MINUTE)
    assert [(late.target, late.collector) for late in hagen.held_back_by] == [("hagen/new", "")]
    assert (alone.until, alone.newest) == (at(NOON - 5 * MINUTE), None)


def test_what_the_topics_do_not_keep_any_more_is_given_up() -> None:
    """A target of a collector's own file that was taken out of it is not missed for ever."""
    heard = {"hagen/a": Heard(NOON, MINUTE), "hagen/gone": Heard(NOON - GIVEN_UP_MS, 0)}

    assert watermarks(heard, {}, NOON)["hagen"].targets == 1
    assert watermarks({"hagen/gone": Heard(NOON - GIVEN_UP_MS, 0)}, {}, NOON) == {}


def test_of_a_gateway_the_partition_that_lags_counts() -> None:
    """Two of its units are on their way; a unit that three reads did not show is not waited for."""
    gateway = Heard(NOON, MINUTE)
    behind, gone = Heard(NOON - 2 * MINUTE, MINUTE), Heard(NOON - 4 * MINUTE, MINUTE)

    assert combined([{"hagen/gw": gateway}, {"hagen/gw": behind}]) == {"hagen/gw": behind}
    assert combined([{"hagen/gw": gateway}, {"hagen/gw": gone}]) == {"hagen/gw": gateway}


def test_sites_together_are_complete_when_each_is() -> None:
    """And nothing can be said where nothing is polled."""
    heard = {"hagen/a": Heard(NOON, MINUTE), "lyon/a": Heard(NOON - MINUTE, MINUTE)}
    marks = watermarks(heard, {}, NOON)

    assert list(marks) == ["hagen", "lyon"]
    assert earliest(marks.values()) == at(NOON - MINUTE)
    assert earliest([]) is None


HEARD = st.dictionaries(
    st.sampled_from([f"{site}/{n}" for site in ("hagen", "lyon") for n in range(4)]),
    st.builds(Heard, st.integers(0, 20).map(lambda n: NOON - n * MINUTE), st.just(MINUTE)),
)


@given(HEARD, HEARD)
def test_hearing_more_never_takes_back_what_was_complete(
    before: dict[str, Heard], news: dict[str, Heard]
) -> None:
    """A later slot of known targets moves a watermark on, or leaves it."""
    after = {t: max(heard, news.get(t, heard)) for t, heard in before.items()}

    was, now = watermarks(before, {}, NOON), watermarks(after, {}, NOON)

    assert all(now[site].until >= mark.until for site, mark in was.items())


@given(HEARD)
def test_a_watermark_is_what_its_targets_say(heard: dict[str, Heard]) -> None:
    """No target of the site has a read that was due before it and has not come."""
    for site, mark in watermarks(heard, {}, NOON).items():
        here = [each for target, each in heard.items() if target.startswith(f"{site}/")]

        assert all(at(each.until_ms) >= mark.until for each in here)
        assert mark.newest is not None
        assert mark.until <= mark.newest
        assert min(each.until for each in mark.collectors) <= mark.until
        assert sum(each.targets for each in mark.collectors) == mark.targets == len(here)

"""Plans: what they write, and what they take."""

from dataclasses import replace
from datetime import timedelta

from tests.unit.inventory.domain.world import NOON, report, serial

from isthmus.inventory.domain.assets.model import Asset, cause, view
from isthmus.inventory.domain.assets.plan import Move, Plan, Removal, following

REPORT = report("plc", 0, serial("1"))
CAUSE = cause(REPORT)
EMPTY = Asset("a", NOON, NOON)
SEEN = replace(EMPTY, views=(view(REPORT, None),))


def test_a_version_follows_on_the_one_before_and_does_not_go_back_in_time() -> None:
    """A late cause makes the next revision, at the time of the former one."""
    first = following(None, EMPTY, (), CAUSE).after
    assert (first.revision, first.changed_at) == (1, NOON)

    later = replace(first, changed_at=NOON + timedelta(hours=1))
    second = following(later, SEEN, (), CAUSE).after
    assert (second.revision, second.changed_at) == (2, later.changed_at)


def test_a_write_names_what_its_asset_shows_only_from_now_on() -> None:
    """The keys, and the place of a source."""
    assert following(None, SEEN, (), CAUSE).newly_shown == {
        "global|serial|1", "hagen|source|hagen/plc",
    }  # fmt: skip
    assert following(SEEN, SEEN, (), CAUSE).newly_shown == set()


def test_claims_of_assets_that_a_plan_writes_are_not_taken_for_free() -> None:
    """Their versions would tell if another writer came first; those of others would not."""
    moves = {
        "merged": Move("a", "loser"), "parted": Move("b", "a"), "free": Move("a", "other"),
        "nobody's": Move("a"),
    }  # fmt: skip
    loser = replace(EMPTY, id="loser")
    plan = Plan(
        gains=(following(None, EMPTY, (), CAUSE),),
        removals=(Removal(loser, "a", (), CAUSE),),
        moves=moves,
    )

    assert plan.freed == {"free": Move("a", "other")}
    assert Move("a", "other").back == Move("other", "a")

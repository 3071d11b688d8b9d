"""Many targets at once, on what is in memory."""

from typing import Any

import pytest
from tests.unit.inventory.handlers.polling.test_wanted import Store, Topics, row

from isthmus.inventory.domain.polling import endpoints
from isthmus.inventory.domain.polling.bulk import BulkResult, BulkRow, BulkVerdict
from isthmus.inventory.domain.polling.targets import Target, target
from isthmus.inventory.handlers.polling.bulk import Bulk, no_rules
from isthmus.inventory.handlers.polling.orders import target_record
from isthmus.inventory.handlers.polling.wanted import Kind, Wanted


def bulk(store: Store[Target]) -> Bulk[Target]:
    kept = Wanted(Kind("target", target, target_record), store, Topics(), written=lambda: None)
    return Bulk(kept, store, Topics(), no_rules)


async def taken(store: Store[Target], *rows: Any, **more: Any) -> list[BulkResult]:
    numbered = [BulkRow(number, each) for number, each in enumerate(rows, start=1)]
    asked: dict[str, Any] = {"dry_run": False, **more}
    return await bulk(store).take(numbered, "hagen", None, **asked)


@pytest.fixture
def store() -> Store[Target]:
    """No targets yet."""
    return Store()


async def test_each_row_says_what_became_of_it(store: Store[Target]) -> None:
    """One publication for each that was written; a site that has no topics is named."""
    first = await taken(store, row(1), row(2))
    then = await taken(store, row(1), row(2, interval_s=9), row(3), row(4, site="paris"), "x")

    assert [each.verdict for each in first] == [BulkVerdict.CREATED] * 2
    assert [each.verdict for each in then] == [
        BulkVerdict.UNCHANGED, BulkVerdict.CHANGED, BulkVerdict.CREATED, BulkVerdict.REFUSED,
        BulkVerdict.REFUSED,
    ]  # fmt: skip
    assert (then[3].id, then[3].field) == ("paris/plc-4", "site")
    assert len(store.published) == 4


async def test_a_target_that_was_removed_is_created_again(store: Store[Target]) -> None:
    """And its endpoint is free meanwhile."""
    kept = Wanted(Kind("target", target, target_record), store, Topics(), written=lambda: None)
    await taken(store, row(1))
    await kept.remove("hagen/plc-1")

    [made] = await taken(store, row(1))

    assert made.verdict is BulkVerdict.CREATED


async def test_targets_hand_their_endpoints_on(store: Store[Target]) -> None:
    """One moves to the place that another leaves, in whatever order the rows stand."""
    await taken(store, row(1), row(2))
    moved = [row(1, endpoint=row(2)["endpoint"]), row(2, endpoint=row(3)["endpoint"])]

    dry = await taken(store, *moved, dry_run=True)
    made = await taken(store, *moved)

    assert [each.verdict for each in made] == [BulkVerdict.CHANGED] * 2
    assert made == dry
    assert endpoints.address(store.kept["hagen/plc-1"].value.endpoint) == "127.0.0.1:2"

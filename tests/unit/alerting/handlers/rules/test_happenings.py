"""What happened to assets raises alarms that are over at once."""

from datetime import UTC, datetime
from typing import Any

from isthmus.alerting.domain.rules.conditions import Happened
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.happenings import Happenings
from isthmus.assets.v1.change_pb2 import Change
from isthmus.runtime.codec import Record
from isthmus.runtime.consume import Batch

RULES = (
    Rule("replaced", "low", "{source}", "Look.", Happened(frozenset({"replaced"}))),
    Rule("of-plc", "low", "", "", Happened(frozenset({"replaced"})), classes=frozenset({"plc"})),
)


async def test_what_happened_is_told_once(service: Any) -> None:
    """Also when the change comes again; an asset that nobody knows yet has no class."""
    change = Change(id="c", asset_id="a", site="hagen", kind="CHANGE_KIND_REPLACED")
    change.observed_at.FromDatetime(datetime(2026, 1, 1, tzinfo=UTC))
    happenings = Happenings(service.ledger, service.assets, RuleBook(RULES))
    batch = Batch([Record(change, "a", "inventory.changes.v1", 3, 0, None)])
    for _ in range(2):
        assert list(await happenings.handle(batch)) == []
    [alarm] = service.memory.alarms.values()

    assert service.steps() == [("replaced", 1, "raised"), ("replaced", 2, "cleared")]
    assert (alarm.partition, alarm.message) == (3, "a")

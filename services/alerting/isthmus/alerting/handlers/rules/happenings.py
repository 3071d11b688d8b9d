"""What happened to assets becomes samples of the alarms whose rules wait for it."""

from collections.abc import Iterable, Iterator

from isthmus.alerting.domain.rules.blank import on_asset
from isthmus.alerting.domain.rules.examine import happened
from isthmus.alerting.domain.rules.subject import Subject
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.partitions import Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.facts import happening
from isthmus.assets.v1.change_pb2 import Change
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch

CHANGES = "inventory.changes.v1"
REQUIRED = ("id", "asset_id", "site", "observed_at")


class Happenings:
    """Judges `inventory.changes.v1`; each alarm is over at once, and nothing is kept of it."""

    def __init__(self, ledger: Ledger, assets: Assets, rules: RuleBook) -> None:
        self._ledger = ledger
        self._assets = assets
        self._rules = rules

    async def handle(self, batch: Batch[Change]) -> Iterable[Outgoing]:
        """See Handler: a change that was judged before changes nothing."""
        entries = [e for r in batch.records if r.message for e in self._judged(r, r.message)]
        await self._ledger.record(entries)
        return ()

    def _judged(self, record: Record[Change], change: Change) -> Iterator[Entry]:
        asset = self._assets.asset(change.asset_id) or Subject(change.asset_id, change.site, "", "")
        rules = self._rules.on_assets(asset.asset_class)
        # Both topics of the inventory are keyed by the asset's id and have as many partitions.
        partition = Partition(record.partition, heard_at=None)
        place = self._assets.placed(asset)
        for rule, sample in happened(asset, happening(change), rules):
            alarm = on_asset(asset, rule, record.partition)
            yield Entry(partition, alarm, rule, sample, place, record.traceparent)

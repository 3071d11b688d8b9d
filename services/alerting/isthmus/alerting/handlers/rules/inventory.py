"""Assets become samples of the alarms whose rules concern them, with each change and each day."""

import asyncio
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from itertools import islice

import structlog

from isthmus.alerting.domain.alarms.events import Close
from isthmus.alerting.domain.rules.blank import again, on_asset
from isthmus.alerting.domain.rules.examine import examine
from isthmus.alerting.domain.rules.source import Source
from isthmus.alerting.domain.rules.subject import Subject
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.rules.assets import Assets
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.alerting.handlers.rules.facts import subject
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
SWEPT = 500
"""Assets that are looked at in one go: reports are judged in between."""
LOOK_S = 5.0
"""How often it is asked whether a partition has not been swept since midnight (UTC)."""
GONE = "the asset is gone"


class NoSources:
    """Assets are not heard at intervals: none of them is ever missed."""

    async def save(self, sources: Iterable[Source]) -> None:
        """See SourceStore."""

    async def load(self, partition: int) -> list[Source]:
        """See SourceStore."""
        return []


class AssetRules:
    """Judges the assets of the partitions of `inventory.assets.v1` that this process owns.

    What a rule says of an asset follows from the asset as it is and from the day alone, so that
    nothing is lost with a crash: whoever owns the partition next looks at all of them.
    """

    def __init__(
        self, owned: Owned, ledger: Ledger, assets: Assets, rules: RuleBook, now: Now
    ) -> None:
        self._owned = owned
        self._ledger = ledger
        self._assets = assets
        self._rules = rules
        self._now = now
        self._swept: dict[int, tuple[Partition, date, int]] = {}
        """By partition: what was swept, on which day, with which rules."""

    async def handle(self, batch: Batch[Asset]) -> Iterable[Outgoing]:
        """See Handler: an asset that is older than the one that is known changes nothing."""
        partitions = await self._owned.partitions({r.partition for r in batch.records})
        async with self._owned.lock:
            entries: list[Entry] = []
            now = self._now()
            for record in batch.records:
                partition = partitions[record.partition]
                partition.heard_at = now
                if record.message is None:
                    entries += self._gone(partition, record.key, now)
                else:
                    entries += self._judged(partition, self._newest(record.message), now)
            await self._ledger.record(entries)
        self._owned.changed.set()
        return ()

    async def run(self) -> None:
        """Sweep what was not swept today, until cancelled; while the store is down, try again."""
        await self._assets.complete.wait()
        while True:
            try:
                await self.sweep()
            except Retryable as error:
                log.warning("sweep_blocked", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def sweep(self) -> None:
        """Look at every asset of each owned partition once a day, and after a change of rules."""
        for partition in self._owned.loaded:
            done = (partition, self._now().date(), self._rules.generation)
            if self._swept.get(partition.number) != done:
                subjects = self._assets.on(partition.number)
                while some := list(islice(subjects, SWEPT)):
                    await self._look(partition, some)
                await self._close(partition)
                self._swept[partition.number] = done

    async def _look(self, partition: Partition, subjects: Iterable[Subject]) -> None:
        async with self._owned.lock:
            now = self._now()
            entries = [e for each in subjects for e in self._judged(partition, each, now)]
            await self._ledger.record(entries)
        await asyncio.sleep(0)

    async def _close(self, partition: Partition) -> None:
        async with self._owned.lock:
            ids = [id for id in partition.open if self._assets.asset(id) is None]
            now = self._now()
            await self._ledger.record([e for id in ids for e in self._gone(partition, id, now)])

    def _judged(self, partition: Partition, asset: Subject, now: datetime) -> Iterator[Entry]:
        rules = self._rules.on_assets(asset.asset_class)
        open = partition.open.get(asset.id, {})
        for rule, sample in examine(asset, rules, open, now, now.date()):
            alarm, place = on_asset(asset, rule, partition.number), self._assets.placed(asset)
            yield Entry(partition, alarm, rule, sample, place)

    def _gone(self, partition: Partition, id: str, now: datetime) -> Iterator[Entry]:
        for alarm in list(partition.open.get(id, {}).values()):
            rule = self._rules.by_name.get(alarm.rule)
            if rule is not None:
                yield Entry(partition, again(alarm, rule), rule, Close(now, GONE))

    def _newest(self, message: Asset) -> Subject:
        """The asset as it is: the record may be older than what the whole topic says."""
        read, known = subject(message), self._assets.asset(message.id)
        return known if known is not None and known.revision > read.revision else read

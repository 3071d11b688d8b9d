"""What the inventory says of each asset, kept in memory by every replica."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any

import structlog

from isthmus.alerting.domain.alarms.alarm import Place
from isthmus.alerting.domain.rules.subject import GROUPS, Subject, group
from isthmus.alerting.handlers.rules.facts import subject
from isthmus.assets.v1.asset_pb2 import Asset
from isthmus.runtime.codec import decode
from isthmus.runtime.errors import Rejected

log = structlog.get_logger()
REQUIRED = ("id", "site")


class Assets:
    """The assets, and the one behind each source; alarms never wait for it.

    An asset is kept as the bytes in which it came, the shortest form of all that is said of it.
    """

    def __init__(self) -> None:
        self.complete = asyncio.Event()
        self._assets: dict[str, tuple[int, bytes]] = {}
        """By id: the partition on which it came, and its message."""
        self._by_source: dict[str, str] = {}
        self._upstream: dict[str, tuple[str, ...]] = {}
        """By id, of the few that are reached through others: the sources of those."""
        self._sources: Counter[tuple[str, str]] = Counter()
        """How many sources there are in each group."""

    def __len__(self) -> int:
        return len(self._assets)

    def asset(self, id: str) -> Subject | None:
        """The asset with this id."""
        found = self._assets.get(id)
        return subject(Asset.FromString(found[1])) if found else None

    def behind(self, source: str) -> Subject | None:
        """The asset behind `source`, once the inventory has said it; an asset's id is its own."""
        return self.asset(self._by_source.get(source, source))

    def upstream(self, source: str) -> list[str]:
        """The sources of the same endpoint that `source` is behind, shown by, or runs on."""
        said = self._upstream.get(self._by_source.get(source, ""), ())
        endpoint = "/".join(source.split("/")[:2])
        return [name for name in said if name == endpoint or name.startswith(f"{endpoint}/")]

    def tags(self, source: str) -> list[str]:
        """The words by which the asset behind `source` is found."""
        found = self.behind(source)
        said = found.facts.get("tags") if found else None
        return said if isinstance(said, list) else []

    def place(self, source: str) -> Place | None:
        """What alarms carry of the asset behind `source`; an asset's id is its own."""
        found = self._assets.get(self._by_source.get(source, source))
        if found is None:
            return None
        asset = Asset.FromString(found[1])
        return Place(
            asset.id,
            getattr(asset, "class"),
            asset.path,
            asset.criticality,
            asset.safety_impact,
            self._impact(asset.path, len(asset.sources)),
        )

    def placed(self, asset: Subject) -> Place:
        """What alarms carry of `asset`."""
        return Place(
            asset.id,
            asset.asset_class,
            asset.path,
            asset.text("criticality"),
            asset.text("safety_impact"),
            self._impact(asset.path, len(asset.names)),
        )

    def on(self, partition: int) -> Iterator[Subject]:
        """The assets whose records come on `partition`."""
        for number, value in list(self._assets.values()):
            if number == partition:
                yield subject(Asset.FromString(value))

    def sources(self, by: str, name: str) -> int:
        """How many sources there are in a group."""
        return self._sources[by, name]

    def handle(self, record: Any) -> None:
        """Take one raw record of the assets topic; a record that is none is logged and left out."""
        try:
            read = decode(record, Asset, required=REQUIRED)
        except Rejected as error:
            log.warning("asset_rejected", offset=record.offset, reason=str(error))
            return
        if (before := self.asset(read.key)) is not None:
            self._forget(before)
        if read.message is not None:
            self._assets[read.key] = (read.partition, record.value)
            self._count(subject(read.message), 1)
            self._by_source |= dict.fromkeys(read.message.sources, read.key)
            if read.message.upstream:
                self._upstream[read.key] = tuple(read.message.upstream)

    def completed(self) -> None:
        """Say that the topic was read to the end it had at start."""
        self.complete.set()

    async def check(self) -> str | None:
        """Why alarms would lack their assets now, or None."""
        return None if self.complete.is_set() else "inventory.assets.v1 is being read"

    def _forget(self, before: Subject) -> None:
        del self._assets[before.id]
        self._upstream.pop(before.id, None)
        self._count(before, -1)
        for name in before.names:
            # Another asset may have taken the source over by a merge.
            if self._by_source.get(name) == before.id:
                del self._by_source[name]

    def _count(self, asset: Subject, sign: int) -> None:
        for by in GROUPS:
            if name := group(by, asset.site, asset.text("zone"), asset.path):
                self._sources[by, name] += sign * len(asset.names)

    def _impact(self, path: str, own: int) -> str:
        """What stands with it: its line, and how much else is there."""
        line = group("line", "", "", path)
        others = self._sources["line", line] - own
        return f"{line}, where {others} more report" if line and others > 0 else line

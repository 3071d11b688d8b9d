"""What was written and is not yet published: one entry for all that one batch writes.

The entry is stored before the versions that it announces and removed when they are published, so
that nothing is published that was not written, and nothing stays unpublished that was. A replica
that died leaves its entry; another one takes it over when its lease has ended.
"""

import asyncio
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import UpdateOne

from isthmus.inventory.ports.assets import Announced
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Retryable

LEASE = timedelta(seconds=30)  # longer than Kafka.publish_timeout_s, so that it outlives a try
WAIT_S = 0.02
ENTRIES_MAX = 1_000  # one for each batch in flight: there are as many as writers
Records = Mapping[str, Sequence[Outgoing]]
"""By the version that they publish."""
Document = dict[str, Any]


class Journal:
    """The collection `journal`."""

    def __init__(self, collection: Any) -> None:
        self._collection = collection

    async def announce(self, records: Records) -> str:
        """Store what will be published once its version is written; the entry's id."""
        id = uuid.uuid4().hex
        await self._collection.insert_one(
            {
                "_id": id,
                "lease_until": datetime.now(UTC) + LEASE,
                "versions": list(records),
                "records": [
                    [version, r.topic, r.key, r.value, [list(header) for header in r.headers]]
                    for version, several in records.items()
                    for r in several
                ],
            }
        )
        return id

    async def narrow(self, id: str, versions: Sequence[str]) -> None:
        """Announce only these: two writers that lost to each other would wait for each other."""
        await self._collection.update_one({"_id": id}, {"$set": {"versions": list(versions)}})

    async def turn(self, versions: Iterable[str]) -> None:
        """Return when no older version of the same assets waits to be published.

        On a compacted topic an older version would otherwise overwrite a newer one. Raises
        Retryable when that takes longer than a lease.
        """
        mine = dict(_parted(version) for version in versions)
        deadline = datetime.now(UTC) + LEASE
        while await self._is_older_waiting(mine):
            if datetime.now(UTC) > deadline:
                raise Retryable("store: an older version of the same asset is not published yet")
            await asyncio.sleep(WAIT_S)

    async def _is_older_waiting(self, mine: Mapping[str, int]) -> bool:
        found = self._collection.find({}, {"versions": 1}).limit(ENTRIES_MAX)
        waiting = [_parted(v) for e in await found.to_list(ENTRIES_MAX) for v in e["versions"]]
        return any(revision < mine.get(id, 0) for id, revision in waiting)

    async def remove(self, id: str) -> None:
        """Forget an entry whose records are published."""
        await self._collection.delete_one({"_id": id})

    async def abandoned(self) -> list[tuple[Announced, list[str]]]:
        """Entries whose writer is gone, now leased to the caller, with their versions."""
        now = datetime.now(UTC)
        found = self._collection.find({"lease_until": {"$lt": now}}).limit(ENTRIES_MAX)
        taken = []
        for entry in await found.to_list(ENTRIES_MAX):
            mine = {"$set": {"lease_until": now + LEASE}}
            lease = {"_id": entry["_id"], "lease_until": entry["lease_until"]}
            result = await self._collection.bulk_write([UpdateOne(lease, mine)])
            if result.matched_count:
                taken.append((_entry(entry), entry["versions"]))
        return taken


def _parted(version: str) -> tuple[str, int]:
    id, _, revision = version.rpartition("/")
    return id, int(revision)


def _entry(document: Document) -> Announced:
    return Announced(
        document["_id"],
        [
            (version, Outgoing(topic, bytes(key), None if value is None else bytes(value),
                               [(name, bytes(text)) for name, text in headers]))
            for version, topic, key, value, headers in document["records"]
        ],
    )  # fmt: skip

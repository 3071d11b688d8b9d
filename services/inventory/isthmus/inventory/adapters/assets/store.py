"""Assets and identity keys in MongoDB; only calls that PyMongo's AsyncMongoClient shares.

The insertion of a version, whose id names asset and revision, is the commit: it succeeds once.
The document of the asset follows it, and whoever finds it behind carries it forward.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from pymongo import ASCENDING, InsertOne, UpdateMany, UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.inventory.adapters.assets import documents
from isthmus.inventory.adapters.assets.conflicts import MongoConflicts
from isthmus.inventory.adapters.assets.documents import successor
from isthmus.inventory.adapters.assets.journal import Journal
from isthmus.inventory.adapters.assets.seen import exactly, last_seen
from isthmus.inventory.adapters.queries import LIVE, Document, among, portions
from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.assets.plan import (
    NOBODY,
    Contest,
    Move,
    Seen,
    Snapshot,
)
from isthmus.inventory.ports.assets import Announced, Commit, Committed, Noted
from isthmus.runtime.store import DUPLICATE_KEY, translated


class MongoAssets:
    """The collections `assets`, `identity_keys`, `versions`, `seen`, `conflicts` and `journal`."""

    def __init__(self, database: Any) -> None:
        self._assets = database["assets"]
        self._keys = database["identity_keys"]
        self._versions = database["versions"]
        self._seen = database["seen"]
        self._conflicts = MongoConflicts(database)
        self._journal = Journal(database["journal"])

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            for name in ("targets", "sources", "relates"):
                await self._assets.create_index(name, name=name)
            await self._assets.create_index("merged_into", name="merged_into", sparse=True)
            await self._keys.create_index("asset", name="asset")
            await self._versions.create_index(
                [("asset", ASCENDING), ("revision", ASCENDING)], name="asset"
            )
            await self._versions.create_index(
                [("recorded_at", ASCENDING), ("_id", ASCENDING)], name="recorded"
            )

    async def snapshot(
        self, claims: Collection[str], endpoints: Collection[str], sources: Collection[str] = ()
    ) -> Snapshot:
        with translated():
            found, seen = await asyncio.gather(
                among(self._keys, "_id", claims), among(self._seen, "_id", sources)
            )
            holders = {each["_id"]: each["asset"] for each in found}
            held = await self._documents(set(holders.values()))
            if endpoints:
                behind = await among(self._assets, "targets", endpoints)
                held |= {each["_id"]: each for each in behind}
                told = {source for each in behind for source in each["sources"]}
                seen += await among(self._seen, "_id", told.difference(sources))
        claims = {key: successor(id, held) for key, id in holders.items()}
        # A writer that died has left them behind; a later move names their holder.
        await self.move(
            {k: Move(id, holders[k]) for k, id in claims.items() if id not in (NOBODY, holders[k])}
        )
        return Snapshot(
            claims=claims,
            assets={id: documents.asset(d) for id, d in held.items() if documents.is_live(d)},
            seen={each["_id"]: each["at"] for each in seen},
            demoted=frozenset(each["_id"] for each in found if each.get("demoted")),
        )

    async def held(self, ids: Collection[str]) -> Mapping[str, Asset]:
        with translated():
            found = [d for d in await among(self._assets, "_id", ids) if documents.is_live(d)]
            latest = await last_seen(self._seen, found)
        held = {d["_id"]: documents.asset(d) for d in found}
        return {
            id: replace(asset, last_seen_at=exactly(asset.last_seen_at, latest.get(id)))
            for id, asset in held.items()
        }

    async def _documents(self, ids: set[str]) -> dict[str, Document]:
        """The documents of `ids`, and of the successors that stubs among them name."""
        found: dict[str, Document] = {}
        while ids:
            read = await among(self._assets, "_id", ids)
            found |= {each["_id"]: each for each in read}
            ids = {each["merged_into"] for each in read if each.get("merged_into")}
            ids -= found.keys()
        return found

    async def holders(self, claims: Collection[str]) -> Mapping[str, str]:
        found = await among(self._keys, "_id", claims, projection={"asset": 1})
        return {each["_id"]: each["asset"] for each in found}

    async def claim(self, claims: Mapping[str, str]) -> bool:
        inserts = [InsertOne({"_id": key, "asset": id}) for key, id in claims.items()]
        with translated():
            return not await _inserted(self._keys, inserts)

    async def commit(self, steps: Sequence[Sequence[Commit]]) -> Committed:
        made = [[documents.version(write) for write, _ in step] for step in steps]
        records = {
            version["_id"]: several
            for step, versions in zip(steps, made, strict=True)
            for (_, several), version in zip(step, versions, strict=True)
        }
        if not records:
            return Committed(complete=True)
        with translated():
            id, won = await self._journal.announce(records), list[str]()
            for versions in filter(None, made):
                lost = await self._write(id, versions)
                won += [version["_id"] for version in versions if version["_id"] not in lost]
                if lost:
                    await self._journal.narrow(id, won)
                    break
            await self._journal.turn(won)
        entry = Announced(id, [(version, r) for version in won for r in records[version]])
        return Committed(complete=len(won) == len(records), entry=entry)

    async def _write(self, entry: str, versions: Sequence[Document]) -> set[str]:
        """Insert versions and carry their assets forward; the ids of those that others wrote."""
        now = datetime.now(UTC)
        inserts = [InsertOne({**v, "recorded_at": now, "journal": entry}) for v in versions]
        taken = await _inserted(self._versions, inserts)
        lost = {versions[at]["_id"] for at in taken}
        theirs = await among(self._versions, "_id", lost)
        await self._forward([*(v for v in versions if v["_id"] not in lost), *theirs])
        return lost

    async def _forward(self, versions: Iterable[Document]) -> None:
        """Write the assets of versions, where they are not there already."""
        made = list(versions)
        first = [v for v in made if v["revision"] == 1]
        inserts = [InsertOne({"_id": v["asset"], **v["document"]}) for v in first]
        await _inserted(self._assets, inserts)
        updates = [_following(v) for v in made if v["revision"] > 1]
        if updates:
            await self._assets.bulk_write(updates, ordered=False)
        handed = [
            UpdateMany({"asset": v["asset"]}, {"$set": {"asset": v["document"]["merged_into"]}})
            for v in made
            if v["document"].get("merged_into", NOBODY) != NOBODY
        ]
        if handed:
            await self._keys.bulk_write(handed, ordered=False)

    async def published(self, entry: Announced) -> None:
        with translated():
            if entry.id:
                await self._journal.remove(entry.id)

    async def abandoned(self) -> list[Announced]:
        with translated():
            return [await self._recovered(*each) for each in await self._journal.abandoned()]

    async def _recovered(self, entry: Announced, versions: Sequence[str]) -> Announced:
        """The entry with the records of those versions that its writer has written."""
        found = [v for v in await among(self._versions, "_id", versions)
                 if v["journal"] == entry.id]  # fmt: skip
        await self._forward(found)
        written = {v["_id"] for v in found}
        return Announced(entry.id, [each for each in entry.records if each[0] in written])

    async def move(self, moves: Mapping[str, Move]) -> bool:
        sure = {key: each for key, each in moves.items() if each.former != NOBODY}
        await self._moved(each for each in moves.items() if each[0] not in sure)
        return await self._moved(sure.items()) == len(sure)

    async def _moved(self, moves: Iterable[tuple[str, Move]]) -> int:
        updates = [
            UpdateOne(
                {"_id": key} | ({"asset": move.former} if move.former != NOBODY else {}),
                {"$set": {"asset": move.to}},
            )
            for key, move in moves
        ]
        if not updates:
            return 0
        with translated():
            done = await self._keys.bulk_write(updates, ordered=False)
        return int(done.matched_count)

    async def seen(self, seen: Sequence[Seen], digests: Mapping[str, bytes]) -> None:
        noted = [
            UpdateOne(
                {"_id": each.source},
                {"$set": {"digest": digests[each.source]}, "$max": {"at": each.observed_at}},
                upsert=True,
            )
            for each in seen
            if each.source in digests
        ]
        with translated():
            if noted:
                await self._seen.bulk_write(noted, ordered=False)
            await self._coarsely({each.source: each.observed_at for each in seen if each.coarse})

    async def unchanged(self, noted: Sequence[Noted]) -> bool:
        updates = [
            UpdateOne({"_id": each.source, "digest": each.digest}, {"$max": {"at": each.at}})
            for each in noted
        ]
        with translated():
            if not updates:
                return True
            result = await self._seen.bulk_write(updates, ordered=False)
            await self._coarsely({each.source: each.at for each in noted if each.coarse})
        return bool(result.matched_count == len(updates))

    async def _coarsely(self, sources: Mapping[str, datetime]) -> None:
        updates = [
            UpdateOne({"sources": source}, {"$max": {"last_seen_at": at}})
            for source, at in sources.items()
        ]
        if updates:
            await self._assets.bulk_write(updates, ordered=False)

    async def unsettle(self, sources: Collection[str]) -> None:
        with translated():
            for some in portions(sources):
                await self._seen.delete_many({"_id": {"$in": some}})

    async def contest(self, contests: Sequence[Contest]) -> None:
        with translated():
            demoted = await self._conflicts.note(contests)
            updates = [UpdateOne({"_id": key}, {"$set": {"demoted": True}}) for key in demoted]
            if updates:
                await self._keys.bulk_write(updates, ordered=False)

    async def asset(self, id: str, sites: frozenset[str] | None) -> Asset | None:
        found = (await self.held([id])).get(id)
        return found if found and (sites is None or found.site in sites) else None

    async def assets(self, sites: frozenset[str] | None, after: str, limit: int) -> list[Asset]:
        query: Document = {"_id": {"$gt": after}, **LIVE}
        if sites is not None:
            query["site"] = {"$in": sorted(sites)}
        with translated():
            found = self._assets.find(query).sort("_id", ASCENDING).limit(limit)
            return [documents.asset(document) for document in await found.to_list(limit)]


async def _inserted(collection: Any, inserts: list[InsertOne[Document]]) -> list[int]:
    """Insert each; the numbers of those whose id was there already."""
    if not inserts:
        return []
    try:
        await collection.bulk_write(inserts, ordered=False)
    except BulkWriteError as error:
        errors = error.details["writeErrors"]
        if all(each["code"] == DUPLICATE_KEY for each in errors):
            return [each["index"] for each in errors]
        raise
    return []


def _following(version: Document) -> UpdateOne:
    made = version["document"]
    update: Document = {"$set": made}
    if documents.is_live(made):
        update["$unset"] = {"merged_into": ""}
    before = {"_id": version["asset"], "revision": version["revision"] - 1}
    return UpdateOne(before, update)

"""Sources in MongoDB, one document each.

Only calls that Motor and PyMongo's AsyncMongoClient share are used.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from isthmus.alerting.domain.rules.source import Source
from isthmus.runtime.store import DUPLICATE_KEY, translated


class Sources:
    """The sources of reports, as they were last heard."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Make the index; idempotent."""
        with translated():
            await self.collection.create_index("partition", name="partition")

    async def save(self, sources: Iterable[Source]) -> None:
        """See SourceStore."""
        writes = [_newer(source) for source in sources]
        if not writes:
            return
        with translated():
            try:
                await self.collection.bulk_write(writes, ordered=False)
            except BulkWriteError as error:
                # The upsert of an older one meets the newer one's id: that one stays.
                if any(e["code"] != DUPLICATE_KEY for e in error.details["writeErrors"]):
                    raise

    async def load(self, partition: int) -> list[Source]:
        """See SourceStore."""
        with translated():
            found = self.collection.find({"partition": partition})
            return [_source(document) async for document in found]


def _newer(source: Source) -> UpdateOne:
    document = asdict(source)
    name = document.pop("name")
    older = {"_id": name, "last_at": {"$lte": source.last_at}}
    return UpdateOne(older, {"$set": document}, upsert=True)


def _source(document: Mapping[str, Any]) -> Source:
    known = {name: document[name] for name in SOURCE if name in document}
    return Source(name=document["_id"], **known)


SOURCE = [field.name for field in fields(Source) if field.name != "name"]

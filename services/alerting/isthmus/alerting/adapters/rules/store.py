"""Rules that people have stored, in MongoDB: one document each, with its versions.

Only calls that Motor and PyMongo's AsyncMongoClient share are used.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pymongo.errors import DuplicateKeyError

from isthmus.alerting.ports.rules import RuleVersion
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.store import pending, translated

VERSIONS_MAX = 100
"""Versions that are kept of a rule; the audit log has who stored the others."""


class Rules:
    """The rules of the service."""

    def __init__(self, collection: Any) -> None:
        self.collection = collection

    async def prepare(self) -> None:
        """Rules are few and found by name: there is nothing to make."""

    async def write(self, rule: RuleVersion, outbox: tuple[Outgoing, ...]) -> bool:
        """See RuleStore."""
        newest = asdict(rule)
        name = newest.pop("name")
        versions = {"$each": [newest], "$slice": -VERSIONS_MAX}
        update = {"$set": newest, "$push": {"versions": versions}}
        update["$push"]["outbox"] = {"$each": pending(outbox)}
        first = rule.version == 1
        with translated():
            try:
                result = await self.collection.update_one(
                    {"_id": name, "version": rule.version - 1}, update, upsert=first
                )
            except DuplicateKeyError:
                return False  # of a first version there must be none
        return bool(result.matched_count or result.upserted_id is not None)

    async def all(self) -> list[RuleVersion]:
        """See RuleStore."""
        with translated():
            found = self.collection.find({}, {"versions": 0, "outbox": 0})
            return [_version(document["_id"], document) async for document in found]

    async def versions(self, name: str) -> list[RuleVersion]:
        """See RuleStore."""
        with translated():
            document = await self.collection.find_one({"_id": name}, {"versions": 1})
        return [_version(name, each) for each in (document or {}).get("versions", [])]


def _version(name: str, document: Mapping[str, Any]) -> RuleVersion:
    return RuleVersion(
        name=name,
        version=document["version"],
        body=document["body"],
        deleted=document["deleted"],
        by=document["by"],
        at=document["at"],
    )

"""Whose word counts for which field, where somebody has said so."""

from collections.abc import Mapping
from typing import Any

from pymongo import DeleteOne, UpdateOne

from isthmus.inventory.domain.assets.vocabulary import Precedence
from isthmus.runtime.store import translated

FIELDS_MAX = 10_000


class MongoPolicy:
    """The collection `policy`."""

    def __init__(self, database: Any) -> None:
        self._policy = database["policy"]

    async def decided(self) -> Mapping[str, Precedence]:
        with translated():
            found = await self._policy.find({}).to_list(FIELDS_MAX)
        return {each["_id"]: tuple(each["order"]) for each in found}

    async def decide(self, field: str, order: Precedence | None) -> None:
        one: UpdateOne | DeleteOne = DeleteOne({"_id": field})
        if order is not None:
            one = UpdateOne({"_id": field}, {"$set": {"order": list(order)}}, upsert=True)
        with translated():
            await self._policy.bulk_write([one])

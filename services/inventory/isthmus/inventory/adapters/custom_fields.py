"""Definitions of custom fields in MongoDB; only calls that PyMongo's AsyncMongoClient shares."""

from collections.abc import Mapping
from typing import Any

from pymongo import ASCENDING

from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.assets.vocabulary import CUSTOM
from isthmus.inventory.domain.custom_fields import definition
from isthmus.inventory.ports.custom_fields import Defined
from isthmus.runtime.store import translated


class MongoCustomFields:
    """The collection `custom_fields`, a document for each; a CustomFieldStore."""

    def __init__(self, database: Any) -> None:
        self._fields = database["custom_fields"]

    async def defined(self) -> Mapping[str, Defined]:
        with translated():
            documents = await self._fields.find({}).sort("_id", ASCENDING).to_list(None)
        return {each["_id"]: _defined(each) for each in documents}

    async def put(self, defined: Defined) -> bool:
        made = defined.definition
        document = {"_id": made.name, "row": made.row, "by": defined.by, "at": defined.at}
        with translated():
            result = await self._fields.replace_one({"_id": made.name}, document, upsert=True)
        return not result.matched_count

    async def remove(self, name: str) -> bool:
        with translated():
            return bool((await self._fields.delete_one({"_id": name})).deleted_count)


def _defined(document: Document) -> Defined:
    name = document["_id"].removeprefix(CUSTOM)
    return Defined(definition(name, document["row"]), document["by"], document["at"])

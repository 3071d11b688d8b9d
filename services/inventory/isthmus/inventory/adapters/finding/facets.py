"""Assets counted by the values of a field."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pymongo import ASCENDING, DESCENDING

from isthmus.inventory.adapters.finding.compiling import text_path
from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.query import Type, column
from isthmus.inventory.ports.finding import Facet

VALUES_MAX = 100
GROUPS_MAX = 10_000
"""Enough to be added to those of the other half of a fleet as it was."""


def spread(name: str) -> list[Document]:
    """The stage that makes one document of each value of a list, and one of an empty list."""
    if column(name).type is not Type.LIST:
        return []
    return [{"$unwind": {"path": f"${text_path(name)}", "preserveNullAndEmptyArrays": True}}]


def grouped(name: str, most: int) -> list[Document]:
    """The stages that count by value: what is unknown, then the most frequent."""
    return [
        *spread(name),
        {"$group": {"_id": f"${text_path(name)}", "assets": {"$sum": 1}}},
        {"$set": {"known": {"$gt": ["$_id", ""]}}},
        {"$sort": {"known": ASCENDING, "assets": DESCENDING, "_id": ASCENDING}},
        {"$limit": most + 2},  # absent and empty are both unknown
    ]


def facet(name: str, rows: Sequence[Document], counted: Sequence[Document]) -> Facet:
    """What was counted, of one half of a fleet or of both."""
    unknown = sum(row["assets"] for row in rows if not row["known"])
    known: Counter[Any] = Counter()
    for row in rows:
        if row["known"]:
            known[row["_id"]] += row["assets"]
    most = dict(sorted(known.items(), key=lambda each: (-each[1], each[0]))[:VALUES_MAX])
    values = sum(each["values"] for each in counted)
    return Facet(name, most, values - unknown - sum(most.values()), unknown)

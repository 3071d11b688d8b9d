"""Conditions as queries of MongoDB."""

import re
from datetime import UTC, datetime
from typing import Any

from isthmus.inventory.adapters.queries import Document
from isthmus.inventory.domain.assets.vocabulary import CUSTOM
from isthmus.inventory.domain.query import (
    OWN_NUMBER,
    And,
    Compare,
    Condition,
    Known,
    Like,
    Not,
    Operator,
    Or,
    Type,
    Under,
    column,
    expression,
)

PATHS = {"id": "_id", "sources": "sources", "keys": "keys", "tags": "tags"}
TOP = (
    "site", "path", "status", "reachability", "health", "health_reason", "discovered_at",
    "changed_at", "last_seen_at", "revision", "custom",
)  # fmt: skip
"""Members of the document that an item has under the same name."""
COMPARED = {Type.NUMBER: "numbers", Type.VERSION: "orders"}
"""Where the document has what is compared by something else than its text."""
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
OPERATORS = {
    Operator.LESS: "$lt",
    Operator.AT_MOST: "$lte",
    Operator.MORE: "$gt",
    Operator.AT_LEAST: "$gte",
}


def path_of(name: str) -> str:
    """Where the document has what a field is compared by."""
    if name.startswith(OWN_NUMBER):
        return name
    known = COMPARED.get(column(name).type)
    return f"{known}.{name}" if known else text_path(name)


def text_path(name: str) -> str:
    """Where the document has the field as text, or as texts."""
    if name in PATHS or name in TOP:
        return PATHS.get(name, name)
    return name if name.startswith(CUSTOM) else f"attributes.{name}"


def compiled(condition: Condition) -> Document:
    """The query of MongoDB that means the same as `matches` of the condition."""
    match condition:
        case And(conditions):
            return {"$and": [compiled(each) for each in conditions]} if conditions else {}
        case Or(conditions):
            return {"$or": [compiled(each) for each in conditions]}
        case Not(Known(name)) if column(name).type is not Type.LIST:
            return {path_of(name): {"$in": [None, ""]}}
        case Not(inner):
            return {"$nor": [compiled(inner)]}
        case Like(name):
            return {text_path(name): _test(condition)}
        case _:
            return {path_of(condition.field): _test(condition)}


def _test(condition: Compare | Like | Under | Known) -> Any:
    """What the value must be; an empty text is unknown, and nothing holds for it."""
    match condition:
        case Known(name):
            return {"$gt": _least(name)}
        case Like(_, pattern):
            return {"$regex": expression(pattern), "$options": "is", "$gt": ""}
        case Under(_, path):
            return {"$regex": f"^{re.escape(path)}(?:/|(?![\\s\\S]))"}
        case Compare(_, Operator.EQUAL, value):
            return value
        case Compare(name, operator, value):
            known = {"$gt": _least(name)} if "<" in operator else {}
            return {**known, OPERATORS[operator]: value}


def _least(name: str) -> Any:
    """What every known value of the field is more than."""
    type = column(name).type
    return {Type.NUMBER: float("-inf"), Type.TIME: EARLIEST}.get(type, "")

"""Cursors: where a page of a list ended, as a text that leads on from there."""

import base64
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from isthmus.inventory.domain.query import Place, Sort, Type, column
from isthmus.inventory.domain.rows import Invalid


def fingerprint(*parts: str) -> str:
    """What tells one query from another."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def encoded(place: Place, query: str) -> str:
    """The cursor of `place` in the query of that fingerprint."""
    text = json.dumps([query, place.values, place.id], default=spoken)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decoded(cursor: str, query: str, order: Sequence[Sort]) -> Place:
    """The place that a cursor of this very query names; raises Invalid."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        of, values, id = json.loads(raw)
        if of == query:
            pairs = zip(order, values, strict=True)
            return Place(tuple(_typed(each.field, value) for each, value in pairs), _text(id))
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass  # whatever it is, it is no cursor of ours
    raise Invalid("cursor", "expected `next` of the page before, of the very same query")


def spoken(value: object) -> str:
    """A time as JSON has it, as RFC 3339 writes it."""
    if not isinstance(value, datetime):
        raise TypeError(value)
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _typed(field: str, value: Any) -> str | float | datetime | None:
    type = column(field).type
    if value is None:
        return None
    if type is Type.NUMBER:
        return float(value)
    return _time(_text(value)) if type is Type.TIME else _text(value)


def _text(value: object) -> str:
    """A text that UTF-8 can hold; raises ValueError or TypeError."""
    if not isinstance(value, str):
        raise TypeError(value)
    return value.encode().decode()


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError(text)
    return at.astimezone(UTC)

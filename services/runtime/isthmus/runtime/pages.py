"""What routes take and answer alike: pages, and values that are what their schema says."""

import re
from typing import Annotated, Any

from fastapi import Header, Query
from pydantic import AwareDatetime, BeforeValidator, Field, Strict

from isthmus.runtime.http import Problem

TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)")


def _written(value: object) -> object:
    if not (isinstance(value, str) and TIME.fullmatch(value)):
        raise ValueError(
            f"{str(value)[:40]!r}, expected a time with its zone: 2026-03-01T00:00:00Z"
        )
    return value


# pydantic would take 0 for false, "1" for a number and 0.5 for a time half a second after 1970.
Flag = Annotated[bool, Strict()]
Number = Annotated[float, Strict()]
Whole = Annotated[int, Strict()]
Instant = Annotated[AwareDatetime, BeforeValidator(_written)]
"""A time with its zone (RFC 3339)."""
Limit = Annotated[int, Query(ge=1, le=1000, description="Most items on the page.")]
Cursor = Annotated[str, Query(max_length=300, description="`next` of the page before.")]
Next = Annotated[
    str | None, Field(description="Give it as `cursor` to get the next page; null on the last.")
]
CONDITION = "ETag of what was read, or `*`: 412 when something else stands there now."
IfMatch = Annotated[
    str | None,
    Header(alias="If-Match", max_length=300, description=CONDITION, examples=['"3"']),
]
STALE: dict[int | str, dict[str, Any]] = {412: {"model": Problem}}
INVALID: dict[int | str, dict[str, Any]] = {422: {"model": Problem}}
TAKEN: dict[int | str, dict[str, Any]] = {409: {"model": Problem}}
UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem}}

"""How collections are asked for many documents at once, and which documents are assets."""

import asyncio
from collections.abc import Collection, Iterator, Mapping
from itertools import chain
from typing import Any

from isthmus.runtime.store import translated

Document = dict[str, Any]
LIVE: Mapping[str, Any] = {"merged_into": {"$exists": False}}
"""What is left of a merged or retired asset is none."""
IN_MAX = 50  # a server may need time that grows with the square of a list: several short ones
FINDS_MAX = 16  # at once: no more than a pool of connections is wide


def portions(values: Collection[str]) -> Iterator[list[str]]:
    """Each value once, in order, in lists that are short enough for `$in`."""
    ordered = sorted(set(values))
    for begin in range(0, len(ordered), IN_MAX):
        yield ordered[begin : begin + IN_MAX]


async def among(
    collection: Any,
    field: str,
    values: Collection[str],
    *,
    where: Mapping[str, Any] | None = None,
    projection: Mapping[str, Any] | None = None,
    limit: int = 0,
) -> list[Document]:
    """Documents whose `field` is one of `values`, at most `limit` of each short list of them."""
    at_once = asyncio.Semaphore(FINDS_MAX)

    async def find(portion: list[str]) -> list[Document]:
        async with at_once:
            asked = {field: {"$in": portion}, **(where or {})}
            return list(await collection.find(asked, projection).limit(limit).to_list(None))

    with translated():
        return list(chain.from_iterable(await asyncio.gather(*map(find, portions(values)))))

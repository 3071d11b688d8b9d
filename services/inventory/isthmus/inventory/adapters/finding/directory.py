"""Reads assets from MongoDB for lists, searches and facets; writes nothing but indexes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from pymongo import ASCENDING, DESCENDING

from isthmus.inventory.adapters.assets.seen import VIEWS, exactly, last_seen
from isthmus.inventory.adapters.finding import past
from isthmus.inventory.adapters.finding.compiling import PATHS, TOP, compiled, path_of, text_path
from isthmus.inventory.adapters.finding.facets import GROUPS_MAX, VALUES_MAX, facet, grouped, spread
from isthmus.inventory.adapters.queries import LIVE, Document, portions
from isthmus.inventory.domain.assets.model import Reachability
from isthmus.inventory.domain.assets.vocabulary import CUSTOM, FIELDS
from isthmus.inventory.domain.query import (
    EVERYTHING,
    And,
    Compare,
    Condition,
    Known,
    Listing,
    Not,
    Operator,
    Place,
    Selection,
    Sort,
    Type,
    after,
    column,
)
from isthmus.inventory.ports.finding import Facet, Page, SiteSummary
from isthmus.runtime.store import translated

SITES_MAX = 10_000
FEW = 5
"""So many values of an indexed field still leave few assets."""
UNKNOWN: Mapping[str, Any] = MappingProxyType(
    {"last_seen_at": None, "tags": [], "sources": [], "keys": [], "custom": {}}
)
"""What stands for an unknown value that is no text."""
SINGLE = ("attributes.serial", "attributes.name", "attributes.end_of_support", "site")
"""Fields with an index, those first whose values fewer assets share."""
NARROW = ("_id", "tokens", "keys", "sources", *SINGLE)
"""What has an index; the first of them that a query names is looked up."""
LAST_CHARACTER = "\U0010ffff"


class MongoDirectory:
    """The collection `assets`, as MongoAssets writes it; an AssetListing."""

    def __init__(self, database: Any) -> None:
        self._database = database
        self._assets = database["assets"]
        self._seen = database["seen"]
        self._versions = database[past.VERSIONS]
        self._reaches: datetime | None = None

    async def prepare(self) -> None:
        """Make the indexes; idempotent."""
        with translated():
            for path in ("tokens", "keys"):
                await self._assets.create_index(path, name=path)
            for path in SINGLE:
                name = path.removeprefix("attributes.")
                await self._assets.create_index([(path, ASCENDING), ("_id", ASCENDING)], name=name)
        await past.prepare(self._versions)

    async def page(self, listing: Listing) -> Page:
        parts = _parts(listing.selection)
        few = any(_rank(part) < len(NARROW) for part in parts) or _sorts_the_past(listing)
        found: list[Document] = []
        cut = False
        for condition in _runs(listing, few):
            missing = listing.limit + 1 - len(found)
            if missing > 0 and not cut:
                narrowed = [*parts, *map(compiled, _all(condition))]
                stages = [*_sorting(listing.order, missing, few), {"$project": _members(listing)}]
                ranges = past.windows(_begin(listing)) if not (few or listing.order) else ()
                rows, cut = await self._found(
                    narrowed, listing.selection.as_of, stages, missing, ranges
                )
                found += (
                    rows
                    if listing.selection.as_of is None
                    else (sorted_by(listing.order, rows)[:missing])
                )
        shown = found[: listing.limit]
        more = cut or len(found) > len(shown)
        last = _place(listing.order, shown[-1]) if more else None
        items = _items(shown, listing.fields)
        if _tells_last_seen(listing):
            await self._tell_last_seen(items, shown, listing.selection.as_of)
        return Page(items, last)

    async def _tell_last_seen(
        self, items: Sequence[Document], shown: Sequence[Document], as_of: datetime | None
    ) -> None:
        latest = {} if as_of else await last_seen(self._seen, shown)
        for item in items:
            seen_at = exactly(item["last_seen_at"], latest.get(item["id"]))
            item["last_seen_at"] = min(seen_at, as_of) if as_of and seen_at else seen_at

    async def earliest(self, at: datetime) -> datetime | None:
        if self._reaches and at >= self._reaches:
            return None
        if await past.reaches(self._versions, at):
            self._reaches = at
            return None
        return await past.earliest(self._versions, at)

    async def count(self, selection: Selection) -> int:
        rows, _ = await self._found(_parts(selection), selection.as_of, [{"$count": "assets"}], 1)
        return sum(int(row["assets"]) for row in rows)

    async def facets(self, selection: Selection, names: Sequence[str]) -> list[Facet]:
        counting: Document = {"all": [{"$count": "values"}]}
        for number, name in enumerate(names):
            counting[f"by{number}"] = grouped(name, GROUPS_MAX if selection.as_of else VALUES_MAX)
            if each := spread(name):
                counting[f"all{number}"] = [*each, {"$count": "values"}]
        found, _ = await self._found(_parts(selection), selection.as_of, [{"$facet": counting}], 1)
        return [
            facet(
                name,
                [row for each in found for row in each[f"by{number}"]],
                [row for each in found for row in each.get(f"all{number}") or each["all"]],
            )
            for number, name in enumerate(names)
        ]

    async def sites(self, scope: frozenset[str] | None) -> list[SiteSummary]:
        online = {"$cond": [{"$eq": ["$reachability", Reachability.ONLINE.value]}, 1, 0]}
        group = {
            "_id": "$site",
            "assets": {"$sum": 1},
            "online": {"$sum": online},
            "last_seen_at": {"$max": "$last_seen_at"},
        }
        stages = [
            *_matching(_parts(Selection(sites=scope))),
            {"$group": group},
            {"$sort": {"_id": 1}},
        ]
        rows, _ = await self._rows(stages, SITES_MAX)
        return [
            SiteSummary(row["_id"], row["assets"], row["online"], row["last_seen_at"])
            for row in rows
        ]

    async def _found(
        self,
        parts: Sequence[Document],
        as_of: datetime | None,
        stages: list[Document],
        most: int,
        ranges: Sequence[Condition] = (),
    ) -> tuple[list[Document], bool]:
        """The rows of now; of a time that is over, those of each half of the fleet.

        The versions are read range by range, where there are any, until there are enough.
        """
        if as_of is None:
            return await self._rows([*_matching(parts), *stages], most)
        same = _matching([*parts, past.unchanged(as_of)])
        found, cut = await self._rows([*same, *stages], most)
        ended: list[Document] = []
        for each in ranges or (EVERYTHING,):
            narrowed = _matching([*parts, *map(compiled, _all(each))])
            if len(ended) < most:
                more = [*past.ended(narrowed, as_of), *stages]
                rows, cut_too = await self._rows(more, most, past.VERSIONS)
                ended, cut = [*ended, *rows], cut or cut_too
        return [*found, *ended], cut

    async def _rows(
        self, stages: list[Document], most: int, collection: str = "assets"
    ) -> tuple[list[Document], bool]:
        """At most `most` rows, and whether a reply of 16 MB was too small for all of them."""
        with translated():
            # As a command, because motor and AsyncMongoClient differ in aggregate().
            reply = await self._database.command(
                "aggregate",
                collection,
                pipeline=stages,
                cursor={"batchSize": most + 1},
                codec_options=self._database.codec_options,
            )
        return reply["cursor"]["firstBatch"], bool(reply["cursor"]["id"])


def _parts(selection: Selection) -> list[Document]:
    """The queries that an asset must meet, all of them."""
    parts = [compiled(each) for each in _all(selection.condition)]
    if selection.words:
        parts += [{"tokens": {"$regex": f"^{re.escape(word)}"}} for word in selection.words]
        parts.append({"tokens": _beginning(max(selection.words, key=len))})
    return parts if selection.sites is None else [*parts, _on(sorted(selection.sites))]


def _matching(parts: Sequence[Document]) -> list[Document]:
    """The stages that select; the first begins with what is looked up in an index.

    MongoDB joins them again before it plans; other servers of its protocol plan by the first stage,
    and by the first of its fields that has an index.
    """
    first: Document = {}
    rest: list[Document] = []
    for part in (*sorted(parts, key=_rank), dict(LIVE)):
        path, test = next(iter(part.items()))
        if path == "_id" and _both_ends(first.get(path), test):
            first[path] = {**first[path], **test}
        elif path.startswith("$") or path in first:
            rest.append(part)
        else:
            first |= part
    return [{"$match": first}, *([{"$match": {"$and": rest}}] if rest else [])]


def _both_ends(one: Any, other: Any) -> bool:
    """Whether two tests of an id are one range of it, which an index serves from end to end."""
    are_tests = isinstance(one, dict) and isinstance(other, dict)
    return are_tests and not one.keys() & other.keys()


def _all(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, And):
        for each in condition.conditions:
            yield from _all(each)
    else:
        yield condition


def _beginning(word: str) -> Document:
    """Less than what the regular expression says, but in a form that every index serves."""
    return {"$gte": word, "$lt": word + LAST_CHARACTER}


def _on(sites: Sequence[str]) -> Document:
    parts = list(portions(sites))
    if len(parts) <= 1:
        return {"site": {"$in": list(sites)}}
    return {"$or": [{"site": {"$in": part}} for part in parts]}


def _rank(part: Document) -> int:
    """The lower, the fewer assets it leaves: an index, and a value rather than a range."""
    path, test = next(iter(part.items()))
    if path not in NARROW:
        return 2 * len(NARROW)
    return NARROW.index(path) + (0 if _is_exact(path, test) else len(NARROW))


def _is_exact(path: str, test: Any) -> bool:
    if not isinstance(test, dict):
        return True
    if "$in" in test:
        return len(test["$in"]) <= FEW and None not in test["$in"]
    return path == "tokens" and "$regex" not in test


def _runs(listing: Listing, few: bool) -> Iterator[Condition]:
    """The conditions of a list that is cut where its first field becomes unknown.

    So the index of that field is walked in its order; in one run the store would have to sort all
    assets. Where an index has left few, it does that, and one run is enough.
    """
    place = listing.after
    rest = after(listing.order, place) if place else EVERYTHING
    if few or not listing.order:
        yield rest
        return
    first = listing.order[0]
    unknown = Not(Known(first.field))
    if place is None:
        yield Known(first.field)
        yield unknown
    elif (value := place.values[0]) is None:
        yield And((unknown, rest))
    else:
        bound = Operator.AT_MOST if first.descending else Operator.AT_LEAST
        yield And((Compare(first.field, bound, value), rest))
        yield unknown


def _begin(listing: Listing) -> str:
    return listing.after.id if listing.after else ""


def _sorts_the_past(listing: Listing) -> bool:
    """No index has the past in an order: it is sorted whole."""
    return bool(listing.selection.as_of and listing.order)


def _sorting(order: Sequence[Sort], limit: int, few: bool) -> list[Document]:
    """The stages that sort and cut; in runs, the first field is known of all, or of none."""
    keys: Document = {}
    vague: Document = {}
    for number, each in enumerate(order):
        path = path_of(each.field)
        if (few or number) and not each.descending:  # the store has what is unknown first
            least = None if column(each.field).type in (Type.NUMBER, Type.TIME) else ""
            vague[f"unknown{number}"] = {"$cond": [{"$gt": [f"${path}", least]}, 0, 1]}
            keys[f"unknown{number}"] = ASCENDING
        keys[path] = DESCENDING if each.descending else ASCENDING
    keys.setdefault("_id", ASCENDING)
    stages: list[Document] = [{"$sort": keys}, {"$limit": limit}]
    return [{"$set": vague}, *stages] if vague else stages


def sorted_by(order: Sequence[Sort], rows: list[Document]) -> list[Document]:
    """Rows of both halves of a fleet in their order, what is unknown last, equals by id."""
    rows = sorted(rows, key=lambda row: str(row["_id"]))
    for number, each in reversed(list(enumerate(order))):
        known, unknown = list[tuple[Any, Document]](), list[Document]()
        for row in rows:
            value = _place(order, row).values[number]
            if value is None:
                unknown.append(row)
            else:
                known.append((value, row))
        known.sort(key=lambda pair: pair[0], reverse=each.descending)
        rows = [*(row for _, row in known), *unknown]
    return rows


def _members(listing: Listing) -> Document:
    """What to read of each asset: what is shown, and what it is sorted by."""
    shown = {text_path(name) for name in listing.fields}
    if not listing.fields:
        shown = {*TOP, *PATHS.values(), "attributes"}
    if _tells_last_seen(listing):
        shown |= {*VIEWS}
    shown |= {path_of(each.field) for each in listing.order} | {"_id"}
    inside = {path for path in shown if path.rpartition(".")[0] in shown}
    return dict.fromkeys(sorted(shown - inside), 1)


def _tells_last_seen(listing: Listing) -> bool:
    return not listing.fields or "last_seen_at" in listing.fields


def _place(order: Sequence[Sort], document: Document) -> Place:
    paths = (path_of(each.field).partition(".")[::2] for each in order)
    values = (_member(document, head, rest, None) for head, rest in paths)
    return Place(tuple(None if value == "" else value for value in values), document["_id"])


def _items(documents: Sequence[Document], names: Sequence[str]) -> list[Document]:
    """The members of each asset by their names."""
    wanted = dict.fromkeys(("id", *(names or (*FIELDS, *TOP, "sources", "keys"))))
    members = [
        (name, *text_path(name).partition(".")[::2], UNKNOWN.get(name, ""))
        for name in wanted
        if not name.startswith(CUSTOM)
    ]
    own = [name.removeprefix(CUSTOM) for name in wanted if name.startswith(CUSTOM)]
    items = []
    for each in documents:
        item = {name: _member(each, head, rest, empty) for name, head, rest, empty in members}
        if own:
            item["custom"] = {name: _member(each, "custom", name, "") for name in own}
        items.append(item)
    return items


def _member(document: Document, head: str, rest: str, empty: Any) -> Any:
    value = document.get(head)
    if rest and value is not None:
        value = value.get(rest)
    return empty if value is None else value

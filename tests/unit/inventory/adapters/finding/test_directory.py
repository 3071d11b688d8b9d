"""What a question becomes on its way to the store; `test_store_directory` asks the store itself."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from isthmus.inventory.adapters.assets.seen import VIEWS
from isthmus.inventory.adapters.finding.compiling import compiled, path_of
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.domain.query import (
    And,
    Compare,
    Condition,
    Known,
    Listing,
    Not,
    Operator,
    Or,
    Place,
    Selection,
    equal,
    sorting,
)

VENDOR, SERIAL, ZONE = equal("vendor", "ABB"), equal("serial", "1"), equal("zone", "a")
END = equal("end_of_support", "2027")


@dataclass
class Heard:
    """A database that hears commands, and has nothing."""

    codec_options: Any = None
    pipelines: list[list[dict[str, Any]]] = field(default_factory=list)

    def __getitem__(self, name: str) -> None:
        return None

    async def command(self, *_: str, pipeline: Any, **__: Any) -> Any:
        self.pipelines.append(pipeline)
        return {"cursor": {"firstBatch": [], "id": 0}}


@pytest.mark.parametrize(
    ("selection", "path"),
    [
        (Selection(And((ZONE, VENDOR, SERIAL))), "attributes.serial"),
        (Selection(And((VENDOR, And((SERIAL,))))), "attributes.serial"),
        (Selection(VENDOR, sites=frozenset({"hagen"})), "site"),
        (Selection(END, sites=frozenset(map(str, range(6)))), "attributes.end_of_support"),
        (Selection(VENDOR, words=("press", "a")), "tokens"),
        (Selection(And((Known("name"), END))), "attributes.end_of_support"),
        (Selection(And((Not(Known("name")), END))), "attributes.end_of_support"),
        (Selection(And((ZONE, Known("name")))), "attributes.name"),
        (Selection(And((Or((VENDOR, SERIAL)), equal("id", "a")))), "_id"),
    ],
)
async def test_what_leaves_the_fewest_assets_comes_first(selection: Selection, path: str) -> None:
    """Because some servers plan by the first field that has an index, in the first stage."""
    heard = Heard()

    await MongoDirectory(heard).count(selection)

    assert next(iter(heard.pipelines[0][0]["$match"])) == path


async def test_a_search_looks_up_its_longest_word() -> None:
    """As a range, which every index serves; the words themselves decide."""
    heard = Heard()

    await MongoDirectory(heard).count(Selection(words=("a+", "press")))

    first, rest, _ = heard.pipelines[0]
    assert first["$match"]["tokens"] == {"$gte": "press", "$lt": "press\U0010ffff"}
    assert {"tokens": {"$regex": "^a\\+"}} in rest["$match"]["$and"]
    assert {"tokens": {"$regex": "^press"}} in rest["$match"]["$and"]


@pytest.mark.parametrize(
    ("selection", "place", "runs"),
    [
        (Selection(), None, 2),
        (Selection(), Place(("PRESS",), "a"), 2),
        (Selection(), Place((None,), "a"), 1),
        (Selection(END), None, 1),
    ],
)
async def test_an_index_is_walked_where_all_assets_would_be_sorted(
    selection: Selection, place: Place | None, runs: int
) -> None:
    """First those whose name is known, then the others; one run where few are left to sort."""
    heard = Heard()

    await MongoDirectory(heard).page(Listing(selection, sorting("name"), after=place))

    assert len(heard.pipelines) == runs


async def test_only_what_is_shown_or_sorted_by_is_read() -> None:
    """Of its views only who reaches the asset, and only where it is shown when that was."""
    heard = Heard()
    directory = MongoDirectory(heard)

    await directory.page(Listing(order=sorting("name"), fields=("vendor", "custom.a", "tags")))
    await directory.page(Listing())

    members = [set(pipeline[-1]["$project"]) for pipeline in heard.pipelines[-3:]]
    assert members[0] == {"_id", "attributes.vendor", "custom.a", "tags", "attributes.name"}
    assert {"attributes", "custom", "keys", "last_seen_at"} < members[2]
    assert {name for name in members[2] if name.startswith("views")} == set(VIEWS)
    assert "views" not in members[2]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("id", "_id"),
        ("site", "site"),
        ("path", "path"),
        ("vendor", "attributes.vendor"),
        ("purchase_price", "numbers.purchase_price"),
        ("tags", "tags"),
        ("custom.colour", "custom.colour"),
        ("last_seen_at", "last_seen_at"),
    ],
)
def test_a_field_is_compared_where_the_document_has_it(name: str, path: str) -> None:
    """Numbers where they are numbers, tags where they are several."""
    assert path_of(name) == path


@pytest.mark.parametrize(
    ("condition", "query"),
    [
        (And(), {}),
        (Or((VENDOR,)), {"$or": [{"attributes.vendor": "ABB"}]}),
        (Not(VENDOR), {"$nor": [{"attributes.vendor": "ABB"}]}),
        (Not(Known("vendor")), {"attributes.vendor": {"$in": [None, ""]}}),
        (Not(Known("tags")), {"$nor": [{"tags": {"$gt": ""}}]}),
        (Compare("name", Operator.LESS, "b"), {"attributes.name": {"$gt": "", "$lt": "b"}}),
        (Compare("name", Operator.MORE, "b"), {"attributes.name": {"$gt": "b"}}),
    ],
)
def test_a_condition_becomes_a_query(condition: Condition, query: Any) -> None:
    """Which an index can serve where the field has one."""
    assert compiled(condition) == query

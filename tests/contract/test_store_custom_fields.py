"""Custom fields on the real store: how they are kept, compared and checked, and what fits not."""

from datetime import UTC, datetime
from typing import Any

import pytest
from tests.unit.inventory.books import asset

from isthmus.inventory.adapters.assets.documents import document
from isthmus.inventory.adapters.custom_fields import MongoCustomFields
from isthmus.inventory.adapters.finding.directory import MongoDirectory
from isthmus.inventory.adapters.finding.filters import parse
from isthmus.inventory.domain.assets.model import Asset
from isthmus.inventory.domain.custom_fields import definition
from isthmus.inventory.domain.query import Listing, Selection, sorting
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.curation import Unknown
from isthmus.inventory.handlers.custom_fields import CustomFields, Misfit
from isthmus.inventory.ports.custom_fields import Defined
from isthmus.runtime.access import Principal, Refused, Role

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HAGEN = frozenset({"hagen"})
CHIEF = Principal("mara", None, None, Role.ADMIN)
LOCAL = Principal("ada", HAGEN, HAGEN, Role.ADMIN)


@pytest.fixture
async def fields(database: Any) -> CustomFields:
    """The custom fields of an inventory that has none yet."""
    directory = MongoDirectory(database)
    await directory.prepare()
    return CustomFields(MongoCustomFields(database), directory)


async def held(database: Any, *assets: Asset) -> None:
    """Write these assets as the inventory does."""
    await database["assets"].insert_many([{"_id": a.id, **document(a)} for a in assets])


def press(id: str, path: str = "nordwerk/hagen", **custom: str) -> Asset:
    return asset(id, path, **{"class": "press"}, **{f"custom.{n}": v for n, v in custom.items()})


async def test_a_definition_is_kept_until_it_is_removed(database: Any) -> None:
    """The same name again takes its place."""
    store = MongoCustomFields(database)
    first = Defined(definition("power", {"type": "number", "unit": "kW"}), "mara", NOON)
    second = Defined(definition("power", {"sites": ["hagen"]}), "ada", NOON)
    other = Defined(definition("due", {"type": "day"}), "ada", NOON)

    assert await store.put(first)
    assert not await store.put(second)
    assert await store.put(other)
    assert list((await store.defined()).items()) == [
        ("custom.due", other), ("custom.power", second),
    ]  # fmt: skip
    assert await store.remove("custom.power")
    assert not await store.remove("custom.power")


async def test_numbers_and_days_compare_as_what_they_are(
    fields: CustomFields, database: Any
) -> None:
    """9.5 is less than 10 from the day on that somebody says it is a number, without a rewrite."""
    await held(
        database,
        press("a", power="10", due="2027-03-01"),
        press("b", power="9.5", due="2026-12-31"),
        press("c", power="much"),
        press("d"),
    )
    directory = MongoDirectory(database)

    async def found(text: str = "", sort: str = "") -> list[str]:
        own = fields.own()
        selection = Selection(parse(text, NOON, own))
        pages, place = list[str](), None
        while True:  # page by page, because a cursor holds the number
            page = await directory.page(Listing(selection, sorting(sort, own), (), 1, place))
            pages += [item["id"] for item in page.items]
            if (place := page.last) is None:
                return pages

    assert await found("custom.power < 10") == []
    assert await found("", "custom.power") == ["a", "b", "c", "d"]

    await fields.put("power", {"type": "number"}, CHIEF)
    await fields.put("due", {"type": "day"}, CHIEF)

    assert await found("custom.power < 10") == ["b"]
    assert await found("custom.power >= 9.5") == ["a", "b"]
    assert await found("", "custom.power") == ["b", "a", "c", "d"]
    assert await found("", "-custom.power") == ["a", "b", "c", "d"]
    assert await found("custom.due <= now+365d") == ["a", "b"]
    assert await found("custom.due < 2027") == ["b"]
    assert await found("custom.power is unknown") == ["c", "d"]


async def test_a_definition_rewrites_nothing_and_names_what_does_not_fit(
    fields: CustomFields, database: Any
) -> None:
    """By value, class and site; page by page, and only where one may look."""
    await held(
        database,
        press("a", power="7.5"),
        press("b", power="7,5"),
        press("c", "nordwerk/lyon", power="8"),
        press("d", "nordwerk/lyon"),
        asset("e", **{"class": "hmi", "custom.power": "3"}),
        press("f"),
    )
    said = {"type": "number", "sites": ["hagen"], "classes": ["press"], "required": True}
    await fields.put("power", said, CHIEF)

    number = "'7,5', expected a decimal number with a point, such as 4850.00"
    expected = [
        Misfit("b", "hagen", "7,5", number),
        Misfit("c", "lyon", "8", "the asset stands on lyon, expected one of hagen"),
        Misfit("e", "hagen", "3", "the asset's class is hmi, expected one of press"),
        Misfit("f", "hagen", "", "missing, expected a value"),
    ]
    assert await fields.misfits("power", None, "", 10) == (expected, None)
    assert await fields.misfits("power", None, "", 2) == (expected[:2], "c")
    assert await fields.misfits("power", None, "c", 2) == (expected[2:], None)
    assert await fields.misfits("power", HAGEN, "", 10) == (
        [each for each in expected if each.site == "hagen"], None,
    )  # fmt: skip
    stored = await database["assets"].find_one({"_id": "b"})
    assert stored["custom"] == {"power": "7,5"}


@pytest.mark.parametrize(
    ("said", "good", "bad"),
    [
        ({"type": "choice", "choices": ["north", "south"]}, "north", "west"),
        ({"type": "boolean"}, "true", "yes"),
        ({"type": "day"}, "2027-03-01", "2027"),
        ({"type": "reference"}, "0b0e9b3c-5a0e-5c8e-9a3f-3f6a54f3f0d1", "PRESS-1"),
        ({"type": "number"}, "-1.5", "1,5"),
    ],
)
async def test_what_does_not_fit_its_type_is_found(
    fields: CustomFields, database: Any, said: dict[str, Any], good: str, bad: str
) -> None:
    """Of every type, and nothing else."""
    await held(database, press("a", x=good), press("b", x=bad), press("c"))
    await fields.put("x", said, CHIEF)

    found, more = await fields.misfits("x", None, "", 10)

    assert ([each.asset for each in found], more) == (["b"], None)
    await fields.put("x", {}, CHIEF)
    assert await fields.misfits("x", None, "", 10) == ([], None)


async def test_who_defines_a_field_must_be_an_admin_of_all_its_sites(fields: CustomFields) -> None:
    """Nor may one take it from a site that is another's, or see it there."""
    await fields.put("mine", {"sites": ["hagen"]}, LOCAL)
    await fields.put("everywhere", {}, CHIEF)
    await fields.put("theirs", {"sites": ["lyon"]}, CHIEF)

    for name, row in (("mine", {}), ("everywhere", {"sites": ["hagen"]})):
        with pytest.raises(Refused, match="needs the role admin on every site"):
            await fields.put(name, row, LOCAL)
    with pytest.raises(Refused):
        await fields.remove("everywhere", LOCAL)
    for name in ("theirs", "none"):
        with pytest.raises(Unknown, match=f"there is no custom field '{name}'"):
            await fields.get(name, HAGEN)
    await fields.remove("mine", LOCAL)
    assert fields.own().keys() == {"custom.everywhere", "custom.theirs"}


async def test_the_same_definition_again_is_nobody_elses(fields: CustomFields) -> None:
    """And what is no definition changes nothing."""
    made, new = await fields.put("power", {"type": "number"}, CHIEF)
    same, again = await fields.put("power", {"type": "number"}, CHIEF)
    with pytest.raises(Invalid, match="choices"):
        await fields.put("power", {"type": "choice"}, CHIEF)

    assert (new, again) == (True, False)
    assert same == made
    assert fields.own()["custom.power"] == made.definition

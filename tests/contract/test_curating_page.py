"""What the page on curating shows does what it says."""

import json
import re
from pathlib import Path

import pytest

from isthmus.inventory.adapters.polling.rows import CSV, rows_in
from isthmus.inventory.domain.custom_fields import NAME, Type, definition
from isthmus.inventory.domain.money.plans import plan
from isthmus.inventory.domain.polling.bulk import ROWS_MAX
from isthmus.inventory.domain.polling.targets import target
from isthmus.inventory.domain.query import column
from isthmus.inventory.domain.rows import Invalid

PAGE = (Path(__file__).parents[2] / "docs" / "curating.md").read_text()


def block(kind: str) -> str:
    """The one block of this kind, but for commands."""
    (found,) = re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)
    return str(found)


def test_the_definition_of_the_page_is_one() -> None:
    """And refuses with the words that the page shows."""
    (row,) = re.findall(r"custom-fields/operating_hours -H .* -d '\n(.*?)'\n```", PAGE, re.S)
    made = definition("operating_hours", json.loads(row))

    (reason,) = re.findall(r"was expected: `(.*)`\.", PAGE)
    with pytest.raises(ValueError, match=re.escape(reason)):
        made.fitted("7,5")
    assert f"`{made.name} >= 4000`" in PAGE
    assert "at most 60" in PAGE
    assert NAME.fullmatch(f"custom.{'x' * 60}")


def test_the_types_of_the_page_are_all_that_there_are() -> None:
    """With what they compare as."""
    rows = re.findall(r"^\| `(\w+)` \| .* \| (\w+) \|$", PAGE, re.M)

    assert [name for name, _ in rows] == sorted(Type, key=lambda t: [n for n, _ in rows].index(t))
    for name, compares in rows:
        said = {"choices": ["a"]} if name == "choice" else {}
        own = {"custom.x": definition("x", {"type": name, **said})}
        assert column("custom.x", own).type.value == compares


def test_the_table_of_the_page_is_taken_but_for_its_mistake() -> None:
    """One good row, and one that is refused with the words of the page."""
    good, bad = rows_in(block("csv").encode(), CSV, "targets")

    assert target(good.content, "hagen").endpoint["units"] == [1]
    with pytest.raises(Invalid) as raised:
        target(bad.content, "hagen")
    assert f"`{raised.value.field}`, `{raised.value.reason}`" in PAGE
    assert f"up to {ROWS_MAX:,} rows" in PAGE


def test_the_plan_of_the_page_is_one() -> None:
    """By days, and by a counter."""
    made = plan(json.loads(block("json")))

    assert (made.every_days, str(made.every)) == (180, "4000")

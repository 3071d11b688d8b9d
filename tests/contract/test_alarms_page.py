"""The operator's page of the alarms says what the code does."""

import re
from pathlib import Path

import pytest

from isthmus.alerting.api.alarms.acts import BY_ENGINEERS, BY_OPERATORS
from isthmus.alerting.domain.alarms.acts import GUARDS
from isthmus.alerting.domain.alarms.alarm import Condition, State
from isthmus.alerting.domain.alarms.events import Signal
from isthmus.alerting.domain.alarms.table import STEPS
from isthmus.alerting.domain.alarms.transition import Kind

PAGE = (Path(__file__).parents[2] / "docs" / "alarms.md").read_text()


def section(heading: str) -> str:
    """What stands under a heading."""
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The words in code in the first cells of a table."""
    rows = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return [word for row in rows for word in re.findall(r"`(\w+)`", row)]


def test_the_table_of_steps_is_that_of_the_code() -> None:
    """Laid side by side, row by row."""
    rows = ["| phase | " + " | ".join(Signal) + " |", "|---" * (len(Signal) + 1) + "|"]
    for condition in Condition:
        cells = [f"`{STEPS[condition, signal]}`" for signal in Signal]
        rows.append("| " + " | ".join([f"`{condition}`", *cells]) + " |")
    shown = PAGE.split("<!-- steps: checked against the code -->")[1]

    assert shown.split("<!-- end of steps -->")[0].strip().splitlines() == rows


def test_every_state_is_explained() -> None:
    """And no other."""
    assert first_cells(section("What you see")) == [*State]


def test_every_kind_of_transition_is_explained() -> None:
    """And no other."""
    assert sorted(first_cells(section("What is told"))) == sorted(Kind)


@pytest.mark.parametrize("role", ["operator", "engineer"])
def test_every_act_stands_there_with_who_may_do_it(role: str) -> None:
    """As the routes have it; shelving is an operator's, with an exception."""
    rows = section("What you press").splitlines()
    calls = {
        match[1]: [cell.strip() for cell in row.split("|")][3].split(";")[0]
        for row in rows
        if (match := re.search(r"/v1/alarms/\{id\}/([a-z-]+)`", row))
    }

    assert len(calls) == len(GUARDS)
    ours = {"operator": {*BY_OPERATORS, "shelve"}, "engineer": {*BY_ENGINEERS}}
    assert {name for name, who in calls.items() if who == role} == ours[role]

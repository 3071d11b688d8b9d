"""The page on maintenance says what the code does."""

import json
import re
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from prometheus_client import CollectorRegistry

from isthmus.alerting.adapters.prometheus import AlertingMetrics
from isthmus.alerting.adapters.quiet.metrics import QuietMetrics, StandingMetrics
from isthmus.alerting.adapters.quiet.recurrence import PARTS, checked, expand
from isthmus.alerting.api.quiet.figures import SiteItem
from isthmus.alerting.api.quiet.models import WindowIn
from isthmus.alerting.domain.quiet import flood, kpis, maintenance, parents

PAGE = (Path(__file__).parents[2] / "docs" / "maintenance.md").read_text()
NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_window_on_the_page_is_one_and_occurs_when_it_says() -> None:
    """As an engineer would copy it."""
    (body,) = re.findall(r"<<'JSON'\n(.*?)\nJSON", PAGE, re.S)
    window = WindowIn.model_validate(json.loads(body)).window("press-shop-weekly")

    spans = list(islice(expand(window, NOW), 4))
    assert [span.start.isoformat() for span in spans[:2]] == [
        "2026-03-07T05:00:00+00:00",
        "2026-03-14T05:00:00+00:00",
    ]
    assert spans[3].start.hour == 5
    assert next(islice(expand(window, NOW), 4, 5)).start.hour == 4  # summer time


def test_every_part_of_a_rule_that_is_taken_is_on_the_page() -> None:
    """And the one that is shown for the first working day is taken."""
    assert [name for name in PARTS if f"`{name}" not in PAGE and name != "WKST"] == []
    (shown,) = re.findall(r"first working day: `(.*?)`", PAGE)
    assert checked(f"FREQ=MONTHLY;{shown}", datetime(2026, 1, 1), "UTC")


def test_everything_that_holds_an_alarm_back_is_in_the_table() -> None:
    """By the words that stand in the alarm."""
    for word in (maintenance.PREFIX, parents.PREFIX, parents.SETTLING, flood.PREFIX):
        assert f"| `{word}" in PAGE


def test_the_numbers_of_a_flood_are_those_of_the_code() -> None:
    """ISA-18.2."""
    minutes = int(flood.WITHIN.total_seconds() // 60)
    assert f"More than {flood.BEGINS_ABOVE} annunciations within {minutes} minutes" in PAGE
    assert f"fewer than {flood.ENDS_BELOW} came within {minutes} minutes" in PAGE
    assert kpis.SLOT == flood.WITHIN


def test_every_figure_and_metric_on_the_page_is_there() -> None:
    """By its name."""
    (table,) = re.findall(r"\| figure \|.*?\n\n", PAGE, re.S)
    rows = re.findall(r"^\| (`.*?) \|", table, re.M)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert named <= SiteItem.model_fields.keys()
    registry = CollectorRegistry()
    AlertingMetrics(registry)
    QuietMetrics(registry)
    registry.register(
        StandingMetrics(lambda: {"s": kpis.Now(1, NOW, 1, NOW)}, lambda: ["s"], lambda: NOW)
    )
    there = {family.name for family in registry.collect()}
    told = {name.removesuffix("_total") for name in re.findall(r"`(isthmus_alerting_\w+)`", PAGE)}

    assert told <= there

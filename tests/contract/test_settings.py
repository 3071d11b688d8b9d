"""Every setting is explained where it is declared, with its unit in its name."""

from collections.abc import Iterator
from typing import Any

import pytest
from tests.drift import SERVICES, settings_of

from isthmus.runtime.settings import group_of, names

# Settings whose number is no quantity with a unit.
COUNTS = ("port", "attempts", "_records", "_max")


def fields(service: str) -> Iterator[tuple[str, Any]]:
    kind = settings_of(service)
    for name, (group, field) in names(kind).items():
        yield name, group_of(kind, group).model_fields[field]


@pytest.mark.parametrize("service", SERVICES)
def test_each_setting_says_what_it_means(service: str) -> None:
    """The docstring below the field is what `docs/settings.md` shows."""
    unexplained = [name for name, info in fields(service) if not info.description]

    assert unexplained == []


@pytest.mark.parametrize("service", SERVICES)
def test_each_quantity_has_its_unit_in_its_name(service: str) -> None:
    """Seconds and milliseconds must not be guessed."""
    for name, info in fields(service):
        if info.annotation in (int, float) and not name.lower().endswith(COUNTS):
            assert name.endswith(("_S", "_BYTES", "_MB", "_RECORDS_MAX")), name

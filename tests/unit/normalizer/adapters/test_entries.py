"""What may stand in the catalogue's files."""

from datetime import date
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from isthmus.normalizer.adapters.entries import (
    Day,
    FamilyEntry,
    LifecycleEntry,
    RecogniserEntry,
    Scheme,
    VendorEntry,
)
from isthmus.normalizer.domain.versions import SCHEMES

SOURCED: dict[str, Any] = {"sources": ["a page"], "checked": date(2026, 3, 1)}


@pytest.mark.parametrize(
    ("written", "day"),
    [
        (1994, "1994"),
        ("2017-06", "2017-06"),
        (date(2030, 10, 31), "2030-10-31"),
    ],
)
def test_a_day_is_a_year_a_month_or_a_date(written: object, day: str) -> None:
    """As YAML reads them."""
    assert TypeAdapter(Day).validate_python(written) == day


@pytest.mark.parametrize("written", ["soon", "2020-13", "20-01-01", True, 12, 1.5])
def test_what_is_no_day_is_refused(written: object) -> None:
    """Nobody could compare it."""
    with pytest.raises(ValidationError):
        TypeAdapter(Day).validate_python(written)


def test_each_version_scheme_can_be_named() -> None:
    """No other can, and none is forgotten."""
    assert set(get_args(Scheme)) == set(SCHEMES)


def test_a_recogniser_says_all_that_is_no_setting_of_its_own() -> None:
    """`alone` and `profile` are settings, any other name is a fact or an attribute."""
    way = RecogniserEntry.model_validate({"model": "^C9", "sysDescr": 750, "alone": True})

    assert {name: pattern.pattern for name, pattern in way.says.items()} == {
        "model": "^C9", "sysDescr": "750",
    }  # fmt: skip
    assert way.alone


def test_a_number_is_a_text_where_a_text_is_meant() -> None:
    """YAML reads 4000 as a number; it is a model all the same."""
    family = FamilyEntry.model_validate(
        {
            "name": "x", "family": 4000, "class": "plc", "oids": {"1.3.9": 4000},
            "examples": [{"says": {"model": 4000}, "gives": {"model": 4000}}], **SOURCED,
        }
    )  # fmt: skip

    assert (family.family, family.oids, family.examples[0].says) == (
        "4000", {"1.3.9": "4000"}, {"model": "4000"},
    )  # fmt: skip


@pytest.mark.parametrize("kind", [VendorEntry, FamilyEntry, LifecycleEntry])
def test_no_fact_stands_without_its_source(kind: type[VendorEntry]) -> None:
    """And the day on which somebody looked."""
    with pytest.raises(ValidationError) as caught:
        kind.model_validate({})

    missing = {error["loc"][0] for error in caught.value.errors() if error["type"] == "missing"}
    assert {"sources", "checked"} <= missing


@pytest.mark.parametrize(
    ("fields", "is_right"),
    [
        ({"state": "known", "end_of_support": 2030}, True),
        ({"state": "known", "released": 1994}, False),
        ({"state": "supported_no_date", "released": 1994}, True),
        ({"state": "supported_no_date", "end_of_sale": 2020}, False),
        ({"state": "unknown"}, False),
    ],
)
def test_a_lifecycle_has_a_date_or_says_that_there_is_none(
    fields: dict[str, object], is_right: bool
) -> None:
    """What is not known needs no entry."""
    entry = {"family": "x", **fields, **SOURCED}
    if is_right:
        assert LifecycleEntry.model_validate(entry).state == fields["state"]
        return
    with pytest.raises(ValidationError):
        LifecycleEntry.model_validate(entry)

"""Which asset a row would be joined to, before the normaliser has seen it."""

from typing import Any

from isthmus.inventory.domain.tables.imports import Entry
from isthmus.inventory.domain.tables.matching import keys_of, match


def entry(**facts: Any) -> Entry:
    return Entry(2, "hagen", "sap", "4711", facts)


def test_a_record_is_known_by_its_id_its_number_and_its_serial() -> None:
    """The maker by all of its name, and by what may stand before its legal form."""
    found = keys_of(entry(asset_number="A-1", vendor="SIEMENS AG", serial="s c-1 2"))

    assert found == (
        ("external_id", "hagen|source|hagen/sap:4711"),
        ("asset_number", "global|asset-number|A-1"),
        ("serial", "global|serial|siemens-ag/SC12"),
        ("serial", "global|serial|siemens/SC12"),
    )


def test_a_serial_number_without_a_maker_is_nobody_s() -> None:
    """And a maker without one is no device."""
    assert [by for by, _ in keys_of(entry(serial="1"))] == ["external_id"]
    assert [by for by, _ in keys_of(entry(vendor="ABB"))] == ["external_id"]


def test_the_surest_key_that_is_held_decides() -> None:
    """The record itself, else its number, else its serial number; or none."""
    keys = (("external_id", "1"), ("asset_number", "2"), ("serial", "3"))

    assert match(keys, {"2": "b", "3": "c"}) == ("b", "asset_number")
    assert match(keys, {"1": "", "3": "c"}) == ("c", "serial")
    assert match(keys, {}) == ("", "")

"""How the catalogue is looked up."""

from dataclasses import replace

import pytest

from isthmus.normalizer.domain.catalog import Catalog, Family, base

RULES = (
    Family("profile", {}, profile="host"),
    Family("anyone", {}),
    Family("vendor", {}, vendor="Moxa"),
    Family("short", {}, oid="1.3.6.1.4.1.8691"),
    Family("long", {}, oid="1.3.6.1.4.1.8691.7"),
)


@pytest.mark.parametrize(
    ("oid", "vendor"),
    [
        ("1.3.6.1.4.1.9.1.2494", "Cisco"),
        (".1.3.6.1.4.1.9", "Cisco"),
        ("1.3.6.1.4.1.99999", None),
        ("1.3.6.1.2.1.9", None),
        ("1.3.6.1.4.1", None),
        ("cisco", None),
        ("", None),
    ],
)
def test_a_private_enterprise_number_is_the_seventh_part(
    catalog: Catalog, oid: str, vendor: str | None
) -> None:
    """Only below 1.3.6.1.4.1 does a number tell a vendor."""
    found = catalog.vendor_of_pen(oid)

    assert (found and found.name) == vendor


def test_the_best_evidence_comes_first(catalog: Catalog) -> None:
    """A longer identifier, then a shorter, then the vendor, then anyone, then the profile."""
    few = replace(catalog, families=RULES)

    found = few.families_of("1.3.6.1.4.1.8691.7.86", "Moxa", "host")

    assert [family.name for family in found] == ["long", "short", "vendor", "anyone", "profile"]


def test_an_identifier_counts_by_its_parts(catalog: Catalog) -> None:
    """8691.70 does not lie below 8691.7."""
    few = replace(catalog, families=RULES)

    found = few.families_of("1.3.6.1.4.1.8691.70", "", "")

    assert [family.name for family in found] == ["short", "anyone"]


def test_states_are_not_stable(catalog: Catalog) -> None:
    """What changes while a device runs does not make another device of it."""
    assert {"VendorName", "entPhysicalSerialNum", "ifPhysAddress", "moduleType"} <= catalog.stable
    assert not {"state", "sysUpTime", "ifOperStatus", "hrStorageUsed"} & catalog.stable


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ifPhysAddress.2", "ifPhysAddress"),
        ("prtMarkerSuppliesLevel.1.1", "prtMarkerSuppliesLevel"),
        ("entPhysicalMfgName@chassis", "entPhysicalMfgName"),
        ("VendorName", "VendorName"),
    ],
)
def test_a_column_is_named_without_its_instance(name: str, expected: str) -> None:
    """Rules are written for columns, devices answer with instances."""
    assert base(name) == expected

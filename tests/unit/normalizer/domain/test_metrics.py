"""Numbers in UCUM units."""

import math

from isthmus.normalizer.domain import metrics
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.catalog import Catalog

RAM, DISK = "1.3.6.1.2.1.25.2.1.2", "1.3.6.1.2.1.25.2.1.4"


def measure(
    catalog: Catalog, points: dict[str, float], facts: dict[str, str] | None = None
) -> dict[str, tuple[float, str]]:
    """The metrics that these points of a MIB make, to nine digits."""
    plan = metrics.plan(catalog.metrics, Said(facts or {}, {}), tuple(points))
    found = plan.measure(tuple(points.values()))
    return {
        name: (round(value, 9), unit)
        for name, value, unit in zip(found.names, found.values, found.units, strict=True)
    }


def test_points_of_a_profile_pass_through() -> None:
    """The profile has named and scaled them already."""
    plan = metrics.plan_points(("temperature", "pressure"), ("Cel", "bar"))

    found = plan.measure((44.5, 182.0))

    assert (found.names, found.values, found.units) == (
        ("temperature", "pressure"), (44.5, 182.0), ("Cel", "bar"),
    )  # fmt: skip


def test_standard_nodes_are_health_and_no_metrics() -> None:
    """`DeviceHealth` is not a quantity; it is in the report's health."""
    plan = metrics.plan_points(("DeviceHealth", "temperature"), ("1", "Cel"))

    assert plan.measure((4.0, 44.5)).names == ("temperature",)


def test_what_is_no_finite_number_is_left_out_and_counted() -> None:
    """A broken sensor says NaN; nobody can compare with that."""
    plan = metrics.plan_points(("a", "b", "c"), ("1", "Cel", "1"))

    found = plan.measure((math.nan, 2.0, math.inf))

    assert (found.names, found.values, found.units) == (("b",), (2.0,), ("Cel",))
    assert found.skipped == 2


def test_time_ticks_become_seconds(catalog: Catalog) -> None:
    """SNMP counts hundredths."""
    assert measure(catalog, {"sysUpTime": 8_640_000.0}) == {"uptime": (86_400.0, "s")}


def test_the_better_source_of_a_metric_wins(catalog: Catalog) -> None:
    """sysUpTime wraps after 497 days, snmpEngineTime does not."""
    points = {"sysUpTime": 100.0, "snmpEngineTime": 50_000_000.0}

    assert measure(catalog, points) == {"uptime": (5e7, "s")}


def test_processors_are_averaged(catalog: Catalog) -> None:
    """One machine has one load."""
    points = {"hrProcessorLoad.196608": 10.0, "hrProcessorLoad.196609": 30.0}

    assert measure(catalog, points) == {"cpu_load": (20.0, "%")}


def test_storage_is_told_apart_by_its_type(catalog: Catalog) -> None:
    """Memory is the percentage of all of it, storage that of the fullest disk."""
    points = {
        "hrStorageSize.1": 1000.0, "hrStorageUsed.1": 250.0,
        "hrStorageSize.2": 500.0, "hrStorageUsed.2": 100.0,
        "hrStorageSize.3": 500.0, "hrStorageUsed.3": 450.0,
    }  # fmt: skip
    types = {"hrStorageType.1": RAM, "hrStorageType.2": DISK, "hrStorageType.3": DISK}

    assert measure(catalog, points, types) == {
        "memory_used": (25.0, "%"), "storage_used": (90.0, "%"),
    }  # fmt: skip


def test_interfaces_that_are_up_are_counted(catalog: Catalog) -> None:
    """IF-MIB: up is 1; none up is zero, not unknown."""
    up = {"ifOperStatus.1": 1.0, "ifOperStatus.2": 2.0, "ifOperStatus.3": 1.0}

    assert measure(catalog, up) == {"interfaces_up": (2.0, "1")}
    assert measure(catalog, {"ifOperStatus.1": 2.0}) == {"interfaces_up": (0.0, "1")}


def test_the_emptiest_supply_of_a_printer_counts(catalog: Catalog) -> None:
    """RFC 3805: a level below zero is not known."""
    points = {
        "prtMarkerSuppliesMaxCapacity.1.1": 100.0, "prtMarkerSuppliesLevel.1.1": 64.0,
        "prtMarkerSuppliesMaxCapacity.1.2": 2000.0, "prtMarkerSuppliesLevel.1.2": 80.0,
        "prtMarkerSuppliesMaxCapacity.1.3": 100.0, "prtMarkerSuppliesLevel.1.3": -3.0,
    }  # fmt: skip

    assert measure(catalog, points) == {"toner_level": (4.0, "%")}


def test_a_missing_sensor_makes_no_metric(catalog: Catalog) -> None:
    """NTCIP 1204 says 1001 for a temperature that is not there."""
    assert measure(catalog, {"essAirTemperature.1": 81.0}) == {"air_temperature": (8.1, "Cel")}
    assert measure(catalog, {"essAirTemperature.1": 1001.0}) == {}


def test_what_the_catalogue_does_not_know_makes_no_metric(catalog: Catalog) -> None:
    """Raw numbers of a MIB mean nothing without a rule."""
    assert measure(catalog, {"ifMtu.1": 1500.0, "hrStorageUsed.1": 5.0}) == {}

"""Numbers in UCUM units."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain import metrics
from isthmus.normalizer.domain.appearance import Said
from isthmus.normalizer.domain.catalog import Catalog, MetricRule
from isthmus.normalizer.domain.report import Metrics, Quality

RAM, DISK = "1.3.6.1.2.1.25.2.1.2", "1.3.6.1.2.1.25.2.1.4"


def measure(
    catalog: Catalog, points: dict[str, float], facts: dict[str, str] | None = None
) -> dict[str, tuple[float, str]]:
    """The metrics that these points of a MIB make, to nine digits."""
    plan = metrics.plan(catalog.metrics, Said(facts or {}, {}), tuple(points), {})
    found = plan.measure(tuple(points.values()))
    return {
        name: (round(value, 9), unit)
        for name, value, unit in zip(found.names, found.values, found.units, strict=True)
    }


def test_points_of_a_profile_pass_through() -> None:
    """The profile has named and scaled them already."""
    plan = metrics.plan_points(("temperature", "pressure"), ("Cel", "bar"), {})

    found = plan.measure((44.5, 182.0))

    assert (found.names, found.values, found.units) == (
        ("temperature", "pressure"), (44.5, 182.0), ("Cel", "bar"),
    )  # fmt: skip


def test_standard_nodes_are_health_and_no_metrics() -> None:
    """`DeviceHealth` is not a quantity; it is in the report's health."""
    plan = metrics.plan_points(("DeviceHealth", "temperature"), ("1", "Cel"), {})

    assert plan.measure((4.0, 44.5)).names == ("temperature",)


def test_what_is_no_finite_number_is_kept_and_marked_bad() -> None:
    """A broken sensor says NaN; nobody can compare with that, but it was said."""
    plan = metrics.plan_points(("a", "b", "c"), ("1", "Cel", "1"), {})

    found = plan.measure((math.nan, 2.0, math.inf))

    assert found.names == ("a", "b", "c")
    assert found.values[1:] == (2.0, math.inf)
    assert found.qualities == (Quality.BAD, Quality.GOOD, Quality.BAD)


def test_what_cannot_be_is_uncertain() -> None:
    """A charge of 140 % is a value, and a wrong one; the limits themselves can be."""
    ranges = {"battery_charge": (0.0, 100.0)}
    plan = metrics.plan_points(("x", "battery_charge"), ("1", "%"), ranges)

    assert plan.measure((999.0, 140.0)).qualities == (Quality.GOOD, Quality.UNCERTAIN)
    assert plan.measure((999.0, -0.1)).qualities == (Quality.GOOD, Quality.UNCERTAIN)
    assert plan.measure((999.0, 100.0)).qualities == ()
    assert plan.measure((999.0, 0.0)).qualities == ()
    assert plan.measure((999.0, math.nan)).qualities == (Quality.GOOD, Quality.BAD)


def test_good_values_need_no_qualities() -> None:
    """An empty column means that all are good."""
    assert metrics.plan_points(("a",), ("1",), {}).measure((1.0,)).qualities == ()


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


def test_what_a_device_says_for_want_of_a_value_is_bad(catalog: Catalog) -> None:
    """NTCIP 1204 says 1001 for a temperature that is not there: kept as it was said."""
    plan = metrics.plan(catalog.metrics, Said({}, {}), ("essAirTemperature.1",), catalog.ranges)

    assert plan.measure((81.0,)) == Metrics(("air_temperature",), (8.1,), ("Cel",))
    assert plan.measure((1001.0,)) == Metrics(
        ("air_temperature",), (1001.0,), ("Cel",), (Quality.BAD,)
    )
    assert plan.measure((900.0,)).qualities == (Quality.UNCERTAIN,)


def test_a_sensor_that_is_missing_does_not_spoil_the_others(catalog: Catalog) -> None:
    """The mean is that of those that measure."""
    points = {"essAirTemperature.1": 80.0, "essAirTemperature.2": 1001.0}

    assert measure(catalog, points) == {"air_temperature": (8.0, "Cel")}
    assert measure(catalog, {**points, "essAirTemperature.3": math.nan}) == {
        "air_temperature": (8.0, "Cel")
    }


@pytest.mark.parametrize("aggregate", sorted(metrics.AGGREGATES))
@given(values=st.lists(st.floats(), min_size=1, max_size=5))
def test_any_numbers_are_a_value_with_a_quality(aggregate: str, values: list[float]) -> None:
    """Also those that are too great to be added."""
    rules = [
        MetricRule("one", "1", "x", aggregate=aggregate, scale=3, missing=(7.0,)),
        MetricRule("share", "%", "x", aggregate=aggregate, whole="y"),
    ]
    points = tuple(f"{column}.{n}" for column in "xy" for n in range(len(values)))
    plan = metrics.plan(rules, Said({}, {}), points, {"one": (0.0, 10.0)})

    found = plan.measure((*values, *reversed(values)))

    assert found.names == ("one", "share")
    bad = [not math.isfinite(value) for value in found.values]
    qualities = found.qualities or (Quality.GOOD,) * 2
    assert all(quality is Quality.BAD for quality, no in zip(qualities, bad, strict=True) if no)
    assert qualities[0] is not Quality.GOOD or 0 <= found.values[0] <= 10


def test_what_the_catalogue_does_not_know_makes_no_metric(catalog: Catalog) -> None:
    """Raw numbers of a MIB mean nothing without a rule."""
    assert measure(catalog, {"ifMtu.1": 1500.0, "hrStorageUsed.1": 5.0}) == {}

"""What the words and numbers of devices mean in NE 107."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.normalizer.domain import health
from isthmus.normalizer.domain.catalog import Catalog, HealthRule
from isthmus.normalizer.domain.report import Health

BITS = HealthRule("alarm", bits={7: Health.FAILURE, 5: Health.OFF_SPEC}, otherwise=Health.NORMAL)
OCTETS = HealthRule(
    "errors",
    octets={0: Health.OFF_SPEC, 2: Health.MAINTENANCE_REQUIRED, 9: Health.FAILURE},
    otherwise=Health.NORMAL,
)


def judge(
    catalog: Catalog,
    protocol: str,
    facts: dict[str, str],
    points: dict[str, float] | None = None,
    vendor: str = "",
) -> tuple[Health, str]:
    """What the catalogue says of these facts and points."""
    points = points or {}
    plan = health.plan(catalog.health, protocol, vendor, tuple(facts), tuple(points))
    return plan.judge(tuple(facts.values()), tuple(points.values()))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.0, Health.NORMAL),
        (128.0, Health.FAILURE),
        (32.0, Health.OFF_SPEC),
        (160.0, Health.FAILURE),
        (1.0, Health.NORMAL),
        (math.nan, Health.UNKNOWN),
        (math.inf, Health.UNKNOWN),
        (0.5, Health.UNKNOWN),
    ],
)
def test_the_worst_bit_of_a_word_counts(value: float, expected: Health) -> None:
    """Bits count from the least; what is no whole number means nothing."""
    assert health.judge_number(BITS, value) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20", Health.MAINTENANCE_REQUIRED),
        ("00", Health.NORMAL),
        ("A0 00", Health.OFF_SPEC),
        ("0040", Health.FAILURE),
        ("", Health.UNKNOWN),
        ("no hex", Health.UNKNOWN),
    ],
)
def test_bits_of_octets_count_from_the_first(text: str, expected: Health) -> None:
    """SNMP writes named bits from the left of the first octet."""
    assert health.judge_text(OCTETS, text) is expected


def test_a_battery_that_runs_low_is_off_spec(catalog: Catalog) -> None:
    """RFC 1628: batteryLow; the reason is what the UPS said."""
    expected = (Health.OFF_SPEC, "upsBatteryStatus=3")

    assert judge(catalog, "snmp", {}, {"upsBatteryStatus": 3.0}) == expected


def test_the_worst_of_all_that_a_device_says_counts(catalog: Catalog) -> None:
    """A printer that is idle and wants toner wants toner."""
    found = judge(
        catalog,
        "snmp",
        {"hrPrinterDetectedErrorState.1": "20"},
        {"hrPrinterStatus.1": 3.0, "hrDeviceStatus.1": 2.0},
    )

    assert found == (Health.MAINTENANCE_REQUIRED, "hrPrinterDetectedErrorState.1=20")


def test_a_rule_is_for_its_protocol_only(catalog: Catalog) -> None:
    """The same word may mean something else elsewhere."""
    assert judge(catalog, "modbus", {}, {"DeviceHealth": 1.0}) == (Health.UNKNOWN, "")
    assert judge(catalog, "opcua", {}, {"DeviceHealth": 1.0})[0] is Health.FAILURE


def test_a_rule_for_a_vendor_beats_the_general_one() -> None:
    """A vendor may use a common word in its own way."""
    rules = [
        HealthRule("state", values={"stop": Health.NORMAL}, vendor="Pumps"),
        HealthRule("state", values={"stop": Health.CHECK_FUNCTION}),
    ]

    assert health.plan(rules, "modbus", "Pumps", ("state",), ()).judge(("stop",), ())[0] is (
        Health.NORMAL
    )
    assert health.plan(rules, "modbus", "WAGO", ("state",), ()).judge(("STOP",), ())[0] is (
        Health.CHECK_FUNCTION
    )


def test_what_no_rule_reads_leaves_health_unknown(catalog: Catalog) -> None:
    """No news is not good news."""
    assert judge(catalog, "modbus", {"VendorName": "WAGO"}, {"temperature": 60.0}) == (
        Health.UNKNOWN,
        "",
    )


@pytest.mark.parametrize("value", [2.0, -0.0, 0.0])
def test_a_number_is_a_state_however_it_is_written(value: float) -> None:
    """Zero has no sign."""
    rule = HealthRule("trip", values={"0": Health.NORMAL, "2": Health.NORMAL})

    assert health.judge_number(rule, value) is Health.NORMAL


@given(st.floats(), st.text(max_size=40))
def test_any_number_and_any_text_is_judged(value: float, text: str) -> None:
    """By bits, octets and words; what means nothing is unknown."""
    words = HealthRule("state", values={"run": Health.NORMAL}, otherwise=Health.UNKNOWN)

    assert health.judge_number(BITS, value) in Health
    assert health.judge_number(words, value) is Health.UNKNOWN
    assert health.judge_text(OCTETS, text) in Health
    assert health.judge_text(words, f"{text}!").name in ("NORMAL", "UNKNOWN")

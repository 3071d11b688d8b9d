"""The shipped rules watch what the platform measures, and are as urgent as ISA-18.2 advises."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from isthmus.alerting.adapters.rules.files import SHIPPED, load
from isthmus.alerting.adapters.rules.parts import RulePart
from isthmus.alerting.domain.rules.conditions import (
    Change,
    Condition,
    Count,
    Rate,
    Threshold,
)

ROOT = Path(__file__).parents[2]
CATALOG = ROOT / "services/normalizer/isthmus/normalizer/catalog"
PROFILES = ROOT / "services/collector/isthmus/collector/profiles"
RULES = load(SHIPPED).rules
SEED = {
    "server", "workstation", "hypervisor", "virtual_machine", "switch", "router", "firewall",
    "access_point", "storage", "ups", "genset", "printer", "cloud_instance", "cloud_network", "erp",
    "database", "application", "plc", "scada_server", "dcs_controller", "cnc", "robot", "drive",
    "pump_controller", "power_meter", "inverter", "sensor", "atm", "kiosk", "vehicle",
    "traffic_signal_controller", "message_sign", "weather_station", "ev_charger",
    "building_controller",
}  # fmt: skip


def points(content: Any) -> Iterator[tuple[str, str]]:
    """Name and unit of everything in a profile that has a name."""
    if isinstance(content, dict):
        if isinstance(name := content.get("name"), str):
            yield name, str(content.get("unit", "1"))
            yield from ((bit, "1") for bit in content.get("bits", {}).values())
        for each in content.values():
            yield from points(each)
    if isinstance(content, list):
        for each in content:
            yield from points(each)


def vocabulary() -> set[tuple[str, str]]:
    """Each metric that the platform can measure, in its unit."""
    metrics = yaml.safe_load((CATALOG / "metrics.yaml").read_text())
    known = {(each["metric"], each["unit"]) for each in metrics}
    for file in PROFILES.glob("*.yaml"):
        known |= set(points(yaml.safe_load(file.read_text())))
    return known


def watched(rule: RulePart) -> set[tuple[str, str]]:
    """The metrics that a rule reads, in the units in which it means them."""
    match rule.rule().watched:
        case Threshold(metric=metric, unit=unit) | Rate(metric=metric, unit=unit):
            return {(metric, unit)}
        case Condition(expression=expression):
            return set(expression.units.items())
        case Change(of=of) if of.startswith("metric."):
            return {(of.removeprefix("metric."), "1")}
        case _:
            return set()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_watches_what_is_measured_of_classes_that_there_are(rule: RulePart) -> None:
    """A misspelt metric, another unit or an unknown class would never raise anything."""
    classes = yaml.safe_load((CATALOG / "classes.yaml").read_text())

    assert watched(rule) <= vocabulary()
    assert set(rule.classes or ()) <= classes.keys()


def test_a_change_is_of_an_attribute_that_devices_give() -> None:
    """The normaliser's word for it."""
    attributes = yaml.safe_load((CATALOG / "attributes.yaml").read_text())
    given = {name for source in attributes["sources"].values() for name in source}
    changes = [w.of for w in (rule.rule().watched for rule in RULES) if isinstance(w, Change)]

    assert {of for of in changes if not of.startswith("metric.")} <= given


def test_groups_are_of_rules_that_there_are() -> None:
    """A renamed rule must take its groups along."""
    names = {rule.name for rule in RULES}
    counts = [w.of for w in (rule.rule().watched for rule in RULES) if isinstance(w, Count)]

    assert counts
    assert set().union(*counts) <= names


def test_there_are_rules_for_every_kind_of_asset() -> None:
    """At least sixty, and each seed class has one of its own."""
    assert len(RULES) >= 60
    assert {name for rule in RULES for name in rule.classes or ()} >= SEED


def test_few_rules_are_urgent() -> None:
    """ISA-18.2 (IEC 62682) advises about 80 : 15 : 5; a rule with levels counts as its mildest."""
    shares = {word: 0.0 for word in ("low", "medium", "high", "critical")}
    for rule in RULES:
        shares[rule.rule().priority] += 100 / len(RULES)

    assert 75 <= shares["low"] <= 85
    assert 10 <= shares["medium"] <= 20
    assert 1 <= shares["high"] + shares["critical"] <= 6


def test_every_rule_says_what_it_may_harm_and_what_to_do() -> None:
    """In whole sentences; the page has a place for each."""
    page = (ROOT / "docs" / "rules.md").read_text()

    for rule in RULES:
        assert rule.impact.endswith("."), rule.name
        assert rule.first_action.endswith("."), rule.name
        assert f'<a id="{rule.name}"></a>' in page, rule.name

"""The collector's own metrics."""

from prometheus_client import CollectorRegistry

from isthmus.collector.adapters.prometheus import CollectorMetrics
from isthmus.collector.domain import Outcome


def test_polls_are_counted_by_protocol_and_outcome() -> None:
    """A read that began before its slot, by a hair, is not late by less than nothing."""
    registry = CollectorRegistry()
    metrics = CollectorMetrics(registry)
    metrics.polled("snmp", Outcome.TIMEOUT, late_s=-0.001, took_s=3)
    metrics.targets_changed("snmp", 2)
    metrics.targets_changed("snmp", -1)
    metrics.skipped()
    metrics.dropped(7)
    labels = {"protocol": "snmp", "outcome": "timeout"}
    prefix = "isthmus_collector_"
    assert registry.get_sample_value(f"{prefix}polls_total", labels) == 1
    assert registry.get_sample_value(f"{prefix}targets", {"protocol": "snmp"}) == 1
    assert registry.get_sample_value(f"{prefix}fenced_polls_total") == 1
    assert registry.get_sample_value(f"{prefix}dropped_records_total") == 7
    late = registry.get_sample_value(f"{prefix}poll_lateness_seconds_sum", {"protocol": "snmp"})
    assert late == 0

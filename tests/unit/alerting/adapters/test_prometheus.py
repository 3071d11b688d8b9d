"""What alerting says of itself."""

from prometheus_client import CollectorRegistry, generate_latest

from isthmus.alerting.adapters.prometheus import AlertingMetrics


def test_transitions_are_counted_by_rule_priority_and_kind() -> None:
    """Never by source: labels are bounded by the rules."""
    registry = CollectorRegistry()
    AlertingMetrics(registry).transitions.labels("hot", "high", "raised").inc()

    line = 'isthmus_alerting_transitions_total{kind="raised",priority="high",rule="hot"} 1.0'
    assert line in generate_latest(registry).decode()

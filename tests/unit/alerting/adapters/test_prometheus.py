"""What alerting says of itself."""

from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest

from isthmus.alerting.adapters.prometheus import AlertingMetrics


def test_transitions_are_counted_by_rule_priority_and_kind() -> None:
    """Never by source: labels are bounded by the rules."""
    registry = CollectorRegistry()
    AlertingMetrics(registry).transitions.labels("hot", "high", "raised").inc()

    line = 'isthmus_alerting_transitions_total{kind="raised",priority="high",rule="hot"} 1.0'
    assert line in generate_latest(registry).decode()


def test_ages_and_what_waits_are_measured() -> None:
    """From the read to the judgement, and from the store to the topic."""
    registry = CollectorRegistry()
    metrics = AlertingMetrics(registry)

    metrics.judged([datetime.now(UTC) - timedelta(minutes=2)])
    metrics.waiting(3)

    age = "isthmus_alerting_report_age_seconds_bucket"
    assert registry.get_sample_value(age, {"le": "60.0"}) == 0
    assert registry.get_sample_value(age, {"le": "300.0"}) == 1
    assert registry.get_sample_value("isthmus_alerting_outbox_documents") == 3

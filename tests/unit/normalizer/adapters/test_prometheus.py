"""What the normaliser measures of its own work."""

from prometheus_client import CollectorRegistry, generate_latest

from isthmus.normalizer.adapters.prometheus import NormalizerMetrics


def test_counts_appear_under_their_names() -> None:
    """A dashboard finds reports, unknown devices and skipped values."""
    registry = CollectorRegistry()
    metrics = NormalizerMetrics(registry)

    metrics.reported("online", 3)
    metrics.unrecognised("vendor")
    metrics.skipped(2)

    text = generate_latest(registry).decode()
    assert 'isthmus_normalizer_reports_total{reachability="online"} 3.0' in text
    assert 'isthmus_normalizer_unrecognised_devices_total{attribute="vendor"} 1.0' in text
    assert "isthmus_normalizer_skipped_values_total 2.0" in text

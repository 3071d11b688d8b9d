"""What the normaliser measures of its own work."""

from prometheus_client import CollectorRegistry, generate_latest

from isthmus.normalizer.adapters.prometheus import NormalizerMetrics


def test_counts_appear_under_their_names() -> None:
    """A dashboard finds reports, unknown devices and doubted values."""
    registry = CollectorRegistry()
    metrics = NormalizerMetrics(registry)

    metrics.reported("online", 3)
    metrics.unrecognised("vendor")
    metrics.doubted("bad", 2)

    text = generate_latest(registry).decode()
    assert 'isthmus_normalizer_reports_total{reachability="online"} 3.0' in text
    assert 'isthmus_normalizer_unrecognised_devices_total{attribute="vendor"} 1.0' in text
    assert 'isthmus_normalizer_doubted_values_total{quality="bad"} 2.0' in text


def test_one_catalogue_is_in_use_and_a_wrong_one_is_told() -> None:
    """The last good one stays while the folder holds a wrong one."""
    registry = CollectorRegistry()
    metrics = NormalizerMetrics(registry)

    metrics.catalog("aaaa")
    metrics.catalog("bbbb")
    metrics.catalog_refused()
    refused = generate_latest(registry).decode()
    metrics.catalog("cccc")

    assert "aaaa" not in refused
    assert 'isthmus_normalizer_catalog_info{fingerprint="bbbb"} 1.0' in refused
    assert "isthmus_normalizer_catalog_refused 1.0" in refused
    assert "isthmus_normalizer_catalog_refused 0.0" in generate_latest(registry).decode()


def test_sites_are_told_apart() -> None:
    """A dead man's switch needs the newest time of each site, which a replay does not move back."""
    registry = CollectorRegistry()
    metrics = NormalizerMetrics(registry)

    metrics.arrived("hagen", "timeout", 3)
    metrics.heard("hagen", 1000.0)
    metrics.heard("hagen", 900.0)
    quiet = registry.get_sample_value("isthmus_normalizer_double_polls_total", {"site": "hagen"})
    metrics.polled_twice("hagen")

    text = generate_latest(registry).decode()
    assert quiet == 0
    assert 'isthmus_normalizer_observations_total{outcome="timeout",site="hagen"} 3.0' in text
    newest = 'isthmus_normalizer_newest_observation_timestamp_seconds{site="hagen"} 1000.0'
    assert newest in text
    assert 'isthmus_normalizer_double_polls_total{site="hagen"} 1.0' in text

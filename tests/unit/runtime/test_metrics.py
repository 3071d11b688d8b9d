"""Metrics: named by the rule, in base units, with help for a reader."""

from prometheus_client import CollectorRegistry

from isthmus.runtime.metrics import Metrics


def test_each_metric_is_named_after_its_service_and_explained() -> None:
    """`isthmus_<service>_<noun>_<unit>[_total]`."""
    registry = CollectorRegistry()
    Metrics("normalizer", registry)

    families = list(registry.collect())

    assert len(families) == 10
    for family in families:
        assert family.name.startswith("isthmus_normalizer_")
        assert family.documentation.endswith(".")

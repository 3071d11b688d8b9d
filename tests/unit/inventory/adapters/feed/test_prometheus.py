"""What is measured of completeness and of streams."""

from datetime import UTC, datetime

from prometheus_client import CollectorRegistry

from isthmus.inventory.adapters.feed.prometheus import FeedMetrics
from isthmus.inventory.domain.feed.completeness import Watermark

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_site_that_is_gone_is_not_shown_any_more() -> None:
    """Each look shows what there is now."""
    registry = CollectorRegistry()
    metrics = FeedMetrics(registry)
    name = "isthmus_inventory_complete_until_timestamp_seconds"

    metrics.show([Watermark("hagen", NOON, NOON, 3, 1), Watermark("lyon", NOON, NOON, 1, 0)])
    metrics.show([Watermark("hagen", NOON, NOON, 3, 1)])

    assert registry.get_sample_value(name, {"site": "hagen"}) == NOON.timestamp()
    assert registry.get_sample_value("isthmus_inventory_late_targets", {"site": "hagen"}) == 1
    assert registry.get_sample_value(name, {"site": "lyon"}) is None


def test_streams_are_counted_by_why_they_ended() -> None:
    """How many there are now, and how many were cut off."""
    registry = CollectorRegistry()
    metrics = FeedMetrics(registry)

    metrics.streams(2)
    metrics.ended("slow")

    assert registry.get_sample_value("isthmus_inventory_change_streams") == 2
    ended = "isthmus_inventory_change_streams_ended_total"
    assert registry.get_sample_value(ended, {"reason": "slow"}) == 1

"""The collector's own metrics."""

from prometheus_client import CollectorRegistry

from isthmus.collector.adapters.prometheus import (
    CollectorMetrics,
    NotificationMetrics,
    SpoolMetrics,
)
from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.touches import PollState
from isthmus.collector.ports import Depth


def test_polls_are_counted_by_protocol_and_outcome() -> None:
    """A read that began before its slot, by a hair, is not late by less than nothing."""
    registry = CollectorRegistry()
    metrics = CollectorMetrics(registry)
    metrics.polled("snmp", Outcome.TIMEOUT, late_s=-0.001, took_s=3)
    metrics.targets_changed("snmp", 2)
    metrics.targets_changed("snmp", -1)
    metrics.withheld(PollState.FENCED)
    labels = {"protocol": "snmp", "outcome": "timeout"}
    prefix = "isthmus_collector_"
    assert registry.get_sample_value(f"{prefix}polls_total", labels) == 1
    assert registry.get_sample_value(f"{prefix}targets", {"protocol": "snmp"}) == 1
    fenced = registry.get_sample_value(f"{prefix}withheld_polls_total", {"reason": "fenced"})
    assert fenced == 1
    late = registry.get_sample_value(f"{prefix}poll_lateness_seconds_sum", {"protocol": "snmp"})
    assert late == 0


def test_what_waits_and_what_is_dropped_is_measured() -> None:
    """A reason that never happened shows as zero, so that a rule on it is not silent."""
    registry = CollectorRegistry()
    metrics = SpoolMetrics(registry)
    metrics.dropped(7, "full")
    metrics.replayed(3)
    metrics.holds(Depth(records=5, bytes=4096, oldest_age_s=12.5, fill=0.25))
    prefix = "isthmus_collector_"
    dropped = f"{prefix}dropped_records_total"
    assert registry.get_sample_value(dropped, {"reason": "full"}) == 7
    assert registry.get_sample_value(dropped, {"reason": "corrupt"}) == 0
    assert registry.get_sample_value(f"{prefix}replayed_records_total") == 3
    assert registry.get_sample_value(f"{prefix}spool_records") == 5
    assert registry.get_sample_value(f"{prefix}spool_bytes") == 4096
    assert registry.get_sample_value(f"{prefix}spool_oldest_age_seconds") == 12.5
    assert registry.get_sample_value(f"{prefix}spool_fill_ratio") == 0.25


def test_limits_and_states_are_measured() -> None:
    """A plant's own rules can be drawn on how often and how long a limit held a request up."""
    registry = CollectorRegistry()
    metrics = CollectorMetrics(registry)
    metrics.waited("gap", 0.25)
    metrics.waited("gap", 0.5)
    metrics.state_changed(None, PollState.POLLING)
    metrics.state_changed(PollState.POLLING, PollState.PAUSED)
    metrics.slowed(1)
    prefix = "isthmus_collector_"

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"{prefix}{name}", labels)

    assert value("limit_waits_total", limit="gap") == 2
    assert value("limit_wait_seconds_total", limit="gap") == 0.75
    assert value("target_states", state="polling") == 0
    assert value("target_states", state="paused") == 1
    assert value("target_states", state="circuit_open") == 0
    assert value("slowed_endpoints") == 1


def test_notifications_and_their_drops_are_measured() -> None:
    """Each reason shows from the start."""
    registry = CollectorRegistry()
    metrics = NotificationMetrics(registry)
    metrics.notified()
    metrics.notification_dropped("rate")
    prefix = "isthmus_collector_"
    dropped = f"{prefix}dropped_notifications_total"
    assert registry.get_sample_value(f"{prefix}notifications_total") == 1
    assert registry.get_sample_value(dropped, {"reason": "rate"}) == 1
    assert registry.get_sample_value(dropped, {"reason": "unknown_source"}) == 0


def test_a_collector_says_where_it_stands() -> None:
    """What it measures can then be told by site."""
    registry = CollectorRegistry()

    CollectorMetrics(registry).stands("hagen", "collector-0")

    labels = {"site": "hagen", "collector": "collector-0"}
    assert registry.get_sample_value("isthmus_collector_info", labels) == 1

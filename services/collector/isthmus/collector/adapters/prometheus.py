"""What the collector measures of itself."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from isthmus.collector.domain import Outcome
from isthmus.runtime.metrics import LATENCY_BUCKETS_S


class CollectorMetrics:
    """Polls, their duration and lateness, targets, and what could not be read or published."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._polls = Counter(
            "isthmus_collector_polls",
            "Reads of targets, by protocol and by how they ended.",
            ["protocol", "outcome"],
            registry=registry,
        )
        self._duration = Histogram(
            "isthmus_collector_poll_duration_seconds",
            "Time from the first request of a read to its end.",
            ["protocol"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._lateness = Histogram(
            "isthmus_collector_poll_lateness_seconds",
            "How long after its slot a read began; more replicas help when it grows.",
            ["protocol"],
            buckets=LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._targets = Gauge(
            "isthmus_collector_targets",
            "Targets that this process polls.",
            ["protocol"],
            registry=registry,
        )
        self._fenced = Counter(
            "isthmus_collector_fenced_polls",
            "Slots left out because the group may have given the target to another process.",
            registry=registry,
        )
        self._dropped = Counter(
            "isthmus_collector_dropped_records",
            "Records dropped because Kafka was away for too long, oldest first.",
            registry=registry,
        )

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        self._polls.labels(protocol, outcome.value).inc()
        self._duration.labels(protocol).observe(took_s)
        self._lateness.labels(protocol).observe(max(0.0, late_s))

    def targets_changed(self, protocol: str, by: int) -> None:
        self._targets.labels(protocol).inc(by)

    def skipped(self) -> None:
        self._fenced.inc()

    def dropped(self, records: int) -> None:
        self._dropped.inc(records)

"""The metrics that every service has: `isthmus_<service>_<noun>_<unit>[_total]`.

What only one service measures stands in its own `adapters/prometheus.py`.
"""

from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """What every service says of itself."""

    def __init__(self, service: str, registry: CollectorRegistry) -> None:
        named: Any = {"namespace": "isthmus", "subsystem": service, "registry": registry}
        counter: Any = partial(Counter, **named)
        gauge: Any = partial(Gauge, **named)
        self.records: Counter = counter(
            "records",
            "Records taken from a topic: handled, or rejected to the dead-letter topic.",
            ["topic", "outcome"],
        )
        self.retries: Counter = counter(
            "retries",
            "Batches that are tried again, by the kind of failure.",
            ["topic", "failure"],
        )
        self.published: Counter = counter(
            "published_records", "Records that Kafka acknowledged.", ["topic"]
        )
        self.producers_replaced: Counter = counter(
            "replaced_producers",
            "Producers given up because something was not acknowledged; another took its place.",
        )
        self.rebalances: Counter = counter(
            "rebalances",
            "Times that the group shared the partitions of a topic out anew.",
            ["topic"],
        )
        self.certificate_end: Gauge = gauge(
            "certificate_end_timestamp_seconds",
            "When the first of the certificates ends that Kafka is spoken to with; NaN without.",
        )
        self.batch_duration = Histogram(
            "batch_duration_seconds",
            "Time to handle one batch and to publish what it made.",
            ["topic"],
            buckets=LATENCY_BUCKETS_S,
            **named,
        )
        self.lag: Gauge = gauge(
            "lag_records",
            "Records on the partition that are not yet taken.",
            ["topic", "partition"],
        )
        self.loop_late: Counter = counter(
            "event_loop_late_seconds",
            "How late the event loop ran its one-second ticks, added up; heartbeats are as late.",
        )
        self.breaker_open: Gauge = gauge(
            "breaker_open",
            "1 when too many records in a row were rejected and the service stopped consuming.",
            ["topic"],
        )

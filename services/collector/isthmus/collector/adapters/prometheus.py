"""What the collector measures of itself."""

from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.touches import PollState
from isthmus.collector.ports import Depth
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
        self._withheld = Counter(
            "isthmus_collector_withheld_polls",
            "Slots left out or broken off because nothing may be sent: paused, outside_window, "
            "excluded, fenced (the group may have given the target to another process), stopped.",
            ["reason"],
            registry=registry,
        )
        self._waits = Counter(
            "isthmus_collector_limit_waits",
            "Times that a request waited for a limit of its envelope.",
            ["limit"],
            registry=registry,
        )
        self._wait_s = Counter(
            "isthmus_collector_limit_wait_seconds",
            "Time that requests waited for limits of their envelopes.",
            ["limit"],
            registry=registry,
        )
        self._states = Gauge(
            "isthmus_collector_target_states",
            "Targets of this process by state: polling, or what holds them.",
            ["state"],
            registry=registry,
        )
        for state in PollState:
            self._states.labels(state.value)
        # To look labels up costs more than to count.
        self._of_polls = cache(
            lambda protocol, outcome: (
                self._polls.labels(protocol, outcome.value),
                self._duration.labels(protocol),
                self._lateness.labels(protocol),
            )
        )
        self._of_waits = cache(
            lambda limit: (self._waits.labels(limit), self._wait_s.labels(limit))
        )
        self._info = Gauge(
            "isthmus_collector_info",
            "1; the site that this process polls, and its name there.",
            ["site", "collector"],
            registry=registry,
        )
        self._slowed = Gauge(
            "isthmus_collector_slowed_endpoints",
            "Endpoints that labour, and are asked less than their envelope allows.",
            registry=registry,
        )

    def stands(self, site: str, name: str) -> None:
        """Say which collector this is, so that what it measures can be told by site."""
        self._info.labels(site, name).set(1)

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        polls, duration, lateness = self._of_polls(protocol, outcome)
        polls.inc()
        duration.observe(took_s)
        lateness.observe(max(0.0, late_s))

    def targets_changed(self, protocol: str, by: int) -> None:
        self._targets.labels(protocol).inc(by)

    def withheld(self, state: PollState) -> None:
        self._withheld.labels(state.value).inc()

    def waited(self, limit: str, wait_s: float) -> None:
        waits, seconds = self._of_waits(limit)
        waits.inc()
        seconds.inc(wait_s)

    def state_changed(self, before: PollState | None, after: PollState | None) -> None:
        if before is not None:
            self._states.labels(before.value).dec()
        if after is not None:
            self._states.labels(after.value).inc()

    def slowed(self, by: int) -> None:
        self._slowed.inc(by)


class SpoolMetrics:
    """What waits for Kafka, what was published late, and what was dropped, by reason."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._dropped = Counter(
            "isthmus_collector_dropped_records",
            "Records dropped: no room (full), too old (age), not kept (disk), damaged (corrupt), "
            "not taken by Kafka (refused).",
            ["reason"],
            registry=registry,
        )
        for reason in ("full", "age", "disk", "corrupt", "refused"):
            self._dropped.labels(reason)
        self._replayed = Counter(
            "isthmus_collector_replayed_records",
            "Records that were published late, behind the live ones.",
            registry=registry,
        )
        self._records = Gauge(
            "isthmus_collector_spool_records", "Records that wait for Kafka.", registry=registry
        )
        self._bytes = Gauge(
            "isthmus_collector_spool_bytes", "Size of what waits for Kafka.", registry=registry
        )
        self._fill = Gauge(
            "isthmus_collector_spool_fill_ratio",
            "Part of the spool that is taken, 0 to 1; a full one drops what is superseded first.",
            registry=registry,
        )
        self._age = Gauge(
            "isthmus_collector_spool_oldest_age_seconds",
            "Time since the oldest record that waits for Kafka was taken.",
            registry=registry,
        )

    def dropped(self, records: int, reason: str) -> None:
        self._dropped.labels(reason).inc(records)

    def replayed(self, records: int) -> None:
        self._replayed.inc(records)

    def holds(self, depth: Depth) -> None:
        self._records.set(depth.records)
        self._bytes.set(depth.bytes)
        self._fill.set(depth.fill)
        self._age.set(depth.oldest_age_s)


NOTIFICATION_DROPS = (
    "not_allowed", "unknown_source", "rate", "repeated", "not_authentic", "garbled"
)  # fmt: skip


class NotificationMetrics:
    """Traps and informs, and those that were dropped, by reason."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._notifications = Counter(
            "isthmus_collector_notifications",
            "Traps and informs that became Observations.",
            registry=registry,
        )
        self._dropped = Counter(
            "isthmus_collector_dropped_notifications",
            "Traps and informs dropped: source not allowed (not_allowed) or no target's address "
            "(unknown_source), too many (rate), sent again (repeated), wrong community or key "
            "(not_authentic), no SNMP (garbled).",
            ["reason"],
            registry=registry,
        )
        for reason in NOTIFICATION_DROPS:
            self._dropped.labels(reason)

    def notified(self) -> None:
        self._notifications.inc()

    def notification_dropped(self, reason: str) -> None:
        self._dropped.labels(reason).inc()

"""What the inventory says of its completeness, and of those who follow its changes."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from isthmus.inventory.domain.feed.completeness import Watermark


class FeedMetrics:
    """Watermarks by site; streams, and why they ended."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._until = Gauge(
            "isthmus_inventory_complete_until_timestamp_seconds",
            "Everything that was due on the site up to then is in.",
            ["site"],
            registry=registry,
        )
        self._late = Gauge(
            "isthmus_inventory_late_targets",
            "Targets of the site whose next read should have come.",
            ["site"],
            registry=registry,
        )
        self._streams = Gauge(
            "isthmus_inventory_change_streams",
            "Clients that follow the changes now.",
            registry=registry,
        )
        self._ended = Counter(
            "isthmus_inventory_change_streams_ended",
            "Streams of changes that ended, by reason: time, slow, refused, stopping, left.",
            ["reason"],
            registry=registry,
        )

    def show(self, marks: Iterable[Watermark]) -> None:
        self._until.clear()
        self._late.clear()
        for mark in marks:
            self._until.labels(mark.name).set(mark.until.timestamp())
            self._late.labels(mark.name).set(mark.late)

    def streams(self, open: int) -> None:
        self._streams.set(open)

    def ended(self, reason: str) -> None:
        self._ended.labels(reason).inc()

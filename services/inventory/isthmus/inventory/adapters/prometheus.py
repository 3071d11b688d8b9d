"""What inventory says of its work."""

from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From a read that is stored at once to a backlog that arrives after days without a link.
AGE_BUCKETS_S = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86_400)


class InventoryMetrics:
    """Changes, races, unchanged reports, how fresh all of it is, and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._changes = Counter(
            "isthmus_inventory_changes",
            "Changes of assets, by kind: discovered, changed, merged, replaced, retired.",
            ["kind"],
            registry=registry,
        )
        self._races = Counter(
            "isthmus_inventory_races",
            "Batches decided anew because another replica wrote the same assets.",
            registry=registry,
        )
        self._unchanged = Counter(
            "isthmus_inventory_unchanged_reports",
            "Reports that said nothing new of their device.",
            registry=registry,
        )
        self._age = Histogram(
            "isthmus_inventory_report_age_seconds",
            "Time from the read of a device until what it said was in the store.",
            buckets=AGE_BUCKETS_S,
            registry=registry,
        )
        self._outbox = Gauge(
            "isthmus_inventory_outbox_documents",
            "Documents with records that wait to be published, of up to 1,000 looked at.",
            ["outbox"],
            registry=registry,
        )

    def changed(self, kind: str) -> None:
        self._changes.labels(kind).inc()

    def raced(self) -> None:
        self._races.inc()

    def unchanged(self, reports: int) -> None:
        self._unchanged.inc(reports)

    def known(self, observed_at: Iterable[datetime]) -> None:
        now = datetime.now(UTC)
        for at in observed_at:
            self._age.observe(max(0.0, (now - at).total_seconds()))

    def waiting(self, outbox: str, documents: int) -> None:
        """Say how many documents of an outbox wait to be published."""
        self._outbox.labels(outbox).set(documents)

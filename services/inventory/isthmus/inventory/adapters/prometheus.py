"""What inventory says of its work."""

from prometheus_client import CollectorRegistry, Counter


class InventoryMetrics:
    """Counters of changes, races and unchanged reports."""

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

    def changed(self, kind: str) -> None:
        self._changes.labels(kind).inc()

    def raced(self) -> None:
        self._races.inc()

    def unchanged(self, reports: int) -> None:
        self._unchanged.inc(reports)

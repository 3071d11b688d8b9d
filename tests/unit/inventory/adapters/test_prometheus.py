"""What inventory counts."""

from prometheus_client import CollectorRegistry

from isthmus.inventory.adapters.prometheus import InventoryMetrics


def test_changes_races_and_unchanged_reports_are_counted() -> None:
    """Each under its name, changes by kind."""
    registry = CollectorRegistry()
    metrics = InventoryMetrics(registry)

    metrics.changed("merged")
    metrics.raced()
    metrics.unchanged(7)

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"isthmus_inventory_{name}_total", labels)

    assert value("changes", kind="merged") == 1
    assert value("races") == 1
    assert value("unchanged_reports") == 7

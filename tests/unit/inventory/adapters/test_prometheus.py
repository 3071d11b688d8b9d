"""What inventory counts."""

from datetime import UTC, datetime, timedelta

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


def test_how_fresh_the_inventory_is_can_be_promised() -> None:
    """A report that is in the store within 30 s of its read keeps the promise."""
    registry = CollectorRegistry()
    metrics = InventoryMetrics(registry)
    now = datetime.now(UTC)

    metrics.known([now - timedelta(seconds=2), now - timedelta(minutes=10), now + timedelta(1)])

    def within(le: str) -> float | None:
        name = "isthmus_inventory_report_age_seconds_bucket"
        return registry.get_sample_value(name, {"le": le})

    assert within("30.0") == 2
    assert within("+Inf") == 3


def test_what_waits_in_an_outbox_is_told() -> None:
    """By the collection that it stands in."""
    registry = CollectorRegistry()

    InventoryMetrics(registry).waiting("targets", 4)

    name = "isthmus_inventory_outbox_documents"
    assert registry.get_sample_value(name, {"outbox": "targets"}) == 4

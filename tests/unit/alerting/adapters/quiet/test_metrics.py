"""What is exported of what is held back, and of what stands for too long."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from prometheus_client import CollectorRegistry

from isthmus.alerting.adapters.quiet.metrics import QuietMetrics, StandingMetrics
from isthmus.alerting.domain.alarms.alarm import Alarm, State
from isthmus.alerting.domain.alarms.transition import Kind, Transition
from isthmus.alerting.domain.quiet.kpis import Now

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALARM = Alarm("a", "hot", "hagen/t", "hagen", "", "low", "Look.", "temperature", 0, raised_at=NOW)
RAISED = Transition(1, Kind.RAISED, State.SUPPRESSED, NOW)


def test_what_was_raised_and_called_nobody_is_counted_by_what_held_it_back() -> None:
    """By kind: ids of windows and names of parents are no labels."""
    registry = CollectorRegistry()
    metrics = QuietMetrics(registry)
    metrics.transitioned(ALARM, replace(RAISED, suppressed=("maintenance:w", "flood:hagen")))
    metrics.transitioned(ALARM, replace(RAISED, suppressed=("shelved",), chattering=True))
    metrics.transitioned(ALARM, RAISED)

    def held(by: str) -> float | None:
        return registry.get_sample_value("isthmus_alerting_held_total", {"site": "hagen", "by": by})

    assert (held("maintenance"), held("shelved"), held("flood")) == (1, 1, None)
    chattering = "isthmus_alerting_chattering_total"
    assert registry.get_sample_value(chattering, {"site": "hagen"}) == 1


def test_how_soon_a_person_saw_an_alarm_is_a_histogram() -> None:
    """From raised to acknowledged."""
    registry = CollectorRegistry()
    at = NOW + timedelta(seconds=45)
    acknowledged = Transition(2, Kind.ACKNOWLEDGED, State.ACKNOWLEDGED, at)
    QuietMetrics(registry).transitioned(ALARM, acknowledged)

    name = "isthmus_alerting_acknowledge_seconds"
    assert registry.get_sample_value(f"{name}_sum", {"site": "hagen"}) == 45
    below = {"site": "hagen", "le": "60.0"}
    assert registry.get_sample_value(f"{name}_bucket", below) == 1


def test_what_stands_for_too_long_is_worked_out_when_it_is_asked_for() -> None:
    """By site; what is not there is not exported."""
    registry = CollectorRegistry()
    standing = {"hagen": Now(3, NOW, 1, NOW - timedelta(hours=1)), "lyon": Now(0, None, 0, None)}
    registry.register(StandingMetrics(lambda: standing, lambda: ["hagen"], lambda: NOW))

    def value(name: str, site: str = "hagen") -> float | None:
        return registry.get_sample_value(f"isthmus_alerting_{name}", {"site": site})

    assert (value("stale_alarms"), value("shelved_alarms")) == (3, 1)
    assert (value("shelved_oldest_seconds"), value("shelved_oldest_seconds", "lyon")) == (
        3600,
        None,
    )
    assert (value("flooded_sites"), value("flooded_sites", "lyon")) == (1, None)

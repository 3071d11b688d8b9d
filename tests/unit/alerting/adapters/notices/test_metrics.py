"""What notices say of themselves."""

from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import CollectorRegistry
from tests.notices import START, a_notice, after, policies

from isthmus.alerting.adapters.notices.metrics import NoticeMetrics
from isthmus.alerting.domain.notices.delivery import Attempt, Delivery, DeliveryState, Verdict
from isthmus.alerting.domain.notices.standing import Standing

(DESK,) = policies("desk").values()
WAITING = Delivery(a_notice(), "desk", START, START)


@pytest.fixture
def registry() -> CollectorRegistry:
    """An empty one."""
    return CollectorRegistry()


def test_each_delivery_is_counted_by_its_outcome(registry: CollectorRegistry) -> None:
    """Queued, tried again, sent, dead: nothing is dropped silently."""
    metrics = NoticeMetrics(registry)
    attempt = Attempt(START, Verdict.SENT, 0.2, 200, together=2)
    sent = replace(WAITING, state=DeliveryState.SENT, attempts=(attempt,))
    metrics.queued([WAITING, replace(WAITING, state=DeliveryState.OUTDATED)])
    metrics.told(DESK, [sent, sent], after(3))
    metrics.told(DESK, [replace(sent, state=DeliveryState.WAITING)], after(3))
    metrics.told(DESK, [replace(sent, state=DeliveryState.DEAD)], after(3))
    metrics.cancelled(2)
    metrics.untold("unrouted")

    def value(name: str, **labels: str) -> float | None:
        return registry.get_sample_value(f"isthmus_alerting_{name}", labels)

    for outcome, count in (
        ("queued", 1),
        ("outdated", 1),
        ("sent", 2),
        ("retried", 1),
        ("dead", 1),
    ):
        assert value("deliveries_total", receiver="desk", outcome=outcome) == count
    assert value("digested_deliveries_total", receiver="desk") == 2
    assert value("cancelled_escalations_total") == 2
    assert value("untold_transitions_total", reason="unrouted") == 1
    assert value("delivery_delay_seconds_sum", receiver="desk") == 6
    assert value("delivery_duration_seconds_count", receiver="desk") == 3


def test_how_a_receiver_stands_is_said_by_who_tells_it(registry: CollectorRegistry) -> None:
    """And by a replica that does not as nothing, so that a sum over replicas is right."""
    metrics = NoticeMetrics(registry)
    standing = Standing(after(10), 4, START, after(10) + timedelta(seconds=5), "down")
    names = ("waiting_deliveries", "oldest_delivery_seconds", "receiver_breaker_open")

    def values() -> list[float | None]:
        labels = {"receiver": "desk"}
        return [registry.get_sample_value(f"isthmus_alerting_{name}", labels) for name in names]

    metrics.stands(DESK, standing)
    assert values() == [4, 10, 1]
    metrics.stands(DESK, None)
    assert values() == [0, 0, 0]

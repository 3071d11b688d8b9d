"""What is measured of notices."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from isthmus.alerting.domain.notices.delivery import Delivery, DeliveryState, Policy
from isthmus.alerting.domain.notices.standing import Standing

BUCKETS_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class NoticeMetrics:
    """Deliveries and receivers, for the people who run the platform."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.deliveries = Counter(
            "isthmus_alerting_deliveries",
            "Deliveries by receiver and outcome: queued, sent, retried, dead, outdated.",
            ["receiver", "outcome"],
            registry=registry,
        )
        self.digested = Counter(
            "isthmus_alerting_digested_deliveries",
            "Deliveries that went together with others in one message.",
            ["receiver"],
            registry=registry,
        )
        self.cancelled_steps = Counter(
            "isthmus_alerting_cancelled_escalations",
            "Steps of escalations that ended before they were due: the alarm was acknowledged, "
            "held back or over.",
            registry=registry,
        )
        self.untold_transitions = Counter(
            "isthmus_alerting_untold_transitions",
            "Transitions that nobody was told of: untold (nobody knew of the alarm), unrouted "
            "(no route names a receiver), outdated (read too late).",
            ["reason"],
            registry=registry,
        )
        self.duration = Histogram(
            "isthmus_alerting_delivery_duration_seconds",
            "Time of one message until the answer was there.",
            ["receiver"],
            buckets=BUCKETS_S,
            registry=registry,
        )
        self.delay = Histogram(
            "isthmus_alerting_delivery_delay_seconds",
            "Time from when a delivery was queued, or its escalation due, until it was sent.",
            ["receiver"],
            buckets=(*BUCKETS_S, 300, 1800, 7200),
            registry=registry,
        )
        self.waiting = Gauge(
            "isthmus_alerting_waiting_deliveries",
            "Deliveries that are due, of the receivers that this replica tells.",
            ["receiver"],
            registry=registry,
        )
        self.oldest = Gauge(
            "isthmus_alerting_oldest_delivery_seconds",
            "For how long the oldest delivery is due, of the receivers that this replica tells.",
            ["receiver"],
            registry=registry,
        )
        self.breaker = Gauge(
            "isthmus_alerting_receiver_breaker_open",
            "1 while a receiver is spared because it failed, of those that this replica tells.",
            ["receiver"],
            registry=registry,
        )

    def queued(self, deliveries: Iterable[Delivery]) -> None:
        """See Observer."""
        for each in deliveries:
            outcome = "outdated" if each.state is DeliveryState.OUTDATED else "queued"
            self.deliveries.labels(each.receiver, outcome).inc()

    def cancelled(self, count: int) -> None:
        """See Observer."""
        self.cancelled_steps.inc(count)

    def untold(self, reason: str) -> None:
        """See Observer."""
        self.untold_transitions.labels(reason).inc()

    def told(self, policy: Policy, deliveries: Sequence[Delivery], now: datetime) -> None:
        """See Observer."""
        attempt = deliveries[0].attempts[-1]
        self.duration.labels(policy.name).observe(attempt.duration_s)
        for each in deliveries:
            outcome = "retried" if each.state is DeliveryState.WAITING else each.state.value
            self.deliveries.labels(policy.name, outcome).inc()
            if each.state is DeliveryState.SENT:
                since = each.due_at if each.step else each.queued_at
                self.delay.labels(policy.name).observe((now - since).total_seconds())
        if len(deliveries) > 1 and not policy.gathers:
            self.digested.labels(policy.name).inc(len(deliveries))

    def stands(self, policy: Policy, standing: Standing | None) -> None:
        """See Observer."""
        if standing is None:
            for gauge in (self.waiting, self.oldest, self.breaker):
                gauge.labels(policy.name).set(0)
            return
        oldest_at = standing.oldest_at or standing.at
        self.waiting.labels(policy.name).set(standing.waiting)
        self.oldest.labels(policy.name).set((standing.at - oldest_at).total_seconds())
        self.breaker.labels(policy.name).set(standing.spared_until is not None)

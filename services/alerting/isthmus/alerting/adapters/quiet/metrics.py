"""How much the alarms ask of people, for Prometheus: the figures of ISA-18.2 as they come."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.transition import Kind, Transition
from isthmus.alerting.domain.quiet.kpis import Now

# From one who looks at the screen to one who was not there for a shift.
ACKNOWLEDGE_BUCKETS_S = (30, 60, 300, 600, 1800, 3600, 14_400, 28_800)


class QuietMetrics:
    """What was held back, what chatters, and how soon people see an alarm."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._held = Counter(
            "isthmus_alerting_held",
            "Alarms that were raised and called nobody, by site and by what held them back.",
            ["site", "by"],
            registry=registry,
        )
        self._chattering = Counter(
            "isthmus_alerting_chattering",
            "Times that an alarm was raised for the third time within a minute (ISA-18.2).",
            ["site"],
            registry=registry,
        )
        self._acknowledge = Histogram(
            "isthmus_alerting_acknowledge_seconds",
            "Time from raised to acknowledged.",
            ["site"],
            buckets=ACKNOWLEDGE_BUCKETS_S,
            registry=registry,
        )

    def transitioned(self, alarm: Alarm, transition: Transition) -> None:
        """Count a step that this replica has stored."""
        if transition.kind is Kind.RAISED:
            for held in transition.suppressed[:1]:
                self._held.labels(alarm.site, held.partition(":")[0]).inc()
            if transition.chattering:
                self._chattering.labels(alarm.site).inc()
        elif transition.kind is Kind.ACKNOWLEDGED and alarm.raised_at is not None:
            waited = transition.at - alarm.raised_at
            self._acknowledge.labels(alarm.site).observe(max(0.0, waited.total_seconds()))


class StandingMetrics(Collector):
    """What stands for too long, worked out when Prometheus asks; the same on every replica."""

    def __init__(
        self,
        standing: Callable[[], Mapping[str, Now]],
        flooded: Callable[[], Iterable[str]],
        now: Callable[[], datetime],
    ) -> None:
        self._standing = standing
        self._flooded = flooded
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges of this moment."""
        stale = _gauge("stale_alarms", "Alarms that last for more than a day (ISA-18.2).")
        shelved = _gauge("shelved_alarms", "Alarms that are shelved.")
        oldest = _gauge("shelved_oldest_seconds", "How long the oldest shelf stands.")
        flooded = _gauge("flooded_sites", "1 while more alarms come than a person can take in.")
        for site, found in sorted(self._standing().items()):
            stale.add_metric([site], found.stale)
            shelved.add_metric([site], found.shelved)
            if found.shelved_since is not None:
                age = (self._now() - found.shelved_since).total_seconds()
                oldest.add_metric([site], max(0.0, age))
        for site in sorted(self._flooded()):
            flooded.add_metric([site], 1)
        yield from (stale, shelved, oldest, flooded)


def _gauge(name: str, said: str) -> GaugeMetricFamily:
    same = "The same on every replica: take the greatest."
    return GaugeMetricFamily(f"isthmus_alerting_{name}", f"{said} {same}", labels=["site"])

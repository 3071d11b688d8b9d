"""What only alerting measures."""

from collections.abc import Iterable
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# From a report that is judged at once to a backlog that arrives after days without a link.
AGE_BUCKETS_S = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 86_400)


class AlertingMetrics:
    """Alarms and rules, for the people who run the platform."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.transitions = Counter(
            "isthmus_alerting_transitions",
            "Steps of alarms: raised, cleared, acknowledged; by the rule and its priority.",
            ["rule", "priority", "kind"],
            registry=registry,
        )
        self.annunciations = Counter(
            "isthmus_alerting_annunciations",
            "Times that a person was to hear of an alarm, by site and priority (ISA-18.2 16.4).",
            ["site", "priority"],
            registry=registry,
        )
        self._age = Histogram(
            "isthmus_alerting_report_age_seconds",
            "Time from the read of a device until the rules had judged what it said.",
            buckets=AGE_BUCKETS_S,
            registry=registry,
        )
        self._outbox = Gauge(
            "isthmus_alerting_outbox_documents",
            "Alarms with records that wait to be published, of up to 1,000 looked at.",
            registry=registry,
        )
        self.open = Gauge(
            "isthmus_alerting_open_alarms",
            "Alarms of the owned partitions whose condition is not normal, delays included.",
            registry=registry,
        )
        self.sources = Gauge(
            "isthmus_alerting_watched_sources",
            "Sources of the owned partitions that are missed when they fall silent.",
            registry=registry,
        )
        self.rules = Gauge(
            "isthmus_alerting_rules",
            "Rules by whether they are in force or were refused as wrong at start.",
            ["outcome"],
            registry=registry,
        )

    def judged(self, observed_at: Iterable[datetime]) -> None:
        """Reports that were observed at these times have been judged."""
        now = datetime.now(UTC)
        for at in observed_at:
            self._age.observe(max(0.0, (now - at).total_seconds()))

    def waiting(self, documents: int) -> None:
        """Say how many alarms of the outbox wait to be published."""
        self._outbox.set(documents)

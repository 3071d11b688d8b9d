"""What only alerting measures."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class AlertingMetrics:
    """Alarms and rules, for the people who run the platform."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.transitions = Counter(
            "isthmus_alerting_transitions",
            "Steps of alarms: raised, cleared, acknowledged; by the rule and its priority.",
            ["rule", "priority", "kind"],
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

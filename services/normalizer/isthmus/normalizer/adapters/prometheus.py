"""What the normaliser measures of its own work."""

from prometheus_client import CollectorRegistry, Counter


class NormalizerMetrics:
    """Counts reports, and what the catalogue does not know."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._reports = Counter(
            "isthmus_normalizer_reports",
            "Reports made, one for each device of an observation, by reachability.",
            ["reachability"],
            registry=registry,
        )
        self._unrecognised = Counter(
            "isthmus_normalizer_unrecognised_devices",
            "Devices of which no rule of the catalogue knows this attribute; "
            "counted when a device first appears or looks different.",
            ["attribute"],
            registry=registry,
        )
        self._skipped = Counter(
            "isthmus_normalizer_skipped_values",
            "Values left out of reports because they are no finite numbers.",
            registry=registry,
        )

    def reported(self, reachability: str, count: int) -> None:
        """Count reports."""
        self._reports.labels(reachability).inc(count)

    def unrecognised(self, attribute: str) -> None:
        """Count a device of which `attribute` is not known."""
        self._unrecognised.labels(attribute).inc()

    def skipped(self, count: int) -> None:
        """Count values that are no finite numbers."""
        self._skipped.inc(count)

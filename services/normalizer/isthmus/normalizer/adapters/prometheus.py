"""What the normaliser measures of its own work."""

from prometheus_client import CollectorRegistry, Counter, Gauge


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
        self._doubted = Counter(
            "isthmus_normalizer_doubted_values",
            "Values reported as bad (no number) or uncertain (outside their range).",
            ["quality"],
            registry=registry,
        )
        self._catalog = Gauge(
            "isthmus_normalizer_catalog_info",
            "1 for the fingerprint of the catalogue in use, which each report names.",
            ["fingerprint"],
            registry=registry,
        )
        self._refused = Gauge(
            "isthmus_normalizer_catalog_refused",
            "1 while the catalogue's folder holds a wrong one, and the last good one is used.",
            registry=registry,
        )

    def reported(self, reachability: str, count: int) -> None:
        """Count reports."""
        self._reports.labels(reachability).inc(count)

    def unrecognised(self, attribute: str) -> None:
        """Count a device of which `attribute` is not known."""
        self._unrecognised.labels(attribute).inc()

    def doubted(self, quality: str, count: int) -> None:
        """Count values whose quality is not good."""
        self._doubted.labels(quality).inc(count)

    def catalog(self, fingerprint: str) -> None:
        """Say which catalogue is in use."""
        self._catalog.clear()
        self._catalog.labels(fingerprint).set(1)
        self._refused.set(0)

    def catalog_refused(self) -> None:
        """Say that another catalogue is there and wrong."""
        self._refused.set(1)

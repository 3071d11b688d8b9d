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
        self._observations = Counter(
            "isthmus_normalizer_observations",
            "Scheduled reads that arrived, by site and by how they ended.",
            ["site", "outcome"],
            registry=registry,
        )
        self._newest = Gauge(
            "isthmus_normalizer_newest_observation_timestamp_seconds",
            "When the newest observation was made that arrived from a site.",
            ["site"],
            registry=registry,
        )
        self._newest_s: dict[str, float] = {}
        self._polled_twice = Counter(
            "isthmus_normalizer_double_polls",
            "Slots for which two collectors have read the same target.",
            ["site"],
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

    def arrived(self, site: str, outcome: str, count: int) -> None:
        """Count reads of a site; all that are counted of it are there from the first on."""
        self._observations.labels(site, outcome).inc(count)
        self._polled_twice.labels(site)

    def heard(self, site: str, at_s: float) -> None:
        """Move a site's newest observation on; what was replayed does not move it back."""
        newest_s = self._newest_s[site] = max(at_s, self._newest_s.get(site, 0.0))
        self._newest.labels(site).set(newest_s)

    def polled_twice(self, site: str) -> None:
        """Count a slot that two collectors have read."""
        self._polled_twice.labels(site).inc()

    def catalog(self, fingerprint: str) -> None:
        """Say which catalogue is in use."""
        self._catalog.clear()
        self._catalog.labels(fingerprint).set(1)
        self._refused.set(0)

    def catalog_refused(self) -> None:
        """Say that another catalogue is there and wrong."""
        self._refused.set(1)

"""Assets as Prometheus metrics, as kube-state-metrics does for the objects of a cluster."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from isthmus.inventory.domain.assets.model import Health
from isthmus.inventory.domain.money.days import last_day

NEEDS = (
    "id", "site", "path", "class", "vendor", "model", "name", "firmware", "criticality",
    "reachability", "health", "last_seen_at", "end_of_support", "end_of_sale", "warranty_until",
)  # fmt: skip
"""The fields of an asset that its metrics are made of."""
INFO = ("site", "path", "class", "vendor", "model", "name", "firmware", "criticality")
ENDS = ("end_of_support", "end_of_sale", "warranty_until")
Item = Mapping[str, Any]


def metrics(assets: Sequence[Item], cut: int, now: datetime) -> bytes:
    """The page of metrics of these assets; `cut` is how many more there are."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Assets(assets, cut, now))
    return generate_latest(registry)


class _Assets(Collector):
    def __init__(self, assets: Sequence[Item], cut: int, now: datetime) -> None:
        self._assets = assets
        self._cut = cut
        self._now = now

    def collect(self) -> Iterable[GaugeMetricFamily]:
        yield _family("info", "What an asset is; always 1.", INFO, self._info())
        yield _family("up", "Does the asset answer? 1 for yes.", (), self._up())
        yield _family("health", "NAMUR NE 107 status: 1 for the one it has.",
                      ("status",), self._health())  # fmt: skip
        yield _family("last_seen_timestamp_seconds", "When the asset last answered.", (),
                      self._last_seen())  # fmt: skip
        yield _family("end_days", "Days until something of the asset ends; negative: it has.",
                      ("what",), self._ends())  # fmt: skip
        yield GaugeMetricFamily("isthmus_inventory_exported_assets", "Assets on this page.",
                                value=len(self._assets))  # fmt: skip
        yield GaugeMetricFamily("isthmus_inventory_cut_assets",
                                "Assets that are not on this page: there are too many.",
                                value=self._cut)  # fmt: skip

    def _info(self) -> Iterable[tuple[list[str], float]]:
        for each in self._assets:
            yield [each["id"], *(each.get(name) or "" for name in INFO)], 1

    def _up(self) -> Iterable[tuple[list[str], float]]:
        for each in self._assets:
            if each.get("reachability") != "not_asked":
                yield [each["id"]], each.get("reachability") in ("online", "degraded")

    def _health(self) -> Iterable[tuple[list[str], float]]:
        for each in self._assets:
            for status in Health:
                yield [each["id"], status.value], each.get("health") == status.value

    def _last_seen(self) -> Iterable[tuple[list[str], float]]:
        for each in self._assets:
            if at := each.get("last_seen_at"):
                yield [each["id"]], at.timestamp()

    def _ends(self) -> Iterable[tuple[list[str], float]]:
        for each in self._assets:
            for what in ENDS:
                if day := each.get(what):
                    yield [each["id"], what], (last_day(day) - self._now.date()).days


def _family(
    name: str, says: str, labels: Sequence[str], samples: Iterable[tuple[list[str], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"isthmus_asset_{name}", says, labels=["asset", *labels])
    for values, value in samples:
        family.add_metric(values, float(value))
    return family

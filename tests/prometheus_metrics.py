"""What there is to query: the metrics of the wired services and of the recording rules.

And what a query asks for: PromQL is parsed by promtool; here only names are taken out of it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from isthmus.collector.adapters.prometheus import NotificationMetrics
from isthmus.inventory.adapters.finding.exporter import metrics as asset_metrics
from tests.drift import ROOT, SERVICES, wired

CHART = ROOT / "deploy" / "helm" / "isthmus"
RULES = sorted((CHART / "files" / "rules").glob("*.yaml"))
RUNBOOKS = "https://isthmus.example/runbooks/"
# What Prometheus adds to every series of a target, on Kubernetes (ServiceMonitor) as elsewhere.
TARGET = frozenset({"job", "instance", "namespace", "pod", "service", "container", "endpoint"})
# By type of metric: what names of samples end with (Prometheus text format 0.0.4).
SUFFIXES = {"counter": re.compile("_total$"), "histogram": re.compile("_(bucket|count|sum)$")}
OWN = {"ALERTS": frozenset({"alertname", "alertstate", "severity", "site", "job"})}
Labels = frozenset[str]
Metrics = Mapping[str, Labels]


@cache
def services() -> Metrics:
    """The labels of every metric that a service serves, by the name of its samples."""
    found: dict[str, Labels] = {}
    for service in SERVICES:
        found.update(_of(wired(service).registry))
    with_traps = CollectorRegistry()
    NotificationMetrics(with_traps)  # only where a port for them is set
    return found | _of(with_traps) | _assets()


@cache
def everything() -> Metrics:
    """Also what the recording rules make of them, and what Prometheus says itself."""
    return {**services(), **OWN, **{rule["record"]: _recorded(rule) for rule in records()}}


def groups() -> list[dict[str, Any]]:
    """The groups of all rule files."""
    return [group for file in RULES for group in yaml.safe_load(file.read_text())["groups"]]


def alerts() -> list[dict[str, Any]]:
    """Every alerting rule."""
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def records() -> list[dict[str, Any]]:
    """Every recording rule."""
    return [rule for group in groups() for rule in group["rules"] if "record" in rule]


@dataclass(frozen=True)
class Selector:
    """One selection of series: by name or by a pattern of names, and by labels."""

    name: str
    is_pattern: bool
    matchers: Mapping[str, str]

    def names(self, known: Metrics) -> list[str]:
        """The metrics that it finds."""
        if self.is_pattern:
            return [name for name in known if re.fullmatch(self.name, name)]
        return [self.name] if self.name in known else []


GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)?\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
REPLACED = re.compile(r'label_replace\s*\(.*?"(\w+)"\s*,\s*"[^"]*"\s*,', re.DOTALL)
WORD = re.compile(r"(?<![\w:$.])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
KEYWORDS = {
    "and", "or", "unless", "bool", "offset", "by", "without", "on", "ignoring", "group_left",
    "group_right", "inf", "nan",
}  # fmt: skip


def selectors(query: str) -> Iterator[Selector]:
    """Every selection of series in a query."""
    rest = GROUPING.sub(" ", query)
    for name, inside in SELECTOR.findall(rest):
        matchers = {label: value for label, _, value in MATCHER.findall(inside)}
        pattern = matchers.pop("__name__", "")
        yield Selector(name or pattern, not name, matchers)
    rest = re.sub(r'"(?:[^"\\]|\\.)*"|\[[^\]]*\]', " ", SELECTOR.sub(" ", rest))
    rest = re.sub(r"\b\d[\w.]*", " ", rest)
    for word in WORD.findall(rest):
        if word.lower() not in KEYWORDS:
            yield Selector(word, False, {})


def grouped(query: str) -> set[str]:
    """The labels by which a query groups or joins."""
    return {label for inside in GROUPING.findall(query) for label in re.findall(r"\w+", inside)}


def mistakes(query: str) -> list[str]:
    """What a query names that is not there."""
    known, found = everything(), list(selectors(query))
    wrong = [f"{s.name}: no such metric" for s in found if not s.names(known)]
    asked = set(REPLACED.findall(query)) | TARGET
    for selector in found:
        for name in selector.names(known):
            asked |= known[name]
            unknown = selector.matchers.keys() - known[name] - TARGET
            wrong += [f"{name}: has no label {label}" for label in sorted(unknown)]
    return wrong + [f"{label}: no metric of the query has it" for label in grouped(query) - asked]


def _of(registry: CollectorRegistry) -> dict[str, Labels]:
    # A metric without samples yet shows its labels nowhere but in the collector.
    found: dict[str, Labels] = {}
    for name, collector in registry._names_to_collectors.items():
        labels = frozenset(getattr(collector, "_labelnames", ()))
        if SUFFIXES.get(getattr(collector, "_type", ""), re.compile("")).search(name):
            found[name] = labels | {"le"} if name.endswith("_bucket") else labels
    for family in registry.collect():
        for sample in family.samples:
            found.setdefault(sample.name, frozenset(sample.labels))
    return found


def _assets() -> dict[str, Labels]:
    now = datetime.now(UTC)
    asset = {"id": "1", "site": "s", "last_seen_at": now, "end_of_support": "2030", "health": "ok"}
    page = asset_metrics([asset], 0, now).decode()
    families = text_string_to_metric_families(page)
    return {s.name: frozenset(s.labels) for family in families for s in family.samples}


def _recorded(rule: Mapping[str, Any]) -> Labels:
    query = rule["expr"]
    return frozenset(grouped(query) | set(REPLACED.findall(query)) | rule.get("labels", {}).keys())


def page_of(alert: str) -> Path:
    """The runbook page of an alert."""
    return ROOT / "docs" / "runbooks" / f"{alert}.md"

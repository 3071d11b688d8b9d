"""Dashboards: what Grafana takes, and queries that find something."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from pydantic import BaseModel, ConfigDict, Field
from tests import prometheus_metrics as known
from tests.drift import ROOT
from tests.prometheus_tools import tool

FILES = sorted((known.CHART / "files" / "dashboards").glob("*.json"))
COLUMNS = 24
VARIABLE = re.compile(r"\$\{?(\w+)\}?")
# Grafana's identifiers of units (packages/grafana-data, valueFormats/categories).
UNITS = {"short", "none", "s", "d", "bytes", "percentunit", "ops", "reqps"}


class Strict(BaseModel):
    """What the dashboard schema of Grafana names, as far as we use it; anything else is wrong."""

    model_config = ConfigDict(extra="forbid")


class Source(Strict):
    """Which data source: always the one that the reader has chosen."""

    type: Literal["prometheus"]
    uid: Literal["${datasource}"]


class Place(Strict):
    """Where a panel stands in 24 columns."""

    h: int = Field(ge=1)
    w: int = Field(ge=1, le=COLUMNS)
    x: int = Field(ge=0, lt=COLUMNS)
    y: int = Field(ge=0)


class Target(Strict):
    """One query."""

    refId: str
    datasource: Source
    expr: str
    legendFormat: str
    range: bool
    instant: bool
    format: Literal["table"] | None = None


class Step(Strict):
    """From which value on a colour holds; the first holds from the lowest on."""

    color: Literal["green", "orange", "red"]
    value: float | None


class Thresholds(Strict):
    """Colours by value."""

    mode: Literal["absolute"]
    steps: list[Step] = Field(min_length=1)


class Defaults(Strict):
    """How values are shown."""

    unit: str
    thresholds: Thresholds
    color: dict[str, str]
    min: float | None = None
    max: float | None = None
    decimals: int | None = None
    custom: dict[str, Any] = {}


class Fields(Strict):
    """How values are shown, and exceptions."""

    defaults: Defaults
    overrides: list[dict[str, Any]]


class Link(Strict):
    """A runbook."""

    title: str
    url: str
    targetBlank: bool


class Panel(Strict):
    """One panel."""

    id: int
    type: Literal["timeseries", "stat", "bargauge", "table"]
    title: str = Field(min_length=1)
    description: str = Field(min_length=1)
    datasource: Source
    gridPos: Place
    targets: list[Target] = Field(min_length=1)
    fieldConfig: Fields
    options: dict[str, Any]
    links: list[Link] = []
    transformations: list[dict[str, Any]] = []


class Row(Strict):
    """A heading."""

    id: int
    type: Literal["row"]
    title: str
    collapsed: bool
    gridPos: Place
    panels: list[Panel]


class Dashboard(Strict):
    """One dashboard."""

    uid: str = Field(pattern=r"^isthmus-[a-z]+$", max_length=40)
    title: str
    description: str
    tags: list[Literal["isthmus"]] = Field(min_length=1)
    schemaVersion: int = Field(ge=39)
    version: int
    editable: bool
    graphTooltip: int
    timezone: Literal["browser"]
    refresh: str
    time: dict[str, str]
    links: list[dict[str, Any]]
    annotations: dict[str, list[dict[str, Any]]]
    templating: dict[str, list[dict[str, Any]]]
    panels: list[Panel | Row]

    @property
    def shown(self) -> list[Panel]:
        """The panels that show something."""
        return [panel for panel in self.panels if isinstance(panel, Panel)]


def read(file: Path) -> Dashboard:
    return Dashboard.model_validate(json.loads(file.read_text()))


def queries() -> Iterator[tuple[str, str]]:
    """Every query, with where it stands, as Prometheus would get it."""
    for file in FILES:
        dashboard = read(file)
        for panel in dashboard.shown:
            for target in panel.targets:
                yield f"{dashboard.uid}/{panel.title}", _filled(target.expr)
        for annotation in dashboard.annotations["list"]:
            yield f"{dashboard.uid}/{annotation['name']}", _filled(annotation["expr"])


def _filled(query: str) -> str:
    return query.replace("$__rate_interval", "5m").replace("$site", "s").replace("$job", "j")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_dashboard_is_what_grafana_takes(file: Path) -> None:
    """Its fields are those of the schema; the file is named as its uid, which links go by."""
    assert read(file).uid == f"isthmus-{file.stem}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_panels_stand_beside_each_other(file: Path) -> None:
    """None lies over another or beyond the last column, and each has an id of its own."""
    panels = read(file).panels
    cells = [
        (x, y)
        for place in (panel.gridPos for panel in panels)
        for x in range(place.x, place.x + place.w)
        for y in range(place.y, place.y + place.h)
    ]

    assert len(cells) == len(set(cells))
    assert all(x < COLUMNS for x, _ in cells)
    assert len({panel.id for panel in panels}) == len(panels)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_values_have_units_and_colours_an_order(file: Path) -> None:
    """A threshold below the one before it would never be seen."""
    for panel in read(file).shown:
        defaults = panel.fieldConfig.defaults
        first, *others = [step.value for step in defaults.thresholds.steps]
        assert defaults.unit in UNITS, panel.title
        assert first is None, panel.title
        assert others == sorted(value for value in others if value is not None), panel.title


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_variable_is_declared_and_a_runbook_there(file: Path) -> None:
    """A query with an unknown variable shows nothing, a dead link helps nobody at night."""
    dashboard = read(file)
    declared = {variable["name"] for variable in dashboard.templating["list"]}
    for panel in dashboard.shown:
        used = {name for t in panel.targets for name in VARIABLE.findall(t.expr)}
        assert used - {"__rate_interval"} <= declared, panel.title
        for link in panel.links:
            assert link.url.startswith(known.RUNBOOKS), panel.title
            assert known.page_of(link.url.removeprefix(known.RUNBOOKS)).exists(), panel.title


def test_every_query_parses(tmp_path: Path) -> None:
    """Each as a recording rule, so that promtool reads it."""
    rules = [{"record": f"q{n}", "expr": query} for n, (_, query) in enumerate(queries())]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))

    done = subprocess.run(
        [tool("promtool"), "check", "rules", "--lint=none", file],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout + done.stderr


def test_a_query_asks_for_what_is_there() -> None:
    """Metrics and labels of the wired services, of the recording rules, of Prometheus."""
    found = {where: known.mistakes(query) for where, query in queries()}

    assert {where: mistakes for where, mistakes in found.items() if mistakes} == {}


def test_the_variables_list_what_is_there() -> None:
    """`label_values(metric, label)`: a list of sites that is empty makes an empty dashboard."""
    for file in FILES:
        for variable in read(file).templating["list"]:
            if variable["type"] == "query":
                query, _, label = variable["definition"][len("label_values(") : -1].rpartition(",")
                assert known.mistakes(query) == []
                names = {n for s in known.selectors(query) for n in s.names(known.everything())}
                labels = known.TARGET.union(*(known.everything()[name] for name in names))
                assert label.strip() in labels


def test_there_is_a_dashboard_for_each_reader() -> None:
    """Fleet, collectors, pipeline, inventory, alarms, one site."""
    shown = {"alarms", "collector", "fleet", "inventory", "pipeline", "site"}

    assert {file.stem for file in FILES} == shown
    assert (ROOT / "docs" / "monitoring.md").exists()

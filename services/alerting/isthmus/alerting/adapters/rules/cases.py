"""Tests of rules, beside them: what is reported, and which transitions that must make."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator

from isthmus.alerting.adapters.rules.files import SHIPPED, Mistake, line_of, nodes
from isthmus.alerting.adapters.rules.kinds import Health, Number, Part, Words
from isthmus.alerting.adapters.rules.parts import explained
from isthmus.alerting.domain.rules.examine import Happening
from isthmus.alerting.domain.rules.reading import Reading
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import HAPPENINGS, LISTS, Subject
from isthmus.alerting.domain.rules.trial import Told, Trial

START = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment of `at_s: 0` unless a test says `on`."""
SITE, PATH = "hagen", "nordwerk/hagen/press-shop/line-1/press-1"
MEASURED = r"^-?\d+(\.\d+)?( \S+)?$"
Recorded = Callable[[Any], Reading]
"""Makes a reading of a recorded report, protobuf JSON; raises ValueError."""


class ReportPart(Part):
    """One report, in short."""

    at_s: Number = Field(description="When the device was read.")
    comes_s: Number | None = Field(default=None, description="When it is heard, if that is later.")
    source: str = f"{SITE}/device-1"
    class_: str = Field(default="", alias="class")
    path: str = PATH
    interval_s: Annotated[Number, Field(ge=0)] = 60
    reachability: Literal["online", "degraded", "offline", "not_asked", "unknown"] = "online"
    health: Health | Literal["normal", "unknown"] = "unknown"
    reason: str = ""
    part: bool = False
    attributes: dict[str, str] = Field(default_factory=dict)
    metrics: dict[str, Annotated[str, Field(pattern=MEASURED)]] = Field(
        default={}, description="Value and unit.", examples=[{"temperature": "85 Cel"}]
    )
    bad: list[str] = Field(default=[], description="Metrics that were read and are none.")

    def reading(self, start: datetime, asset_class: str) -> Reading:
        """The report as rules see it; `asset_class` unless it says one."""
        said = {"class": self.class_ or asset_class} if self.class_ or asset_class else {}
        values = [text.partition(" ") for text in self.metrics.values()]
        return Reading(
            source=self.source,
            site=self.source.partition("/")[0],
            path=self.path,
            at=start + timedelta(seconds=self.at_s),
            interval_s=self.interval_s,
            reachability=self.reachability,
            reachability_reason=self.reason,
            health=self.health,
            health_reason=self.reason,
            part=self.part,
            attributes={**said, **self.attributes},
            metric=[*self.metrics],
            value=[float(value) for value, _, _ in values],
            unit=[unit or "1" for _, _, unit in values],
            bad=self.bad,
        )


class AssetPart(Part):
    """What the inventory says of an asset, or what happened to it."""

    at_s: Number
    id: str = "asset-1"
    facts: dict[str, str | list[str]] = Field(default_factory=dict)
    happened: str = ""
    field: str = ""
    before: str = ""
    after: str = ""

    @field_validator("happened")
    @classmethod
    def _known(cls, happened: str) -> str:
        if happened and happened not in HAPPENINGS:
            raise ValueError(f"{happened!r}, expected one of {', '.join(sorted(HAPPENINGS))}")
        return happened

    def subject(self, asset_class: str) -> Subject:
        """The asset as rules see it."""
        known = {"site": SITE, "path": PATH, "class": asset_class, **self.facts}
        texts = {name: str(value) for name, value in known.items() if name not in LISTS}
        return Subject(self.id, texts["site"], texts["path"], texts["class"], known)

    def happening(self, at: datetime) -> Happening:
        """What happened to it."""
        return Happening(at, self.happened, self.field, self.before, self.after)


class ExpectedPart(Part):
    """One transition; what is not said of it is not looked at."""

    at_s: Number | None = None
    kind: str
    rule: str | None = None
    subject: str | None = None
    level: str | None = None
    priority: str | None = None
    message: str | None = None

    def differs(self, told: Told, start: datetime) -> bool:
        """Is `told` another transition than expected?"""
        found = _shown(told, start)
        return any(found[name] != said for name, said in self.said.items())

    @property
    def said(self) -> dict[str, Any]:
        """What is said of it."""
        return self.model_dump(exclude_none=True)


class CasePart(Part):
    """One test: some rules, what is reported, what they must say."""

    name: str = Field(min_length=1)
    rules: Words
    class_: str = Field(default="", alias="class")
    on: str = Field(default="2026-01-01", pattern=r"^\d{4}-\d\d-\d\d$")
    reports: list[ReportPart] = Field(default_factory=list)
    recorded: str = Field(default="", description="File of recorded reports, beside the test.")
    assets: list[AssetPart] = Field(default_factory=list)
    until_s: Number | None = None
    expect: list[ExpectedPart]

    @model_validator(mode="after")
    def _something(self) -> "CasePart":
        if not (self.reports or self.recorded or self.assets):
            raise ValueError("expected some of reports, recorded, assets")
        return self

    @cached_property
    def start(self) -> datetime:
        """The moment of `at_s: 0`."""
        day = date.fromisoformat(self.on)
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Case:
    """A test, and where it stands."""

    file: Path
    line: int
    part: CasePart


def cases(folder: Any) -> tuple[list[Case], list[Mistake]]:
    """The tests in the files `*.yaml` of `folder`; one with a mistake is left out alone."""
    found: list[Case] = []
    mistakes: list[Mistake] = []
    for file in sorted(folder.iterdir(), key=lambda each: str(each.name)):
        if file.name.endswith(".yaml"):
            for each in _read(file):
                if isinstance(each, Case):
                    found.append(each)
                else:
                    mistakes.append(each)
    return found, mistakes


def failures(case: Case, rules: Mapping[str, Rule], recorded: Recorded) -> Iterator[str]:
    """What is not as `case` expects, a line each."""
    part = case.part
    if unknown := sorted({*part.rules} - rules.keys()):
        yield f"rules: {unknown[0]!r}, expected a rule that there is"
        return
    try:
        course = _course(case, recorded)
    except (OSError, KeyError, ValueError) as error:
        yield f"recorded: {error}"
        return
    trial = played(course, tuple(rules[name] for name in part.rules))
    yield from (f"{name} could not be judged: {reason}" for name, reason in trial.failed)
    for number, (wanted, got) in enumerate(zip_longest(part.expect, trial.told), 1):
        if wanted is None or got is None or wanted.differs(got, course.start):
            expected = _line(wanted.said if wanted else {})
            given = _line(_shown(got, course.start) if got else {})
            yield f"transition {number}: expected {expected}, got {given}"


@dataclass(frozen=True, slots=True)
class Course:
    """What happens while rules are on trial."""

    start: datetime
    asset_class: str = ""
    """Of reports and assets that say none."""
    reports: Sequence[ReportPart] = ()
    assets: Sequence[AssetPart] = ()
    readings: Sequence[Reading] = ()
    until_s: float | None = None


def played(course: Course, rules: tuple[Rule, ...]) -> Trial:
    """What `rules` make of it."""
    trial = Trial(rules)
    for _, play in sorted(_events(course, trial), key=lambda each: each[0]):
        play()
    if course.until_s is not None:
        trial.until(course.start + timedelta(seconds=course.until_s))
    return trial


def _course(case: Case, recorded: Recorded) -> Course:
    part, readings = case.part, []
    if part.recorded:
        content = json.loads((case.file.parent / part.recorded).read_text(encoding="utf-8"))
        readings = [recorded(each) for each in content["reports"]]
    start = readings[0].at if readings else part.start
    return Course(start, part.class_, part.reports, part.assets, readings, part.until_s)


def _events(course: Course, trial: Trial) -> Iterator[tuple[datetime, Callable[[], None]]]:
    for report in course.reports:
        comes_s = report.at_s if report.comes_s is None else report.comes_s
        at = course.start + timedelta(seconds=comes_s)
        yield at, _bound(trial.hear, report.reading(course.start, course.asset_class), at)
    for asset in course.assets:
        at = course.start + timedelta(seconds=asset.at_s)
        subject = asset.subject(course.asset_class)
        if asset.happened:
            yield at, _bound(trial.happen, subject, asset.happening(at))
        else:
            yield at, _bound(trial.see, subject, at)
    for reading in course.readings:
        yield reading.at, _bound(trial.hear, reading, reading.at)


def _bound(play: Callable[..., None], *given: Any) -> Callable[[], None]:
    return lambda: play(*given)


def _read(file: Path) -> Iterator[Case | Mistake]:
    try:
        node, content = nodes(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        yield Mistake(file.name, 1, f"no YAML: {' '.join(str(error).split())}")
        return
    if not isinstance(content, dict) or list(content) != ["tests"]:
        yield Mistake(file.name, 1, "expected one key, tests, with a list of tests")
        return
    for number, item in enumerate(content["tests"]):
        try:
            yield Case(file, line_of(node, ["tests", number]), CasePart.model_validate(item))
        except ValidationError as error:
            for place, reason in explained(error):
                line = line_of(node, ["tests", number, *place])
                yield Mistake(file.name, line, f"test {number + 1}: {reason}")


def _shown(told: Told, start: datetime) -> dict[str, Any]:
    step, alarm = told.transition, told.alarm
    return {
        "at_s": (step.at - start).total_seconds(),
        "kind": step.kind.value,
        "rule": alarm.rule,
        "subject": alarm.subject,
        "level": step.level,
        "priority": step.priority,
        "message": step.message,
    }


def _line(said: Mapping[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in said.items() if value != "") or "none"


SHIPPED_TESTS = SHIPPED / "tests"

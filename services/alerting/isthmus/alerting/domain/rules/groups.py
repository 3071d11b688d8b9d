"""Groups of alarms, by where their subjects stand."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.conditions import Count
from isthmus.alerting.domain.rules.judge import stood
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.domain.rules.subject import group


@dataclass(frozen=True, slots=True)
class Standing:
    """One alarm that is raised, and where its subject stands."""

    rule: str
    subject: str
    site: str
    zone: str
    path: str

    @classmethod
    def of(cls, alarm: Alarm, zone: str) -> "Standing":
        """Where the subject of `alarm` stands."""
        return cls(alarm.rule, alarm.subject, alarm.site, zone, alarm.path)

    def group(self, by: str) -> str:
        """The group that it is in; empty if there is none."""
        return group(by, self.site, self.zone, self.path)


@dataclass
class Groups:
    """The alarms that are raised, as far as rules count them."""

    standing: dict[str, Standing] = field(default_factory=dict)
    """By the alarm's id."""

    def put(self, id: str, alarm: Standing | None) -> None:
        """Remember an alarm while it is raised; None once it is over."""
        if alarm is None:
            self.standing.pop(id, None)
        else:
            self.standing[id] = alarm

    def counted(self, count: Count) -> dict[str, int]:
        """How many alarms each group has that `count` counts; one a subject."""
        subjects: dict[str, set[str]] = {}
        for each in self.standing.values():
            if each.rule in count.of and (name := each.group(count.by)):
                subjects.setdefault(name, set()).add(each.subject)
        return {name: len(found) for name, found in subjects.items()}

    def site(self, by: str, name: str) -> str:
        """The site of a group that has alarms; of another one what its name begins with."""
        sites = (each.site for each in self.standing.values() if each.group(by) == name)
        return next(sites, name.partition("/")[0])

    def judge(
        self,
        rule: Rule,
        count: Count,
        open: set[str],
        sources: Callable[[str, str], int],
        at: datetime,
    ) -> Iterator[tuple[str, Sample]]:
        """What each group says of `rule`; `open` are the groups whose alarm is not normal.

        `sources` says how many sources there are in a group.
        """
        counted = self.counted(count)
        for name in sorted(counted.keys() | open):
            number = counted.get(name, 0)
            value, unit = float(number), "1"
            if count.share:
                known = max(sources(count.by, name), number)
                value, unit = (100.0 * number / known if known else 0.0), "%"
            sample = stood(rule, name, at, value, unit)
            if number < count.least:
                sample = Sample(at, Signal.CLEAR, "", value, unit)
            if sample.signal is Signal.BEYOND or name in open:
                yield name, sample

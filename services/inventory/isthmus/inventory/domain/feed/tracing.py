"""What became of one observation: how far it came, and what it did there."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Stage(StrEnum):
    """How far an observation, or a report of it, has come."""

    WAITING = "waiting"
    """A service has not read it yet."""
    REJECTED = "rejected"
    """A service could not take it; it is among its dead letters."""
    SILENT = "silent"
    """It makes no report: what a device says by itself is no picture of it."""
    LOST = "lost"
    """It was read, and what should have come of it is not within what was looked at."""
    UNCHANGED = "unchanged"
    """It said nothing new."""
    CHANGED = "changed"
    """It changed an asset."""


WORST_FIRST = (Stage.REJECTED, Stage.LOST, Stage.WAITING, Stage.CHANGED, Stage.UNCHANGED)


@dataclass(frozen=True, slots=True)
class Step:
    """How far something has come, in one word and in one sentence."""

    stage: Stage
    said: str


@dataclass(frozen=True, slots=True)
class Question:
    """Which observation somebody asks for, and where to look for it."""

    since: datetime
    until: datetime
    id: str = ""
    """Its id; when empty, the last one of `source` whose slot is not after `at`."""
    source: str = ""
    """`site/target[/device]`: where it is known, only its partition is read."""
    at: datetime | None = None

    @property
    def endpoint(self) -> str:
        """The `site/target` of the source, which is the key of its observations."""
        return "/".join(self.source.split("/")[:2])

    @property
    def shown(self) -> str:
        """What is asked for, as a sentence begins."""
        if self.id:
            return f"observation {self.id}"
        return f"observation of {self.endpoint} with a slot up to {self.at:%Y-%m-%d %H:%M:%S} UTC"


@dataclass(slots=True)
class Looked:
    """How far a topic was looked through."""

    topic: str
    since: datetime
    until: datetime | None
    records: int = 0
    whole: bool = False
    """False when it was looked through in part: there was too much, or enough was found."""


@dataclass(frozen=True, slots=True)
class Traced:
    """One report of the observation, and what became of it."""

    id: str
    source: str
    step: Step
    asset_id: str = ""
    changes: Sequence[Mapping[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Trace:
    """What became of an observation."""

    id: str
    step: Step
    source: str = ""
    slot_at: datetime | None = None
    observed_at: datetime | None = None
    collector: str = ""
    outcome: str = ""
    error: str = ""
    reports: Sequence[Traced] = ()
    looked: Sequence[Looked] = field(default=())


def report_id(observation: str, device: str) -> str:
    """The id that the report of a device has (UUID version 5, as the normaliser makes it)."""
    return str(uuid.uuid5(uuid.UUID(observation), device))


def overall(reports: Sequence[Traced]) -> Step:
    """How far an observation has come whose reports have come so far: the worst counts."""
    for stage in WORST_FIRST:
        for each in reports:
            if each.step.stage is stage:
                return each.step
    raise ValueError("an observation without reports")

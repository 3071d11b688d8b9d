"""Settings of alerting, besides those that every service has."""

from pathlib import Path

from pydantic import Field, FilePath

from isthmus.runtime.access import Access
from isthmus.runtime.settings import Group
from isthmus.runtime.settings import Settings as Common
from isthmus.runtime.store import Store


class Rules(Group):
    """Where rules come from."""

    folder: Path | None = None
    """Folder of further rule files (`*.yaml`), beside those that are shipped."""
    runbook: str = "docs/rules.md#{rule}"
    """Page with what a person needs when a rule without a page of its own has raised an alarm;
    `{rule}` is the rule's name."""


class Alarms(Group):
    """How long alarms are kept."""

    retention_s: float = Field(default=7_776_000, gt=0)
    """Seconds after which an alarm that is over, and that nobody has to do with any more, is
    forgotten: ninety days. The topic then says so with a tombstone."""


class Notices(Group):
    """Who is told of alarms."""

    file: FilePath | None = None
    """Routing file (YAML) with the receivers; without it nobody is told, and the service says so
    at start and in `/readyz`."""
    retention_s: float = Field(default=2_592_000, gt=0)
    """Seconds that a delivery is kept: thirty days."""
    outdated_s: float = Field(default=21_600, gt=0)
    """Seconds after which news is none: an alarm that is read so late is kept as outdated, to be
    seen and replayed, and nobody is told of it. Six hours."""


class Quiet(Group):
    """What holds alarms back, and how long is kept how many there were."""

    settle_s: float = Field(default=10, ge=1, le=300)
    """Seconds that an alarm of a device which is not reached waits, if it may have a parent: until
    it would be known that the parent is not reached either, and once it is back."""
    retention_s: float = Field(default=7_776_000, gt=0)
    """Seconds that the counters of ISA-18.2 and the reports of maintenance are kept: ninety
    days."""


class Settings(Common):
    """Everything that alerting reads from its environment."""

    store: Store
    access: Access
    alarms: Alarms = Alarms()
    rules: Rules = Rules()
    notices: Notices = Notices()
    quiet: Quiet = Quiet()

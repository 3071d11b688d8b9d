"""The whole engine at a site that is cut off: no Kafka, no store, one file."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from tests.unit.alerting.conftest import Memory, Service

from isthmus.alerting.adapters.alarms.sqlite import SqliteAlarms
from isthmus.alerting.domain.alarms.alarm import State, alarm_id
from isthmus.alerting.domain.alarms.events import Acknowledge
from isthmus.alerting.handlers.alarms.ledger import Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.timers import Timers
from isthmus.alerting.handlers.rules.reports import Reports

SLOW = alarm_id("hot-for-long", "hagen/t")


class Site(Service):
    """A process at the site; what is told waits in the file."""

    def __init__(self, file: Path) -> None:
        super().__init__(Memory())
        self.file = SqliteAlarms(file)
        self.owned = Owned(self.file, self.memory, self.now)
        self.ledger = Ledger(
            self.file,
            rules=self.rules.by_name.get,
            written=lambda: None,
            transitioned=self._count,
        )
        self.reports = Reports(
            self.owned, self.ledger, self.assets, self.rules, self.memory, self.now
        )
        self.timers = Timers(self.owned, self.ledger, self.assets, self.rules, self.now)

    async def begin(self) -> None:
        """One process owns everything."""
        await self.file.prepare()
        await self.assign(0)


async def test_alarms_go_on_when_the_process_is_killed_and_nobody_can_be_reached(
    tmp_path: Path, report: Any
) -> None:
    """The delay ends, the operator's act counts, and the return clears it."""
    first = Site(tmp_path / "alarms.sqlite")
    await first.begin()
    await first.hear(report(0, slow=85))
    await first.file.close()

    second = Site(tmp_path / "alarms.sqlite")
    second.second = 6
    await second.begin()
    await second.hear(report(6, "u"))
    await second.timers.fire()
    act = {SLOW: Acknowledge(second.now(), "mara", 1)}
    assert (await second.ledger.act(act, lambda alarm: None))[SLOW].refused is None
    second.second = 20
    await second.hear(report(8, slow=70), report(20, "u"))
    await second.timers.fire()
    alarm = (await second.file.find([SLOW]))[SLOW]
    told = await second.file.transitions(SLOW)
    await second.file.close()

    assert [step.kind.value for step in told] == ["raised", "acknowledged", "cleared"]
    assert (alarm.state, alarm.acknowledged_by) == (State.NORMAL, "mara")
    assert alarm.cleared_at == first.now() + timedelta(seconds=8)

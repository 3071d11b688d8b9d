"""When a rule changes: its alarms go on under the new one, or are closed."""

import asyncio
from collections.abc import Iterable, Iterator

import structlog

from isthmus.alerting.domain.alarms.alarm import Alarm
from isthmus.alerting.domain.alarms.events import Adopt, Close
from isthmus.alerting.domain.rules.blank import again
from isthmus.alerting.domain.rules.conditions import Change
from isthmus.alerting.domain.rules.rule import Rule
from isthmus.alerting.handlers.alarms.ledger import Entry, Ledger
from isthmus.alerting.handlers.alarms.owned import Owned
from isthmus.alerting.handlers.alarms.partitions import Now, Partition
from isthmus.alerting.handlers.rules.book import RuleBook
from isthmus.runtime.errors import Retryable

log = structlog.get_logger()
LOOK_S = 1.0


class Revision:
    """Compares the open alarms of the owned partitions with the rules in force.

    It looks at alarms as they are, not at what changed: a change that came while nobody owned a
    partition is found by who owns it next.
    """

    def __init__(self, owned: Iterable[Owned], ledger: Ledger, rules: RuleBook, now: Now) -> None:
        self._owned = tuple(owned)
        self._ledger = ledger
        self._rules = rules
        self._now = now
        self._revised: dict[tuple[int, int], tuple[Partition, int]] = {}

    async def run(self) -> None:
        """Revise what was not revised since the last change of rules, until cancelled."""
        while True:
            try:
                await self.revise()
            except Retryable as error:
                log.warning("revision_blocked", reason=str(error))
            await asyncio.sleep(LOOK_S)

    async def revise(self) -> None:
        """Bring the open alarms in line with the rules in force; raises Retryable."""
        for stream, owned in enumerate(self._owned):
            for partition in owned.loaded:
                place, done = (stream, partition.number), (partition, self._rules.generation)
                if self._revised.get(place) == done:
                    continue
                async with owned.lock:
                    await self._ledger.record(list(self._entries(partition)))
                    owned.changed.set()
                self._revised[place] = done

    def _entries(self, partition: Partition) -> Iterator[Entry]:
        now = self._now()
        for alarm in [a for of_subject in partition.open.values() for a in of_subject.values()]:
            rule = self._rules.by_name.get(alarm.rule)
            if rule is None:
                yield Entry(partition, alarm, _gone(alarm), Close(now, "the rule was removed"))
            elif alarm.rule_version != rule.version or alarm.watches != rule.watches:
                yield Entry(partition, alarm, rule, self._moved(alarm, rule))

    def _moved(self, alarm: Alarm, rule: Rule) -> Adopt | Close:
        now = self._now()
        if alarm.watches != rule.watches:
            return Close(now, f"the rule watches {rule.watches} now")
        if alarm.asset_class and not rule.concerns(alarm.asset_class):
            return Close(now, f"the rule is no longer for the class {alarm.asset_class}")
        return Adopt(now, again(alarm, rule))


def _gone(alarm: Alarm) -> Rule:
    """The rule that there was, as far as its alarm tells."""
    watched = Change(alarm.watches)
    return Rule(alarm.rule, alarm.priority, alarm.message, alarm.first_action, watched)

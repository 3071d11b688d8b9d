"""Alarm floods: more at a site than a person can take in (ISA-18.2: above 10 in 10 minutes)."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from isthmus.alerting.domain.alarms.alarm import Behaviour
from isthmus.alerting.domain.alarms.events import Sample, Signal
from isthmus.alerting.domain.rules.conditions import Flood
from isthmus.alerting.domain.rules.rule import Rule

PREFIX = "flood:"
LOWER = frozenset({"low", "medium"})
"""Priorities that wait while a flood lasts; what is high or critical never does."""
WITHIN = timedelta(minutes=10)
BEGINS_ABOVE = 10
"""ISA-18.2 and EEMUA 191: more than ten in ten minutes are a flood."""
ENDS_BELOW = 5
"""And it is over when fewer than five came in ten minutes."""
KEPT_MAX = 10_000
"""Annunciations of one site that are told apart within WITHIN; more are a flood anyway."""
FLOOD = Rule(
    name="alarm-flood",
    priority="high",
    message="{value:.0f} alarms within 10 minutes at {source}: the first was {reason}",
    first_action="Begin with the first alarm; what is low or medium waits until the flood is over.",
    watched=Flood(),
    # It takes a moment after a start until all that was annunciated is read again.
    behaviour=Behaviour(off=timedelta(minutes=1)),
    consequence="people",
    impact="A person overlooks the alarm that matters.",
    runbook="docs/runbooks/IsthmusAlarmFlood.md",
)


@dataclass(frozen=True, slots=True)
class Called:
    """One annunciation, or one that a flood has kept back."""

    at: datetime
    """When it could be heard of, not when it happened."""
    alarm_id: str
    what: str
    """The rule and the subject, for a person."""


@dataclass
class Rate:
    """The annunciations of one site within the last ten minutes."""

    called: deque[Called] = field(default_factory=lambda: deque(maxlen=KEPT_MAX))
    first: Called | None = None
    """What began the flood that there is, or the last one."""

    def take(self, called: Called) -> None:
        """Count one more."""
        self._forget(called.at)
        self.called.append(called)
        if len(self.called) > BEGINS_ABOVE and self.first is None:
            self.first = self.called[0]

    def sample(self, site: str, now: datetime) -> Sample:
        """What the last ten minutes say of a flood at `site`."""
        self._forget(now)
        count = len(self.called)
        if count < ENDS_BELOW:
            return Sample(now, Signal.CLEAR, "", count, "1")
        if count <= BEGINS_ABOVE or self.first is None:
            return Sample(now, Signal.INSIDE, "", count, "1")
        message = FLOOD.sentence(site, value=count, reason=self.first.what)
        return Sample(now, Signal.BEYOND, message, count, "1")

    def _forget(self, now: datetime) -> None:
        while self.called and self.called[0].at <= now - WITHIN:
            self.called.popleft()
        if len(self.called) < ENDS_BELOW:
            self.first = None

"""Steps of alarms become deliveries, stored before the step counts as read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from isthmus.alarms.v1.transition_pb2 import Transition
from isthmus.alerting.domain.notices.delivery import (
    Announced,
    Delivery,
    Policy,
    Times,
    decide,
)
from isthmus.alerting.domain.notices.notice import Notice
from isthmus.alerting.domain.notices.routing import Route, routed
from isthmus.alerting.handlers.notices.records import notice
from isthmus.alerting.ports.notices import DeliveryStore, Now, Observer
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected


@dataclass(frozen=True)
class Plan:
    """Who is told of what, as it is configured."""

    route: Route
    policies: Mapping[str, Policy]
    outdated_after: timedelta


@dataclass
class Outcome:
    """What a batch leads to, stored in this order, so that a crash between repeats it."""

    deliveries: list[Delivery] = field(default_factory=list)
    cancelled: dict[str, int] = field(default_factory=dict)
    """Alarms with an escalation that is pointless, if it began before this `seq`."""
    announced: dict[str, Announced | None] = field(default_factory=dict)
    untold: list[str] = field(default_factory=list)


class Transitions:
    """Decides for each transition who is told; what it makes goes to the store alone."""

    def __init__(
        self,
        store: DeliveryStore,
        plan: Plan,
        observer: Observer,
        written: Callable[[Iterable[str]], None],
        now: Now,
    ) -> None:
        self._store = store
        self._plan = plan
        self._observer = observer
        self._written = written
        self._now = now

    async def handle(self, batch: Batch[Transition]) -> Iterable[Outgoing]:
        """See Handler: ids are those of the steps, so that a replay makes the same deliveries."""
        notices = list(self._notices(batch))
        known = await self._store.announced({each.alarm_id for each in notices})
        outcome = self._decided(notices, known)
        await self._store.insert(outcome.deliveries)
        cancelled = [
            await self._store.cancel(id, before) for id, before in outcome.cancelled.items()
        ]
        await self._store.announce(outcome.announced)
        self._written({each.receiver for each in outcome.deliveries})
        self._observer.queued(outcome.deliveries)
        self._observer.cancelled(sum(cancelled))
        for reason in outcome.untold:
            self._observer.untold(reason)
        return ()

    def _notices(self, batch: Batch[Transition]) -> Iterable[Notice]:
        for record in batch.records:
            try:
                if record.message is None:
                    raise Rejected("value: empty, expected a Transition")
                yield notice(record.message)
            except Rejected as error:
                batch.reject(record, error)

    def _decided(self, notices: Iterable[Notice], known: Mapping[str, Announced]) -> Outcome:
        outcome = Outcome()
        now: dict[str, Announced | None] = dict(known)
        times = Times(self._now(), self._plan.outdated_after)
        for each in notices:
            before = now.get(each.alarm_id)
            if before is not None and each.seq <= before.notice.seq:
                continue  # read again: it was dealt with
            told = routed(self._plan.route, each, times.now)
            decision = decide(before, each, told, self._plan.policies, times)
            outcome.deliveries += decision.deliveries
            now[each.alarm_id] = decision.announced
            if decision.announced != before:
                outcome.announced[each.alarm_id] = decision.announced
            if decision.cancels:
                outcome.cancelled[each.alarm_id] = each.seq
            if decision.outcome:
                outcome.untold.append(decision.outcome)
        return outcome

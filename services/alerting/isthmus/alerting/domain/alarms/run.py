"""An alarm on its way through one event: what is told of it, and what holds it back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from isthmus.alerting.domain.alarms.alarm import (
    Alarm,
    Behaviour,
    Level,
    Place,
    Suppression,
    SuppressionKind,
)
from isthmus.alerting.domain.alarms.events import FirstOut, Release, Suppress
from isthmus.alerting.domain.alarms.table import BEGUN, ENDED, UNSEEN
from isthmus.alerting.domain.alarms.transition import Kind, Transition


class Run:
    """Keeps the alarm as it is now, and the transitions that it took so far."""

    def __init__(self, alarm: Alarm, behaviour: Behaviour, levels: Sequence[Level]) -> None:
        self.alarm = alarm
        self.behaviour = behaviour
        self.levels = levels
        self.steps: list[Transition] = []

    def suppress(self, event: Suppress) -> None:
        held = event.suppression
        if held.until is not None and held.until <= event.at:
            return
        if any(held.same(each) for each in self.alarm.suppressed_by):
            self.alarm = replace(self.alarm, suppressed_by=self._without(held, held))
        else:
            self.hold(held, event.at)

    def release(self, event: Release) -> None:
        self.end(event.kind, event.source, event.at)

    def first_out(self, event: FirstOut) -> None:
        self.alarm = replace(self.alarm, first_out=event.group)

    def move_to(self, place: Place) -> None:
        self.alarm = self.alarm.at(place)

    def end(self, kind: SuppressionKind, source: str, at: datetime, by: str = "") -> None:
        gone = Suppression(kind, at, source)
        left = self._without(gone)
        if left == self.alarm.suppressed_by:
            return
        # What was kept from the operator while it was held back, they must hear of now.
        heard = self.alarm.in_alarm and not left
        self.alarm = replace(self.alarm, suppressed_by=left, **(UNSEEN if heard else {}))
        self.tell(ENDED[kind], at, annunciate=heard, by=by, comment=source)

    def end_suppression(self, at: datetime) -> None:
        for each in self.alarm.suppressed_by:
            if each.until == at:
                self.end(each.kind, each.source, at)

    def end_one_shots(self, at: datetime) -> None:
        for each in self.alarm.suppressed_by:
            if each.one_shot:
                self.end(each.kind, each.source, at)

    def hold(self, held: Suppression, at: datetime) -> None:
        self.alarm = replace(self.alarm, suppressed_by=(*self._without(held), held))
        self.tell(BEGUN[held.kind], at, by=held.by, comment=held.reason)

    def _without(self, held: Suppression, *instead: Suppression) -> tuple[Suppression, ...]:
        left = tuple(each for each in self.alarm.suppressed_by if not held.same(each))
        return left + instead

    def tell(
        self, kind: Kind, at: datetime, *, annunciate: bool = False, by: str = "", comment: str = ""
    ) -> None:
        if not self.alarm.seq and kind is not Kind.RAISED:
            return  # others hear of an alarm when it is one
        self.alarm = alarm = replace(self.alarm, seq=self.alarm.seq + 1)
        self.steps.append(
            Transition(
                seq=alarm.seq,
                kind=kind,
                state=alarm.state,
                at=at,
                by=by,
                comment=comment,
                value=alarm.value,
                unit=alarm.unit,
                annunciate=annunciate and not alarm.suppressed_by,
                level=alarm.level,
                priority=alarm.priority,
                message=alarm.message,
                suppressed=alarm.suppressed,
                chattering=alarm.chattering and kind is Kind.RAISED,
            )
        )

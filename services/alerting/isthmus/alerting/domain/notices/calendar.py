"""When somebody is there: shifts by weekday, in the time zone of the place, with its holidays."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

DAY = timedelta(days=1)
MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class Shift:
    """A part of a day; one that ends at or before it begins ends on the next day."""

    begin: time
    end: time

    @property
    def overnight(self) -> bool:
        """Whether it ends on the next day."""
        return self.end <= self.begin


@dataclass(frozen=True, slots=True)
class Calendar:
    """Shifts on some days; a night shift belongs to the day on which it begins."""

    zone: tzinfo
    shifts: tuple[Shift, ...] = (Shift(MIDNIGHT, MIDNIGHT),)
    weekdays: frozenset[int] = frozenset(range(7))
    """Days of the week, Monday is 0."""
    open_on: frozenset[date] = frozenset()
    """Dates that count whatever their weekday."""
    closed_on: frozenset[date] = frozenset()
    """Dates that do not: holidays."""

    def covers(self, at: datetime) -> bool:
        """Whether `at` is in one of the shifts, by the clock on the wall."""
        local = at.astimezone(self.zone)
        today, clock = local.date(), local.time()
        return any(
            (self._works(today) and shift.begin <= clock and (shift.overnight or clock < shift.end))
            or (shift.overnight and clock < shift.end and self._works(today - DAY))
            for shift in self.shifts
        )

    def _works(self, day: date) -> bool:
        if day in self.closed_on:
            return False
        return day in self.open_on or day.weekday() in self.weekdays

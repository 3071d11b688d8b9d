"""How much the alarm system asks of people: the performance figures of ISA-18.2 (IEC 62682, 16).

They are counted as it happens, by site and slot of ten minutes, and never by reading alarms.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from isthmus.alerting.domain.quiet.flood import BEGINS_ABOVE

SLOT = timedelta(minutes=10)
EPOCH = datetime.fromtimestamp(0, UTC)
SEEN_SOON = timedelta(minutes=10)
"""An alarm that is acknowledged within so long was seen in time."""
ALARMS_MAX = 200
"""Alarms that a slot tells apart; the annunciations of more are counted together."""
TOP = 10
STALE_AFTER = timedelta(hours=24)
"""An alarm that lasts longer is stale: nobody acts on it (ISA-18.2, 16.5)."""
HELD = frozenset({"raised", "level_changed", "reannunciated"})
"""Steps of which a person would have heard, but for what holds the alarm back."""
ACKNOWLEDGED = "acknowledged"
SHARES: Mapping[str, float] = {"low": 80.0, "medium": 15.0, "high": 5.0}
"""Per cent of annunciations that each priority should have; `critical` counts as high."""


@dataclass(frozen=True, slots=True)
class Step:
    """A transition, as far as it is counted."""

    site: str
    at: datetime
    kind: str
    alarm_id: str
    priority: str
    annunciate: bool
    chattering: bool
    held: bool
    """Something holds the alarm back after it."""
    raised_at: datetime | None


def slot_of(at: datetime) -> datetime:
    """When the slot began in which `at` lies."""
    return EPOCH + (at - EPOCH) // SLOT * SLOT


@dataclass
class Slot:
    """What was counted at one site within ten minutes; each number only grows."""

    site: str
    start: datetime
    annunciated: int = 0
    held: int = 0
    """Of which nobody was told, because something held the alarm back."""
    acknowledged: int = 0
    seen_soon: int = 0
    waited_s: float = 0.0
    """From raised to acknowledged, all together."""
    others: int = 0
    """Annunciations of alarms beyond ALARMS_MAX."""
    priorities: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    """Annunciations by alarm."""
    chattering: Counter[str] = field(default_factory=Counter)
    """How often each alarm was raised for the third time within a minute."""

    def add(self, step: Step, known: Collection[str] = ()) -> None:
        """Count `step`; `known` are the alarms that the stored slot tells apart already."""
        if step.annunciate:
            self._annunciate(step, known)
        elif step.held and step.kind in HELD:
            self.held += 1
        if step.kind == ACKNOWLEDGED and step.raised_at is not None:
            waited = max(step.at - step.raised_at, timedelta())
            self.acknowledged += 1
            self.seen_soon += waited <= SEEN_SOON
            self.waited_s += waited.total_seconds()
        if step.chattering and self._has_room(step.alarm_id, known, self.chattering):
            self.chattering[step.alarm_id] += 1

    def _annunciate(self, step: Step, known: Collection[str]) -> None:
        self.annunciated += 1
        self.priorities[step.priority] += 1
        if self._has_room(step.alarm_id, known, self.alarms):
            self.alarms[step.alarm_id] += 1
        else:
            self.others += 1

    def _has_room(self, id: str, known: Collection[str], counted: Counter[str]) -> bool:
        return id in known or id in counted or len(known) + len(counted) < ALARMS_MAX

    @property
    def flooded(self) -> bool:
        """Whether more came than a person can take in, what was held back with it."""
        return self.annunciated + self.held > BEGINS_ABOVE


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one site within a period."""

    site: str
    slots: int
    """How many slots the period has."""
    annunciated: int
    held: int
    most: int
    """Annunciations in the busiest slot."""
    flooded: int
    """Slots in which more came than a person can take in."""
    priorities: Mapping[str, int]
    top: tuple[tuple[str, int], ...]
    """The alarms that were annunciated most, and how often."""
    chattering: tuple[tuple[str, int], ...]
    acknowledged: int
    seen_soon: int
    waited_s: float

    @property
    def per_slot(self) -> float:
        """Annunciations in ten minutes, on average."""
        return self.annunciated / self.slots

    def per_operator_hour(self, operators: int) -> float:
        """Annunciations that one of so many operators hears of in an hour, on average."""
        return self.annunciated / (self.slots * SLOT / timedelta(hours=1)) / operators

    @property
    def flooded_share(self) -> float:
        """Per cent of the period in flood."""
        return 100.0 * self.flooded / self.slots

    @property
    def top_share(self) -> float:
        """Per cent of all annunciations that the busiest alarms make."""
        return share(sum(count for _, count in self.top), self.annunciated)

    def priority_share(self, priority: str) -> float:
        """Per cent of annunciations that had this priority; critical ones count as high."""
        count = self.priorities.get(priority, 0)
        if priority == "high":
            count += self.priorities.get("critical", 0)
        return share(count, self.annunciated)


def share(part: float, whole: float) -> float:
    """Per cent that `part` is of `whole`; none of nothing."""
    return 100.0 * part / whole if whole else 0.0


def figures(site: str, slots: Iterable[Slot], since: datetime, until: datetime) -> Figures:
    """The figures of `site` from `since` until `until`, of the slots that were counted there."""
    slots = list(slots)
    priorities: Counter[str] = Counter()
    alarms: Counter[str] = Counter()
    chattering: Counter[str] = Counter()
    for slot in slots:
        priorities.update(slot.priorities)
        alarms.update(slot.alarms)
        chattering.update(slot.chattering)
    first, last = slot_of(since), slot_of(until - timedelta(microseconds=1))
    return Figures(
        site=site,
        slots=(last - first) // SLOT + 1,
        annunciated=sum(slot.annunciated for slot in slots),
        held=sum(slot.held for slot in slots),
        most=max((slot.annunciated for slot in slots), default=0),
        flooded=sum(slot.flooded for slot in slots),
        priorities=priorities,
        top=_most(alarms),
        chattering=_most(chattering),
        acknowledged=sum(slot.acknowledged for slot in slots),
        seen_soon=sum(slot.seen_soon for slot in slots),
        waited_s=sum(slot.waited_s for slot in slots),
    )


def _most(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda each: (-each[1], each[0]))[:TOP])


@dataclass(slots=True)
class Stood:
    """One alarm that stands or is shelved, as far as others are judged by it."""

    rule: str
    subject: str
    site: str
    raised_at: datetime | None
    """None while its condition is over."""
    shelved_at: datetime | None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Now:
    """What stands at a site, and should not for so long."""

    stale: int = 0
    stale_since: datetime | None = None
    """Since when the oldest of the stale ones lasts."""
    shelved: int = 0
    shelved_since: datetime | None = None


def standing(stood: Iterable[Stood], now: datetime) -> dict[str, Now]:
    """What is stale and what is shelved, by site."""
    stale: dict[str, list[datetime]] = {}
    shelved: dict[str, list[datetime]] = {}
    for each in stood:
        if each.raised_at is not None and now - each.raised_at > STALE_AFTER:
            stale.setdefault(each.site, []).append(each.raised_at)
        if each.shelved_at is not None:
            shelved.setdefault(each.site, []).append(each.shelved_at)
    return {
        site: Now(
            len(stale.get(site, ())),
            min(stale.get(site, ()), default=None),
            len(shelved.get(site, ())),
            min(shelved.get(site, ()), default=None),
        )
        for site in stale.keys() | shelved.keys()
    }

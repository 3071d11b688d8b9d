"""The page of the alarm states, read aloud: a naive interpreter that shares no code with ours.

It keeps plain words and whole lists, walks from one instant to the next, and answers each line of
the table where it stands. What it tells is (seq, kind, at, annunciate, state).
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

Told = tuple[int, str, datetime, bool, str]
ZERO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Held:
    """One thing that holds the alarm back."""

    what: str  # shelved, design, out_of_service
    source: str
    until: datetime | None
    one_shot: bool


@dataclass
class Reference:
    """One alarm."""

    on: timedelta = timedelta(0)
    off: timedelta = timedelta(0)
    latching: bool = False
    realarm: timedelta | None = None
    shelve_max: timedelta = timedelta(hours=8)
    stale_after: timedelta | None = None
    levels: tuple[str, ...] = ()

    cond: str = "normal"
    unack: bool = False
    quality: str = "good"
    level: int = -1
    held: list[Held] = field(default_factory=list)
    began: datetime | None = None
    ends: datetime | None = None
    left: timedelta | None = None
    again_at: datetime | None = None
    stale_at: datetime | None = None
    last: datetime | None = None
    seq: int = 0
    told: list[Told] = field(default_factory=list)

    # --- what others hear

    def shown(self) -> str:
        """What an operator sees."""
        kinds = [each.what for each in self.held]
        if "out_of_service" in kinds:
            return "out_of_service"
        if "design" in kinds:
            return "suppressed"
        if "shelved" in kinds:
            return "shelved"
        if self.in_alarm():
            return "unacknowledged" if self.unack else "acknowledged"
        return "returned_unacknowledged" if self.unack else "normal"

    def in_alarm(self) -> bool:
        return self.cond in ("active", "pending_off", "latched")

    def tell(self, kind: str, at: datetime, annunciate: bool = False) -> None:
        if self.seq == 0 and kind != "raised":
            return
        self.seq += 1
        loud = annunciate and self.held == []
        self.told.append((self.seq, kind, at, loud, self.shown()))

    # --- samples and time

    def sample(
        self,
        at: datetime,
        signal: str,
        quality: str = "good",
        level: str = "",
        holds: str = "",
        momentary: bool = False,
    ) -> None:
        if self.last is not None and at <= self.last:
            return
        self.time(at)
        self.last = at
        if quality != "good":
            self.lose(at, quality)
            return
        if self.quality != "good":
            self.quality = "good"
            if self.left is not None:
                self.ends = at + self.left
                self.left = None
            if self.in_alarm():
                self.tell("good", at)
        self.see(at, signal, level, holds)
        self.time(at)
        if momentary and signal == "beyond":
            self.see(at, "clear", "", "")
            self.time(at)
        if self.cond == "normal" or self.stale_after is None:
            self.stale_at = None
        else:
            half = self.stale_after / 2
            self.stale_at = ZERO + half * ((at - ZERO) // half + 3)

    def see(self, at: datetime, signal: str, level: str, holds: str) -> None:
        {
            "normal": self.when_normal,
            "pending_on": self.when_pending_on,
            "active": self.when_active,
            "pending_off": self.when_pending_off,
            "latched": self.when_latched,
        }[self.cond](at, signal, level, holds)

    def when_normal(self, at: datetime, signal: str, level: str, holds: str) -> None:
        if signal == "beyond":
            self.cond = "pending_on"
            self.cross(at, level)

    def when_pending_on(self, at: datetime, signal: str, level: str, holds: str) -> None:
        if signal == "beyond":
            self.relevel(at, level, holds)
        else:
            self.rest()

    def when_active(self, at: datetime, signal: str, level: str, holds: str) -> None:
        if signal == "clear":
            self.cond, self.began, self.ends = "pending_off", at, at + self.off
        else:
            self.relevel(at, level, holds)

    def when_pending_off(self, at: datetime, signal: str, level: str, holds: str) -> None:
        if signal != "clear":
            self.cond, self.began, self.ends = "active", None, None
            self.relevel(at, level, holds)

    def when_latched(self, at: datetime, signal: str, level: str, holds: str) -> None:
        if signal != "beyond":
            self.began = self.ends = None
        elif self.began is None:
            self.cross(at, level)
        else:
            self.relevel(at, level, holds)

    def cross(self, at: datetime, level: str) -> None:
        self.began, self.ends = at, at + self.on
        if self.levels:
            self.level = max(self.rank(level), 0)

    def relevel(self, at: datetime, level: str, holds: str) -> None:
        if not self.levels:
            return
        reached, kept = self.rank(level), self.rank(holds)
        if reached > self.level:
            self.level = reached
            if self.cond == "active":
                self.unack, self.again_at = True, None
                self.tell("level_changed", at, annunciate=True)
        elif max(reached, kept, 0) < self.level:
            self.level = max(reached, kept, 0)
            if self.cond == "active":
                self.tell("level_changed", at)

    def rank(self, level: str) -> int:
        return self.levels.index(level) if level in self.levels else -1

    def time(self, at: datetime) -> None:
        """Walk from instant to instant up to `at`."""
        while True:
            ends = [each.until for each in self.held if each.until is not None]
            dues = [
                (when, order)
                for order, when in enumerate(
                    [self.ends, self.stale_at, self.again_at, min(ends) if ends else None]
                )
                if when is not None and when <= at
            ]
            if not dues:
                return
            when, order = min(dues)
            if order == 0:
                self.delay_over()
            elif order == 1:
                self.lose(when, "stale")
            elif order == 2:
                self.again_at = None
                if not self.held:
                    self.unack = True
                    self.tell("reannunciated", when, annunciate=True)
            else:
                for each in [h for h in self.held if h.until == when]:
                    self.let_go(each, when)

    def delay_over(self) -> None:
        since = self.began
        assert since is not None
        if self.cond in ("pending_on", "latched"):
            self.cond, self.began, self.ends = "active", None, None
            self.unack, self.again_at = True, None
            self.tell("raised", since, annunciate=True)
        elif self.latching:
            stale_at = self.stale_at
            self.rest()
            self.cond, self.stale_at = "latched", stale_at
            self.tell("latched", since)
        else:
            self.rest()
            self.tell("cleared", since)
            self.one_shots(since)

    def rest(self) -> None:
        self.cond, self.quality = "normal", "good"
        self.began = self.ends = self.left = self.again_at = self.stale_at = None

    def lose(self, at: datetime, quality: str) -> None:
        if self.cond == "normal":
            return
        if self.quality == "good":
            if self.ends is not None:
                self.left = self.ends - at
            self.ends = self.stale_at = None
            self.quality = quality
            if self.in_alarm():
                self.tell("stale", at)
        self.quality = quality

    # --- people

    def saw(self, seq: int) -> bool:
        """Whether there is something to see, and they saw it as it is."""
        return seq == self.seq > 0

    def acknowledge(self, at: datetime, seq: int) -> None:
        if self.saw(seq) and self.unack:
            self.unack = False
            if self.realarm and self.cond in ("active", "pending_off"):
                self.again_at = at + self.realarm
            self.tell("acknowledged", at)

    def comment(self, at: datetime, seq: int, words: str) -> None:
        if self.saw(seq) and words:
            self.tell("commented", at)

    def reset(self, at: datetime, seq: int) -> None:
        if self.saw(seq) and self.cond == "latched" and not self.unack and self.began is None:
            self.rest()
            self.tell("reset", at)
            self.one_shots(at)

    def shelve(
        self, at: datetime, seq: int, until: datetime, one_shot: bool, reason: str = "because"
    ) -> None:
        if not self.saw(seq) or not reason or not self.shelve_max:
            return
        if at < until <= at + self.shelve_max:
            self.hold(Held("shelved", "", until, one_shot), "shelved", at)

    def unshelve(self, at: datetime, seq: int) -> None:
        if self.saw(seq):
            self.let_go_of("shelved", "", at)

    def take_out(self, at: datetime, seq: int, reason: str = "because") -> None:
        if self.saw(seq) and reason and not [h for h in self.held if h.what == "out_of_service"]:
            self.hold(Held("out_of_service", "", None, False), "out_of_service", at)

    def put_back(self, at: datetime, seq: int) -> None:
        if self.saw(seq):
            self.let_go_of("out_of_service", "", at)

    # --- the plant's own logic, and changes of rules

    def suppress(self, at: datetime, source: str, until: datetime | None = None) -> None:
        if until is not None and until <= at:
            return
        for each in self.held:
            if (each.what, each.source) == ("design", source):
                self.held.remove(each)
                self.held.append(Held("design", source, until, False))
                return
        self.hold(Held("design", source, until, False), "suppressed", at)

    def release(self, at: datetime, source: str) -> None:
        self.let_go_of("design", source, at)

    def close(self, at: datetime) -> None:
        if self.cond == "normal" and not self.held and not self.unack:
            return
        self.rest()
        self.unack, self.held = False, []
        self.tell("closed", at)

    def hold(self, held: Held, kind: str, at: datetime) -> None:
        self.held = [h for h in self.held if (h.what, h.source) != (held.what, held.source)]
        self.held.append(held)
        self.tell(kind, at)

    def let_go_of(self, what: str, source: str, at: datetime) -> None:
        for each in [h for h in self.held if (h.what, h.source) == (what, source)]:
            self.let_go(each, at)

    def let_go(self, held: Held, at: datetime) -> None:
        names = {
            "shelved": "unshelved",
            "design": "unsuppressed",
            "out_of_service": "returned_to_service",
        }
        self.held.remove(held)
        loud = self.in_alarm() and self.held == []
        if loud:
            self.unack, self.again_at = True, None
        self.tell(names[held.what], at, annunciate=loud)

    def one_shots(self, at: datetime) -> None:
        for each in [h for h in self.held if h.one_shot]:
            self.let_go(each, at)


def told(transitions: Any) -> list[Told]:
    """Our transitions in the reference's words."""
    return [(t.seq, t.kind.value, t.at, t.annunciate, t.state.value) for t in transitions]

"""The governor: who is held, by what, and what is said of it."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.name_server import NameServer

from isthmus.collector.domain.envelope import UNLIMITED, Envelope, Window, Zone
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.governor import Contact, Governor
from isthmus.collector.handlers.line import EngineLine, Site
from isthmus.collector.handlers.names import HostNames
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.touches import TouchLedger

FRIDAY_NOON = 1_767_355_200.0  # 2026-01-02 12:00 UTC
PAUSED = Envelope(paused=True, reason="overhaul")


@dataclass(eq=False, slots=True)
class Engaged(Contact):
    """A contact with a connection."""

    @property
    def engaged(self) -> bool:
        return True


@dataclass
class Desk:
    """A governor, and whom it hung up on."""

    gate: Any
    measured: Any
    now: float = FRIDAY_NOON
    hung_up: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        site: dict[str, Any] = {"clock": lambda: 0.0, "wall": lambda: self.now}
        self.site = Site(self.gate, self.measured, in_flight_max=1, **site)
        self.ledger = TouchLedger(lambda record: None, lambda: self.now)
        self.governor = Governor(
            self.site,
            self.ledger,
            HostNames(NameServer().resolve),
            lambda c: self.hung_up.append(c.name),
        )

    def contact(self, target: str = "plc", path: str = "e/s", **fields: Any) -> Contact:
        """An engaged contact, admitted."""
        origin = Origin(Identity("s", target), path, "modbus", "p", "10.0.0.1:502", 1, "me")
        channel = self.site.channel(origin.address)
        line = EngineLine(self.site, channel)
        envelope = fields.pop("envelope", UNLIMITED)
        account = self.ledger.open(origin, line.tally)
        contact = Engaged(origin, envelope, channel, line, account, **fields)
        self.governor.admit(contact)
        return contact


@pytest.fixture
def desk(gate: Any, measured: Any) -> Desk:
    """A governor without rules."""
    return Desk(gate, measured)


def test_the_strictest_of_profile_target_zone_and_site_holds(desk: Desk) -> None:
    """Limit by limit, for those below the zone's path."""
    below = desk.contact(own=Envelope(gap_s=0.1, items_max=50), envelope=Envelope(gap_s=0.3))
    beside = desk.contact("other", "e/t", own=Envelope(gap_s=0.1))
    desk.governor.govern(
        [Zone("e/s", Envelope(items_max=10)), Zone("", Envelope(gap_s=0.2, items_max=20))]
    )
    held = below.line.held
    assert (held.envelope.gap_s, held.levels["gap_s"]) == (0.3, "target")
    assert (held.envelope.items_max, held.levels["items_max"]) == (10, "zone e/s")
    assert beside.line.held.envelope.items_max == 20
    assert beside.line.held.levels["gap_s"] == "site"
    assert not desk.hung_up


def test_a_pause_hangs_up_once_and_is_counted(desk: Desk) -> None:
    """State, reason, metric; the same rules again change nothing."""
    contact = desk.contact()
    for _ in range(2):
        desk.governor.govern([Zone("", PAUSED)])
    assert contact.line.obstacle == (PollState.PAUSED, "site: overhaul")
    assert (contact.account.state, contact.account.reason) == contact.line.obstacle
    assert desk.measured.states == {None: -1, PollState.POLLING: 0, PollState.PAUSED: 1}
    desk.governor.govern([])
    assert contact.line.obstacle is None
    assert contact.account.state is PollState.POLLING


def test_exclusion_says_more_than_a_pause(desk: Desk) -> None:
    """What must never be touched is not called paused."""
    contact = desk.contact(safety=True)
    desk.governor.govern([Zone("", PAUSED)])
    state, reason = contact.line.obstacle or ("", "")
    assert state is PollState.EXCLUDED
    assert reason == "a safety controller (IEC 61511) that no zone names"
    desk.governor.govern([Zone("", safety_controllers=("plc",), do_not_poll=("10.0.0.1",))])
    assert contact.line.obstacle == (
        PollState.EXCLUDED,
        "site: 10.0.0.1 is on the do-not-poll list",
    )
    desk.governor.govern([Zone("", safety_controllers=("plc",))])
    assert contact.line.obstacle is None


def test_a_closed_fence_hangs_up_on_everybody(desk: Desk, gate: Any) -> None:
    """Another process may own them by now."""
    desk.contact("a")
    desk.contact("b")
    desk.governor.look()
    assert not desk.hung_up
    gate.is_open = False
    desk.governor.look()
    assert sorted(desk.hung_up) == ["s/a", "s/b"]


def test_a_window_is_looked_at_without_a_slot(desk: Desk) -> None:
    """A subscription would go on by itself."""
    window = Window(("fri",), "11:00", "12:30", "UTC")
    contact = desk.contact(envelope=Envelope(windows=(window,)))
    desk.contact("other")
    desk.governor.look()
    assert not desk.hung_up
    desk.now += 31 * 60
    desk.governor.look()
    assert desk.hung_up == ["s/plc"]
    assert contact.account.state is PollState.OUTSIDE_WINDOW
    assert contact.account.reason == "target: polled only fri 11:00-12:30 UTC"


def test_other_rules_do_not_open_a_window(desk: Desk) -> None:
    """Its state stays what it is while something else changes."""
    window = Window(("sat",), "11:00", "12:30", "UTC")
    contact = desk.contact(envelope=Envelope(windows=(window,)))
    assert contact.account.state is PollState.OUTSIDE_WINDOW
    desk.governor.govern([Zone("", Envelope(gap_s=1))])
    assert contact.account.state is PollState.OUTSIDE_WINDOW
    assert desk.measured.states[PollState.OUTSIDE_WINDOW] == 1
    contact.envelope = UNLIMITED
    desk.governor.bind(contact)
    assert desk.measured.states[PollState.POLLING] == 1


def test_whoever_is_dismissed_is_held_no_more(desk: Desk) -> None:
    """Nothing leaves any more, and no later rule concerns it."""
    contact = desk.contact()
    desk.governor.dismiss(contact)
    desk.governor.govern([Zone("", PAUSED)])
    assert contact.line.obstacle is not None
    assert contact.line.obstacle[0] is PollState.STOPPED
    assert contact.account.state is PollState.STOPPED
    assert desk.measured.states[PollState.PAUSED] == 0
    assert not desk.hung_up

"""The governor: holds every contact to profile, target, zones and site, as they are at any time."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

import structlog

from isthmus.collector.domain.address import is_address
from isthmus.collector.domain.envelope import (
    UNLIMITED,
    Envelope,
    Levels,
    SiteRules,
    Zone,
    strictest,
)
from isthmus.collector.domain.touches import PollState
from isthmus.collector.handlers.line import Channel, EngineLine, Obstacle, Site
from isthmus.collector.handlers.names import HostNames
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.touches import Account, TouchLedger

log = structlog.get_logger()
NOT_ASKED = (PollState.PAUSED, PollState.OUTSIDE_WINDOW, PollState.EXCLUDED)
STOPPED = PollState.STOPPED, "this collector no longer polls it"
QUIET = (PollState.FENCED, PollState.STOPPED)  # said once for all targets that they concern


@dataclass(eq=False, slots=True)
class Contact:
    """One endpoint that may be touched: its line, its account, and what its own record allows."""

    origin: Origin
    envelope: Envelope
    channel: Channel
    line: EngineLine
    account: Account
    safety: bool = False
    """Its profile says that it is a safety controller (IEC 61511)."""
    own: Envelope = UNLIMITED
    """What its profile says that such devices bear."""

    @property
    def name(self) -> str:
        """`site/target`."""
        return self.origin.identity.name

    @property
    def engaged(self) -> bool:
        """Is there a connection, or a read that may make one?"""
        return False

    def levels(self) -> Levels:
        """What the contact itself says, the nearest to the device first."""
        return ("profile", self.own), ("target", self.envelope)


class Governor:
    """Keeps contacts to the rules; whoever must not be touched any more is hung up on."""

    def __init__(
        self,
        site: Site,
        ledger: TouchLedger,
        hosts: HostNames,
        hang_up: Callable[[Contact], None],
    ) -> None:
        self._site = site
        self._ledger = ledger
        self._hosts = hosts
        self._hang_up = hang_up
        self._zones: Iterable[Zone] = ()
        self.rules = SiteRules()
        self._targets: Counter[str] = Counter()
        self._contacts: set[Contact] = set()
        self._windowed: set[Contact] = set()
        self._fenced = True  # until the first heartbeat

    def admit(self, contact: Contact) -> None:
        """Hold a new contact to the rules from now on."""
        self._contacts.add(contact)
        self._targets[_target(contact)] += 1
        self._site.measure.state_changed(None, contact.account.state)
        if self.rules.unresolved == _target(contact):
            self._rule()  # the name is a target's: it is no host
        else:
            self.bind(contact)
        if self.rules.lists and _named(contact):
            self._hosts.want()

    def dismiss(self, contact: Contact) -> None:
        """The contact is over: nothing leaves any more, and its account is closed."""
        contact.line.block(STOPPED)
        self.enter(contact, *STOPPED)
        self._contacts.discard(contact)
        self._targets[_target(contact)] -= 1
        self._windowed.discard(contact)
        self._ledger.close(contact.account)
        self._site.measure.state_changed(PollState.STOPPED, None)

    def govern(self, zones: Iterable[Zone]) -> None:
        """All rules of the site and its zones, as they are from now on."""
        self._zones = tuple(zones)
        self._rule()
        self._hosts.want()

    async def follow_names(self) -> None:
        """Know which hosts the names are that a do-not-poll list is about; until cancelled."""
        await self._hosts.follow(self._names, lambda changed: self._rule())

    def bind(self, contact: Contact) -> None:
        """Hold a contact to what everybody says now."""
        line = contact.line
        line.held = strictest((*contact.levels(), *self.rules.levels(contact.origin.path)))
        (self._windowed.add if line.held.windows else self._windowed.discard)(contact)
        obstacle = self._obstacle(contact)
        line.block(obstacle)
        if obstacle is None and (closed := line.window_closed()):
            obstacle = PollState.OUTSIDE_WINDOW, closed
        if obstacle is not None:
            self.obstruct(contact, obstacle)
        elif contact.account.state in NOT_ASKED:
            self.enter(contact, PollState.POLLING)

    def look(self) -> None:
        """Hang up where the fence or a window has closed; called about once a second."""
        is_open = self._site.fence.open(0)
        if is_open == self._fenced:
            self._fenced = not is_open
            if is_open:
                log.info("polls_allowed")
            else:
                log.warning("polls_fenced", reason="no heartbeat was answered in time")
        for contact in self._contacts if self._fenced else self._windowed:
            if contact.engaged and (obstacle := contact.line.obstructed(0)):
                self.obstruct(contact, obstacle)

    def obstruct(self, contact: Contact, obstacle: Obstacle) -> None:
        """Say what holds a contact, and give back its connection."""
        self.enter(contact, *obstacle)
        if contact.engaged:
            self._hang_up(contact)

    def enter(self, contact: Contact, state: PollState, reason: str = "") -> None:
        """The contact's state from now on; logged and recorded when it is another one."""
        account = contact.account
        if (state, reason) == (account.state, account.reason):
            return
        if state not in QUIET and account.state not in QUIET:
            log.info("polling_changed", source=contact.name, state=state.value, reason=reason)
        self._site.measure.state_changed(account.state, state)
        account.state, account.reason = state, reason
        self._ledger.changed(account)

    def _rule(self) -> None:
        self.rules = SiteRules(self._zones, self._addresses)
        for contact in self._contacts:
            self.bind(contact)

    def _names(self) -> Iterable[str]:
        """Names that must be known while there is a do-not-poll list."""
        if not self.rules.lists:
            return ()
        hosts = (contact.channel.host for contact in self._contacts if _named(contact))
        return {*hosts, *(name for name in self.rules.names if not self._targets[name])}

    def _addresses(self, name: str) -> Collection[str] | None:
        return () if self._targets[name] else self._hosts.addresses(name)

    def _obstacle(self, contact: Contact) -> Obstacle | None:
        target, path = contact.origin.identity.target, contact.origin.path
        if forbidden := self.rules.forbidden(contact.channel.host, target, path):
            return PollState.EXCLUDED, forbidden
        if contact.safety and not self.rules.allows_safety(target, path):
            return PollState.EXCLUDED, "a safety controller (IEC 61511) that no zone names"
        held = contact.line.held
        if held.envelope.paused:
            return PollState.PAUSED, f"{held.levels['paused']}: {held.envelope.reason or 'paused'}"
        return None


def _target(contact: Contact) -> str:
    return contact.origin.identity.target.lower()


def _named(contact: Contact) -> bool:
    return not is_address(contact.channel.host)

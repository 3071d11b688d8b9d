"""What the engine needs from the outside: sources, credentials, profiles, ownership."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from isthmus.collector.domain.discovery import Found, Probe
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.notification import Notification
from isthmus.collector.domain.reading import Outcome, Reading
from isthmus.collector.domain.recognition import Rules, pattern
from isthmus.collector.domain.requests import Request
from isthmus.collector.domain.touches import PollState
from isthmus.runtime.codec import Outgoing

Model = TypeVar("Model", bound=BaseModel)
T = TypeVar("T")
Resolve = Callable[[str], Awaitable[Collection[str] | None]]
"""The addresses of a host name; empty when it has none, None when nobody can say now."""


class Withheld(Exception):
    """A request that the engine did not let out: paused, outside its window, fenced, stopping.

    A source lets it through; it says nothing about the device.
    """


class Line(Protocol):
    """The one way to an endpoint: all that a source sends goes through here and waits its turn."""

    @property
    def items_max(self) -> int | None:
        """Most registers, nodes or varbinds in one request; None where nobody limits them."""
        ...

    @property
    def suspended(self) -> Collection[str]:
        """Paths of devices behind the endpoint that must not be asked in this read."""
        ...

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        """Open the connection when the envelope allows it, and pause after it; else as `ask`."""
        ...

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        """Send one request when the envelope allows it, and return what `send` returns.

        `path` is the device behind the endpoint that it is for. Raises what `send` raises, Fault
        (timeout) when the endpoint has used up its time, and Withheld when nothing may be sent now.
        """
        ...

    def sent(self, kind: Request, count: int = 1) -> None:
        """Count requests that a library sends by itself, for example Publish of OPC UA."""
        ...


class DeviceProfile(BaseModel):
    """What the profiles of every protocol may say beside what to read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: str
    envelope: Envelope = Envelope()
    """What devices of this type bear; replaces the protocol's own defaults field by field."""
    slow_every: int = Field(default=10, ge=1)
    """What is marked `slow` is read at every n-th slot."""
    safety: bool = False
    """A safety controller (IEC 61511 SIS): not polled unless its zone names the target."""
    match: dict[str, Annotated[str, AfterValidator(pattern)]] = Field(default={})
    """Facts of identity, each with the regular expression that the whole of it must match; a target
    with the profile `auto` takes the profile of which all match, the one with most of them."""


class Source(Protocol):
    """One connection to one endpoint; the engine alone calls it, never twice at the same time."""

    @property
    def profile(self) -> DeviceProfile:
        """The profile it reads by, with the protocol's defaults; may change with a read."""
        ...

    async def read(self, line: Line, slot: int) -> Reading:
        """Read the endpoint once, connecting first where needed; only ever reads, never writes.

        Everything that leaves goes through `line`. `slot` is the number of the scheduled slot:
        what is slow is read at every n-th one, whoever owns the target. Does not raise for what a
        device or a network does: that is an outcome, with a sentence for a person; Withheld goes
        through. May be cancelled at any await; it can be read again after that.
        """
        ...

    async def close(self) -> None:
        """Give the connection back to the device, within a second; may be called more than once."""
        ...


class Credentials(Protocol):
    """Secrets by name."""

    def resolve(self, name: str, kind: type[Model]) -> Model:
        """The credential as it is now; does not block; raises Unauthorized when there is none."""
        ...


class Profiles(Protocol):
    """Device profiles by name."""

    def load(self, name: str, kind: type[Model]) -> Model:
        """The profile as `kind`; raises Rejected with file, field and expectation."""
        ...

    def rules(self, kind: type[Model]) -> Rules:
        """What each good profile of `kind` matches, of those that match anything; by name."""
        ...


class Endpoint(Protocol):
    """Where and how one target is read: the checked configuration, which makes the source."""

    @property
    def protocol(self) -> str:
        """Protocol word."""
        ...

    @property
    def timeout_s(self) -> float:
        """Longest time that one read may take, in seconds."""
        ...

    @property
    def address(self) -> str:
        """`host:port`, which two targets share when they are one connection to one device."""
        ...

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> Source:
        """The source of this endpoint; opens nothing; raises Rejected when the profile is wrong."""
        ...


class Fence(Protocol):
    """Tells whether this process may still touch the devices that it owns."""

    def open(self, for_s: float) -> bool:
        """May a request that takes up to `for_s` seconds leave now? Does not block.

        Asked for every single request, so that none leaves after a frozen process wakes.
        """
        ...


class Owner(Protocol):
    """Hears what this process owns; called from one task at a time, never while it is busy."""

    def share(self, part: float) -> None:
        """The part of all partitions that this process owns; does not block."""
        ...

    async def take(self, records: Sequence[Any]) -> None:
        """Records of owned partitions, each partition in order."""
        ...

    async def loaded(self, partition: int) -> None:
        """Everything that stood on the partition when it was assigned has been taken."""
        ...

    async def release(self, partitions: Iterable[int] | None = None) -> None:
        """Stop, wait for what is in flight, close; returns within seconds. None means all."""
        ...


class Follower(Protocol):
    """Hears everything that stands on a compacted topic, and everything that comes to it."""

    async def take(self, records: Sequence[Any]) -> None:
        """Records of all partitions, each partition in order; does not raise."""
        ...


class Identification(Protocol):
    """Asks an endpoint what it is, with the one identification request of its protocol."""

    async def __call__(self, line: Line, probe: Probe, host: str, timeout_s: float) -> Found:
        """What it says; raises Fault, Unauthorized when the credential is not there, Withheld."""
        ...

    def endpoint(self, probe: Probe, host: str) -> Mapping[str, str | int]:
        """The fields of a target's endpoint that would read it; raises Unauthorized."""
        ...


class Occupied(Protocol):
    """Knows the hosts that are targets of the site already, whoever polls them."""

    async def by(self, host: str) -> str | None:
        """A target that has the address `host`; None when it is free.

        May ask a name server; raises Withheld while none can say what one of them is.
        """
        ...


class Measure(Protocol):
    """Counts what the engine does; never blocks, never raises."""

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        """One read ended."""
        ...

    def targets_changed(self, protocol: str, by: int) -> None:
        """Targets were started (by > 0) or stopped (by < 0)."""
        ...

    def withheld(self, state: PollState) -> None:
        """One slot was left out or broken off, because nothing may be sent."""
        ...

    def waited(self, limit: str, wait_s: float) -> None:
        """A request waits for a limit of its envelope."""
        ...

    def state_changed(self, before: PollState | None, after: PollState | None) -> None:
        """A target is in another state; None before its start and after its end."""
        ...

    def slowed(self, by: int) -> None:
        """An endpoint labours and is asked less (by > 0), or is asked as usual again (by < 0)."""
        ...


@dataclass(frozen=True, slots=True)
class Taken:
    """One record to keep, and whether it says another outcome than the one before it."""

    record: Outgoing
    changes: bool


@dataclass(frozen=True, slots=True)
class Depth:
    """What a spool holds."""

    records: int
    bytes: int
    oldest_age_s: float
    fill: float
    """Part of its limit that is taken, 0 to 1."""


class Spool(Protocol):
    """Records that Kafka has not acknowledged yet; one task at a time calls each method.

    Bounded: when full, what a target has said before something newer goes first, then what it
    said last, then changes of outcome, each oldest first; and whatever is older than its limit.
    """

    @property
    def durable(self) -> bool:
        """Does it survive the process?"""
        ...

    @property
    def last(self) -> int:
        """Number of the newest record that was ever put."""
        ...

    async def put(self, taken: Sequence[Taken]) -> Sequence[int]:
        """Keep all of `taken`, or raise Retryable; numbers them upwards, in their order.

        A durable spool returns when they would survive a loss of power.
        """
        ...

    async def oldest(self, records_max: int, upto: int) -> Sequence[tuple[int, Outgoing]]:
        """The oldest records with their numbers, none above `upto`."""
        ...

    async def remove(self, numbers: Sequence[int]) -> None:
        """Forget records that were published; may be undone by a loss of power."""
        ...

    async def depth(self) -> Depth:
        """What it holds now."""
        ...


class SpoolMeasure(Protocol):
    """Counts what becomes of records on their way to Kafka; never blocks, never raises."""

    def dropped(self, records: int, reason: str) -> None:
        """Records were dropped: `full`, `age`, `disk`, `corrupt`, `refused`."""
        ...

    def replayed(self, records: int) -> None:
        """Records were published later than live."""
        ...

    def holds(self, depth: Depth) -> None:
        """What waits now."""
        ...


@dataclass(frozen=True, slots=True)
class SiteRows:
    """What the file of a site says."""

    targets: Sequence[Any]
    zones: Sequence[Any]
    sentence: Callable[[str, int, str], str]
    """A mistake in row n of `targets` or `zones`, with the file and the line where it stands."""


class Hears(Protocol):
    """Hears what devices send by themselves; called from the event loop, never blocks or raises."""

    def admits(self, address: str) -> bool:
        """May what came from this IP address be looked at? Asked before any of it is read."""
        ...

    def heard(self, notification: Notification) -> None:
        """One trap or inform, decoded and authentic."""
        ...

    def refused(self, address: str, reason: str) -> None:
        """What came from an admitted address was dropped: `garbled`, `not_authentic`."""
        ...


class MeasureNotifications(Protocol):
    """Counts traps and informs; never blocks, never raises."""

    def notified(self) -> None:
        """One became an Observation."""
        ...

    def notification_dropped(self, reason: str) -> None:
        """One was dropped."""
        ...

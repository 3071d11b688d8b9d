"""What the engine needs from the outside: sources, credentials, profiles, ownership."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from isthmus.collector.domain import Outcome, Reading

Model = TypeVar("Model", bound=BaseModel)


class Source(Protocol):
    """One connection to one endpoint; the engine alone calls it, never twice at the same time."""

    async def read(self) -> Reading:
        """Read the endpoint once, connecting first where needed; only ever reads, never writes.

        Does not raise for what a device or a network does: that is an outcome, with a sentence for
        a person. May be cancelled at any await; it can be read again after that.
        """
        ...

    async def close(self) -> None:
        """Give the connection back to the device; may be called at any time, and more than once."""
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
        """May a read that takes up to `for_s` seconds start now? Does not block."""
        ...


class Owner(Protocol):
    """Hears what this process owns; called from one task at a time, never while it is busy."""

    async def take(self, records: Sequence[Any]) -> None:
        """Records of owned partitions, each partition in order."""
        ...

    async def loaded(self, partition: int) -> None:
        """Everything that stood on the partition when it was assigned has been taken."""
        ...

    async def release(self, partitions: Iterable[int] | None = None) -> None:
        """Stop, wait for what is in flight, close; returns within seconds. None means all."""
        ...


class Measure(Protocol):
    """Counts what the engine does; never blocks, never raises."""

    def polled(self, protocol: str, outcome: Outcome, *, late_s: float, took_s: float) -> None:
        """One read ended."""
        ...

    def targets_changed(self, protocol: str, by: int) -> None:
        """Targets were started (by > 0) or stopped (by < 0)."""
        ...

    def skipped(self) -> None:
        """One slot was left out because the fence was closed."""
        ...

    def dropped(self, records: int) -> None:
        """Records were dropped because Kafka has been away for too long."""
        ...

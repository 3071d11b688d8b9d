"""One read of one target by hand, as gently as the service would, with everything that was sent."""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from isthmus.collector.domain.envelope import Envelope, strictest
from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.line import EngineLine, Site
from isthmus.collector.handlers.recognition import Recognition
from isthmus.collector.ports import Measure, Source, Withheld

T = TypeVar("T")
STRICT = Envelope(connections_max=1, gap_s=0.2, device_requests_per_s=2, endpoint_requests_per_s=2)
"""What a probe keeps at the least, whatever a profile allows."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One request that left."""

    kind: Request
    path: str
    at_s: float
    """Since the probe began."""
    took_s: float
    error: str


class Always:
    """A fence that is open: a probe owns no target, it is a person's own act."""

    def open(self, for_s: float) -> bool:
        return True


class Noting:
    """A line that notes what goes through it."""

    def __init__(self, line: EngineLine, sent: list[Sent]) -> None:
        self._line = line
        self._sent = sent
        self._began_at = time.monotonic()

    @property
    def items_max(self) -> int | None:
        return self._line.items_max

    @property
    def suspended(self) -> Collection[str]:
        return self._line.suspended

    async def connect(self, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        return await self._line.connect(kind, self._noted(kind, "", send))

    async def ask(self, kind: Request, send: Callable[[], Awaitable[T]], *, path: str = "") -> T:
        return await self._line.ask(kind, self._noted(kind, path, send), path=path)

    def sent(self, kind: Request, count: int = 1) -> None:
        self._line.sent(kind, count)
        now_s = time.monotonic() - self._began_at
        self._sent += [Sent(kind, "", now_s, 0.0, "")] * count

    def _noted(
        self, kind: Request, path: str, send: Callable[[], Awaitable[T]]
    ) -> Callable[[], Awaitable[T]]:
        async def noted() -> T:
            began, error = time.monotonic(), "given up"
            try:
                answer = await send()
                error = ""
                return answer
            except Exception as failure:
                error = str(failure) or type(failure).__name__
                raise
            finally:
                took_s = time.monotonic() - began
                self._sent.append(Sent(kind, path, began - self._began_at, took_s, error))

        return noted


@dataclass
class Subject:
    """What is probed."""

    name: str
    source: Source
    profile: str
    address: str
    timeout_s: float
    envelope: Envelope
    """What its target says."""


@dataclass
class Probed:
    """What a probe sent, what it heard, and the limits that held, each with where it comes from."""

    profile: str
    """Name of the profile that was read by last."""
    reading: Reading = field(default_factory=Reading)
    sent: list[Sent] = field(default_factory=list)
    limits: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    took_s: float = 0.0


class Probe:
    """Reads a source once; one of the profile `auto` once more when it has been recognised."""

    def __init__(self, measure: Measure, *, safety_controllers: bool = False) -> None:
        self._site = Site(Always(), measure, in_flight_max=1, clock=time.monotonic, wall=time.time)
        self._safety_controllers = safety_controllers

    async def read(self, subject: Subject) -> Probed:
        """What the device says; opens one connection, and closes it."""
        probed, source = Probed(subject.profile), subject.source
        line = EngineLine(self._site, self._site.channel(subject.address))
        began_at = time.monotonic()
        try:
            await self._read(subject, line, probed)
            if isinstance(source, Recognition) and source.name != probed.profile:
                await self._read(subject, line, probed)
        finally:
            await source.close()
        probed.took_s = time.monotonic() - began_at
        return probed

    async def _read(self, subject: Subject, line: EngineLine, probed: Probed) -> None:
        source = subject.source
        if isinstance(source, Recognition):
            probed.profile = source.name
        if source.profile.safety and not self._safety_controllers:
            text = f"{probed.profile}: a safety controller (IEC 61511): not asked"
            probed.reading = Reading.failed(Fault(Outcome.REFUSED, text))
            return
        levels = (
            ("profile", source.profile.envelope),
            ("target", subject.envelope),
            ("probe", STRICT),
        )
        held = line.held = strictest(levels)
        probed.limits = {n: (getattr(held.envelope, n), level) for n, level in held.levels.items()}
        line.begin(subject.timeout_s)
        try:
            probed.reading = await source.read(Noting(line, probed.sent), 0)
        except Withheld as reason:
            probed.reading = Reading.failed(Fault(Outcome.REFUSED, f"not asked: {reason}"))

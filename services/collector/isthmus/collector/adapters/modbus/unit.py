"""One Modbus unit: who it is once a connection, how it is at each slot, and what it refuses."""

import math
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from isthmus.collector.adapters.modbus.blocks import Block, Facts, Points
from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.plan import Plan
from isthmus.collector.adapters.modbus.registers import Profile, text
from isthmus.collector.adapters.modbus.sunspec import BASES, SunSpec
from isthmus.collector.adapters.modbus.wire import GATEWAY, LASTING, Refused, Unanswered
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome

READ_CODES = {"basic": 1, "regular": 2, "extended": 3}  # FC 43 / 14
IDENTITY_S = 24 * 3600
NAMED_MAX = 5
Step = tuple[str, Callable[[Bus], Awaitable[None]]]


@dataclass(slots=True)
class Said:
    """What one device has said in one read."""

    facts: Facts = field(default_factory=dict)
    points: Points = field(default_factory=dict)


class Unit:
    """Reads one unit, and keeps what it has learned of it."""

    def __init__(self, number: int, path: str, profile: Profile) -> None:
        self.number = number
        self.path = path
        self._profile = profile
        self._measured = any(not r.identity for r in profile.registers)
        self.silent = False
        """Did it leave its last request without an answer?"""
        self.forget()

    def forget(self) -> None:
        """Another device may answer next time."""
        self._plan = Plan(self._profile, None)
        self._identity: Facts = {}
        self._identified_at = -math.inf
        self._steps: list[Step] = []
        self._lacks: dict[str, str] = {}
        self._sunspec = SunSpec()
        self._slow_read = False
        self._may_halve = True

    async def read(self, bus: Bus, slot: int) -> tuple[DeviceReading, ...]:
        """What it says: one device, or each one that a SunSpec map tells of."""
        if self._plan.items_max != bus.line.items_max:
            self._plan = Plan(self._profile, bus.line.items_max)
        self._may_halve = True
        said = [Said()]
        try:
            identified = time.monotonic() - self._identified_at > IDENTITY_S
            if identified:
                await self._identify(bus)
            asked = await self._registers(bus, slot, said[0])
            if self._sunspec.devices:
                await self._models(bus, said)
            elif not (asked or identified):
                await self._again(bus)
        except Fault as fault:
            return self._failed(fault, said)
        self.silent = False
        return self._read(said)

    def lost(self, fault: Fault) -> tuple[DeviceReading, ...]:
        """What is left to say of it when it cannot be asked any more."""
        return self._failed(fault, [Said()])

    async def _identify(self, bus: Bus) -> None:
        # A read that ran out of time left the rest for this one.
        self._steps = self._steps or list(self._identifying())
        while self._steps:
            name, step = self._steps[0]
            try:
                await step(bus)
            except Refused as refused:
                if refused.code not in LASTING:
                    raise
                self._lacks[name] = refused.meaning
            del self._steps[0]
        self._identified_at = time.monotonic()

    async def _again(self, bus: Bus) -> None:
        """Ask once more who it is: where nothing else is asked, this shows that it is there."""
        for _, step in islice(self._identifying(), 1):
            await step(bus)

    def _identifying(self) -> Iterator[Step]:
        if self._profile.identification != "none" and "identification" not in self._lacks:
            yield "identification", self._objects
        if self._profile.server_id and "server_id" not in self._lacks:
            yield "server_id", self._server_id
        for block in self._plan.layout.identity:
            yield block.table, partial(self._fixed, block)
        if self._profile.sunspec and "sunspec" not in self._lacks:
            self._sunspec = SunSpec()
            yield "sunspec", self._chain

    async def _objects(self, bus: Bus) -> None:
        objects = await bus.identification(READ_CODES[self._profile.identification])
        self._identity |= {self._profile.object_name(k): text(v) for k, v in objects.items()}

    async def _server_id(self, bus: Bus) -> None:
        self._identity["server_id"] = text(await bus.server_id())

    async def _fixed(self, block: Block, bus: Bus) -> None:
        said = Said(self._identity)
        try:
            self._decode(block, await bus.block(block), said)
        except Refused as refused:
            await self._halved(bus, block, refused, said)

    async def _chain(self, bus: Bus) -> None:
        await self._sunspec.find(bus)
        if not self._sunspec.devices:
            self._lacks["sunspec"] = f"no models at {', '.join(str(base) for base in BASES)}"

    async def _registers(self, bus: Bus, slot: int, said: Said) -> bool:
        """Read what is due at `slot`; was there anything?"""
        slow = not self._slow_read or slot % self._profile.slow_every == 0
        layout = self._plan.layout
        due = layout.all if slow else layout.fast
        for block in due:
            try:
                self._decode(block, await bus.block(block), said)
            except Refused as refused:
                await self._halved(bus, block, refused, said)
        self._slow_read = True
        return bool(due)

    def _decode(self, block: Block, answer: bytes, said: Said) -> None:
        block.decode(answer, said.facts, said.points)
        if self._plan.refused:
            self._plan.answered(block)

    async def _halved(self, bus: Bus, block: Block, refused: Refused, said: Said) -> None:
        """Ask the halves of what was refused, of one block a read: a wrong map costs little."""
        if refused.code not in LASTING:
            raise refused
        halves = self._plan.refuse(block, refused, split=self._may_halve)
        self._may_halve = self._may_halve and not halves
        for half in halves:
            try:
                self._decode(half, await bus.block(half), said)
            except Refused as again:
                if again.code not in LASTING:
                    raise
                self._plan.refuse(half, again, split=False)

    async def _models(self, bus: Bus, said: list[Said]) -> None:
        for number, device in enumerate(self._sunspec.devices):
            if number:
                said.append(Said())
            said[number].facts |= device.facts
            await self._sunspec.read(bus, device, said[number].facts, said[number].points)

    def _read(self, said: list[Said]) -> tuple[DeviceReading, ...]:
        first, facts = said[0], self._identity | said[0].facts
        outcome, error = Outcome.OK, ""
        if self._lacks or self._plan.refused:
            error = self._refusals()
            if not (first.points or first.facts) and (self._measured or not facts):
                outcome = Outcome.REFUSED
                if not self._plan.layout.all:
                    self.forget()  # whatever answers next time is asked anew
        device = DeviceReading(self.path, outcome, error, facts, first.points)
        return (device,) if len(said) == 1 else (device, *self._others(said, Outcome.OK, ""))

    def _failed(self, fault: Fault, said: list[Said]) -> tuple[DeviceReading, ...]:
        first, facts, error = said[0], self._identity | said[0].facts, str(fault)
        said += [Said() for _ in self._sunspec.devices[len(said) :]]
        others = self._others(said, fault.outcome, error)
        self.silent = isinstance(fault, Unanswered) and fault.outcome is Outcome.TIMEOUT
        gone = isinstance(fault, Refused) and fault.code in GATEWAY
        if gone or isinstance(fault, Unanswered):
            self.forget()
        return DeviceReading(self.path, fault.outcome, error, facts, first.points), *others

    def _others(self, said: list[Said], outcome: Outcome, error: str) -> list[DeviceReading]:
        return [
            DeviceReading(self._path(number), outcome, error, other.facts, other.points)
            for number, other in enumerate(said[1:], 2)
        ]

    def _path(self, number: int) -> str:
        return f"{self.path}/device-{number}" if self.path else f"device-{number}"

    def _refusals(self) -> str:
        reasons: dict[str, list[str]] = {}
        for name, why in (self._lacks | self._plan.refused).items():
            reasons.setdefault(why, []).append(name)
        return "; ".join(f"{_named(names)}: {why}" for why, names in reasons.items())


def _named(names: list[str]) -> str:
    rest = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {rest} more" if rest > 0 else "")

"""Modbus TCP: identification once a connection, the profile's registers at each slot."""

import math
import time
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.registers import Profile, decode, plan, text
from isthmus.collector.domain import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, Profiles

READ_CODES = {"basic": 1, "regular": 2, "extended": 3}  # FC 43 / 14
IDENTITY_S = 24 * 3600
MARGIN_S = 0.2


class Modbus(BaseModel):
    """Endpoint of a Modbus TCP server, or of a gateway with several units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["modbus"]
    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    units: list[Annotated[int, Field(ge=0, le=255)]] = Field(default=[1], min_length=1)
    request_timeout_s: float = Field(default=1, gt=0, le=3)
    """Seconds until a unit that does not answer one request counts as silent."""
    timeout_s: float = Field(default=5, gt=0, le=6)
    """Seconds for the whole read."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "ModbusSource":
        found = profiles.load(profile, Profile)
        units = {
            unit: profiles.load(found.units[unit], Profile) if unit in found.units else found
            for unit in self.units
        }
        return ModbusSource(self, units)


class ModbusSource:
    """Reads the units of one endpoint, one after another."""

    def __init__(self, endpoint: Modbus, units: Mapping[int, Profile]) -> None:
        self._endpoint = endpoint
        self._units = units
        self._values = {u: plan(p, identity=False) for u, p in units.items()}
        self._bus: Bus | None = None
        self._silent: set[int] = set()
        self._identities: dict[int, tuple[float, dict[str, str]]] = {}

    async def read(self) -> Reading:
        try:
            bus = await self._connected()
        except Fault as fault:
            return Reading.failed(fault)
        deadline = time.monotonic() + self._endpoint.timeout_s - MARGIN_S
        found = {u: await self._device(bus, u, deadline) for u in self._answering_first()}
        devices = tuple(found[unit] for unit in self._units)
        silent = all(d.outcome in (Outcome.TIMEOUT, Outcome.UNREACHABLE) for d in devices)
        if silent or any(d.outcome is Outcome.GARBLED for d in devices) or not bus.connected:
            await self.close()
        if len(devices) == 1 or silent:
            answered = tuple(d for d in devices if d.facts or d.points)
            return Reading(devices[0].outcome, devices[0].error, answered)
        return Reading(devices=devices)

    async def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
        self._bus = None
        self._identities.clear()

    async def _connected(self) -> Bus:
        if self._bus is None or not self._bus.connected:
            await self.close()
            at = self._endpoint
            bus = Bus(at.host, at.port, at.request_timeout_s)
            self._bus = bus
            await bus.connect()
        return self._bus

    def _answering_first(self) -> list[int]:
        return sorted(self._units, key=self._silent.__contains__)

    async def _device(self, bus: Bus, unit: int, deadline: float) -> DeviceReading:
        facts: dict[str, str] = {}
        points: dict[str, tuple[float, str]] = {}
        path = f"unit-{unit}" if len(self._units) > 1 else ""
        if time.monotonic() + self._endpoint.request_timeout_s > deadline:
            text = f"{self._endpoint.address} unit {unit}: not asked, silent units took the time"
            return DeviceReading(path, Outcome.TIMEOUT, text)
        try:
            facts |= await self._identity(bus, unit)
            for block in self._values[unit]:
                decode(block, await bus.registers(block, unit), facts, points)
        except Fault as fault:
            self._identities.pop(unit, None)  # another device may answer next time
            if fault.outcome is Outcome.TIMEOUT:
                self._silent.add(unit)
            return DeviceReading(path, fault.outcome, str(fault), facts, points)
        self._silent.discard(unit)
        return DeviceReading(path, facts=facts, points=points)

    async def _identity(self, bus: Bus, unit: int) -> dict[str, str]:
        read_at, facts = self._identities.get(unit, (-math.inf, {}))
        if time.monotonic() - read_at < IDENTITY_S:
            return facts
        facts, profile = {}, self._units[unit]
        if profile.identification != "none":
            objects = await bus.identification(READ_CODES[profile.identification], unit)
            facts |= {profile.object_name(k): text(v) for k, v in objects.items()}
        if profile.server_id:
            facts["server_id"] = text(await bus.server_id(unit))
        for block in plan(profile, identity=True):
            decode(block, await bus.registers(block, unit), facts, {})
        self._identities[unit] = (time.monotonic(), facts)
        return facts

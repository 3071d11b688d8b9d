"""Modbus over TCP, RTU frames over TCP, and TLS: the units of one endpoint, one after another."""

import time
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.registers import Profile
from isthmus.collector.adapters.modbus.rtu import RtuWire
from isthmus.collector.adapters.modbus.tls import Credential
from isthmus.collector.adapters.modbus.unit import Unit
from isthmus.collector.adapters.modbus.wire import Wire
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Credentials, Line, Profiles
from isthmus.runtime.errors import Unauthorized

HANDSHAKE_S = 3.0  # a controller's processor takes seconds for the keys of TLS
KEPT_S = 3600.0
Devices = tuple[DeviceReading, ...]
AWAY = (Outcome.TIMEOUT, Outcome.UNREACHABLE)


class Modbus(BaseModel):
    """Endpoint of a Modbus server, or of a gateway with several units."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["modbus"]
    host: str = Field(min_length=1)
    port: int = Field(default=502, ge=1, le=65535)
    transport: Literal["tcp", "rtu_over_tcp", "tls"] = "tcp"
    credential: str | None = None
    """Name of the credential of `tls`; never the credential itself."""
    units: list[Annotated[int, Field(ge=0, le=255)]] = Field(default=[1], min_length=1)
    request_timeout_s: float = Field(default=1, gt=0, le=3)
    """Seconds until a unit that does not answer one request counts as silent."""
    timeout_s: float = Field(default=5, gt=0, le=6)
    """Seconds for the whole read."""

    @model_validator(mode="after")
    def _secured(self) -> "Modbus":
        if (self.transport == "tls") != (self.credential is not None):
            raise ValueError("transport tls, and no other, has a credential")
        return self

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "ModbusSource":
        found = profiles.load(profile, Profile)
        units = {
            unit: profiles.load(found.units[unit], Profile) if unit in found.units else found
            for unit in self.units
        }
        return ModbusSource(self, found, units, credentials)

    def wire(self) -> Wire:
        """A connection that is not open yet."""
        kind = RtuWire if self.transport == "rtu_over_tcp" else Wire
        return kind(self.address, self.request_timeout_s)

    async def open(self, wire: Wire, credentials: Credentials) -> None:
        """Open the connection; raises Fault and Unauthorized."""
        tls, timeout_s = None, self.request_timeout_s
        if self.credential is not None:
            tls = credentials.resolve(self.credential, Credential).context(self.credential)
            timeout_s += HANDSHAKE_S
        await wire.connect(self.host, self.port, timeout_s, tls)


class ModbusSource:
    """Reads the units of one endpoint over one connection."""

    def __init__(
        self,
        endpoint: Modbus,
        profile: Profile,
        units: Mapping[int, Profile],
        credentials: Credentials,
    ) -> None:
        self._endpoint = endpoint
        safety = any(unit.safety for unit in units.values())
        self._profile = profile.model_copy(update={"safety": True}) if safety else profile
        self._credentials = credentials
        several = len(units) > 1
        self._units = [Unit(n, f"unit-{n}" if several else "", p) for n, p in units.items()]
        self._wire: Wire | None = None
        self._left_at = 0.0

    @property
    def profile(self) -> Profile:
        return self._profile

    async def read(self, line: Line, slot: int) -> Reading:
        units = self._units
        if line.suspended:
            units = [unit for unit in units if unit.path not in line.suspended]
            if not units:
                return Reading()
        wire = self._wire
        if wire is None or not wire.usable:
            try:
                wire = await self._connected(line)
            except Fault as fault:
                return Reading.failed(fault)
            except Unauthorized as error:
                return Reading(Outcome.UNAUTHORIZED, str(error))
        if len(units) == 1:
            devices = await units[0].read(Bus(wire, line, units[0].number, units[0].path), slot)
        else:
            devices = await _each(units, wire, line, slot)
        if not wire.usable or (units[0].silent and all(unit.silent for unit in units)):
            await self.close()
        return _reading(devices)

    async def close(self) -> None:
        wire, self._wire = self._wire, None
        if wire is None:
            return
        self._left_at = time.monotonic()
        if not wire.usable:
            self._forget()
        await wire.close()

    async def _connected(self, line: Line) -> Wire:
        await self.close()
        if time.monotonic() - self._left_at > KEPT_S:
            self._forget()
        wire = self._wire = self._endpoint.wire()
        await line.connect(
            Request.MODBUS_CONNECT, lambda: self._endpoint.open(wire, self._credentials)
        )
        return wire

    def _forget(self) -> None:
        for unit in self._units:
            unit.forget()


async def _each(units: list[Unit], wire: Wire, line: Line, slot: int) -> Devices:
    """Each unit in turn; those that were silent come last, so that they take nobody's time."""
    found: dict[Unit, Devices] = {}
    for unit in sorted(units, key=lambda unit: unit.silent):
        bus = Bus(wire, line, unit.number, unit.path)
        found[unit] = await unit.read(bus, slot) if wire.up else unit.lost(wire.lost(unit.number))
    return tuple(device for unit in units for device in found[unit])


def _reading(devices: Devices) -> Reading:
    if len(devices) == 1 and devices[0].outcome is Outcome.OK:
        return Reading(devices=devices)
    if len(devices) > 1 and not all(device.outcome in AWAY for device in devices):
        return Reading(devices=devices)
    answered = tuple(device for device in devices if device.facts or device.points)
    return Reading(devices[0].outcome, devices[0].error, answered)

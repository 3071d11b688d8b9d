"""SunSpec: who a device is, and how inverters and meters are, in models that tell their own place.

Source: SunSpec Device Information Model Specification 1.1, and models 1, 101 to 103, 201 to 204.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from isthmus.collector.adapters.modbus.blocks import Facts, Points
from isthmus.collector.adapters.modbus.bus import Bus
from isthmus.collector.adapters.modbus.registers import text
from isthmus.collector.adapters.modbus.wire import LASTING, Refused

BASES = (40000, 50000, 0)
MARKER = b"SunS"
COMMON, END = 1, 0xFFFF
MODELS_MAX = 100
HEADER = struct.Struct(">HH")
# Model 1: name, first register after the header, registers.
TEXTS = (
    ("vendor_name", 0, 16),
    ("model_name", 16, 16),
    ("options", 32, 8),
    ("firmware_version", 40, 8),
    ("serial_number", 48, 16),
)
# What a device says that does not measure it: model specification, 6.4.
UNKNOWN = {"h": -0x8000, "H": 0xFFFF, "I": 0}
SCALES = range(-10, 11)


@dataclass(frozen=True, slots=True)
class Point:
    """A number of a model: registers counted from the first one after the header."""

    name: str
    at: int
    kind: str
    scale_at: int
    unit: str


def _points(unit: str, kind: str, scale_at: int, **places: int) -> tuple[Point, ...]:
    return tuple(Point(name, at, kind, scale_at, unit) for name, at in places.items())


INVERTER = (
    *_points("A", "H", 4, current=0, current_a=1, current_b=2, current_c=3),
    *_points("V", "H", 11, voltage_ab=5, voltage_bc=6, voltage_ca=7),
    *_points("V", "H", 11, voltage_a=8, voltage_b=9, voltage_c=10),
    *_points("W", "h", 13, active_power=12),
    *_points("Hz", "H", 15, frequency=14),
    *_points("V.A", "h", 17, apparent_power=16),
    *_points("V.A", "h", 19, reactive_power=18),
    *_points("%", "h", 21, power_factor=20),
    *_points("W.h", "I", 24, energy=22),
    *_points("A", "H", 26, dc_current=25),
    *_points("V", "H", 28, dc_voltage=27),
    *_points("W", "h", 30, dc_power=29),
    *_points("Cel", "h", 35, temperature=31, heat_sink_temperature=32),
)
METER = (
    *_points("A", "h", 4, current=0, current_a=1, current_b=2, current_c=3),
    *_points("V", "h", 13, voltage=5, voltage_a=6, voltage_b=7, voltage_c=8),
    *_points("V", "h", 13, voltage_ab=10, voltage_bc=11, voltage_ca=12),
    *_points("Hz", "h", 15, frequency=14),
    *_points("W", "h", 20, active_power=16),
    *_points("V.A", "h", 25, apparent_power=21),
    *_points("V.A", "h", 30, reactive_power=26),
    *_points("%", "h", 35, power_factor=31),
    *_points("W.h", "I", 52, energy_exported=36, energy_imported=44),
)
STATE_AT = 36
STATES = {
    1: "off",
    2: "sleeping",
    3: "starting",
    4: "mppt",
    5: "throttled",
    6: "shutting_down",
    7: "fault",
    8: "standby",
}
MODELS: Mapping[int, Sequence[Point]] = {
    **dict.fromkeys((101, 102, 103), INVERTER),
    **dict.fromkeys((201, 202, 203, 204), METER),
}
# Registers of a model that are read: to the last one that is used.
LENGTHS = {**dict.fromkeys((101, 102, 103), 37), **dict.fromkeys((201, 202, 203, 204), 53)}


@dataclass(slots=True)
class Device:
    """What follows one model 1 in the chain: an aggregator has several."""

    facts: Facts = field(default_factory=dict)
    models: list[tuple[int, int]] = field(default_factory=list)
    """Number of a known model, and the address after its header."""


@dataclass(slots=True)
class SunSpec:
    """The model chain of one unit; found once a connection, going on where it was left."""

    devices: list[Device] = field(default_factory=list)
    found: bool = False
    """Has the chain been followed to its end, or been looked for in vain?"""
    _tried: int = 0
    _based: bool = False
    _next: int = 0
    _header: tuple[int, int] | None = None
    _models: int = 0

    async def find(self, bus: Bus) -> None:
        """Look for the chain and follow it, one request after another; raises Fault."""
        while not self._based and not self.found:
            await self._look(bus)
        while not self.found:
            await self._follow(bus)

    async def read(self, bus: Bus, device: Device, facts: Facts, points: Points) -> None:
        """Put what the device's models measure into `facts` and `points`; raises Fault."""
        for model, address in device.models:
            decode(model, await bus.words(address, LENGTHS[model]), facts, points)

    async def _look(self, bus: Bus) -> None:
        base = BASES[self._tried]
        try:
            marked = await bus.words(base, 2) == MARKER
        except Refused as refused:
            if refused.code not in LASTING:
                raise
            marked = False
        self._tried += 1
        self._based, self._next = marked, base + 2
        self.found = not marked and self._tried == len(BASES)

    async def _follow(self, bus: Bus) -> None:
        try:
            if self._header is None:
                self._header = self._checked(await bus.words(self._next, 2))
            elif self._header[0] == COMMON:
                await self._common(bus, self._next + 2, self._header[1])
            else:
                await self._model(bus, self._next + 2, *self._header)
        except Refused as refused:
            if refused.code not in LASTING:
                raise
            self.found = True  # it ends without an end marker

    async def _common(self, bus: Bus, address: int, length: int) -> None:
        octets = await bus.words(address, length + 2)
        said = {name: text(octets[2 * at : 2 * (at + size)]) for name, at, size in TEXTS}
        self.devices.append(Device({name: value for name, value in said.items() if value}))
        self._advance(length, octets[2 * length :])

    async def _model(self, bus: Bus, address: int, model: int, length: int) -> None:
        header = await bus.words(address + length, 2)
        if length >= LENGTHS.get(model, length + 1):
            if not self.devices:
                self.devices.append(Device())
            self.devices[-1].models.append((model, address))
        self._advance(length, header)

    def _advance(self, length: int, header: bytes) -> None:
        self._next += 2 + length
        self._models += 1
        self._header = self._checked(header)

    def _checked(self, header: bytes) -> tuple[int, int]:
        model, length = HEADER.unpack(header)
        beyond = self._next + 2 + length + 2 > 0x10000
        self.found = model == END or length == 0 or beyond or self._models >= MODELS_MAX
        return model, length


def decode(model: int, octets: bytes, facts: Facts, points: Points) -> None:
    """Put the numbers of one model into `points`, and the state of an inverter into `facts`."""
    for point in MODELS[model]:
        (raw,) = struct.unpack_from(f">{point.kind}", octets, 2 * point.at)
        (scale,) = struct.unpack_from(">h", octets, 2 * point.scale_at)
        if raw != UNKNOWN[point.kind] and scale in SCALES:
            value = raw * 10**scale if scale >= 0 else raw / 10**-scale
            points[point.name] = (float(value), point.unit)
    if MODELS[model] is INVERTER:
        (state,) = struct.unpack_from(">H", octets, 2 * STATE_AT)
        facts["state"] = STATES.get(state, str(state))

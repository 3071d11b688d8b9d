"""What is read in one request, and what its octets mean: compiled once, run at each slot."""

import math
import operator
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Any

from isthmus.collector.adapters.modbus.registers import BITS, FORMATS, Register, text
from isthmus.collector.adapters.modbus.wire import KINDS

READ = {"coil": 0x01, "discrete": 0x02, "holding": 0x03, "input": 0x04}
REQUEST = struct.Struct(">BHH")
DATA_AT = 2  # in the answer PDU, after function code and octet count
Facts = dict[str, str]
Points = dict[str, tuple[float, str]]
Values = Callable[[bytes], Sequence[Any]]


class Block:
    """One read request: registers that stand together, and how their octets are read."""

    def __init__(self, registers: Sequence[Register]) -> None:
        self.registers = tuple(sorted(registers, key=lambda r: (r.address, r.name)))
        first = self.registers[0]
        self.table, self.address = first.table, first.address
        self.count = max(r.address + r.words for r in self.registers) - self.address
        self.function = READ[self.table]
        self.kind = KINDS[self.function]
        self.request = REQUEST.pack(self.function, self.address, self.count)
        self.size = math.ceil(self.count / 8) if self.table in BITS else 2 * self.count
        self._values = (_bits if self.table in BITS else _words)(self.address, self.registers)
        placed = list(enumerate(self.registers))
        numbers = [(at, r) for at, r in placed if _is_number(r)]
        self._whole = [_number(at, r) for at, r in numbers if not r.type.startswith("float")]
        self._real = [_number(at, r) for at, r in numbers if r.type.startswith("float")]
        self._other = [(at, r) for at, r in placed if not _is_number(r)]

    def decode(self, answer: bytes, facts: Facts, points: Points) -> None:
        """Put the values of an answer PDU into `facts` and `points`."""
        values = self._values(answer)
        for at, name, times, by, unit in self._whole:
            points[name] = (values[at] * times / by, unit)
        for at, name, times, by, unit in self._real:
            if math.isfinite(values[at]):
                points[name] = (values[at] * times / by, unit)
        for at, register in self._other:
            _read(register, values[at], facts, points)


def _is_number(register: Register) -> bool:
    return not (register.identity or register.enum or register.bits or "bcd" in register.type)


def _number(at: int, register: Register) -> tuple[int, str, int, int, str]:
    """Value * times / by is the nearest double to what is meant: 443 * 1 / 10, not 443 * 0.1."""
    times, by = Fraction(repr(register.scale)).as_integer_ratio()
    return at, register.name, times, by, register.unit


def _bits(address: int, registers: Sequence[Register]) -> Values:
    offsets = [register.address - address for register in registers]

    def values(answer: bytes) -> Sequence[int]:
        bits = int.from_bytes(answer[DATA_AT:], "little")
        return [bits >> offset & 1 for offset in offsets]

    return values


def _words(address: int, registers: Sequence[Register]) -> Values:
    """One struct for the whole block; where octets stand in another order they are put right."""
    places = [DATA_AT + place for r in registers for place in _places(address, r)]
    if all(before < after for before, after in pairwise(places)):
        return struct.Struct(f">{DATA_AT}x{''.join(_padded(address, registers))}").unpack_from
    unpack = struct.Struct(">" + "".join(_format(r) for r in registers)).unpack
    ordered = operator.itemgetter(*places)
    return lambda answer: unpack(bytes(ordered(answer)))


def _padded(address: int, registers: Sequence[Register]) -> Iterator[str]:
    for register in registers:
        yield f"{2 * (register.address - address)}x{_format(register)}"
        address = register.address + register.words


def _format(register: Register) -> str:
    if register.type == "string":
        return f"{2 * register.length}s"
    return FORMATS[register.type][1]


def _places(address: int, register: Register) -> Iterable[int]:
    """Where the octets of a value stand, the highest first."""
    words = range(register.address - address, register.address - address + register.words)
    octets = (0, 1) if register.byte_order == "big" else (1, 0)
    ordered = words if register.word_order == "big" else reversed(words)
    return [2 * word + octet for word in ordered for octet in octets]


def _read(register: Register, raw: Any, facts: Facts, points: Points) -> None:
    if "bcd" in register.type:
        raw = _bcd(raw)
    if raw is None:
        return
    if register.identity:
        facts[register.name] = _text(register, raw)
    elif register.enum:
        facts[register.name] = register.enum.get(int(raw), str(int(raw)))
    elif register.bits:
        for bit, name in register.bits.items():
            points[name] = (float(int(raw) >> bit & 1), "1")
    else:
        _, name, times, by, unit = _number(0, register)
        points[name] = (raw * times / by, unit)


def _bcd(raw: int) -> int | None:
    digits = f"{raw:x}"
    return int(digits) if digits.isdecimal() else None


def _text(register: Register, raw: Any) -> str:
    if isinstance(raw, bytes):
        return text(raw)
    if register.text == "decimal":
        return str(raw)
    octets = struct.pack(f">{FORMATS[register.type][1]}", raw)
    return ".".join(str(octet) for octet in octets.rstrip(b"\0"))

"""The register map of a device type: what to read, in which requests, and what the words mean."""

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

OBJECTS = (
    "VendorName",
    "ProductCode",
    "MajorMinorRevision",
    "VendorUrl",
    "ProductName",
    "ModelName",
    "UserApplicationName",
)
FORMATS = {
    "int16": (1, "h"),
    "uint16": (1, "H"),
    "int32": (2, "i"),
    "uint32": (2, "I"),
    "float32": (2, "f"),
    "int64": (4, "q"),
    "uint64": (4, "Q"),
    "float64": (4, "d"),
}
BITS_MAX = 2000
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class Register(BaseModel):
    """One value of the register map, as the vendor's manual lists it (zero-based address)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    table: Literal["coil", "discrete", "holding", "input"]
    address: int = Field(ge=0, le=0xFFFF)
    type: Literal[
        "bool",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "int64",
        "uint64",
        "float32",
        "float64",
        "string",
    ]
    length: int = Field(default=0, ge=0, le=125)
    """Registers of a string, two characters each."""
    word_order: Literal["big", "little"] = "big"
    scale: float = 1.0
    unit: str = "1"
    """UCUM unit of the scaled value."""
    enum: dict[int, str] = {}
    """Words of the values: the register is a fact."""
    bits: dict[int, Name] = {}
    """Names of the bits: each is a point, 0 or 1."""
    text: Literal["decimal", "dotted"] | None = None
    """A number that is a text: its digits, or its bytes with dots between, trailing zeros cut."""

    @model_validator(mode="after")
    def _consistent(self) -> "Register":
        if (self.type == "string") != (self.length > 0):
            raise ValueError("a string, and nothing else, has a length")
        if (self.type == "bool") != (self.table in ("coil", "discrete")):
            raise ValueError("coils and discrete inputs, and nothing else, are bool")
        return self

    @property
    def words(self) -> int:
        """Registers, or bits, that the value takes."""
        return self.length or (1 if self.type == "bool" else FORMATS[self.type][0])

    @property
    def identity(self) -> bool:
        """Does the value change with the device only, so that it is read once a connection?"""
        return self.type == "string" or self.text is not None


class Profile(BaseModel):
    """What to read of one device type, or, behind a gateway, which device type each unit is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["modbus"]
    identification: Literal["none", "basic", "regular", "extended"] = "none"
    private_objects: dict[int, Name] = {}
    """Names of objects 0x80 to 0xFF; the others are `object_0x80` and so on."""
    server_id: bool = False
    registers_max: int = Field(default=125, ge=1, le=125)
    gap_max: int = Field(default=0, ge=0, le=64)
    """Undeclared registers that one read may cross; 0 where the manual does not allow it."""
    registers: list[Register] = []
    units: dict[int, str] = {}
    """Profile of each unit behind a gateway."""

    def object_name(self, object_id: int) -> str:
        """Name of an object of FC 43 / 14."""
        if object_id < len(OBJECTS):
            return OBJECTS[object_id]
        return self.private_objects.get(object_id, f"object_0x{object_id:02X}")


@dataclass
class Block:
    """One read request."""

    table: str
    address: int
    count: int
    registers: list[Register]


def plan(profile: Profile, *, identity: bool) -> list[Block]:
    """The reads that cover the profile's registers, near ones together."""
    wanted = [r for r in profile.registers if r.identity is identity]
    blocks: list[Block] = []
    for register in sorted(wanted, key=lambda r: (r.table, r.address)):
        if not blocks or not _joined(blocks[-1], register, profile):
            blocks.append(Block(register.table, register.address, 0, []))
        block = blocks[-1]
        block.registers.append(register)
        block.count = max(block.count, register.address + register.words - block.address)
    return blocks


def _joined(block: Block, register: Register, profile: Profile) -> bool:
    limit = BITS_MAX if register.type == "bool" else profile.registers_max
    return (
        block.table == register.table
        and register.address - (block.address + block.count) <= profile.gap_max
        and register.address + register.words - block.address <= limit
    )


def decode(
    block: Block,
    values: Sequence[Any],
    facts: dict[str, str],
    points: dict[str, tuple[float, str]],
) -> None:
    """Put the block's values into `facts` and `points`."""
    for register in block.registers:
        start = register.address - block.address
        raw = _value(register, values[start : start + register.words])
        if isinstance(raw, str):
            facts[register.name] = raw
        elif register.enum:
            facts[register.name] = register.enum.get(int(raw), str(int(raw)))
        else:
            points.update(_points(register, raw))


def _value(register: Register, words: Sequence[Any]) -> str | float:
    if register.type == "bool":
        return float(words[0])
    if register.word_order == "little":
        words = words[::-1]
    octets = b"".join(word.to_bytes(2, "big") for word in words)
    if register.type == "string":
        return text(octets)
    number: float = struct.unpack(f">{FORMATS[register.type][1]}", octets)[0]
    if register.text == "decimal":
        return str(number)
    if register.text == "dotted":
        return ".".join(str(octet) for octet in octets.rstrip(b"\0"))
    return number


def _points(register: Register, raw: float) -> Iterator[tuple[str, tuple[float, str]]]:
    if register.bits:
        yield from ((n, (float(int(raw) >> bit & 1), "1")) for bit, n in register.bits.items())
    elif math.isfinite(raw):
        # Fifteen digits: 0.1 * 443 is 44.3, not 44.300000000000004.
        scaled = raw if register.scale == 1 else float(f"{raw * register.scale:.15g}")
        yield register.name, (float(scaled), register.unit)


def text(octets: bytes) -> str:
    """A device's text: UTF-8 where it is, Latin-1 otherwise, without padding."""
    try:
        decoded = octets.decode()
    except UnicodeDecodeError:
        decoded = octets.decode("latin-1")
    return decoded.replace("\0", " ").strip()

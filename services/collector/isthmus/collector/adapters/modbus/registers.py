"""The register map of a device type, as a profile writes it."""

from dataclasses import fields, replace
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    ValidationInfo,
    field_validator,
    model_validator,
)

from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.ports import DeviceProfile

OBJECTS = (
    "VendorName",
    "ProductCode",
    "MajorMinorRevision",
    "VendorUrl",
    "ProductName",
    "ModelName",
    "UserApplicationName",
)
# Registers that a number takes, and its letter in a struct.
FORMATS = {
    "int16": (1, "h"),
    "uint16": (1, "H"),
    "float16": (1, "e"),
    "bcd16": (1, "H"),
    "int32": (2, "i"),
    "uint32": (2, "I"),
    "float32": (2, "f"),
    "bcd32": (2, "I"),
    "int64": (4, "q"),
    "uint64": (4, "Q"),
    "float64": (4, "d"),
}
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
Address = Annotated[int, Field(ge=0, le=0xFFFF)]
Table = Literal["coil", "discrete", "holding", "input"]
BITS: tuple[Table, ...] = ("coil", "discrete")
WHOLE = ("int", "uint", "bcd", "bool")
PRIVATE_OBJECTS = range(0x80, 0x100)  # Modbus Application Protocol V1.1b3, 6.21
UNITS = range(0x100)  # one octet: Modbus Messaging on TCP/IP V1.0b, 3.1.3
# What a Modbus controller bears that nobody has said anything about.
GENTLE = Envelope(connections_max=1, gap_s=0.05, device_requests_per_s=2)


class Register(BaseModel):
    """One value of the register map, as the vendor's manual lists it (zero-based address)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name
    table: Table
    address: Address
    type: Literal[
        "bool",
        "int16",
        "uint16",
        "float16",
        "bcd16",
        "int32",
        "uint32",
        "float32",
        "bcd32",
        "int64",
        "uint64",
        "float64",
        "string",
    ]
    length: int = Field(default=0, ge=0, le=125)
    """Registers of a string, two characters each."""
    word_order: Literal["big", "little"] = "big"
    """Order of the registers of one value: `big` has the high word first."""
    byte_order: Literal["big", "little"] = "big"
    """Order of the octets of one register. Manuals write both as letters: ABCD is big and big, CDAB
    word_order little, BADC byte_order little, DCBA both little."""
    scale: float = Field(default=1.0, allow_inf_nan=False)
    unit: str = "1"
    """UCUM unit of the scaled value."""
    enum: dict[int, str] = Field(default={})
    """Words of the values: the register is a fact."""
    bits: dict[int, Name] = Field(default={})
    """Names of the bits: each is a point, 0 or 1."""
    text: Literal["decimal", "dotted"] | None = None
    """A number that is a text: its digits, or its bytes with dots between, trailing zeros cut."""
    slow: bool = False
    """It changes slowly: read at every n-th slot only, see `slow_every`."""

    @model_validator(mode="after")
    def _consistent(self) -> "Register":
        if (self.type == "string") != (self.length > 0):
            raise ValueError("a string, and nothing else, has a length")
        if (self.type == "bool") != (self.table in BITS):
            raise ValueError("coils and discrete inputs, and nothing else, are bool")
        if (self.enum or self.bits or self.text) and not self.type.startswith(WHOLE):
            raise ValueError("enum, bits and text are of whole numbers")
        if self.address + self.words > 0x10000:
            raise ValueError("ends beyond the last address, 65535")
        return self

    @property
    def words(self) -> int:
        """Registers, or bits, that the value takes."""
        return self.length or (1 if self.type == "bool" else FORMATS[self.type][0])

    @property
    def identity(self) -> bool:
        """Does the value change with the device only, so that it is read once a connection?"""
        return self.type == "string" or self.text is not None


class Range(BaseModel):
    """Addresses of one table, the last one included."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    table: Table
    first: Address
    last: Address

    def touches(self, table: str, first: int, last: int) -> bool:
        """Do the two have an address in common?"""
        return self.table == table and self.first <= last and first <= self.last


class Profile(DeviceProfile):
    """What to read of one device type, or, behind a gateway, which device type each unit is."""

    protocol: Literal["modbus"]
    envelope: Envelope = Field(default=Envelope(), validate_default=True)
    identification: Literal["none", "basic", "regular", "extended"] = "none"
    private_objects: dict[int, Name] = Field(default={})
    """Names of objects 0x80 to 0xFF; the others are `object_0x80` and so on."""
    server_id: bool = False
    sunspec: bool = False
    """It has SunSpec models: who it is, and how inverters and meters are, stands in them."""
    registers_max: int = Field(default=125, ge=1, le=125)
    gap_max: int = Field(default=0, ge=0, le=64)
    """Undeclared registers that one read may cross; 0 where the manual does not allow it."""
    forbidden: list[Range] = Field(default=[])
    """Addresses that must never be read: no request touches them."""
    registers: list[Register] = Field(default=[])
    units: dict[int, str] = Field(default={})
    """Profile of each unit behind a gateway."""
    _layouts: dict[int | None, object] = PrivateAttr(default_factory=dict)

    @property
    def layouts(self) -> dict[int | None, object]:
        """Compiled requests by the most items of one: shared by all targets of this type."""
        return self._layouts

    @field_validator("envelope")
    @classmethod
    def _gentle(cls, said: Envelope) -> Envelope:
        unsaid = [f.name for f in fields(Envelope) if getattr(said, f.name) is None]
        return replace(said, **{name: getattr(GENTLE, name) for name in unsaid})

    @field_validator("private_objects", "units")
    @classmethod
    def _numbered(cls, said: dict[int, str], info: ValidationInfo) -> dict[int, str]:
        allowed = UNITS if info.field_name == "units" else PRIVATE_OBJECTS
        for number in said:
            if number not in allowed:
                raise ValueError(f"{number}: expected {allowed[0]} to {allowed[-1]}")
        return said

    @model_validator(mode="after")
    def _allowed(self) -> "Profile":
        for r in self.registers:
            if any(x.touches(r.table, r.address, r.address + r.words - 1) for x in self.forbidden):
                raise ValueError(f"register {r.name!r} lies in a forbidden range")
        names: set[str] = set()
        for r in self.registers:
            if r.name in names:
                raise ValueError(f"two registers have the name {r.name!r}")
            names.add(r.name)
        return self

    def object_name(self, object_id: int) -> str:
        """Name of an object of FC 43 / 14."""
        if object_id < len(OBJECTS):
            return OBJECTS[object_id]
        return self.private_objects.get(object_id, f"object_0x{object_id:02X}")


def text(octets: bytes) -> str:
    """A device's text: UTF-8 where it is, Latin-1 otherwise, without padding."""
    try:
        decoded = octets.decode()
    except UnicodeDecodeError:
        decoded = octets.decode("latin-1")
    return decoded.replace("\0", " ").strip()

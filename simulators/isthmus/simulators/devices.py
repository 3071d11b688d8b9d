"""Device files, `devices/<protocol>/<vendor>-<model>.yaml`: what one model of device answers."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from isthmus.simulators.state import Scalar, State, Value


class FleetError(Exception):
    """A mistake in fleet.yaml or a device file: one line with file, field and reason."""


class Strict(BaseModel):
    """Unknown fields are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DeviceFile(Strict):
    """What every device file says; a value without content must come from the fleet's `with`."""

    source: str
    values: dict[str, Value | None] = {}

    def state(self, given: Mapping[str, Value], whose: str) -> State:
        """The values of one instance."""
        if unknown := sorted(given.keys() - self.values.keys()):
            raise FleetError(f"{whose}: `with` has {unknown}, its device file has no such value")
        values = {**self.values, **given}
        if missing := sorted(name for name, value in values.items() if value is None):
            raise FleetError(f"{whose}: `with` must give {missing}")
        return State({name: value for name, value in values.items() if value is not None})


class Identification(Strict):
    """Objects of Read Device Identification (FC 0x2B, MEI 0x0E)."""

    objects: dict[int, Scalar]
    max_object_bytes: int = 246
    """Room for objects in one answer; less than the objects need makes the device page."""


class Register(Strict):
    """One typed value in one of the four Modbus tables; raw is the value divided by `scale`."""

    table: Literal["coil", "discrete", "holding", "input"]
    address: int
    type: Literal[
        "bool",
        "int16",
        "uint16",
        "int32",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "string",
    ]
    value: Scalar
    scale: float = 1.0
    word_order: Literal["big", "little"] = "big"
    length: int = 1
    """Registers of a string."""


class ModbusDevice(DeviceFile):
    """A device with one Modbus unit."""

    identification: Identification | None = None
    server_id: str | None = None
    registers: list[Register] = []


class ModbusBus(DeviceFile):
    """What stands behind a gateway: unit id to the name of a Modbus device file."""

    units: dict[int, str]


SnmpType = Literal[
    "counter32",
    "counter64",
    "gauge32",
    "hex",
    "integer",
    "ip",
    "mac",
    "oid",
    "string",
    "timeticks",
]
SnmpObject = tuple[SnmpType, Scalar] | tuple[SnmpType, Scalar, float]


class SnmpTable(Strict):
    """A conceptual table: column to type, row index to the values of its columns in order."""

    columns: dict[int, SnmpType]
    rows: dict[str | int, list[Scalar]]


class SnmpDevice(DeviceFile):
    """An SNMP agent; an object is [type, value] or [type, value, scale]."""

    versions: list[Literal[1, 2]] = [1, 2]
    max_varbinds: int = 60
    objects: dict[str, SnmpObject]
    tables: dict[str, SnmpTable] = {}


class OpcuaServerInfo(Strict):
    """What the standard Server object says."""

    application_uri: str
    product_uri: str
    manufacturer: str
    product: str
    software_version: str


OpcuaType = Literal["Boolean", "Double", "Int32", "LocalizedText", "String", "UInt16"]


class OpcuaMachine(DeviceFile):
    """An object below `place`; nodes by their browse path below it."""

    place: Literal["di:DeviceSet", "machinery:Machines"]
    nodes: dict[str, tuple[OpcuaType, Scalar]]


class OpcuaDevice(DeviceFile):
    """An OPC UA server, with its own nameplate as a machine of the given `name`, if it has one."""

    server: OpcuaServerInfo
    namespace: str
    place: Literal["di:DeviceSet"] = "di:DeviceSet"
    name: str = ""
    nodes: dict[str, tuple[OpcuaType, Scalar]] = {}


def one_line(error: ValidationError) -> str:
    """The first mistake of a validation, for a person."""
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    return f"{field}: {first['msg']}, got {first['input']!r}"


Shape = TypeVar("Shape", bound=BaseModel)


def read_yaml(path: Path, shape: type[Shape]) -> Shape:
    """Read one file into its shape, or fail with one line."""
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        return shape.model_validate(content)
    except OSError as error:
        raise FleetError(f"{path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise FleetError(f"{path}: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise FleetError(f"{path}: {one_line(error)}") from error


class Library(Strict):
    """The folder of device files."""

    folder: Path = Field(description="folder that holds <protocol>/<vendor>-<model>.yaml")

    def read(self, name: str, shape: type[Shape]) -> Shape:
        return read_yaml(self.folder / f"{name}.yaml", shape)

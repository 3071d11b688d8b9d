"""What stands where on one server: found once a session, then read in one batch at each slot."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.opcua.session import Session, node

NAMESPACES = {
    "di": "http://opcfoundation.org/UA/DI/",
    "machinery": "http://opcfoundation.org/UA/Machinery/",
    "machinetool": "http://opcfoundation.org/UA/MachineTool/",
    "robotics": "http://opcfoundation.org/UA/Robotics/",
}
PLACES = ("machinery:Machines", "di:DeviceSet")
OBJECTS_FOLDER = node(ObjectIds.ObjectsFolder)
# OPC 10000-100, 4.5.2 and 4.5.3; OPC 40001-1, 8.2; DeviceHealth: OPC 10000-100, 4.5.4.
DI_NAMES = (
    "Manufacturer", "Model", "SerialNumber", "ProductInstanceUri", "ProductCode",
    "HardwareRevision", "SoftwareRevision", "DeviceRevision", "DeviceClass", "AssetId",
    "ComponentName", "DeviceHealth",
)  # fmt: skip
NAMEPLATE = {
    name: (f"di:{name}", f"di:Identification/di:{name}", f"machinery:Identification/di:{name}")
    for name in DI_NAMES
} | {
    "YearOfConstruction": (
        "di:Identification/machinery:YearOfConstruction",
        "machinery:Identification/machinery:YearOfConstruction",
    )
}
TEXTS = frozenset(NAMEPLATE) - {"DeviceHealth"}
IDENTIFYING = frozenset({"Manufacturer", "Model", "SerialNumber", "ProductInstanceUri"})
# OPC 10000-5, 6.3.1 and 12.10.
SERVER = {
    "ApplicationUri": ObjectIds.Server_ServerArray,
    "ProductUri": ObjectIds.Server_ServerStatus_BuildInfo_ProductUri,
    "ManufacturerName": ObjectIds.Server_ServerStatus_BuildInfo_ManufacturerName,
    "ProductName": ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
    "SoftwareVersion": ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion,
    "BuildNumber": ObjectIds.Server_ServerStatus_BuildInfo_BuildNumber,
    "ServerState": ObjectIds.Server_ServerStatus_State,
}
NAMESPACE_ARRAY = node(ObjectIds.Server_NamespaceArray)


class Value(BaseModel):
    """One value of a device, by its browse path below the device's object."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    path: Annotated[str, Field(pattern=r"^\w+:[^/:]+(/\w+:[^/:]+)*$")]
    """Browse names with the prefix of their namespace; `own` is the namespace of the device."""
    unit: str = "1"
    """UCUM unit."""
    enum: dict[int, str] = {}
    """Words of the values: the node is a fact."""


class Profile(BaseModel):
    """What to read beside nameplates: values that a device has, whichever it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["opcua"]
    itself: str = ""
    """Browse name of the object that is the endpoint itself; the others stand behind it."""
    values: list[Value] = []


@dataclass
class Item:
    """One node to read, and what its value is called."""

    node: ua.NodeId
    name: str
    unit: str = "1"
    enum: Mapping[int, str] = field(default_factory=dict)
    number: bool = True


@dataclass
class Device:
    """One device of the server, or the server software itself (path empty)."""

    path: str
    items: list[Item]


async def explore(session: Session, profile: Profile) -> list[Device]:
    """The server software and every device with a nameplate in Machines and DeviceSet."""
    found = (await session.read([NAMESPACE_ARRAY]))[0].Value
    uris: list[str] = found.Value if found else []
    index = {prefix: uris.index(uri) for prefix, uri in NAMESPACES.items() if uri in uris}
    places = [_browse_path(place, index) for place in PLACES]
    folders = await session.find([(OBJECTS_FOLDER, path) for path in places if path])
    objects = [child for f in folders if f is not None for child in await session.children(f)]
    server = [Item(node(number), name) for name, number in SERVER.items()]
    devices = [Device("", server)]
    for child in objects:
        own = {**index, "own": child.BrowseName.NamespaceIndex}
        items = await _items(session, child.NodeId, own, profile)
        if child.BrowseName.Name == profile.itself:
            server.extend(items)
        elif any(item.name in IDENTIFYING for item in items):
            devices.append(Device(child.BrowseName.Name, items))
    return devices


async def _items(
    session: Session, start: ua.NodeId, index: Mapping[str, int], profile: Profile
) -> list[Item]:
    wanted = [(_browse_path(value.path, index), value) for value in _values(profile)]
    wanted = [(path, value) for path, value in wanted if path]
    nodes = await session.find([(start, path) for path, _ in wanted])
    items: dict[str, Item] = {}
    for (_, value), found in zip(wanted, nodes, strict=True):
        if found is not None:
            items.setdefault(
                value.name, Item(found, value.name, value.unit, value.enum, value.name not in TEXTS)
            )
    return list(items.values())


def _values(profile: Profile) -> Iterator[Value]:
    for name, paths in NAMEPLATE.items():
        yield from (Value.model_construct(name=name, path=path) for path in paths)
    yield from profile.values


def _browse_path(path: str, index: Mapping[str, int]) -> str:
    """`path` with namespace numbers; empty when the server lacks one of its namespaces."""
    steps = [step.partition(":") for step in path.split("/")]
    if any(prefix not in index for prefix, _, _ in steps):
        return ""
    return "".join(f"/{index[prefix]}:{name}" for prefix, _, name in steps)


def place(item: Item, raw: Any, facts: dict[str, str], points: dict[str, Any]) -> None:
    """Put one good value among the facts or the points."""
    if isinstance(raw, list):
        raw = raw[0] if raw else None  # ServerArray: the first one is the server itself
    if isinstance(raw, ua.LocalizedText):
        raw = raw.Text
    if raw is None or raw == "":
        return
    if item.enum:
        facts[item.name] = item.enum.get(int(raw), str(int(raw)))
    elif item.number and isinstance(raw, int | float):
        points[item.name] = (float(raw), item.unit)
    else:
        facts[item.name] = str(raw).strip()

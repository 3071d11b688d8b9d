"""What stands where on one server: its own nameplate, and the devices that it shows."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Literal

from asyncua import ua
from asyncua.ua.object_ids import ObjectIds
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from isthmus.collector.adapters.opcua.channel import node
from isthmus.collector.adapters.opcua.session import BrowsePath, Session, reading
from isthmus.collector.ports import DeviceProfile, Line

NAMESPACES = {
    "cnc": "http://opcfoundation.org/UA/CNC",
    "di": "http://opcfoundation.org/UA/DI/",
    "machinery": "http://opcfoundation.org/UA/Machinery/",
    "machinetool": "http://opcfoundation.org/UA/MachineTool/",
    "robotics": "http://opcfoundation.org/UA/Robotics/",
}
OWN = "own"
PLACES = ("machinery:Machines", "di:DeviceSet")
OBJECTS_FOLDER = node(ObjectIds.ObjectsFolder)
DEVICES_MAX = 500  # of one server
# OPC 10000-100, 4.5.2 and 4.5.3; OPC 40001-1, 8.2; DeviceHealth: OPC 10000-100, 4.5.4.
DI_NAMES = (
    "Manufacturer", "Model", "SerialNumber", "ProductInstanceUri", "ProductCode",
    "HardwareRevision", "SoftwareRevision", "DeviceRevision", "DeviceClass", "AssetId",
    "ComponentName",
)  # fmt: skip
NAMEPLATE: dict[str, tuple[str, ...]] = {name: (f"di:{name}",) for name in DI_NAMES}
NAMEPLATE["YearOfConstruction"] = ("machinery:YearOfConstruction",)
# OPC 40502, 7.2: what a CNC says of itself where no nameplate stands beside it.
NAMEPLATE["Manufacturer"] += ("cnc:VendorName",)
NAMEPLATE["SoftwareRevision"] += ("cnc:VendorRevision",)
# Where a nameplate stands: at the object itself, or in its add-in (OPC 40001-1, 8.2).
ADD_INS = ("di:Identification", "machinery:Identification")
IDENTIFYING = ("Manufacturer", "Model", "SerialNumber", "ProductInstanceUri")
ROBOTS = "robotics:MotionDevices"
# Asked of every object, to learn which ones are worth more questions.
PROBES = (*(path for name in IDENTIFYING for path in NAMEPLATE[name]), *ADD_INS, ROBOTS)
# A machine behind a server is swapped or updated while the server runs: these are read at each
# slot, and the whole nameplate when one of them changes.
WITNESSES = frozenset({"SerialNumber", "SoftwareRevision", "StartTime"})
# OPC 10000-5, 6.3.1 and 12.10.
SERVER = {
    "ApplicationUri": ObjectIds.Server_ServerArray,
    "ProductUri": ObjectIds.Server_ServerStatus_BuildInfo_ProductUri,
    "ManufacturerName": ObjectIds.Server_ServerStatus_BuildInfo_ManufacturerName,
    "ProductName": ObjectIds.Server_ServerStatus_BuildInfo_ProductName,
    "SoftwareVersion": ObjectIds.Server_ServerStatus_BuildInfo_SoftwareVersion,
    "BuildNumber": ObjectIds.Server_ServerStatus_BuildInfo_BuildNumber,
    "StartTime": ObjectIds.Server_ServerStatus_StartTime,
    "ServerState": ObjectIds.Server_ServerStatus_State,
}
SERVER_LIVE = frozenset({"ServerState"})
NAMESPACE_ARRAY = node(ObjectIds.Server_NamespaceArray)
Tier = Literal["identity", "slow", "value", "witness"]


def _known(path: str) -> str:
    for step in path.split("/") if path else ():
        prefix = step.partition(":")[0]
        if prefix not in (OWN, *NAMESPACES):
            raise ValueError(f"{prefix!r}: expected one of {', '.join((OWN, *NAMESPACES))}")
    return path


class Value(BaseModel):
    """One value: by its browse path below the device's object, or by its node."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    path: Annotated[
        str, Field(pattern=r"^(\w+:[^/:]+(/\w+:[^/:]+)*)?$"), AfterValidator(_known)
    ] = ""
    """Browse names with the prefix of their namespace; `own` is the namespace of the device."""
    node: Annotated[str, Field(pattern=r"^(nsu=[^;]+;[isgb]=.+)?$")] = ""
    """`nsu=<namespace>;s=<name>`: a tag of the endpoint itself (OPC 10000-6, 5.3.1.10)."""
    unit: str = "1"
    """UCUM unit."""
    enum: dict[int, str] = Field(default={})
    """Words of the values: the node is a fact."""
    slow: bool = False
    """Read at every n-th slot only."""
    stale_after_s: float | None = Field(default=None, gt=0)
    """Older than this by its source timestamp it is not shown; None where constant is normal."""

    @model_validator(mode="after")
    def _one_place(self) -> "Value":
        if bool(self.path) == bool(self.node):
            raise ValueError("expected either path or node")
        return self


HEALTH = Value.model_construct(name="DeviceHealth", path="di:DeviceHealth")


class Profile(DeviceProfile):
    """What to read beside nameplates: values that a device has, whichever it has."""

    protocol: Literal["opcua"]
    itself: str = ""
    """Browse name of the object that is the endpoint itself; the others stand behind it."""
    values: list[Value] = Field(default=[])


@dataclass(eq=False)
class Item:
    """One node to read, and what its value is called."""

    node: ua.NodeId
    name: str
    unit: str = "1"
    enum: Mapping[int, str] = field(default_factory=dict)
    number: bool = True
    tier: Tier = "value"
    stale_after_s: float | None = None
    wanted: ua.ReadValueId = field(init=False)

    def __post_init__(self) -> None:
        self.wanted = reading(self.node)


@dataclass(eq=False)
class Device:
    """One device of the server, or the server software itself (path empty)."""

    path: str
    items: list[Item]


@dataclass(eq=False)
class Object:
    """One object that may be a device."""

    path: str
    node: ua.NodeId
    own: int
    """Number of its namespace."""
    more: list[Item] = field(default_factory=list)
    """What is said of it elsewhere."""


@dataclass(frozen=True)
class Question:
    """Which node is at this path from there?"""

    thing: Object
    name: str
    start: ua.NodeId
    path: str
    value: Value | None = None


Answers = dict[str, tuple[Question, ua.NodeId]]


class Model:
    """What one server shows; found once a session, some objects at a time."""

    def __init__(self, profile: Profile) -> None:
        self._profile = profile
        self._values = [value for value in profile.values if value.path]
        self._unknown: list[Object] = []
        self.namespaces: list[str] = []
        self.objects: list[tuple[str, ua.NodeId]] = []
        """Name and node of each object that was found."""
        self.devices: list[Device] = []

    @property
    def whole(self) -> bool:
        """Every object has been looked at."""
        return bool(self.devices) and not self._unknown

    async def begin(self, session: Session, line: Line) -> None:
        """Find the server itself, and the objects that may be devices."""
        found = (await session.read(line, [reading(NAMESPACE_ARRAY)]))[0].Value
        self.namespaces = list(found.Value or []) if found else []
        places = [path for place in PLACES if (path := self._browse_path(place, 0))]
        found_places = await session.find(line, [(OBJECTS_FOLDER, path) for path in places])
        folders = [folder for folder in found_places if folder is not None]
        self._unknown = _objects(await session.children(line, folders))
        self.objects = [(thing.path, thing.node) for thing in self._unknown]
        self.devices = [Device("", [*_server(), *self._tags()])]

    async def look(self, session: Session, line: Line) -> None:
        """Look at as many objects as one request bears."""
        count = max(1, session.size("find", line) // len(PROBES))
        objects = self._unknown[:count]
        probes = [Question(thing, path, thing.node, path) for thing in objects for path in PROBES]
        probed = await self._answers(session, line, probes)
        asked = [q for thing in objects for q in self._questions(thing, probed[thing])]
        found = await self._answers(session, line, asked)
        items = {
            thing: [_item(q.value, at) for q, at in found[thing].values() if q.value] + thing.more
            for thing in objects
        }
        systems = [t for t in objects if ROBOTS in probed[t] and not self._is_device(t, items[t])]
        robots = await session.children(line, [probed[thing][ROBOTS][1] for thing in systems])
        del self._unknown[: len(objects)]  # from here on nothing waits, nothing is half done
        for system, below in zip(systems, robots, strict=True):
            self._unknown += _robots(system, items[system], below)
        for thing in objects:
            if thing.path == self._profile.itself:
                self.devices[0].items.extend(items[thing])
            elif self._is_device(thing, items[thing]):
                self.devices.append(Device(thing.path, items[thing]))

    def _is_device(self, thing: Object, items: Iterable[Item]) -> bool:
        return thing.path == self._profile.itself or any(i.name in IDENTIFYING for i in items)

    def _questions(self, thing: Object, probed: Answers) -> Iterator[Question]:
        """What an object that answered so is asked for; nothing, where it said nothing."""
        if not probed and thing.path != self._profile.itself:
            return
        starts = [node for _, node in (probed[path] for path in ADD_INS if path in probed)]
        if probed.keys() - {*ADD_INS, ROBOTS}:
            starts.insert(0, thing.node)
        for start in starts:
            for name, paths in NAMEPLATE.items():
                for path in paths:
                    value = Value.model_construct(name=name, path=path)
                    yield Question(thing, name, start, path, value)
        for value in (HEALTH, *self._values):
            yield Question(thing, value.name, thing.node, value.path, value)

    async def _answers(
        self, session: Session, line: Line, questions: Iterable[Question]
    ) -> Mapping[Object, Answers]:
        """The first node that is found for each name of each object."""
        paths = [(q, path) for q in questions if (path := self._browse_path(q.path, q.thing.own))]
        nodes = await session.find(line, [(q.start, path) for q, path in paths])
        found: dict[Object, Answers] = defaultdict(dict)
        for (question, _), target in zip(paths, nodes, strict=True):
            if target is not None:
                found[question.thing].setdefault(question.name, (question, target))
        return found

    def _tags(self) -> Iterator[Item]:
        """Items that the profile names by their node."""
        for value in self._profile.values:
            uri, _, identifier = value.node.removeprefix("nsu=").partition(";")
            if uri in self.namespaces:
                yield _item(
                    value,
                    ua.NodeId.from_string(f"ns={self.namespaces.index(uri)};{identifier}"),
                )

    def _browse_path(self, path: str, own: int) -> BrowsePath:
        """`path` with namespace numbers; empty when the server lacks one of its namespaces."""
        steps = [step.partition(":") for step in path.split("/")]
        names = [
            ua.QualifiedName(name, ua.UInt16(number))
            for prefix, _, name in steps
            if (number := self._number(prefix, own)) is not None
        ]
        return names if len(names) == len(steps) else []

    def _number(self, prefix: str, own: int) -> int | None:
        uri = NAMESPACES.get(prefix)
        if prefix == OWN:
            return own
        return self.namespaces.index(uri) if uri in self.namespaces else None


def _server() -> Iterator[Item]:
    yield Item(NAMESPACE_ARRAY, "", tier="slow")
    for name, number in SERVER.items():
        tier: Tier = "witness" if name in WITNESSES else "identity"
        live = name in SERVER_LIVE
        yield Item(node(number), name, tier="value" if live else tier, number=live)


def _item(value: Value, found: ua.NodeId) -> Item:
    tier: Tier = "slow" if value.slow else "value"
    if value.name in NAMEPLATE:
        tier = "witness" if value.name in WITNESSES else "identity"
    number = tier in ("slow", "value")
    return Item(found, value.name, value.unit, value.enum, number, tier, value.stale_after_s)


def _objects(folders: Iterable[Sequence[ua.ReferenceDescription]]) -> list[Object]:
    """Each object once, though it may stand in Machines and in DeviceSet; names made unique."""
    found: dict[ua.NodeId, Object] = {}
    names: set[str] = set()
    for below in (child for folder in folders for child in folder):
        if below.NodeId in found or len(found) >= DEVICES_MAX:
            continue
        name = below.BrowseName.Name
        if name in names:
            name = f"{name}~{below.NodeId.Identifier}"
        names.add(name)
        found[below.NodeId] = Object(name, below.NodeId, below.BrowseName.NamespaceIndex)
    return list(found.values())


def _robots(
    system: Object, items: list[Item], below: Sequence[ua.ReferenceDescription]
) -> list[Object]:
    """OPC 40010-1, 7.1: a motion device system is its first robot, with what the system says."""
    robots = _objects([below])
    for number, robot in enumerate(robots):
        robot.path = f"{system.path}/{robot.path}" if number else system.path
        robot.more = [] if number else items
    return robots

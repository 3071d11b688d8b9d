"""What is a device on a server, and what it is called."""

from collections.abc import Sequence
from typing import Any

import pytest
from asyncua import ua
from pydantic import ValidationError

from isthmus.collector.adapters.opcua.channel import node
from isthmus.collector.adapters.opcua.model import (
    DEVICES_MAX,
    NAMESPACES,
    Model,
    Profile,
    Value,
)

URIS = ["http://opcfoundation.org/UA/", "urn:own", *NAMESPACES.values()]
OWN = 1


def index(prefix: str) -> int:
    """Number of a namespace."""
    return OWN if prefix == "own" else URIS.index(NAMESPACES[prefix])


class Tree:
    """A session with a server whose nodes are browse paths below Objects."""

    def __init__(self, *paths: str) -> None:
        self._numbers: dict[str, int] = {"": 85}
        for path in paths:
            steps = path.split("/")
            for depth in range(1, len(steps) + 1):
                self._numbers.setdefault("/".join(steps[:depth]), len(self._numbers) + 1000)
        self.finds = 0

    def number(self, path: str) -> ua.NodeId:
        return node(self._numbers[path])

    async def read(self, line: Any, nodes: Sequence[ua.NodeId]) -> list[ua.DataValue]:
        return [ua.DataValue(ua.Variant(URIS)) for _ in nodes]

    async def find(self, line: Any, wanted: Sequence[Any]) -> list[ua.NodeId | None]:
        self.finds += 1
        paths = {number: path for path, number in self._numbers.items()}
        found = []
        for start, names in wanted:
            below = [self._named(name) for name in names]
            path = "/".join([paths[int(start.Identifier)], *below]).strip("/")
            found.append(node(self._numbers[path]) if path in self._numbers else None)
        return found

    async def children(self, line: Any, starts: Sequence[ua.NodeId]) -> list[list[Any]]:
        paths = {number: path for path, number in self._numbers.items()}
        return [self._below(paths[int(start.Identifier)]) for start in starts]

    def size(self, what: str, line: Any) -> int:
        return 100

    def _below(self, path: str) -> list[Any]:
        found = []
        for child, number in self._numbers.items():
            above, _, name = child.rpartition("/")
            if above == path and child:
                prefix, _, text = name.partition(":")
                named = ua.QualifiedName(text, ua.UInt16(index(prefix)))
                found.append(ua.ReferenceDescription(NodeId=node(number), BrowseName=named))
        return found

    def _named(self, name: ua.QualifiedName) -> str:
        prefixes = {index(prefix): prefix for prefix in ("own", *NAMESPACES)}
        return f"{prefixes[name.NamespaceIndex]}:{name.Name}"


async def explored(tree: Any, profile: Profile | None = None) -> dict[str, list[str]]:
    """Names of each device's items, by path."""
    model = Model(profile or Profile(protocol="opcua"))
    await model.begin(tree, None)  # type: ignore[arg-type]
    while not model.whole:
        await model.look(tree, None)  # type: ignore[arg-type]
    return {device.path: [item.name for item in device.items] for device in model.devices}


async def test_what_has_a_nameplate_is_a_device() -> None:
    """By DI, by Machinery, by a CNC's own words; a folder of something else is none."""
    found = await explored(
        Tree(
            "di:DeviceSet/own:Pump/di:SerialNumber",
            "di:DeviceSet/own:Cnc/cnc:VendorName",
            "di:DeviceSet/own:Folder/own:Pump",
            "machinery:Machines/own:Mill/machinery:Identification/di:Manufacturer",
            "machinery:Machines/own:Press/di:Identification/di:ProductInstanceUri",
        )
    )
    assert set(found) == {"", "Pump", "Cnc", "Mill", "Press"}
    assert found["Cnc"] == ["Manufacturer"]


async def test_a_robot_system_without_a_nameplate_is_its_first_robot() -> None:
    """The others are devices of their own; what the system says stays with its name."""
    system = "di:DeviceSet/own:Cell"
    profile = Profile(protocol="opcua", values=[Value(name="mode", path="own:Safety/own:Mode")])
    found = await explored(
        Tree(
            f"{system}/robotics:MotionDevices/own:Left/di:SerialNumber",
            f"{system}/robotics:MotionDevices/own:Right/di:SerialNumber",
            f"{system}/own:Safety/own:Mode",
        ),
        profile,
    )
    assert found["Cell"] == ["SerialNumber", "mode"]
    assert found["Cell/Right"] == ["SerialNumber"]
    assert set(found) == {"", "Cell", "Cell/Right"}


async def test_two_objects_of_one_name_are_two_paths() -> None:
    """And an object that stands in two places is one device."""
    tree = Tree(
        "machinery:Machines/own:Mill/di:SerialNumber", "di:DeviceSet/own:Mill/di:SerialNumber"
    )
    second = tree.number("di:DeviceSet/own:Mill").Identifier
    assert set(await explored(tree)) == {"", "Mill", f"Mill~{second!r}"}


async def test_a_server_with_very_many_objects_is_bounded() -> None:
    """Some hundreds are looked at, in requests of the size that it takes."""
    tree = Tree(*(f"di:DeviceSet/own:D{n}/di:Model" for n in range(DEVICES_MAX + 50)))
    assert len(await explored(tree)) == DEVICES_MAX + 1


async def test_tags_are_values_of_the_server_itself() -> None:
    """By node, where their namespace is known; nothing is browsed for them."""
    profile = Profile(
        protocol="opcua",
        values=[
            Value(name="speed", node="nsu=urn:own;s=Line.Speed", slow=True),
            Value(name="other", node="nsu=urn:elsewhere;i=7"),
        ],
    )
    model = Model(profile)
    tree: Any = Tree()
    await model.begin(tree, None)  # type: ignore[arg-type]
    tags = [item for item in model.devices[0].items if item.name in ("speed", "other")]
    assert [(t.node.Identifier, t.node.NamespaceIndex, t.tier) for t in tags] == [
        ("Line.Speed", OWN, "slow")
    ]


@pytest.mark.parametrize("path", ["Tags/CpuLoad", "own:", "own:Tags/", "/own:Tags"])
def test_a_path_without_namespaces_is_refused(path: str) -> None:
    """A browse name means nothing without its namespace."""
    with pytest.raises(ValidationError):
        Value(name="a", path=path)


@pytest.mark.parametrize(
    "places", [{}, {"path": "own:A", "node": "nsu=urn:a;i=1"}, {"node": "i=1"}]
)
def test_a_value_stands_at_one_place(places: dict[str, str]) -> None:
    """Path or node; a node names its namespace by its URI, for its number may change."""
    with pytest.raises(ValidationError):
        Value(name="a", **places)

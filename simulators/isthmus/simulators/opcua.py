"""OPC UA servers, each with the machines that it shows; write services refused and counted."""

import asyncio
import contextlib
import gc
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.common.utils import ServiceError
from asyncua.server.binary_server_asyncio import BinaryServer, OPCUAProtocol
from asyncua.server.server import Server
from asyncua.server.uaprocessor import UaProcessor
from asyncua.ua.object_ids import ObjectIdNames, ObjectIds
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary

from isthmus.simulators.devices import OpcuaDevice, OpcuaMachine, OpcuaType
from isthmus.simulators.opcua_security import Security
from isthmus.simulators.record import Record
from isthmus.simulators.state import Scalar, State

DI = "http://opcfoundation.org/UA/DI/"
MACHINERY = "http://opcfoundation.org/UA/Machinery/"
NAMESPACES = {
    "di": DI,
    "machinery": MACHINERY,
    "machinetool": "http://opcfoundation.org/UA/MachineTool/",
    "robotics": "http://opcfoundation.org/UA/Robotics/",
}
# Well-known node ids: DeviceSet (OPC 10000-100) and Machines (OPC 40001-1).
PLACES = {"di:DeviceSet": (DI, 5001), "machinery:Machines": (MACHINERY, 1001)}
WRITES = frozenset(
    {
        "AddNodes",
        "AddReferences",
        "Call",
        "DeleteNodes",
        "DeleteReferences",
        "HistoryUpdate",
        "Write",
    }
)
REFRESH_S = 1.0


@dataclass
class Temper:
    """What a server does to its clients; may be changed while it runs."""

    sessions_max: int | None = None
    nodes_max: int | None = None
    """Most nodes in one Read, whatever its OperationLimits say."""
    hung: bool = False
    """It takes requests and connections, and never answers."""
    refuses: Mapping[str, int] = field(default_factory=dict)
    """Status codes by service: what it does not offer."""
    sessions: int = 0

    async def meet(self, service: str, body: Any) -> None:
        """Raise or wait, as this server does."""
        if self.hung:
            await asyncio.Event().wait()
        if service in self.refuses:
            raise ServiceError(self.refuses[service])
        full = self.sessions_max is not None and self.sessions >= self.sessions_max
        if service == "CreateSession" and full:
            raise ServiceError(StatusCodes.BadTooManySessions)
        if service == "Read" and self.nodes_max is not None:
            asked = struct_from_binary(ua.ReadParameters, body.copy()).NodesToRead
            if len(asked) > self.nodes_max:
                raise ServiceError(StatusCodes.BadTooManyOperations)


class _Processor(UaProcessor):
    """Counts every service request, and refuses those that would change anything."""

    record: Record
    temper: Temper
    counted = False

    async def _process_message(self, typeid: Any, requesthdr: Any, seqhdr: Any, body: Any) -> Any:
        name = ObjectIdNames.get(typeid.Identifier, "other")
        service = name.removesuffix("_Encoding_DefaultBinary").removesuffix("Request")
        self.record.began(service, write=service in WRITES)
        try:
            if service in WRITES:
                raise ua.uaerrors.BadUserAccessDenied
            await self.temper.meet(service, body)
            process: Any = super()._process_message
            answered = await process(typeid, requesthdr, seqhdr, body)
            self._count_session(service)
            return answered
        finally:
            self.record.ended()

    def _count_session(self, service: str) -> None:
        if service == "CreateSession" and not self.counted:
            self.counted = True
            self.temper.sessions += 1
        elif service == "CloseSession":
            self.gone()

    def gone(self) -> None:
        """Its session is free for another client."""
        if self.counted:
            self.counted = False
            self.temper.sessions -= 1


class _Link(OPCUAProtocol):
    """One connection, which is one secure channel."""

    record: Record
    temper: Temper

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.record.connected()
        if self.processor is None:  # refused: too many connections
            return
        processor: Any = _Processor(self.iserver, self.transport, self.limits)
        processor.record, processor.temper = self.record, self.temper
        processor.set_policies(self.policies)
        self.processor = processor

    def connection_lost(self, ex: BaseException | None) -> None:
        self.record.disconnected()
        if isinstance(self.processor, _Processor):
            self.processor.gone()
        super().connection_lost(ex)


class _Listener(BinaryServer):
    """Makes links that keep the record."""

    record: Record
    temper: Temper

    def _make_protocol(self) -> OPCUAProtocol:
        link = _Link(self.iserver, self._policies, self.clients, self.closing_tasks, self.limits)
        link.record, link.temper = self.record, self.temper
        return link


@dataclass(frozen=True)
class Machine:
    """One machine behind a server: its device file and its values."""

    device: OpcuaMachine
    state: State


@dataclass
class _Shown:
    """A variable, the template that fills it, and what was written last."""

    node: Node
    kind: OpcuaType
    template: Scalar
    state: State
    last: tuple[bool, Scalar] | None = None


class OpcuaServer:
    """One OPC UA endpoint, for anonymous readers where no `security` says otherwise."""

    def __init__(
        self,
        address: str,
        port: int,
        device: OpcuaDevice,
        state: State,
        machines: Mapping[str, Machine],
        security: Security | None = None,
    ) -> None:
        self.address, self.port = address, port
        self.temper = Temper()
        self._security = security
        self.record = Record()
        self.states = {"": state, **{name: machine.state for name, machine in machines.items()}}
        self._device, self._state, self._machines = device, state, machines
        self._shown: list[_Shown] = []
        self._server = Server()
        self._listener: _Listener | None = None
        self._refreshing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        server = self._server
        await _filled(server)
        server.set_endpoint(f"opc.tcp://{self.address}:{self.port}")
        if self._security is not None:
            self._security.apply(server)
        else:
            server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
            server.set_identity_tokens([ua.AnonymousIdentityToken])
        await self._describe()
        await self._build()
        await self.refresh()
        await server._setup_server_nodes()
        await server.iserver.start()
        await self._listen()
        self._refreshing = asyncio.create_task(self._refresh_for_ever())

    async def stop(self) -> None:
        if self._refreshing is not None:
            self._refreshing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._refreshing
        await self._mute()
        await self._server.iserver.stop()

    async def restart(self) -> None:
        """Lose every session and subscription, and be there again with a later StartTime."""
        await self._mute()
        started = ua.DataValue(ua.Variant(ua.DateTime.now(UTC), ua.VariantType.DateTime))
        number = ua.NodeId(ua.Int32(ObjectIds.Server_ServerStatus_StartTime))
        await self._server.write_attribute_value(number, started)
        await self._listen()

    async def changed(self) -> None:
        """Show changed values at once; a silent server listens no more and drops what is open."""
        await self.refresh()
        if self._state.silent:
            await self._mute()
        elif self._listener is None:
            await self._listen()

    async def refresh(self) -> None:
        """Write what changed since the last time; the nodes of a silent machine turn bad."""
        for shown in self._shown:
            now = shown.state.silent, shown.state.show(shown.template)
            if now != shown.last:
                shown.last = now
                value = _data_value(shown.kind, now[1], bad=now[0])
                await self._server.write_attribute_value(shown.node.nodeid, value)

    async def _refresh_for_ever(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self.refresh()

    async def _listen(self) -> None:
        server = self._server
        self._listener = _Listener(server.iserver, self.address, self.port, server.limits)
        self._listener.record, self._listener.temper = self.record, self.temper
        self._listener.set_policies(server._policies)
        await self._listener.start()
        self.port = self._listener.port

    async def _mute(self) -> None:
        if self._listener is not None:
            listener, self._listener = self._listener, None
            await listener.stop()

    async def _describe(self) -> None:
        info, show = self._device.server, self._state.show
        await self._server.set_application_uri(info.application_uri)
        self._server.product_uri = info.product_uri
        self._server.name = self._server.manufacturer_name = str(show(info.product))
        await self._server.set_build_info(
            info.product_uri,
            str(show(info.manufacturer)),
            str(show(info.product)),
            str(show(info.software_version)),
            "1",
            datetime(2024, 9, 3, tzinfo=UTC),
        )

    async def _build(self) -> None:
        for uri in [*NAMESPACES.values(), self._device.namespace]:
            await self._server.register_namespace(uri)
        places = {place: await self._place(place) for place in PLACES}
        if self._device.name:
            top = places[self._device.place]
            await self._show(top, self._device.name, self._device.nodes, self._state)
        for name, machine in self._machines.items():
            top = places[machine.device.place]
            await self._show(top, name, machine.device.nodes, machine.state)

    async def _place(self, place: str) -> Node:
        uri, number = PLACES[place]
        index = await self._server.get_namespace_index(uri)
        name = ua.QualifiedName(place.split(":")[1], index)
        return await self._server.nodes.objects.add_folder(
            ua.NodeId(ua.Int32(number), ua.Int16(index)), name
        )

    async def _show(
        self,
        top: Node,
        name: str,
        nodes: Mapping[str, tuple[OpcuaType, Scalar]],
        state: State,
    ) -> None:
        objects = {"": await top.add_object(*await self._names(name, f"own:{name}"))}
        for path, (kind, template) in nodes.items():
            parent = await self._parent(objects, name, path)
            identifier, browse_name = await self._names(f"{name}/{path}", path.split("/")[-1])
            value = _data_value(kind, state.show(template), bad=False).Value
            nameplate = path.rsplit("/", 1)[-1].startswith(("di:", "machinery:"))
            add = parent.add_property if nameplate else parent.add_variable
            node = await add(identifier, browse_name, value)
            self._shown.append(_Shown(node, kind, template, state))

    async def _parent(self, objects: dict[str, Node], name: str, path: str) -> Node:
        above = ""
        for step in path.split("/")[:-1]:
            here = f"{above}/{step}".strip("/")
            if here not in objects:
                names = await self._names(f"{name}/{here}", step)
                objects[here] = await objects[above].add_object(*names)
            above = here
        return objects[above]

    async def _names(self, identifier: str, browse_name: str) -> tuple[ua.NodeId, ua.QualifiedName]:
        prefix, name = browse_name.split(":", 1)
        own = await self._server.get_namespace_index(self._device.namespace)
        index = own
        if prefix != "own":
            index = await self._server.get_namespace_index(NAMESPACES[prefix])
        return ua.NodeId(ua.String(identifier), ua.Int16(own)), ua.QualifiedName(name, index)


async def _filled(server: Server) -> None:
    """The standard nodes are so many objects that collecting garbage takes half of the time."""
    gc.disable()
    try:
        await server.init()
    finally:
        gc.enable()


def _data_value(kind: OpcuaType, value: Scalar, *, bad: bool) -> ua.DataValue:
    typed: object
    if kind == "LocalizedText":
        typed = ua.LocalizedText(str(value))
    elif kind == "Boolean":
        typed = bool(value)
    elif kind == "String":
        typed = str(value)
    else:
        typed = float(value) if kind == "Double" else round(float(value))
    status = StatusCodes.BadNoCommunication if bad else StatusCodes.Good
    now = ua.DateTime.now(UTC)
    return ua.DataValue(
        ua.Variant(typed, ua.VariantType[kind]),
        StatusCode=ua.StatusCode(ua.UInt32(status)),
        SourceTimestamp=now,
        ServerTimestamp=now,
    )

"""The running fleet: every endpoint listens, and changes go through it into the truth log."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from isthmus.simulators.devices import (
    FleetError,
    Library,
    ModbusBus,
    ModbusDevice,
    OpcuaDevice,
    OpcuaMachine,
    SnmpDevice,
)
from isthmus.simulators.fleet import EndpointSpec, Event, Fleet, Instance, Step, split_source
from isthmus.simulators.modbus import ModbusServer, Unit
from isthmus.simulators.opcua import Machine, OpcuaServer
from isthmus.simulators.record import Record
from isthmus.simulators.snmp import SnmpAgent, SnmpSocket
from isthmus.simulators.snmp_v3 import SnmpV3Agent
from isthmus.simulators.state import Scalar, State, Value
from isthmus.simulators.truth import TruthLog


class Listener(Protocol):
    """Something with a socket of its own."""

    async def start(self) -> None:
        """Listen; raises OSError when the address is taken."""

    async def stop(self) -> None:
        """Close the socket and all connections."""


class Endpoint(Protocol):
    """One endpoint of the fleet with its devices, by their path behind it."""

    record: Record

    @property
    def states(self) -> Mapping[str, State]:
        """The values of each device; path "" is the endpoint itself."""

    async def changed(self) -> None:
        """Called after one of `states` was changed; follows its silence."""


@dataclass
class Progress:
    """How far a scripted event is."""

    state: str = "idle"
    runs: int = 0
    step: int = 0
    reason: str = ""
    """Why it failed."""


@dataclass
class Simulation:
    """The fleet with its servers; build it with `build`."""

    fleet: Fleet
    listeners: list[Listener]
    endpoints: dict[str, Endpoint]
    log: TruthLog = field(default_factory=TruthLog)

    def __post_init__(self) -> None:
        self._devices = {device.name: device for device in self.fleet.devices}
        self._truth: dict[str, dict[str, Scalar]] = {
            device.name: device.truth.model_dump(by_alias=True, exclude_none=True)
            for device in self.fleet.devices
        }
        self.events = {event.name: event for event in self.fleet.events}
        self.progress = {name: Progress() for name in self.events}
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        for listener in self.listeners:
            await listener.start()

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        for listener in self.listeners:
            await listener.stop()

    def truth(self) -> list[dict[str, object]]:
        """Every device with what must be found about it now."""
        return [
            {"name": device.name, "sources": device.sources, "truth": self._truth[device.name]}
            for device in self.fleet.devices
        ]

    def records(self) -> dict[str, dict[str, object]]:
        return {key: endpoint.record.as_dict() for key, endpoint in self.endpoints.items()}

    async def change(
        self,
        name: str,
        *,
        silent: bool | None = None,
        values: Mapping[str, Value] | None = None,
        truth: Mapping[str, Scalar] | None = None,
    ) -> None:
        """Change one device on all its sources, its truth, and note it; raises FleetError."""
        if name not in self._devices:
            raise FleetError(f"device {name!r} is unknown")
        sources = list(self._sources(name))
        for what, value in (values or {}).items():
            self._set(name, [state for _, state in sources], what, value)
        if silent is not None:
            self._silence(name, [state for _, state in sources], silent)
        for what, said in (truth or {}).items():
            self._tell(name, what, said)
        for endpoint, _ in sources:
            await endpoint.changed()

    def run(self, name: str) -> None:
        """Start an event in the background; raises FleetError if it is unknown or running."""
        if name not in self.events:
            raise FleetError(f"event {name!r} is unknown")
        if self.progress[name].state == "running":
            raise FleetError(f"event {name!r} is running")
        self.progress[name].state = "running"
        task = asyncio.create_task(self.play(self.events[name]))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def play(self, event: Event) -> None:
        """Play an event to its end."""
        progress = self.progress[event.name]
        progress.state, progress.step, progress.reason = "running", 0, ""
        try:
            for step in event.steps:
                await asyncio.sleep(step.after_s)
                await self._take(step)
                progress.step += 1
        except FleetError as error:
            progress.state, progress.reason = "failed", str(error)
        else:
            progress.state, progress.runs = "done", progress.runs + 1

    async def _take(self, step: Step) -> None:
        await self.change(step.device, silent=step.silent, values=step.set, truth=step.truth)

    def _sources(self, name: str) -> Iterable[tuple[Endpoint, State]]:
        for source in self._devices[name].sources:
            key, path = split_source(source)
            if key in self.endpoints:  # a dead endpoint is none
                endpoint = self.endpoints[key]
                yield endpoint, endpoint.states[path]

    def _set(self, name: str, states: list[State], what: str, value: Value) -> None:
        holding = [state for state in states if what in state]
        if not holding:
            raise FleetError(f"device {name!r} has no value {what!r}")
        before = holding[0].raw(what)
        for state in holding:
            state[what] = value
        self.log.add(name, what, _plain(before), _plain(value))
        if what in self._truth[name]:
            self._truth[name][what] = str(value)

    def _silence(self, name: str, states: list[State], silent: bool) -> None:
        if not states:
            raise FleetError(f"device {name!r} is dead: nothing of it listens")
        self.log.add(name, "silent", states[0].silent, silent)
        for state in states:
            state.silent = silent
        self._truth[name]["reachability"] = "offline" if silent else "online"

    def _tell(self, name: str, what: str, value: Scalar) -> None:
        self.log.add(name, f"truth.{what}", self._truth[name].get(what), value)
        self._truth[name][what] = value


def _plain(value: Value) -> object:
    return value if isinstance(value, bool | int | float | str) else value.model_dump()


class _Builder:
    """Makes the servers of one fleet."""

    def __init__(self, fleet: Fleet, library: Library, ports: Mapping[str, int]) -> None:
        self._fleet, self._library, self._ports = fleet, library, ports
        self._sharing: dict[str, list[SnmpAgent]] = defaultdict(list)
        self.listeners: list[Listener] = []
        self.endpoints: dict[str, Endpoint] = {}

    def build(self) -> Simulation:
        make: dict[str, Callable[[EndpointSpec], Endpoint]] = {
            "modbus": self._modbus,
            "opcua": self._opcua,
            "snmp": self._snmp,
        }
        for spec in self._fleet.endpoints:
            if not spec.dead:
                self.endpoints[spec.key] = make[spec.protocol](spec)
        for address, agents in self._sharing.items():
            self.listeners.append(SnmpSocket(address, self._ports["snmp"], agents))
        return Simulation(self._fleet, self.listeners, self.endpoints)

    def _modbus(self, spec: EndpointSpec) -> ModbusServer:
        port, library = self._ports["modbus"], self._library
        if spec.units:
            bus = library.read(spec.device, ModbusBus)
            units = {
                number: self._unit(spec, f"modbus/{bus.units[number]}", instance)
                for number, instance in spec.units.items()
            }
            server = ModbusServer(spec.address, port, units, gateway=True)
        else:
            server = ModbusServer(
                spec.address, port, {spec.unit: self._unit(spec, spec.device, spec)}
            )
        self.listeners.append(server)
        return server

    def _unit(self, spec: EndpointSpec, device: str, instance: Instance) -> Unit:
        read = self._library.read(device, ModbusDevice)
        return Unit(read, read.state(instance.given, spec.key))

    def _snmp(self, spec: EndpointSpec) -> Endpoint:
        device = self._library.read(spec.device, SnmpDevice)
        state = device.state(spec.given, spec.key)
        credential = self._fleet.credentials[spec.credential]
        if spec.target.version == "3":
            port = self._ports["snmp"]
            user = SnmpV3Agent(spec.address, port, device, state, credential)
            self.listeners.append(user)
            return user
        agent = SnmpAgent(device, state, credential.community or "")
        self._sharing[spec.address].append(agent)
        return agent

    def _opcua(self, spec: EndpointSpec) -> OpcuaServer:
        device = self._library.read(spec.device, OpcuaDevice)
        machines = {}
        for name, instance in spec.machines.items():
            machine = self._library.read(instance.device, OpcuaMachine)
            machines[name] = Machine(machine, machine.state(instance.given, f"{spec.key}/{name}"))
        state = device.state(spec.given, spec.key)
        server = OpcuaServer(spec.address, self._ports["opcua"], device, state, machines)
        self.listeners.append(server)
        return server


def build(fleet: Fleet, devices: Path, ports: Mapping[str, int]) -> Simulation:
    """Make the servers of a fleet on one port for each protocol; nothing listens yet."""
    return _Builder(fleet, Library(folder=devices), ports).build()

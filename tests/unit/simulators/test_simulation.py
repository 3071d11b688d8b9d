"""The running fleet: changes, silence and events go through it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from isthmus.simulators.devices import FleetError, Library, SnmpDevice
from isthmus.simulators.fleet import DeviceSpec, Event, Fleet, Step, split_source
from isthmus.simulators.mib import Mib
from isthmus.simulators.modbus import ModbusServer, encode
from isthmus.simulators.simulation import Simulation, build

# The OPC UA servers are slow to make and have tests of their own.
LIGHT = {"modbus", "snmp"}


def _without_opcua(fleet: Fleet) -> Fleet:
    endpoints = [endpoint for endpoint in fleet.endpoints if endpoint.protocol in LIGHT]
    keys = {endpoint.key for endpoint in endpoints}
    devices = []
    for device in fleet.devices:
        sources = [source for source in device.sources if split_source(source)[0] in keys]
        if sources:
            devices.append(DeviceSpec(name=device.name, sources=sources, truth=device.truth))
    return fleet.model_copy(update={"endpoints": endpoints, "devices": devices})


@pytest.fixture
async def simulation(fleet: Fleet, devices: Path) -> AsyncIterator[Simulation]:
    """All light endpoints, each listener on a free port of its own."""
    simulation = build(_without_opcua(fleet), devices, {"modbus": 0, "snmp": 0})
    await simulation.start()
    yield simulation
    await simulation.stop()


def _truth(simulation: Simulation, name: str) -> object:
    return next(device["truth"] for device in simulation.truth() if device["name"] == name)


def test_the_whole_fleet_can_be_built(fleet: Fleet, devices: Path) -> None:
    """Every endpoint but the dead one gets a server; each source has its values."""
    simulation = build(fleet, devices, {"modbus": 0, "snmp": 0, "opcua": 0})
    assert len(simulation.endpoints) == sum(not endpoint.dead for endpoint in fleet.endpoints)
    for device in fleet.devices:
        for key, path in map(split_source, device.sources):
            assert key == "hagen/welding-plc-1" or path in simulation.endpoints[key].states


def test_what_devices_hold_agrees_with_the_truth(fleet: Fleet, devices: Path) -> None:
    """Serial, model, firmware and name of the truth are what the device was given."""
    simulation = build(fleet, devices, {"modbus": 0, "snmp": 0, "opcua": 0})
    for device in fleet.devices:
        for key, path in map(split_source, device.sources):
            if key not in simulation.endpoints or device.name == "charger-1":
                continue
            state = simulation.endpoints[key].states[path]
            told = device.truth.model_dump(exclude_none=True)
            for what in {"serial", "model", "firmware", "software", "name"} & told.keys():
                assert what not in state or str(state[what]) == told[what], (device.name, what)


def test_every_value_of_the_fleet_can_be_shown(fleet: Fleet, library: Library) -> None:
    """No register, object or node names a value that is not there or has the wrong type."""
    for spec in fleet.endpoints:
        if spec.protocol == "snmp":
            device = library.read(spec.device, SnmpDevice)
            mib = Mib(device, device.state(spec.given, spec.key))
            name = mib.after((1,))
            while name:
                assert mib.encoded(name)
                name = mib.after(name)
    simulation = build(fleet, library.folder, {"modbus": 0, "snmp": 0, "opcua": 0})
    for endpoint in simulation.endpoints.values():
        for unit in endpoint.units.values() if isinstance(endpoint, ModbusServer) else ():
            for register in unit.device.registers:
                assert len(encode(register, unit.state)) >= 1


async def test_a_change_reaches_device_truth_and_log(simulation: Simulation) -> None:
    """A new firmware is what the device answers, what must be found, and an entry of the log."""
    await simulation.change("press-plc-1", values={"firmware": "3.30"})
    assert simulation.endpoints["hagen/press-plc-1"].states[""].show("V{firmware}") == "V3.30"
    assert _truth(simulation, "press-plc-1")["firmware"] == "3.30"  # type: ignore[index]
    (change,) = simulation.log.as_list()
    assert (change["what"], change["before"], change["after"]) == ("firmware", "3.20", "3.30")


async def test_a_change_of_the_truth_alone_is_logged(simulation: Simulation) -> None:
    """Health follows from values, so a script says it beside them."""
    await simulation.change("ups-2", values={"battery_status": 3}, truth={"health": "off_spec"})
    assert _truth(simulation, "ups-2")["health"] == "off_spec"  # type: ignore[index]
    assert [c["what"] for c in simulation.log.as_list()] == ["battery_status", "truth.health"]


async def test_silence_makes_a_device_offline_and_speech_online(simulation: Simulation) -> None:
    """The truth follows, and so does the socket."""
    server = simulation.endpoints["rotterdam/crane-plc-4"]
    await simulation.change("crane-plc-4", silent=True)
    assert _truth(simulation, "crane-plc-4")["reachability"] == "offline"  # type: ignore[index]
    with pytest.raises(OSError, match="Connect call failed"):
        await asyncio.open_connection(server.address, server.port)  # type: ignore[attr-defined]
    await simulation.change("crane-plc-4", silent=False)
    assert _truth(simulation, "crane-plc-4")["reachability"] == "online"  # type: ignore[index]
    _, writer = await asyncio.open_connection(server.address, server.port)  # type: ignore[attr-defined]
    writer.close()


async def test_a_swapped_unit_has_another_serial(simulation: Simulation) -> None:
    """The scripted event ends with another meter at the same unit, and with its whole log."""
    event = simulation.events["unit-is-swapped"]
    quick = [step.model_copy(update={"after_s": 0}) for step in event.steps]
    await simulation.play(event.model_copy(update={"steps": quick}))
    state = simulation.endpoints["hagen/utilities-bus"].states["unit-4"]
    assert state["serial"] == 2140057001
    assert _truth(simulation, "power-meter-2")["serial"] == "2140057001"  # type: ignore[index]
    assert simulation.progress["unit-is-swapped"].state == "done"
    assert [c["what"] for c in simulation.log.as_list()] == ["silent", "serial", "silent"]


async def test_an_event_runs_in_the_background_and_only_once_at_a_time(
    simulation: Simulation,
) -> None:
    """A second start while it runs is refused; afterwards it may run again."""
    step = Step(device="crane-plc-4", after_s=0.05, set={"load": 1.0})
    simulation.events["firmware-changes"] = Event(name="firmware-changes", steps=[step], expect=[])
    simulation.run("firmware-changes")
    with pytest.raises(FleetError, match="is running"):
        simulation.run("firmware-changes")
    await asyncio.sleep(0.1)
    assert simulation.progress["firmware-changes"].runs == 1
    simulation.run("firmware-changes")


async def test_every_event_of_the_fleet_plays_to_its_end(simulation: Simulation) -> None:
    """Each step names a device and values that are there."""
    for event in simulation.events.values():
        quick = [step.model_copy(update={"after_s": 0}) for step in event.steps]
        await simulation.play(event.model_copy(update={"steps": quick}))
    assert {progress.state for progress in simulation.progress.values()} == {"done"}


async def test_an_event_that_cannot_be_played_says_why(simulation: Simulation) -> None:
    """It has failed at its first step and does not stay running."""
    step = Step(device="crane-plc-4", set={"lode": 1.0})
    await simulation.play(Event(name="firmware-changes", steps=[step], expect=[]))
    progress = simulation.progress["firmware-changes"]
    assert (progress.state, progress.step) == ("failed", 0)
    assert progress.reason == "device 'crane-plc-4' has no value 'lode'"


@pytest.mark.parametrize(
    ("name", "values", "reason"),
    [
        ("press-plc-9", {}, "device 'press-plc-9' is unknown"),
        ("press-plc-1", {"firmwar": "1"}, "device 'press-plc-1' has no value 'firmwar'"),
        ("welding-plc-1", {"firmware": "1"}, "has no value 'firmware'"),
    ],
)
async def test_an_impossible_change_is_refused(
    simulation: Simulation, name: str, values: dict[str, str], reason: str
) -> None:
    """The reason names the device and the value, and nothing is logged."""
    with pytest.raises(FleetError, match=reason):
        await simulation.change(name, values=values)
    assert simulation.log.as_list() == []

"""The fleet and its hard cases."""

from collections import Counter, defaultdict

import pytest

from isthmus.simulators.devices import FleetError
from isthmus.simulators.fleet import DeviceSpec, EndpointSpec, Fleet, check, split_source

CLASSES = {
    "atm",
    "cnc",
    "dcs_controller",
    "drive",
    "ev_charger",
    "firewall",
    "gateway",
    "kiosk",
    "plc",
    "power_meter",
    "printer",
    "pump_controller",
    "robot",
    "router",
    "scada_server",
    "server",
    "switch",
    "traffic_signal_controller",
    "ups",
    "weather_station",
}


def _device(fleet: Fleet, name: str) -> DeviceSpec:
    return next(device for device in fleet.devices if device.name == name)


def _endpoints(fleet: Fleet, address: str, protocol: str) -> list[EndpointSpec]:
    return [e for e in fleet.endpoints if (e.address, e.protocol) == (address, protocol)]


def test_the_fleet_has_every_class_on_three_sites(fleet: Fleet) -> None:
    """At least 38 devices, and each class of the catalogue once."""
    assert len(fleet.devices) >= 38
    assert set(fleet.sites) == {"hagen", "rotterdam", "lyon"}
    assert {device.truth.asset_class for device in fleet.devices} - {None} == CLASSES


def test_one_address_serves_two_sites(fleet: Fleet) -> None:
    """Same address and protocol, told apart by credential: two devices with two serials."""
    places: dict[tuple[str, str], list[EndpointSpec]] = defaultdict(list)
    for endpoint in fleet.endpoints:
        places[endpoint.address, endpoint.protocol].append(endpoint)
    ((first, second),) = [shared for shared in places.values() if len(shared) > 1]
    assert first.site != second.site
    assert fleet.credentials[first.credential] != fleet.credentials[second.credential]
    assert first.given["serial"] != second.given["serial"]


def test_one_machine_is_reachable_by_two_protocols(fleet: Fleet) -> None:
    """The press PLC has a Modbus and an OPC UA source with one serial, its vendor in two styles."""
    sources = [split_source(source) for source in _device(fleet, "press-plc-1").sources]
    endpoints = {endpoint.key: endpoint for endpoint in fleet.endpoints}
    assert [endpoints[key].protocol for key, _ in sources] == ["modbus", "opcua"]
    machine = endpoints["hagen/scada-1"].machines["Press1"]
    assert machine.given["serial"] == endpoints["hagen/press-plc-1"].given["serial"]


def test_placeholder_serials_are_no_truth(fleet: Fleet) -> None:
    """Two pairs of equal devices share one each; they differ in MAC and name and have no serial."""
    counted = Counter(e.given.get("serial") for e in fleet.endpoints if "serial" in e.given)
    shared = {serial for serial, times in counted.items() if times == 2}
    assert shared == {"To Be Filled By O.E.M.", "00000000"}
    for serial in shared:
        first, second = [e for e in fleet.endpoints if e.given.get("serial") == serial]
        assert first.given["mac"] != second.given["mac"]
        assert first.given["name"] != second.given["name"]
        assert _device(fleet, first.name).truth.serial is None


def test_a_dead_device_has_no_identity(fleet: Fleet) -> None:
    """Its target exists and nothing answers: offline, and nothing else is known."""
    (dead,) = [endpoint for endpoint in fleet.endpoints if endpoint.dead]
    truth = _device(fleet, dead.name).truth
    assert truth.reachability == "offline"
    assert truth.model_dump(exclude_none=True).keys() == {"site", "reachability", "health"}


def test_some_devices_are_not_well(fleet: Fleet) -> None:
    """Every health word but failure has a device."""
    words = {device.truth.health for device in fleet.devices}
    assert words >= {"normal", "off_spec", "maintenance_required", "check_function", "unknown"}


def test_a_gateway_hides_units_and_one_server_speaks_version_3(fleet: Fleet) -> None:
    """At least three units stand behind one endpoint; one agent is read with authPriv."""
    assert max(len(endpoint.units) for endpoint in fleet.endpoints) >= 3
    (secure,) = [e for e in fleet.endpoints if e.target.version == "3"]
    assert fleet.credentials[secure.credential].priv_key
    assert _endpoints(fleet, secure.address, "snmp") == [secure]


def test_the_required_events_are_quick(fleet: Fleet) -> None:
    """The four scripts of a demonstration end within 15 seconds."""
    lengths = {event.name: sum(step.after_s for step in event.steps) for event in fleet.events}
    assert lengths.keys() == {
        "device-goes-silent-and-returns",
        "firmware-changes",
        "unit-is-swapped",
        "value-crosses-limit",
    }
    assert max(lengths.values()) <= 15


def test_a_source_that_is_no_endpoint_is_refused(fleet: Fleet) -> None:
    """Truth about a device that nothing shows is a mistake in the file."""
    first = fleet.devices[0].model_copy(update={"sources": ["hagen/press-plc-9"]})
    with pytest.raises(FleetError, match="source hagen/press-plc-9/ is no endpoint"):
        check(fleet.model_copy(update={"devices": [first, *fleet.devices[1:]]}))


def test_an_endpoint_without_a_device_is_refused(fleet: Fleet) -> None:
    """What listens must be found, so truth must name it."""
    with pytest.raises(FleetError, match="belongs to no device"):
        check(fleet.model_copy(update={"devices": fleet.devices[:-1]}))


def test_two_devices_of_one_name_are_refused(fleet: Fleet) -> None:
    """Names are what the control endpoint knows devices by."""
    with pytest.raises(FleetError, match="is there twice"):
        check(fleet.model_copy(update={"devices": [*fleet.devices, fleet.devices[0]]}))

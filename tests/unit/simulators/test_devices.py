"""Device files."""

from contextlib import suppress
from pathlib import Path

import pytest

from isthmus.simulators.devices import (
    DeviceFile,
    FleetError,
    Library,
    ModbusBus,
    ModbusDevice,
    OpcuaDevice,
    OpcuaMachine,
    SnmpDevice,
    read_yaml,
)

SHAPES: dict[str, tuple[type[DeviceFile], ...]] = {
    "modbus": (ModbusDevice, ModbusBus),
    "opcua": (OpcuaDevice, OpcuaMachine),
    "snmp": (SnmpDevice,),
}


def test_every_device_file_has_a_shape_and_a_source(devices: Path, library: Library) -> None:
    """A file that no shape fits would never be served."""
    for path in sorted(devices.glob("*/*.yaml")):
        read = _read(library, path.parent.name, f"{path.parent.name}/{path.stem}")
        assert read.source, path


def _read(library: Library, protocol: str, name: str) -> DeviceFile:
    first, *others = SHAPES[protocol]
    for shape in others:
        with suppress(FleetError):
            return library.read(name, shape)
    return library.read(name, first)


def test_a_value_without_content_must_be_given(library: Library) -> None:
    """The serial number is open in the file, so the fleet has to give it."""
    device = library.read("modbus/schneider-m340", ModbusDevice)
    with pytest.raises(FleetError, match=r"press: `with` must give \['serial'\]"):
        device.state({}, "press")


def test_a_value_that_the_file_does_not_have_is_refused(library: Library) -> None:
    """A misspelt value in `with` is named."""
    device = library.read("modbus/schneider-m340", ModbusDevice)
    with pytest.raises(FleetError, match="serail"):
        device.state({"serail": "1"}, "press")


def test_a_mistake_in_a_file_is_one_line(tmp_path: Path) -> None:
    """The line names file, field, reason and what was there."""
    path = tmp_path / "bad.yaml"
    path.write_text("source: none\nregisters: [{table: holdin, address: 1, type: bool, value: 1}]")
    with pytest.raises(FleetError) as raised:
        read_yaml(path, ModbusDevice)
    assert "registers.0.table" in str(raised.value)
    assert "'holdin'" in str(raised.value)
    assert "\n" not in str(raised.value)

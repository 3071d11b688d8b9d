"""SunSpec: models find themselves, numbers have their scale, an aggregator is several devices."""

import struct
from typing import Any

import pytest

from isthmus.collector.adapters.modbus.sunspec import LENGTHS, MODELS, decode
from isthmus.collector.domain.reading import Outcome
from isthmus.collector.domain.requests import Request
from isthmus.simulators.devices import Library, ModbusDevice
from isthmus.simulators.modbus import Unit

HOLDING = Request.MODBUS_READ_HOLDING_REGISTERS
END = [0xFFFF, 0]


def words(text: str, count: int) -> list[int]:
    """A text as registers."""
    return list(struct.unpack(f">{count}H", text.encode().ljust(2 * count, b"\0")))


def common(serial: str, *, length: int = 66) -> list[int]:
    """Model 1."""
    told = [*words("Acme", 16), *words("M1", 16), *words("", 8), *words("1.2", 8)]
    return [1, length, *told, *words(serial, 16), 1, *([0x8000] if length == 66 else [])]


def model(number: int, length: int, **values: int) -> list[int]:
    """A model in which nothing is measured but `values`, by `r<place>`."""
    body = [0x8000] * length
    for place, value in values.items():
        body[int(place[1:])] = value & 0xFFFF
    return [number, length, *body]


def device(base: int, *models: list[int]) -> ModbusDevice:
    """A device with a chain of models at `base`."""
    chain = [*words("SunS", 2), *(word for one in models for word in one)]
    registers = [
        {"table": "holding", "address": base + n, "type": "uint16", "value": word}
        for n, word in enumerate(chain)
    ]
    return ModbusDevice.model_validate({"source": "test", "registers": registers})


async def test_an_inverter_says_who_it_is_and_what_it_makes(
    workshop: Any, line: Any, maps: Any, library: Library
) -> None:
    """Read as its models say it; what it does not measure is left out."""
    read = library.read("modbus/fronius-symo", ModbusDevice)
    server = await workshop.serve(maps.having([]))
    server.units[1] = Unit(read, read.state({"serial": "29301000"}, "test"))
    source = workshop.source(server, maps.profile(sunspec=True))
    reading = await source.read(line, 0)
    [found] = reading.devices
    assert found.facts == {
        "vendor_name": "Fronius", "model_name": "Symo 10.0-3-M",
        "firmware_version": "3.28.1-3", "serial_number": "29301000", "state": "mppt",
    }  # fmt: skip
    assert found.points["current"] == (38.4, "A")
    assert found.points["voltage_b"] == (231.5, "V")
    assert found.points["frequency"] == (50.01, "Hz")
    assert found.points["dc_voltage"] == (614.3, "V")
    power, unit = found.points["active_power"]
    assert unit == "W"
    assert 8200 <= power <= 9000
    assert 48123456 <= found.points["energy"][0] <= 48123500
    assert not {"voltage_ab", "reactive_power", "heat_sink_temperature"} & found.points.keys()
    assert line.sends[HOLDING] == 5  # marker, header, two models, the numbers
    await source.read(line, 1)
    assert line.sends[HOLDING] == 6


@pytest.mark.parametrize(("base", "tries"), [(40000, 1), (50000, 2), (0, 3)])
async def test_the_models_are_found_at_each_of_the_three_places(
    workshop: Any, line: Any, maps: Any, base: int, tries: int
) -> None:
    """In the order that the specification recommends."""
    server = await workshop.serve(device(base, common("S1", length=65), END))
    reading = await workshop.source(server, maps.profile(sunspec=True)).read(line, 0)
    assert reading.devices[0].facts["serial_number"] == "S1"
    assert line.sends[HOLDING] == tries + 2


async def test_an_aggregator_is_several_devices(workshop: Any, line: Any, maps: Any) -> None:
    """Each model belongs to the model 1 before it; unknown models are passed over."""
    chain = [
        common("LOGGER"), model(11, 13),
        common("INV"), model(101, 50, r12=5000, r13=0, r36=7),
        common("METER"), model(203, 105, r16=-1234, r20=-1),
        END,
    ]  # fmt: skip
    server = await workshop.serve(device(40000, *chain))
    reading = await workshop.source(server, maps.profile(sunspec=True)).read(line, 0)
    assert [d.path for d in reading.devices] == ["", "device-2", "device-3"]
    assert [d.facts["serial_number"] for d in reading.devices] == ["LOGGER", "INV", "METER"]
    assert [dict(d.points) for d in reading.devices] == [
        {}, {"active_power": (5000.0, "W")}, {"active_power": (-123.4, "W")},
    ]  # fmt: skip
    assert reading.devices[1].facts["state"] == "fault"
    server.faults.deaf = True
    lost = await workshop.sources[0].read(line, 1)
    assert lost.outcome is Outcome.TIMEOUT
    assert {d.outcome for d in lost.devices} == {Outcome.TIMEOUT}


@pytest.mark.parametrize(
    "chain",
    [
        [common("S1")],
        [common("S1"), model(101, 50, r12=7, r13=0), [64000, 0]],
        [common("S1"), [64001, 0xFFF0]],
    ],
    ids=["no end", "length zero", "beyond the last address"],
)
async def test_a_chain_that_does_not_end_as_it_should_still_ends(
    workshop: Any, line: Any, maps: Any, chain: list[list[int]]
) -> None:
    """What came before it holds."""
    server = await workshop.serve(device(40000, *chain, [0, 0] if len(chain) == 1 else []))
    source = workshop.source(server, maps.profile(sunspec=True))
    reading = await source.read(line, 0)
    assert reading.outcome is Outcome.OK
    assert reading.devices[0].facts["serial_number"] == "S1"


async def test_a_device_without_models_says_so_and_is_not_searched_again(
    workshop: Any, line: Any, maps: Any
) -> None:
    """Its registers come all the same."""
    server = await workshop.serve(maps.having([7]))
    source = workshop.source(server, maps.profile(maps.holding([7]), sunspec=True))
    await source.read(line, 0)
    [found] = (await source.read(line, 0)).devices
    assert found.error == "sunspec: no models at 40000, 50000, 0"
    assert line.sends[HOLDING] == 3 + 2


async def test_a_search_that_ran_out_of_time_goes_on(workshop: Any, line: Any, maps: Any) -> None:
    """Model by model, over as many reads as it takes."""
    chain = [common("S1"), model(11, 13), model(12, 13), model(103, 50, r12=42, r13=0), END]
    server = await workshop.serve(device(50000, *chain))
    source = workshop.source(server, maps.profile(sunspec=True))
    for _ in range(4):
        line.left = 2
        assert (await source.read(line, 1)).outcome is Outcome.TIMEOUT
    line.left = 2
    reading = await source.read(line, 1)
    assert reading.devices[0].points["active_power"] == (42.0, "W")
    assert line.sends[HOLDING] == 8


@pytest.mark.parametrize("number", MODELS)
def test_a_model_in_which_nothing_is_measured_gives_no_point(number: int) -> None:
    """The values for not implemented, of every type."""
    octets = bytearray(b"\x80\x00" * LENGTHS[number])
    for point in MODELS[number]:
        unknown = {"h": b"\x80\x00", "H": b"\xff\xff", "I": bytes(4)}[point.kind]
        octets[2 * point.at : 2 * point.at + len(unknown)] = unknown
        octets[2 * point.scale_at : 2 * point.scale_at + 2] = b"\0\0"
    points: dict[str, Any] = {}
    decode(number, bytes(octets), {}, points)
    assert points == {}

"""The profile `auto`: which profile a device is read by."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.name_server import NameServer
from tests.virtual_time import virtual_time

from isthmus.collector.domain.envelope import Zone
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.domain.recognition import Rules
from isthmus.collector.domain.schedule import Identity
from isthmus.collector.handlers.line import OpenLine
from isthmus.collector.handlers.observations import Origin
from isthmus.collector.handlers.polling import Engine
from isthmus.collector.handlers.recognition import AUTO, Recognition, source
from isthmus.collector.ports import DeviceProfile, Line, Withheld
from isthmus.runtime.codec import Outgoing
from isthmus.runtime.errors import Rejected

GONE = Reading.failed(Fault(Outcome.TIMEOUT, "no answer"))
RULES: Rules = {
    "acme": {"vendor": "Acme"},
    "acme-2": {"vendor": "Acme", "model": "2"},
    "other-2": {"vendor": ".*", "model": "2"},
    "zeta": {"vendor": "Zeta"},
}


@dataclass
class Device:
    """What stands at the address, and how it is read."""

    facts: Mapping[str, str]
    reading: Reading | None = None
    withheld: bool = False
    broken: bool = False
    telling: bool = True
    made: int = 0
    safety: tuple[str, ...] = ()
    """Profiles of safety controllers."""
    open: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)

    protocol: str = "fake"
    timeout_s: float = 1
    address: str = "device:1"

    def source(self, profile: str, profiles: Any, credentials: Any) -> "FakeSource":
        if self.broken and not profile.endswith("-any"):
            raise Rejected(f"profiles/{profile}.yaml:3: wrong")
        self.made += 1
        made = DeviceProfile(protocol="fake", safety=profile in self.safety)
        return FakeSource(self, profile, made)


@dataclass
class FakeSource:
    """Reads the device by one profile."""

    device: Device
    name: str
    profile: DeviceProfile

    async def read(self, line: Line, slot: int) -> Reading:
        if self.device.withheld:
            raise Withheld("paused")
        self.device.log.append(self.name)
        self.device.open.append(self.name)
        if self.device.reading is not None:
            return self.device.reading
        telling = self.device.telling or self.name.endswith("-any")
        facts = self.device.facts if telling else {}
        points = {"x": (1.0, "1")}
        return Reading(devices=(DeviceReading(facts=facts, points=points),))

    async def close(self) -> None:
        self.device.open = [name for name in self.device.open if name != self.name]


@dataclass
class Folder:
    """Profiles of which only the rules matter."""

    known: Rules = field(default_factory=lambda: RULES)

    def rules(self, kind: type[Any]) -> Rules:
        return self.known

    def load(self, name: str, kind: type[Any]) -> Any:
        raise AssertionError("the endpoint loads")


def recognition(device: Device, rules: Rules = RULES) -> Recognition:
    return Recognition(device, Folder(rules), None)  # type: ignore[arg-type]


async def reads(found: Recognition, count: int) -> list[Reading]:
    return [await found.read(OpenLine(), slot) for slot in range(count)]


def test_a_target_that_names_its_profile_is_read_by_it() -> None:
    """Nothing stands between."""
    device = Device({})
    made = source(device, "acme", Folder(), None)  # type: ignore[arg-type]
    assert isinstance(made, FakeSource)
    assert isinstance(source(device, AUTO, Folder(), None), Recognition)  # type: ignore[arg-type]


async def test_a_device_is_asked_who_it_is_and_then_read_by_its_profile() -> None:
    """The most particular one, from the next slot on."""
    device = Device({"vendor": "Acme", "model": "1"})
    first, second = await reads(recognition(device), 2)
    assert device.log == ["fake-any", "acme"]
    assert (first.error, second.error) == ("", "")
    assert device.open == ["acme"]  # never two connections


async def test_a_device_that_two_profiles_fit_equally_is_read_by_neither() -> None:
    """Which it is, is for a person to say; who it is, is said all the same."""
    device = Device({"vendor": "Acme", "model": "2"})
    first, _ = await reads(recognition(device), 2)
    assert device.log == ["fake-any", "fake-any"]
    assert first.outcome is Outcome.OK
    assert first.error == (
        "profile auto: acme-2 and other-2 match equally; give one of them a further condition"
    )
    assert first.devices[0].facts == device.facts


async def test_a_device_that_no_profile_fits_stays_with_its_identity() -> None:
    """And says so at each slot."""
    device = Device({"vendor": "Unknown"})
    readings = await reads(recognition(device), 3)
    assert device.log == ["fake-any"] * 3
    assert {r.error for r in readings} == {"profile auto: no profile matches what the device says"}


async def test_a_reading_names_the_profile_that_it_was_made_by() -> None:
    """What stands at its names depends on it."""
    readings = await reads(recognition(Device({"vendor": "Zeta"})), 2)
    assert [r.profile for r in readings] == ["fake-any", "zeta"]


async def test_a_device_that_does_not_say_what_it_is_needs_a_profile_by_name() -> None:
    """Its refusal is the reason."""
    device = Device({}, Reading.failed(Fault(Outcome.REFUSED, "illegal function")))
    (reading,) = await reads(recognition(device), 1)
    assert reading.outcome is Outcome.REFUSED
    assert reading.error.endswith("does not say what it is: illegal function")


async def test_several_devices_behind_one_endpoint_need_a_gateways_profile() -> None:
    """Which unit is what, the wiring decides."""
    units = tuple(DeviceReading(f"unit-{n}", facts={"vendor": "Acme"}) for n in (1, 2))
    (reading,) = await reads(recognition(Device({}, Reading(devices=units))), 1)
    assert "name a profile with units" in reading.error
    assert reading.devices == units


async def test_the_only_device_behind_a_server_is_part_of_what_it_is() -> None:
    """A controller's own OPC UA server shows its nameplate as a device."""
    plate = DeviceReading("PLC_1", facts={"model": "2", "vendor": "of the plate"})
    server = DeviceReading(facts={"vendor": "Acme"})
    found = recognition(Device({}, Reading(devices=(server, plate))), {"acme-2": RULES["acme-2"]})
    await reads(found, 1)
    assert found.name == "acme-2"


async def test_another_device_at_the_address_is_recognised_anew() -> None:
    """What was read of it by the map of the one before is not said."""
    device = Device({"vendor": "Acme", "model": "1"})
    found = recognition(device)
    await reads(found, 2)
    device.facts = {"vendor": "Zeta"}
    swapped, _, known = await reads(found, 3)
    assert device.log == ["fake-any", "acme", "acme", "fake-any", "zeta"]
    assert swapped.devices[0].points == {}
    assert swapped.devices[0].facts == {"vendor": "Zeta"}
    assert known.devices[0].points != {}


async def test_the_same_type_of_device_at_the_address_changes_nothing() -> None:
    """Another serial number is another device, but not another map."""
    device = Device({"vendor": "Acme", "model": "1", "serial": "1"})
    found = recognition(device)
    await reads(found, 2)
    device.facts = {"vendor": "Acme", "model": "1", "serial": "2"}
    await reads(found, 2)
    assert device.log == ["fake-any", "acme", "acme", "acme"]


async def test_a_device_that_was_away_keeps_its_profile_when_that_tells_who_it_is() -> None:
    """An outage costs no further connection."""
    device = Device({"vendor": "Acme", "model": "1"})
    found = recognition(device)
    await reads(found, 2)
    device.reading = GONE
    await reads(found, 2)
    assert device.log == ["fake-any", "acme", "acme", "acme"]


async def test_a_device_that_was_away_is_asked_again_when_its_profile_does_not_tell() -> None:
    """Another one may have been put there meanwhile."""
    device = Device({"vendor": "Acme", "model": "1"}, telling=False)
    found = recognition(device)
    await reads(found, 2)
    device.reading = GONE
    await reads(found, 2)
    assert device.log == ["fake-any", "acme", "acme", "fake-any"]


async def test_a_profile_by_which_the_device_never_answered_is_kept() -> None:
    """Going back and forth would hide the fault, and connect twice as often."""
    device = Device({"vendor": "Acme", "model": "1"})
    found = recognition(device)
    await reads(found, 1)
    device.reading = GONE
    await reads(found, 3)
    assert device.log == ["fake-any", "acme", "acme", "acme"]


async def test_what_is_withheld_goes_through() -> None:
    """It says nothing about the device, and changes nothing."""
    device = Device({"vendor": "Acme"}, withheld=True)
    found = recognition(device)
    with pytest.raises(Withheld):
        await reads(found, 1)
    assert found.name == "fake-any"


async def test_a_profile_that_fits_and_is_wrong_leaves_the_device_with_its_identity() -> None:
    """The sentence names file and line."""
    device = Device({"vendor": "Acme"}, broken=True)
    (reading,) = await reads(recognition(device), 1)
    assert reading.error == "profile auto: profiles/acme.yaml:3: wrong"
    assert reading.outcome is Outcome.OK


async def test_the_profile_that_is_told_is_the_one_of_the_next_read() -> None:
    """The engine holds its envelope, and leaves a safety controller alone."""
    device = Device({"vendor": "Acme"})
    found = recognition(device)
    before = found.profile
    await reads(found, 1)
    assert found.profile is not before
    await found.close()
    assert device.open == []


@virtual_time
async def test_the_engine_leaves_a_recognised_safety_controller_alone(
    gate: Any, measured: Any
) -> None:
    """Its identity was asked for once; its own profile sends nothing unless a zone names it."""
    device = Device({"vendor": "Acme"}, safety=("acme",))
    clock = asyncio.get_running_loop().time
    records: list[Outgoing] = []
    engine = Engine(
        records.append,
        gate,
        measured,
        resolve=NameServer().resolve,
        polls_max=1,
        clock=clock,
        steady=clock,
    )
    origin = Origin(Identity("s", "t"), "", "fake", AUTO, device.address, 1.0, "me")
    running = asyncio.create_task(engine.run())
    engine.start(origin, recognition(device), 1)
    await asyncio.sleep(10)
    assert device.log == ["fake-any"]
    assert device.open == []
    engine.govern([Zone(safety_controllers=("t",))])
    await asyncio.sleep(10)
    assert device.log[:3] == ["fake-any", "acme", "acme"]
    running.cancel()

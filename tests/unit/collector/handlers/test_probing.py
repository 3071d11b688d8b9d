"""A probe: one read by hand, as gentle as the service, with everything that was sent."""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.domain.requests import Request
from isthmus.collector.handlers.probing import STRICT, Probe, Subject
from isthmus.collector.handlers.recognition import Recognition
from isthmus.collector.ports import DeviceProfile, Line, Withheld

GAP_S = STRICT.gap_s or 0.0


@dataclass
class Asking:
    """A source that connects and asks a few requests."""

    profile: DeviceProfile = field(default_factory=lambda: DeviceProfile(protocol="fake"))
    fault: Fault | None = None
    closes: int = 0

    async def read(self, line: Line, slot: int) -> Reading:
        await line.connect(Request.MODBUS_CONNECT, self.answer)
        await line.ask(Request.MODBUS_READ_COILS, self.answer, path="unit-1")
        line.sent(Request.OPCUA_PUBLISH)
        try:
            await line.ask(Request.MODBUS_READ_COILS, self.failing, path="unit-1")
        except Fault as fault:
            return Reading.failed(fault)
        return Reading(devices=(DeviceReading(facts={"VendorName": "Acme"}),))

    async def answer(self) -> None:
        pass

    async def failing(self) -> None:
        if self.fault is not None:
            raise self.fault

    async def close(self) -> None:
        self.closes += 1


def subject(source: Any, **fields: Any) -> Subject:
    said: dict[str, Any] = {
        "profile": "acme",
        "address": "device:1",
        "timeout_s": 5,
        "envelope": Envelope(),
    }
    return Subject("press-1", source, **said | fields)


async def test_a_probe_says_every_request_that_left(measured: Any) -> None:
    """By kind and device, those too that a library sends by itself."""
    source = Asking()
    probed = await Probe(measured).read(subject(source))
    assert [(sent.kind, sent.path, sent.error) for sent in probed.sent] == [
        (Request.MODBUS_CONNECT, "", ""),
        (Request.MODBUS_READ_COILS, "unit-1", ""),
        (Request.OPCUA_PUBLISH, "", ""),
        (Request.MODBUS_READ_COILS, "unit-1", ""),
    ]
    assert probed.reading.devices[0].facts == {"VendorName": "Acme"}
    assert source.closes == 1


async def test_a_probe_keeps_its_own_gap_where_nobody_asks_for_more(measured: Any) -> None:
    """A person who tries a new device is not faster than the service would be."""
    probed = await Probe(measured).read(subject(Asking()))
    asked = [sent.at_s for sent in probed.sent if sent.kind is not Request.OPCUA_PUBLISH]
    assert all(later - earlier >= GAP_S for earlier, later in pairwise(asked))
    assert probed.limits["gap_s"] == (GAP_S, "probe")


async def test_the_strictest_of_profile_target_and_probe_holds(measured: Any) -> None:
    """And where it comes from is said."""
    profile = DeviceProfile(protocol="fake", envelope=Envelope(device_requests_per_s=100))
    envelope = Envelope(gap_s=0.3, reason="old")
    probed = await Probe(measured).read(subject(Asking(profile), envelope=envelope))
    assert probed.limits["gap_s"] == (0.3, "target")
    assert probed.limits["device_requests_per_s"][1] == "probe"


async def test_a_request_that_failed_says_why(measured: Any) -> None:
    """As the reading does."""
    source = Asking(fault=Fault(Outcome.REFUSED, "exception 0x02"))
    probed = await Probe(measured).read(subject(source))
    assert probed.sent[-1].error == "exception 0x02"
    assert probed.reading.outcome is Outcome.REFUSED
    assert source.closes == 1


async def test_a_safety_controller_is_not_asked_unless_a_person_says_so(measured: Any) -> None:
    """Not even for a connection."""
    source = Asking(DeviceProfile(protocol="fake", safety=True))
    refused = await Probe(measured).read(subject(source))
    assert refused.sent == []
    assert refused.reading.error == "acme: a safety controller (IEC 61511): not asked"
    allowed = await Probe(measured, safety_controllers=True).read(subject(source))
    assert allowed.reading.outcome is Outcome.OK


async def test_what_a_pause_withholds_is_not_asked(measured: Any) -> None:
    """A source may be told so by its line at any moment."""

    class Held(Asking):
        async def read(self, line: Line, slot: int) -> Reading:
            raise Withheld("paused: revision")

    probed = await Probe(measured).read(subject(Held()))
    assert probed.reading.error == "not asked: paused: revision"


@dataclass
class Endpoint:
    """An endpoint whose sources all say that they are an Acme."""

    safety: bool = False
    made: list[str] = field(default_factory=list)
    protocol: str = "fake"
    timeout_s: float = 5
    address: str = "device:1"

    def source(self, profile: str, profiles: Any, credentials: Any) -> Asking:
        self.made.append(profile)
        safety = self.safety and profile == "acme"
        return Asking(DeviceProfile(protocol="fake", safety=safety))


class Folder:
    """One profile that fits."""

    def rules(self, kind: Any) -> Any:
        return {"acme": {"VendorName": "Acme"}}


async def test_a_device_of_unknown_type_is_recognised_and_then_read(measured: Any) -> None:
    """Both reads are told, and the profile that was found."""
    endpoint = Endpoint()
    source = Recognition(endpoint, Folder(), None)  # type: ignore[arg-type]
    probed = await Probe(measured).read(subject(source, profile="auto"))
    assert probed.profile == "acme"
    assert endpoint.made == ["fake-any", "acme"]
    assert len(probed.sent) == 8


async def test_a_device_that_turns_out_to_be_a_safety_controller_is_left_alone(
    measured: Any,
) -> None:
    """Its identity was asked for, and nothing after that."""
    source = Recognition(Endpoint(safety=True), Folder(), None)  # type: ignore[arg-type]
    probed = await Probe(measured).read(subject(source, profile="auto"))
    assert len(probed.sent) == 4
    assert probed.reading.outcome is Outcome.REFUSED

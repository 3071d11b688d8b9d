"""What no rule knows, once for each look of a device."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.normalizer.catalogue import small
from tests.unit.normalizer.handlers.bench import (
    AT_S,
    handled,
    handler,
    looks,
    observation,
    plain,
)

from isthmus.normalizer.handlers import unrecognised
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.unrecognised_pb2 import Unrecognised


def unknown(n: int = 0, at_s: int = AT_S, **facts: str) -> Observation:
    """The n-th device of a kind that nobody knows."""
    said = {"VendorName": "Nobody", "ProductCode": "N-7", "serial_number": f"SN{n}", **facts}
    return observation(target=f"t-{n}", observed_at={"seconds": at_s}, devices=[plain(**said)])


async def test_an_unknown_device_is_told_with_a_sample() -> None:
    """All that who writes the rule needs, and nothing that is one device's own."""
    made, _ = await handled(unknown())

    [look] = looks(made)
    assert list(look.missing) == ["class", "family", "vendor"]
    assert dict(zip(look.fact, look.text, strict=True)) == {
        "VendorName": "Nobody", "ProductCode": "N-7",
    }  # fmt: skip
    assert (look.source, look.protocol, look.count) == ("hagen/t-0", "modbus", 1)
    assert look.since_at.seconds == look.last_at.seconds == AT_S
    assert look.catalog == small().fingerprint
    headers = dict(made[-1].headers)
    assert made[-1].topic == unrecognised.TOPIC
    assert made[-1].key == f"{look.fingerprint}/0".encode()
    assert headers["ce_time"] == datetime.fromtimestamp(AT_S, UTC).isoformat().encode()


async def test_a_device_that_rules_know_whole_is_not_told() -> None:
    """Nothing is to be done about it."""
    known = plain(VendorName="WAGO", ProductCode="750-8214")

    made, _ = await handled(observation(devices=[known]))

    assert looks(made) == []


async def test_a_look_is_told_again_when_it_has_doubled() -> None:
    """A thousand devices are ten records, and the last one says how many they are about."""
    made, _ = await handled(*(unknown(n) for n in range(1000)))

    assert [look.count for look in looks(made)] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]


async def test_a_look_is_told_once_a_day() -> None:
    """The topic forgets what nobody says for a month; the same device counts once."""
    hours = [unknown(at_s=AT_S + hour * 3600) for hour in range(50)]

    found = looks((await handled(*hours))[0])

    assert [(look.last_at.seconds - AT_S) // 3600 for look in found] == [0, 24, 48]
    assert {look.count for look in found} == {1}
    assert {look.since_at.seconds for look in found} == {AT_S}


async def test_devices_that_differ_in_numbers_look_alike() -> None:
    """A version or a serial number in a text makes no other kind of device."""
    made, _ = await handled(
        unknown(1, MajorMinorRevision="V1.2"), unknown(2, MajorMinorRevision="V10.23")
    )
    other, _ = await handled(unknown(3, MajorMinorRevision="W1.2"))

    first, second = looks(made)
    assert first.fingerprint == second.fingerprint != looks(other)[0].fingerprint


async def test_each_partition_counts_for_itself() -> None:
    """Whoever wants the whole adds them up; a replica knows only its own."""
    by = handler()
    zero = looks((await handled(unknown(1), by=by))[0])
    one = looks((await handled(unknown(2), unknown(3), by=by, partition=1))[0])

    assert [(look.partition, look.count) for look in (*zero, *one)] == [(0, 1), (1, 1), (1, 2)]
    assert len({look.fingerprint for look in (*zero, *one)}) == 1


async def test_another_catalogue_counts_anew() -> None:
    """What it does not know is its own list."""
    by = handler()
    await handled(unknown(1), unknown(2), by=by)
    by.use(by._normalizer)

    assert [look.count for look in looks((await handled(unknown(3), by=by))[0])] == [1]


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looks without end, sources without end: the oldest look is forgotten, the count stops."""
    monkeypatch.setattr(unrecognised, "LOOKS_MAX", 8)
    monkeypatch.setattr(unrecognised, "SOURCES_MAX", 3)
    by = handler()

    await handled(*(unknown(n, VendorName="Nobody" + "x" * n) for n in range(50)), by=by)
    made, _ = await handled(*(unknown(n) for n in range(50)), by=by)

    seen = by._unrecognised
    assert len(seen._looks) == len(seen._fingerprints) == 8
    assert [look.count for look in looks(made)] == [1, 2]


async def test_a_part_that_no_rule_knows_is_told_by_its_attributes() -> None:
    """It has no facts of its own."""
    switch = {
        "outcome": "OUTCOME_OK",
        "fact": ["sysObjectID", "entPhysicalSerialNum.7", "entPhysicalModelName.7"],
        "text": ["1.3.6.1.4.1.9.1.2494", "JAE2447", "NM-8X"],
        "point": ["entPhysicalClass.7"], "value": [9.0], "unit": ["1"],
    }  # fmt: skip

    [look] = looks((await handled(observation(protocol="snmp", devices=[switch])))[0])

    assert look.source == "hagen/bus/module-7"
    assert dict(zip(look.fact, look.text, strict=True))["model"] == "NM-8X"
    assert "serial" not in look.fact


def topic(*made: Outgoing) -> list[Any]:
    """Records as they stand on the topic."""
    return [
        SimpleNamespace(
            key=each.key, value=each.value, headers=each.headers, topic=each.topic, partition=0,
            offset=n,
        )
        for n, each in enumerate(made)
    ]  # fmt: skip


async def test_the_list_for_a_person_adds_up_partitions() -> None:
    """The newest record of each key counts; what most devices look like comes first."""
    by = handler()
    made: list[Outgoing] = []
    for partition in (0, 1):
        made += (await handled(*map(unknown, range(4)), by=by, partition=partition))[0]
    made += (await handled(unknown(9, VendorName="Else"), by=by))[0]
    told = [each for each in made if each.topic == unrecognised.TOPIC]

    lines = list(unrecognised.lines(topic(*told)))

    fingerprint = Unrecognised.FromString(told[0].value or b"").fingerprint
    assert lines[0].startswith(f"8 x {fingerprint}: class, family, vendor unknown; last 2026-")
    assert lines[1] == "  hagen/t-3 (modbus, profile none)"
    assert "  VendorName: Nobody" in lines
    assert [line for line in lines if " x " in line][1].startswith("1 x ")
    assert lines[-1] == "2 looks that no rule knows"


def test_an_empty_list_says_so() -> None:
    """All devices are known, or none was met."""
    assert list(unrecognised.lines([])) == ["0 looks that no rule knows"]

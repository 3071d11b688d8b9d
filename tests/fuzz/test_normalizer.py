"""The normaliser takes anything: each record ends in reports or in a reason, never otherwise."""

import asyncio
import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.domain.observation import Device, Outcome
from isthmus.normalizer.domain.observation import Observation as Seen
from isthmus.normalizer.handlers.observations import REQUIRED
from isthmus.normalizer.handlers.reports import TOPIC, Handler
from isthmus.runtime.codec import decode
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1 import observation_pb2 as pb2
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report
from tests.unit.normalizer.catalogue import small
from tests.unit.normalizer.handlers.bench import Counts, observation, plain

KNOWN = small()
GOLDEN = Path(__file__).parents[1] / "golden"
SEED = 20_260_301
MUTANTS = 1_500
MEGABYTE = 1_000_000
LONGEST = 600  # a vendor's name, and a serial number whose capitals are two letters each
OUTCOMES: list[Any] = [*pb2.Outcome.values(), 77]
HUGE = "99999999999999999999"
HOSTILE = [
    "", " ", "\x00", "\x1b[2J\x07", "\u202e\u200b\ufeff", "ÿ" * 300, "a " * 2_000,
    "a." * 2_000,
    "1." * 2_000, "(" * 2_000, "V" * 2_000, "v1" * 500, "x" * 10_000, "\n" * 5_000, "🦠" * 300,
    "1.3.6.1.4.1.9", "urn:" + "a" * 5_000, "https://" + "." * 3_000, "00:" * 2_000, "S C-S C-",
    "%s%n{0}${x}", "'; --", "=cmd()", "../../etc", "-0", "1e999", "NaN", "٣" * 40, "²", "ß" * 300,
]  # fmt: skip
NUMBERS = [0.0, -0.0, 1e308, -1e308, 5e-324, float("inf"), float("-inf"), float("nan"), 2.0**53]
NAMES = [
    *sorted(KNOWN.stable), f"ifPhysAddress.{HUGE}", f"entPhysicalSerialNum.{HUGE}", "...",
    "lldpRemChassisId.", "lldpRemChassisId.0.3.1", f"dot1qTpFdbPort.{HUGE}", "@chassis",
    "ipNetToPhysicalPhysAddress.3.2.16.1", f"ipNetToMediaPhysAddress.{'1.' * 200}",
    "entPhysicalClass.1", "hrSWInstalledName.1",
    "sysDescr.0.0", "cdpCacheDeviceId.x", "state", "DeviceHealth", "\x00", "hrStorageType.-1",
]  # fmt: skip


def ended(value: bytes | None, handler: Handler | None = None) -> list[Report]:
    """The reports of a record; empty when it was rejected with a reason, or shows nothing."""
    raw: Any = SimpleNamespace(
        key=b"hagen/bus", value=value, headers=[], topic="t", partition=0, offset=0
    )
    try:
        batch = Batch([decode(raw, Observation, required=REQUIRED)])
    except Rejected:
        return []
    made = asyncio.run((handler or Handler(Normalizer(KNOWN), Counts()))(batch))
    assert not (made and batch.rejected)
    assert all(map(str, batch.rejected.values()))
    reports = [Report.FromString(each.value or b"") for each in made if each.topic == TOPIC]
    for report in reports:
        assert report.id
        assert len(report.quality) in (0, len(report.value))
        assert len(report.metric) == len(report.value) == len(report.unit)
        values = [key.value for key in report.keys] + [a.value for a in report.attributes]
        assert [v for v in values if not v.isprintable() or len(v) > LONGEST] == []
    return reports


def sent(*devices: dict[str, Any], **fields: Any) -> bytes:
    """A record with these devices."""
    return observation(devices=list(devices), **fields).SerializeToString()


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_any_bytes_end_in_reports_or_a_reason(noise: bytes) -> None:
    """Alone, and behind a whole message that protobuf merges them into."""
    ended(noise)
    ended(observation().SerializeToString() + noise)


texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=40))
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=20))
floats = st.one_of(st.sampled_from(NUMBERS), st.floats())


@st.composite
def columns(draw: st.DrawFn) -> dict[str, Any]:
    """A device whose columns may be uneven and may hold anything."""
    even = draw(st.booleans())
    facts, points = draw(st.lists(names, max_size=8)), draw(st.lists(names, max_size=8))
    lengths = [len(facts), len(points), len(points)]
    if not even:
        lengths = draw(st.lists(st.integers(0, 9), min_size=3, max_size=3))
    kinds = (texts, floats, texts)
    text, value, unit = (
        draw(st.lists(kind, min_size=n, max_size=n)) for kind, n in zip(kinds, lengths, strict=True)
    )
    return {
        "path": draw(st.one_of(st.just(""), texts)), "outcome": draw(st.integers(0, 8)),
        "error": draw(texts), "fact": facts, "text": text, "point": points, "value": value,
        "unit": unit,
    }  # fmt: skip


@given(
    st.lists(columns(), max_size=4),
    st.fixed_dictionaries(
        {
            "outcome": st.integers(0, 8),
            "site": texts,
            "target": texts,
            "protocol": st.sampled_from(["modbus", "opcua", "snmp", "part", "mqtt", "\x00"]),
            "profile": st.sampled_from(["", "schneider-m340", "x" * 2_000]),
            "interval_s": floats,
            "observed_at": st.fixed_dictionaries(
                {"seconds": st.integers(-(1 << 63), (1 << 63) - 1), "nanos": st.integers(-9, 10**9)}
            )
            | st.just({"seconds": 253_402_300_799})
            | st.just({"seconds": 1}),
            "slot_at": st.fixed_dictionaries({"seconds": st.integers(-(1 << 63), (1 << 63) - 1)}),
        }
    ),
)
@example([plain(VendorName="WAGO")], {"interval_s": 5e-324, "slot_at": {"seconds": 1 << 62}})
@settings(
    max_examples=300, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
def test_any_message_ends_in_reports_or_a_reason(
    devices: list[dict[str, Any]], fields: dict[str, Any]
) -> None:
    """Clocks far off, uneven columns, texts and numbers that mean harm."""
    ended(sent(*devices, **fields))


@given(
    st.dictionaries(names, st.text(st.characters(codec=None), max_size=30), max_size=8),
    st.sampled_from(["modbus", "opcua", "snmp"]),
)
def test_the_domain_takes_what_no_decoder_lets_through(
    facts: dict[str, str], protocol: str
) -> None:
    """Lone surrogates cannot come in a record; whoever calls the domain may have some."""
    device = Device("", Outcome.OK, "", tuple(facts), tuple(facts.values()))
    wild = Device("x\ud800", Outcome.OK, "\udfff", ("VendorName",), ("\ud800WAGO\udfff",))

    reports = Normalizer(KNOWN).reports(
        Seen("hagen", protocol, "", "10.0.0.1:1", Outcome.OK, "", (device, wild))
    )

    assert len([report for report in reports if report.every == 1]) == 2
    assert all(key.value.isprintable() for report in reports for key in report.identity.keys)


@pytest.mark.parametrize("protocol", ["modbus", "opcua", "snmp"])
@pytest.mark.parametrize("unit", ["x", "a ", "a.", "1.", "\x00", "(", "v1.", "00:", "é", "\u200b"])
def test_a_megabyte_in_every_field_is_a_report(protocol: str, unit: str) -> None:
    """And the report is small."""
    long = unit * (MEGABYTE // len(unit.encode()))
    facts = dict.fromkeys(("VendorName", "sysDescr", "sysObjectID", "ApplicationUri"), long)

    [report] = ended(sent(plain(**facts), protocol=protocol))

    assert report.ByteSize() < 40_000


def golden() -> list[Observation]:
    """The observations of all golden cases."""
    files = sorted(GOLDEN.glob("*/observation.json"))
    return [ParseDict(json.loads(file.read_text()), Observation()) for file in files]


class Mutator:
    """Spoils messages, the same in every run."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def record(self, message: Observation) -> bytes:
        """What is left of a message."""
        mutant = Observation.FromString(message.SerializeToString())
        for _ in range(self._random.randint(1, 4)):
            spoil = self._random.choice([self._columns, self._texts, self._names, self._devices])
            spoil(mutant)
        value = mutant.SerializeToString()
        return self._bytes(value) if self._random.random() < 0.3 else value

    def _bytes(self, value: bytes) -> bytes:
        spoiled = bytearray(value)
        for _ in range(self._random.randint(1, 8)):
            at = self._random.randrange(len(spoiled))
            spoiled[at] ^= 1 << self._random.randrange(8)
        return bytes(spoiled[: self._random.choice([len(value), len(value) // 2])])

    def _columns(self, message: Observation) -> None:
        for device in message.devices:
            column: Any = self._random.choice([device.fact, device.text, device.point, device.unit])
            some = list(column)
            self._random.shuffle(some)
            del column[:]
            column.extend(some if self._random.random() < 0.9 else some[1:])

    def _texts(self, message: Observation) -> None:
        for device in message.devices:
            for at in range(len(device.text)):
                if self._random.random() < 0.3:
                    device.text[at] = self._random.choice(HOSTILE)
            for at in range(len(device.value)):
                if self._random.random() < 0.3:
                    device.value[at] = self._random.choice(NUMBERS)

    def _names(self, message: Observation) -> None:
        message.protocol = self._random.choice(["modbus", "opcua", "snmp", message.protocol])
        for device in message.devices:
            for column in (device.fact, device.point):
                for at in range(len(column)):
                    if self._random.random() < 0.2:
                        column[at] = self._random.choice(NAMES)

    def _devices(self, message: Observation) -> None:
        if self._random.random() < 0.1:
            message.outcome = self._random.choice(OUTCOMES)
        message.interval_s = self._random.choice(NUMBERS)
        message.slot_at.seconds = self._random.choice([0, 1, -(1 << 40), 1 << 60])
        for device in list(message.devices)[: self._random.randint(0, 2)]:
            device.path = self._random.choice([*HOSTILE, "unit-3"])
            message.devices.add().CopyFrom(device)


def test_mutants_of_the_golden_cases_end_in_reports_or_a_reason() -> None:
    """One handler meets all of them, as a service does; most of them still mean something."""
    seeds, mutator = golden(), Mutator(SEED)
    handler = Handler(Normalizer(KNOWN, remembered=64), Counts())

    counts = [len(ended(mutator.record(seeds[n % len(seeds)]), handler)) for n in range(MUTANTS)]

    assert sum(count > 0 for count in counts) > MUTANTS // 4
    assert sum(count == 0 for count in counts) > MUTANTS // 20

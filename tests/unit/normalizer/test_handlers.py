"""Protobuf in, protobuf out."""

import asyncio
import uuid
from collections import Counter
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st

from isthmus.normalizer.adapters import catalog as adapter
from isthmus.normalizer.app import CATALOG
from isthmus.normalizer.domain.normalize import Normalizer
from isthmus.normalizer.handlers import REPORTS, Handler, explain
from isthmus.runtime.codec import Outgoing, Record
from isthmus.runtime.consume import Batch
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation
from isthmus.telemetry.v1.report_pb2 import Report

KNOWN = adapter.load(CATALOG)
ID = "9d7c1c54-8a51-5a3c-9a5e-1f6a1c1f0b11"
TRACE = b"00-9d7c1c548a515a3c9a5e1f6a1c1f0b11-9a5e1f6a1c1f0b11-01"


class Counts:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.reports: Counter[str] = Counter()
        self.unknown: Counter[str] = Counter()
        self.values = 0

    def reported(self, reachability: str, count: int) -> None:
        self.reports[reachability] += count

    def unrecognised(self, attribute: str) -> None:
        self.unknown[attribute] += 1

    def skipped(self, count: int) -> None:
        self.values += count


def observation(**fields: Any) -> Observation:
    """A bus with two devices; `fields` take the place of its own."""
    whole: dict[str, Any] = {
        "id": ID,
        "site": "hagen",
        "target": "bus",
        "path": "nordwerk/hagen/energy",
        "protocol": "modbus",
        "address": "10.0.0.1:502",
        "interval_s": 5,
        "outcome": "OUTCOME_OK",
        "observed_at": {"seconds": 1_772_438_400},
        "devices": [
            {
                "path": "unit-3",
                "outcome": "OUTCOME_OK",
                "fact": ["VendorName", "serial_number"],
                "text": ["WAGO", "30-0B2C-7741"],
                "point": ["temperature", "level"],
                "value": [60.5, float("nan")],
                "unit": ["Cel", "m"],
            },
            {"path": "unit-4", "outcome": "OUTCOME_REFUSED"},
        ],
    }
    return Observation(**{**whole, **fields})


async def handled(
    *messages: Observation | None, statistics: Counts | None = None
) -> tuple[list[Outgoing], list[str]]:
    """What becomes of messages: the records to publish and the reasons of those rejected."""
    records = [Record(m, "hagen/bus", "observations", 0, i, TRACE) for i, m in enumerate(messages)]
    batch = Batch(records)
    made = await Handler(Normalizer(KNOWN), statistics or Counts())(batch)
    return made, [str(error) for error in batch.rejected.values()]


async def test_each_device_is_one_record_under_the_name_of_its_source() -> None:
    """Key, id, headers and body say from where it is."""
    made, rejected = await handled(observation())

    assert rejected == []
    assert [record.key for record in made] == [b"hagen/bus/unit-3", b"hagen/bus/unit-4"]
    report, headers = Report.FromString(made[0].value or b""), dict(made[0].headers)
    assert made[0].topic == REPORTS
    assert report.id == str(uuid.uuid5(uuid.UUID(ID), "unit-3"))
    assert headers["ce_id"] == report.id.encode()
    assert headers["ce_type"] == b"isthmus.telemetry.v1.Report"
    assert headers["ce_source"] == b"/isthmus/normalizer"
    assert headers["traceparent"] == TRACE
    assert (report.observation_id, report.site, report.target, report.device) == (
        ID, "hagen", "bus", "unit-3",
    )  # fmt: skip
    assert (report.path, report.interval_s) == ("nordwerk/hagen/energy", 5)
    assert (report.address, report.protocol) == ("10.0.0.1:502", "modbus")
    assert report.observed_at.seconds == 1_772_438_400


async def test_the_endpoint_itself_is_named_without_a_device() -> None:
    """A plain device is its target."""
    plain = {"outcome": "OUTCOME_OK", "fact": ["VendorName"], "text": ["WAGO"]}

    made, _ = await handled(observation(devices=[plain]))

    assert [record.key for record in made] == [b"hagen/bus"]


async def test_what_a_device_says_by_itself_is_no_report() -> None:
    """A trap holds three facts of the thirty that a read does; it must not stand for the device."""
    made, rejected = await handled(observation(trigger="TRIGGER_NOTIFICATION"))

    assert (made, rejected) == ([], [])


async def test_a_replay_makes_the_same_records() -> None:
    """Bytes and headers do not depend on time, process or order."""
    first, _ = await handled(observation())
    second, _ = await handled(observation())

    assert first == second


async def test_an_identity_is_whole_in_every_report() -> None:
    """What was encoded once is copied, not shared: the second report is as full as the first."""
    later = observation(id=str(uuid.uuid4()), observed_at={"seconds": 1_772_438_405})

    made, _ = await handled(observation(), later)

    first, second = (Report.FromString(made[i].value or b"") for i in (0, 2))
    assert first.keys[0].value == "wago/300B2C7741"
    assert list(first.keys) == list(second.keys)
    assert list(first.attributes) == list(second.attributes)


async def test_what_was_done_is_counted() -> None:
    """Reports by reachability, numbers left out, and unknown attributes once for a device."""
    counts = Counts()

    await handled(observation(), observation(), statistics=counts)

    assert counts.reports == {"online": 2, "offline": 2}
    assert counts.values == 2
    assert counts.unknown == {"class": 1, "model": 1}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (None, "value: none, expected an Observation"),
        (observation(id="1"), "id: '1', expected a UUID"),
        (observation(observed_at=None), "observed_at: 0 s, expected a time after 1970"),
        (observation(observed_at={"seconds": 1 << 60}), "observed_at: "),
        (observation(observed_at={"seconds": 5, "nanos": -7}), "observed_at: "),
        (observation(devices=[]), "devices: none, expected at least one"),
        (observation(outcome=77), "outcome: 77, expected one of"),
        (observation(devices=[{"path": "a"}]), "devices['a'].outcome: 0, expected one of"),
        (
            observation(devices=[{"outcome": 1, "fact": ["VendorName"]}]),
            "devices[''].text: 0 entries, expected 1, one for each fact",
        ),
        (
            observation(devices=[{"outcome": 1, "point": ["a"], "value": [1.0]}]),
            "devices[''].unit: 0 entries, expected 1, one for each point",
        ),
        (
            observation(devices=[{"path": "a", "outcome": 1}] * 2),
            "devices.path: 'a' twice, expected each device once",
        ),
    ],
)
async def test_an_observation_without_meaning_is_rejected_alone(
    message: Observation | None, reason: str
) -> None:
    """Its neighbours in the batch are reported."""
    made, rejected = await handled(observation(), message, observation())

    assert len(made) == 4
    assert len(rejected) == 1
    assert rejected[0].startswith(reason)


@given(st.binary(max_size=200))
@settings(max_examples=300)
def test_whatever_protobuf_can_hold_is_reported_or_rejected(noise: bytes) -> None:
    """Any bytes behind a whole message, understood as protobuf, end in a report or a reason."""
    message = observation()
    try:
        message.MergeFromString(noise)
    except DecodeError:  # the runtime rejects it before the handler
        return
    batch = Batch([Record(message, "k", "observations", 0, 0, None)])

    made = asyncio.run(Handler(Normalizer(KNOWN), Counts())(batch))

    assert bool(made) != bool(batch.rejected)


def test_an_explanation_names_the_rule_behind_each_attribute() -> None:
    """A person sees why a device was taken for what it is, and what no rule knew."""
    lines = list(explain(Normalizer(KNOWN), MessageToJson(observation())))

    assert "hagen/bus/unit-3" in lines
    assert "  reachability online" in lines
    assert "  key unique global|serial|wago/300B2C7741" in lines
    assert "  vendor 'WAGO'  <- 'WAGO' by modbus:VendorName" in lines
    assert "  class not recognised" in lines
    assert "  metric temperature 60.5 Cel" in lines
    assert lines[-3:] == [
        "  reachability offline  request refused",
        "  health unknown",
        "  key weak hagen|address|10.0.0.1:502/unit-4",
    ]


def test_an_explanation_of_nonsense_says_what_is_wrong() -> None:
    """The file's author reads one sentence."""
    with pytest.raises(Rejected, match='no field named "sight"'):
        list(explain(Normalizer(KNOWN), '{"sight": "hagen"}'))

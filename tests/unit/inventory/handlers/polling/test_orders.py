"""What the collectors of a site are told."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from google.protobuf.json_format import MessageToDict

from isthmus.inventory.domain.polling.discovery import DiscoveryState, Progress, job
from isthmus.inventory.domain.polling.targets import Target
from isthmus.inventory.domain.polling.zones import Zone
from isthmus.inventory.handlers.polling.orders import job_record, target_record, zone_record
from isthmus.runtime.codec import Outgoing
from isthmus.telemetry.v1 import discovery_pb2, envelope_pb2, target_pb2

AT = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
WINDOW = {"days": ["sat"], "start": "08:00", "end": "12:00", "time_zone": "Europe/Berlin"}
JOB = job(
    {
        "site": "hagen",
        "ranges": ["127.21.0.0/28"],
        "protocols": [{"protocol": "snmp", "credential": "hagen-snmp"}, {"protocol": "modbus"}],
        "window": WINDOW,
        "requested_by": "planner",
    },
    "0c9b8e64-2f0e-4d5a-9b1f-5d1d2a9f7c11",
    AT,
)  # fmt: skip


def said(record: Outgoing, kind: Any) -> dict[str, Any]:
    """The fields of a record's message."""
    fields: dict[str, Any] = MessageToDict(
        kind.FromString(record.value), preserving_proto_field_name=True
    )
    return fields


def test_a_target_goes_to_the_topic_of_its_site() -> None:
    """With its endpoint and its envelope as they were written, under `site/target`."""
    endpoint = {"protocol": "modbus", "port": 502, "units": [1, 2]}
    envelope = {"gap_s": 0.2, "windows": [WINDOW], "paused": True, "reason": "overhaul"}
    target = Target("hagen", "plc", "x/hagen", 2.0, "m340", endpoint, envelope)

    record = target_record(target, AT)

    assert (record.topic, record.key) == ("inventory.targets.hagen.v1", b"hagen/plc")
    told = said(record, target_pb2.Target)
    assert told["endpoint"] == endpoint
    assert told["envelope"] == envelope
    assert (told["interval_s"], told["profile"]) == (2.0, "m340")


def test_a_target_without_an_envelope_says_nothing_about_it() -> None:
    """An empty message would be one that says that it is not paused."""
    target = Target("hagen", "plc", "x/hagen", 2.0, "m340", {"protocol": "modbus"})

    message = target_pb2.Target.FromString(target_record(target, AT).value or b"")

    assert not message.HasField("envelope")


def test_a_zone_goes_to_the_topic_of_its_site() -> None:
    """Under `site/path`, or the site alone."""
    zone = Zone("hagen", "x/hagen", {"gap_s": 0.0}, ("127.21.0.99",), ("press-sis",), "shift-lead")

    record = zone_record(zone, AT)

    assert (record.topic, record.key) == ("inventory.zones.hagen.v1", b"hagen/x/hagen")
    assert zone_record(Zone("hagen"), AT).key == b"hagen"
    told = said(record, envelope_pb2.Zone)
    assert told["envelope"] == {"gap_s": 0.0}
    assert told["do_not_poll"] == ["127.21.0.99"]
    assert told["safety_controllers"] == ["press-sis"]
    assert told["updated_by"] == "shift-lead"


def test_a_job_goes_to_the_topic_of_its_site_with_its_progress() -> None:
    """So that the next owner goes on where the last one was."""
    record = job_record(replace(JOB, progress=Progress(7, 5, 2, 2)))

    assert (record.topic, record.key) == ("inventory.discoveries.hagen.v1", JOB.id.encode())
    told = said(record, discovery_pb2.Discovery)
    assert told["progress"] == {"cursor": 7, "asked": 5, "answered": 2, "skipped": 2}
    assert told["probes"] == [
        {"protocol": "modbus", "port": 502},
        {"protocol": "snmp", "port": 161, "credential": "hagen-snmp"},
    ]
    assert told["window"] == WINDOW
    assert told["requests_per_s"] == 1


def test_a_job_that_has_ended_is_a_tombstone() -> None:
    """Nothing is left to do for any collector."""
    for state in (DiscoveryState.FINISHED, DiscoveryState.CANCELLED, DiscoveryState.REFUSED):
        record = job_record(replace(JOB, state=state))

        assert (record.key, record.value) == (JOB.id.encode(), None)

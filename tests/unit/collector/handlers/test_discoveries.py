"""Jobs and events, from and to their messages."""

from datetime import UTC, datetime
from ipaddress import ip_network

import pytest
from google.protobuf.json_format import MessageToDict

from isthmus.collector.domain.discovery import Found, Job, Probe, Progress
from isthmus.collector.domain.envelope import Window
from isthmus.collector.handlers.discoveries import event, job, progress
from isthmus.telemetry.v1 import discovery_pb2 as pb
from isthmus.telemetry.v1 import envelope_pb2

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE = pb.Discovery(
    id="j",
    site="hagen",
    ranges=["127.21.0.0/28"],
    probes=[pb.Probe(protocol="snmp", port=161, credential="ro")],
    window=envelope_pb2.Window(days=["sat"], start="08:00", end="12:00", time_zone="UTC"),
    requests_per_s=2,
    requested_at=NOON,
    progress=pb.DiscoveryProgress(cursor=7, asked=5, answered=2, skipped=2),
)
JOB = Job(
    "j", "hagen", (ip_network("127.21.0.0/28"),), (Probe("snmp", 161, "ro"),),
    Window(("sat",), "08:00", "12:00", "UTC"), 2.0, NOON,
)  # fmt: skip


def test_a_record_is_a_job_with_its_progress() -> None:
    """Field by field."""
    assert job(MESSAGE) == JOB
    assert progress(MESSAGE) == Progress(7, 5, 2, 2)


def test_a_record_that_is_no_job_says_why() -> None:
    """One that cannot be read must not be run in part."""
    wrong = pb.Discovery()
    wrong.CopyFrom(MESSAGE)
    wrong.ranges.append("127.0.0.1/8")

    with pytest.raises(ValueError, match=r"127\.0\.0\.1/8"):
        job(wrong)


def test_an_event_says_what_was_found_and_how_to_read_it() -> None:
    """Under the job's id, so that its steps stay in order; the same step has the same id."""
    found = Found({"sysName": "ups-1"}, {"protocol": "snmp", "host": "127.21.0.8", "port": 161})
    made = [
        event(
            JOB, pb.DISCOVERY_EVENT_KIND_FOUND, Progress(7, 5, 2, 2), at=NOON, collector="me",
            address="127.21.0.8:161", protocol="snmp", found=found,
        )
        for _ in range(2)
    ]  # fmt: skip

    said = pb.DiscoveryEvent.FromString(made[0].value or b"")
    assert made[0] == made[1]
    assert (made[0].topic, made[0].key) == ("collector.discoveries.v1", b"j")
    assert dict(zip(said.fact, said.text, strict=True)) == found.facts
    assert MessageToDict(said.endpoint) == found.endpoint
    assert (said.hosts, said.progress.cursor, said.discovery) == (14, 7, "j")

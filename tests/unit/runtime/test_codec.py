"""Records: CloudEvents headers, deterministic bytes, and what is refused."""

from datetime import UTC, datetime, timedelta, timezone
from types import SimpleNamespace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from isthmus.runtime import codec
from isthmus.runtime.errors import Rejected
from isthmus.telemetry.v1.observation_pb2 import Observation

AT = datetime(2026, 3, 1, 7, tzinfo=timezone(timedelta(hours=1)))


def outgoing() -> codec.Outgoing:
    message = Observation(id="0b3d", site="hagen", target="plc-1")
    return codec.encode(
        message, topic="t", key="hagen/plc-1", id="0b3d", source="collector", at=AT,
        traceparent=b"00-1-2-01",
    )  # fmt: skip


def received(value: bytes | None, headers: codec.Headers = (), key: bytes | None = b"k") -> Any:
    return SimpleNamespace(
        topic="t", partition=3, offset=7, key=key, value=value, headers=tuple(headers)
    )


def test_a_record_carries_cloudevents_in_binary_mode() -> None:
    """Other teams route by headers without decoding the value."""
    headers = dict(outgoing().headers)

    assert headers["content-type"] == b"application/protobuf"
    assert headers["ce_specversion"] == b"1.0"
    assert headers["ce_type"] == b"isthmus.telemetry.v1.Observation"
    assert headers["ce_id"] == b"0b3d"
    assert headers["ce_source"] == b"/isthmus/collector"
    assert headers["ce_subject"] == b"hagen/plc-1"
    assert headers["ce_time"] == b"2026-03-01T06:00:00+00:00"


def test_what_was_encoded_is_decoded_with_its_place_and_trace() -> None:
    """The handler sees the message and where it came from."""
    sent = outgoing()

    record = codec.decode(
        received(sent.value, sent.headers, sent.key), Observation, required=("id", "site")
    )

    assert record.message == Observation(id="0b3d", site="hagen", target="plc-1")
    assert (record.key, record.partition, record.offset) == ("hagen/plc-1", 3, 7)
    assert record.traceparent == b"00-1-2-01"


def test_a_tombstone_has_no_message() -> None:
    """A record without a value says that its key is gone."""
    record = codec.decode(received(None), Observation, required=("id",))

    assert record.message is None
    assert codec.tombstone("t", "k").value is None


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (received(b"\xff\xff"), "2 bytes are no isthmus.telemetry.v1.Observation"),
        (received(b""), "Observation.id: empty, expected a value"),
        (received(b"", [("ce_type", b"x.Y")]), "header ce_type: 'x.Y', expected 'isthmus"),
        (received(b"", [("ce_type", b"\xff")]), "header ce_type: b'\\xff', expected UTF-8"),
        (received(b"\x0a\x01x", key=b"\xfe"), "key: b'\\xfe', expected UTF-8"),
    ],
)
def test_what_is_not_whole_is_rejected_with_its_field(record: Any, reason: str) -> None:
    """Field, value, expectation: enough to find the writer at fault."""
    with pytest.raises(Rejected) as refused:
        codec.decode(record, Observation, required=("id",))

    assert reason in str(refused.value)


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_any_bytes_give_a_record_or_a_rejection(value: bytes, header: bytes) -> None:
    """Nothing that arrives from outside is a bug of ours."""
    try:
        codec.decode(received(value, [("ce_type", header)]), Observation, required=("id",))
    except Rejected:
        pass


def test_the_trace_is_found_by_the_event_id() -> None:
    """W3C traceparent: version, 32 digits of trace, 16 of span, flags."""
    id = "0b3d7a52-9d0e-5f3c-8d0a-6f1c8e4b2a10"

    assert codec.new_traceparent(id) == b"00-0b3d7a529d0e5f3c8d0a6f1c8e4b2a10-8d0a6f1c8e4b2a10-01"


def test_times_are_aware_and_utc() -> None:
    """A naive time would be read as the reader's own zone."""
    assert codec.from_timestamp(Timestamp(seconds=1, nanos=500_000_000)) == datetime(
        1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC
    )

"""Our decoding of a ReadResponse, beside the library's."""

import struct
from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.ua_binary import struct_from_binary, struct_to_binary
from hypothesis import given
from hypothesis import strategies as st

from isthmus.collector.adapters.opcua.wire import read_response

KINDS = ua.VariantType
TIMES = st.datetimes(datetime(1602, 1, 1), datetime(2400, 1, 1), timezones=st.just(UTC))
NUMBERS = {
    KINDS.Boolean: st.booleans(),
    KINDS.SByte: st.integers(-(2**7), 2**7 - 1),
    KINDS.Byte: st.integers(0, 2**8 - 1),
    KINDS.Int16: st.integers(-(2**15), 2**15 - 1),
    KINDS.UInt16: st.integers(0, 2**16 - 1),
    KINDS.Int32: st.integers(-(2**31), 2**31 - 1),
    KINDS.UInt32: st.integers(0, 2**32 - 1),
    KINDS.Int64: st.integers(-(2**63), 2**63 - 1),
    KINDS.UInt64: st.integers(0, 2**64 - 1),
    KINDS.Float: st.floats(width=32, allow_nan=False),
    KINDS.Double: st.floats(allow_nan=False),
    KINDS.String: st.none() | st.text(),
    KINDS.DateTime: TIMES,
    KINDS.LocalizedText: st.builds(ua.LocalizedText, st.text(min_size=1), st.just("en")),
    KINDS.QualifiedName: st.builds(ua.QualifiedName, st.text(min_size=1), st.integers(0, 9)),
}
SCALARS = st.one_of(
    [values.map(lambda v, k=kind: ua.Variant(v, k)) for kind, values in NUMBERS.items()]  # type: ignore[misc]
)
ARRAYS = st.lists(st.integers(0, 9)).map(lambda v: ua.Variant(v, KINDS.Int32, is_array=True))
STATUSES = st.sampled_from(["Good", "BadSensorFailure"]).map(
    lambda name: ua.StatusCode(ua.UInt32(getattr(StatusCodes, name)))
)
VALUES = st.builds(
    ua.DataValue,
    SCALARS | ARRAYS,
    STATUSES,
    st.none() | TIMES,
    st.none() | TIMES,
)


def encoded(values: list[Any], result: int = StatusCodes.Good) -> bytes:
    """A response as it stands on the wire."""
    response = ua.ReadResponse()
    response.ResponseHeader.Timestamp = datetime(2026, 1, 2, tzinfo=UTC)
    response.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(result))
    response.Results = values
    return struct_to_binary(response)


@given(st.lists(VALUES))
def test_an_answer_is_what_the_library_makes_of_it(values: list[Any]) -> None:
    """Every built-in type, status and time, in any order."""
    octets = encoded(values)
    ours, theirs = (
        read_response(Buffer(octets)),
        struct_from_binary(ua.ReadResponse, Buffer(octets)),
    )
    assert [_shown(value) for value in ours.Results] == [_shown(value) for value in theirs.Results]
    assert ours.ResponseHeader.Timestamp == theirs.ResponseHeader.Timestamp


def test_a_refusal_keeps_its_reason() -> None:
    """What is no plain answer is the library's."""
    answer = read_response(Buffer(encoded([], StatusCodes.BadNothingToDo)))
    assert answer.ResponseHeader.ServiceResult.name == "BadNothingToDo"


def test_picoseconds_stand_behind_their_time() -> None:
    """OPC 10000-6, 5.2.2.17, table 26."""
    ticks = 10_000_000
    value = struct.pack("<BBBqHqH", 0x3D, 3, 7, ticks, 1, 2 * ticks, 2)
    octets = encoded([]).removesuffix(bytes(8))
    answer = read_response(Buffer(octets + struct.pack("<i", 1) + value + bytes(4)))
    [found] = answer.Results
    assert found.Value == ua.Variant(7, KINDS.Byte)
    assert (found.SourceTimestamp.second, found.ServerTimestamp.second) == (1, 2)


@given(st.lists(VALUES, min_size=1), st.data())
def test_an_answer_that_was_cut_is_an_error(values: list[Any], data: st.DataObject) -> None:
    """Never a value that nobody sent."""
    octets = encoded(values)
    cut = data.draw(st.integers(0, len(octets) - 1))
    with pytest.raises(Exception):  # noqa: B017, PT011 - whatever it is, the channel says garbled
        read_response(Buffer(octets[:cut]))


def _shown(value: ua.DataValue) -> tuple[Any, ...]:
    return value.Value, value.StatusCode, value.SourceTimestamp, value.ServerTimestamp

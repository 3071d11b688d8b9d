import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class PollState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    POLL_STATE_UNSPECIFIED: _ClassVar[PollState]
    POLL_STATE_POLLING: _ClassVar[PollState]
    POLL_STATE_PAUSED: _ClassVar[PollState]
    POLL_STATE_OUTSIDE_WINDOW: _ClassVar[PollState]
    POLL_STATE_EXCLUDED: _ClassVar[PollState]
    POLL_STATE_CIRCUIT_OPEN: _ClassVar[PollState]
    POLL_STATE_FENCED: _ClassVar[PollState]
    POLL_STATE_STOPPED: _ClassVar[PollState]
POLL_STATE_UNSPECIFIED: PollState
POLL_STATE_POLLING: PollState
POLL_STATE_PAUSED: PollState
POLL_STATE_OUTSIDE_WINDOW: PollState
POLL_STATE_EXCLUDED: PollState
POLL_STATE_CIRCUIT_OPEN: PollState
POLL_STATE_FENCED: PollState
POLL_STATE_STOPPED: PollState

class Touches(_message.Message):
    __slots__ = ("id", "site", "target", "address", "protocol", "collector", "from_at", "until_at", "kind", "count", "requests_in_a_second_most", "gap_s_least", "state", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    FROM_AT_FIELD_NUMBER: _ClassVar[int]
    UNTIL_AT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_IN_A_SECOND_MOST_FIELD_NUMBER: _ClassVar[int]
    GAP_S_LEAST_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    site: str
    target: str
    address: str
    protocol: str
    collector: str
    from_at: _timestamp_pb2.Timestamp
    until_at: _timestamp_pb2.Timestamp
    kind: _containers.RepeatedScalarFieldContainer[str]
    count: _containers.RepeatedScalarFieldContainer[int]
    requests_in_a_second_most: int
    gap_s_least: float
    state: PollState
    reason: str
    def __init__(self, id: _Optional[str] = ..., site: _Optional[str] = ..., target: _Optional[str] = ..., address: _Optional[str] = ..., protocol: _Optional[str] = ..., collector: _Optional[str] = ..., from_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., until_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., kind: _Optional[_Iterable[str]] = ..., count: _Optional[_Iterable[int]] = ..., requests_in_a_second_most: _Optional[int] = ..., gap_s_least: _Optional[float] = ..., state: _Optional[_Union[PollState, str]] = ..., reason: _Optional[str] = ...) -> None: ...

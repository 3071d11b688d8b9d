import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Envelope(_message.Message):
    __slots__ = ("connections_max", "connection", "gap_s", "pause_after_connect_s", "items_max", "device_requests_per_s", "endpoint_requests_per_s", "subnet_requests_per_s", "site_requests_per_s", "site_connects_per_s", "backoff_max_s", "windows", "paused", "reason")
    CONNECTIONS_MAX_FIELD_NUMBER: _ClassVar[int]
    CONNECTION_FIELD_NUMBER: _ClassVar[int]
    GAP_S_FIELD_NUMBER: _ClassVar[int]
    PAUSE_AFTER_CONNECT_S_FIELD_NUMBER: _ClassVar[int]
    ITEMS_MAX_FIELD_NUMBER: _ClassVar[int]
    DEVICE_REQUESTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_REQUESTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    SUBNET_REQUESTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    SITE_REQUESTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    SITE_CONNECTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    BACKOFF_MAX_S_FIELD_NUMBER: _ClassVar[int]
    WINDOWS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    connections_max: int
    connection: str
    gap_s: float
    pause_after_connect_s: float
    items_max: int
    device_requests_per_s: float
    endpoint_requests_per_s: float
    subnet_requests_per_s: float
    site_requests_per_s: float
    site_connects_per_s: float
    backoff_max_s: float
    windows: _containers.RepeatedCompositeFieldContainer[Window]
    paused: bool
    reason: str
    def __init__(self, connections_max: _Optional[int] = ..., connection: _Optional[str] = ..., gap_s: _Optional[float] = ..., pause_after_connect_s: _Optional[float] = ..., items_max: _Optional[int] = ..., device_requests_per_s: _Optional[float] = ..., endpoint_requests_per_s: _Optional[float] = ..., subnet_requests_per_s: _Optional[float] = ..., site_requests_per_s: _Optional[float] = ..., site_connects_per_s: _Optional[float] = ..., backoff_max_s: _Optional[float] = ..., windows: _Optional[_Iterable[_Union[Window, _Mapping]]] = ..., paused: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class Window(_message.Message):
    __slots__ = ("days", "start", "end", "time_zone")
    DAYS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    TIME_ZONE_FIELD_NUMBER: _ClassVar[int]
    days: _containers.RepeatedScalarFieldContainer[str]
    start: str
    end: str
    time_zone: str
    def __init__(self, days: _Optional[_Iterable[str]] = ..., start: _Optional[str] = ..., end: _Optional[str] = ..., time_zone: _Optional[str] = ...) -> None: ...

class Zone(_message.Message):
    __slots__ = ("site", "path", "envelope", "do_not_poll", "safety_controllers", "updated_at", "updated_by")
    SITE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ENVELOPE_FIELD_NUMBER: _ClassVar[int]
    DO_NOT_POLL_FIELD_NUMBER: _ClassVar[int]
    SAFETY_CONTROLLERS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_BY_FIELD_NUMBER: _ClassVar[int]
    site: str
    path: str
    envelope: Envelope
    do_not_poll: _containers.RepeatedScalarFieldContainer[str]
    safety_controllers: _containers.RepeatedScalarFieldContainer[str]
    updated_at: _timestamp_pb2.Timestamp
    updated_by: str
    def __init__(self, site: _Optional[str] = ..., path: _Optional[str] = ..., envelope: _Optional[_Union[Envelope, _Mapping]] = ..., do_not_poll: _Optional[_Iterable[str]] = ..., safety_controllers: _Optional[_Iterable[str]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_by: _Optional[str] = ...) -> None: ...

import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Outcome(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    OUTCOME_UNSPECIFIED: _ClassVar[Outcome]
    OUTCOME_OK: _ClassVar[Outcome]
    OUTCOME_TIMEOUT: _ClassVar[Outcome]
    OUTCOME_UNREACHABLE: _ClassVar[Outcome]
    OUTCOME_GARBLED: _ClassVar[Outcome]
    OUTCOME_UNAUTHORIZED: _ClassVar[Outcome]
    OUTCOME_REFUSED: _ClassVar[Outcome]
    OUTCOME_NOT_ASKED: _ClassVar[Outcome]

class Trigger(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRIGGER_UNSPECIFIED: _ClassVar[Trigger]
    TRIGGER_NOTIFICATION: _ClassVar[Trigger]
OUTCOME_UNSPECIFIED: Outcome
OUTCOME_OK: Outcome
OUTCOME_TIMEOUT: Outcome
OUTCOME_UNREACHABLE: Outcome
OUTCOME_GARBLED: Outcome
OUTCOME_UNAUTHORIZED: Outcome
OUTCOME_REFUSED: Outcome
OUTCOME_NOT_ASKED: Outcome
TRIGGER_UNSPECIFIED: Trigger
TRIGGER_NOTIFICATION: Trigger

class Observation(_message.Message):
    __slots__ = ("id", "site", "target", "path", "protocol", "profile", "address", "slot_at", "observed_at", "collector", "duration_s", "interval_s", "outcome", "error", "devices", "trigger")
    ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SLOT_AT_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    DURATION_S_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_S_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    DEVICES_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    id: str
    site: str
    target: str
    path: str
    protocol: str
    profile: str
    address: str
    slot_at: _timestamp_pb2.Timestamp
    observed_at: _timestamp_pb2.Timestamp
    collector: str
    duration_s: float
    interval_s: float
    outcome: Outcome
    error: str
    devices: _containers.RepeatedCompositeFieldContainer[Device]
    trigger: Trigger
    def __init__(self, id: _Optional[str] = ..., site: _Optional[str] = ..., target: _Optional[str] = ..., path: _Optional[str] = ..., protocol: _Optional[str] = ..., profile: _Optional[str] = ..., address: _Optional[str] = ..., slot_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collector: _Optional[str] = ..., duration_s: _Optional[float] = ..., interval_s: _Optional[float] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., error: _Optional[str] = ..., devices: _Optional[_Iterable[_Union[Device, _Mapping]]] = ..., trigger: _Optional[_Union[Trigger, str]] = ...) -> None: ...

class Device(_message.Message):
    __slots__ = ("path", "outcome", "error", "fact", "text", "point", "value", "unit")
    PATH_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    POINT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    path: str
    outcome: Outcome
    error: str
    fact: _containers.RepeatedScalarFieldContainer[str]
    text: _containers.RepeatedScalarFieldContainer[str]
    point: _containers.RepeatedScalarFieldContainer[str]
    value: _containers.RepeatedScalarFieldContainer[float]
    unit: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, path: _Optional[str] = ..., outcome: _Optional[_Union[Outcome, str]] = ..., error: _Optional[str] = ..., fact: _Optional[_Iterable[str]] = ..., text: _Optional[_Iterable[str]] = ..., point: _Optional[_Iterable[str]] = ..., value: _Optional[_Iterable[float]] = ..., unit: _Optional[_Iterable[str]] = ...) -> None: ...

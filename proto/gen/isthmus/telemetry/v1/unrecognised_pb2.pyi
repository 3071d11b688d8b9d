import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Unrecognised(_message.Message):
    __slots__ = ("fingerprint", "missing", "protocol", "profile", "fact", "text", "source", "count", "since_at", "last_at", "partition", "catalog")
    FINGERPRINT_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PROFILE_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    SINCE_AT_FIELD_NUMBER: _ClassVar[int]
    LAST_AT_FIELD_NUMBER: _ClassVar[int]
    PARTITION_FIELD_NUMBER: _ClassVar[int]
    CATALOG_FIELD_NUMBER: _ClassVar[int]
    fingerprint: str
    missing: _containers.RepeatedScalarFieldContainer[str]
    protocol: str
    profile: str
    fact: _containers.RepeatedScalarFieldContainer[str]
    text: _containers.RepeatedScalarFieldContainer[str]
    source: str
    count: int
    since_at: _timestamp_pb2.Timestamp
    last_at: _timestamp_pb2.Timestamp
    partition: int
    catalog: str
    def __init__(self, fingerprint: _Optional[str] = ..., missing: _Optional[_Iterable[str]] = ..., protocol: _Optional[str] = ..., profile: _Optional[str] = ..., fact: _Optional[_Iterable[str]] = ..., text: _Optional[_Iterable[str]] = ..., source: _Optional[str] = ..., count: _Optional[int] = ..., since_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., last_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., partition: _Optional[int] = ..., catalog: _Optional[str] = ...) -> None: ...

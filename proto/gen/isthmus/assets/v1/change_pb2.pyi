import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ChangeKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANGE_KIND_UNSPECIFIED: _ClassVar[ChangeKind]
    CHANGE_KIND_DISCOVERED: _ClassVar[ChangeKind]
    CHANGE_KIND_CHANGED: _ClassVar[ChangeKind]
    CHANGE_KIND_MERGED: _ClassVar[ChangeKind]
    CHANGE_KIND_SPLIT: _ClassVar[ChangeKind]
    CHANGE_KIND_REPLACED: _ClassVar[ChangeKind]
    CHANGE_KIND_MISSING: _ClassVar[ChangeKind]
    CHANGE_KIND_RETIRED: _ClassVar[ChangeKind]
CHANGE_KIND_UNSPECIFIED: ChangeKind
CHANGE_KIND_DISCOVERED: ChangeKind
CHANGE_KIND_CHANGED: ChangeKind
CHANGE_KIND_MERGED: ChangeKind
CHANGE_KIND_SPLIT: ChangeKind
CHANGE_KIND_REPLACED: ChangeKind
CHANGE_KIND_MISSING: ChangeKind
CHANGE_KIND_RETIRED: ChangeKind

class Change(_message.Message):
    __slots__ = ("id", "asset_id", "kind", "field", "before", "after", "source", "report_id", "site", "observed_at", "actor", "evidence")
    ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    FIELD_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    REPORT_ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    EVIDENCE_FIELD_NUMBER: _ClassVar[int]
    id: str
    asset_id: str
    kind: ChangeKind
    field: str
    before: str
    after: str
    source: str
    report_id: str
    site: str
    observed_at: _timestamp_pb2.Timestamp
    actor: str
    evidence: str
    def __init__(self, id: _Optional[str] = ..., asset_id: _Optional[str] = ..., kind: _Optional[_Union[ChangeKind, str]] = ..., field: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., source: _Optional[str] = ..., report_id: _Optional[str] = ..., site: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., actor: _Optional[str] = ..., evidence: _Optional[str] = ...) -> None: ...

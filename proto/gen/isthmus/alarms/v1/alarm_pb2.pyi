import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AlarmState(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    ALARM_STATE_UNSPECIFIED: _ClassVar[AlarmState]
    ALARM_STATE_NORMAL: _ClassVar[AlarmState]
    ALARM_STATE_UNACKNOWLEDGED: _ClassVar[AlarmState]
    ALARM_STATE_ACKNOWLEDGED: _ClassVar[AlarmState]
    ALARM_STATE_RETURNED_UNACKNOWLEDGED: _ClassVar[AlarmState]
    ALARM_STATE_SHELVED: _ClassVar[AlarmState]
    ALARM_STATE_SUPPRESSED: _ClassVar[AlarmState]
    ALARM_STATE_OUT_OF_SERVICE: _ClassVar[AlarmState]

class Priority(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRIORITY_UNSPECIFIED: _ClassVar[Priority]
    PRIORITY_LOW: _ClassVar[Priority]
    PRIORITY_MEDIUM: _ClassVar[Priority]
    PRIORITY_HIGH: _ClassVar[Priority]
    PRIORITY_CRITICAL: _ClassVar[Priority]
ALARM_STATE_UNSPECIFIED: AlarmState
ALARM_STATE_NORMAL: AlarmState
ALARM_STATE_UNACKNOWLEDGED: AlarmState
ALARM_STATE_ACKNOWLEDGED: AlarmState
ALARM_STATE_RETURNED_UNACKNOWLEDGED: AlarmState
ALARM_STATE_SHELVED: AlarmState
ALARM_STATE_SUPPRESSED: AlarmState
ALARM_STATE_OUT_OF_SERVICE: AlarmState
PRIORITY_UNSPECIFIED: Priority
PRIORITY_LOW: Priority
PRIORITY_MEDIUM: Priority
PRIORITY_HIGH: Priority
PRIORITY_CRITICAL: Priority

class Alarm(_message.Message):
    __slots__ = ("id", "rule", "subject", "site", "path", "state", "priority", "message", "first_action", "condition", "value", "unit", "asset_id", "asset_class", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by", "seq")
    ID_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    FIRST_ACTION_FIELD_NUMBER: _ClassVar[int]
    CONDITION_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_CLASS_FIELD_NUMBER: _ClassVar[int]
    RAISED_AT_FIELD_NUMBER: _ClassVar[int]
    CLEARED_AT_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_AT_FIELD_NUMBER: _ClassVar[int]
    ACKNOWLEDGED_BY_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    id: str
    rule: str
    subject: str
    site: str
    path: str
    state: AlarmState
    priority: Priority
    message: str
    first_action: str
    condition: str
    value: float
    unit: str
    asset_id: str
    asset_class: str
    raised_at: _timestamp_pb2.Timestamp
    cleared_at: _timestamp_pb2.Timestamp
    acknowledged_at: _timestamp_pb2.Timestamp
    acknowledged_by: str
    seq: int
    def __init__(self, id: _Optional[str] = ..., rule: _Optional[str] = ..., subject: _Optional[str] = ..., site: _Optional[str] = ..., path: _Optional[str] = ..., state: _Optional[_Union[AlarmState, str]] = ..., priority: _Optional[_Union[Priority, str]] = ..., message: _Optional[str] = ..., first_action: _Optional[str] = ..., condition: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., asset_id: _Optional[str] = ..., asset_class: _Optional[str] = ..., raised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleared_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acknowledged_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acknowledged_by: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

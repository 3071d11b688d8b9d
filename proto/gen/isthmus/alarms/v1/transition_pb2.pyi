import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from isthmus.alarms.v1 import alarm_pb2 as _alarm_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class TransitionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    TRANSITION_KIND_UNSPECIFIED: _ClassVar[TransitionKind]
    TRANSITION_KIND_RAISED: _ClassVar[TransitionKind]
    TRANSITION_KIND_CLEARED: _ClassVar[TransitionKind]
    TRANSITION_KIND_ACKNOWLEDGED: _ClassVar[TransitionKind]
    TRANSITION_KIND_SHELVED: _ClassVar[TransitionKind]
    TRANSITION_KIND_UNSHELVED: _ClassVar[TransitionKind]
    TRANSITION_KIND_SUPPRESSED: _ClassVar[TransitionKind]
    TRANSITION_KIND_UNSUPPRESSED: _ClassVar[TransitionKind]
    TRANSITION_KIND_ESCALATED: _ClassVar[TransitionKind]
TRANSITION_KIND_UNSPECIFIED: TransitionKind
TRANSITION_KIND_RAISED: TransitionKind
TRANSITION_KIND_CLEARED: TransitionKind
TRANSITION_KIND_ACKNOWLEDGED: TransitionKind
TRANSITION_KIND_SHELVED: TransitionKind
TRANSITION_KIND_UNSHELVED: TransitionKind
TRANSITION_KIND_SUPPRESSED: TransitionKind
TRANSITION_KIND_UNSUPPRESSED: TransitionKind
TRANSITION_KIND_ESCALATED: TransitionKind

class Transition(_message.Message):
    __slots__ = ("alarm_id", "seq", "kind", "state", "rule", "subject", "site", "at", "by", "comment", "value", "unit")
    ALARM_ID_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    COMMENT_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    alarm_id: str
    seq: int
    kind: TransitionKind
    state: _alarm_pb2.AlarmState
    rule: str
    subject: str
    site: str
    at: _timestamp_pb2.Timestamp
    by: str
    comment: str
    value: float
    unit: str
    def __init__(self, alarm_id: _Optional[str] = ..., seq: _Optional[int] = ..., kind: _Optional[_Union[TransitionKind, str]] = ..., state: _Optional[_Union[_alarm_pb2.AlarmState, str]] = ..., rule: _Optional[str] = ..., subject: _Optional[str] = ..., site: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., by: _Optional[str] = ..., comment: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ...) -> None: ...

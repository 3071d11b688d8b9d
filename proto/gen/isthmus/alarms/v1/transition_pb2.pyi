import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from isthmus.alarms.v1 import alarm_pb2 as _alarm_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
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
    TRANSITION_KIND_LATCHED: _ClassVar[TransitionKind]
    TRANSITION_KIND_RESET: _ClassVar[TransitionKind]
    TRANSITION_KIND_COMMENTED: _ClassVar[TransitionKind]
    TRANSITION_KIND_OUT_OF_SERVICE: _ClassVar[TransitionKind]
    TRANSITION_KIND_RETURNED_TO_SERVICE: _ClassVar[TransitionKind]
    TRANSITION_KIND_LEVEL_CHANGED: _ClassVar[TransitionKind]
    TRANSITION_KIND_REANNUNCIATED: _ClassVar[TransitionKind]
    TRANSITION_KIND_STALE: _ClassVar[TransitionKind]
    TRANSITION_KIND_GOOD: _ClassVar[TransitionKind]
    TRANSITION_KIND_CLOSED: _ClassVar[TransitionKind]
TRANSITION_KIND_UNSPECIFIED: TransitionKind
TRANSITION_KIND_RAISED: TransitionKind
TRANSITION_KIND_CLEARED: TransitionKind
TRANSITION_KIND_ACKNOWLEDGED: TransitionKind
TRANSITION_KIND_SHELVED: TransitionKind
TRANSITION_KIND_UNSHELVED: TransitionKind
TRANSITION_KIND_SUPPRESSED: TransitionKind
TRANSITION_KIND_UNSUPPRESSED: TransitionKind
TRANSITION_KIND_ESCALATED: TransitionKind
TRANSITION_KIND_LATCHED: TransitionKind
TRANSITION_KIND_RESET: TransitionKind
TRANSITION_KIND_COMMENTED: TransitionKind
TRANSITION_KIND_OUT_OF_SERVICE: TransitionKind
TRANSITION_KIND_RETURNED_TO_SERVICE: TransitionKind
TRANSITION_KIND_LEVEL_CHANGED: TransitionKind
TRANSITION_KIND_REANNUNCIATED: TransitionKind
TRANSITION_KIND_STALE: TransitionKind
TRANSITION_KIND_GOOD: TransitionKind
TRANSITION_KIND_CLOSED: TransitionKind

class Transition(_message.Message):
    __slots__ = ("alarm_id", "seq", "kind", "state", "rule", "subject", "site", "at", "by", "comment", "value", "unit", "annunciate", "level", "priority", "message", "suppressed", "path", "first_action", "consequence", "runbook", "asset_id", "asset_class", "criticality", "safety_impact", "process_impact", "raised_at", "chattering")
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
    ANNUNCIATE_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSED_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    FIRST_ACTION_FIELD_NUMBER: _ClassVar[int]
    CONSEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RUNBOOK_FIELD_NUMBER: _ClassVar[int]
    ASSET_ID_FIELD_NUMBER: _ClassVar[int]
    ASSET_CLASS_FIELD_NUMBER: _ClassVar[int]
    CRITICALITY_FIELD_NUMBER: _ClassVar[int]
    SAFETY_IMPACT_FIELD_NUMBER: _ClassVar[int]
    PROCESS_IMPACT_FIELD_NUMBER: _ClassVar[int]
    RAISED_AT_FIELD_NUMBER: _ClassVar[int]
    CHATTERING_FIELD_NUMBER: _ClassVar[int]
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
    annunciate: bool
    level: str
    priority: _alarm_pb2.Priority
    message: str
    suppressed: _containers.RepeatedScalarFieldContainer[str]
    path: str
    first_action: str
    consequence: str
    runbook: str
    asset_id: str
    asset_class: str
    criticality: str
    safety_impact: str
    process_impact: str
    raised_at: _timestamp_pb2.Timestamp
    chattering: bool
    def __init__(self, alarm_id: _Optional[str] = ..., seq: _Optional[int] = ..., kind: _Optional[_Union[TransitionKind, str]] = ..., state: _Optional[_Union[_alarm_pb2.AlarmState, str]] = ..., rule: _Optional[str] = ..., subject: _Optional[str] = ..., site: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., by: _Optional[str] = ..., comment: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., annunciate: _Optional[bool] = ..., level: _Optional[str] = ..., priority: _Optional[_Union[_alarm_pb2.Priority, str]] = ..., message: _Optional[str] = ..., suppressed: _Optional[_Iterable[str]] = ..., path: _Optional[str] = ..., first_action: _Optional[str] = ..., consequence: _Optional[str] = ..., runbook: _Optional[str] = ..., asset_id: _Optional[str] = ..., asset_class: _Optional[str] = ..., criticality: _Optional[str] = ..., safety_impact: _Optional[str] = ..., process_impact: _Optional[str] = ..., raised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., chattering: _Optional[bool] = ...) -> None: ...

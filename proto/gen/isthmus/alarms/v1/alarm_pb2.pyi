import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
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

class ConditionPhase(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CONDITION_PHASE_UNSPECIFIED: _ClassVar[ConditionPhase]
    CONDITION_PHASE_NORMAL: _ClassVar[ConditionPhase]
    CONDITION_PHASE_PENDING_ON: _ClassVar[ConditionPhase]
    CONDITION_PHASE_ACTIVE: _ClassVar[ConditionPhase]
    CONDITION_PHASE_PENDING_OFF: _ClassVar[ConditionPhase]
    CONDITION_PHASE_LATCHED: _ClassVar[ConditionPhase]

class SampleQuality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SAMPLE_QUALITY_UNSPECIFIED: _ClassVar[SampleQuality]
    SAMPLE_QUALITY_GOOD: _ClassVar[SampleQuality]
    SAMPLE_QUALITY_STALE: _ClassVar[SampleQuality]
    SAMPLE_QUALITY_BAD: _ClassVar[SampleQuality]

class SuppressionKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SUPPRESSION_KIND_UNSPECIFIED: _ClassVar[SuppressionKind]
    SUPPRESSION_KIND_SHELVED: _ClassVar[SuppressionKind]
    SUPPRESSION_KIND_DESIGN: _ClassVar[SuppressionKind]
    SUPPRESSION_KIND_OUT_OF_SERVICE: _ClassVar[SuppressionKind]
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
CONDITION_PHASE_UNSPECIFIED: ConditionPhase
CONDITION_PHASE_NORMAL: ConditionPhase
CONDITION_PHASE_PENDING_ON: ConditionPhase
CONDITION_PHASE_ACTIVE: ConditionPhase
CONDITION_PHASE_PENDING_OFF: ConditionPhase
CONDITION_PHASE_LATCHED: ConditionPhase
SAMPLE_QUALITY_UNSPECIFIED: SampleQuality
SAMPLE_QUALITY_GOOD: SampleQuality
SAMPLE_QUALITY_STALE: SampleQuality
SAMPLE_QUALITY_BAD: SampleQuality
SUPPRESSION_KIND_UNSPECIFIED: SuppressionKind
SUPPRESSION_KIND_SHELVED: SuppressionKind
SUPPRESSION_KIND_DESIGN: SuppressionKind
SUPPRESSION_KIND_OUT_OF_SERVICE: SuppressionKind

class Suppression(_message.Message):
    __slots__ = ("kind", "source", "began_at", "ends_at", "one_shot", "by", "reason")
    KIND_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    BEGAN_AT_FIELD_NUMBER: _ClassVar[int]
    ENDS_AT_FIELD_NUMBER: _ClassVar[int]
    ONE_SHOT_FIELD_NUMBER: _ClassVar[int]
    BY_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    kind: SuppressionKind
    source: str
    began_at: _timestamp_pb2.Timestamp
    ends_at: _timestamp_pb2.Timestamp
    one_shot: bool
    by: str
    reason: str
    def __init__(self, kind: _Optional[_Union[SuppressionKind, str]] = ..., source: _Optional[str] = ..., began_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ends_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., one_shot: _Optional[bool] = ..., by: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Alarm(_message.Message):
    __slots__ = ("id", "rule", "subject", "site", "path", "state", "priority", "message", "first_action", "condition", "value", "unit", "asset_id", "asset_class", "raised_at", "cleared_at", "acknowledged_at", "acknowledged_by", "seq", "phase", "quality", "level", "suppressions", "rule_version", "consequence", "runbook", "criticality", "safety_impact", "process_impact", "realarm_at", "realarms", "chatters", "first_out", "chattering")
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
    PHASE_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    LEVEL_FIELD_NUMBER: _ClassVar[int]
    SUPPRESSIONS_FIELD_NUMBER: _ClassVar[int]
    RULE_VERSION_FIELD_NUMBER: _ClassVar[int]
    CONSEQUENCE_FIELD_NUMBER: _ClassVar[int]
    RUNBOOK_FIELD_NUMBER: _ClassVar[int]
    CRITICALITY_FIELD_NUMBER: _ClassVar[int]
    SAFETY_IMPACT_FIELD_NUMBER: _ClassVar[int]
    PROCESS_IMPACT_FIELD_NUMBER: _ClassVar[int]
    REALARM_AT_FIELD_NUMBER: _ClassVar[int]
    REALARMS_FIELD_NUMBER: _ClassVar[int]
    CHATTERS_FIELD_NUMBER: _ClassVar[int]
    FIRST_OUT_FIELD_NUMBER: _ClassVar[int]
    CHATTERING_FIELD_NUMBER: _ClassVar[int]
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
    phase: ConditionPhase
    quality: SampleQuality
    level: str
    suppressions: _containers.RepeatedCompositeFieldContainer[Suppression]
    rule_version: int
    consequence: str
    runbook: str
    criticality: str
    safety_impact: str
    process_impact: str
    realarm_at: _timestamp_pb2.Timestamp
    realarms: int
    chatters: int
    first_out: str
    chattering: bool
    def __init__(self, id: _Optional[str] = ..., rule: _Optional[str] = ..., subject: _Optional[str] = ..., site: _Optional[str] = ..., path: _Optional[str] = ..., state: _Optional[_Union[AlarmState, str]] = ..., priority: _Optional[_Union[Priority, str]] = ..., message: _Optional[str] = ..., first_action: _Optional[str] = ..., condition: _Optional[str] = ..., value: _Optional[float] = ..., unit: _Optional[str] = ..., asset_id: _Optional[str] = ..., asset_class: _Optional[str] = ..., raised_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cleared_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acknowledged_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., acknowledged_by: _Optional[str] = ..., seq: _Optional[int] = ..., phase: _Optional[_Union[ConditionPhase, str]] = ..., quality: _Optional[_Union[SampleQuality, str]] = ..., level: _Optional[str] = ..., suppressions: _Optional[_Iterable[_Union[Suppression, _Mapping]]] = ..., rule_version: _Optional[int] = ..., consequence: _Optional[str] = ..., runbook: _Optional[str] = ..., criticality: _Optional[str] = ..., safety_impact: _Optional[str] = ..., process_impact: _Optional[str] = ..., realarm_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., realarms: _Optional[int] = ..., chatters: _Optional[int] = ..., first_out: _Optional[str] = ..., chattering: _Optional[bool] = ...) -> None: ...

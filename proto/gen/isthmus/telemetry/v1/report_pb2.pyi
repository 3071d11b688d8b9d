import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reachability(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    REACHABILITY_UNSPECIFIED: _ClassVar[Reachability]
    REACHABILITY_ONLINE: _ClassVar[Reachability]
    REACHABILITY_DEGRADED: _ClassVar[Reachability]
    REACHABILITY_OFFLINE: _ClassVar[Reachability]
    REACHABILITY_NOT_ASKED: _ClassVar[Reachability]

class Health(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    HEALTH_UNSPECIFIED: _ClassVar[Health]
    HEALTH_NORMAL: _ClassVar[Health]
    HEALTH_FAILURE: _ClassVar[Health]
    HEALTH_CHECK_FUNCTION: _ClassVar[Health]
    HEALTH_OFF_SPEC: _ClassVar[Health]
    HEALTH_MAINTENANCE_REQUIRED: _ClassVar[Health]

class KeyTier(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    KEY_TIER_UNSPECIFIED: _ClassVar[KeyTier]
    KEY_TIER_PINNED: _ClassVar[KeyTier]
    KEY_TIER_UNIQUE: _ClassVar[KeyTier]
    KEY_TIER_STRONG: _ClassVar[KeyTier]
    KEY_TIER_WEAK: _ClassVar[KeyTier]

class Quality(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    QUALITY_UNSPECIFIED: _ClassVar[Quality]
    QUALITY_GOOD: _ClassVar[Quality]
    QUALITY_UNCERTAIN: _ClassVar[Quality]
    QUALITY_BAD: _ClassVar[Quality]

class RelationKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    RELATION_KIND_UNSPECIFIED: _ClassVar[RelationKind]
    RELATION_KIND_PART_OF: _ClassVar[RelationKind]
    RELATION_KIND_BEHIND: _ClassVar[RelationKind]
    RELATION_KIND_EXPOSED_BY: _ClassVar[RelationKind]
    RELATION_KIND_PERIPHERAL_OF: _ClassVar[RelationKind]
    RELATION_KIND_INSTALLED_ON: _ClassVar[RelationKind]

class SightingKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    SIGHTING_KIND_UNSPECIFIED: _ClassVar[SightingKind]
    SIGHTING_KIND_LLDP: _ClassVar[SightingKind]
    SIGHTING_KIND_CDP: _ClassVar[SightingKind]
    SIGHTING_KIND_ARP: _ClassVar[SightingKind]
    SIGHTING_KIND_FDB: _ClassVar[SightingKind]
REACHABILITY_UNSPECIFIED: Reachability
REACHABILITY_ONLINE: Reachability
REACHABILITY_DEGRADED: Reachability
REACHABILITY_OFFLINE: Reachability
REACHABILITY_NOT_ASKED: Reachability
HEALTH_UNSPECIFIED: Health
HEALTH_NORMAL: Health
HEALTH_FAILURE: Health
HEALTH_CHECK_FUNCTION: Health
HEALTH_OFF_SPEC: Health
HEALTH_MAINTENANCE_REQUIRED: Health
KEY_TIER_UNSPECIFIED: KeyTier
KEY_TIER_PINNED: KeyTier
KEY_TIER_UNIQUE: KeyTier
KEY_TIER_STRONG: KeyTier
KEY_TIER_WEAK: KeyTier
QUALITY_UNSPECIFIED: Quality
QUALITY_GOOD: Quality
QUALITY_UNCERTAIN: Quality
QUALITY_BAD: Quality
RELATION_KIND_UNSPECIFIED: RelationKind
RELATION_KIND_PART_OF: RelationKind
RELATION_KIND_BEHIND: RelationKind
RELATION_KIND_EXPOSED_BY: RelationKind
RELATION_KIND_PERIPHERAL_OF: RelationKind
RELATION_KIND_INSTALLED_ON: RelationKind
SIGHTING_KIND_UNSPECIFIED: SightingKind
SIGHTING_KIND_LLDP: SightingKind
SIGHTING_KIND_CDP: SightingKind
SIGHTING_KIND_ARP: SightingKind
SIGHTING_KIND_FDB: SightingKind

class Report(_message.Message):
    __slots__ = ("id", "observation_id", "site", "target", "device", "path", "observed_at", "interval_s", "reachability", "reachability_reason", "health", "health_reason", "keys", "attributes", "metric", "value", "unit", "address", "protocol", "quality", "alternatives", "relation", "sightings", "catalog", "collector", "slot_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_AT_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_S_FIELD_NUMBER: _ClassVar[int]
    REACHABILITY_FIELD_NUMBER: _ClassVar[int]
    REACHABILITY_REASON_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    HEALTH_REASON_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    ATTRIBUTES_FIELD_NUMBER: _ClassVar[int]
    METRIC_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    UNIT_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    QUALITY_FIELD_NUMBER: _ClassVar[int]
    ALTERNATIVES_FIELD_NUMBER: _ClassVar[int]
    RELATION_FIELD_NUMBER: _ClassVar[int]
    SIGHTINGS_FIELD_NUMBER: _ClassVar[int]
    CATALOG_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    SLOT_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    observation_id: str
    site: str
    target: str
    device: str
    path: str
    observed_at: _timestamp_pb2.Timestamp
    interval_s: float
    reachability: Reachability
    reachability_reason: str
    health: Health
    health_reason: str
    keys: _containers.RepeatedCompositeFieldContainer[IdentityKey]
    attributes: _containers.RepeatedCompositeFieldContainer[Attribute]
    metric: _containers.RepeatedScalarFieldContainer[str]
    value: _containers.RepeatedScalarFieldContainer[float]
    unit: _containers.RepeatedScalarFieldContainer[str]
    address: str
    protocol: str
    quality: _containers.RepeatedScalarFieldContainer[Quality]
    alternatives: _containers.RepeatedCompositeFieldContainer[Attribute]
    relation: Relation
    sightings: Sightings
    catalog: str
    collector: str
    slot_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., observation_id: _Optional[str] = ..., site: _Optional[str] = ..., target: _Optional[str] = ..., device: _Optional[str] = ..., path: _Optional[str] = ..., observed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., interval_s: _Optional[float] = ..., reachability: _Optional[_Union[Reachability, str]] = ..., reachability_reason: _Optional[str] = ..., health: _Optional[_Union[Health, str]] = ..., health_reason: _Optional[str] = ..., keys: _Optional[_Iterable[_Union[IdentityKey, _Mapping]]] = ..., attributes: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ..., metric: _Optional[_Iterable[str]] = ..., value: _Optional[_Iterable[float]] = ..., unit: _Optional[_Iterable[str]] = ..., address: _Optional[str] = ..., protocol: _Optional[str] = ..., quality: _Optional[_Iterable[_Union[Quality, str]]] = ..., alternatives: _Optional[_Iterable[_Union[Attribute, _Mapping]]] = ..., relation: _Optional[_Union[Relation, _Mapping]] = ..., sightings: _Optional[_Union[Sightings, _Mapping]] = ..., catalog: _Optional[str] = ..., collector: _Optional[str] = ..., slot_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class IdentityKey(_message.Message):
    __slots__ = ("tier", "scope", "kind", "value")
    TIER_FIELD_NUMBER: _ClassVar[int]
    SCOPE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    tier: KeyTier
    scope: str
    kind: str
    value: str
    def __init__(self, tier: _Optional[_Union[KeyTier, str]] = ..., scope: _Optional[str] = ..., kind: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...

class Attribute(_message.Message):
    __slots__ = ("name", "value", "raw", "rule", "confidence", "order")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    RAW_FIELD_NUMBER: _ClassVar[int]
    RULE_FIELD_NUMBER: _ClassVar[int]
    CONFIDENCE_FIELD_NUMBER: _ClassVar[int]
    ORDER_FIELD_NUMBER: _ClassVar[int]
    name: str
    value: str
    raw: str
    rule: str
    confidence: float
    order: str
    def __init__(self, name: _Optional[str] = ..., value: _Optional[str] = ..., raw: _Optional[str] = ..., rule: _Optional[str] = ..., confidence: _Optional[float] = ..., order: _Optional[str] = ...) -> None: ...

class Relation(_message.Message):
    __slots__ = ("kind", "device", "position")
    KIND_FIELD_NUMBER: _ClassVar[int]
    DEVICE_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    kind: RelationKind
    device: str
    position: str
    def __init__(self, kind: _Optional[_Union[RelationKind, str]] = ..., device: _Optional[str] = ..., position: _Optional[str] = ...) -> None: ...

class Sightings(_message.Message):
    __slots__ = ("kind", "port", "mac", "address", "name", "remote_port", "description")
    KIND_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    MAC_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REMOTE_PORT_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    kind: _containers.RepeatedScalarFieldContainer[SightingKind]
    port: _containers.RepeatedScalarFieldContainer[str]
    mac: _containers.RepeatedScalarFieldContainer[str]
    address: _containers.RepeatedScalarFieldContainer[str]
    name: _containers.RepeatedScalarFieldContainer[str]
    remote_port: _containers.RepeatedScalarFieldContainer[str]
    description: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, kind: _Optional[_Iterable[_Union[SightingKind, str]]] = ..., port: _Optional[_Iterable[str]] = ..., mac: _Optional[_Iterable[str]] = ..., address: _Optional[_Iterable[str]] = ..., name: _Optional[_Iterable[str]] = ..., remote_port: _Optional[_Iterable[str]] = ..., description: _Optional[_Iterable[str]] = ...) -> None: ...

import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from isthmus.telemetry.v1 import envelope_pb2 as _envelope_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DiscoveryEventKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    DISCOVERY_EVENT_KIND_UNSPECIFIED: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_STARTED: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_PROGRESS: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_FOUND: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_FINISHED: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_CANCELLED: _ClassVar[DiscoveryEventKind]
    DISCOVERY_EVENT_KIND_REFUSED: _ClassVar[DiscoveryEventKind]
DISCOVERY_EVENT_KIND_UNSPECIFIED: DiscoveryEventKind
DISCOVERY_EVENT_KIND_STARTED: DiscoveryEventKind
DISCOVERY_EVENT_KIND_PROGRESS: DiscoveryEventKind
DISCOVERY_EVENT_KIND_FOUND: DiscoveryEventKind
DISCOVERY_EVENT_KIND_FINISHED: DiscoveryEventKind
DISCOVERY_EVENT_KIND_CANCELLED: DiscoveryEventKind
DISCOVERY_EVENT_KIND_REFUSED: DiscoveryEventKind

class Discovery(_message.Message):
    __slots__ = ("id", "site", "ranges", "probes", "window", "requests_per_s", "requested_by", "note", "requested_at", "progress")
    ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    RANGES_FIELD_NUMBER: _ClassVar[int]
    PROBES_FIELD_NUMBER: _ClassVar[int]
    WINDOW_FIELD_NUMBER: _ClassVar[int]
    REQUESTS_PER_S_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_BY_FIELD_NUMBER: _ClassVar[int]
    NOTE_FIELD_NUMBER: _ClassVar[int]
    REQUESTED_AT_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    id: str
    site: str
    ranges: _containers.RepeatedScalarFieldContainer[str]
    probes: _containers.RepeatedCompositeFieldContainer[Probe]
    window: _envelope_pb2.Window
    requests_per_s: float
    requested_by: str
    note: str
    requested_at: _timestamp_pb2.Timestamp
    progress: DiscoveryProgress
    def __init__(self, id: _Optional[str] = ..., site: _Optional[str] = ..., ranges: _Optional[_Iterable[str]] = ..., probes: _Optional[_Iterable[_Union[Probe, _Mapping]]] = ..., window: _Optional[_Union[_envelope_pb2.Window, _Mapping]] = ..., requests_per_s: _Optional[float] = ..., requested_by: _Optional[str] = ..., note: _Optional[str] = ..., requested_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., progress: _Optional[_Union[DiscoveryProgress, _Mapping]] = ...) -> None: ...

class Probe(_message.Message):
    __slots__ = ("protocol", "port", "credential")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    PORT_FIELD_NUMBER: _ClassVar[int]
    CREDENTIAL_FIELD_NUMBER: _ClassVar[int]
    protocol: str
    port: int
    credential: str
    def __init__(self, protocol: _Optional[str] = ..., port: _Optional[int] = ..., credential: _Optional[str] = ...) -> None: ...

class DiscoveryProgress(_message.Message):
    __slots__ = ("cursor", "asked", "answered", "skipped")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    ASKED_FIELD_NUMBER: _ClassVar[int]
    ANSWERED_FIELD_NUMBER: _ClassVar[int]
    SKIPPED_FIELD_NUMBER: _ClassVar[int]
    cursor: int
    asked: int
    answered: int
    skipped: int
    def __init__(self, cursor: _Optional[int] = ..., asked: _Optional[int] = ..., answered: _Optional[int] = ..., skipped: _Optional[int] = ...) -> None: ...

class DiscoveryEvent(_message.Message):
    __slots__ = ("id", "discovery", "site", "kind", "at", "collector", "progress", "hosts", "reason", "address", "protocol", "endpoint", "fact", "text")
    ID_FIELD_NUMBER: _ClassVar[int]
    DISCOVERY_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    COLLECTOR_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HOSTS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    ENDPOINT_FIELD_NUMBER: _ClassVar[int]
    FACT_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    id: str
    discovery: str
    site: str
    kind: DiscoveryEventKind
    at: _timestamp_pb2.Timestamp
    collector: str
    progress: DiscoveryProgress
    hosts: int
    reason: str
    address: str
    protocol: str
    endpoint: _struct_pb2.Struct
    fact: _containers.RepeatedScalarFieldContainer[str]
    text: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., discovery: _Optional[str] = ..., site: _Optional[str] = ..., kind: _Optional[_Union[DiscoveryEventKind, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., collector: _Optional[str] = ..., progress: _Optional[_Union[DiscoveryProgress, _Mapping]] = ..., hosts: _Optional[int] = ..., reason: _Optional[str] = ..., address: _Optional[str] = ..., protocol: _Optional[str] = ..., endpoint: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., fact: _Optional[_Iterable[str]] = ..., text: _Optional[_Iterable[str]] = ...) -> None: ...

import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from isthmus.telemetry.v1 import report_pb2 as _report_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Asset(_message.Message):
    __slots__ = ("id", "site", "path", "vendor", "model", "serial", "order_code", "hardware", "firmware", "software", "name", "purdue_level", "reachability", "health", "health_reason", "sources", "keys", "discovered_at", "changed_at", "revision", "family", "asset_tag", "criticality", "cpe", "lifecycle", "released", "end_of_sale", "end_of_support")
    ID_FIELD_NUMBER: _ClassVar[int]
    SITE_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    CLASS_FIELD_NUMBER: _ClassVar[int]
    VENDOR_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    SERIAL_FIELD_NUMBER: _ClassVar[int]
    ORDER_CODE_FIELD_NUMBER: _ClassVar[int]
    HARDWARE_FIELD_NUMBER: _ClassVar[int]
    FIRMWARE_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PURDUE_LEVEL_FIELD_NUMBER: _ClassVar[int]
    REACHABILITY_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    HEALTH_REASON_FIELD_NUMBER: _ClassVar[int]
    SOURCES_FIELD_NUMBER: _ClassVar[int]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    DISCOVERED_AT_FIELD_NUMBER: _ClassVar[int]
    CHANGED_AT_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    FAMILY_FIELD_NUMBER: _ClassVar[int]
    ASSET_TAG_FIELD_NUMBER: _ClassVar[int]
    CRITICALITY_FIELD_NUMBER: _ClassVar[int]
    CPE_FIELD_NUMBER: _ClassVar[int]
    LIFECYCLE_FIELD_NUMBER: _ClassVar[int]
    RELEASED_FIELD_NUMBER: _ClassVar[int]
    END_OF_SALE_FIELD_NUMBER: _ClassVar[int]
    END_OF_SUPPORT_FIELD_NUMBER: _ClassVar[int]
    id: str
    site: str
    path: str
    vendor: str
    model: str
    serial: str
    order_code: str
    hardware: str
    firmware: str
    software: str
    name: str
    purdue_level: str
    reachability: _report_pb2.Reachability
    health: _report_pb2.Health
    health_reason: str
    sources: _containers.RepeatedScalarFieldContainer[str]
    keys: _containers.RepeatedScalarFieldContainer[str]
    discovered_at: _timestamp_pb2.Timestamp
    changed_at: _timestamp_pb2.Timestamp
    revision: int
    family: str
    asset_tag: str
    criticality: str
    cpe: str
    lifecycle: str
    released: str
    end_of_sale: str
    end_of_support: str
    def __init__(self, id: _Optional[str] = ..., site: _Optional[str] = ..., path: _Optional[str] = ..., vendor: _Optional[str] = ..., model: _Optional[str] = ..., serial: _Optional[str] = ..., order_code: _Optional[str] = ..., hardware: _Optional[str] = ..., firmware: _Optional[str] = ..., software: _Optional[str] = ..., name: _Optional[str] = ..., purdue_level: _Optional[str] = ..., reachability: _Optional[_Union[_report_pb2.Reachability, str]] = ..., health: _Optional[_Union[_report_pb2.Health, str]] = ..., health_reason: _Optional[str] = ..., sources: _Optional[_Iterable[str]] = ..., keys: _Optional[_Iterable[str]] = ..., discovered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., family: _Optional[str] = ..., asset_tag: _Optional[str] = ..., criticality: _Optional[str] = ..., cpe: _Optional[str] = ..., lifecycle: _Optional[str] = ..., released: _Optional[str] = ..., end_of_sale: _Optional[str] = ..., end_of_support: _Optional[str] = ..., **kwargs) -> None: ...

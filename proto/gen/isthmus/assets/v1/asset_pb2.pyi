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
    __slots__ = ("id", "site", "path", "vendor", "model", "serial", "order_code", "hardware", "firmware", "software", "name", "purdue_level", "reachability", "health", "health_reason", "sources", "keys", "discovered_at", "changed_at", "revision", "family", "asset_tag", "criticality", "cpe", "lifecycle", "released", "end_of_sale", "end_of_support", "asset_number", "description", "location", "zone", "environment", "safety_impact", "owner", "responsible", "cost_centre", "operating_system", "protocols", "ports", "accounts", "logging", "state", "manufactured_on", "purchased_on", "commissioned_on", "warranty_until", "retired_on", "disposed_on", "purchase_price", "currency", "depreciation", "useful_life_months", "residual_value", "replacement_cost", "running_cost_per_year", "downtime_cost_per_hour", "supplier", "purchase_order", "tags", "custom", "status", "upstream")
    class CustomEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
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
    ASSET_NUMBER_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    ZONE_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_FIELD_NUMBER: _ClassVar[int]
    SAFETY_IMPACT_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    RESPONSIBLE_FIELD_NUMBER: _ClassVar[int]
    COST_CENTRE_FIELD_NUMBER: _ClassVar[int]
    OPERATING_SYSTEM_FIELD_NUMBER: _ClassVar[int]
    PROTOCOLS_FIELD_NUMBER: _ClassVar[int]
    PORTS_FIELD_NUMBER: _ClassVar[int]
    ACCOUNTS_FIELD_NUMBER: _ClassVar[int]
    LOGGING_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    MANUFACTURED_ON_FIELD_NUMBER: _ClassVar[int]
    PURCHASED_ON_FIELD_NUMBER: _ClassVar[int]
    COMMISSIONED_ON_FIELD_NUMBER: _ClassVar[int]
    WARRANTY_UNTIL_FIELD_NUMBER: _ClassVar[int]
    RETIRED_ON_FIELD_NUMBER: _ClassVar[int]
    DISPOSED_ON_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_PRICE_FIELD_NUMBER: _ClassVar[int]
    CURRENCY_FIELD_NUMBER: _ClassVar[int]
    DEPRECIATION_FIELD_NUMBER: _ClassVar[int]
    USEFUL_LIFE_MONTHS_FIELD_NUMBER: _ClassVar[int]
    RESIDUAL_VALUE_FIELD_NUMBER: _ClassVar[int]
    REPLACEMENT_COST_FIELD_NUMBER: _ClassVar[int]
    RUNNING_COST_PER_YEAR_FIELD_NUMBER: _ClassVar[int]
    DOWNTIME_COST_PER_HOUR_FIELD_NUMBER: _ClassVar[int]
    SUPPLIER_FIELD_NUMBER: _ClassVar[int]
    PURCHASE_ORDER_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    CUSTOM_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    UPSTREAM_FIELD_NUMBER: _ClassVar[int]
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
    asset_number: str
    description: str
    location: str
    zone: str
    environment: str
    safety_impact: str
    owner: str
    responsible: str
    cost_centre: str
    operating_system: str
    protocols: str
    ports: str
    accounts: str
    logging: str
    state: str
    manufactured_on: str
    purchased_on: str
    commissioned_on: str
    warranty_until: str
    retired_on: str
    disposed_on: str
    purchase_price: str
    currency: str
    depreciation: str
    useful_life_months: str
    residual_value: str
    replacement_cost: str
    running_cost_per_year: str
    downtime_cost_per_hour: str
    supplier: str
    purchase_order: str
    tags: _containers.RepeatedScalarFieldContainer[str]
    custom: _containers.ScalarMap[str, str]
    status: str
    upstream: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, id: _Optional[str] = ..., site: _Optional[str] = ..., path: _Optional[str] = ..., vendor: _Optional[str] = ..., model: _Optional[str] = ..., serial: _Optional[str] = ..., order_code: _Optional[str] = ..., hardware: _Optional[str] = ..., firmware: _Optional[str] = ..., software: _Optional[str] = ..., name: _Optional[str] = ..., purdue_level: _Optional[str] = ..., reachability: _Optional[_Union[_report_pb2.Reachability, str]] = ..., health: _Optional[_Union[_report_pb2.Health, str]] = ..., health_reason: _Optional[str] = ..., sources: _Optional[_Iterable[str]] = ..., keys: _Optional[_Iterable[str]] = ..., discovered_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., changed_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., revision: _Optional[int] = ..., family: _Optional[str] = ..., asset_tag: _Optional[str] = ..., criticality: _Optional[str] = ..., cpe: _Optional[str] = ..., lifecycle: _Optional[str] = ..., released: _Optional[str] = ..., end_of_sale: _Optional[str] = ..., end_of_support: _Optional[str] = ..., asset_number: _Optional[str] = ..., description: _Optional[str] = ..., location: _Optional[str] = ..., zone: _Optional[str] = ..., environment: _Optional[str] = ..., safety_impact: _Optional[str] = ..., owner: _Optional[str] = ..., responsible: _Optional[str] = ..., cost_centre: _Optional[str] = ..., operating_system: _Optional[str] = ..., protocols: _Optional[str] = ..., ports: _Optional[str] = ..., accounts: _Optional[str] = ..., logging: _Optional[str] = ..., state: _Optional[str] = ..., manufactured_on: _Optional[str] = ..., purchased_on: _Optional[str] = ..., commissioned_on: _Optional[str] = ..., warranty_until: _Optional[str] = ..., retired_on: _Optional[str] = ..., disposed_on: _Optional[str] = ..., purchase_price: _Optional[str] = ..., currency: _Optional[str] = ..., depreciation: _Optional[str] = ..., useful_life_months: _Optional[str] = ..., residual_value: _Optional[str] = ..., replacement_cost: _Optional[str] = ..., running_cost_per_year: _Optional[str] = ..., downtime_cost_per_hour: _Optional[str] = ..., supplier: _Optional[str] = ..., purchase_order: _Optional[str] = ..., tags: _Optional[_Iterable[str]] = ..., custom: _Optional[_Mapping[str, str]] = ..., status: _Optional[str] = ..., upstream: _Optional[_Iterable[str]] = ..., **kwargs) -> None: ...

"""Every kind of request that can leave towards a device; none of them writes.

Sources: Modbus Application Protocol V1.1b3, section 6; RFC 3416, section 4.2; OPC 10000-4,
section 5 (services).
"""

from enum import StrEnum


class Request(StrEnum):
    """One kind of request, as the touch ledger names it."""

    MODBUS_CONNECT = "modbus.connect"
    MODBUS_READ_COILS = "modbus.read_coils"
    MODBUS_READ_DEVICE_IDENTIFICATION = "modbus.read_device_identification"
    MODBUS_READ_DISCRETE_INPUTS = "modbus.read_discrete_inputs"
    MODBUS_READ_HOLDING_REGISTERS = "modbus.read_holding_registers"
    MODBUS_READ_INPUT_REGISTERS = "modbus.read_input_registers"
    MODBUS_REPORT_SERVER_ID = "modbus.report_server_id"
    OPCUA_BROWSE = "opcua.browse"
    OPCUA_CONNECT = "opcua.connect"
    OPCUA_CREATE_MONITORED_ITEMS = "opcua.create_monitored_items"
    OPCUA_CREATE_SUBSCRIPTION = "opcua.create_subscription"
    OPCUA_DELETE_SUBSCRIPTIONS = "opcua.delete_subscriptions"
    OPCUA_GET_ENDPOINTS = "opcua.get_endpoints"
    OPCUA_OPEN_SECURE_CHANNEL = "opcua.open_secure_channel"
    OPCUA_PUBLISH = "opcua.publish"
    OPCUA_READ = "opcua.read"
    OPCUA_TRANSLATE_BROWSE_PATHS = "opcua.translate_browse_paths"
    SNMP_DISCOVER_ENGINE = "snmp.discover_engine"
    SNMP_GET = "snmp.get"
    SNMP_GET_BULK = "snmp.get_bulk"
    SNMP_GET_NEXT = "snmp.get_next"

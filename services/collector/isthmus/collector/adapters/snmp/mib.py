"""The MIB objects that a profile names by group; numbers from the documents named beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from isthmus.collector.adapters.snmp.table import Table


@dataclass(frozen=True)
class Group:
    """Objects that belong together: those that tell who the device is, and those that tell how."""

    identity: Mapping[str, str] = field(default_factory=dict)
    """Instances that are read once a connection."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Instances that are read at each slot."""
    tables: tuple[Table, ...] = ()


def _under(prefix: str, numbers: Mapping[str, int | str]) -> dict[str, str]:
    return {name: f"{prefix}.{number}" for name, number in numbers.items()}


def _scalars(prefix: str, numbers: Mapping[str, int]) -> dict[str, str]:
    return _under(prefix, {name: f"{number}.0" for name, number in numbers.items()})


def _modules(rows: Iterable[int]) -> dict[str, str]:
    names = {"moduleMake": 3, "moduleModel": 4, "moduleVersion": 5, "moduleType": 6}
    entry = "1.3.6.1.4.1.1206.4.2.6.1.3.1"
    return {f"{n}.{row}": f"{entry}.{column}.{row}" for row in rows for n, column in names.items()}


SYSTEM = "1.3.6.1.2.1.1"  # RFC 3418
FRAMEWORK = "1.3.6.1.6.3.10.2.1"  # RFC 3411
ENTITY = "1.3.6.1.2.1.47.1"  # RFC 6933
PHYSICAL = f"{ENTITY}.1.1.1"
INTERFACES = "1.3.6.1.2.1.2.2.1"  # RFC 2863
INTERFACES_X = "1.3.6.1.2.1.31.1.1.1"
IP = "1.3.6.1.2.1.4"  # RFC 4293
BRIDGE = "1.3.6.1.2.1.17"  # RFC 4188
Q_BRIDGE = f"{BRIDGE}.7"  # RFC 4363
HOST = "1.3.6.1.2.1.25"  # RFC 2790
PRINTER = "1.3.6.1.2.1.43"  # RFC 3805
UPS = "1.3.6.1.2.1.33.1"  # RFC 1628
LLDP = "1.0.8802.1.1.2.1"  # IEEE 802.1AB
CDP_CACHE = "1.3.6.1.4.1.9.9.23.1.2.1.1"  # CISCO-CDP-MIB
NTCIP = "1.3.6.1.4.1.1206.4.2"  # NTCIP 1201, 1202, 1204: numbers only

UPTIME = f"{SYSTEM}.3.0"  # sysUpTime
BOOTS = f"{FRAMEWORK}.2.0"  # snmpEngineBoots

HOST_DEVICES = Table(
    f"{HOST}.3.2.1.3",
    _under(f"{HOST}.3.2.1", {"hrDeviceDescr": 3, "hrDeviceType": 2}),
    _under(f"{HOST}.3.2.1", {"hrDeviceStatus": 5, "hrDeviceErrors": 6}),
)

GROUPS: dict[str, Group] = {
    "arp": Group(
        tables=(
            Table(
                f"{IP}.22.1.2",
                _under(f"{IP}.22.1", {"ipNetToMediaPhysAddress": 2, "ipNetToMediaType": 4}),
                slow=True,
            ),
            Table(
                f"{IP}.35.1.4",
                _under(
                    f"{IP}.35.1",
                    {
                        "ipNetToPhysicalPhysAddress": 4,
                        "ipNetToPhysicalType": 6,
                        "ipNetToPhysicalState": 7,
                    },
                ),
                slow=True,
            ),
        )
    ),
    "bridge": Group({"dot1dBaseBridgeAddress": f"{BRIDGE}.1.1.0"}),
    "cdp": Group(
        tables=(
            Table(
                f"{CDP_CACHE}.6",
                _under(
                    CDP_CACHE,
                    {
                        "cdpCacheDeviceId": 6,
                        "cdpCacheAddressType": 3,
                        "cdpCacheAddress": 4,
                        "cdpCacheVersion": 5,
                        "cdpCacheDevicePort": 7,
                        "cdpCachePlatform": 8,
                        "cdpCacheCapabilities": 9,
                    },
                ),
                slow=True,
            ),
        )
    ),
    "entity": Group(
        tables=(
            Table(
                f"{PHYSICAL}.2",
                _under(
                    PHYSICAL,
                    {
                        "entPhysicalDescr": 2,
                        "entPhysicalVendorType": 3,
                        "entPhysicalContainedIn": 4,
                        "entPhysicalClass": 5,
                        "entPhysicalName": 7,
                        "entPhysicalHardwareRev": 8,
                        "entPhysicalFirmwareRev": 9,
                        "entPhysicalSoftwareRev": 10,
                        "entPhysicalSerialNum": 11,
                        "entPhysicalMfgName": 12,
                        "entPhysicalModelName": 13,
                        "entPhysicalAlias": 14,
                        "entPhysicalAssetID": 15,
                        "entPhysicalIsFRU": 16,
                        "entPhysicalMfgDate": 17,
                        "entPhysicalUris": 18,
                        "entPhysicalUUID": 19,
                    },
                ),
                changed=(f"{ENTITY}.4.1.0",),  # entLastChangeTime
            ),
        )
    ),
    "fdb": Group(
        tables=(
            Table(
                f"{BRIDGE}.1.4.1.2",
                {"dot1dBasePortIfIndex": f"{BRIDGE}.1.4.1.2"},
                slow=True,
            ),
            Table(
                f"{BRIDGE}.4.3.1.2",
                _under(f"{BRIDGE}.4.3.1", {"dot1dTpFdbPort": 2, "dot1dTpFdbStatus": 3}),
                slow=True,
            ),
            Table(
                f"{Q_BRIDGE}.1.2.2.1.2",
                _under(f"{Q_BRIDGE}.1.2.2.1", {"dot1qTpFdbPort": 2, "dot1qTpFdbStatus": 3}),
                slow=True,
            ),
        )
    ),
    "host-resources": Group(
        values={"hrSystemUptime": f"{HOST}.1.1.0"},
        tables=(
            HOST_DEVICES,
            Table(
                f"{HOST}.2.3.1.3",
                _under(
                    f"{HOST}.2.3.1",
                    {"hrStorageDescr": 3, "hrStorageType": 2, "hrStorageAllocationUnits": 4},
                ),
                _under(f"{HOST}.2.3.1", {"hrStorageSize": 5, "hrStorageUsed": 6}),
            ),
            Table(
                f"{HOST}.3.3.1.2",
                {},
                {"hrProcessorLoad": f"{HOST}.3.3.1.2"},
            ),
        ),
    ),
    "interfaces": Group(
        tables=(
            Table(
                f"{INTERFACES}.2",
                _under(INTERFACES, {"ifDescr": 2, "ifType": 3, "ifPhysAddress": 6})
                | _under(INTERFACES_X, {"ifName": 1, "ifAlias": 18}),
                _under(INTERFACES, {"ifAdminStatus": 7, "ifOperStatus": 8})
                | _under(INTERFACES_X, {"ifHCInOctets": 6, "ifHCOutOctets": 10}),
                # ifTableLastChange; ifNumber for agents that leave the former at 0
                changed=("1.3.6.1.2.1.31.1.5.0", "1.3.6.1.2.1.2.1.0"),
            ),
        )
    ),
    "lldp": Group(
        _scalars(
            f"{LLDP}.3",
            {"lldpLocChassisIdSubtype": 1, "lldpLocChassisId": 2, "lldpLocSysName": 3},
        ),
        tables=(
            Table(
                f"{LLDP}.4.1.1.5",
                _under(
                    f"{LLDP}.4.1.1",
                    {
                        "lldpRemChassisId": 5,
                        "lldpRemChassisIdSubtype": 4,
                        "lldpRemPortIdSubtype": 6,
                        "lldpRemPortId": 7,
                        "lldpRemPortDesc": 8,
                        "lldpRemSysName": 9,
                        "lldpRemSysDesc": 10,
                        "lldpRemSysCapEnabled": 12,
                    },
                ),
                changed=(f"{LLDP}.2.1.0",),  # lldpStatsRemTablesLastChangeTime
                slow=True,
            ),
            # A neighbour's address is part of the index.
            Table(
                f"{LLDP}.4.2.1.4",
                _under(f"{LLDP}.4.2.1", {"lldpRemManAddrIfId": 4, "lldpRemManAddrIfSubtype": 3}),
                changed=(f"{LLDP}.2.1.0",),
                slow=True,
            ),
            Table(
                f"{LLDP}.3.7.1.3",
                _under(
                    f"{LLDP}.3.7.1",
                    {"lldpLocPortId": 3, "lldpLocPortIdSubtype": 2, "lldpLocPortDesc": 4},
                ),
                slow=True,
            ),
        ),
    ),
    "ntcip-asc": Group(
        _modules((1, 2)),
        _scalars(
            f"{NTCIP}.1.3",
            {
                "unitFlashStatus": 6,
                "unitAlarmStatus2": 7,
                "unitAlarmStatus1": 8,
                "shortAlarmStatus": 9,
            },
        )
        | {"phaseStatusGroupReds.1": f"{NTCIP}.1.1.4.1.2.1"},
    ),
    "ntcip-ess": Group(
        _modules((1, 2))
        | _scalars(f"{NTCIP}.5.2.1", {"essNtcipCategory": 1, "essNtcipSiteDescription": 2})
        | _scalars(f"{NTCIP}.5.2.2", {"essLatitude": 1, "essLongitude": 2}),
        {
            "essAvgWindSpeed": f"{NTCIP}.5.2.4.2.0",
            "essAirTemperature.1": f"{NTCIP}.5.2.5.2.1.3.1",
        },
    ),
    "printer": Group(
        tables=(
            HOST_DEVICES,
            Table(
                f"{HOST}.3.5.1.1",
                {},
                _under(f"{HOST}.3.5.1", {"hrPrinterStatus": 1, "hrPrinterDetectedErrorState": 2}),
            ),
            Table(
                f"{PRINTER}.5.1.1.17",
                _under(
                    f"{PRINTER}.5.1.1",
                    {"prtGeneralSerialNumber": 17, "prtGeneralPrinterName": 16},
                ),
            ),
            Table(
                f"{PRINTER}.10.2.1.4",
                {},
                {"prtMarkerLifeCount": f"{PRINTER}.10.2.1.4"},
            ),
            Table(
                f"{PRINTER}.11.1.1.6",
                _under(
                    f"{PRINTER}.11.1.1",
                    {"prtMarkerSuppliesDescription": 6, "prtMarkerSuppliesMaxCapacity": 8},
                ),
                {"prtMarkerSuppliesLevel": f"{PRINTER}.11.1.1.9"},
            ),
        )
    ),
    "software": Group(
        tables=(
            Table(
                f"{HOST}.6.3.1.2",
                _under(
                    f"{HOST}.6.3.1",
                    {"hrSWInstalledName": 2, "hrSWInstalledType": 4, "hrSWInstalledDate": 5},
                ),
                # hrSWInstalledLastChange, hrSWInstalledLastUpdateTime
                changed=(f"{HOST}.6.1.0", f"{HOST}.6.2.0"),
                slow=True,
            ),
        )
    ),
    "system": Group(
        _scalars(
            SYSTEM,
            {"sysDescr": 1, "sysObjectID": 2, "sysContact": 4, "sysName": 5, "sysLocation": 6},
        )
        | {"snmpEngineID": f"{FRAMEWORK}.1.0"},
        {"sysUpTime": UPTIME},
    ),
    "ups": Group(
        _scalars(
            f"{UPS}.1",
            {
                "upsIdentManufacturer": 1,
                "upsIdentModel": 2,
                "upsIdentUPSSoftwareVersion": 3,
                "upsIdentAgentSoftwareVersion": 4,
                "upsIdentName": 5,
            },
        ),
        _scalars(
            f"{UPS}.2",
            {
                "upsBatteryStatus": 1,
                "upsSecondsOnBattery": 2,
                "upsEstimatedMinutesRemaining": 3,
                "upsEstimatedChargeRemaining": 4,
            },
        )
        | _scalars(f"{UPS}.6", {"upsAlarmsPresent": 1}),
        (
            Table(
                f"{UPS}.4.4.1.5",
                {},
                {"upsOutputPercentLoad": f"{UPS}.4.4.1.5"},
            ),
        ),
    ),
}

"""The MIB objects that a profile names by group; numbers from the documents named beside them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Objects:
    """Instances by name, and columns of tables by name."""

    instances: Mapping[str, str] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: "Objects") -> "Objects":
        return Objects({**self.instances, **other.instances}, {**self.columns, **other.columns})


@dataclass(frozen=True)
class Group:
    """Objects that belong together: those that tell who the device is, and those that tell how."""

    identity: Objects = Objects()
    values: Objects = Objects()


def _under(prefix: str, numbers: Mapping[str, str]) -> dict[str, str]:
    return {name: f"{prefix}.{number}" for name, number in numbers.items()}


def _scalars(prefix: str, numbers: Mapping[str, int]) -> dict[str, str]:
    return _under(prefix, {name: f"{number}.0" for name, number in numbers.items()})


def _columns(entry: str, numbers: Mapping[str, int]) -> dict[str, str]:
    return _under(entry, {name: str(number) for name, number in numbers.items()})


def _modules(rows: Iterable[int]) -> dict[str, str]:
    names = {"moduleMake": 3, "moduleModel": 4, "moduleVersion": 5, "moduleType": 6}
    entry = "1.3.6.1.4.1.1206.4.2.6.1.3.1"
    return {f"{n}.{row}": f"{entry}.{column}.{row}" for row in rows for n, column in names.items()}


SYSTEM = "1.3.6.1.2.1.1"  # RFC 3418
ENTITY = "1.3.6.1.2.1.47.1.1.1.1"  # RFC 6933
INTERFACES = "1.3.6.1.2.1.2.2.1"  # RFC 2863
INTERFACES_X = "1.3.6.1.2.1.31.1.1.1"
HOST = "1.3.6.1.2.1.25"  # RFC 2790
PRINTER = "1.3.6.1.2.1.43"  # RFC 3805
UPS = "1.3.6.1.2.1.33.1"  # RFC 1628
NTCIP = "1.3.6.1.4.1.1206.4.2"  # NTCIP 1201, 1202, 1204: numbers only

HOST_DEVICES = Group(
    Objects(columns=_columns(f"{HOST}.3.2.1", {"hrDeviceType": 2, "hrDeviceDescr": 3})),
    Objects(columns=_columns(f"{HOST}.3.2.1", {"hrDeviceStatus": 5, "hrDeviceErrors": 6})),
)

GROUPS: dict[str, Group] = {
    "bridge": Group(  # RFC 4188
        Objects({"dot1dBaseBridgeAddress": "1.3.6.1.2.1.17.1.1.0"})
    ),
    "entity": Group(
        Objects(
            columns=_columns(
                ENTITY,
                {
                    "entPhysicalDescr": 2,
                    "entPhysicalClass": 5,
                    "entPhysicalName": 7,
                    "entPhysicalHardwareRev": 8,
                    "entPhysicalFirmwareRev": 9,
                    "entPhysicalSoftwareRev": 10,
                    "entPhysicalSerialNum": 11,
                    "entPhysicalMfgName": 12,
                    "entPhysicalModelName": 13,
                },
            )
        )
    ),
    "host-resources": Group(
        HOST_DEVICES.identity
        | Objects(
            columns=_columns(
                f"{HOST}.2.3.1",
                {"hrStorageType": 2, "hrStorageDescr": 3, "hrStorageAllocationUnits": 4},
            )
        ),
        HOST_DEVICES.values
        | Objects(
            {"hrSystemUptime": f"{HOST}.1.1.0"},
            _columns(f"{HOST}.2.3.1", {"hrStorageSize": 5, "hrStorageUsed": 6})
            | _columns(f"{HOST}.3.3.1", {"hrProcessorLoad": 2}),
        ),
    ),
    "interfaces": Group(
        Objects(
            columns=_columns(INTERFACES, {"ifDescr": 2, "ifType": 3, "ifPhysAddress": 6})
            | _columns(INTERFACES_X, {"ifName": 1})
        ),
        Objects(
            columns=_columns(INTERFACES, {"ifAdminStatus": 7, "ifOperStatus": 8})
            | _columns(INTERFACES_X, {"ifHCInOctets": 6, "ifHCOutOctets": 10})
        ),
    ),
    "lldp": Group(  # IEEE 802.1AB
        Objects(
            _scalars(
                "1.0.8802.1.1.2.1.3",
                {"lldpLocChassisIdSubtype": 1, "lldpLocChassisId": 2, "lldpLocSysName": 3},
            ),
            _columns(
                "1.0.8802.1.1.2.1.4.1.1",
                {
                    "lldpRemChassisIdSubtype": 4,
                    "lldpRemChassisId": 5,
                    "lldpRemPortId": 7,
                    "lldpRemSysName": 9,
                },
            ),
        )
    ),
    "ntcip-asc": Group(
        Objects(_modules((1, 2))),
        Objects(
            _scalars(
                f"{NTCIP}.1.3",
                {
                    "unitFlashStatus": 6,
                    "unitAlarmStatus2": 7,
                    "unitAlarmStatus1": 8,
                    "shortAlarmStatus": 9,
                },
            )
            | {"phaseStatusGroupReds.1": f"{NTCIP}.1.1.4.1.2.1"}
        ),
    ),
    "ntcip-ess": Group(
        Objects(
            _modules((1, 2))
            | _scalars(f"{NTCIP}.5.2.1", {"essNtcipCategory": 1, "essNtcipSiteDescription": 2})
            | _scalars(f"{NTCIP}.5.2.2", {"essLatitude": 1, "essLongitude": 2})
        ),
        Objects(
            {
                "essAvgWindSpeed": f"{NTCIP}.5.2.4.2.0",
                "essAirTemperature.1": f"{NTCIP}.5.2.5.2.1.3.1",
            }
        ),
    ),
    "printer": Group(
        HOST_DEVICES.identity
        | Objects(
            columns=_columns(
                f"{PRINTER}.5.1.1", {"prtGeneralPrinterName": 16, "prtGeneralSerialNumber": 17}
            )
            | _columns(
                f"{PRINTER}.11.1.1",
                {"prtMarkerSuppliesDescription": 6, "prtMarkerSuppliesMaxCapacity": 8},
            )
        ),
        HOST_DEVICES.values
        | Objects(
            columns=_columns(
                f"{HOST}.3.5.1", {"hrPrinterStatus": 1, "hrPrinterDetectedErrorState": 2}
            )
            | _columns(f"{PRINTER}.10.2.1", {"prtMarkerLifeCount": 4})
            | _columns(f"{PRINTER}.11.1.1", {"prtMarkerSuppliesLevel": 9})
        ),
    ),
    "system": Group(
        Objects(
            _scalars(
                SYSTEM,
                {"sysDescr": 1, "sysObjectID": 2, "sysContact": 4, "sysName": 5, "sysLocation": 6},
            )
            | {"snmpEngineID": "1.3.6.1.6.3.10.2.1.1.0"}  # RFC 3411
        ),
        Objects(_scalars(SYSTEM, {"sysUpTime": 3})),
    ),
    "ups": Group(
        Objects(
            _scalars(
                f"{UPS}.1",
                {
                    "upsIdentManufacturer": 1,
                    "upsIdentModel": 2,
                    "upsIdentUPSSoftwareVersion": 3,
                    "upsIdentAgentSoftwareVersion": 4,
                    "upsIdentName": 5,
                },
            )
        ),
        Objects(
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
            _columns(f"{UPS}.4.4.1", {"upsOutputPercentLoad": 5}),
        ),
    ),
}

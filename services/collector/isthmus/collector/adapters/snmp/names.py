"""Object identifiers that agents send by themselves, as the names that their MIBs give them."""

from collections.abc import Iterator

from isthmus.collector.adapters.snmp.mib import BOOTS, GROUPS

# RFC 3584, 3.1: a proxy says what a trap of version 1 had in its header. The community is secret.
COMMUNITY_OID = "1.3.6.1.6.3.18.1.4.0"
OWN = {
    "1.3.6.1.2.1.2.2.1.1": "ifIndex",
    "1.3.6.1.2.1.33.1.6.2.1.2": "upsAlarmDescr",
    "1.3.6.1.2.1.43.18.1.1.2": "prtAlertSeverityLevel",
    "1.3.6.1.2.1.43.18.1.1.7": "prtAlertCode",
    "1.3.6.1.2.1.43.18.1.1.8": "prtAlertDescription",
    "1.3.6.1.6.3.1.1.4.1": "snmpTrapOID",
    "1.3.6.1.6.3.1.1.4.3": "snmpTrapEnterprise",
    "1.3.6.1.6.3.18.1.3": "snmpTrapAddress",
    BOOTS.removesuffix(".0"): "snmpEngineBoots",
}


def _scalars() -> Iterator[tuple[str, str]]:
    for group in GROUPS.values():
        for name, oid in {**group.identity, **group.values}.items():
            yield oid, name


def _columns() -> Iterator[tuple[str, str]]:
    for group in GROUPS.values():
        for table in group.tables:
            for name, oid in {**table.identity, **table.values}.items():
                yield oid, name


INSTANCES = dict(_scalars())
OBJECTS = {**dict(_columns()), **OWN}


def name_of(oid: str) -> str:
    """`ifDescr.2`, `sysUpTime`; what is not known here keeps its object identifier."""
    if oid in INSTANCES:
        return INSTANCES[oid]
    arcs = oid.split(".")
    for end in range(len(arcs) - 1, 0, -1):
        if name := OBJECTS.get(".".join(arcs[:end])):
            index = ".".join(arcs[end:])
            return name if index == "0" else f"{name}.{index}"
    return oid

"""Object identifiers as MIB names."""

import pytest

from isthmus.collector.adapters.snmp.names import name_of


@pytest.mark.parametrize(
    ("oid", "name"),
    [
        ("1.3.6.1.2.1.1.3.0", "sysUpTime"),
        ("1.3.6.1.6.3.1.1.4.1.0", "snmpTrapOID"),
        ("1.3.6.1.2.1.2.2.1.2.17", "ifDescr.17"),
        ("1.3.6.1.2.1.17.4.3.1.2.0.27.12.58.16.1", "dot1dTpFdbPort.0.27.12.58.16.1"),
        ("1.3.6.1.4.1.99999.1.0", "1.3.6.1.4.1.99999.1.0"),
    ],
)
def test_what_is_known_has_its_name_and_index(oid: str, name: str) -> None:
    """What is not known keeps its numbers."""
    assert name_of(oid) == name

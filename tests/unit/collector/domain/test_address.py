"""A host is an address or a name."""

import pytest

from isthmus.collector.domain.address import host_of, is_address


@pytest.mark.parametrize(
    ("address", "host", "numeric"),
    [
        ("10.0.0.1:502", "10.0.0.1", True),
        ("[fe80::1]:161", "fe80::1", True),
        ("plc-1.hagen:502", "plc-1.hagen", False),
    ],
)
def test_a_host_stands_before_its_port(address: str, host: str, numeric: bool) -> None:
    """With or without brackets; only numbers are an address."""
    assert host_of(address) == host
    assert is_address(host) is numeric

"""Addresses that a receiver may not have."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.alerting.domain.notices.addresses import refused


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",  # carrier-grade NAT
        "169.254.169.254",  # the metadata service of clouds
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",  # IPv4 in IPv6
        "64:ff9b::a9fe:a9fe",  # the metadata service behind NAT64
        "2002:a00:1::",  # 6to4 of 10.0.0.1
    ],
)
def test_an_inner_address_is_refused_however_it_is_written(address: str) -> None:
    """Server-side request forgery begins with one."""
    reason = refused(address, [])

    assert reason is not None
    assert address in reason


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_a_public_address_needs_no_leave(address: str) -> None:
    """It is nobody's inner service."""
    assert refused(address, []) is None


def test_an_inner_address_may_be_allowed_and_then_only_that_network() -> None:
    """Explicitly, for one receiver."""
    allowed = [ip_network("10.20.0.0/16")]

    assert refused("10.20.3.4", allowed) is None
    assert refused("10.21.0.1", allowed) is not None
    assert refused("127.0.0.1", allowed) is not None


@given(st.ip_addresses())
def test_every_address_has_an_answer(address: IPv4Address | IPv6Address) -> None:
    """None of them raises, and what is private by itself is refused."""
    reason = refused(str(address), [])

    assert (reason is not None) or address.is_global

"""Hosts and addresses as targets name them."""

from ipaddress import ip_address


def host_of(address: str) -> str:
    """The host of `host:port`; an IPv6 address without its brackets (RFC 3986, 3.2.2)."""
    return address.rpartition(":")[0].strip("[]")


def is_address(host: str) -> bool:
    """Is it an IP address, and no name?"""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def canonical(address: str) -> str:
    """An address as it is compared: without a zone, and IPv4 as such where IPv6 wraps it."""
    ip = ip_address(address.partition("%")[0])
    return str((ip.ipv4_mapped if ip.version == 6 else None) or ip)

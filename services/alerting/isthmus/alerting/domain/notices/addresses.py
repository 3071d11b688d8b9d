"""Which addresses a receiver may have: no inner ones, unless its configuration allows them.

Whoever may name a receiver must not make this service talk to what only it can reach (server-side
request forgery, CWE-918).
"""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address
NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052, 2.1: an IPv4 address in the last 32 bits


def refused(address: str, allowed: Iterable[Network]) -> str | None:
    """Why `address` may not be connected to, or None."""
    found = ip_address(address.partition("%")[0])  # without the zone of a link-local address
    meant = list(_meant(found))
    if any(each in network for network in allowed for each in meant if _alike(each, network)):
        return None
    inner = [each for each in meant if not each.is_global or each.is_multicast]
    if not inner:
        return None
    return f"{address} is {_kind(inner[-1])}; allow it with allow_networks"


def _meant(address: Address) -> Iterator[Address]:
    """The address, and the IPv4 address that an IPv6 one leads to."""
    yield address
    if isinstance(address, IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield address.teredo[1]
    if address in NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


def _alike(address: Address, network: Network) -> bool:
    return address.version == network.version


def _kind(address: Address) -> str:
    if address.is_loopback:
        return "a loopback address"
    if address.is_link_local:
        return "a link-local address"
    if address.is_multicast:
        return "a multicast address"
    return "a private address" if address.is_private else "no public address"

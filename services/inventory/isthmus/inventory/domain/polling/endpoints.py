"""Where an endpoint is: one place on the network is read by one target only."""

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

PORTS = {"modbus": 502, "opcua": 4840, "snmp": 161}
"""Registered ports (IANA service name and port number registry)."""


def address(endpoint: Mapping[str, Any]) -> str | None:
    """`host:port` of an endpoint, the same however it is written; None when it names no place."""
    host: object = endpoint.get("host")
    port: object = endpoint.get("port")
    if "url" in endpoint:
        host, port = _of_url(str(endpoint["url"]))
    if port is None:
        port = PORTS.get(str(endpoint.get("protocol")))
    if not host or isinstance(port, bool) or not isinstance(port, int | float):
        return None
    return joined(str(host), int(port))


def joined(host: str, port: int) -> str:
    """`host:port`, an IPv6 address in brackets (RFC 3986, 3.2.2)."""
    try:
        place = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return f"{host.rstrip('.').lower()}:{port}"
    return f"[{place}]:{port}" if place.version == 6 else f"{place}:{port}"


def split(address: str) -> tuple[str, int]:
    """Host and port of what `joined` made."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def _of_url(url: str) -> tuple[str | None, int | None]:
    try:
        parts = urlsplit(url)
        return parts.hostname, parts.port
    except ValueError:
        return None, None

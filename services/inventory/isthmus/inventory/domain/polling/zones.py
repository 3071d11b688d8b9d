"""Zones: rules for every target of a site, or below one ISA-95 path of it.

A zone is what IEC 62443-3-2 calls one: assets that share their security requirements.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.inventory.domain.polling.envelope import Envelope, envelope
from isthmus.inventory.domain.rows import (
    NAME,
    Invalid,
    expected,
    fields,
    items,
    name,
    path,
    text,
)

FIELDS = ("site", "path", "envelope", "do_not_poll", "safety_controllers", "updated_by")


@dataclass(frozen=True, slots=True)
class Zone:
    """What holds below `path`; the empty path is the whole site."""

    site: str
    path: str = ""
    envelope: Envelope = field(default_factory=dict)
    do_not_poll: tuple[str, ...] = ()
    safety_controllers: tuple[str, ...] = ()
    updated_by: str = ""

    @property
    def id(self) -> str:
        """`site[/path]`, the key of its topic."""
        return f"{self.site}/{self.path}" if self.path else self.site

    @property
    def place(self) -> str:
        """What no other zone may have: its path, which is its id."""
        return self.id

    @property
    def row(self) -> dict[str, Any]:
        """The row that describes it."""
        return {
            "site": self.site,
            "path": self.path,
            "envelope": dict(self.envelope),
            "do_not_poll": list(self.do_not_poll),
            "safety_controllers": list(self.safety_controllers),
            "updated_by": self.updated_by,
        }


def zone(row: object, site: str | None = None) -> Zone:
    """The zone that `row` describes, on `site` unless it names one; raises Invalid."""
    said = {k: v for k, v in fields("row", row, FIELDS).items() if v is not None}
    listed = items("do_not_poll", said.get("do_not_poll", ()), "hosts, networks and target names")
    named = items("safety_controllers", said.get("safety_controllers", ()), "target names")
    return Zone(
        site=name("site", said.get("site", site)),
        path=path("path", said["path"]) if said.get("path") else "",
        envelope=envelope(said.get("envelope")),
        do_not_poll=tuple(_place(field, item) for field, item in listed),
        safety_controllers=tuple(name(field, item) for field, item in named),
        updated_by=text("updated_by", said.get("updated_by", "")),
    )


def patched(before: Zone, changes: Mapping[str, Any]) -> Zone:
    """`before` with `changes`, merged as JSON merge patches are (RFC 7396); raises Invalid."""
    merged: dict[str, Any] = {**before.row, **changes, "site": before.site, "path": before.path}
    said = changes.get("envelope")
    if isinstance(said, Mapping):
        merged["envelope"] = {**before.envelope, **said}
        if "paused" in said and not said["paused"]:
            merged["envelope"]["reason"] = said.get("reason")  # what is over needs no reason
    return zone(merged)


def _place(field: str, value: object) -> str:
    """A host, a network or a target's name; a network that is none must not excuse anyone."""
    if not isinstance(value, str):
        raise Invalid(field, expected(value, "a host, a network in CIDR notation, a target name"))
    if "/" in value or ":" in value or value.replace(".", "").isdigit():
        try:
            return str(ipaddress.ip_network(value) if "/" in value else ipaddress.ip_address(value))
        except ValueError as error:
            raise Invalid(field, expected(value, f"an address or a network: {error}")) from error
    if all(NAME.fullmatch(label) for label in value.lower().split(".")):
        return value.lower()
    raise Invalid(field, expected(value, "a host, a network in CIDR notation, a target name"))

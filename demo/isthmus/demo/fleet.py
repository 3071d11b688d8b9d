"""The ground truth of the simulated sites, and what differs from it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Device:
    """One device as it really is."""

    name: str
    sources: frozenset[str]
    truth: Mapping[str, str]


@dataclass(frozen=True)
class Fleet:
    """All simulated sites and their devices."""

    sites: tuple[str, ...]
    devices: tuple[Device, ...]
    events: tuple[Mapping[str, Any], ...]

    @classmethod
    def load(cls, file: Path) -> "Fleet":
        """The fleet of a `fleet.yaml`."""
        content = yaml.safe_load(file.read_text())
        devices = tuple(
            Device(d["name"], frozenset(d["sources"]), d["truth"]) for d in content["devices"]
        )
        return cls(tuple(content["sites"]), devices, tuple(content["events"]))


def differences(fleet: Fleet, assets: Iterable[Mapping[str, Any]]) -> list[str]:
    """A line for each way in which the found `assets` are not the fleet; empty when they are."""
    assets = list(assets)
    lines = [line for device in fleet.devices for line in _device(device, assets)]
    known = frozenset().union(*(device.sources for device in fleet.devices))
    for asset in assets:
        # One without a source is history: a device that was replaced.
        if asset["sources"] and not known & set(asset["sources"]):
            lines.append(f"asset {asset['id']}: from {asset['sources']}, expected no such asset")
    return lines


def _device(device: Device, assets: list[Mapping[str, Any]]) -> Iterable[str]:
    mine = [asset for asset in assets if device.sources & set(asset["sources"])]
    if not mine:
        yield f"{device.name}: not found"
        return
    if len(mine) > 1:
        yield f"{device.name}: found as {len(mine)} assets, expected 1"
        return
    (asset,) = mine
    if set(asset["sources"]) != device.sources:
        expected = sorted(device.sources)
        yield f"{device.name}: sources {sorted(asset['sources'])}, expected {expected}"
    for field, value in device.truth.items():
        found = asset.get(field)
        if found != str(value):
            yield f"{device.name}: {field} {found!r}, expected {str(value)!r}"

"""fleet.yaml: what listens on the simulated sites, what must be found, and scripted events."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from isthmus.simulators.devices import FleetError, Strict, read_yaml
from isthmus.simulators.state import Scalar, Value

Health = Literal[
    "normal", "failure", "check_function", "off_spec", "maintenance_required", "unknown"
]


class Site(Strict):
    """One site; addresses are unique within it only."""

    title: str


class Credential(Strict):
    """What a mounted Secret holds: a community, or a USM user."""

    community: str | None = None
    user: str | None = None
    auth_protocol: Literal["sha1", "sha256"] | None = None
    auth_key: str | None = None
    priv_protocol: Literal["aes128"] | None = None
    priv_key: str | None = None


class Instance(Strict):
    """One device of a device file, with the values that the file leaves open."""

    device: str = ""
    given: dict[str, Value] = Field(default={}, alias="with")


class SeedTarget(Strict):
    """How the collector is to read an endpoint."""

    profile: str
    interval_s: Annotated[float, Field(gt=0)]
    version: Literal["1", "2c", "3"] | None = None


class EndpointSpec(Instance):
    """One address that listens, or that should and does not (`dead`)."""

    name: str
    site: str
    path: str
    protocol: Literal["modbus", "opcua", "snmp"]
    address: str
    target: SeedTarget
    dead: bool = False
    credential: str = ""
    unit: int = 1
    units: dict[int, Instance] = Field(default={})
    machines: dict[str, Instance] = Field(default={})

    @property
    def key(self) -> str:
        """`site/name`, unique in the fleet."""
        return f"{self.site}/{self.name}"


class Truth(Strict):
    """What must be found about one device; an absent field cannot be known."""

    site: str
    reachability: Literal["online", "offline"]
    health: Health
    asset_class: str | None = Field(default=None, alias="class")
    vendor: str | None = None
    model: str | None = None
    serial: str | None = None
    order_code: str | None = None
    firmware: str | None = None
    software: str | None = None
    name: str | None = None
    purdue_level: str | None = None


class DeviceSpec(Strict):
    """One real device and the sources `site/target[/path]` that show it."""

    name: str
    sources: Annotated[list[str], Field(min_length=1)]
    truth: Truth


class Step(Strict):
    """One step of an event: wait `after_s`, then change one device."""

    device: str
    after_s: float = 0.0
    silent: bool | None = None
    set: dict[str, Value] = Field(default={})
    truth: dict[str, Scalar] = Field(default={})


class Event(Strict):
    """A script and what the services must show after it."""

    name: str
    steps: Annotated[list[Step], Field(min_length=1)]
    expect: list[dict[str, Scalar | list[Scalar]]]


class Fleet(Strict):
    """The whole of fleet.yaml."""

    enterprise: str
    sites: dict[str, Site]
    credentials: dict[str, Credential]
    endpoints: list[EndpointSpec]
    devices: list[DeviceSpec]
    events: list[Event]


def split_source(source: str) -> tuple[str, str]:
    """`site/target[/path]` as the endpoint's key and the path behind it."""
    site, target, *path = source.split("/", 2)
    return f"{site}/{target}", path[0] if path else ""


def _paths(endpoint: EndpointSpec) -> set[str]:
    if endpoint.units:
        return {f"unit-{unit}" for unit in endpoint.units}
    return {"", *endpoint.machines}


def check(fleet: Fleet) -> None:
    """Every name that one part of the fleet uses exists in the other, once."""
    keys = [endpoint.key for endpoint in fleet.endpoints]
    names = [device.name for device in fleet.devices]
    for twice in [*_twice(keys), *_twice(names)]:
        raise FleetError(f"fleet: {twice} is there twice")
    for endpoint in fleet.endpoints:
        if endpoint.site not in fleet.sites:
            raise FleetError(
                f"fleet: {endpoint.name}: site {endpoint.site} is not one of the sites"
            )
        if endpoint.protocol == "snmp" and endpoint.credential not in fleet.credentials:
            raise FleetError(
                f"fleet: {endpoint.key}: credential {endpoint.credential!r} is unknown"
            )
    _check_sources(fleet)
    for event in fleet.events:
        for step in event.steps:
            if step.device not in names:
                raise FleetError(f"fleet: event {event.name}: device {step.device} is unknown")


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _check_sources(fleet: Fleet) -> None:
    there = {(e.key, path) for e in fleet.endpoints for path in _paths(e)}
    said = [split_source(source) for device in fleet.devices for source in device.sources]
    for source in said:
        if source not in there:
            raise FleetError(f"fleet: source {'/'.join(source)} is no endpoint")
    for key, path in sorted(there - set(said)):
        raise FleetError(f"fleet: endpoint {key} {path} belongs to no device")


def load(path: Path) -> Fleet:
    """Read and check fleet.yaml."""
    fleet = read_yaml(path, Fleet)
    check(fleet)
    return fleet

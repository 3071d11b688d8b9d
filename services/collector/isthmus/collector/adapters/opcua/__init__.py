"""OPC UA: the server software, and the devices that it shows in Machines and DeviceSet."""

import time
from collections.abc import Sequence
from typing import Literal
from urllib.parse import urlsplit

from asyncua import ua
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.opcua.model import Device, Profile, explore, place
from isthmus.collector.adapters.opcua.session import Session
from isthmus.collector.domain import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, Profiles

PORT = 4840
EXPLORE_S = 3600  # a machine that was added to a server is found within the hour


class OpcUa(BaseModel):
    """Endpoint of an OPC UA server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["opcua"]
    url: str = Field(pattern=r"^opc\.tcp://[^/@:]+(:\d+)?(/.*)?$")
    """`opc.tcp://host:port/path`, without user or password."""
    request_timeout_s: float = Field(default=3, gt=0, le=5)
    """Seconds until one request counts as lost."""
    timeout_s: float = Field(default=5, gt=0, le=6)
    """Seconds for the whole read."""

    @property
    def address(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or PORT}"

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "OpcUaSource":
        return OpcUaSource(self, profiles.load(profile, Profile))


class OpcUaSource:
    """Reads one server; what stands where is found once a session, and again every hour."""

    def __init__(self, endpoint: OpcUa, profile: Profile) -> None:
        self._endpoint = endpoint
        self._profile = profile
        self._session: Session | None = None
        self._devices: list[Device] = []
        self._explored_at = 0.0

    async def read(self) -> Reading:
        try:
            session = await self._opened()
            items = [item for device in self._devices for item in device.items]
            values = iter(await session.read([item.node for item in items]))
            readings = [_reading(d, [next(values) for _ in d.items]) for d in self._devices]
        except Fault as fault:
            await self.close()
            return Reading.failed(fault)
        return Reading(devices=tuple(readings))

    async def close(self) -> None:
        session, self._session = self._session, None
        self._devices = []
        if session is not None:
            await session.close()

    async def _opened(self) -> Session:
        if self._session is None:
            self._session = Session(
                self._endpoint.url, self._endpoint.request_timeout_s, "collector"
            )
            await self._session.open()
        if not self._devices or time.monotonic() - self._explored_at > EXPLORE_S:
            self._devices = await explore(self._session, self._profile)
            self._explored_at = time.monotonic()
        return self._session


def _reading(device: Device, values: Sequence[ua.DataValue]) -> DeviceReading:
    facts: dict[str, str] = {}
    points: dict[str, tuple[float, str]] = {}
    status = ""
    for item, value in zip(device.items, values, strict=True):
        if value.StatusCode is not None and not value.StatusCode.is_good():
            status = value.StatusCode.name
        elif value.Value is not None:
            place(item, value.Value.Value, facts, points)
    if not facts and not points:
        error = f"{device.path or 'server'}: the server says {status or 'nothing'} of it"
        return DeviceReading(device.path, Outcome.UNREACHABLE, error)
    return DeviceReading(device.path, facts=facts, points=points)

"""SNMP: what the profile's groups name; who the device is once a day, how it is at each slot."""

import math
import time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from isthmus.collector.adapters.snmp.agent import Agent, Community, Usm, Value
from isthmus.collector.adapters.snmp.mib import GROUPS, Objects
from isthmus.collector.domain import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, Profiles
from isthmus.runtime.errors import Unauthorized

IDENTITY_S = 24 * 3600
MAC_OCTETS = 6
PHYSICAL = ("dot1dBaseBridgeAddress", "ifPhysAddress", "lldpLocChassisId", "lldpRemChassisId")
OCTETS = ("hrPrinterDetectedErrorState", "snmpEngineID")


class Profile(BaseModel):
    """Groups of MIB objects, and single objects of a vendor's own MIB."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["snmp"]
    groups: list[str] = Field(min_length=1)
    identity: dict[str, str] = {}
    """Names and object identifiers, with instance, that tell who the device is."""
    values: dict[str, str] = {}
    """Names and object identifiers, with instance, that tell how it is."""

    @field_validator("groups")
    @classmethod
    def _known(cls, groups: list[str]) -> list[str]:
        for group in groups:
            if group not in GROUPS:
                raise ValueError(f"{group!r}, expected one of {', '.join(GROUPS)}")
        return groups

    def objects(self, part: Literal["identity", "values"]) -> Objects:
        """Everything that belongs to one part."""
        own = Objects(self.identity if part == "identity" else self.values)
        for group in self.groups:
            own |= getattr(GROUPS[group], part)
        return own


class Snmp(BaseModel):
    """Endpoint of an SNMP agent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["snmp"]
    host: str = Field(min_length=1)
    port: int = Field(default=161, ge=1, le=65535)
    version: Literal["1", "2c", "3"] = "2c"
    credential: str = Field(min_length=1)
    """Name of the credential; never the credential itself."""
    request_timeout_s: float = Field(default=1.5, gt=0, le=3)
    """Seconds until one request counts as lost."""
    timeout_s: float = Field(default=5, gt=0, le=6)
    """Seconds for the whole read."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "SnmpSource":
        return SnmpSource(self, profiles.load(profile, Profile), credentials)


class SnmpSource:
    """Reads one agent."""

    def __init__(self, endpoint: Snmp, profile: Profile, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._agent = Agent(
            endpoint.host, endpoint.port, endpoint.version, endpoint.request_timeout_s
        )
        self._identity = profile.objects("identity")
        self._values = profile.objects("values")
        self._known: dict[str, Value] = {}
        self._known_at = -math.inf
        self._uptime = 0.0

    async def read(self) -> Reading:
        try:
            if not self._agent.opened:
                await self._agent.open(self._credential())
            values = await self._read(self._values)
            identity = await self._identified(values)
        except Fault as fault:
            await self.close()
            return Reading.failed(fault)
        except Unauthorized as error:
            await self.close()
            return Reading(Outcome.UNAUTHORIZED, str(error))
        return Reading(devices=(device(identity | values),))

    async def close(self) -> None:
        self._agent.close()
        self._known_at = -math.inf

    def _credential(self) -> Community | Usm:
        name = self._endpoint.credential
        if self._endpoint.version == "3":
            return self._credentials.resolve(name, Usm)
        return self._credentials.resolve(name, Community)

    async def _identified(self, values: dict[str, Value]) -> dict[str, Value]:
        uptime = values.get("sysUpTime")
        uptime = float(uptime) if isinstance(uptime, int | float) else 0.0
        restarted = uptime < self._uptime
        self._uptime = uptime
        if restarted or time.monotonic() - self._known_at > IDENTITY_S:
            self._known = await self._read(self._identity)
            self._known_at = time.monotonic()
        return self._known

    async def _read(self, objects: Objects) -> dict[str, Value]:
        found = await self._agent.get(objects.instances.values())
        values = {name: found[oid] for name, oid in objects.instances.items() if oid in found}
        if self._agent.walks:
            for name, column in objects.columns.items():
                rows = await self._agent.walk(column)
                values |= {f"{name}.{index}": value for index, value in rows.items()}
        return values


def device(values: dict[str, Value]) -> DeviceReading:
    """Texts as facts, numbers as points; what is empty is not known."""
    facts: dict[str, str] = {}
    points: dict[str, tuple[float, str]] = {}
    for name, value in values.items():
        if isinstance(value, int | float):
            points[name] = (float(value), "1")
        elif value:
            facts[name] = _text(name.partition(".")[0], value)
    return DeviceReading(facts=facts, points=points)


def _text(name: str, value: str | bytes) -> str:
    if isinstance(value, str):
        return value
    if name in PHYSICAL and len(value) == MAC_OCTETS:
        return value.hex(":")
    if name in OCTETS or name in PHYSICAL:
        return value.hex()
    return value.decode("utf-8", errors="replace").replace("\0", "").strip()

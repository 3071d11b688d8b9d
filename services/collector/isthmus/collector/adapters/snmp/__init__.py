"""SNMP: what the profile's groups name; who the device is once a day, how it is at each slot."""

import dataclasses
import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from isthmus.collector.adapters.snmp.agent import RETRY_JITTER_S, Agent, Visit
from isthmus.collector.adapters.snmp.mib import BOOTS, GROUPS, UPTIME, Group
from isthmus.collector.adapters.snmp.table import IDENTITY_S, Table
from isthmus.collector.adapters.snmp.tables import Tables
from isthmus.collector.adapters.snmp.text import Value, device, device_with, said
from isthmus.collector.adapters.snmp.usm import Community, Credential, Usm
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import DeviceReading, Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, DeviceProfile, Line, Profiles
from isthmus.runtime.errors import Unauthorized

# An agent with more values than one read has time for must leave some of it to its tables.
VALUES_SHARE = 0.7
# RFC 2578, 3.5; an instance has something behind its object, and nobody writes leading zeros.
OID = re.compile(r"[0-2](\.(0|[1-9]\d{0,9})){2,127}")
ARC_MAX = 2**32 - 1
ENVELOPE = Envelope(connections_max=1, device_requests_per_s=20)


def _instance(oid: str) -> str:
    if not OID.fullmatch(oid) or any(int(arc) > ARC_MAX for arc in oid.split(".")):
        raise ValueError("expected an object identifier with its instance, as 1.3.6.1.2.1.1.5.0")
    return oid


Instances = dict[str, Annotated[str, AfterValidator(_instance)]]


class Profile(DeviceProfile):
    """Groups of MIB objects, and single objects of a vendor's own MIB."""

    protocol: Literal["snmp"]
    envelope: Envelope = Field(default=Envelope(), validate_default=True)
    groups: list[str] = Field(min_length=1)
    identity: Instances = Field(default={})
    """Names and object identifiers, with instance, that tell who the device is."""
    values: Instances = Field(default={})
    """Names and object identifiers, with instance, that tell how it is."""
    rows_max: int = Field(default=2000, ge=1, le=5000)
    """Most rows of one table; a fact `incomplete.<first column>` says when there are more."""

    @field_validator("envelope")
    @classmethod
    def _limited(cls, said: Envelope) -> Envelope:
        """The protocol's own limits, where the profile says nothing."""
        own = {f.name: getattr(said, f.name) for f in dataclasses.fields(said)}
        return dataclasses.replace(ENVELOPE, **{n: v for n, v in own.items() if v is not None})

    @field_validator("groups")
    @classmethod
    def _known(cls, groups: list[str]) -> list[str]:
        for group in groups:
            if group not in GROUPS:
                raise ValueError(f"{group!r}, expected one of {', '.join(GROUPS)}")
        return groups

    @model_validator(mode="after")
    def _told_apart(self) -> "Profile":
        for name in self.objects("values").values():
            if name in self.objects("identity").values():
                raise ValueError(f"identity and values both have the name {name!r}")
        return self

    def objects(self, part: Literal["identity", "values"]) -> dict[str, str]:
        """Object identifiers of single instances, and their names."""
        own = self.identity if part == "identity" else self.values
        named = [*(getattr(group, part) for group in self._groups()), own]
        return {oid: name for objects in named for name, oid in objects.items()}

    def tables(self) -> list[Table]:
        """The tables of all groups."""
        return [table for group in self._groups() for table in group.tables]

    def _groups(self) -> Iterator[Group]:
        return (GROUPS[name] for name in self.groups)


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

    @property
    def asking_s(self) -> float:
        """Seconds within which a request may start, so that the read ends in its time."""
        return self.timeout_s - self.request_timeout_s - RETRY_JITTER_S

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "SnmpSource":
        return SnmpSource(self, profiles.load(profile, Profile), credentials)


class SnmpSource:
    """Reads one agent."""

    def __init__(self, endpoint: Snmp, profile: Profile, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._profile = profile
        self._credentials = credentials
        self._agent = Agent(
            endpoint.host, endpoint.port, endpoint.version, endpoint.request_timeout_s
        )
        self._identity = profile.objects("identity")
        self._values = profile.objects("values")
        self._tables = Tables(self._agent, profile.tables(), profile.rows_max)
        self._restarts = [UPTIME] if endpoint.version == "1" else [UPTIME, BOOTS]
        self._left: list[str] = []
        self._seen: tuple[Value, Value, bytes | None] = (None, None, None)
        self._answered: set[str] = set()
        self._known: dict[str, Value] = {}
        self._known_at = -math.inf
        self._standing = DeviceReading()
        self._standing_of: tuple[object, object] = (None, None)
        self._asking_s = endpoint.asking_s
        self._plan()

    @property
    def profile(self) -> Profile:
        return self._profile

    async def read(self, line: Line, slot: int) -> Reading:
        visit = Visit(line, time.monotonic() + self._asking_s)
        try:
            reading = await self._read(visit, slot % self._profile.slow_every == 0)
        except Fault as fault:
            self._forget()
            await self.close()
            return Reading.failed(fault)
        except Unauthorized as error:
            await self.close()
            return Reading(Outcome.UNAUTHORIZED, str(error))
        return Reading(devices=(reading,))

    async def close(self) -> None:
        self._tables.interrupt()
        self._agent.close()

    async def _read(self, visit: Visit, slow_slot: bool) -> DeviceReading:
        if slow_slot:
            self._agent.look_again()
        found = await self._vital(visit)
        if self._unknown(found):
            await self._identify(visit)
            slow_slot = True
        if self._tables.due(found, slow_slot):
            found |= await self._updated(visit, found)
        return device_with(self._remembered(), self._names, found)

    async def _updated(self, visit: Visit, found: Mapping[str, Value]) -> dict[str, Value]:
        """Walk the tables that are due; what is to be read of new rows is read at once."""
        before = self._tables.polled
        await self._tables.update(visit, found)
        if self._tables.polled is before:
            return {}
        self._plan()
        return await self._answers(visit, [o for o in self._tables.polled if o not in before])

    def _remembered(self) -> DeviceReading:
        """What is said again at each read: made once, until something else is known."""
        known, facts, news = self._known, self._tables.facts, self._tables.news()
        if news:
            return device({**known, **facts, **news})
        if self._standing_of[0] is not known or self._standing_of[1] is not facts:
            self._standing, self._standing_of = device({**known, **facts}), (known, facts)
        return self._standing

    def _plan(self) -> None:
        """What is asked for at each slot, now that the tables have these rows."""
        self._names = self._values | self._tables.polled
        asked = [*self._restarts, *self._values, *self._tables.counters, *self._tables.polled]
        self._asked = list(dict.fromkeys(asked))

    async def _vital(self, visit: Visit) -> dict[str, Value]:
        """What is asked for at each slot; an agent that has restarted wants a new session first."""
        deaf = self._agent.deaf
        try:
            if not self._agent.ready(credential := self._credential()):
                await self._agent.open(visit, credential)
            return await self._answers(visit, self._asked)
        except Fault as fault:
            if not deaf or fault.outcome not in (Outcome.TIMEOUT, Outcome.UNAUTHORIZED):
                raise
        await self.close()
        await self._agent.open(visit, self._credential())
        return await self._answers(visit, self._asked)

    async def _answers(self, visit: Visit, asked: list[str]) -> dict[str, Value]:
        """What there was no time for goes first at the next read."""
        if self._left:
            asked = list(dict.fromkeys([*self._restarts, *self._left, *asked]))
        until = visit.until - (1 - VALUES_SHARE) * self._asking_s
        found, self._left = await self._agent.get(Visit(visit.line, until), asked)
        if found.keys() != self._answered:
            gone = self._answered.difference(found, self._left).intersection(asked)
            self._tables.missed(gone)
            self._answered -= gone
            self._answered.update(found)
        return found

    def _unknown(self, found: Mapping[str, Value]) -> bool:
        """Is it not known, or not any more, who the device is?"""
        if self._restarted(found):
            self._forget()
        return time.monotonic() - self._known_at > IDENTITY_S

    async def _identify(self, visit: Visit) -> None:
        """Read who it is."""
        now = time.monotonic()
        answers, _ = await self._agent.get(visit, self._identity)
        names = self._identity
        self._known = {names[oid]: said(names[oid], value) for oid, value in answers.items()}
        self._known_at = now

    def _restarted(self, found: Mapping[str, Value]) -> bool:
        """An uptime that went back (a wrapped one does no harm), other boots, another engine."""
        (before, *others), now = self._seen, found.get(UPTIME)
        self._seen = now, found.get(BOOTS), self._agent.engine
        if isinstance(now, int) and isinstance(before, int) and now < before:
            return True
        return any(map(_another, others, self._seen[1:]))

    def _forget(self) -> None:
        """The device behind the address may be another one now."""
        self._known, self._known_at = {}, -math.inf
        self._answered, self._left = set(), []
        self._agent.forget()
        self._tables.forget()

    def _credential(self) -> Credential:
        name = self._endpoint.credential
        if self._endpoint.version == "3":
            return self._credentials.resolve(name, Usm)
        return self._credentials.resolve(name, Community)


def _another(before: Value, now: Value) -> bool:
    return before is not None and now is not None and before != now

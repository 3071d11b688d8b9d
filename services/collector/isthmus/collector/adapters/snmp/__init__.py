"""SNMP: what the profile's groups name; who the device is once a day, how it is at each slot."""

import dataclasses
import math
import time
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from isthmus.collector.adapters.snmp.agent import RETRY_JITTER_S, Agent, Visit
from isthmus.collector.adapters.snmp.mib import BOOTS, GROUPS, UPTIME, Group
from isthmus.collector.adapters.snmp.table import IDENTITY_S, Table
from isthmus.collector.adapters.snmp.tables import Tables
from isthmus.collector.adapters.snmp.text import Value, device, said
from isthmus.collector.adapters.snmp.usm import Community, Credential, Usm
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, DeviceProfile, Line, Profiles
from isthmus.runtime.errors import Unauthorized

# An agent with more values than one read has time for must leave some of it to its tables.
VALUES_SHARE = 0.7
ENVELOPE = Envelope(connections_max=1, device_requests_per_s=20)


class Profile(DeviceProfile):
    """Groups of MIB objects, and single objects of a vendor's own MIB."""

    protocol: Literal["snmp"]
    envelope: Envelope = Field(default=Envelope(), validate_default=True)
    groups: list[str] = Field(min_length=1)
    identity: dict[str, str] = Field(default={})
    """Names and object identifiers, with instance, that tell who the device is."""
    values: dict[str, str] = Field(default={})
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
        self._plan()

    @property
    def profile(self) -> Profile:
        return self._profile

    async def read(self, line: Line, slot: int) -> Reading:
        visit = Visit(line, time.monotonic() + self._endpoint.asking_s)
        try:
            values = await self._read(visit, slot % self._profile.slow_every == 0)
        except Fault as fault:
            self._forget()
            await self.close()
            return Reading.failed(fault)
        except Unauthorized as error:
            await self.close()
            return Reading(Outcome.UNAUTHORIZED, str(error))
        return Reading(devices=(device(values),))

    async def close(self) -> None:
        self._tables.interrupt()
        self._agent.close()

    async def _read(self, visit: Visit, slow_slot: bool) -> dict[str, Value]:
        if slow_slot:
            self._agent.look_again()
        found = await self._vital(visit)
        slow_slot |= await self._identified(visit, found)
        before = self._tables.polled
        await self._tables.update(visit, found, slow_slot)
        if self._tables.polled is not before:
            self._plan()
            new = [oid for oid in self._tables.polled if oid not in before]
            found |= await self._answers(visit, new)
        values = {name: found[oid] for oid, name in self._names.items() if oid in found}
        return self._known | self._tables.facts() | values

    def _plan(self) -> None:
        """What is asked for at each slot, now that the tables have these rows."""
        self._names = self._values | self._tables.polled
        asked = [*self._restarts, *self._values, *self._tables.counters, *self._tables.polled]
        self._asked = list(dict.fromkeys(asked))

    async def _vital(self, visit: Visit) -> dict[str, Value]:
        """What is asked for at each slot; an agent that has restarted wants a new session first."""
        deaf = self._agent.deaf
        try:
            await self._agent.open(visit, self._credential())
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
        until = visit.until - (1 - VALUES_SHARE) * self._endpoint.asking_s
        found, self._left = await self._agent.get(Visit(visit.line, until), asked)
        gone = self._answered.intersection(asked) - found.keys() - set(self._left)
        if gone:
            self._tables.missed(gone)
            self._answered -= gone
        self._answered |= found.keys()
        return found

    async def _identified(self, visit: Visit, found: dict[str, Value]) -> bool:
        """Read who it is, when that is not known, or may have changed; True when it was read."""
        now = time.monotonic()
        if self._restarted(found):
            self._forget()
        elif now - self._known_at <= IDENTITY_S:
            return False
        answers, _ = await self._agent.get(visit, self._identity)
        names = self._identity
        self._known = {names[oid]: said(names[oid], value) for oid, value in answers.items()}
        self._known_at = now
        return True

    def _restarted(self, found: dict[str, Value]) -> bool:
        """An uptime that went back (a wrapped one does no harm), other boots, another engine."""
        before = self._seen
        self._seen = (found.get(UPTIME), found.get(BOOTS), self._agent.engine)
        uptime, now = before[0], self._seen[0]
        went_back = isinstance(now, int) and isinstance(uptime, int) and now < uptime
        others = zip(before[1:], self._seen[1:], strict=True)
        return went_back or any(None not in each and each[0] != each[1] for each in others)

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

"""One SNMP session that only gets, with guards against agents that have gone wrong."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Literal, TypeVar

from gufo.snmp import (
    Aes128Key,
    BaseAuthKey,
    NoSuchInstance,
    Sha1Key,
    Sha256Key,
    SnmpAuthError,
    SnmpError,
    SnmpVersion,
    User,
)
from gufo.snmp.aio import SnmpSession
from pydantic import BaseModel, ConfigDict, SecretStr

from isthmus.collector.domain import Fault, Outcome

Value = str | bytes | int | float | None
T = TypeVar("T")
VERSIONS = {"1": SnmpVersion.v1, "2c": SnmpVersion.v2c, "3": SnmpVersion.v3}
AUTH_KEYS: dict[str, type[BaseAuthKey]] = {"sha1": Sha1Key, "sha256": Sha256Key}
# Small units answer larger requests with tooBig, or not at all.
VARBINDS_MAX = {"1": 10, "2c": 20, "3": 20}
REPETITIONS_MAX = 10
ROWS_MAX = 2000
RETRY_JITTER_S = 0.3


class Community(BaseModel):
    """What versions 1 and 2c ask for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    community: SecretStr


class Usm(BaseModel):
    """A user of the User-based Security Model (RFC 3414), authenticated and encrypted."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    user: str
    auth_protocol: Literal["sha1", "sha256"]
    auth_key: SecretStr
    priv_protocol: Literal["aes128"]
    priv_key: SecretStr


class Agent:
    """What answers at one address; raises Fault and nothing else."""

    def __init__(self, host: str, port: int, version: str, timeout_s: float) -> None:
        self._address = f"{host}:{port}"
        self._host = host
        self._port = port
        self._version = version
        self._timeout_s = timeout_s
        self._session: SnmpSession | None = None
        self._absent: set[str] = set()

    @property
    def walks(self) -> bool:
        """Is the agent asked for tables? Version 1 units are only sent GET."""
        return self._version != "1"

    @property
    def opened(self) -> bool:
        """Is there a session?"""
        return self._session is not None

    async def open(self, credential: Community | Usm) -> None:
        """Start a session; version 3 asks the agent for its engine and clock."""
        community, user = "", None
        if isinstance(credential, Community):
            community = credential.community.get_secret_value()
        else:
            user = _user(credential)
        try:
            session = SnmpSession(
                self._host,
                self._port,
                community=community,
                user=user,
                version=VERSIONS[self._version],
                timeout=self._timeout_s,
            )
        except (OSError, ValueError, SnmpError) as error:
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: {error}") from error
        await self._ask(session.refresh)
        self._session = session

    def close(self) -> None:
        """End the session; SNMP says nothing to the agent."""
        self._session = None
        self._absent.clear()

    async def get(self, oids: Iterable[str]) -> dict[str, Value]:
        """The values of those instances that the agent has."""
        found: dict[str, Value] = {}
        present = [oid for oid in oids if oid not in self._absent]
        for chunk in _chunks(present, VARBINDS_MAX[self._version]):
            found |= await self._get(chunk)
        return found

    async def walk(self, column: str) -> dict[str, Value]:
        """The rows of one column by index; ends whatever the agent answers."""
        return await self._ask(lambda: self._walk(column))

    async def _get(self, oids: list[str]) -> dict[str, Value]:
        session = self._live()
        try:
            found: dict[str, Value] = await self._ask(lambda: session.get_many(oids))
        except NoSuchInstance:
            found = {}
        if found or self._version != "1":
            return found
        # Version 1 answers nothing at all when one object is missing (RFC 1157, 4.1.2).
        if len(oids) == 1:
            self._absent.update(oids)
            return {}
        middle = len(oids) // 2
        return await self._get(oids[:middle]) | await self._get(oids[middle:])

    async def _walk(self, column: str) -> dict[str, Value]:
        rows: dict[str, Value] = {}
        last: tuple[int, ...] = ()
        async for oid, value in self._live().getbulk(column, max_repetitions=REPETITIONS_MAX):
            place = tuple(int(part) for part in oid.split("."))
            if not oid.startswith(f"{column}."):
                break
            if place <= last:
                text = f"{self._address}: its table {column} goes round in circles"
                raise Fault(Outcome.GARBLED, text)
            if len(rows) >= ROWS_MAX:
                text = f"{self._address}: its table {column} has more than {ROWS_MAX} rows"
                raise Fault(Outcome.GARBLED, text)
            rows[oid.removeprefix(f"{column}.")] = value
            last = place
        return rows

    async def _ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """Send once more, a little later, when nothing came back: UDP loses what it likes."""
        try:
            return await self._once(request)
        except Fault as fault:
            if fault.outcome is not Outcome.TIMEOUT:
                raise
        await asyncio.sleep(random.uniform(0, RETRY_JITTER_S))
        return await self._once(request)

    async def _once(self, request: Callable[[], Awaitable[T]]) -> T:
        try:
            return await request()
        except NoSuchInstance:
            raise
        except TimeoutError as error:
            text = f"{self._address}: no answer within {self._timeout_s:g} s"
            raise Fault(Outcome.TIMEOUT, text) from error
        except SnmpAuthError as error:
            text = f"{self._address}: the credential was refused"
            raise Fault(Outcome.UNAUTHORIZED, text) from error
        except SnmpError as error:
            text = f"{self._address}: what it sends is no answer: {error}"
            raise Fault(Outcome.GARBLED, text) from error
        except OSError as error:
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: {error}") from error

    def _live(self) -> SnmpSession:
        assert self._session is not None, "a session is opened before it is asked"
        return self._session


def _user(usm: Usm) -> User:
    auth_key = AUTH_KEYS[usm.auth_protocol](usm.auth_key.get_secret_value().encode())
    priv_key = Aes128Key(usm.priv_key.get_secret_value().encode())
    return User(usm.user, auth_key=auth_key, priv_key=priv_key)


def _chunks(items: Sequence[str], size: int) -> Iterator[list[str]]:
    return (list(items[start : start + size]) for start in range(0, len(items), size))

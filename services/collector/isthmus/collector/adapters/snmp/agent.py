"""One SNMP session that only gets: one PDU a turn, with guards against agents gone wrong."""

import asyncio
import ipaddress
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import NamedTuple, TypeVar

from gufo.snmp import NoSuchInstance, SnmpAuthError, SnmpError, SnmpVersion, User
from gufo.snmp.policer import BasePolicer

from isthmus.collector.adapters.snmp.session import Session
from isthmus.collector.adapters.snmp.text import Value
from isthmus.collector.adapters.snmp.usm import Community, Credential, Usm, user
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.domain.requests import Request
from isthmus.collector.ports import Line

T = TypeVar("T")
VERSIONS = {"1": SnmpVersion.v1, "2c": SnmpVersion.v2c, "3": SnmpVersion.v3}
# Small units answer larger requests with tooBig, or not at all.
VARBINDS_MAX = {"1": 10, "2c": 20, "3": 20}
# As many fit into 484 octets (RFC 3417, 3.2): later versions that say nothing of so few lack them.
FITTING = 5
RETRY_JITTER_S = 0.3
# RFC 3414, 2.2.3: the time window is 150 s; an agent's clock may have been set meanwhile.
CLOCK_S = 120.0
Row = tuple[str, Value]


class Drained(Exception):
    """The session wants to send again, and it is not its turn."""


class OnePdu(BasePolicer):
    """Lets a session send once for each turn that it is given: gufo-snmp asks before each PDU."""

    def __init__(self) -> None:
        self.given = False

    async def wait(self) -> None:
        if not self.given:
            raise Drained
        self.given = False

    def get_timeout(self, ts: int) -> int | None:
        return None


class Visit(NamedTuple):
    """One read's way to the agent: its line, and the time until which it may ask."""

    line: Line
    until: float

    @property
    def over(self) -> bool:
        """Is there no time for one more request?"""
        return time.monotonic() >= self.until


class Agent:
    """What answers at one address; raises Fault and nothing else of its own."""

    def __init__(self, host: str, port: int, version: str, timeout_s: float) -> None:
        self._address = f"{host}:{port}"
        self._host = host
        self._port = port
        self._version = version
        self._timeout_s = timeout_s
        self._turn = OnePdu()
        self._session: Session | None = None
        self._credential: Credential | None = None
        self._varbinds_max = VARBINDS_MAX[version]
        self._smallest = 1 if version == "1" else FITTING
        self._absent: set[str] = set()
        self._asked_at = 0.0

    @property
    def opened(self) -> bool:
        """Is there a session?"""
        return self._session is not None

    @property
    def engine(self) -> bytes | None:
        """The id of the engine that the session is with; None before version 3."""
        if self._version != "3" or self._session is None:
            return None
        return bytes(self._session.get_engine_id())

    def ready(self, credential: Credential) -> bool:
        """Is there a session with this credential, and one that knows the agent's clock?"""
        if credential is not self._credential and credential != self._credential:
            return False
        return self._version != "3" or time.monotonic() - self._asked_at <= CLOCK_S

    async def open(self, visit: Visit, credential: Credential) -> None:
        """Have a session with this credential; version 3 asks for the agent's engine and clock."""
        if credential != self._credential:
            self.close()
        if self._session is None:
            session = await self._made(credential)
            try:
                # The first request brings the engine's id, the second one its boots and time.
                await self._refresh(visit, session)
                await self._refresh(visit, session)
            except BaseException:
                session.close()
                raise
            self._session, self._credential = session, credential
        elif not self.ready(credential):
            await self._refresh(visit, self._session)

    async def engine_id(self, visit: Visit) -> bytes:
        """The id of the agent's engine, which version 3 tells anybody."""
        session = await self._made(None)
        try:
            await self._refresh(visit, session)
            return bytes(session.get_engine_id())
        finally:
            session.close()

    def close(self) -> None:
        """End the session; SNMP says nothing to the agent."""
        if self._session is not None:
            self._session.close()
        self._session = self._credential = None

    def forget(self) -> None:
        """What the agent lacked, it may have now."""
        self._absent.clear()
        self._varbinds_max = VARBINDS_MAX[self._version]

    def look_again(self) -> None:
        """Ask again for what was absent, where that costs no request (not in version 1)."""
        if self._version != "1":
            self._absent.clear()

    def expect(self, oids: Iterable[str]) -> None:
        """These are there now, as a walk has shown."""
        self._absent.difference_update(oids)

    async def get(self, visit: Visit, oids: Iterable[str]) -> tuple[dict[str, Value], list[str]]:
        """The values of those instances that the agent has, and what there was no time for."""
        found: dict[str, Value] = {}
        left = [oid for oid in oids if oid not in self._absent]
        while left:
            size = self.items_max(visit)
            chunk, left = left[:size], left[size:]
            answers = await self._get(visit, chunk)
            if len(answers) < len(chunk):
                self._absent.update(set(chunk).difference(answers))
            found = found | answers if found else answers
            if left and visit.over:
                break
        return found, left

    def items_max(self, visit: Visit) -> int:
        """Most varbinds in one request."""
        return max(1, min(self._varbinds_max, visit.line.items_max or self._varbinds_max))

    def rows(self, column: str, repetitions: int) -> "Column":
        """One column, to be walked."""
        session = self._live()
        if self._version == "1":
            return Column(self, column, Request.SNMP_GET_NEXT, session.getnext(column))
        steps = session.getbulk(column, max_repetitions=repetitions)
        return Column(self, column, Request.SNMP_GET_BULK, steps)

    async def _get(self, visit: Visit, oids: list[str]) -> dict[str, Value]:
        """An agent that answers nothing at all lacks one object (RFC 1157, 4.1.2), or room."""
        found = await self.ask(visit, Request.SNMP_GET, partial(self._live().get_many, oids))
        if found or len(oids) <= self._smallest:
            return found
        middle = (len(oids) + 1) // 2
        found = await self._get(visit, oids[:middle]) | await self._get(visit, oids[middle:])
        if len(found) == len(oids):  # nothing was missing, so it was tooBig
            self._varbinds_max = min(self._varbinds_max, middle)
        return found

    async def ask(self, visit: Visit, kind: Request, send: Callable[[], Awaitable[T]]) -> T:
        """Send one PDU, and once more, a little later, when nothing came back and time is left."""
        once = partial(self._once, send)
        try:
            return await visit.line.ask(kind, once)
        except Fault as fault:
            if fault.outcome is not Outcome.TIMEOUT or visit.over or self.deaf:
                raise
        await asyncio.sleep(random.uniform(0, RETRY_JITTER_S))
        return await visit.line.ask(kind, once)

    @property
    def deaf(self) -> bool:
        """Would the same session not hear the agent, if it has restarted meanwhile?

        gufo-snmp takes the report that engine, boots or time are others now (RFC 3414, 3.2) for no
        answer, so that only a new session helps.
        """
        return self._version == "3" and self.opened

    async def _refresh(self, visit: Visit, session: Session) -> None:
        if self._version == "3":
            await self.ask(visit, Request.SNMP_DISCOVER_ENGINE, lambda: _drained(session.refresh))

    async def _made(self, credential: Credential | None) -> Session:
        host = await self._resolved()
        try:
            return Session(
                host,
                self._port,
                community=_community(credential),
                user=user(credential) if isinstance(credential, Usm) else User.default(),
                version=VERSIONS[self._version],
                timeout=self._timeout_s,
                policer=self._turn,
            )
        except (OSError, ValueError, SnmpError) as error:
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: {error}") from error

    async def _resolved(self) -> str:
        """The address: the library would hold up everything else while it looks a name up."""
        try:
            return str(ipaddress.ip_address(self._host))
        except ValueError:
            pass
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        except OSError as error:
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: {error}") from error
        return str(found[0][4][0])

    async def _once(self, send: Callable[[], Awaitable[T]]) -> T:
        self._turn.given = True
        try:
            answer = await send()
        except TimeoutError as error:
            text = f"{self._address}: no answer within {self._timeout_s:g} s"
            raise Fault(Outcome.TIMEOUT, text) from error
        except SnmpAuthError as error:
            text = f"{self._address}: the credential was refused"
            raise Fault(Outcome.UNAUTHORIZED, text) from error
        except (SnmpError, NoSuchInstance) as error:
            text = f"{self._address}: what it sends is no answer: {error}"
            raise Fault(Outcome.GARBLED, text) from error
        except OSError as error:
            raise Fault(Outcome.UNREACHABLE, f"{self._address}: {error}") from error
        finally:
            self._turn.given = False
        self._asked_at = time.monotonic()
        return answer

    def _live(self) -> Session:
        assert self._session is not None, "a session is opened before it is asked"
        return self._session


class Column:
    """One column of a table, row by row; goes on where it stopped, and always ends."""

    def __init__(self, agent: Agent, column: str, kind: Request, steps: AsyncIterator[Row]) -> None:
        self._agent = agent
        self._prefix = f"{column}."
        self._kind = kind
        self._steps = steps
        self._last: tuple[int, ...] = ()
        self.rows: dict[str, Value] = {}
        self.trouble = ""
        """Why the rows are not all there, for a person."""

    async def walk(self, visit: Visit, rows_max: int) -> bool:
        """Ask until the column ends; False when the time of this visit was over before."""
        while not visit.over:
            rows, ended = await self._agent.ask(visit, self._kind, self._step)
            self._take(rows, rows_max)
            if ended or self.trouble:
                return True
        return False

    async def _step(self) -> tuple[list[Row], bool]:
        """The rows of one PDU; True when the column has ended."""
        rows: list[Row] = []
        try:
            async for row in self._steps:
                rows.append(row)
        except Drained:
            return rows, False
        return rows, True

    def _take(self, rows: list[Row], rows_max: int) -> None:
        for oid, value in rows:
            place = tuple(int(part) for part in oid.split("."))
            if place <= self._last or not oid.startswith(self._prefix):
                self.trouble = "the table goes round in circles"
                return
            if len(self.rows) >= rows_max:
                self.trouble = f"more than {rows_max} rows"
                return
            self.rows[oid.removeprefix(self._prefix)] = value
            self._last = place


async def _drained(send: Callable[[], Awaitable[None]]) -> None:
    try:
        await send()
    except Drained:
        pass  # the rest of it is the next turn's


def _community(credential: Credential | None) -> str:
    return credential.community.get_secret_value() if isinstance(credential, Community) else ""

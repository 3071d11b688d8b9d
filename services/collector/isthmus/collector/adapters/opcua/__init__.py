"""OPC UA: the server software, and the devices that it shows in Machines and DeviceSet."""

import dataclasses
import time
from typing import Literal
from urllib.parse import urlsplit

from asyncua import ua
from pydantic import BaseModel, ConfigDict, Field

from isthmus.collector.adapters.opcua.model import Profile
from isthmus.collector.adapters.opcua.security import (
    Access,
    Credential,
    SecurityMode,
    SecurityPolicy,
)
from isthmus.collector.adapters.opcua.server import Server
from isthmus.collector.adapters.opcua.session import Limits, Session
from isthmus.collector.domain.envelope import Envelope
from isthmus.collector.domain.reading import Fault, Outcome, Reading
from isthmus.collector.ports import Credentials, Line, Profiles
from isthmus.runtime.errors import Unauthorized

PORT = 4840
ENVELOPE = Envelope(connections_max=1, gap_s=0.05, device_requests_per_s=4)
EXPLORING = 0.5  # of a read's time; what has not been looked at then waits for the next slot
INTERVAL_S = 1.0  # where slots are not counted from the epoch: a probe, a bench


class OpcUa(BaseModel):
    """Endpoint of an OPC UA server."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    protocol: Literal["opcua"]
    url: str = Field(pattern=r"^opc\.tcp://[^/@:]+(:\d+)?(/.*)?$")
    """`opc.tcp://host:port/path`, without user or password."""
    credential: str = ""
    """Name of the credential with certificates, trust and user; empty for an anonymous reader."""
    security_policy: SecurityPolicy = "none"
    """How messages are signed and encrypted."""
    security_mode: SecurityMode = "sign_and_encrypt"
    """Whether they are encrypted, too; nothing where the policy is `none`."""
    mode: Literal["read", "subscribe"] = "read"
    """Ask for values at each slot, or have them published when they change."""
    request_timeout_s: float = Field(default=3, gt=0, le=5)
    """Seconds until one request counts as lost."""
    timeout_s: float = Field(default=5, gt=0, le=6)
    """Seconds for the whole read."""

    @property
    def address(self) -> str:
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port or PORT}"

    @property
    def whole_url(self) -> str:
        """The address with its port, as a server knows itself."""
        parts = urlsplit(self.url)
        return parts._replace(netloc=self.address).geturl()

    def source(self, profile: str, profiles: Profiles, credentials: Credentials) -> "OpcUaSource":
        return OpcUaSource(self, profiles.load(profile, Profile), credentials)


class OpcUaSource:
    """Reads one server; a lost session is opened anew by the next read."""

    def __init__(self, endpoint: OpcUa, profile: Profile, credentials: Credentials) -> None:
        self._endpoint = endpoint
        self._profile = profile.model_copy(update={"envelope": _with_defaults(profile.envelope)})
        self._credentials = credentials
        self._limits = Limits()
        self._known: ua.EndpointDescription | None = None
        self._session: Session | None = None
        self._server: Server | None = None

    @property
    def profile(self) -> Profile:
        return self._profile

    async def read(self, line: Line, slot: int) -> Reading:
        until = time.monotonic() + EXPLORING * self._endpoint.timeout_s
        try:
            server = await self._opened(line)
            devices = await server.read(line, slot, _interval_s(slot), until)
        except Fault as fault:
            await self.close()
            return Reading.failed(fault)
        except Unauthorized as error:
            await self.close()
            return Reading(Outcome.UNAUTHORIZED, str(error))
        return Reading(devices=devices)

    async def close(self) -> None:
        server, self._server = self._server, None
        session, self._session = self._session, None
        if server is not None:
            await server.close()
        if session is not None:
            await session.close()

    async def _opened(self, line: Line) -> Server:
        if self._session is not None and self._session.gone:
            await self.close()
        if self._server is None or self._session is None:
            await self.close()
            at = self._endpoint
            self._session = Session(self._access(), at.request_timeout_s, self._limits)
            known, self._known = self._known, None  # asked for again when this one is refused
            self._known = await self._session.open(line, known)
            self._server = Server(
                self._session, self._profile, at.whole_url, subscribe=at.mode == "subscribe"
            )
        return self._server

    def _access(self) -> Access:
        at, credential = self._endpoint, Credential()
        if at.credential:
            credential = self._credentials.resolve(at.credential, Credential)
        return Access(at.whole_url, at.security_policy, at.security_mode, credential)


def _with_defaults(said: Envelope) -> Envelope:
    """What a profile says, and the protocol's own envelope where it says nothing."""
    defaults = {
        field.name: getattr(ENVELOPE, field.name)
        for field in dataclasses.fields(Envelope)
        if getattr(said, field.name) is None
    }
    return dataclasses.replace(said, **defaults)


def _interval_s(slot: int) -> float:
    """Slots are counted from the epoch, so that clock and number tell how long one lasts."""
    return round(time.time() / slot, 3) if slot > 0 else INTERVAL_S

"""Simulated devices, and endpoints that misbehave, on real sockets."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from isthmus.collector.adapters import Endpoint, endpoint
from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.profiles import ProfileFolder
from isthmus.collector.ports import Source
from isthmus.simulators.devices import Library

ROOT = Path(__file__).parents[4]
Serve = Callable[[bytes], Awaitable[int]]


@pytest.fixture
def library() -> Library:
    """The device files."""
    return Library(folder=ROOT / "simulators" / "devices")


@pytest.fixture
def credentials(tmp_path: Path) -> CredentialsFile:
    """A mounted file with what the simulated devices want."""
    file = tmp_path / "credentials.yaml"
    file.write_text(
        "ro: {community: public}\n"
        "wrong: {community: other}\n"
        "v3: {user: isthmus, auth_protocol: sha256, auth_key: auth-key-0001,"
        " priv_protocol: aes128, priv_key: priv-key-0001}\n"
        "v3-wrong: {user: isthmus, auth_protocol: sha256, auth_key: auth-key-0002,"
        " priv_protocol: aes128, priv_key: priv-key-0001}\n"
    )
    return CredentialsFile(file)


@pytest.fixture
def source(credentials: CredentialsFile) -> Callable[..., Source]:
    """Makes the source of an endpoint as a target names it."""

    def make(profile: str, **fields: Any) -> Source:
        found: Endpoint = endpoint(fields)
        return found.source(profile, ProfileFolder(), credentials)

    return make


@pytest.fixture
async def answering() -> AsyncIterator[Serve]:
    """Starts a TCP endpoint that answers whatever it gets with the same bytes; gives its port."""
    servers: list[asyncio.Server] = []

    def protocol(answer: bytes) -> asyncio.Protocol:
        class Answer(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                self.transport: Any = transport

            def data_received(self, data: bytes) -> None:
                if answer:
                    self.transport.write(answer)

        return Answer()

    async def serve(answer: bytes) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: protocol(answer), "127.0.0.1", 0)
        servers.append(server)
        port: int = server.sockets[0].getsockname()[1]
        return port

    yield serve
    for server in servers:
        server.close()


@pytest.fixture
def unused_port() -> int:
    """A port on which nothing listens."""
    return 1

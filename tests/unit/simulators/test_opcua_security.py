"""A secured OPC UA endpoint, asked by asyncua's client."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaError, UaStatusCodeError
from cryptography import x509

from isthmus.simulators.devices import Library, OpcuaDevice
from isthmus.simulators.opcua import OpcuaServer
from isthmus.simulators.opcua_security import Identity, Security, identity

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIENT = "urn:test:client"


@pytest.fixture(scope="module")
def own() -> Identity:
    """The client's certificate."""
    return identity(CLIENT)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def server(library: Library, own: Identity) -> AsyncIterator[OpcuaServer]:
    device = library.read("opcua/softing-edgeaggregator", OpcuaDevice)
    security = Security(
        identity(device.server.application_uri),
        clients=(own.certificate,),
        users={"reader": "right"},
    )
    server = OpcuaServer("127.0.0.1", 0, device, device.state({}, "test"), {}, security)
    await server.start()
    yield server
    await server.stop()


async def _client(server: OpcuaServer, of: Identity, folder: Path, password: str) -> Client:
    (folder / "own.pem").write_bytes(of.certificate_pem)
    (folder / "own.key.pem").write_bytes(of.key_pem)
    client = Client(f"opc.tcp://127.0.0.1:{server.port}", timeout=2, watchdog_intervall=60)
    client.application_uri = CLIENT
    client.set_user("reader")
    client.set_password(password)
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        folder / "own.pem",
        folder / "own.key.pem",
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )
    return client


async def test_a_known_client_and_user_reads(
    server: OpcuaServer, own: Identity, tmp_path: Path
) -> None:
    """Signed and encrypted."""
    async with await _client(server, own, tmp_path, "right") as client:
        assert await client.get_node("i=2259").read_value() == 0


async def test_a_wrong_password_or_a_strange_client_gets_no_session(
    server: OpcuaServer, own: Identity, tmp_path: Path
) -> None:
    """Each by its own status code; the places of sessions stay free."""
    for of, password, code in (
        (own, "wrong", "BadUserAccessDenied"),
        (identity(CLIENT), "right", "BadCertificateUntrusted"),
    ):
        client = await _client(server, of, tmp_path, password)
        with pytest.raises(UaStatusCodeError) as caught:
            await client.connect()
        assert ua.StatusCode(caught.value.code).name == code
    assert server.temper.sessions == 0


async def test_an_unsecured_client_is_refused(server: OpcuaServer) -> None:
    """There is no endpoint for it beside discovery."""
    client = Client(f"opc.tcp://127.0.0.1:{server.port}", timeout=2, watchdog_intervall=60)
    with pytest.raises((UaError, ConnectionError)):
        await client.connect()


async def test_an_authority_issues() -> None:
    """What it signed is its own, and nobody else's."""
    authority = identity("urn:ca", authority=True)
    issued = identity("urn:server", issuer=authority)
    issued.certificate.verify_directly_issued_by(authority.certificate)
    names = issued.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    assert uris == ["urn:server"]

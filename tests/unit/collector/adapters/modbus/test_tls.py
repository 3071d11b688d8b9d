"""Modbus/TCP Security: both sides show a certificate; what is not accepted needs a person."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from isthmus.collector.adapters.credentials import CredentialsFile
from isthmus.collector.adapters.modbus import Modbus, ModbusSource
from isthmus.collector.adapters.modbus.identify import identify
from isthmus.collector.adapters.modbus.tls import Credential
from isthmus.collector.domain.reading import Outcome
from isthmus.runtime.errors import Unauthorized


@dataclass
class Authority:
    """An authority of a plant, and the certificates that it issues, as files."""

    folder: Path
    name: str

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        basic = x509.BasicConstraints(ca=True, path_length=0)
        built = self._builder(self.subject, self.key).add_extension(basic, critical=True)
        self.file = self._write("authority", built.sign(self.key, hashes.SHA256()))

    def issue(self, whose: str, address: str = "127.0.0.1") -> tuple[Path, Path]:
        """A certificate for an address, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, whose)])
        names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
        built = self._builder(subject, key).add_extension(names, critical=False)
        key_file = self.folder / f"{self.name}-{whose}.key"
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return self._write(whose, built.sign(self.key, hashes.SHA256())), key_file

    def credential(self, trusted: Path) -> dict[str, str]:
        """A client's credential that trusts an authority."""
        certificate, key = self.issue("client")
        return {"certificate": str(certificate), "key": str(key), "trusted": str(trusted)}

    def server(self, address: str = "127.0.0.1") -> ssl.SSLContext:
        """A server's side, which wants a certificate of this authority."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue("server", address))
        context.load_verify_locations(self.file)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _builder(self, subject: x509.Name, key: Any) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )

    def _write(self, whose: str, certificate: x509.Certificate) -> Path:
        file = self.folder / f"{self.name}-{whose}.pem"
        file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return file


@pytest.fixture
def ours(tmp_path: Path) -> Authority:
    """The plant's authority."""
    return Authority(tmp_path, "ours")


@pytest.fixture
def another(tmp_path: Path) -> Authority:
    """One that nobody in the plant trusts."""
    return Authority(tmp_path, "another")


@pytest.fixture
def secured(tmp_path: Path, workshop: Any, maps: Any) -> Callable[..., ModbusSource]:
    """Makes the source of a TLS endpoint, with a mounted credential."""

    def make(port: int, credential: dict[str, str]) -> ModbusSource:
        file = tmp_path / "credentials.yaml"
        file.write_text(f"plc: {credential}\n")
        endpoint = Modbus(
            protocol="modbus", host="127.0.0.1", port=port, transport="tls", credential="plc",
            request_timeout_s=0.5,
        )  # fmt: skip
        profile = maps.profile(maps.holding(range(3)))
        workshop.sources.append(
            ModbusSource(endpoint, profile, {1: profile}, CredentialsFile(file))
        )
        source: ModbusSource = workshop.sources[-1]
        return source

    return make


async def test_a_secured_device_is_read_and_gets_its_connection_back(
    workshop: Any, line: Any, maps: Any, ours: Authority, secured: Any
) -> None:
    """The same frames within TLS; each connection reads the files anew."""
    server = await workshop.serve(maps.having(range(3)), tls=ours.server())
    source = secured(server.port, ours.credential(ours.file))
    for _ in range(2):
        reading = await source.read(line, 1)
        assert reading.outcome is Outcome.OK, reading.error
        assert len(reading.devices[0].points) == 3
        await source.close()
    assert server.record.connections_most == 1


async def test_a_server_of_an_unknown_authority_is_not_asked_anything(
    workshop: Any, line: Any, maps: Any, ours: Authority, another: Authority, secured: Any
) -> None:
    """Its certificate may be anybody's."""
    server = await workshop.serve(maps.having([0]), tls=ours.server())
    reading = await secured(server.port, ours.credential(another.file)).read(line, 1)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "TLS: its certificate: " in reading.error
    assert not server.record.requests


async def test_a_certificate_of_another_address_is_not_accepted(
    workshop: Any, line: Any, maps: Any, ours: Authority, secured: Any
) -> None:
    """One device's key must not open the place of another."""
    server = await workshop.serve(maps.having([0]), tls=ours.server("127.0.0.9"))
    reading = await secured(server.port, ours.credential(ours.file)).read(line, 1)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "IP address mismatch" in reading.error


async def test_a_device_that_does_not_know_us_is_unauthorized(
    line: Any, ours: Authority, another: Authority, secured: Any
) -> None:
    """In TLS 1.3 it says so after the handshake, in place of its first answer."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refusing = asyncio.create_task(asyncio.to_thread(_refuse, listener, ours.server()))
        source = secured(listener.getsockname()[1], another.credential(ours.file))
        reading = await source.read(line, 1)
        await source.close()
        await refusing
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "alert unknown ca" in reading.error


def _refuse(listener: socket.socket, context: ssl.SSLContext) -> None:
    """One connection of a device that alerts and closes, as OpenSSL's own sockets do."""
    connection, _ = listener.accept()
    with connection, contextlib.suppress(OSError):
        connection.settimeout(2)
        duplicate = connection.dup()
        with contextlib.suppress(ssl.SSLError):
            context.wrap_socket(connection, server_side=True)
        with duplicate:
            duplicate.shutdown(socket.SHUT_WR)
            while duplicate.recv(1024):
                pass


async def test_a_device_without_tls_is_garbled(
    answering: Any, line: Any, ours: Authority, secured: Any
) -> None:
    """What it sends is no handshake."""
    port = await answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    reading = await secured(port, ours.credential(ours.file)).read(line, 1)
    assert reading.outcome is Outcome.GARBLED
    assert "TLS: wrong version number" in reading.error


async def test_a_missing_file_needs_a_person(line: Any, ours: Authority, secured: Any) -> None:
    """Named by its credential and field, without a look at the network."""
    credential = ours.credential(ours.file) | {"key": "/nowhere/client.key"}
    reading = await secured(1, credential).read(line, 1)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "credential 'plc': certificate, key or trusted: No such file" in reading.error


def test_an_encrypted_key_without_a_password_asks_nobody(ours: Authority, tmp_path: Path) -> None:
    """OpenSSL would wait for a person at a terminal."""
    certificate, key_file = ours.issue("locked")
    key: Any = serialization.load_pem_private_key(key_file.read_bytes(), None)
    locked = serialization.BestAvailableEncryption(b"sesame-0001")
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    key_file.write_bytes(key.private_bytes(pem, pkcs8, locked))
    fields = {"certificate": certificate, "key": key_file, "trusted": ours.file}
    with pytest.raises(Unauthorized):
        Credential.model_validate(fields).context("plc")
    with pytest.raises(Unauthorized) as wrong:
        Credential.model_validate({**fields, "key_password": "wrong-0001"}).context("plc")
    assert "wrong-0001" not in str(wrong.value)
    Credential.model_validate({**fields, "key_password": "sesame-0001"}).context("plc")


async def test_discovery_identifies_within_tls_too(
    workshop: Any, line: Any, maps: Any, ours: Authority
) -> None:
    """With the same credential."""
    who = {"objects": {0: "Acme", 1: "P1", 2: "V1"}}
    server = await workshop.serve(maps.having([0], identification=who), tls=ours.server())
    credential = Credential.model_validate(ours.credential(ours.file))
    said = await identify(line, "127.0.0.1", server.port, 1, credential)
    assert said["VendorName"] == "Acme"

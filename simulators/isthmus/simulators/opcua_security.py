"""What a secured OPC UA endpoint asks of its clients: a trusted certificate, a user it knows."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua import ua
from asyncua.common.utils import ServiceError
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.status_codes import StatusCodes
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

POLICIES = (
    ua.SecurityPolicyType.Basic256Sha256_Sign,
    ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt,
    ua.SecurityPolicyType.Aes128Sha256RsaOaep_SignAndEncrypt,
    ua.SecurityPolicyType.Aes256Sha256RsaPss_SignAndEncrypt,
)


@dataclass(frozen=True)
class Identity:
    """An application instance certificate (OPC 10000-6, 6.2.2) with its private key."""

    certificate: x509.Certificate
    key: rsa.RSAPrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def identity(
    application_uri: str,
    *,
    issuer: Identity | None = None,
    authority: bool = False,
    starts_in: timedelta = timedelta(hours=-1),
    lasts: timedelta = timedelta(days=1),
) -> Identity:
    """A certificate made now: self-signed, or of `issuer`."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, application_uri[-60:])])
    starts = datetime.now(UTC) + starts_in
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(application_uri),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    ]
    usage = x509.KeyUsage(True, True, True, True, False, authority, authority, False, False)
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer.certificate.subject if issuer else name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(starts)
        .not_valid_after(starts + lasts)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    )
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


@dataclass(frozen=True)
class Security:
    """A server's certificate, the clients and users that it lets in, and how open it is."""

    own: Identity
    clients: tuple[x509.Certificate, ...] = ()
    """Applications that may connect; empty lets every one in."""
    users: Mapping[str, str] = field(default_factory=dict)
    """Passwords by name."""
    user_certificates: tuple[x509.Certificate, ...] = ()
    anonymous: bool = False
    unsecured: bool = False
    """An endpoint without security stands beside the secured ones."""

    def apply(self, server: Server) -> None:
        """Make `server` ask for it."""
        policies = list(POLICIES)
        if self.unsecured:
            policies.insert(0, ua.SecurityPolicyType.NoSecurity)
        server.set_security_policy(policies)
        server.iserver.certificate = self.own.certificate
        server.iserver.private_key = self.own.key
        server.iserver.user_manager = _Users(self)
        tokens: list[Any] = [ua.AnonymousIdentityToken] if self.anonymous else []
        tokens += [ua.UserNameIdentityToken] if self.users else []
        tokens += [ua.X509IdentityToken] if self.user_certificates else []
        server.set_identity_tokens(tokens)
        server.set_certificate_validator(self._admit)

    async def _admit(self, certificate: x509.Certificate, application: Any) -> None:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        if application.ApplicationUri not in names.get_values_for_type(
            x509.UniformResourceIdentifier
        ):
            raise ServiceError(StatusCodes.BadCertificateUriInvalid)
        if self.clients and certificate not in self.clients:
            raise ServiceError(StatusCodes.BadCertificateUntrusted)


class _Users(UserManager):
    """Who may activate a session."""

    def __init__(self, security: Security) -> None:
        self._security = security

    def get_user(
        self,
        iserver: Any,
        username: str | None = None,
        password: str | None = None,
        certificate: Any = None,
    ) -> User | None:
        known = self._security
        if username is not None:
            right = known.users.get(username) == password
            return User(role=UserRole.User, name=username) if right else None
        if certificate is not None and certificate in _der(known.user_certificates):
            return User(role=UserRole.User, name="certificate")
        return User(role=UserRole.User, name="anonymous") if known.anonymous else None


def _der(certificates: tuple[x509.Certificate, ...]) -> list[bytes]:
    return [c.public_bytes(serialization.Encoding.DER) for c in certificates]

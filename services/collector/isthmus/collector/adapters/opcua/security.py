"""Whom we trust and who we are: policies, certificates and user tokens of one OPC UA server."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from asyncua import ua
from asyncua.crypto import security_policies, uacrypto
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, model_validator

from isthmus.collector.domain.reading import Fault, Outcome

SecurityPolicy = Literal[
    "none", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss", "Basic256Sha256"
]  # OPC 10000-7, 6.6.161 and following; what is deprecated is not offered
SecurityMode = Literal["sign", "sign_and_encrypt"]
POLICIES: dict[str, Any] = {
    "none": security_policies.SecurityPolicyNone,
    "Aes128Sha256RsaOaep": security_policies.SecurityPolicyAes128Sha256RsaOaep,
    "Aes256Sha256RsaPss": security_policies.SecurityPolicyAes256Sha256RsaPss,
    "Basic256Sha256": security_policies.SecurityPolicyBasic256Sha256,
}
MODES = {
    "sign": ua.MessageSecurityMode.Sign,
    "sign_and_encrypt": ua.MessageSecurityMode.SignAndEncrypt,
}
UNENCRYPTED = (None, "", security_policies.SecurityPolicyNone.URI)
CERTIFICATES = (".cer", ".crt", ".der", ".pem")
SHA1_DIGITS, SHA256_DIGITS = 40, 64


def _digits(text: str) -> str:
    digits = text.replace(":", "").replace(" ", "").upper()
    if len(digits) not in (SHA1_DIGITS, SHA256_DIGITS) or set(digits) - set("0123456789ABCDEF"):
        raise ValueError("expected the SHA-1 or SHA-256 of a certificate, 40 or 64 hex digits")
    return digits


class Credential(BaseModel):
    """What a credential of an OPC UA server may say; files are read at each connection."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    certificate: Path | None = None
    """Our own application instance certificate, PEM or DER; its URI is our ApplicationUri."""
    key: Path | None = None
    """Its private key, PEM or DER."""
    key_password: SecretStr | None = None
    trusted: Path | None = None
    """Folder of certificates: servers, or authorities that issue servers' certificates."""
    trusted_thumbprints: list[Annotated[str, AfterValidator(_digits)]] = Field(default=[])
    """SHA-1 or SHA-256 of server certificates."""
    user: str | None = None
    password: SecretStr | None = None
    password_unencrypted: bool = False
    """The password may travel where everyone on the network can read it."""
    user_certificate: Path | None = None
    user_key: Path | None = None
    user_key_password: SecretStr | None = None

    @model_validator(mode="after")
    def _whole(self) -> "Credential":
        for one, other in (("certificate", "key"), ("user_certificate", "user_key")):
            if (getattr(self, one) is None) != (getattr(self, other) is None):
                raise ValueError(f"{one} and {other} belong together")
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        if self.user is not None and self.user_certificate is not None:
            raise ValueError("expected user or user_certificate, not both")
        return self


@dataclass(frozen=True, slots=True)
class Access:
    """How one server is entered."""

    url: str
    policy: SecurityPolicy
    mode: SecurityMode
    credential: Credential

    @property
    def secured(self) -> bool:
        """Messages are signed, so that certificates are needed."""
        return self.policy != "none"

    def endpoint(self, offered: Iterable[ua.EndpointDescription]) -> ua.EndpointDescription:
        """The endpoint with our policy and mode; raises Fault with what there is instead."""
        found = list(offered)
        for description in found:
            if offer(description) == (self.policy, self.mode if self.secured else "none"):
                return description
        theirs = ", ".join(sorted({" ".join(offer(d)) for d in found})) or "nothing"
        raise self._refused(f"no endpoint with {self.policy} {self.mode}, it offers {theirs}")

    def trust(self, description: ua.EndpointDescription, now: datetime) -> x509.Certificate:
        """The server's certificate when it is the one that we may talk to; else raises Fault."""
        certificate = _first(description.ServerCertificate)
        if certificate is None:
            raise self._refused("it shows no certificate")
        whose = f"certificate {_digest(certificate, 'sha1')} of {description.Server.ApplicationUri}"
        if description.Server.ApplicationUri not in _uris(certificate):
            raise self._refused(
                f"{whose} was issued to {', '.join(_uris(certificate)) or 'nobody'}"
            )
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            valid = f"{certificate.not_valid_before_utc:%F} to {certificate.not_valid_after_utc:%F}"
            raise self._refused(f"{whose} is valid from {valid} only")
        if not self._known(certificate, now):
            where = self.credential.trusted or "trusted_thumbprints of the credential"
            raise self._refused(f"{whose} is not trusted; if it is the device's, add it to {where}")
        return certificate

    def secure(self, client: Any, server: x509.Certificate) -> None:
        """Make `client` sign and encrypt, as the application that our certificate names."""
        own, key = self._own("certificate", "key")
        if own is None:
            raise self._refused(f"{self.policy} needs certificate and key in the credential")
        client.application_uri = next(iter(_uris(own)), client.application_uri)
        policy = POLICIES[self.policy](server, own, key, MODES[self.mode])
        client.security_policy = policy
        client.uaclient.set_security(policy)

    async def activate(self, client: Any, created: ua.CreateSessionResult, now: datetime) -> None:
        """Say who we are; raises Fault rather than give a secret to whom we do not know."""
        credential = self.credential
        if credential.user_certificate is not None:
            self._offered(created, ua.UserTokenType.Certificate)
            own, client.user_private_key = self._own("user_certificate", "user_key")
            await client.activate_session(certificate=own)
        elif credential.user is not None and credential.password is not None:
            self._may_send_password(client, created, now)
            await client.activate_session(credential.user, credential.password.get_secret_value())
        else:
            self._offered(created, ua.UserTokenType.Anonymous)
            await client.activate_session()

    def _may_send_password(
        self, client: Any, created: ua.CreateSessionResult, now: datetime
    ) -> None:
        description = self._offered(created, ua.UserTokenType.UserName)
        token = client.server_policy(ua.UserTokenType.UserName)
        encrypted = token.SecurityPolicyUri not in UNENCRYPTED
        if self.credential.password_unencrypted:
            return
        if not self.secured and encrypted:
            self.trust(description, now)  # whoever shows a certificate of his own could decrypt it
        elif not encrypted and not (self.secured and self.mode == "sign_and_encrypt"):
            raise self._refused(
                "the password would not be encrypted; set security_policy, or password_unencrypted"
                " in the credential"
            )

    def _offered(
        self, created: ua.CreateSessionResult, kind: ua.UserTokenType
    ) -> ua.EndpointDescription:
        description = self.endpoint(created.ServerEndpoints or [])
        kinds = [token.TokenType for token in description.UserIdentityTokens or []]
        if kind not in kinds and (kinds or kind != ua.UserTokenType.Anonymous):
            words = ", ".join(sorted({k.name for k in kinds})) or "nothing"
            raise self._refused(f"it takes no user token {kind.name}, it offers {words}")
        return description

    def _known(self, certificate: x509.Certificate, now: datetime) -> bool:
        pinned = set(self.credential.trusted_thumbprints)
        if pinned & {_digest(certificate, "sha1"), _digest(certificate, "sha256")}:
            return True
        folder = self.credential.trusted
        return folder is not None and any(
            certificate == other or _issued(certificate, other, now)
            for other in self._certificates(folder)
        )

    def _certificates(self, folder: Path) -> Iterator[x509.Certificate]:
        try:
            files = sorted(file for file in folder.iterdir() if file.suffix in CERTIFICATES)
        except OSError as error:
            raise self._refused(f"trusted: {folder}: {error.strerror}") from error
        return (self._certificate(file) for file in files)

    def _certificate(self, file: Path) -> x509.Certificate:
        found: x509.Certificate = _loaded(
            self, file, x509.load_pem_x509_certificate, x509.load_der_x509_certificate
        )
        return found

    def _own(self, certificate: str, key: str) -> tuple[x509.Certificate | None, Any]:
        file, key_file = getattr(self.credential, certificate), getattr(self.credential, key)
        if file is None:
            return None, None
        secret: SecretStr | None = getattr(self.credential, f"{key}_password")
        password = secret.get_secret_value().encode() if secret else None

        def pem(content: bytes) -> Any:
            return serialization.load_pem_private_key(content, password)

        def der(content: bytes) -> Any:
            return serialization.load_der_private_key(content, password)

        return self._certificate(file), _loaded(self, key_file, pem, der)

    def _refused(self, reason: str) -> Fault:
        return Fault(Outcome.UNAUTHORIZED, f"{self.url}: {reason}")


def _loaded(access: Access, file: Path, pem: Any, der: Any) -> Any:
    try:
        content = file.read_bytes()
        return pem(content) if b"-----BEGIN" in content else der(content)
    except OSError as error:
        raise access._refused(f"{file}: {error.strerror}") from error
    except (TypeError, ValueError):
        raise access._refused(f"{file}: not readable as PEM or DER, or another password") from None


def _issued(certificate: x509.Certificate, authority: x509.Certificate, now: datetime) -> bool:
    try:
        constraints = authority.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(authority)
    except (x509.ExtensionNotFound, InvalidSignature, TypeError, ValueError):
        return False
    valid = authority.not_valid_before_utc <= now <= authority.not_valid_after_utc
    return constraints.ca and valid


def _uris(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)


def offer(description: ua.EndpointDescription) -> tuple[str, str]:
    """Policy and mode of one endpoint, in our words."""
    words = {number: word for word, number in MODES.items()}
    uri = description.SecurityPolicyUri or ""
    for word, policy in POLICIES.items():
        if uri == policy.URI:
            return word, words.get(description.SecurityMode, "none")
    return uri.rpartition("#")[2], words.get(description.SecurityMode, "none")


def thumbprint(der: bytes | None) -> str:
    """The SHA-1 of the first certificate in `der`, which is how OPC UA tools name it."""
    certificate = _first(der)
    return _digest(certificate, "sha1") if certificate is not None else ""


def _first(der: bytes | None) -> x509.Certificate | None:
    """Servers may show their certificate with the chain of its issuers behind it."""
    load: Callable[[bytes | None], x509.Certificate | None] = uacrypto.x509_from_der
    try:
        return load(der)
    except ValueError:
        return None


def _digest(certificate: x509.Certificate, algorithm: str) -> str:
    der = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.new(algorithm, der, usedforsecurity=False).hexdigest().upper()


def utc_now() -> datetime:
    """The time against which certificates are valid."""
    return datetime.now(UTC)

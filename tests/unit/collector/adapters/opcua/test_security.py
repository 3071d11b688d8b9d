"""Certificates, trust and user tokens, against servers that insist on them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from pydantic import SecretStr, ValidationError

from isthmus.collector.adapters.opcua.security import Credential, thumbprint
from isthmus.collector.domain.reading import Outcome
from isthmus.simulators.opcua_security import Identity, Security, identity

CELL = "urn:nordwerk:hagen:cell-server-1:edgeaggregator"
OURS = "urn:isthmus:collector:hagen"
Entry = Callable[..., str]


@pytest.fixture(scope="module")
def server_identity() -> Identity:
    """The server's certificate."""
    return identity(CELL)


@pytest.fixture(scope="module")
def own_identity() -> Identity:
    """The collector's certificate."""
    return identity(OURS)


@pytest.fixture
def security(server_identity: Identity, own_identity: Identity) -> Security:
    """A server for our application and one user."""
    return Security(
        server_identity, clients=(own_identity.certificate,), users={"reader": "planted-secret"}
    )


@pytest.fixture
def entry(tmp_path: Path, own_identity: Identity) -> Entry:
    """Writes a credential with our certificate and whatever it is given; returns its name."""

    def write(**fields: Any) -> str:
        (tmp_path / "own.pem").write_bytes(own_identity.certificate_pem)
        (tmp_path / "own.key").write_bytes(own_identity.key_pem)
        own = {"certificate": f"{tmp_path}/own.pem", "key": f"{tmp_path}/own.key"}
        file = tmp_path / "credentials.yaml"
        file.write_text(yaml.safe_dump({"cell": own | fields}))
        return "cell"

    return write


def der(of: Identity) -> bytes:
    """The certificate in the form that servers send."""
    return of.certificate.public_bytes(serialization.Encoding.DER)


async def test_a_secured_server_is_read_with_certificates_and_a_password(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security
) -> None:
    """Every policy that is not deprecated; the server's thumbprint is evidence of who it is."""
    server = await serve({}, security)
    name = entry(
        user="reader",
        password="planted-secret",
        trusted_thumbprints=[thumbprint(der(security.own)).lower()],
    )
    for policy, mode in (
        ("Basic256Sha256", "sign"),
        ("Basic256Sha256", "sign_and_encrypt"),
        ("Aes128Sha256RsaOaep", "sign_and_encrypt"),
        ("Aes256Sha256RsaPss", "sign_and_encrypt"),
    ):
        source = opcua(server, credential=name, security_policy=policy, security_mode=mode)
        reading = await source.read(line, 0)
        await source.close()

        assert (reading.outcome, reading.error) == (Outcome.OK, ""), policy
        facts = reading.devices[0].facts
        assert facts["ServerCertificateThumbprint"] == thumbprint(der(security.own))
        assert facts["ApplicationUri"] == CELL


async def test_a_known_server_is_not_asked_for_its_endpoints_again(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security
) -> None:
    """A new session is one connection; after a refusal the endpoints are asked for anew."""
    server = await serve({}, security)
    name = entry(
        user="reader",
        password="planted-secret",
        trusted_thumbprints=[thumbprint(der(security.own))],
    )
    source = opcua(server, credential=name, security_policy="Basic256Sha256")
    for _ in range(3):
        assert (await source.read(line, 0)).outcome is Outcome.OK
        await source.close()
    assert (line.kinds["opcua.connect"], line.kinds["opcua.get_endpoints"]) == (4, 1)


async def test_an_unknown_certificate_is_refused_before_anything_secret_leaves(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security, tmp_path: Path
) -> None:
    """The sentence says whose it is and where an engineer trusts it; then it is read."""
    server = await serve({}, security)
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    name = entry(user="reader", password="planted-secret", trusted=str(trusted))
    source = opcua(server, credential=name, security_policy="Basic256Sha256")

    refused = await source.read(line, 0)

    assert refused.outcome is Outcome.UNAUTHORIZED
    assert thumbprint(der(security.own)) in refused.error
    assert str(trusted) in refused.error
    assert set(server.record.requests) <= {"GetEndpoints", "CloseSecureChannel"}
    (trusted / "cell.der").write_bytes(der(security.own))
    assert (await source.read(line, 0)).outcome is Outcome.OK


async def test_a_certificate_of_a_trusted_authority_is_trusted(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security, tmp_path: Path
) -> None:
    """A plant's own authority issues for many servers; another authority's does not count."""
    authority, other = identity("urn:ca", authority=True), identity("urn:ca", authority=True)
    server = await serve({}, replace(security, own=identity(CELL, issuer=authority)))
    (tmp_path / "ca").mkdir()
    name = entry(user="reader", password="planted-secret", trusted=f"{tmp_path}/ca")
    source = opcua(server, credential=name, security_policy="Basic256Sha256")

    (tmp_path / "ca" / "ca.pem").write_bytes(other.certificate_pem)
    assert "is not trusted" in (await source.read(line, 0)).error
    (tmp_path / "ca" / "ca.pem").write_bytes(authority.certificate_pem)
    assert (await source.read(line, 0)).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ({"lasts": timedelta(minutes=1)}, "is valid from"),
        ({"starts_in": timedelta(hours=1)}, "is valid from"),
        ({"application_uri": "urn:another"}, "was issued to urn:another"),
    ],
)
async def test_a_trusted_certificate_must_be_valid_and_the_servers_own(
    serve: Any,
    opcua: Any,
    line: Any,
    entry: Entry,
    security: Security,
    certificate: dict[str, Any],
    reason: str,
) -> None:
    """Its times and its ApplicationUri are checked, whoever trusts it."""
    own = identity(**({"application_uri": CELL} | certificate))
    server = await serve({}, replace(security, own=own))
    name = entry(
        user="reader", password="planted-secret", trusted_thumbprints=[thumbprint(der(own))]
    )

    reading = await opcua(server, credential=name, security_policy="Basic256Sha256").read(line, 0)

    assert reading.outcome is Outcome.UNAUTHORIZED
    assert reason in reading.error


async def test_a_wrong_password_is_unauthorized_and_said_nowhere(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security
) -> None:
    """The server's own word for it, without the secret; the session is given back."""
    server = await serve({}, security)
    name = entry(
        user="reader", password="wrong-secret", trusted_thumbprints=[thumbprint(der(security.own))]
    )

    reading = await opcua(server, credential=name, security_policy="Basic256Sha256").read(line, 0)

    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "BadUserAccessDenied" in reading.error
    assert "wrong-secret" not in repr(reading)


async def test_a_password_does_not_travel_unencrypted(
    serve: Any, opcua: Any, line: Any, tmp_path: Path, server_identity: Identity
) -> None:
    """Without security only to a trusted server, which has it encrypted for itself."""
    open_ = Security(server_identity, users={"reader": "planted-secret"}, unsecured=True)
    server = await serve({}, open_)
    user = {"user": "reader", "password": "planted-secret"}
    pinned = {"trusted_thumbprints": [thumbprint(der(server_identity))]}
    (tmp_path / "credentials.yaml").write_text(
        yaml.safe_dump({"untrusted": user, "trusted": user | pinned})
    )

    refused = await opcua(server, credential="untrusted").read(line, 0)
    assert refused.outcome is Outcome.UNAUTHORIZED
    assert "is not trusted" in refused.error
    assert server.record.requests["ActivateSession"] == 0
    assert (await opcua(server, credential="trusted").read(line, 0)).outcome is Outcome.OK


async def test_a_user_certificate_opens_a_session(
    serve: Any,
    opcua: Any,
    line: Any,
    entry: Entry,
    server_identity: Identity,
    own_identity: Identity,
    tmp_path: Path,
) -> None:
    """The X509 user token, beside the application's certificate."""
    person = identity("urn:person")
    server = await serve({}, Security(server_identity, user_certificates=(person.certificate,)))
    (tmp_path / "user.pem").write_bytes(person.certificate_pem)
    (tmp_path / "user.key").write_bytes(person.key_pem)
    name = entry(
        user_certificate=f"{tmp_path}/user.pem",
        user_key=f"{tmp_path}/user.key",
        trusted_thumbprints=[thumbprint(der(server_identity))],
    )

    reading = await opcua(server, credential=name, security_policy="Basic256Sha256").read(line, 0)

    assert (reading.outcome, reading.error) == (Outcome.OK, "")


async def test_what_a_server_does_not_offer_is_said_with_what_it_offers(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security
) -> None:
    """No endpoint, or no user token, of the kind that the target asks for."""
    server = await serve({}, security)
    anonymous = entry(trusted_thumbprints=[thumbprint(der(security.own))])
    token = await opcua(server, credential=anonymous, security_policy="Basic256Sha256").read(
        line, 0
    )
    assert "it takes no user token Anonymous, it offers UserName" in token.error
    policy = await opcua(
        server, credential=anonymous, security_policy="Aes256Sha256RsaPss", security_mode="sign"
    ).read(line, 0)
    assert "no endpoint with Aes256Sha256RsaPss sign, it offers" in policy.error
    assert {token.outcome, policy.outcome} == {Outcome.UNAUTHORIZED}


async def test_a_missing_file_or_credential_is_one_clear_line(
    serve: Any, opcua: Any, line: Any, entry: Entry, security: Security, tmp_path: Path
) -> None:
    """It names the file; nothing has been asked of the server with a session."""
    server = await serve({}, security)
    name = entry(trusted_thumbprints=[thumbprint(der(security.own))])
    (tmp_path / "own.key").unlink()
    reading = await opcua(server, credential=name, security_policy="Basic256Sha256").read(line, 0)
    assert reading.outcome is Outcome.UNAUTHORIZED
    assert "own.key: No such file" in reading.error
    unknown = await opcua(server, credential="nobody").read(line, 0)
    assert (unknown.outcome, "'nobody'" in unknown.error) == (Outcome.UNAUTHORIZED, True)
    assert server.record.requests["CreateSession"] == 0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"certificate": "a.pem"}, "certificate and key belong together"),
        ({"user": "a"}, "user and password belong together"),
        ({"trusted_thumbprints": ["12:34"]}, "40 or 64 hex digits"),
        (
            {"user": "a", "password": "b", "user_certificate": "a", "user_key": "b"},
            "user or user_certificate, not both",
        ),
    ],
)
def test_a_credential_that_is_not_whole_is_refused(fields: dict[str, Any], reason: str) -> None:
    """With what is missing, and without what is secret."""
    with pytest.raises(ValidationError, match=reason):
        Credential.model_validate(fields)


def test_secrets_do_not_show() -> None:
    """Neither in a dump nor in a repr."""
    credential = Credential(user="a", password=SecretStr("planted-secret"))
    assert "planted-secret" not in f"{credential!r} {credential.model_dump()}"

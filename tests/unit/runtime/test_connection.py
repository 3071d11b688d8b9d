"""How clients connect: the arguments, and mistakes in what they are made of."""

import math
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from isthmus.runtime.connection import certificate_end, connection
from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Kafka

WORD = "correct-horse"


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that signs itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("pem") / "both.pem"
    file.write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return file


def kafka(**fields: Any) -> Kafka:
    return Kafka(bootstrap_servers="kafka:9093", **fields)


def test_without_settings_nothing_is_encrypted() -> None:
    """On one machine."""
    assert connection(kafka()) == {
        "bootstrap_servers": "kafka:9093",
        "security_protocol": "PLAINTEXT",
    }


def test_tls_checks_the_name_and_the_authority_of_the_broker(pem: Path) -> None:
    """There is no way to switch either off."""
    made = connection(kafka(security_protocol="ssl", ca_file=pem, certificate_file=pem))
    context = made["ssl_context"]
    assert made["security_protocol"] == "SSL"
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509"] == 1, "the system's authorities are trusted too"


def test_a_password_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    """A Secret that was replaced is used by the next connection; settings never hold it."""
    file = tmp_path / "password"
    file.write_text(f"{WORD}\n")
    settings = kafka(
        security_protocol="sasl_ssl",
        sasl_mechanism="PLAIN",
        sasl_username="edge",
        sasl_password_file=file,
    )
    made = connection(settings)
    assert made["sasl_mechanism"] == "PLAIN"
    assert (made["sasl_plain_username"], made["sasl_plain_password"]) == ("edge", WORD)
    assert WORD not in repr(settings)
    file.write_text("other")
    assert connection(settings)["sasl_plain_password"] == "other"


@pytest.mark.parametrize(
    "fields",
    [
        {"security_protocol": "sasl_ssl"},
        {"security_protocol": "sasl_ssl", "sasl_username": "edge"},
        {"security_protocol": "ssl", "sasl_username": "edge"},
    ],
)
def test_half_a_login_is_refused(fields: dict[str, str]) -> None:
    """Found at start, not at the first refusal of a broker."""
    with pytest.raises(ValueError, match="SASL_USERNAME and SASL_PASSWORD_FILE go with"):
        kafka(**fields)


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    """Also when it was replaced by something else while the service runs."""
    file = tmp_path / "ca.pem"
    file.write_text("no certificate")
    settings = kafka(security_protocol="ssl", ca_file=file)
    with pytest.raises(Retryable, match=str(file)):
        connection(settings)
    file.unlink()
    with pytest.raises(Retryable, match=str(file)):
        connection(settings)


def test_the_first_certificate_that_ends_is_told(pem: Path, tmp_path: Path) -> None:
    """Ours or an authority's; what is not there or cannot be read has no end."""
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")

    def end(**files: Path) -> float:
        kafka = Kafka(bootstrap_servers="kafka:9093", security_protocol="ssl", **files)
        return certificate_end(kafka)

    assert 3000 < end(certificate_file=pem) - datetime.now(UTC).timestamp() <= 3600
    assert end(ca_file=pem) == end(certificate_file=pem)
    assert math.isnan(end())
    assert math.isnan(end(certificate_file=broken))

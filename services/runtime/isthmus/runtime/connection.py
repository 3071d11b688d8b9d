"""How every Kafka client of ours connects: plain, TLS, SASL; what is secret is read from a file.

Read again for each new connection, so that a certificate or a password that was replaced is used.
"""

import math
import ssl
from contextlib import suppress
from typing import Any

from cryptography import x509

from isthmus.runtime.errors import Retryable
from isthmus.runtime.settings import Kafka


def connection(kafka: Kafka) -> dict[str, Any]:
    """Arguments of an aiokafka client; raises Retryable when a file cannot be used."""
    made: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers,
        "security_protocol": kafka.security_protocol.upper(),
    }
    try:
        if kafka.security_protocol.endswith("ssl"):
            made["ssl_context"] = tls(kafka)
        if kafka.sasl_password_file:
            made["sasl_mechanism"] = kafka.sasl_mechanism
            made["sasl_plain_username"] = kafka.sasl_username
            made["sasl_plain_password"] = kafka.sasl_password_file.read_text().strip()
    except OSError as error:
        files = kafka.ca_file, kafka.certificate_file, kafka.key_file, kafka.sasl_password_file
        named = ", ".join(str(file) for file in files if file)
        raise Retryable(f"kafka: one of {named}: {error}") from error
    return made


def tls(kafka: Kafka) -> ssl.SSLContext:
    """A context that trusts `ca_file` alone, or the system's authorities where there is none."""
    context = ssl.create_default_context(cafile=kafka.ca_file)
    if kafka.certificate_file:
        context.load_cert_chain(kafka.certificate_file, kafka.key_file)
    return context


def certificate_end(kafka: Kafka) -> float:
    """When the first certificate (PEM) ends, ours or one that we trust, in Unix time; else NaN."""
    files = filter(None, (kafka.certificate_file, kafka.ca_file))
    with suppress(OSError, ValueError):
        read = (x509.load_pem_x509_certificates(file.read_bytes()) for file in files)
        return min(each.not_valid_after_utc for found in read for each in found).timestamp()
    return math.nan

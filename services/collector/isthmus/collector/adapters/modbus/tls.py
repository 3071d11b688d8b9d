"""TLS of Modbus/TCP Security: each side shows a certificate, and verifies the other's."""

import ssl
from pathlib import Path

from pydantic import BaseModel, ConfigDict, SecretStr

from isthmus.collector.domain.reading import Outcome
from isthmus.runtime.errors import Unauthorized


class Credential(BaseModel):
    """Who we are and whom we trust; the files are read at each connection, rotated or not."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    certificate: Path
    """Our own certificate with its chain, PEM."""
    key: Path
    """Its private key, PEM."""
    key_password: SecretStr | None = None
    trusted: Path
    """Certificates of the authorities that issue servers' certificates, PEM."""

    def context(self, name: str) -> ssl.SSLContext:
        """TLS 1.2 or later, with the server's name or address verified; raises Unauthorized."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        # Never None: OpenSSL would ask for a password on the terminal.
        password = self.key_password.get_secret_value() if self.key_password else ""
        try:
            context.load_cert_chain(self.certificate, self.key, password)
            context.load_verify_locations(self.trusted)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            text = f"credential {name!r}: certificate, key or trusted: {_reason(error)}"
            raise Unauthorized(text) from None
        return context


def refusal(error: ssl.SSLError) -> tuple[Outcome, str]:
    """A certificate that one side does not accept needs a person; anything else is no TLS."""
    reason = _reason(error)
    doubted = "certificate" in reason or "alert" in reason
    return Outcome.UNAUTHORIZED if doubted else Outcome.GARBLED, f"TLS: {reason}"


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return getattr(error, "strerror", None) or str(error)

"""The one request that discovery sends to an OPC UA server."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from isthmus.collector.adapters.opcua.identify import identify
from isthmus.collector.adapters.opcua.security import thumbprint
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.simulators.opcua_security import Security, identity

CELL = "urn:nordwerk:hagen:cell-server-1:edgeaggregator"


async def test_a_server_is_identified_without_a_session(serve: Any, line: Any) -> None:
    """One connection, one GetEndpoints; who it is and how it may be entered."""
    own = identity(CELL)
    server = await serve({}, Security(own, users={"reader": "a"}, unsecured=True))

    facts = await identify(line, "127.0.0.1", server.port, 1)

    assert facts["ApplicationUri"] == CELL
    assert facts["ProductUri"] == "urn:softing:edgeaggregator"
    der = own.certificate.public_bytes(serialization.Encoding.DER)
    assert facts["ServerCertificateThumbprint"] == thumbprint(der)
    assert facts["SecurityPolicies"].startswith("Aes128Sha256RsaOaep sign_and_encrypt, ")
    assert line.kinds == {"opcua.connect": 1, "opcua.get_endpoints": 1}
    assert set(server.record.requests) <= {"CloseSecureChannel", "GetEndpoints"}
    assert server.record.connections_most == 1


async def test_what_is_no_server_raises_a_fault(line: Any, answering: Any) -> None:
    """Nothing there, silence and garbage each have their outcome."""
    for port, outcomes in (
        (1, {Outcome.UNREACHABLE}),
        (await answering(b""), {Outcome.TIMEOUT}),
        (await answering(b"ERRF\x10\0\0\0\0\0\x7d\x80\0\0\0\0"), {Outcome.REFUSED}),
    ):
        with pytest.raises(Fault) as caught:
            await identify(line, "127.0.0.1", port, 0.3)
        assert caught.value.outcome in outcomes

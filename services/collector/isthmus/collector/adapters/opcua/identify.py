"""What an OPC UA server says of itself to whoever asks: GetEndpoints, without a session."""

from collections.abc import Mapping, Sequence

from asyncua import ua

from isthmus.collector.adapters.opcua.channel import Channel
from isthmus.collector.adapters.opcua.security import offer, thumbprint
from isthmus.collector.adapters.opcua.session import endpoints
from isthmus.collector.domain.reading import Fault, Outcome
from isthmus.collector.ports import Line


async def identify(
    line: Line, host: str, port: int, timeout_s: float, credential: str | None = None
) -> Mapping[str, str]:
    """Facts of the server at `host`: one connection, one request; raises Fault."""
    place = f"[{host}]" if ":" in host else host
    channel = Channel(f"opc.tcp://{place}:{port}", timeout_s)
    try:
        await channel.connect(line)
        found = await endpoints(channel, line)
    finally:
        await channel.close()
    if not found:
        raise Fault(Outcome.GARBLED, f"{channel.url}: the server offers no endpoint")
    return _facts(found)


def _facts(found: Sequence[ua.EndpointDescription]) -> Mapping[str, str]:
    server = found[0].Server
    facts = {
        "ApplicationUri": server.ApplicationUri,
        "ProductUri": server.ProductUri,
        "ApplicationName": server.ApplicationName.Text,
        "ServerCertificateThumbprint": next(filter(None, map(_shown, found)), ""),
        "SecurityPolicies": ", ".join(sorted({" ".join(offer(d)) for d in found})),
    }
    return {name: text for name, text in facts.items() if text}


def _shown(description: ua.EndpointDescription) -> str:
    return thumbprint(description.ServerCertificate)

"""The address of a receiver: resolved, checked, and then the one that is connected to.

A name that is resolved again by whoever connects may lead elsewhere by then (DNS rebinding).
"""

import asyncio
import socket
from collections.abc import Sequence

from isthmus.alerting.domain.notices.addresses import Network, refused
from isthmus.runtime.errors import Retryable, Unauthorized


async def pinned(host: str, port: int, allowed: Sequence[Network]) -> str:
    """An address of `host` that may be connected to; raises Retryable or Unauthorized."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Retryable(f"{host}: cannot be resolved: {error.strerror or error}") from error
    reasons = []
    for *_, address in found:
        reason = refused(str(address[0]), allowed)
        if reason is None:
            return str(address[0])
        reasons.append(reason)
    raise Unauthorized(f"{host}: {reasons[0] if reasons else 'has no address'}")

"""Addresses of host names, as the machine's own resolver knows them."""

import asyncio
import socket

from isthmus.collector.domain.address import canonical

TIMEOUT_S = 3.0
NO_ADDRESS = (socket.EAI_NONAME, socket.EAI_NODATA)  # any other failure may be over soon


async def resolve(name: str) -> set[str] | None:
    """The addresses of `name`; empty when it has none, None when nobody can say in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except UnicodeError:
        return set()
    except OSError as error:
        return set() if error.errno in NO_ADDRESS else None
    return {canonical(str(place[4][0])) for place in found}

"""Addresses of host names, as the machine's own resolver knows them."""

import asyncio
import socket

TIMEOUT_S = 3.0


async def resolve(name: str) -> set[str]:
    """The addresses of `name`; empty when there is none now, or no answer in time."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return set()
    return {str(place[4][0]) for place in found}

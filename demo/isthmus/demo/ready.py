"""Waiting for real parts as their clients would."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from isthmus.demo.process import Process

# A part that is not there yet is what this module waits for, no error to be logged.
logging.getLogger("aiokafka").setLevel(logging.CRITICAL)


class NotReady(Exception):
    """A part did not become ready; the text says which, and shows the end of its log."""


async def until(
    process: Process, check: Callable[[], Awaitable[bool]], timeout_s: float = 60
) -> None:
    """Wait until `check` is true; raises NotReady when the process ends or time is up."""
    try:
        async with asyncio.timeout(timeout_s):
            while not await check():
                status = process.status()
                if status is not None:
                    raise NotReady(f"{process.name} ended with {status}:\n{process.tail()}")
                await asyncio.sleep(0.1)
    except TimeoutError as error:
        reason = f"{process.name} is not ready after {timeout_s:.0f} s:\n{process.tail()}"
        raise NotReady(reason) from error


async def kafka(bootstrap_servers: str) -> bool:
    """True when the broker has a coordinator for groups: an open port is not enough."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers)
    try:
        async with asyncio.timeout(10):
            await admin.start()
            await admin.find_coordinator("isthmus-ready")
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        await admin.close()
    return True


async def listens(port: int) -> bool:
    """True when something accepts connections on the loopback port."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


async def http(url: str) -> bool:
    """True when `url` answers 200."""
    try:
        async with httpx.AsyncClient() as client:
            return (await client.get(url, timeout=2)).status_code == 200
    except httpx.HTTPError:
        return False

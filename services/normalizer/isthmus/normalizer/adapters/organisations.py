"""Who the IEEE gave an address block to, from the registry that `aiooui` brings along."""

import asyncio

import aiooui


def organisations() -> None:
    """Read the registry, once a process; takes about 20 ms."""
    if not aiooui.is_loaded():
        asyncio.run(aiooui.async_load())


def organisation(mac: str) -> str:
    """The organisation that a MAC address aa:bb:cc:dd:ee:ff belongs to; empty for none."""
    return aiooui.get_vendor(mac) or ""

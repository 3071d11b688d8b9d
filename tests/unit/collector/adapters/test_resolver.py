"""Host names, as this machine knows them."""

from isthmus.collector.adapters.resolver import resolve


async def test_a_name_has_addresses_or_none() -> None:
    """What cannot be looked up now is no reason to stop."""
    assert "127.0.0.1" in await resolve("localhost")
    assert await resolve("no-such-host.invalid") == set()
    assert await resolve("x" * 300) == set()

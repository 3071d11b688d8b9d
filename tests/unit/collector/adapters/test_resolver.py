"""Host names, as this machine knows them."""

import asyncio
import socket

import pytest

from isthmus.collector.adapters.resolver import resolve


async def test_a_name_has_addresses_or_none() -> None:
    """What cannot be looked up now is no reason to stop."""
    assert "127.0.0.1" in (await resolve("localhost") or ())
    assert await resolve("no-such-host.invalid") == set()
    assert await resolve("x" * 300) == set()


@pytest.mark.parametrize("error", [socket.gaierror(socket.EAI_AGAIN, "later"), TimeoutError()])
async def test_a_name_server_that_is_away_says_nothing(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """That is another answer than: there is no such host."""

    async def unanswered(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unanswered)
    assert await resolve("plc.example") is None

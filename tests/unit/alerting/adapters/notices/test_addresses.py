"""The address that is connected to is the one that was checked."""

import socket
from typing import Any

import pytest

from isthmus.alerting.adapters.notices.addresses import pinned
from isthmus.alerting.domain.notices.addresses import Network
from isthmus.runtime.errors import Unauthorized

NOBODY: list[Network] = []


async def test_of_several_addresses_the_first_that_may_be_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name with an inner and a public address leads to the public one."""
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: answers("10.0.0.1", "93.184.216.34")
    )

    assert await pinned("hook.example", 443, NOBODY) == "93.184.216.34"


async def test_a_name_with_inner_addresses_only_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The reason names the address and what would allow it, for the person who mends it."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answers("10.0.0.1", "10.0.0.2"))

    with pytest.raises(
        Unauthorized, match=r"hook\.example: 10\.0\.0\.1 is a private address; allow"
    ):
        await pinned("hook.example", 443, NOBODY)


def answers(*addresses: str) -> list[Any]:
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 443)) for each in addresses]

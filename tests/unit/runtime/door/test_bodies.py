"""A body that is read as a whole has a size; a file counts for itself."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import Request
from tests.unit.runtime.door.test_once import Door

from isthmus.runtime.access import ANYONE
from isthmus.runtime.door.bodies import BODY_BYTES_MAX, Bodies
from isthmus.runtime.http import PROBLEM, api
from isthmus.runtime.openapi import routes

LARGE = b'{"text": "' + b"x" * BODY_BYTES_MAX + b'"}'


async def chunks() -> AsyncIterator[bytes]:
    """The same without saying before how long it will be."""
    yield LARGE[: BODY_BYTES_MAX // 2]
    yield LARGE[BODY_BYTES_MAX // 2 :]


@pytest.fixture
async def client() -> httpx.AsyncClient:
    """A route that takes JSON, and one that takes a file."""
    http = api("inventory", "")

    @http.post("/v1/things")
    async def thing(said: dict[str, Any]) -> int:
        return len(said)

    @http.post("/v1/files")
    async def file(request: Request) -> int:
        return sum([len(chunk) async for chunk in request.stream()])

    http.add_middleware(Bodies, known=routes(http))
    http.add_middleware(Door, who=[ANYONE])
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://t")


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_body_that_is_too_large_is_refused(
    client: httpx.AsyncClient, streamed: bool
) -> None:
    """Whether it says so itself or not; the answer is a problem."""
    content = chunks() if streamed else LARGE
    headers = {"content-type": "application/json"}

    reply = await client.post("/v1/things", content=content, headers=headers)

    assert (reply.status_code, reply.headers["content-type"]) == (413, PROBLEM)
    assert "4,194,304" in reply.json()["detail"]


async def test_others_pass(client: httpx.AsyncClient) -> None:
    """A small body, and a file of any size."""
    assert (await client.post("/v1/things", json={"a": 1})).json() == 1
    assert (await client.post("/v1/files", content=LARGE)).json() == len(LARGE)

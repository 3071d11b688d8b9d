"""What the caller is told when something cannot be done."""

import httpx
import pytest

from isthmus.inventory.api.problems import serve_problems
from isthmus.inventory.domain.rows import Invalid
from isthmus.inventory.handlers.assets.curation import Outdated, Unknown
from isthmus.runtime.http import api


@pytest.mark.parametrize(
    ("error", "status", "fields"),
    [
        (Unknown("id: there is no asset 'z'"), 404, []),
        (Outdated("If-Match: revision 3, but it is 4 now"), 412, []),
        (Invalid("owner", "7, expected a text"), 422,
         [{"field": "owner", "reason": "7, expected a text"}]),
    ],
)  # fmt: skip
async def test_what_cannot_be_done_is_a_problem_that_says_why(
    error: Exception, status: int, fields: list[dict[str, str]]
) -> None:
    """RFC 9457, naming the field where one is at fault."""
    http = api("inventory", "")
    serve_problems(http)

    @http.get("/")
    async def fails() -> None:
        raise error

    transport = httpx.ASGITransport(http)
    async with httpx.AsyncClient(transport=transport, base_url="http://inventory") as client:
        reply = await client.get("/")

    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    assert (reply.json()["detail"], reply.json()["fields"]) == (str(error), fields)

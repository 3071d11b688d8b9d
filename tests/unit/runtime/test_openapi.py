"""The OpenAPI document says what is answered, and 405 says what may be asked."""

from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Query

from isthmus.runtime.http import PROBLEM, api
from isthmus.runtime.openapi import documented, operations, routes
from isthmus.runtime.pages import UNKNOWN


@pytest.fixture
def http() -> FastAPI:
    """Two routes of one path, one that could be taken for it, and one of a router."""
    http = api("inventory", "")
    router = APIRouter(prefix="/v1/alarms")

    @http.get("/v1/zones/{zone:path}", responses=UNKNOWN)
    async def one(zone: str, on: Annotated[str | None, Query(description="x")] = None) -> None: ...

    @http.put("/v1/zones/{zone:path}")
    async def put(zone: str, rules: dict[str, str]) -> None: ...

    @http.post("/v1/zones/bulk")
    async def bulk() -> None: ...

    @router.get("/{id}")
    async def alarm(id: int) -> None: ...

    http.include_router(router)
    documented(http)
    return http


async def ask(http: FastAPI, method: str, path: str) -> httpx.Response:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(http), base_url="http://t"
    ) as client:
        return await client.request(method, path)


def test_failures_are_described_as_the_problems_that_they_are(http: FastAPI) -> None:
    """Not as JSON of the framework, whose models are gone from the document."""
    document = http.openapi()
    get, put = document["paths"]["/v1/zones/{zone}"].values()

    assert list(get["responses"]["404"]["content"]) == [PROBLEM]
    assert list(get["responses"]["422"]["content"]) == [PROBLEM]
    assert {"413", "415", "422"} <= set(put["responses"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_parameter_is_there_or_it_is_not(http: FastAPI) -> None:
    """It cannot be null."""
    get = http.openapi()["paths"]["/v1/zones/{zone}"]["get"]
    schema = next(each["schema"] for each in get["parameters"] if each["name"] == "on")

    assert (schema["type"], "anyOf" in schema) == ("string", False)


def test_operations_are_named_after_what_is_asked(http: FastAPI) -> None:
    """A generated client's methods outlive the names of our functions."""
    names = {operation["operationId"] for _, _, operation in operations(http.openapi())}

    assert names >= {"get_zones_zone", "put_zones_zone", "post_zones_bulk", "get_alarms_id"}


def test_routes_of_included_routers_are_routes(http: FastAPI) -> None:
    """With the path under which they are reached."""
    assert "/v1/alarms/{id}" in {each.path for each in routes(http)}


@pytest.mark.parametrize(
    ("path", "allow"),
    [("/v1/zones/hagen", "GET, PUT"), ("/v1/zones/bulk", "POST"), ("/v1/alarms/7", "GET")],
)
async def test_what_may_not_be_asked_says_what_may(http: FastAPI, path: str, allow: str) -> None:
    """All methods of the path, whichever routes serve them."""
    reply = await ask(http, "DELETE", path)

    assert (reply.status_code, reply.headers["Allow"]) == (405, allow)
    assert reply.headers["content-type"] == PROBLEM

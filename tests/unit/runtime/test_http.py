"""Failures of an HTTP API are problems: RFC 9457."""

import re

from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient, Response

from isthmus.runtime.errors import Retryable
from isthmus.runtime.http import Problem, api, problem


async def get(http: FastAPI, path: str) -> Response:
    async with AsyncClient(transport=ASGITransport(http), base_url="http://t") as client:
        return await client.get(path)


async def test_a_bad_request_names_the_field() -> None:
    """Field and expectation, not a stack trace."""
    http = api("inventory", "")

    @http.get("/v1/things")
    async def things(limit: int) -> None: ...

    reply = await get(http, "/v1/things?limit=many")

    assert reply.status_code == 422
    assert reply.json()["fields"][0]["field"] == "limit"
    assert reply.headers["content-type"] == "application/problem+json"


async def test_what_cannot_be_done_now_is_503_and_says_why() -> None:
    """A client tries again; an operator reads the reason."""
    http = api("inventory", "")

    @http.get("/v1/things")
    async def things() -> None:
        raise Retryable("store: no answer")

    reply = await get(http, "/v1/things")

    assert (reply.status_code, reply.json()["detail"]) == (503, "store: no answer")


async def test_what_the_framework_refuses_is_a_problem_too() -> None:
    """No route, a body that is no JSON, no text, or of another media type; a bug shows nothing."""
    http = api("inventory", "")

    @http.post("/v1/things")
    async def thing(said: dict[str, int]) -> None:
        raise RuntimeError("password=x")

    json = {"content-type": "application/json"}
    async with AsyncClient(
        transport=ASGITransport(http, raise_app_exceptions=False), base_url="http://t"
    ) as client:
        replies = [
            await client.get("/v1/nothing"),
            await client.post("/v1/things", content="{", headers=json),
            await client.post("/v1/things", content=b"\xff", headers=json),
            await client.post("/v1/things", content="a=1", headers={"content-type": "text/plain"}),
            await client.post("/v1/things", json={"a": 1}),
        ]

    assert [each.status_code for each in replies] == [404, 422, 422, 415, 500]
    assert {each.headers["content-type"] for each in replies} == {"application/problem+json"}
    assert [each.json()["fields"][0]["field"] for each in replies[1:3]] == ["body", "body"]
    assert "password" not in replies[-1].text


async def test_the_documentation_page_needs_no_other_host() -> None:
    """A plant's network has no way out, and the demo shows this address."""
    http = api("inventory", "")

    page = await get(http, "/docs")
    script = re.search(r'src="([^"]+)"', page.text)

    assert page.status_code == 200
    assert "https://" not in page.text
    assert script is not None
    assert (await get(http, script[1])).status_code == 200


def test_a_problem_has_its_media_type_and_members() -> None:
    """RFC 9457, sections 3 and 3.2."""
    reply = problem(409, "seq: 1, but the alarm is at 2")

    assert reply.media_type == "application/problem+json"
    assert Problem.model_validate_json(bytes(reply.body)).status == 409

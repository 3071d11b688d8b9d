"""Whatever has a path is written on condition, one writer at a time."""

import asyncio
from datetime import datetime
from typing import Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Response
from tests.unit.runtime.door.test_once import Door, Kept

from isthmus.runtime.access import ANYONE
from isthmus.runtime.door.conditions import Conditions, conditional, conditioned
from isthmus.runtime.door.once import Answer
from isthmus.runtime.http import api, problem
from isthmus.runtime.openapi import documented
from isthmus.runtime.pages import IfMatch


class Busy(Kept):
    """Somebody else never finishes."""

    async def claim(self, id: str, now: datetime) -> Answer | bool:
        return False


def serve(http: FastAPI, things: dict[str, int]) -> None:
    """Things by name, and one kind that counts its revisions itself."""
    router = APIRouter(prefix="/v1/things")

    @router.get("/{name}", response_model=None)
    async def one(name: str) -> dict[str, int] | Response:
        return {"value": things[name]} if name in things else problem(404, "name: there is none")

    @router.put("/{name}")
    async def put(name: str, value: int) -> dict[str, int]:
        await asyncio.sleep(0)
        things[name] = value
        return {"value": value}

    @router.delete("/{name}", status_code=204)
    async def remove(name: str) -> None:
        things.pop(name, None)

    @http.get("/v1/assets/{id}")
    async def asset(id: str) -> str:
        return id

    @http.patch("/v1/assets/{id}")
    async def edit(id: str, if_match: IfMatch = None) -> str:
        return id

    http.include_router(router)


def client(things: dict[str, int], locks: Kept) -> httpx.AsyncClient:
    """A client of the application behind its door."""
    http = api("inventory", "")
    serve(http, things)
    known = conditioned(http)
    http.add_middleware(Conditions, known=known, locks=locks)
    http.add_middleware(Door, who=[ANYONE])
    return httpx.AsyncClient(transport=httpx.ASGITransport(http), base_url="http://t")


async def test_who_has_read_what_stands_may_write() -> None:
    """The tag changes with what is read, and a write answers the new one."""
    asked = client({"a": 1}, Kept())
    read = await asked.get("/v1/things/a")
    put = await asked.put("/v1/things/a?value=2", headers={"If-Match": read.headers["ETag"]})
    late = await asked.put("/v1/things/a?value=3", headers={"If-Match": read.headers["ETag"]})
    after = await asked.get("/v1/things/a")

    assert (put.status_code, late.status_code) == (200, 412)
    assert put.headers["ETag"] == after.headers["ETag"] != read.headers["ETag"]
    assert after.json() == {"value": 2}


@pytest.mark.parametrize(
    ("name", "header", "status"),
    [
        ("a", "*", 200),
        ("b", "*", 412),
        ("b", None, 200),
        ("a", '"x"', 412),
        ("a", 'W/"x", "y"', 412),
    ],
)
async def test_a_condition_may_be_that_it_is_there(
    name: str, header: str | None, status: int
) -> None:
    """`*` is whatever stands there; without a header there is no condition."""
    headers = {"If-Match": header} if header else {}

    reply = await client({"a": 1}, Kept()).put(f"/v1/things/{name}?value=2", headers=headers)

    assert reply.status_code == status


async def test_of_writers_at_once_one_writes() -> None:
    """Each has seen what stood before."""
    asked = client({"a": 0}, Kept())
    seen = {"If-Match": (await asked.get("/v1/things/a")).headers["ETag"]}
    writes = (asked.put(f"/v1/things/a?value={n}", headers=seen) for n in range(1, 9))

    replies = await asyncio.gather(*writes)

    assert sorted(each.status_code for each in replies) == [200, *[412] * 7]


async def test_who_waits_too_long_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """409: nothing was written."""
    monkeypatch.setattr("isthmus.runtime.door.conditions.PAUSE_S", 0)
    things = {"a": 1}

    reply = await client(things, Busy()).delete("/v1/things/a")

    assert (reply.status_code, things) == (409, {"a": 1})


async def test_what_counts_its_revisions_itself_is_left_alone() -> None:
    """Its own ETag would be another one."""
    http = api("inventory", "")
    serve(http, {})
    known = conditioned(http)
    documented(http, conditional(known))
    paths: dict[str, Any] = http.openapi()["paths"]

    assert {each.path for each in known} == {"/v1/things/{name}"}
    assert "412" in paths["/v1/things/{name}"]["delete"]["responses"]
    assert "ETag" in paths["/v1/things/{name}"]["get"]["responses"]["200"]["headers"]
    assert "412" not in paths["/v1/assets/{id}"]["patch"]["responses"]

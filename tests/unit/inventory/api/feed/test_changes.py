"""The routes of changes: pages, and the stream as a browser reads it."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from prometheus_client import CollectorRegistry
from tests.access import sign_in
from tests.unit.inventory.domain.world import report, serial
from tests.unit.inventory.memory import Service, run

from isthmus.inventory.adapters.feed.prometheus import FeedMetrics
from isthmus.inventory.api.feed.changes import serve_changes
from isthmus.inventory.domain.assets.model import Said
from isthmus.inventory.handlers.feed.changes import Changes
from isthmus.runtime.http import api


@dataclass
class Press:
    """A press of hagen whose firmware has changed, a saw of lyon, and who follows them."""

    service: Service
    changes: Changes
    registry: CollectorRegistry

    def http(self, *roles: str) -> FastAPI:
        http = api("inventory", "")
        serve_changes(http, self.service.store, self.changes)
        sign_in(http, *roles)
        return http

    def client(self, *roles: str) -> AsyncClient:
        return AsyncClient(transport=ASGITransport(self.http(*roles)), base_url="http://inventory")


@pytest.fixture
def press() -> Press:
    """Three events."""
    service = Service()
    for second, firmware in ((0, "3"), (60, "4")):
        said = {"firmware": Said(firmware)}
        run(service.take(report("press", second, serial("1"), attributes=said)))
    run(service.take(report("saw", 90, serial("2"))))
    registry = CollectorRegistry()
    return Press(service, Changes(service.store, FeedMetrics(registry)), registry)


async def test_the_feed_of_changes_misses_nothing(press: Press) -> None:
    """Also when it is asked again at its end."""
    found, cursor = [], ""
    async with press.client("viewer@*") as client:
        for _ in range(3):
            page = (await client.get("/v1/changes", params={"limit": 2, "cursor": cursor})).json()
            found += [event["revision"] for event in page["items"]]
            cursor = page["next"]
        run(press.service.take(report("press", 120, serial("1"), attributes={"name": Said("P")})))
        later = (await client.get("/v1/changes", params={"cursor": cursor})).json()

    assert found == [1, 2, 1]
    assert [event["revision"] for event in later["items"]] == [3]


@pytest.mark.parametrize("wrong", ["x", "2026-13-01|a/1", "|", "2026-03-01T12:00:00|a/1"])
async def test_a_wrong_cursor_is_refused(press: Press, wrong: str) -> None:
    """By its name: of the page, and of the header of the stream."""
    async with press.client("viewer@*") as client:
        page = await client.get("/v1/changes", params={"cursor": wrong})
        stream = await client.get("/v1/changes/stream", headers={"Last-Event-ID": wrong})

    assert (page.status_code, page.json()["fields"][0]["field"]) == (422, "cursor")
    assert (stream.status_code, stream.json()["fields"][0]["field"]) == (422, "Last-Event-ID")


@pytest.mark.parametrize(
    ("role", "query", "revisions"),
    [
        ("viewer@*", {"field": "firmware"}, [2]),
        ("viewer@*", {"field": ["owner", "firmware"]}, [2]),
        ("viewer@*", {"site": "hagen"}, [1, 2, 1]),
        ("viewer@hagen", {"site": "lyon"}, []),
        ("viewer@lyon", {}, []),
    ],
)
async def test_a_page_has_what_is_asked_for_and_may_be_seen(
    press: Press, role: str, query: dict[str, Any], revisions: list[int]
) -> None:
    """Its cursor leads on past what was left out."""
    async with press.client(role) as client:
        page = (await client.get("/v1/changes", params=query)).json()

    assert [event["revision"] for event in page["items"]] == revisions


async def test_a_stream_goes_on_where_the_one_before_it_ended(press: Press) -> None:
    """The id of each event is a cursor of the feed; the header counts more than the query."""
    async with press.client("viewer@*") as client:
        first = (await client.get("/v1/changes", params={"limit": 1})).json()
    begin = f"{datetime(2019, 1, 1, tzinfo=UTC).isoformat()}|"
    asked = {"Last-Event-ID": first["next"]}
    said = await streamed(press, 3, f"/v1/changes/stream?cursor={begin.replace('+', '%2B')}", asked)

    opening, second, third = said
    assert opening[0] == ": nothing new"
    assert opening[2] == "retry: 2000"
    assert second[0].startswith("id: 20")
    assert second[1] == "event: change"
    assert '"after":"4"' in second[2]
    assert '"kind":"discovered"' in third[2]


async def test_a_process_that_carries_enough_streams_says_when_to_come_again(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a problem, before the stream begins."""
    monkeypatch.setattr("isthmus.inventory.handlers.feed.changes.STREAMS_MAX", 0)
    async with press.client("viewer@*") as client:
        refused = await client.get("/v1/changes/stream")

    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "60")
    assert "0 in all" in refused.json()["detail"]


async def test_a_client_that_takes_nothing_is_cut_off(
    press: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the operating system does not take within ten seconds nobody reads."""
    monkeypatch.setattr("isthmus.inventory.api.feed.changes.SEND_MAX_S", 0.05)
    stuck = asyncio.Event()

    async def send(message: Any) -> None:
        if message.get("body"):
            await stuck.wait()

    async with asyncio.timeout(2):
        await press.http("viewer@*")(scope("/v1/changes/stream"), silent, send)

    ended = "isthmus_inventory_change_streams_ended_total"
    assert press.registry.get_sample_value(ended, {"reason": "slow"}) == 1


async def silent() -> Any:
    """A client that stays, and says nothing."""
    await asyncio.Event().wait()


def scope(path: str, headers: dict[str, str] | None = None) -> dict[str, Any]:
    path, _, query = path.partition("?")
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [(k.lower().encode(), v.encode()) for k, v in (headers or {}).items()],
        "client": ("127.0.0.1", 1), "server": ("inventory", 80), "root_path": "",
    }  # fmt: skip


async def streamed(press: Press, count: int, path: str, headers: dict[str, str]) -> list[list[str]]:
    """The first blocks of a stream, line by line: httpx would wait for its end."""
    enough, text = asyncio.Event(), bytearray()

    async def send(message: Any) -> None:
        text.extend(message.get("body", b""))
        if text.count(b"\r\n\r\n") >= count:
            enough.set()

    async def receive() -> Any:
        await enough.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(5):
        await press.http("viewer@*")(scope(path, headers), receive, send)
    return [block.split("\r\n") for block in text.decode().split("\r\n\r\n")[:count]]
